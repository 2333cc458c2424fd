"""Early stopping on a metric that the test writes itself."""

import logging

import pytest
import torch

from avalanche.core import SupervisedPlugin
from avalanche.evaluation.metrics import accuracy_metrics
from avalanche.testing import streams
from avalanche.testing.strategies import build, tiny_model, weights
from avalanche.training import Naive
from avalanche.training.plugins import (
    CWRStarPlugin,
    EvaluationPlugin,
    EWCPlugin,
    LwFPlugin,
    MASPlugin,
    SynapticIntelligencePlugin,
)
from avalanche.training.plugins.early_stopping import EarlyStoppingPlugin

NAN = float("nan")


class Scripted(EvaluationPlugin):
    """Gives the values of a script, one for each evaluation after the initial one."""

    def __init__(self, values, name="Top1_Acc_Stream/eval_phase/test_stream/Task000"):
        super().__init__()
        self.values, self.name, self.count = values, name, -1

    def listens(self, event):
        return event == "after_eval"

    def after_eval(self, strategy, *args, **kwargs):
        self.count += 1

    def get_last_metrics(self, since=0):
        return {self.name: self.values[max(self.count, 1) - 1]}


class Snapshots(SupervisedPlugin):
    """Weights and moments after every epoch."""

    def __init__(self):
        self.weights, self.moments = [], []

    def after_training_epoch(self, strategy, **kwargs):
        self.weights.append(weights(strategy))
        state = strategy.optimizer.state.values()
        self.moments.append([s["momentum_buffer"].clone() for s in state])


def train(values, epochs=6, evaluator=None, **options):
    options = {"patience": 2, "val_stream_name": "test_stream", **options}
    torch.manual_seed(0)
    model = tiny_model()
    snapshots = Snapshots()
    strategy = Naive(
        model,
        torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9),
        train_mb_size=10,
        train_epochs=epochs,
        eval_mb_size=100,
        evaluator=evaluator or Scripted(values),
        eval_every=1,
        plugins=[EarlyStoppingPlugin(**options), snapshots],
    )
    strategy.train(streams.class_incremental().train_stream[0])
    return strategy, snapshots


def same(a, b):
    return all(torch.equal(a[name], b[name]) for name in a)


@pytest.mark.parametrize(
    ("values", "options", "epochs", "best"),
    [
        ([0.1, 0.5, 0.4, 0.3, 0.9, 0.9], {}, 4, 2),
        ([0.1, 0.5, 0.4, 0.6, 0.5, 0.5], {}, 6, 4),
        ([0.5, 0.1, 0.4, 0.3, 0.0, 0.0], {"mode": "min"}, 4, 2),
        ([0.1, 0.25, 0.3, 0.34, 0.9, 0.9], {"margin": 0.1}, 4, 2),
        ([0.1, 0.2, 0.3, 0.4, 0.5, 0.6], {}, 6, 6),
    ],
    ids=["max", "later-best", "min", "margin", "ever-better"],
)
def test_stops_in_time_and_keeps_the_best_weights(values, options, epochs, best):
    strategy, snapshots = train([*values, 0.0], **options)
    assert len(snapshots.weights) == epochs
    assert same(weights(strategy), snapshots.weights[best - 1])
    plugin = strategy.plugins[0]
    assert plugin.best_step == best
    assert plugin.best_value == values[best - 1]


def test_moments_of_the_optimizer_go_back_with_the_weights():
    strategy, snapshots = train([0.1, 0.5, 0.4, 0.3, 0.9, 0.9, 0.0])
    moments = [s["momentum_buffer"] for s in strategy.optimizer.state.values()]
    assert all(torch.equal(a, b) for a, b in zip(moments, snapshots.moments[1], strict=True))


def test_patience_in_iterations():
    torch.manual_seed(0)
    model = tiny_model()
    plugin = EarlyStoppingPlugin(3, "test", peval_mode="iteration")
    strategy = Naive(
        model,
        torch.optim.SGD(model.parameters(), lr=0.05),
        train_mb_size=4,
        train_epochs=3,
        evaluator=Scripted([0.1, 0.2, 0.1, 0.1, 0.1] + [0.9] * 40),
        eval_every=1,
        peval_mode="iteration",
        plugins=[plugin],
    )
    seen = []

    class Keep(SupervisedPlugin):
        def after_training_iteration(self, strategy, **kwargs):
            seen.append(weights(strategy))

    strategy.add_plugin(Keep())
    strategy.train(streams.class_incremental().train_stream[0])
    assert plugin.best_step == 2
    assert len(seen) <= 6
    assert same(weights(strategy), seen[1])


