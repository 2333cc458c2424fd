"""Time the data layer and the streams: this library, avalanche-lib 0.6.0 and tensors by hand.

    python perf/data.py [--rounds 3] [--rows split,online] [--peer .venv-peer] [--no-peer] [--check]

Every contender is a process of its own with one thread; in every round each runs each row once,
one after the other, so that a slow moment of the machine hits all alike. Prints medians and ratios
and writes them to perf/data.md. With `--check`, exits with 1 where a promise is not met, or could
not be measured because the peer is not there; `--no-peer` leaves out the promises about it.
"""

import argparse
import contextlib
import json
import os
import platform
import statistics
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from typing import NamedTuple

import workloads as w
from compare import HERE, ROOT, peer_python

TITLES = {
    "split": "nc_benchmark, 1,000,000 samples, 100 experiences",
    "online": "online stream, 10,000 experiences of 10 samples",
    "steps": "5,000 steps of concat and subset, 200 samples",
    "batch": "batch of 128 MNIST images, Normalize",
}
WANTED = {
    "split": "15 times faster than the peer",
    "online": "4 times faster than the peer, flat",
    "steps": "memory and access time flat",
    "batch": "1.2 times the same by hand",
}
Answers = dict[tuple[str, str], list[dict[str, float]]]


class Promise(NamedTuple):
    """A bound on what was measured: a ratio of seconds, or a finding of ours."""

    row: str
    figure: str
    bound: float
    at_least: bool = False


PROMISES = [
    Promise("split", "peer / ours", 15, at_least=True),
    Promise("online", "peer / ours", 4, at_least=True),
    Promise("online", "last/first", 1.5),
    Promise("steps", "last/first", 1.5),
    Promise("steps", "grown MB", 1),
    Promise("batch", "ours / hand", 1.2),
]


