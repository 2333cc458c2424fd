"""Evaluations during training: what counts as learnt, in metrics, in the table and in files."""

import copy
import csv

import pytest
import torch
from torch.utils.data import TensorDataset

from avalanche.benchmarks import nc_benchmark
from avalanche.core import SupervisedPlugin
from avalanche.evaluation.metrics import accuracy_metrics
from avalanche.logging import CSVLogger
from avalanche.testing import streams
from avalanche.training.plugins import EvaluationPlugin
from avalanche.training.supervised import Naive


def benchmark():
    generator = torch.Generator().manual_seed(0)
    sets = []
    for size in (16, 8):
        data = TensorDataset(torch.randn(size, 3, generator=generator), torch.arange(size) % 4)
        data.targets = data.tensors[1].tolist()
        sets.append(data)
    return nc_benchmark(*sets, 2, task_labels=False, shuffle=False, seed=0)


def train(evaluator, stream=None, **options):
    torch.manual_seed(0)
    data = benchmark()
    model = torch.nn.Linear(3, 4)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
    strategy = Naive(
        model, optimizer, train_mb_size=4, train_epochs=2, evaluator=evaluator, **options
    )
    found = []
    for experience in data.train_stream:
        evaluator.reset_last_metrics()
        found.append(strategy.train(experience, [data.test_stream]))
    return found


@pytest.mark.parametrize(("every", "mode"), [(1, "epoch"), (1, "iteration"), (3, "iteration")])
def test_what_was_just_learnt_counts_however_often_is_evaluated(every, mode):
    flags = {"stream": True, "trained_experience": True}
    plain = EvaluationPlugin(accuracy_metrics(**flags))
    often = EvaluationPlugin(accuracy_metrics(**flags))
    assert train(often, eval_every=every, peval_mode=mode) == train(plain, eval_every=0)
    ends = [row for row in plain.table() if row["metric"] == "Top1_Acc_Stream"]
    assert [row["trained_experience"] for row in ends] == [0, 1, 2]
    table = often.table()
    assert [row for row in table if row in ends] == ends
    steps = {row["step"]: row["trained_experience"] for row in ends}
    # in the middle of an experience it does not count yet
    middle = {row["trained_experience"] for row in table if row["step"] in range(5, 8)}
    assert middle == {1}
    assert set(steps) == {0, 4, 8}


class EvaluatesMore(SupervisedPlugin):
    """A second evaluation at the same step as the periodic one."""

    def after_training_epoch(self, strategy, **kwargs):
        strategy.eval(strategy._eval_streams[0][:1])


@pytest.mark.parametrize("more", [False, True])
@pytest.mark.parametrize("mode", ["epoch", "iteration"])
def test_the_file_says_the_same_as_the_table(tmp_path, mode, more):
    logger = CSVLogger(tmp_path)
    metrics = accuracy_metrics(epoch=True, experience=True, stream=True)
    evaluator = EvaluationPlugin(metrics, loggers=logger)
    plugins = [EvaluatesMore()] if more else []
    train(evaluator, eval_every=1, peval_mode=mode, plugins=plugins)
    with (tmp_path / "metrics.csv").open(newline="") as file:
        rows = [*csv.DictReader(file)]
    logger.close()
    expected = [
        {k: "" if v is None else str(v) for k, v in row.items()} for row in evaluator.table()
    ]
    assert rows == expected


def test_values_put_right_are_saved():
    evaluator = EvaluationPlugin(accuracy_metrics(stream=True))
    train(evaluator, eval_every=1)
    twin = EvaluationPlugin(accuracy_metrics(stream=True))
    twin.load_state_dict(evaluator.state_dict())
    assert twin.table() == evaluator.table()
    (last,) = twin._history._last.values()
    assert last.trained_experience == 2


class ChangesAtTheEnd(SupervisedPlugin):
    """Makes the model another one than was evaluated."""

    def after_training_exp(self, strategy, **kwargs):
        strategy.model.bias.data += 1


def test_an_evaluation_of_another_model_is_not_of_what_was_learnt():
    evaluator = EvaluationPlugin(accuracy_metrics(stream=True))
    train(evaluator, eval_every=1, plugins=[ChangesAtTheEnd()])
    found = [(row["step"], row["trained_experience"]) for row in evaluator.table()]
    assert found == [(0, 0), (2, 0), (4, 0), (4, 1), (6, 1), (8, 1), (8, 2)]


class LearnsNothing(SupervisedPlugin):
    def before_training_exp(self, strategy, **kwargs):
        strategy.stop_training()


def test_an_evaluation_before_an_experience_without_a_step_stays_what_it_was():
    evaluator = EvaluationPlugin(accuracy_metrics(stream=True))
    train(evaluator, eval_every=0, plugins=[LearnsNothing()])
    assert [(row["step"], row["trained_experience"]) for row in evaluator.table()] == [(0, 0)]


