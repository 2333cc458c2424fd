"""The kept results of one configuration: a small JSON file, from which the page is made.

It says with which settings they were reached, so that results of other settings are never shown.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from avalanche.cli.errors import UsageError
from avalanche.report.build import write_text
from avalanche.report.summary import MeanSd

__all__ = ["Record", "SeedResult"]


@dataclass(frozen=True)
class SeedResult:
    """What one seed reached.

    Args:
        average_accuracy: mean over experiences after the last one, in [0, 1].
        final_accuracy: over all test samples after the last experience, in [0, 1].
        experience_accuracies: on each experience after the last one.
        train_seconds: seconds of training.
        eval_seconds: seconds of evaluation.
        commit: commit of the code, with ``+`` where files of the package were changed.
        created: date and time of the end.
        versions: of Python, torch and what else decides.
    """

    average_accuracy: float
    final_accuracy: float
    experience_accuracies: list[float]
    train_seconds: float
    eval_seconds: float
    commit: str
    created: str
    versions: dict[str, str]


@dataclass
class Record:
    """Results of one configuration by seed.

    Args:
        settings: those that the results were reached with.
        seeds: seed to result.

    Example:
        >>> Record({"epochs": 1}).fits({"epochs": 1}), Record({"epochs": 1}).fits({"epochs": 2})
        (True, False)
    """

    settings: dict[str, Any]
    seeds: dict[int, SeedResult] = field(default_factory=dict)

    @classmethod
    def load(cls, path: Path) -> Record | None:
        """Read a file; None where there is none.

        Raises:
            UsageError: it holds something else.
        """
        if not path.exists():
            return None
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            seeds = {int(seed): SeedResult(**entry) for seed, entry in content["seeds"].items()}
            return cls(dict(content["settings"]), seeds)
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            reason = " ".join(str(error).split())
            raise UsageError(
                f"{path}: no results of a configuration ({reason}); delete it to run again"
            ) from error

    def fits(self, settings: Mapping[str, Any]) -> bool:
        """Whether the results were reached with these settings."""
        return bool(_plain(self.settings) == _plain(dict(settings)))

    def save(self, path: Path) -> None:
        """Write the file as a whole."""
        path.parent.mkdir(parents=True, exist_ok=True)
        content = {
            "settings": _plain(self.settings),
            "seeds": {str(seed): asdict(self.seeds[seed]) for seed in sorted(self.seeds)},
        }
        write_text(path, json.dumps(content, indent=2) + "\n")

    def values(self, metric: str) -> MeanSd:
        """Values of a field of `SeedResult` over the seeds, in order of the seeds."""
        return MeanSd(tuple(float(getattr(self.seeds[s], metric)) for s in sorted(self.seeds)))


def _plain(value: Any) -> Any:
    """As JSON gives it back: no tuples, text for keys; dates of YAML as text."""
    return json.loads(json.dumps(value, default=str))
