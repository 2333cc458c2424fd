"""What a benchmark is made of, as a table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

HEADINGS = ("stream", "experience", "samples", "classes", "new", "seen before", "task labels")


@dataclass(frozen=True)
class ExperienceRow:
    """One experience of a summary.

    Attributes:
        stream: name of the stream.
        experience: number in the stream.
        samples: number of samples, None where the experience has no dataset.
        classes: the classes, ascending; None where they are not known.
        new: how many of them no earlier experience of the stream has.
        task_labels: the task labels; None where there are none.
    """

    stream: str
    experience: int
    samples: int | None
    classes: tuple[int, ...] | None
    new: int | None
    task_labels: tuple[int, ...] | None

    @property
    def overlap(self) -> int | None:
        """How many of its classes an earlier experience of the stream has, too."""
        if self.classes is None or self.new is None:
            return None
        return len(self.classes) - self.new

    def cells(self) -> tuple[str, ...]:
        """The row as text, in the order of the headings."""
        classes = None if self.classes is None else _numbers(self.classes)
        labels = None if self.task_labels is None else _numbers(self.task_labels)
        values = (self.samples, classes, self.new, self.overlap, labels)
        return (
            self.stream,
            str(self.experience),
            *("-" if value is None else str(value) for value in values),
        )


class BenchmarkSummary:
    """The streams of a benchmark as a table: prints as text, and as a table where rich prints it.

    Args:
        rows: one row per experience that was looked at.
        lengths: number of experiences of every stream; None where it is not known.
    """

    def __init__(self, rows: Sequence[ExperienceRow], lengths: dict[str, int | None]) -> None:
        self.rows = tuple(rows)
        self.lengths = dict(lengths)

    def totals(self) -> dict[str, tuple[int | None, int, int]]:
        """``(experiences, samples, classes)`` of every stream, of the rows that were looked at."""
        found = {}
        for stream, length in self.lengths.items():
            rows = [row for row in self.rows if row.stream == stream]
            classes = {label for row in rows for label in row.classes or ()}
            found[stream] = (length, sum(row.samples or 0 for row in rows), len(classes))
        return found

    def notes(self) -> list[str]:
        """A line per stream: its totals, and what was left out."""
        lines = []
        for stream, (length, samples, classes) in self.totals().items():
            shown = sum(row.stream == stream for row in self.rows)
            part = "" if length == shown else f" in the first {shown}"
            count = "?" if length is None else f"{length:,}"
            lines.append(
                f"{stream}: {count} experiences, {samples:,} samples and {classes} classes{part}"
            )
        return lines

    def __str__(self) -> str:
        table = [HEADINGS, *(row.cells() for row in self.rows)]
        widths = [max(len(line[i]) for line in table) for i in range(len(HEADINGS))]
        lines = ["  ".join(c.ljust(w) for c, w in zip(line, widths, strict=True)) for line in table]
        return "\n".join([*(line.rstrip() for line in lines), "", *self.notes()])

    __repr__ = __str__

    def __rich_console__(self, console: Any, options: Any) -> Iterator[Any]:
        from rich.table import Table

        table = Table(*HEADINGS)
        for row in self.rows:
            table.add_row(*row.cells())
        yield table
        yield from self.notes()


def summarize(benchmark: Any, max_experiences: int = 50) -> BenchmarkSummary:
    """Look at the experiences of every stream.

    Args:
        benchmark: the benchmark.
        max_experiences: how many experiences of every stream to look at, from the first.

    Raises:
        ValueError: if the number is not above zero.

    Example:
        >>> from avalanche.benchmarks import SplitDigits
        >>> print(summarize(SplitDigits(5, seed=0, test_size=0.5), max_experiences=1))
        stream  experience  samples  classes  new  seen before  task labels
        train   0           182      1 4      2    0            0
        test    0           181      1 4      2    0            0
        <BLANKLINE>
        train: 5 experiences, 182 samples and 2 classes in the first 1
        test: 5 experiences, 181 samples and 2 classes in the first 1
    """
    if max_experiences < 1:
        raise ValueError(f"max_experiences={max_experiences}: expected at least 1")
    rows: list[ExperienceRow] = []
    lengths: dict[str, int | None] = {}
    for name, stream in benchmark.streams.items():
        seen: set[int] = set()
        shown = 0
        for number, experience in enumerate(islice(iter(stream), max_experiences)):
            rows.append(_row(name, number, experience, seen))
            shown += 1
        try:
            lengths[name] = len(stream)
        except TypeError:
            lengths[name] = shown if shown < max_experiences else None
    return BenchmarkSummary(rows, lengths)


def class_counts(experience: Any) -> dict[int, int] | None:
    """Number of samples of every class of an experience; None where it has no targets."""
    targets = getattr(getattr(experience, "dataset", None), "targets", None)
    if targets is None or not hasattr(targets, "count"):
        return None
    try:
        counts: dict[int, int] = dict(targets.count)
    except TypeError:  # targets that are no labels, such as boxes, can't be counted
        return None
    return counts if all(isinstance(label, int) for label in counts) else None


def _row(stream: str, number: int, experience: Any, seen: set[int]) -> ExperienceRow:
    experience = experience.logging()
    dataset = getattr(experience, "dataset", None)
    known = getattr(experience, "classes_in_this_experience", None)
    if known is None:
        known = class_counts(experience)
    classes = None if known is None else tuple(sorted(known))
    new = None if classes is None else len(set(classes) - seen)
    seen.update(classes or ())
    labels = getattr(experience, "task_labels", None)
    return ExperienceRow(
        stream,
        number,
        None if dataset is None else len(dataset),
        classes,
        new,
        None if labels is None else tuple(labels),
    )


def _numbers(values: Sequence[int], most: int = 10) -> str:
    """Numbers as text; a run as its ends, many as the first ones."""
    if len(values) > 2 and list(values) == list(range(values[0], values[-1] + 1)):
        return f"{values[0]}-{values[-1]}"
    if len(values) > most:
        return " ".join(map(str, values[:most])) + f" ... ({len(values)})"
    return " ".join(map(str, values))
