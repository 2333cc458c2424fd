"""Builds a report from the folders of runs: pictures as PNG and SVG, and one HTML file."""

from __future__ import annotations

import os
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from avalanche.report import html, plots
from avalanche.report.load import CONFIG_FILE, Run, folder_labels, load_runs, merge_rows
from avalanche.report.summary import StrategySummary, summarize

__all__ = ["Report", "build_report", "write_text"]

_FIGURES = {
    "final": (
        "Final accuracy and forgetting",
        "Each bar is a mean over seeds, its whisker one standard deviation.",
    ),
    "accuracy": (
        "Accuracy while learning",
        "Mean accuracy over the experiences seen so far; the band is one standard deviation over "
        "seeds. A strategy that forgets nothing stays flat.",
    ),
    "experiences": (
        "Who forgets what, and when",
        "One line per experience, from the moment it was learnt; mean over seeds.",
    ),
    "matrices": (
        "Accuracy matrices",
        "Row: how many experiences were trained. Column: the experience tested. "
        "Mean over seeds, in per cent.",
    ),
}


@dataclass(frozen=True)
class Report:
    """What was built.

    Args:
        html: the page.
        plots: path of each picture by name and ending (``"png"``, ``"svg"``).
        summaries: the numbers on the page.
        notes: what to know about them, such as seeds that are left out.
    """

    html: Path
    plots: dict[str, dict[str, Path]]
    summaries: tuple[StrategySummary, ...]
    notes: tuple[str, ...] = ()


def build_report(run_dirs: Sequence[Path | str], out: Path | str | None = None) -> Report:
    """Build the report of one run, or of several side by side, from what they wrote.

    Args:
        run_dirs: folders that `avalanche run` or `avalanche compare` wrote.
        out: folder for ``report.html`` and ``plots/``. None: the folder of the only run, or a
            folder ``report`` beside the first of several.

    Returns:
        Paths of what was written, and the numbers.

    Raises:
        FileNotFoundError: a folder holds no run.
        ValueError: no folder was given, one is there twice, or a file in one cannot be read.
    """
    folders = [Path(folder) for folder in run_dirs]
    runs = load_runs(folders)
    if out is None:
        out = folders[0] if len(folders) == 1 else folders[0].resolve().parent / "report"
    target = Path(out)
    parts = [run.ended_parts() for run in runs]
    notes = [
        f"{label} {note}"
        for (_, said), label in zip(parts, folder_labels(runs), strict=True)
        for note in said
    ]
    runs = [run for run, _ in parts]
    rows, upper_bounds = merge_rows(runs)
    if not rows:
        names = ", ".join(str(folder) for folder in folders)
        raise ValueError(f"run_dirs={names}: no value was measured yet; let the run go on first")
    summaries = summarize(rows, upper_bounds=upper_bounds)
    pictures = plots.save(summaries, target / "plots")
    figures = [html.Figure(paths["svg"], *_FIGURES[name]) for name, paths in pictures.items()]
    page = html.Page(
        title=_title(runs, summaries),
        facts=_facts(runs),
        summaries=summaries,
        figures=figures,
        commands=[c for run in runs if (c := _provenance(run).get("command"))],
        configs=_configs(runs),
        versions=_provenance(runs[0]).get("versions", {}),
        notes=notes,
    )
    path = target / "report.html"
    write_text(path, html.render(page))
    return Report(path, pictures, tuple(summaries), tuple(notes))


def write_text(path: Path, text: str) -> None:
    """Write a file as a whole or not at all: a killed process leaves the old one.

    Several processes may write the same file: it is then what one of them wrote.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # A name of its own for each process; made here and not by `tempfile`, whose files are private.
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}.part")
    try:
        with temporary.open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _provenance(run: Run) -> dict[str, Any]:
    found = run.config.get("provenance")
    return found if isinstance(found, dict) else {}


def _benchmark(run: Run) -> str:
    found = run.config.get("benchmark", "")
    return str(found.get("name", "")) if isinstance(found, dict) else str(found)


def _title(runs: Sequence[Run], summaries: Sequence[StrategySummary]) -> str:
    benchmarks = " and ".join(dict.fromkeys(name for run in runs if (name := _benchmark(run))))
    learners = [summary.name for summary in summaries if not summary.upper_bound]
    who = summaries[0].name if len(summaries) == 1 else f"{len(learners)} strategies compared"
    if len(learners) == 1:
        who = learners[0]
    return f"{who} on {benchmarks}" if benchmarks else who


def _facts(runs: Sequence[Run]) -> list[str]:
    config = runs[0].config
    facts = []
    benchmark = config.get("benchmark")
    if isinstance(benchmark, dict) and benchmark.get("n_experiences"):
        facts.append(f"{benchmark['n_experiences']} experiences")
    for key, unit in (("seeds", "seed"), ("epochs", "epoch")):
        if key in config:
            facts.append(f"{config[key]} {unit}{'' if config[key] == 1 else 's'}")
    if "batch_size" in config:
        facts.append(f"batches of {config['batch_size']}")
    for key in ("model", "optimizer"):
        choice = config.get(key)
        name = choice.get("name") if isinstance(choice, dict) else choice
        if name:
            facts.append(str(name))
    created = _provenance(runs[0]).get("created")
    if created:
        facts.append(str(created))
    return facts if len(runs) == 1 else [f"{len(runs)} runs", *facts]


def _configs(runs: Sequence[Run]) -> dict[str, str]:
    texts = {}
    for run, label in zip(runs, folder_labels(runs), strict=True):
        path = run.folder / CONFIG_FILE
        if path.is_file():
            texts[label] = path.read_text(encoding="utf-8")
    return texts