def test_what_was_learnt_after_the_last_evaluation_is_evaluated():
    """Two of three epochs are followed by an evaluation; the third counts all the same."""
    torch.manual_seed(0)
    model = tiny_model()
    snapshots = Snapshots()
    strategy = Naive(
        model,
        torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9),
        train_mb_size=10,
        train_epochs=3,
        evaluator=Scripted([0.1, 0.9, 0.9]),
        eval_every=2,
        plugins=[EarlyStoppingPlugin(5, "test_stream"), snapshots],
    )
    strategy.train(streams.class_incremental().train_stream[0])
    assert strategy.plugins[0].best_step == 3
    assert same(weights(strategy), snapshots.weights[2])


def test_restored_weights_are_evaluated_again():
    evaluator = EvaluationPlugin(accuracy_metrics(stream=True))
    torch.manual_seed(0)
    strategy = build(
        lambda m, o, **k: Naive(m, o, plugins=[EarlyStoppingPlugin(50, "test_stream")], **k),
        evaluator=evaluator,
        eval_every=1,
        train_epochs=6,
    )
    benchmark = streams.class_incremental()
    results = strategy.train(benchmark.train_stream[0])
    again = strategy.eval(benchmark.test_stream)
    name = "Top1_Acc_Stream/eval_phase/test_stream/Task000"
    assert results[name] == again[name] == pytest.approx(strategy.plugins[0].best_value)


def test_each_task_has_its_own_validation_metric():
    """The metric of the last task is still known, and is not meant any more."""
    strategy = build(
        lambda m, o, **k: Naive(m, o, plugins=[EarlyStoppingPlugin(5, "test_stream")], **k),
        "multi-head",
        evaluator=EvaluationPlugin(accuracy_metrics(stream=True)),
        eval_every=1,
    )
    benchmark = streams.task_incremental()
    for train, test in zip(benchmark.train_stream, benchmark.test_stream, strict=True):
        results = strategy.train(train, eval_streams=[test])
        name = f"Top1_Acc_Stream/eval_phase/test_stream/Task00{test.task_label}"
        assert results[name] == pytest.approx(strategy.plugins[0].best_value)
    assert len([name for name in results if "Acc_Stream/eval_phase" in name]) == 3


@pytest.mark.parametrize("kind", ["growing", "multi-head"])
def test_growing_heads(kind):
    make = streams.task_incremental if kind == "multi-head" else streams.class_incremental
    strategy = build(
        lambda m, o, **k: Naive(m, o, plugins=[EarlyStoppingPlugin(1, "test_stream")], **k),
        kind,
        evaluator=EvaluationPlugin(accuracy_metrics(stream=True)),
        eval_every=1,
        train_epochs=5,
    )
    strategy.train(make().train_stream)
    assert strategy.clock.train_exp_counter == 3


def test_each_experience_counts_for_itself():
    """A value of an earlier experience is nobody's best later on."""
    strategy, _ = train([0.9] * 20, epochs=1)
    first = strategy.plugins[0].best_value
    strategy.evaluator.values = [0.2] * 20
    strategy.train(streams.class_incremental().train_stream[1])
    assert (first, strategy.plugins[0].best_value) == (0.9, 0.2)


def test_verbose_goes_to_the_log(caplog):
    with caplog.at_level(logging.INFO, "avalanche"):
        train([0.5, 0.4, 0.3, 0.2, 0.1, 0.0, 0.0], verbose=True)
    assert "0.5 after 1" in caplog.text
    assert "stop" in caplog.text


