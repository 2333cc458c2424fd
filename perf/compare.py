"""Time a bare loop, this library and avalanche-lib 0.6.0 side by side, one thread each.

    python perf/compare.py [--rounds 5] [--rows naive,eval] [--peer .venv-peer] [--no-peer]

Every contender is a process of its own that stays up; in every round each runs each row once, one
after the other, so that a slow moment of the machine hits all alike. Prints medians and ratios and
writes them to perf/results.md.
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

import workloads as w

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
NOTES = """
`ours / bare` is below 1 where the models' dropout draws its masks faster than PyTorch's, which the
bare loop has, and where GEM takes the gradients of all experiences from one pass. GEM and A-GEM
stand here on the networks that their papers train on MNIST, and on that of the other rows. The more
of an iteration is matrix products, which are the same for all, the closer all are to each other:
with 512 units and five experiences they are most of GEM's. That row's peer / ours differs from run
to run and from machine to machine: 2.6 to 3.2 in all runs so far.
"""
PEER = ("avalanche-lib==0.6.0", "quadprog")  # its GEM asks for the second


class Worker:
    """A contender: a process that runs rows on request."""

    def __init__(self, python: str, script: str, data: Path, log: Path) -> None:
        environment = {
            **os.environ,
            "OMP_NUM_THREADS": "1",
            "MKL_NUM_THREADS": "1",
            "PYTHONPATH": str(HERE),
        }
        self.log = log.open("w")
        self.process = subprocess.Popen(
            [python, str(HERE / script), str(data)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.log,
            text=True,
            env=environment,
            cwd=log.parent,
        )

    def run(self, row: w.Row) -> dict[str, float]:
        """Seconds, samples and peak memory of one row."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        with contextlib.suppress(BrokenPipeError):  # the missing answer below says so
            self.process.stdin.write(w.request(row))
            self.process.stdin.flush()
        for line in self.process.stdout:
            if line.startswith("{"):
                answer: dict[str, float] = json.loads(line)
                return answer
        raise SystemExit(f"{row.name}: the worker stopped; see {self.log.name}")

    def close(self) -> None:
        """End the process."""
        assert self.process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        self.process.wait()
        self.log.close()


def peer_python(folder: Path) -> str | None:
    """Python of the peer's environment, made if need be; None where it cannot be made."""
    python = folder / "bin" / "python"
    if python.exists():
        return str(python)
    print(f"making {folder} with {' '.join(PEER)} (some minutes) ...", flush=True)
    try:
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "-q", *PEER], check=True)
    except subprocess.CalledProcessError as error:
        print(f"no peer: {error}; the table leaves it out", flush=True)
        return None
    return str(python)


def measure(
    workers: dict[str, Worker], rows: list[w.Row], rounds: int
) -> dict[tuple[str, str], list[dict[str, float]]]:
    """Answers of every worker for every row; the first round warms up and is dropped."""
    answers: dict[tuple[str, str], list[dict[str, float]]] = defaultdict(list)
    for turn in range(rounds + 1):
        for row in rows:
            for name, worker in workers.items():
                answer = worker.run(row)
                if turn:
                    answers[row.name, name].append(answer)
        print(f"round {turn} of {rounds} done", file=sys.stderr, flush=True)
    return answers


def table(
    answers: dict[tuple[str, str], list[dict[str, float]]], rows: list[w.Row], names: list[str]
) -> list[str]:
    """Markdown lines: medians in seconds, ratios of the medians, peak memory."""
    lines = [
        "| row | "
        + " | ".join(f"{n} (s)" for n in names)
        + " | ours / bare | peer / ours | peak MB: "
        + ", ".join(names)
        + " |",
        "|---|" + "---:|" * (len(names) + 3),
    ]
    for row in rows:
        median = {n: statistics.median(a["seconds"] for a in answers[row.name, n]) for n in names}
        peak = [f"{max(a['peak_mb'] for a in answers[row.name, n]):.0f}" for n in names]
        peer = f"{median['peer'] / median['ours']:.2f}" if "peer" in median else "-"
        times = " | ".join(f"{median[n]:.3f}" for n in names)
        ours = f"{median['ours'] / median['bare']:.2f}"
        lines.append(f"| {row.name} | {times} | {ours} | {peer} | {', '.join(peak)} |")
    return lines


def main() -> None:
    """Parse the options, measure, print and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--rows", default="", help="only rows whose method is in this list")
    parser.add_argument("--peer", type=Path, default=ROOT / ".venv-peer")
    parser.add_argument("--no-peer", action="store_true")
    parser.add_argument("--out", type=Path, default=HERE / "results.md")
    options = parser.parse_args()
    rows = [r for r in w.ROWS if not options.rows or r.method in options.rows.split(",")]
    data = w.find_data(ROOT)
    logs = HERE / ".logs"
    logs.mkdir(exist_ok=True)
    workers = {
        "bare": Worker(sys.executable, "bare.py", data, logs / "bare.log"),
        "ours": Worker(sys.executable, "library.py", data, logs / "ours.log"),
    }
    python = None if options.no_peer else peer_python(options.peer)
    if python is not None:
        workers["peer"] = Worker(python, "library.py", data, logs / "peer.log")
    try:
        answers = measure(workers, rows, options.rounds)
    finally:
        for worker in workers.values():
            worker.close()
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    ).stdout.strip()
    real = "real" if "shared" in data.parts else "made-up"
    lines = [
        f"Split MNIST ({real} images), SimpleMLP, SGD, one thread, medians of {options.rounds} "
        f"interleaved rounds; Python {platform.python_version()}, commit {commit}.",
        "",
        *table(answers, rows, list(workers)),
    ]
    print("\n".join(lines))
    heading = "# Measured speed\n\n`python perf/compare.py`\n\n"
    options.out.write_text(heading + "\n".join(lines) + "\n" + NOTES)


if __name__ == "__main__":
    main()
