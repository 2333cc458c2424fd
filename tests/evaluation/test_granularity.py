"""Names and moments of the granularities."""

import pytest

from avalanche.evaluation.metrics import (
    accuracy_metrics,
    cpu_usage_metrics,
    loss_metrics,
    timing_metrics,
)
from avalanche.evaluation.metrics import granularity as at

EVERY = {
    "minibatch": True,
    "epoch": True,
    "epoch_running": True,
    "experience": True,
    "stream": True,
}


@pytest.mark.parametrize(
    ("when", "name"),
    [
        ("MINIBATCH", "Loss_MB"),
        ("EPOCH", "Loss_Epoch"),
        ("RUNNING_EPOCH", "RunningLoss_Epoch"),
        ("EXPERIENCE", "Loss_Exp"),
        ("STREAM", "Loss_Stream"),
    ],
)
def test_names(when, name):
    assert at.named("Loss", *getattr(at, when)[:2]) == name


def test_only_what_is_wanted_is_made():
    assert at.switched_on([(True, complex), (False, int), (True, float)], 2) == [2 + 0j, 2.0]


@pytest.mark.parametrize(
    ("helper", "name"),
    [
        (accuracy_metrics, "Top1_{}Acc_"),
        (loss_metrics, "{}Loss_"),
        (timing_metrics, "{}Time_"),
        (cpu_usage_metrics, "{}CPUUsage_"),
    ],
    ids=["accuracy", "loss", "time", "cpu"],
)
def test_all_five_of_a_family(helper, name):
    plain = name.format("")
    assert [str(metric) for metric in helper(**EVERY)] == [
        f"{plain}MB",
        f"{plain}Epoch",
        f"{name.format('Running')}Epoch",
        f"{plain}Exp",
        f"{plain}Stream",
    ]