def test_no_evaluation_is_refused_before_training():
    strategy = build(lambda m, o, **k: Naive(m, o, plugins=[EarlyStoppingPlugin(1, "test")], **k))
    before = weights(strategy)
    with pytest.raises(ValueError, match="eval_every=-1.*eval_every=1"):
        strategy.train(streams.class_incremental().train_stream[0])
    assert same(before, weights(strategy))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"patience": 0}, "patience=0"),
        ({"patience": 1.5}, "patience=1.5"),
        ({"mode": "best"}, "mode='best'"),
        ({"peval_mode": "experience"}, "peval_mode='experience'"),
        ({"margin": -0.1}, "margin=-0.1"),
    ],
    ids=lambda v: str(v) if isinstance(v, str) else None,
)
def test_wrong_options_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        EarlyStoppingPlugin(**{"patience": 1, "val_stream_name": "test", **options})


def test_margin_of_another_type_is_refused():
    with pytest.raises(TypeError, match="margin='1'"):
        EarlyStoppingPlugin(1, "test", margin="1")


def test_evaluations_after_the_experience_are_not_enough():
    model = tiny_model()
    strategy = Naive(
        model,
        torch.optim.SGD(model.parameters(), lr=0.1),
        eval_every=1,
        peval_mode="experience",
        evaluator=Scripted([0.5]),
        plugins=[EarlyStoppingPlugin(1, "test_stream")],
    )
    with pytest.raises(ValueError, match=r"peval_mode='experience': .*peval_mode='epoch'"):
        strategy.train(streams.class_incremental().train_stream[0])


@pytest.mark.parametrize("mode", ["max", "min"])
@pytest.mark.parametrize(
    ("values", "epochs", "best"),
    [
        ([NAN, 0.5, 0.5, 0.5, 0.9, 0.9], 4, 2),
        ([0.5, NAN, NAN, 0.9, 0.9, 0.9], 3, 1),
        ([NAN, NAN, 0.5, 0.5, 0.5, 0.5], 2, 0),
    ],
    ids=["first", "later", "always"],
)
def test_nan_is_never_the_best(values, epochs, best, mode):
    strategy, snapshots = train([*values, 0.5], mode=mode)
    assert len(snapshots.weights) == epochs
    plugin = strategy.plugins[0]
    assert (plugin.best_step, plugin.best_value) == (best, 0.5 if best else None)
    assert same(weights(strategy), snapshots.weights[best - 1])


def test_a_best_value_of_nan_counts_as_none():
    plugin = EarlyStoppingPlugin(1, "test_stream")
    plugin.best_value = NAN
    assert plugin._is_better(0.1)


@pytest.mark.parametrize("value", [None, "", 3], ids=str)
@pytest.mark.parametrize("name", ["val_stream_name", "metric_name"])
def test_names_are_texts(name, value):
    with pytest.raises(TypeError, match=f"{name}={value!r}: expected a name such as"):
        EarlyStoppingPlugin(**{"patience": 1, "val_stream_name": "test_stream", name: value})


@pytest.mark.parametrize(
    "make",
    [
        lambda: EWCPlugin(1.0),
        lambda: SynapticIntelligencePlugin(1.0),
        lambda: MASPlugin(1.0),
        lambda: LwFPlugin(1.0),
        lambda: CWRStarPlugin(tiny_model()),
    ],
    ids=["EWC", "SI", "MAS", "LwF", "CWR*"],
)
def test_the_best_weights_are_back_before_any_method_looks_at_them(make):
    """The method's place in the list decides nothing, so all that follows is the same."""
    ends = []
    for stop_first in (True, False):
        torch.manual_seed(0)
        model = tiny_model()
        method = make()
        if isinstance(method, CWRStarPlugin):
            method = CWRStarPlugin(model)
        stop = EarlyStoppingPlugin(patience=9, val_stream_name="test_stream")
        strategy = Naive(
            model,
            torch.optim.SGD(model.parameters(), lr=0.1),
            train_mb_size=10,
            train_epochs=3,
            eval_every=1,
            evaluator=Scripted([0.5, 0.9, 0.1] * 4),
            plugins=[stop, method] if stop_first else [method, stop],
        )
        strategy.train(streams.class_incremental().train_stream[:2], shuffle=False)
        ends.append(weights(strategy))
    assert all(torch.equal(value, ends[1][name]) for name, value in ends[0].items())
