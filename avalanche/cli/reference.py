"""What a configuration reproduces: the section ``reference`` of a YAML file.

`avalanche run --config` checks it and goes on without it; `avalanche reproduce` writes the page of
results from it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from typing import Any

from avalanche.cli.errors import UsageError, nearest
from avalanche.cli.signatures import type_text

__all__ = ["METRICS", "Reference"]

METRICS = {
    "average_accuracy": "mean over experiences of the test accuracy after the last one",
    "final_accuracy": "accuracy on all test samples after the last experience",
}
"""What a reference can be a number of, each in per cent."""

MARKS = {
    "V": "checked against a stored copy of the paper or repository",
    "R": "recalled, not checked",
}

TOLERANCE = 2.0
"""Points within which a checked reference counts as reached."""


@dataclass(frozen=True)
class Reference:
    """A published number and the setting that is to reach it.

    Args:
        title: the method, as the page names it.
        setting: the setting in words: network, optimizer, batches, epochs, the method's own values.
        published: the published number in per cent, None where there is none.
        source: paper and table, or repository; empty where there is no number.
        mark: ``V`` (checked) or ``R`` (recalled), empty where there is no number.
        metric: what the number is, one of `METRICS`.
        note: why the reached number differs from it, where it does; what was measured for that.
    """

    title: str
    setting: str
    published: float | None = None
    source: str = ""
    mark: str = ""
    metric: str = "average_accuracy"
    note: str = ""

    @classmethod
    def read(cls, content: Any, where: str) -> Reference:
        """Read and check the section.

        Args:
            content: what the YAML file has under ``reference``.
            where: the file, for messages.

        Raises:
            UsageError: an unknown or missing key, or a value that cannot be.

        Example:
            >>> Reference.read({"title": "Naive", "setting": "MLP", "publshed": 20}, "x.yaml")
            Traceback (most recent call last):
            avalanche.cli.errors.UsageError: x.yaml: reference.publshed: there is no such key; did \
you mean published?
        """
        if not isinstance(content, Mapping):
            raise UsageError(
                f"{where}: reference: expected keys and values and found {type(content).__name__}"
            )
        known = {field.name: field for field in fields(cls)}
        values: dict[str, Any] = {}
        for key, value in content.items():
            if key not in known:
                close = nearest(str(key), known)
                hint = f"did you mean {close[0]}?" if close else f"choose {', '.join(known)}"
                raise UsageError(f"{where}: reference.{key}: there is no such key; {hint}")
            values[key] = _checked(key, value, where)
        missing = [n for n, f in known.items() if f.default is MISSING and not values.get(n)]
        if missing:
            raise UsageError(f"{where}: reference.{missing[0]}: is missing; give text")
        reference = cls(**values)
        reference._check_source(where)
        return reference

    def _check_source(self, where: str) -> None:
        wanted = {"metric": METRICS, "mark": MARKS if self.published is not None else {"": ""}}
        for key, choices in wanted.items():
            value = getattr(self, key)
            if value not in choices:
                expected = " or ".join(filter(None, choices)) or "none without a published number"
                raise UsageError(f"{where}: reference.{key}={value!r}: expected {expected}")
        if (self.published is None) != (not self.source):
            raise UsageError(
                f"{where}: reference.source={self.source!r}: a published number needs its source, "
                "and a source its number"
            )

    def difference(self, reached: float) -> float | None:
        """Points above the published number, None where there is none."""
        return None if self.published is None else reached - self.published

    def is_missed(self, reached: float) -> bool:
        """Whether a checked number is further away than `TOLERANCE`, as the page rounds both."""
        points = self.difference(reached)
        return self.mark == "V" and points is not None and abs(round(points, 1)) > TOLERANCE


def _checked(key: str, value: Any, where: str) -> Any:
    kind: Any = (float | None) if key == "published" else str
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    right = (number or value is None) if key == "published" else isinstance(value, str)
    if not right:
        raise UsageError(f"{where}: reference.{key}={value!r}: expected {type_text(kind)}")
    return " ".join(value.split()) if isinstance(value, str) else value
