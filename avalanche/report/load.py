"""Reads what runs have written: one folder or several, side by side."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from avalanche.report.rows import Row, read_rows

__all__ = ["Run", "folder_labels", "load_run", "load_runs", "merge_rows"]

METRICS_FILE = "metrics.csv"
CONFIG_FILE = "config.yaml"
SUMMARY_FILE = "summary.json"


@dataclass(frozen=True)
class Run:
    """What one run's folder holds.

    Args:
        folder: the folder.
        rows: every value measured.
        config: content of ``config.yaml``, empty where the file is absent.
        summary: content of ``summary.json``, empty where the file is absent.
    """

    folder: Path
    rows: tuple[Row, ...]
    config: dict[str, Any] = field(default_factory=dict)
    summary: dict[str, Any] = field(default_factory=dict)

    @property
    def upper_bounds(self) -> tuple[str, ...]:
        """Strategies of this run that saw all data at once."""
        return tuple(self.summary.get("upper_bounds", ("JointTraining",)))

    @property
    def complete(self) -> bool:
        """Whether every strategy and seed ran to its end."""
        return bool(self.summary.get("state", "complete") == "complete")

    @property
    def finished(self) -> set[tuple[str, int]]:
        """Strategy and seed of what ran to its end, where the run tells."""
        return {(str(name), int(seed)) for name, seed in self.summary.get("finished", ())}

    def ended_parts(self) -> tuple[Run, list[str]]:
        """The run without seeds that did not reach their end, and what to say about it.

        Where none did, all stays: the values so far.
        """
        if self.complete:
            return self, []
        there = dict.fromkeys((row.strategy, row.seed) for row in self.rows)
        left_out = [pair for pair in there if pair not in self.finished]
        what = "is still running" if _is_written_to(self.folder) else "was interrupted"
        if not self.finished:
            return self, [f"{what}: this shows what was computed until then; nothing is final."]
        rows = tuple(row for row in self.rows if (row.strategy, row.seed) in self.finished)
        names = ", ".join(f"{name} with seed {seed}" for name, seed in left_out)
        rest = f" Left out, since they did not reach their end: {names}." if names else ""
        return replace(self, rows=rows), [f"{what}: this shows what was finished until then.{rest}"]


def load_run(folder: Path) -> Run:
    """Read a run's folder.

    Raises:
        FileNotFoundError: there is no ``metrics.csv`` in it.
        ValueError: a file in it is not what a run writes.
    """
    import yaml

    rows = read_rows(folder / METRICS_FILE)
    try:
        config = _mapping(folder / CONFIG_FILE, yaml.safe_load)
        summary = _mapping(folder / SUMMARY_FILE, json.loads)
    except (yaml.YAMLError, json.JSONDecodeError) as error:
        reason = " ".join(str(error).split())
        raise ValueError(f"{folder}: a file of the run cannot be read: {reason}") from error
    return Run(folder, tuple(rows), config, summary)


def load_runs(folders: Sequence[Path]) -> list[Run]:
    """Read several folders.

    Raises:
        ValueError: no folder was given, one is there twice, or one cannot be read.
        FileNotFoundError: one of them holds no run.
    """
    if not folders:
        raise ValueError("run_dirs=[]: expected at least one folder of a run")
    seen = Counter(Path(folder).resolve() for folder in folders)
    twice = [str(folder) for folder in folders if seen[Path(folder).resolve()] > 1]
    if twice:
        raise ValueError(f"run_dirs={', '.join(twice)}: the same folder; give each run once")
    return [load_run(Path(folder)) for folder in folders]


def merge_rows(runs: Sequence[Run]) -> tuple[list[Row], tuple[str, ...]]:
    """Return the rows of all runs and the names of the upper bounds among their strategies.

    A strategy that several runs have is told apart by its folder: ``Replay (small)``.
    """
    folders = folder_labels(runs)
    count = Counter(name for run in runs for name in {row.strategy for row in run.rows})
    rows: list[Row] = []
    bounds: list[str] = []
    for run, folder in zip(runs, folders, strict=True):
        label = {
            name: f"{name} ({folder})" if count[name] > 1 else name
            for name in {row.strategy for row in run.rows}
        }
        rows += [replace(row, strategy=label[row.strategy]) for row in run.rows]
        bounds += [label.get(name, name) for name in run.upper_bounds]
    return rows, tuple(bounds)


def folder_labels(runs: Sequence[Run]) -> list[str]:
    """Return the name of each run's folder, with as many of its parents as tell it from the others.

    Example:
        >>> folder_labels([Run(Path(folder), ()) for folder in ("/x/run", "/y/run", "/z")])
        ['x/run', 'y/run', 'z']
    """
    paths = [run.folder.resolve().parts for run in runs]
    labels = []
    for path in paths:
        size = 1
        while size < len(path) and sum(other[-size:] == path[-size:] for other in paths) > 1:
            size += 1
        labels.append(Path(*path[-size:]).as_posix())
    return labels


def _is_written_to(folder: Path) -> bool:
    """Whether a process holds the lock of a run's folder; unknown without such locks."""
    try:
        import fcntl

        with (folder / ".lock").open() as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except (ImportError, OSError):
        return False
    return False


def _mapping(path: Path, read: Any) -> dict[str, Any]:
    if not path.is_file():
        return {}
    content = read(path.read_text(encoding="utf-8"))
    if not isinstance(content, dict):
        raise ValueError(f"{path}: expected keys and values and found {type(content).__name__}")
    return content
