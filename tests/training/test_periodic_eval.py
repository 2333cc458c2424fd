"""The argument ``eval_streams`` of ``train``: what it takes, and what it says of the rest."""

import pytest
import torch
from torch.utils.data import TensorDataset

from avalanche.benchmarks import nc_benchmark
from avalanche.evaluation.metrics import accuracy_metrics
from avalanche.training import Naive
from avalanche.training.plugins import EvaluationPlugin
from avalanche.training.plugins.periodic_eval import group_streams


@pytest.fixture
def benchmark():
    data = TensorDataset(torch.randn(12, 3), torch.arange(12) % 4)
    return nc_benchmark(data, data, 2, task_labels=False, shuffle=False)


def strategy_of(**options):
    model = torch.nn.Linear(3, 4)
    evaluator = EvaluationPlugin(accuracy_metrics(experience=True))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    return Naive(model, optimizer, train_mb_size=4, evaluator=evaluator, **options)


def names(results):
    return sorted(name.split("/", 2)[2] for name in results if "/eval_phase/" in name)


def test_a_single_stream_or_experience_will_do(benchmark):
    test, train = benchmark.test_stream, benchmark.train_stream
    both = [f"test_stream/Task000/Exp00{i}" for i in (0, 1)]
    for given, expected in (
        (None, both),
        (test, both),
        ([test], both),
        ((test,), both),
        (test[1], both[1:]),
        ([test[1]], both[1:]),
        ([[test[1]], test[:1]], both),
        ([train[:1], test[0]], [both[0], "train_stream/Task000/Exp000"]),
    ):
        results = strategy_of(eval_every=0).train(train[0], eval_streams=given)
        assert names(results) == expected


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        (["test"], "'test'"),
        ("test", "'test'"),
        (3, "3"),
        ([["test"]], "'test'"),
        ([None], "NoneType"),
        ("benchmark", "NCScenario"),
        (["benchmark"], "NCScenario"),
    ],
    ids=str,
)
@pytest.mark.parametrize("every", [-1, 0])
def test_anything_else_is_refused_before_training(benchmark, wrong, named, every):
    if "benchmark" in (wrong, *(wrong if isinstance(wrong, list) else ())):
        wrong = benchmark if isinstance(wrong, str) else [benchmark]
    strategy = strategy_of(eval_every=every)
    message = rf"eval_streams: {named} is neither a stream nor an experience; pass streams"
    with pytest.raises(TypeError, match=message):
        strategy.train(benchmark.train_stream[0], eval_streams=wrong)
    assert strategy.clock.train_iterations == 0
    with pytest.raises(TypeError, match=message):
        group_streams(benchmark.train_stream, wrong)


def test_a_misspelt_name_is_told_with_the_right_one(benchmark):
    message = r"unknown keyword argument 'eval_stream'.*did you mean eval_streams \(of train\)\?"
    with pytest.raises(TypeError, match=message):
        strategy_of().train(benchmark.train_stream[0], eval_stream=[benchmark.test_stream])
