"""The page of results: one row per configuration, made from kept results and nothing else."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Sequence
from itertools import groupby
from pathlib import Path

from avalanche.cli.configs import Config
from avalanche.cli.record import Record
from avalanche.cli.reference import MARKS, METRICS, TOLERANCE

__all__ = ["missing_reasons", "results_page"]

_USUAL = METRICS["average_accuracy"]

Rows = Sequence[tuple[Config, Record | None]]

_INTRO = """\
# Results

Written by `avalanche reproduce`; every number reached comes from the files in
[{kept}]({kept}), which hold the results of each seed.

- Reached: per cent, mean ± sample standard deviation (number of seeds), of the
  {metric}.
- Published: {marks}.
- Difference: reached minus published, in points. Bold where it is more than {tolerance:g} points
  away from a checked reference; the reason then stands in the notes.
- Seconds: training and evaluation of one seed in one process.
- Commit: that of the code which made the results, several where seeds were added later; `+` after
  it where files of the package were changed and not yet committed.

All of them again: `avalanche reproduce --data FOLDER`, where `FOLDER` holds `MNIST/raw`.
"""

_HEAD = """\
| method | reached | published | difference | seconds | commit |
|---|---:|---:|---:|---:|---|
"""


def results_page(rows: Rows, page: Path) -> str:
    """Return the page as Markdown.

    Args:
        rows: configurations with their kept results, of the same settings or not.
        page: where it is to be written; links are relative to it.
    """
    parts = [_intro(page)]
    for title, group in groupby(rows, key=lambda row: _section(row[0])):
        members = list(group)
        table = "".join(_row(config, _fitting(config, kept), page) for config, kept in members)
        notes = "".join(_note(config, kept) for config, kept in members)
        parts.append(f"## {title}\n\n{_HEAD}{table}\n{notes}")
    return "\n".join(parts) + _machines(kept for config, kept in rows if _fitting(config, kept))


def missing_reasons(rows: Rows) -> list[tuple[Config, int]]:
    """Configurations that miss a checked reference and say no reason, with their seeds so far."""
    found = []
    for config, kept in rows:
        record = _fitting(config, kept)
        if record and not config.reference.note:
            reached = 100 * record.values(config.reference.metric).mean
            if config.reference.is_missed(reached):
                found.append((config, len(record.seeds)))
    return found


def _intro(page: Path) -> str:
    marks = "; ".join(f"[{mark}] {text}" for mark, text in MARKS.items())
    return _INTRO.format(kept=page.stem, metric=_USUAL, marks=marks, tolerance=TOLERANCE)


def _section(config: Config) -> str:
    benchmark = config.settings.get("benchmark", "")
    name = benchmark.get("name") if isinstance(benchmark, dict) else benchmark
    return f"{name}, {config.name.split('/')[1]}"


def _fitting(config: Config, kept: Record | None) -> Record | None:
    return kept if kept and kept.seeds and kept.fits(config.settings) else None


def _row(config: Config, record: Record | None, page: Path) -> str:
    reference = config.reference
    link = Path(os.path.relpath(config.path.resolve(), page.parent.resolve())).as_posix()
    number = reference.published
    published = "-" if number is None else f"{number:g} [{reference.mark}]"
    cells = [f"[{reference.title}]({link})", "not run", published, "", "", ""]
    if record:
        values = record.values(reference.metric)
        reached = 100 * values.mean
        seconds = record.values("train_seconds").mean + record.values("eval_seconds").mean
        cells[1] = f"{values.text(1, scale=100)} ({len(values.values)})"
        cells[3] = _difference(config, reached)
        cells[4] = f"{seconds:.0f}" if math.isfinite(seconds) else "-"
        cells[5] = ", ".join(dict.fromkeys(record.seeds[s].commit for s in sorted(record.seeds)))
    return f"| {' | '.join(cells)} |\n".replace("|  |", "| |").replace("|  |", "| |")


def _difference(config: Config, reached: float) -> str:
    points = config.reference.difference(reached)
    if points is None:
        return "-"
    text = f"{round(points, 1) + 0.0:+.1f}".replace("-", "\N{MINUS SIGN}")
    if not config.reference.is_missed(reached):
        return text
    return f"**{text}**" if config.reference.note else f"**{text}** (no reason given)"


def _note(config: Config, kept: Record | None) -> str:
    reference = config.reference
    text = f"- **{reference.title}**: {_sentence(reference.setting)}"
    if METRICS[reference.metric] != _USUAL:
        text += f" Reached is the {METRICS[reference.metric]}."
    if reference.source:
        text += f" Published: {_sentence(reference.source)}"
    if reference.note:
        text += f" Note: {_sentence(reference.note)}"
    if kept and kept.seeds and not kept.fits(config.settings):
        text += " The kept results are of other settings and are not shown."
    return f"{text} `avalanche reproduce {config.place}`\n"


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."


def _machines(records: Iterable[Record | None]) -> str:
    """What the numbers were measured with, each combination once."""
    found = dict.fromkeys(
        ", ".join(f"{name} {version}" for name, version in result.versions.items())
        for record in records
        if record
        for result in record.seeds.values()
    )
    return "".join(f"\nMeasured with {text}.\n" for text in found)
