"""Tidy rows of runs that never happened: strategies that forget at a known pace."""

import numpy as np
import pytest

from avalanche.report.rows import Row

FORGET = {"Naive": 0.9, "LwF": 0.5, "EWC": 0.6, "Replay": 0.05}


def synthetic_rows(
    strategies=("Naive", "Replay", "JointTraining"), experiences: int = 3, seeds: int = 2
) -> list[Row]:
    generator = np.random.default_rng(0)
    rows = []
    for seed in range(seeds):
        for name in strategies:
            steps = [1] if name == "JointTraining" else range(1, experiences + 1)
            for trained in steps:
                noise = generator.uniform(-0.02, 0.02, experiences)
                age = trained - 1 - np.arange(experiences)
                accuracy = np.where(age < 0, 0.0, 0.95 - age * FORGET.get(name, 0.3) + noise)
                if name == "JointTraining":
                    accuracy = 0.95 + noise
                accuracy = accuracy.clip(0, 1)
                place = (name, seed, trained * 10, trained)
                rows += [
                    Row(*place, "eval", "test", e, 0, "Top1_Acc_Exp", float(accuracy[e]))
                    for e in range(experiences)
                ]
                rows.append(
                    Row(*place, "eval", "test", None, 0, "Top1_Acc_Stream", float(accuracy.mean()))
                )
                rows += [
                    Row(*place, "cost", "", None, None, metric, value)
                    for metric, value in (
                        ("TrainSeconds", 0.5 * trained),
                        ("EvalSeconds", 0.25),
                        ("SamplesPerSecond", 1000.0 * trained),
                        ("PeakMemoryMiB", 400.0 + trained),
                        ("Parameters", 1210.0),
                    )
                ]
    return rows


@pytest.fixture
def make_rows():
    return synthetic_rows
