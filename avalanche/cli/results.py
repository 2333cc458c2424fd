"""The table that ends a run: who learnt, who forgot, and where the report is."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from avalanche.cli.progress import is_terminal
from avalanche.report.build import Report
from avalanche.report.summary import StrategySummary, best_learner

__all__ = ["plain_table", "show_results"]

_HEAD = ("strategy", "final accuracy (%)", "forgetting (points)", "training (s)")


def show_results(report: Report) -> None:
    """Print the table and the paths of the report and of its pictures."""
    if is_terminal():
        _rich_table(report.summaries)
    else:
        sys.stdout.write(plain_table(report.summaries))
    pictures = sorted({path.parent for paths in report.plots.values() for path in paths.values()})
    sys.stdout.write(f"report: {report.html}\n")
    for folder in pictures:
        names = ", ".join(f"{name}.png" for name in report.plots)
        sys.stdout.write(f"plots:  {folder} ({names}; SVG too)\n")


def plain_table(summaries: Sequence[StrategySummary]) -> str:
    """Return the table as plain text; the best learner and the upper bounds are marked."""
    best = best_learner(summaries)
    lines = [_HEAD, *(_cells(summary, best) for summary in summaries)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(_HEAD))]
    text = ""
    for line in lines:
        first, *rest = line
        cells = [first.ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(rest, widths[1:], strict=True)]
        text += "  ".join(cells) + "\n"
    return f"\n{text}\n"


def _rich_table(summaries: Sequence[StrategySummary]) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    best = best_learner(summaries)
    seeds = max((len(summary.seeds) for summary in summaries), default=0)
    caption = f"mean ± standard deviation over {seeds} seeds" if seeds > 1 else None
    table = Table(box=box.SIMPLE_HEAD, caption=caption, caption_justify="left")
    for place, title in enumerate(_HEAD):
        table.add_column(title, justify="left" if place == 0 else "right", no_wrap=True)
    for summary in summaries:
        style = "dim" if summary.upper_bound else "bold green" if summary is best else None
        table.add_row(*_cells(summary, best), style=style)
    Console().print(table)


def _cells(summary: StrategySummary, best: StrategySummary | None) -> tuple[str, str, str, str]:
    mark = " (upper bound)" if summary.upper_bound else " (best)" if summary is best else ""
    return (
        summary.name + mark,
        summary.final_accuracy.text(1, scale=100),
        summary.forgetting.text(1, scale=100),
        summary.train_seconds.text(1),
    )
