"""The trees of the two standard flows, and the steps that a part of a stream means."""

from __future__ import annotations

from typing import Any

from avalanche.benchmarks.scenarios import DatasetPart
from avalanche.training.skeletons import FlowGroup, StrategyFlow

__all__ = ["build_testing_flow", "build_training_flow", "test_step_ids"]


def build_training_flow(flow: StrategyFlow) -> None:
    """The standard training flow.

    The model is adapted before the loop over epochs begins, and the loop goes on while its last
    step, ``next_training_epoch``, says so.
    """
    flow.append_new_group(
        "BeforeTraining",
        [
            *("set_initial_epoch", "before_training", "make_train_dataset"),
            *("adapt_train_dataset", "make_train_dataloader"),
        ],
    )
    loop = FlowGroup(
        "TrainingLoop",
        [
            "before_training_epoch",
            FlowGroup("TrainingEpoch", ["training_epoch"]),
            *("after_training_epoch", "next_training_epoch"),
        ],
        is_loop=True,
    )
    flow.append_part_list(
        [FlowGroup("ModelTraining", [FlowGroup("TrainingModelAdaptation"), loop])]
    )
    flow.append_new_group("AfterTraining", ["after_training"])


def build_testing_flow(flow: StrategyFlow) -> None:
    """The standard testing flow."""
    flow.append_new_group("BeforeTesting", ["before_testing", "set_initial_test_step_id"])
    epoch = FlowGroup("TestingEpoch", ["testing_epoch"])
    model = FlowGroup("ModelTesting", ["before_testing_epoch", epoch, "after_testing_epoch"])
    step = FlowGroup(
        "StepTesting",
        ["make_test_dataset", "adapt_test_dataset", "make_test_dataloader", model],
    )
    flow.append_new_group(
        "MultiStepTestLoop",
        ["before_step_testing", "after_step_testing", "next_testing_step"],
        is_loop=True,
    )
    flow.append_part_list(
        [FlowGroup("TestingModelAdaptation"), step], after_part="before_step_testing"
    )
    flow.append_new_group("AfterTesting", ["after_testing"])


def test_step_ids(step_info: Any, part: DatasetPart) -> range:
    """Numbers of the steps to test.

    Args:
        step_info: the step from which the part is seen.
        part: which steps.

    Raises:
        ValueError: no part, or one without steps.
    """
    now, end = int(step_info.current_step), int(step_info.n_steps)
    known = {
        DatasetPart.CURRENT: range(now, now + 1),
        DatasetPart.CUMULATIVE: range(now + 1),
        DatasetPart.OLD: range(now),
        DatasetPart.FUTURE: range(now + 1, end),
        DatasetPart.COMPLETE: range(end),
    }
    if part not in known:
        raise ValueError(f"dataset_part={part!r}: expected one of {', '.join(map(str, known))}")
    stream = getattr(getattr(step_info, "benchmark", None), "test_stream", None)
    steps = range(0, 1) if stream is not None and len(stream) == 1 else known[part]
    if not steps:
        raise ValueError(
            f"dataset_part={part}: seen from step {now} of {end} it holds no step to test"
        )
    return steps


test_step_ids.__test__ = False  # type: ignore[attr-defined]
