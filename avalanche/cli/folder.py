"""The folder of a run: what was asked for, every value measured, and the summary.

``config.yaml`` and ``summary.json`` are replaced as a whole; ``metrics.csv`` grows by one block
after each experience, so that a run that is stopped keeps what it computed.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

from avalanche.cli.errors import UsageError
from avalanche.cli.lock import LOCK_FILE
from avalanche.cli.request import Request
from avalanche.cli.same_run import check_same_run
from avalanche.report.build import write_text
from avalanche.report.load import CONFIG_FILE, METRICS_FILE, SUMMARY_FILE, load_run
from avalanche.report.rows import Row, format_rows, read_rows
from avalanche.report.summary import as_json, summarize

__all__ = ["RunFolder", "check_free", "new_folder"]


class RunFolder:
    """Writes and goes on with the folder of one run.

    Args:
        path: the folder; made if absent.
        upper_bounds: strategies that see all data at once.
    """

    def __init__(self, path: Path, upper_bounds: Iterable[str] = ()) -> None:
        self.path = path
        self.upper_bounds = tuple(upper_bounds)
        self.finished: list[tuple[str, int]] = []
        path.mkdir(parents=True, exist_ok=True)

    @property
    def metrics(self) -> Path:
        """The file of all values."""
        return self.path / METRICS_FILE

    def start(self, config: dict[str, Any]) -> None:
        """Begin a new run here: earlier files of a run are replaced, others are left alone."""
        for old in (self.metrics, self.path / SUMMARY_FILE, self.path / "report.html"):
            old.unlink(missing_ok=True)
        self._write_config(config)
        write_text(self.metrics, format_rows([], header=True))
        self.write_summary("running")

    def resume(self, config: dict[str, Any]) -> None:
        """Go on with the run here: keep what is complete, drop what was cut off.

        Raises:
            UsageError: the folder holds no run, a run of something else, or one with more in it.
        """
        try:
            run = load_run(self.path)
        except FileNotFoundError:
            self.start(config)
            return
        except ValueError as error:
            raise UsageError(f"--out={self.path}: {error}; --overwrite starts again") from error
        check_same_run(self.path, run.config, config)
        self.finished = [(name, int(seed)) for name, seed in run.summary.get("finished", [])]
        _check_covers(self.path, config, self.finished)
        done = set(self.finished)
        kept = [row for row in run.rows if (row.strategy, row.seed) in done]
        earlier = run.summary.get("upper_bounds", ())
        self.upper_bounds = tuple(dict.fromkeys((*earlier, *self.upper_bounds)))
        self._write_config(config)
        write_text(self.metrics, format_rows(kept, header=True))
        self.write_summary("running")

    def append(self, rows: Iterable[Row]) -> None:
        """Add values; they are on the disk when this returns."""
        with self.metrics.open("a", encoding="utf-8", newline="\n") as file:
            file.write(format_rows(rows))
            file.flush()
            os.fsync(file.fileno())

    def finish(self, strategy: str, seed: int) -> None:
        """Note that a strategy is done with a seed."""
        self.finished.append((strategy, seed))
        self.write_summary("running")

    def write_summary(self, state: str) -> None:
        """Write ``summary.json``; `state` is running, complete, interrupted or failed."""
        summaries = summarize(read_rows(self.metrics), upper_bounds=self.upper_bounds)
        content = {
            "state": state,
            "finished": [list(pair) for pair in self.finished],
            "upper_bounds": list(self.upper_bounds),
            "strategies": [as_json(summary) for summary in summaries],
        }
        write_text(self.path / SUMMARY_FILE, json.dumps(content, indent=2) + "\n")

    def _write_config(self, config: dict[str, Any]) -> None:
        import yaml

        write_text(self.path / CONFIG_FILE, yaml.safe_dump(config, sort_keys=False, width=100))


def check_free(request: Request) -> None:
    """Refuse to write into a folder that holds something, unless the user said so.

    Raises:
        UsageError: the folder is not empty, or is a file, or both ways were asked for.
    """
    if request.resume and request.overwrite:
        raise UsageError("--resume --overwrite: only one of them can be; leave one out")
    if request.out is None:
        if request.resume:
            raise UsageError("--resume: which run? give its folder with --out")
        return
    if not str(request.out):
        raise UsageError("--out=: is empty; give a folder, or leave the option out")
    path = Path(request.out)
    if path.exists() and not path.is_dir():
        raise UsageError(f"--out={path}: is a file; give a folder")
    occupied = path.is_dir() and any(entry.name != LOCK_FILE for entry in path.iterdir())
    if occupied and not (request.resume or request.overwrite):
        raise UsageError(
            f"--out={path}: is not empty; add --resume to go on with the run that it holds, "
            "--overwrite to replace it, or give another folder"
        )


def new_folder(request: Request) -> Path:
    """Make a new folder below ``runs``, named after what is run and when, and by a number if taken.

    Runs that start in the same second get a folder each.
    """
    what = request.strategies[0].name if request.command == "run" else "compare"
    stamp = datetime.now().strftime("%Y%m%d-%H%M%S")
    first = Path("runs") / f"{request.benchmark.name}-{what}-{stamp}"
    path, number = first, 1
    while True:
        try:
            path.mkdir(parents=True)
        except FileExistsError:
            number += 1
            path = first.with_name(f"{first.name}-{number}")
        except NotADirectoryError as error:
            raise UsageError(
                f"{first.parent}: is a file, and new folders are made below it; name another "
                "place with --out, or move the file away"
            ) from error
        else:
            return path


def _check_covers(path: Path, config: dict[str, Any], finished: list[tuple[str, int]]) -> None:
    """Refuse a request for less than the run has: its record would no longer say what was run."""
    first = int(config.get("seed", 0))
    seeds = range(first, first + int(config.get("seeds", 1)))
    names = config.get("strategies")
    for name, seed in finished:
        if seed not in seeds or (names is not None and name not in names):
            raise UsageError(
                f"--out={path}: the run there has {name} with seed {seed}, which this request "
                "leaves out; --resume goes on with the same strategies and seeds, or more of them"
            )