@pytest.mark.parametrize("every", [0, 1])
def test_a_run_that_goes_on_evaluates_as_one_that_never_stopped(every):
    def build():
        torch.manual_seed(0)
        model = torch.nn.Linear(3, 4)
        evaluator = EvaluationPlugin(accuracy_metrics(stream=True, experience=True))
        optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
        return Naive(
            model, optimizer, train_mb_size=4, train_epochs=2, evaluator=evaluator, eval_every=every
        )

    data, whole = benchmark(), build()
    for experience in data.train_stream:
        whole.train(experience, [data.test_stream])
    first = build()  # draws from the same seed as the whole run
    first.train(data.train_stream[0], [data.test_stream])
    state = first.state_dict()
    second = build()
    second.load_state_dict(state, data)
    second.train(data.train_stream[1], [data.test_stream])
    assert second.evaluator.table() == whole.evaluator.table()


class Evaluations(SupervisedPlugin):
    count = 0

    def before_eval(self, strategy, **kwargs):
        self.count += 1


def counted(**options):
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(streams.FEATURES, 6))
    counter = Evaluations()
    evaluator = EvaluationPlugin(accuracy_metrics(stream=True))
    plugins = [counter, *options.pop("plugins", ())]
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    options = {"train_mb_size": 8, "evaluator": evaluator, **options}
    return Naive(model, optimizer, plugins=plugins, **options), counter


def zeroed(strategy):
    for parameter in strategy.model.parameters():
        parameter.data.zero_()  # leaves no trace in the tensor's version


@pytest.mark.parametrize("change", ["data", "copy", "none", "copy alone"])
def test_weights_that_were_changed_in_any_way_are_evaluated_again(change):
    benchmark = streams.class_incremental()
    strategy, _ = counted(eval_every=0)
    strategy.train(benchmark.train_stream[0], [benchmark.test_stream])
    if change.startswith("copy"):
        strategy = copy.deepcopy(strategy)
    if change in ("data", "copy"):
        zeroed(strategy)
    counter = strategy.plugins[0]
    counter.count = 0
    strategy.train(benchmark.train_stream[1], [benchmark.test_stream])
    assert counter.count == (2 if change in ("data", "copy") else 1)


@pytest.mark.parametrize("every", [0, 1])
def test_weights_that_a_plugin_changes_at_the_end_are_those_that_are_evaluated(every):
    class Zero(SupervisedPlugin):
        def after_training_exp(self, strategy, **kwargs):
            zeroed(strategy)

    benchmark = streams.class_incremental()
    strategy, _ = counted(eval_every=every, plugins=[Zero()])
    results = strategy.train(benchmark.train_stream[0], [benchmark.test_stream])
    assert results == results | strategy.eval(benchmark.test_stream)


def test_tensors_without_a_version_do_not_stop_training():
    strategy, counter = counted(eval_every=0)
    with torch.inference_mode():
        strategy.model.register_buffer("prototype", torch.ones(3))
    benchmark = streams.class_incremental()
    strategy.train(benchmark.train_stream[0], [benchmark.test_stream])
    assert counter.count == 2


class Odd(torch.nn.Module):
    """Buffers of many kinds."""

    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(streams.FEATURES, 6)
        self.register_buffer("sparse", torch.eye(3).to_sparse())
        self.register_buffer("rows", torch.eye(3).to_sparse_csr())
        self.register_buffer("waves", torch.ones(2, dtype=torch.complex64))
        self.register_buffer("whole", torch.tensor([2**60]))
        self.register_buffer("short", torch.ones(3, dtype=torch.bfloat16))
        self.register_buffer("truth", torch.ones(3, dtype=torch.bool))
        self.register_buffer("bad", torch.tensor([float("nan"), 1.0]))
        self.register_buffer("none", torch.empty(0))
        self.register_buffer("turned", torch.arange(6.0).view(2, 3).T)

    def forward(self, x):
        return self.layer(x.flatten(1))


CHANGES = {
    "imaginary": lambda m: m.waves.imag.fill_(1),
    "last bit": lambda m: m.whole.add_(1),
    "short": lambda m: m.short.data.mul_(2),
    "truth": lambda m: m.truth.data.zero_(),
    "sparse": lambda m: m.sparse.mul_(2),
    "order": lambda m: m.turned.copy_(m.turned.flip(0)),
    "beside nan": lambda m: m.bad.data.mul_(2),
    "another model": None,
    "nothing": lambda m: None,
}


@pytest.mark.filterwarnings("ignore:Sparse CSR tensor support")
@pytest.mark.parametrize("change", CHANGES)
def test_changes_of_any_kind_of_buffer_are_noticed(change):
    benchmark = streams.class_incremental()
    counter, model = Evaluations(), Odd()
    strategy = Naive(
        model,
        torch.optim.SGD(model.parameters(), lr=0.1),
        train_mb_size=8,
        eval_every=0,
        evaluator=EvaluationPlugin(accuracy_metrics(stream=True)),
        plugins=[counter],
    )
    strategy.train(benchmark.train_stream[0], [benchmark.test_stream])
    counter.count = 0
    if change == "another model":
        strategy.model = torch.nn.Sequential(strategy.model)
    else:
        CHANGES[change](model)
    strategy.train(benchmark.train_stream[1], [benchmark.test_stream])
    assert counter.count == (1 if change == "nothing" else 2)
