"""Root mean squared error and coefficient of determination that follow a strategy."""

import math

import numpy as np
import pytest
import torch
from fake_loop import FakeLoop, make_stream
from sklearn.metrics import mean_squared_error, r2_score

from avalanche.evaluation.metrics import (
    R2,
    RMSE,
    R2PerTaskPluginMetric,
    RMSEPerTaskPluginMetric,
    r2_forgetting_metrics,
    r2_metrics,
    rmse_forgetting_metrics,
    rmse_metrics,
)
from avalanche.training.plugins.evaluation import EvaluationPlugin

RANDOM = np.random.default_rng(1)
TRUE = torch.from_numpy(RANDOM.normal(size=(12, 3)))
FOUND = TRUE + torch.from_numpy(RANDOM.normal(size=(12, 3)))


def oracle(name, found, true):
    if name == "R2":
        return r2_score(true, found)
    return math.sqrt(mean_squared_error(true, found))


@pytest.mark.parametrize("metric", [RMSE, R2], ids=["RMSE", "R2"])
def test_several_outputs(metric):
    made = metric()
    for cut in (slice(0, 1), slice(1, 5), slice(5, 5), slice(5, 12)):
        made.update(FOUND[cut], TRUE[cut])
    assert made.result() == pytest.approx(oracle(metric.__name__, FOUND, TRUE))
    twin = metric()
    twin.load_state_dict(made.state_dict())
    twin.update(FOUND[:2], TRUE[:2])
    again = [torch.cat([data, data[:2]]) for data in (FOUND, TRUE)]
    assert twin.result() == pytest.approx(oracle(metric.__name__, *again))


@pytest.mark.parametrize("metric", [RMSE, R2], ids=["RMSE", "R2"])
def test_a_column_is_a_vector_and_other_shapes_are_refused(metric):
    made, column = metric(), metric()
    made.update(FOUND[:, 0], TRUE[:, 0])
    column.update(FOUND[:, :1], TRUE[:, 0])
    assert made.result() == column.result()
    with pytest.raises(ValueError, match=r"shape .12, 3. with true_y of shape .12,.*same shape"):
        made.update(FOUND, TRUE[:, 0])


def test_r2_at_its_edges():
    metric = R2()
    assert math.isnan(metric.result())
    metric.update(torch.tensor([1.0]), torch.tensor([1.0]))
    assert math.isnan(metric.result())
    metric.update(torch.tensor([1.0]), torch.tensor([1.0]))
    assert metric.result() == 1.0  # constant targets, met
    metric.update(torch.tensor([2.0]), torch.tensor([1.0]))
    assert metric.result() == 0.0  # constant targets, not met


def test_r2_keeps_its_digits_far_from_zero():
    true = TRUE[:, 0] + 1e6
    metric = R2()
    for one in range(12):
        metric.update(true[one : one + 1] + 0.5, true[one : one + 1])
    assert metric.result() == pytest.approx(r2_score(true, true + 0.5), abs=1e-6)


@pytest.mark.parametrize(("helper", "name"), [(rmse_metrics, "RMSE"), (r2_metrics, "R2")])
def test_names_and_values_at_every_granularity(helper, name):
    every = helper(
        minibatch=True,
        epoch=True,
        epoch_running=True,
        experience=True,
        stream=True,
        trained_experience=True,
    )
    loop = FakeLoop(EvaluationPlugin(every))
    parts = [(FOUND[cut, 0], TRUE[cut, 0]) for cut in (slice(0, 5), slice(5, 8), slice(8, 12))]
    loop.train(make_stream("train")[1], [parts[:2]])
    loop.eval(make_stream("test"), [parts[:1], parts[1:]])
    each = [oracle(name, *part) for part in parts]
    two, last = (oracle(name, FOUND[cut, 0], TRUE[cut, 0]) for cut in (slice(8), slice(5, 12)))
    whole = oracle(name, FOUND[:, 0], TRUE[:, 0])
    train, test = "train_phase/train_stream/Task000", "eval_phase/test_stream/Task000"
    expected = {
        f"Top1_{name}_MB/{train}": ([0, 1], each[:2]),
        f"Top1_Running{name}_Epoch/{train}": ([0, 1], [each[0], two]),
        f"Top1_{name}_Epoch/{train}": ([2], [two]),
        f"Top1_{name}_Exp/{test}/Exp000": ([2], [each[0]]),
        f"Top1_{name}_Exp/{test}/Exp001": ([2], [last]),
        f"Top1_{name}_Stream/{test}": ([2], [whole]),
        f"{name}_On_Trained_Experiences/{test}": ([2], [last]),
    }
    found = loop.evaluator.get_all_metrics()
    assert {key: steps for key, (steps, _) in found.items()} == {
        k: s for k, (s, _) in expected.items()
    }
    for key, (_, values) in expected.items():
        assert found[key][1] == pytest.approx(values), key


@pytest.mark.parametrize(
    ("kind", "name"), [(RMSEPerTaskPluginMetric, "RMSE"), (R2PerTaskPluginMetric, "R2")]
)
def test_every_task_apart(kind, name):
    loop = FakeLoop(EvaluationPlugin(kind("stream", "stream", "eval")))
    tasks = torch.tensor([0, 4] * 6)
    loop.eval(make_stream("test", 1), [[(FOUND[:, 0], TRUE[:, 0], tasks)]])
    assert loop.evaluator.get_last_metrics() == pytest.approx(
        {
            f"Top1_Task{name}_Stream/eval_phase/test_stream/Task{t:03}": oracle(
                name, FOUND[tasks == t, 0], TRUE[tasks == t, 0]
            )
            for t in (0, 4)
        }
    )
    loop.mb_task_id = None
    with pytest.raises(ValueError, match="samples carry no task label"):
        loop.evaluator.after_eval_iteration(loop)


@pytest.mark.parametrize(
    ("helper", "name"), [(rmse_forgetting_metrics, "RMSE"), (r2_forgetting_metrics, "R2")]
)
def test_forgetting(helper, name):
    loop = FakeLoop(EvaluationPlugin(helper(experience=True, stream=True)))
    train, test = make_stream("train", 2), make_stream("test", 2)
    first, second = (FOUND[:, 0], TRUE[:, 0]), (FOUND[:, 1], TRUE[:, 0])
    for experience, on_0 in zip(train, (first, second), strict=True):
        loop.train(experience, [[first]])
        loop.eval(test, [[on_0], [first]])
    lost = oracle(name, *first) - oracle(name, *second)
    assert loop.evaluator.get_last_metrics() == pytest.approx(
        {
            f"Experience{name}Forgetting/eval_phase/test_stream/Task000/Exp000": lost,
            f"Stream{name}Forgetting/eval_phase/test_stream": lost,
        }
    )
