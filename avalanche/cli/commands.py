"""What each command does, once its words are known."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from avalanche.cli import registry
from avalanche.cli.errors import UsageError
from avalanche.cli.progress import is_terminal
from avalanche.cli.request import Request

__all__ = ["experiment_command", "list_command", "report_command"]


def experiment_command(command: str, words: Sequence[str]) -> int:
    """Run `avalanche run` or `avalanche compare` and return the exit code."""
    from avalanche.cli.options import parse

    request = parse(command, words)
    if isinstance(request, str):
        sys.stdout.write(request)
        return 0
    if request.print_config:
        import yaml

        sys.stdout.write(yaml.safe_dump(request.config(), sort_keys=False, width=100))
        return 0
    return _experiment(request, words)


def _experiment(request: Request, words: Sequence[str]) -> int:
    from avalanche.cli import experiment
    from avalanche.cli.folder import check_free, new_folder
    from avalanche.cli.lock import only_writer

    check_free(request)
    experiment.check(request)
    path = Path(request.out) if request.out else new_folder(request)
    with only_writer(path):
        check_free(request)  # another run may have been here since
        return _write_run(request, path, words)


def _write_run(request: Request, path: Path, words: Sequence[str]) -> int:
    from avalanche.cli import experiment
    from avalanche.cli.folder import RunFolder
    from avalanche.cli.progress import make_progress

    line = shlex.join(["avalanche", request.command, *words])
    config = {**request.config(), "provenance": experiment.provenance(request, line)}
    bounds = [c.name for c in request.strategies if experiment.is_upper_bound(c.name)]
    folder = RunFolder(path, bounds)
    folder.resume(config) if request.resume else folder.start(config)
    wanted = request.seeds * len(request.strategies)
    state = "failed"
    try:
        with make_progress(wanted - len(folder.finished), quiet=request.quiet) as progress:
            experiment.run_all(request, folder, progress)
        state = "complete"
    except KeyboardInterrupt:
        state = "interrupted"
        _say_interrupted(request, words, path, len(folder.finished), wanted)
        return 1
    finally:
        folder.write_summary(state)
    _conclude([path], None, quiet=request.quiet)
    return 0


def _say_interrupted(
    request: Request, words: Sequence[str], path: Path, done: int, wanted: int
) -> None:
    kept = [word for word in words if word not in ("--resume", "--overwrite")]
    if request.out is None:
        kept += ["--out", str(path)]
    again = shlex.join(["avalanche", request.command, *kept, "--resume"])
    sys.stderr.write(
        f"avalanche {request.command}: interrupted; {done} of {wanted} runs are complete and kept "
        f"in {path}, with every value measured so far\ngo on with: {again}\n"
    )


def list_command(words: Sequence[str]) -> int:
    """Run `avalanche list KIND`: one line for each thing of that kind."""
    kinds = ", ".join(registry.KINDS)
    if words and words[0] in ("-h", "--help"):
        sys.stdout.write(f"usage: avalanche list KIND\n\nKIND is one of {kinds}.\n")
        return 0
    if len(words) != 1:
        raise UsageError(f"list: expected one kind of thing; choose {kinds}")
    if words[0] not in registry.KINDS:
        from avalanche.cli.errors import nearest

        close = nearest(words[0], registry.KINDS)
        hint = f"did you mean {close[0]}?" if close else f"choose {kinds}"
        raise UsageError(f"{words[0]}: not a kind of thing; {hint}")
    found = registry.find(words[0])
    width = max((len(name) for name in found), default=0)
    for name, thing in found.items():
        sys.stdout.write(f"{name:<{width}}  {registry.describe(thing)}".rstrip() + "\n")
    return 0


def report_command(words: Sequence[str]) -> int:
    """Run `avalanche report RUN... [--out FOLDER]`."""
    if not words or words[0] in ("-h", "--help"):
        sys.stdout.write(
            "usage: avalanche report RUN... [--out FOLDER]\n\n"
            "Build the report of one run, or of several together, from what they wrote.\n"
            "Without --out it is written into the folder of the run, or for several into a\n"
            "folder `report` beside the first.\n"
        )
        if words:
            return 0
        raise UsageError("RUN: expected at least one folder of a run")
    folders, out = _split_out(words)
    if not folders:
        raise UsageError("RUN: expected at least one folder of a run")
    _conclude([Path(folder) for folder in folders], out, quiet=False)
    return 0


def _split_out(words: Sequence[str]) -> tuple[list[str], Path | None]:
    folders: list[str] = []
    out: Path | None = None
    rest = list(words)
    while rest:
        word = rest.pop(0)
        if word == "--out" or word.startswith("--out="):
            value = word.partition("=")[2] or (rest.pop(0) if rest else "")
            if not value:
                raise UsageError("--out: expects a folder")
            out = Path(value)
        elif word.startswith("-"):
            raise UsageError(f"{word}: there is no such option; `avalanche report` takes --out")
        else:
            folders.append(word)
    return folders, out


def _conclude(folders: Sequence[Path], out: Path | None, *, quiet: bool) -> None:
    """Build the report, then show its numbers and where it is."""
    from avalanche.cli.results import show_results
    from avalanche.report.build import build_report

    for folder in folders:
        if not folder.is_dir():
            raise UsageError(f"{folder}: there is no such folder; give the --out of a run")
    try:
        with _waiting("building the report") if not quiet else nullcontext():
            report = build_report(folders, out)
    except (ValueError, FileNotFoundError) as error:
        raise UsageError(" ".join(str(error).split())) from error
    for note in report.notes:
        print(f"avalanche: {note}", file=sys.stderr)
    if not quiet:
        show_results(report)


def _waiting(what: str) -> Any:
    if not is_terminal():
        return nullcontext()
    from rich.console import Console

    return Console().status(what)
