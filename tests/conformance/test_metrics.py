"""Every standalone metric passes the checks of its role; metrics are found by introspection."""

import inspect

import numpy as np
import pytest
import torch
from sklearn.metrics import confusion_matrix

from avalanche.evaluation import PluginMetric, metrics
from avalanche.testing import check_metric

RANDOM = np.random.default_rng(0)
LOGITS = torch.from_numpy(RANDOM.normal(size=(23, 4)))
TRUE = torch.from_numpy(RANDOM.integers(0, 4, 23))
TASKS = torch.from_numpy(RANDOM.integers(0, 3, 23))
VALUES = torch.from_numpy(RANDOM.normal(size=23))
HITS = (LOGITS.argmax(1) == TRUE).numpy()


def per_task(values):
    return {int(t): float(values[TASKS.numpy() == t].mean()) for t in np.unique(TASKS)}


def one_by_one(metric, *columns):
    for row in zip(*columns, strict=True):
        metric.update(*(float(v) for v in row))


def with_counts(metric, values, *rest):
    metric.update(values.mean(), len(values), *rest)


def by_task(metric, values, tasks):
    for task in torch.unique(tasks).tolist():
        chosen = values[tasks == task]
        metric.update(chosen.mean(), len(chosen), task)


# name -> (make, data, oracle on the whole data, how to give a batch)
CASES = {
    "Accuracy": (metrics.Accuracy, [LOGITS, TRUE], lambda *_: float(HITS.mean()), None),
    "TaskAwareAccuracy": (
        metrics.TaskAwareAccuracy,
        [LOGITS, TRUE, TASKS],
        lambda *_: per_task(HITS),
        None,
    ),
    "LossMetric": (
        metrics.LossMetric,
        [VALUES],
        lambda v: float(v.numpy().mean()),
        with_counts,
    ),
    "TaskAwareLoss": (
        metrics.TaskAwareLoss,
        [VALUES, TASKS],
        lambda v, t: per_task(v.numpy()),
        by_task,
    ),
    "Mean": (metrics.Mean, [VALUES], lambda v: float(v.numpy().mean()), one_by_one),
    "Sum": (metrics.Sum, [VALUES], lambda v: float(v.numpy().sum()), one_by_one),
    "ConfusionMatrix": (
        lambda: metrics.ConfusionMatrix(num_classes=4),
        [TRUE, LOGITS.argmax(1)],
        lambda true, found: torch.from_numpy(confusion_matrix(true, found)),
        None,
    ),
}
# Not accumulated over samples, with the reason.
SKIP = {
    "BWT": "keyed by experience: tests/evaluation/test_forgetting_bwt.py",
    "Forgetting": "keyed by experience: tests/evaluation/test_forgetting_bwt.py",
    "ForwardTransfer": "keyed by experience: tests/evaluation/test_forward_transfer.py",
    "CPUUsage": "measures the machine: tests/evaluation/test_cpu_usage.py",
    "DiskUsage": "measures the machine: tests/evaluation/test_disk_usage.py",
    "MaxGPU": "measures the machine: tests/evaluation/test_gpu_usage.py",
    "MaxRAM": "measures the machine: tests/evaluation/test_ram_usage.py",
    "MAC": "counts operations of a model: tests/evaluation/test_mac.py",
    "ElapsedTime": "measures time, not data: tests/evaluation/test_timing.py",
}


def standalone():
    for name in metrics.__all__:
        found = getattr(metrics, name)
        if inspect.isclass(found) and not issubclass(found, PluginMetric):
            yield name


@pytest.mark.parametrize("name", list(standalone()))
def test_metrics(name):
    if name in SKIP:
        pytest.skip(SKIP[name])
    assert name in CASES, f"{name} has no oracle yet: add a case to {__file__}"
    make, data, oracle, update = CASES[name]
    check_metric(make, data, oracle, update=update)
