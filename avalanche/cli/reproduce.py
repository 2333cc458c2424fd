"""`avalanche reproduce`: runs configurations and writes the page of what they reached.

Seeds that the kept results have with the same settings are not run again.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, NoReturn

from avalanche.cli.configs import Config, find_configs, select
from avalanche.cli.errors import UsageError
from avalanche.cli.progress import Progress, make_progress
from avalanche.cli.record import Record, SeedResult
from avalanche.cli.request import Request
from avalanche.cli.results_page import missing_reasons, results_page

__all__ = ["reproduce_command"]

_TEXT = """\
Run configurations that reproduce published results, then write a page of what was reached.

A configuration is a file <benchmark>/<scenario>/<method>.yaml of options of `avalanche run` with a
section `reference`. Each seed's results are kept as JSON; seeds that are there with the same
settings are not run again, so a run that was stopped goes on where it was. The page is made from
the kept results alone.
"""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message}; `avalanche reproduce --help` shows all options")


def reproduce_command(words: Sequence[str]) -> int:
    """Run the command.

    Returns:
        0, or 1 where a configuration failed.

    Raises:
        UsageError: wrong options, or a configuration that cannot be.
    """
    parser = _parser()
    if "-h" in words or "--help" in words:
        sys.stdout.write(parser.format_help())
        return 0
    options = parser.parse_args(list(words))
    if options.seeds is not None and options.seeds < 1:
        raise UsageError(f"--seeds={options.seeds}: expected 1 or more")
    meant, on_page = find_configs(options.configs)
    chosen = select(meant, options.only)
    kept = options.results or options.out.parent / options.out.stem
    _check_keeps_rows(options.out, on_page, kept)
    failed = 0
    if not options.no_run:
        requests = [(config, _request(config, options.data)) for config in chosen]
        try:
            failed = _run_all(requests, kept, options)
        finally:
            _write_page(options.out, on_page, kept)
    else:
        _write_page(options.out, on_page, kept)
    if not options.quiet:
        sys.stdout.write(f"results: {options.out}\n")
    return 1 if failed else 0


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="avalanche reproduce", description=_TEXT, allow_abbrev=False,
                     formatter_class=argparse.RawDescriptionHelpFormatter)  # fmt: skip
    add = parser.add_argument
    add("configs", nargs="*", type=Path, default=[Path("configs")], metavar="CONFIG",
        help="files or folders of configurations (default: configs)")  # fmt: skip
    add(
        "--only",
        default="",
        metavar="PATTERNS",
        help="only those whose name has one of these, with commas: ewc,class-incremental/replay",
    )
    add("--seeds", type=int, metavar="N", help="how many seeds (default: what each file says)")
    add("--data", type=Path, metavar="FOLDER",
        help="folder of the data sets, such as the one that holds MNIST/raw; "
        "without it they are downloaded")  # fmt: skip
    add("--out", type=Path, default=Path("docs/results.md"), metavar="PAGE",
        help="the page to write (default: docs/results.md)")  # fmt: skip
    add("--results", type=Path, metavar="FOLDER",
        help="folder of the kept results (default: beside the page, docs/results)")  # fmt: skip
    add("--runs", type=Path, default=Path("runs/reproduce"), metavar="FOLDER",
        help="folder for every value measured (default: runs/reproduce)")  # fmt: skip
    add("--no_run", action="store_true", help="only write the page again from the kept results")
    add("--quiet", action="store_true", help="print nothing but errors")
    add("--debug", action="store_true", help="show the whole traceback of an error")
    return parser


def _request(config: Config, data: Path | None, *words: str) -> Request:
    """What `avalanche run --config` would run."""
    from avalanche.cli.options import parse

    base = ["--config", str(config.path), *words]
    request = parse("run", base)
    if data is not None and isinstance(request, Request):
        if not data.is_dir():
            raise UsageError(f"--data={data}: there is no such folder; MNIST is looked for in "
                             f"{data}/MNIST/raw, {data}/raw and {data}")  # fmt: skip
        if "dataset_root" in request.benchmark.options:
            request = parse("run", [*base, "--benchmark.dataset_root", str(data)])
    if not isinstance(request, Request):
        raise UsageError(f"{config.path}: help: is no option of a configuration")
    return request


def _run_all(requests: Sequence[tuple[Config, Request]], kept: Path, options: Any) -> int:
    """Run what is missing; one configuration that fails does not keep the others from running."""
    failed = 0
    for config, request in requests:
        wanted = range(request.seed, request.seed + (options.seeds or request.seeds))
        missing = [seed for seed in wanted if seed not in _known(config, kept).seeds]
        if not missing:
            continue
        if not options.quiet:
            sys.stdout.write(f"{config.name}\n")
        try:
            with make_progress(len(missing), quiet=options.quiet) as progress:
                for seed in missing:
                    words = ("--seed", str(seed), "--seeds", "1")
                    one = _request(config, options.data, *words)
                    result = _run_seed(config, one, options.runs, progress)
                    _keep(config, kept, seed, result)
        except Exception as error:
            if options.debug:
                raise
            reason = " ".join(str(error).split()) or type(error).__name__
            sys.stderr.write(f"avalanche reproduce: {config.name}: {reason}\n")
            failed += 1
    return failed


def _run_seed(config: Config, request: Request, runs: Path, progress: Progress) -> SeedResult:
    from avalanche.cli import experiment
    from avalanche.cli.folder import RunFolder
    from avalanche.cli.lock import only_writer
    from avalanche.report.rows import read_rows
    from avalanche.report.summary import summarize

    commit = commit_of_code()
    noted = experiment.provenance(request, f"avalanche reproduce {config.path}")
    bounds = [c.name for c in request.strategies if experiment.is_upper_bound(c.name)]
    path = runs / config.name / f"seed-{request.seed}"
    state = "failed"
    with only_writer(path):
        folder = RunFolder(path, bounds)
        folder.start({**request.config(), "provenance": {**noted, "commit": commit}})
        try:
            experiment.run_all(request, folder, progress)
            state = "complete"
        finally:
            folder.write_summary(state)
    summary = summarize(read_rows(folder.metrics))[0]
    return SeedResult(
        average_accuracy=summary.average_accuracy.mean,
        final_accuracy=summary.final_accuracy.mean,
        experience_accuracies=[float(value) for value in summary.matrices[0].values[-1]],
        train_seconds=round(summary.train_seconds.mean, 2),
        eval_seconds=round(summary.eval_seconds.mean, 2),
        commit=commit,
        created=datetime.now().astimezone().isoformat(sep=" ", timespec="seconds"),
        versions=noted["versions"],
    )


def _keep(config: Config, kept: Path, seed: int, result: SeedResult) -> None:
    """Add a seed to the kept results, to which other processes add theirs."""
    from avalanche.cli.lock import only_writer

    with only_writer(kept, wait=True):
        record = _known(config, kept)
        record.seeds[seed] = result
        record.save(_file(config, kept))


def _known(config: Config, kept: Path) -> Record:
    """The kept results of the same settings, or an empty record."""
    record = Record.load(_file(config, kept))
    return record if record and record.fits(config.settings) else Record(config.settings)


def _file(config: Config, kept: Path) -> Path:
    return kept / f"{config.name}.json"


def _check_keeps_rows(page: Path, configs: Sequence[Config], kept: Path) -> None:
    """Refuse to write a page that leaves out results which are kept for it."""
    names = {config.name for config in configs}
    files = [path.relative_to(kept).with_suffix("") for path in sorted(kept.glob("*/*/*.json"))]
    lost = [file.as_posix() for file in files if file.as_posix() not in names]
    if lost:
        more = f" and {len(lost) - 1} more" if len(lost) > 1 else ""
        raise UsageError(
            f"--out={page}: {kept} has results of {lost[0]}{more}, which the page would lose, as "
            "the configuration does not lie beside those given; give it too or another --out, or "
            "delete the results"
        )


def _write_page(page: Path, configs: Sequence[Config], kept: Path) -> None:
    from avalanche.report.build import write_text

    rows = [(config, Record.load(_file(config, kept))) for config in configs]
    page.parent.mkdir(parents=True, exist_ok=True)
    write_text(page, results_page(rows, page))
    for config, seeds in missing_reasons(rows):
        said = f"avalanche reproduce: {config.name}: further than two points from a checked "
        if seeds < config.seeds:
            said += f"reference with {seeds} of {config.seeds} seeds; run the others before judging"
        else:
            said += "reference and no reason is given; find it, and say it under reference.note"
        sys.stderr.write(said + "\n")


def commit_of_code() -> str:
    """The commit of the package, with ``+`` where its files are changed.

    The version where the package is no part of a repository, though its folder may lie in one.
    """
    import avalanche

    file = Path(avalanche.__file__)
    questions = (
        ("ls-files", "--error-unmatch", "--", file.name),
        ("rev-parse", "--short=9", "HEAD"),
        ("status", "--porcelain", "--", "."),
    )
    try:
        _, commit, changed = (
            subprocess.run(["git", "-C", str(file.parent), *words], capture_output=True,
                           text=True, check=True).stdout.strip()
            for words in questions
        )  # fmt: skip
    except (OSError, subprocess.CalledProcessError):
        return avalanche.__version__
    return f"{commit}+" if changed else commit
