"""Every standalone metric passes the checks of its role; metrics are found by introspection."""

import inspect
import io

import numpy as np
import pytest
import torch
from sklearn.metrics import confusion_matrix, mean_squared_error, r2_score

from avalanche.evaluation import PluginMetric, metrics
from avalanche.testing import check_metric
from avalanche.testing.metrics import close

RANDOM = np.random.default_rng(0)
LOGITS = torch.from_numpy(RANDOM.normal(size=(23, 4)))
TRUE = torch.from_numpy(RANDOM.integers(0, 4, 23))
TASKS = torch.from_numpy(RANDOM.integers(0, 3, 23))
TARGETS = torch.from_numpy(RANDOM.normal(loc=50, size=23))
PREDICTED = TARGETS + torch.from_numpy(RANDOM.normal(size=23))
VALUES = torch.from_numpy(RANDOM.normal(size=23))
TRUE_SCORES = LOGITS.numpy()[np.arange(23), TRUE.numpy()]
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


def per_task_and_class():
    tasks, true = TASKS.numpy(), TRUE.numpy()
    pairs = sorted(set(zip(tasks.tolist(), true.tolist(), strict=True)))
    found = {}
    for t, c in pairs:
        found.setdefault(t, {})[c] = float(HITS[(tasks == t) & (true == c)].mean())
    return found


def in_top_2():
    ranked = np.argsort(-LOGITS.numpy(), axis=1)[:, :2]
    return (ranked == TRUE.numpy()[:, None]).any(axis=1)


def in_the_test_stream(metric, *batch):
    metric.set_stream("test")
    metric.update(*batch)


def with_new_classes(metric, *batch):
    metric.update_new_classes([2, 3])
    metric.update(*batch)


def counts_per_task_and_class():
    return {
        t: {c: int(((t == TASKS) & (c == TRUE)).sum()) for c in of}
        for t, of in per_task_and_class().items()
    }


SETS = {0: [1, 3], 1: [0, 1, 3], 2: [0, 1, 2, 3], 5: [9]}


def among(classes):
    """Accuracy on samples of these classes, choosing among them."""
    rows = [
        (scores[[c for c in classes if c < 4]], true)
        for scores, true in zip(LOGITS.numpy(), TRUE.numpy(), strict=True)
        if true in classes
    ]
    return float(np.mean([classes[s.argmax()] == true for s, true in rows])) if rows else 0.0


def root_mean_squared_error(predicted, true):
    return float(np.sqrt(mean_squared_error(true, predicted)))


def each_task(oracle):
    def whole(predicted, true, tasks):
        return {
            t: float(oracle(predicted[tasks == t], true[tasks == t]))
            for t in torch.unique(tasks).tolist()
        }

    return whole


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
    "Loss": (
        metrics.Loss,
        [VALUES, TASKS],
        lambda v, t: per_task(v.numpy()),
        by_task,
    ),
    "TaskAwareLoss": (
        metrics.TaskAwareLoss,
        [VALUES, TASKS],
        lambda v, t: per_task(v.numpy()),
        by_task,
    ),
    "ClassAccuracy": (
        metrics.ClassAccuracy,
        [LOGITS, TRUE, TASKS],
        lambda *_: per_task_and_class(),
        None,
    ),
    "TopkAccuracy": (
        lambda: metrics.TopkAccuracy(2),
        [LOGITS, TRUE, TASKS],
        lambda *_: per_task(in_top_2()),
        None,
    ),
    "AverageMeanClassAccuracy": (
        metrics.AverageMeanClassAccuracy,
        [LOGITS, TRUE, TASKS],
        lambda *_: {t: float(np.mean([*of.values()])) for t, of in per_task_and_class().items()},
        None,
    ),
    "MultiStreamAMCA": (
        metrics.MultiStreamAMCA,
        [LOGITS, TRUE, TASKS],
        lambda *_: {
            "test": {t: float(np.mean([*of.values()])) for t, of in per_task_and_class().items()}
        },
        in_the_test_stream,
    ),
    "CumulativeAccuracy": (
        metrics.CumulativeAccuracy,
        [LOGITS, TRUE],
        lambda *_: {k: among(classes) for k, classes in SETS.items()},
        lambda metric, *batch: metric.update(SETS, *batch),
    ),
    "PerClassMeanScores": (
        metrics.PerClassMeanScores,
        [LOGITS, TRUE],
        lambda *_: {c: float(TRUE_SCORES[TRUE.numpy() == c].mean()) for c in range(4)},
        None,
    ),
    "MeanNewOldScores": (
        metrics.MeanNewOldScores,
        [LOGITS, TRUE],
        lambda *_: {
            "new": float(TRUE_SCORES[TRUE.numpy() >= 2].mean()),
            "old": float(TRUE_SCORES[TRUE.numpy() < 2].mean()),
        },
        with_new_classes,
    ),
    "LabelsRepartition": (
        metrics.LabelsRepartition,
        [TASKS, TRUE],
        lambda *_: counts_per_task_and_class(),
        None,
    ),
    "RMSE": (metrics.RMSE, [PREDICTED, TARGETS], root_mean_squared_error, None),
    "TaskAwareRMSE": (
        metrics.TaskAwareRMSE,
        [PREDICTED, TARGETS, TASKS],
        each_task(root_mean_squared_error),
        None,
    ),
    "R2": (metrics.R2, [PREDICTED, TARGETS], lambda p, t: float(r2_score(t, p)), None),
    "TaskAwareR2": (
        metrics.TaskAwareR2,
        [PREDICTED, TARGETS, TASKS],
        each_task(lambda p, t: r2_score(t, p)),
        None,
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
    "MeanScores": "an abstract base",
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


@pytest.mark.parametrize("name", list(CASES))
def test_state_saved_in_the_middle(name):
    make, data, oracle, update = CASES[name]
    update = update or (lambda metric, *columns: metric.update(*columns))
    first, second = make(), make()
    update(first, *(column[:9] for column in data))
    file = io.BytesIO()
    torch.save(first.state_dict(), file)
    file.seek(0)
    second.load_state_dict(torch.load(file, weights_only=True))
    update(second, *(column[9:] for column in data))
    assert close(second.result(), oracle(*data))
    update(first, *(column[9:] for column in data))  # the copy has nothing in common with it
    assert close(first.result(), oracle(*data))