class Contender:
    """A process that runs rows on request."""

    def __init__(self, python: str, data: Path, log: Path, library: bool) -> None:
        path = f"{HERE}{os.pathsep}{ROOT}" if library else str(HERE)
        self.log = log.open("w")
        self.process = subprocess.Popen(
            [python, str(HERE / "data_rows.py"), str(data)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.log,
            text=True,
            env={**os.environ, "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "PYTHONPATH": path},
            cwd=log.parent,
        )

    def run(self, row: str) -> dict[str, float]:
        """Findings of one row."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        with contextlib.suppress(BrokenPipeError):  # the missing answer below says so
            self.process.stdin.write(row + "\n")
            self.process.stdin.flush()
        for line in self.process.stdout:
            if line.startswith("{"):
                answer: dict[str, float] = json.loads(line)
                return answer
        raise SystemExit(f"{row}: the worker stopped; see {self.log.name}")

    def close(self) -> None:
        """End the process."""
        assert self.process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        self.process.wait()
        self.log.close()


def measure(contenders: dict[str, Contender], rows: list[str], rounds: int) -> Answers:
    """Answers of every contender for every row; the first round warms up and is dropped."""
    answers: Answers = defaultdict(list)
    for turn in range(rounds + 1):
        for row in rows:
            for name, contender in contenders.items():
                asked = "hand" if name == "hand" else row
                if asked == "hand" and row != "batch":
                    continue
                answer = contender.run(asked)
                if turn:
                    answers[row, name].append(answer)
        print(f"round {turn} of {rounds} done", file=sys.stderr, flush=True)
    return answers


def median(answers: Answers, row: str, name: str, key: str = "seconds") -> float | None:
    """Median of a finding of a contender; None if it was not measured."""
    found = [a[key] for a in answers.get((row, name), ()) if key in a]
    return statistics.median(found) if found else None


def figure(answers: Answers, promise: Promise) -> float | None:
    """What a promise is about; None if it was not measured."""
    if " / " not in promise.figure:
        return median(answers, promise.row, "ours", promise.figure)
    above, below = (median(answers, promise.row, n) for n in promise.figure.split(" / "))
    return None if above is None or below is None else above / below


def broken(answers: Answers, rows: list[str], no_peer: bool) -> list[str]:
    """A line for every promise about ``rows`` that is not met or was not measured."""
    lines = []
    for promise in PROMISES:
        if promise.row not in rows or (no_peer and "peer" in promise.figure):
            continue
        value = figure(answers, promise)
        wanted = f"{'at least' if promise.at_least else 'at most'} {promise.bound:g}"
        name = f"{promise.row}: {promise.figure}"
        if value is None:
            lines.append(f"{name} was not measured, expected {wanted}")
        elif not (value >= promise.bound if promise.at_least else value <= promise.bound):
            lines.append(f"{name} is {value:.2f}, expected {wanted}")
    return lines


def table(answers: Answers, rows: list[str]) -> list[str]:
    """Markdown lines: medians, ratios, what was wanted."""
    lines = [
        "| row | ours | peer | by hand | peer / ours | ours: last / first | peer: last / first "
        "| ours: grown | peer: grown | wanted |",
        "|---|" + "---:|" * 8 + "---|",
    ]

    def shown(value: float | None, unit: str = "") -> str:
        return "-" if value is None else f"{value:.2f}{unit}"

    for row in rows:
        times = {name: median(answers, row, name) for name in ("ours", "peer", "hand")}
        ours, peer = times["ours"], times["peer"]
        ratio = None if ours is None or peer is None else peer / ours
        cells = [
            TITLES[row],
            *("-" if t is None else f"{t * 1000:.3f} ms" for t in times.values()),
            shown(ratio),
            *(shown(median(answers, row, name, "last/first")) for name in ("ours", "peer")),
            *(shown(median(answers, row, name, "grown MB"), " MB") for name in ("ours", "peer")),
            WANTED[row],
        ]
        lines.append("| " + " | ".join(cells) + " |")
    if ("batch", "hand") in answers:
        by_hand, ours = median(answers, "batch", "hand"), median(answers, "batch", "ours")
        assert by_hand is not None
        assert ours is not None
        lines += ["", f"The batch costs {ours / by_hand:.2f} times the same operations by hand."]
    return lines


def main() -> None:
    """Parse the options, measure, print and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--rows", default=",".join(TITLES), help=f"of {', '.join(TITLES)}")
    parser.add_argument("--peer", type=Path, default=ROOT / ".venv-peer")
    parser.add_argument("--no-peer", action="store_true")
    parser.add_argument("--out", type=Path, default=HERE / "data.md")
    parser.add_argument("--check", action="store_true", help="exit 1 if a promise is not met")
    options = parser.parse_args()
    rows = options.rows.split(",")
    unknown = [row for row in rows if row not in TITLES]
    if unknown:
        parser.error(f"--rows={options.rows}: {unknown} are none of {list(TITLES)}")
    data = w.find_data(ROOT)
    logs = HERE / ".logs"
    logs.mkdir(exist_ok=True)
    contenders = {"ours": Contender(sys.executable, data, logs / "data_ours.log", True)}
    if "batch" in rows:
        contenders["hand"] = Contender(sys.executable, data, logs / "data_hand.log", True)
    python = None if options.no_peer else peer_python(options.peer)
    if python is not None:
        contenders["peer"] = Contender(python, data, logs / "data_peer.log", False)
    try:
        answers = measure(contenders, rows, options.rounds)
    finally:
        for contender in contenders.values():
            contender.close()
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    ).stdout.strip()
    lines = [
        f"One thread, medians of {options.rounds} interleaved rounds; "
        f"Python {platform.python_version()}, commit {commit}. 'last / first' compares the cost "
        "of a unit at the end with that at the start; 'grown' is the growth of memory after the "
        "first tenth.",
        "",
        *table(answers, rows),
    ]
    print("\n".join(lines))
    options.out.write_text(
        "# Measured speed of data and streams\n\n`python perf/data.py`\n\n"
        + "\n".join(lines)
        + "\n"
    )
    if options.check:
        unmet = broken(answers, rows, options.no_peer)
        print("\n".join(unmet or ["every promise is met"]), file=sys.stderr)
        raise SystemExit(1 if unmet else 0)


if __name__ == "__main__":
    main()
