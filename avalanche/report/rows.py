"""Tidy rows: the one table that a run writes and every report is made from.

One row holds one value: which strategy and seed it belongs to, when it was measured (training
iterations and experiences done so far), where (phase, stream, experience, task), and what
(metric, value). Nothing in a report comes from anywhere else, so a report can always be made
again from `metrics.csv`.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path

__all__ = ["FIELDS", "Row", "format_rows", "parse_rows", "read_rows"]


@dataclass(frozen=True)
class Row:
    """One measured value.

    Args:
        strategy: name of the strategy, as it is shown.
        seed: seed of the run.
        step: training iterations done when the value was measured.
        trained_experience: experiences trained so far (1 after the first).
        phase: ``"train"``, ``"eval"`` or ``"cost"`` (time, memory, speed).
        stream: name of the stream, empty where a value belongs to none.
        experience: index of the experience measured, None for a whole stream.
        task: task label, None where there is none.
        metric: name of the metric, ``"Top1_Acc_Exp"``.
        value: the value.

    Example:
        >>> row = Row("Naive", 0, 12, 1, "eval", "test", 0, 0, "Top1_Acc_Exp", 0.5)
        >>> print(format_rows([row]), end="")
        Naive,0,12,1,eval,test,0,0,Top1_Acc_Exp,0.5
        >>> parse_rows(format_rows([row], header=True)) == [row]
        True
    """

    strategy: str
    seed: int
    step: int
    trained_experience: int
    phase: str
    stream: str
    experience: int | None
    task: int | None
    metric: str
    value: float


FIELDS: tuple[str, ...] = tuple(field.name for field in fields(Row))
"""Column names of ``metrics.csv``, in order."""


def format_rows(rows: Iterable[Row], *, header: bool = False) -> str:
    """Return the rows as CSV text; a missing experience or task is an empty cell.

    Args:
        rows: the rows.
        header: put the line of column names first.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    if header:
        writer.writerow(FIELDS)
    for row in rows:
        # repr keeps every digit of a float: what is read back is what was measured.
        writer.writerow(
            "" if cell is None else repr(cell) if isinstance(cell, float) else cell
            for cell in astuple(row)
        )
    return text.getvalue()


def parse_rows(text: str, *, source: str = "metrics.csv") -> list[Row]:
    """Return the rows of CSV text that `format_rows` wrote with its header.

    A last line without its line break is what a killed process left half written; it is dropped.

    Args:
        text: the CSV text.
        source: name of the file, for error messages.

    Raises:
        ValueError: the header or a cell is not what a run writes.
    """
    whole = text[: text.rfind("\n") + 1]
    lines = csv.reader(io.StringIO(whole))
    header = next(lines, None)
    if header is None or tuple(header) != FIELDS:
        raise ValueError(
            f"{source}: expected the columns {','.join(FIELDS)} and found "
            f"{','.join(header or ['nothing'])}; give a folder that `avalanche run` wrote"
        )
    return [_row(cells, f"{source} line {number}") for number, cells in enumerate(lines, start=2)]


def _row(cells: Sequence[str], where: str) -> Row:
    if len(cells) != len(FIELDS):
        raise ValueError(f"{where}: expected {len(FIELDS)} cells and found {len(cells)}")
    strategy, seed, step, trained, phase, stream, experience, task, metric, value = cells
    try:
        return Row(
            strategy=strategy,
            seed=int(seed),
            step=int(step),
            trained_experience=int(trained),
            phase=phase,
            stream=stream,
            experience=int(experience) if experience else None,
            task=int(task) if task else None,
            metric=metric,
            value=float(value),
        )
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from error


def read_rows(path: Path) -> list[Row]:
    """Return the rows of a ``metrics.csv``.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is not a file of tidy rows.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise FileNotFoundError(
            f"{path}: no such file; give the folder of a run (`avalanche run --out FOLDER`)"
        ) from None
    return parse_rows(text, source=str(path))
