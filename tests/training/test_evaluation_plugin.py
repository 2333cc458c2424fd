"""The evaluation plugin: order of calls, results, errors, state."""

import copy
import importlib.util
import io
import sys
from pathlib import Path

import pytest
import torch
from torch.utils.data import TensorDataset

from avalanche.benchmarks import nc_benchmark
from avalanche.core.events import EVENTS, implements
from avalanche.evaluation import PluginMetric
from avalanche.evaluation.metric_results import MetricValue
from avalanche.evaluation.metrics import (
    Accuracy,
    accuracy_metrics,
    bwt_metrics,
    confusion_matrix_metrics,
    forgetting_metrics,
    loss_metrics,
    timing_metrics,
)
from avalanche.logging import BaseLogger, InteractiveLogger, TextLogger
from avalanche.training.plugins.evaluation import (
    EvaluationPlugin,
    default_evaluator,
    default_loggers,
)

_PATH = Path(__file__).parents[1] / "evaluation" / "fake_loop.py"
if "fake_loop" not in sys.modules:
    _spec = importlib.util.spec_from_file_location("fake_loop", _PATH)
    sys.modules["fake_loop"] = importlib.util.module_from_spec(_spec)
    _spec.loader.exec_module(sys.modules["fake_loop"])
fake_loop = sys.modules["fake_loop"]
FakeLoop, answers, make_stream = fake_loop.FakeLoop, fake_loop.answers, fake_loop.make_stream


class Recorder(PluginMetric[int]):
    """Emits its name at the end of an epoch and writes down when it is called."""

    def __init__(self, name, calls):
        self.name, self.calls = name, calls

    def result(self):
        return 1

    def reset(self):
        pass

    def after_training_epoch(self, strategy):
        self.calls.append(self.name)
        return MetricValue(self, self.name, 1, strategy.clock.train_iterations)

    def after_training_exp(self, strategy):
        self.calls.append(f"{self.name} silent")


class RecordingLogger(BaseLogger):
    def __init__(self, name, calls):
        self.name, self.calls = name, calls

    def log_metrics(self, metric_values):
        self.calls.append(f"{self.name} logs {[value.name for value in metric_values]}")

    def after_training_epoch(self, strategy, metric_values, **kwargs):
        self.calls.append(f"{self.name} callback {[value.name for value in metric_values]}")

    def after_training_exp(self, strategy, metric_values, **kwargs):
        self.calls.append(f"{self.name} callback {len(metric_values)} {kwargs}")


def test_order_metrics_then_each_logger_logs_and_is_called():
    calls = []
    evaluator = EvaluationPlugin(
        Recorder("m1", calls),
        [Recorder("m2", calls)],
        loggers=[RecordingLogger("l1", calls), RecordingLogger("l2", calls)],
    )
    FakeLoop(evaluator).train(make_stream("train")[0], [[answers(1, 1)]])
    both = "['m1', 'm2']"
    assert calls == [
        "m1",
        "m2",
        f"l1 logs {both}",
        f"l1 callback {both}",
        f"l2 logs {both}",
        f"l2 callback {both}",
        "m1 silent",
        "m2 silent",
        "l1 callback 0 {}",
        "l2 callback 0 {}",
    ]


def test_keyword_arguments_reach_loggers():
    calls = []
    evaluator = EvaluationPlugin(loggers=RecordingLogger("l", calls))
    evaluator.after_training_exp(None, colour="red")
    assert calls == ["l callback 0 {'colour': 'red'}"]


def acts(plugin):
    return {event.name for event in EVENTS if implements(plugin, event.name)}


def test_listens_only_where_something_acts():
    assert acts(EvaluationPlugin()) == set()
    assert acts(EvaluationPlugin(loss_metrics(epoch=True))) == {
        "before_training_epoch",
        "after_training_iteration",
        "after_training_epoch",
    }
    assert acts(EvaluationPlugin(loggers=RecordingLogger("l", []))) == {
        "after_training_epoch",
        "after_training_exp",
    }
    assert acts(EvaluationPlugin(strict_checks=True)) == {"before_eval"}
    assert acts(default_evaluator()) >= {"after_training_epoch", "after_eval_exp", "after_eval"}


def test_every_event_of_the_table_has_a_callback():
    for event in EVENTS:
        assert event.name in vars(EvaluationPlugin)


def run(evaluator, trainings=2):
    loop = FakeLoop(evaluator)
    train, test = make_stream("train"), make_stream("test")
    for t in range(trainings):
        loop.train(train[t], [[answers(t, 4)] * 2])
        loop.eval(test, [[answers(2, 4)], [answers(t, 4)]])
    return loop


def test_last_and_all_metrics():
    evaluator = EvaluationPlugin(accuracy_metrics(epoch=True, stream=True))
    run(evaluator)
    epoch = "Top1_Acc_Epoch/train_phase/train_stream/Task000"
    stream = "Top1_Acc_Stream/eval_phase/test_stream/Task000"
    assert evaluator.get_last_metrics() == {epoch: 0.25, stream: 0.375}
    assert evaluator.get_all_metrics() == {
        epoch: ([2, 4], [0.0, 0.25]),
        stream: ([2, 4], [0.25, 0.375]),
    }
    # the names of 0.6
    assert evaluator.last_metric_results == evaluator.get_last_metrics()
    assert evaluator.all_metric_results == evaluator.get_all_metrics()
    evaluator.reset_last_metrics()
    assert evaluator.get_last_metrics() == {}
    assert len(evaluator.get_all_metrics()) == 2
    evaluator.publish_metric_value(MetricValue(None, "mine", 1.0, 9))
    assert evaluator.get_last_metrics() == {"mine": 1.0}


def test_table_is_tidy():
    evaluator = EvaluationPlugin(accuracy_metrics(epoch=True, experience=True, stream=True))
    run(evaluator, trainings=1)
    columns = (
        "step",
        "trained_experience",
        "phase",
        "stream",
        "experience",
        "task",
        "metric",
        "value",
    )
    table = evaluator.table()
    assert all(tuple(row) == columns for row in table)
    assert [tuple(row.values()) for row in table] == [
        (2, 0, "train", "train", None, 0, "Top1_Acc_Epoch", 0.0),
        (2, 1, "eval", "test", 0, 0, "Top1_Acc_Exp", 0.5),
        (2, 1, "eval", "test", 1, 0, "Top1_Acc_Exp", 0.0),
        (2, 1, "eval", "test", None, None, "Top1_Acc_Stream", 0.25),
    ]


def test_without_collecting():
    evaluator = EvaluationPlugin(accuracy_metrics(stream=True), collect_all=False)
    run(evaluator)
    assert len(evaluator.get_last_metrics()) == 1
    assert evaluator.get_all_metrics() == {}
    with pytest.raises(RuntimeError, match="create the EvaluationPlugin with collect_all=True"):
        evaluator.table()


def test_inactive_does_nothing():
    calls = []
    evaluator = EvaluationPlugin(Recorder("m", calls), loggers=RecordingLogger("l", calls))
    assert evaluator.active
    evaluator.active = False
    run(evaluator)
    assert calls == []
    assert evaluator.get_last_metrics() == {}
    for wrong in (1, "yes", None):
        with pytest.raises(TypeError, match=f"active={wrong!r}: expected True or False"):
            evaluator.active = wrong


def test_strict_checks():
    evaluator = EvaluationPlugin(accuracy_metrics(stream=True), strict_checks=True)
    stream = type("Stream", (list,), {"name": "test"})(make_stream("test", 3))
    for experience in stream:
        experience.origin_stream = stream
    loop = FakeLoop(evaluator)
    loop.eval(stream, [[answers(1, 1)]] * 3)
    with pytest.raises(ValueError, match=r"experiences \[0, 1\] of the test stream.*expects all 3"):
        loop.eval(stream[:2], [[answers(1, 1)]] * 2)
    with pytest.raises(ValueError, match="evaluation of an empty stream"):
        loop.eval([], [])


def test_strict_checks_know_slices_of_streams():
    data = [TensorDataset(torch.zeros(4, 1), torch.arange(4)) for _ in range(2)]
    for one in data:
        one.targets = [0, 1, 2, 3]
    benchmark = nc_benchmark(*data, 2, task_labels=False, shuffle=False)
    train, test = benchmark.train_stream, benchmark.test_stream
    loop = FakeLoop(EvaluationPlugin(accuracy_metrics(stream=True), strict_checks=True))
    two = [[answers(1, 1)]] * 2
    for whole in (test, test[:], [test[1], test[0]], [test[:1][0], test[1:][0]]):
        loop.eval(whole, two)
    for part, given in ((test[:1], [0]), (test[1:], [1]), ([test[1]], [1])):
        message = rf"experiences \[{given[0]}\] of the test stream.*expects all 2"
        with pytest.raises(ValueError, match=message):
            loop.eval(part, two[:1])
    with pytest.raises(ValueError, match="of the streams train, test at once.*expects one"):
        loop.eval([train[0], test[1]], two)


def test_default_evaluator_is_new_each_time(capsys):
    first, second = default_evaluator(), default_evaluator()
    run(first)
    assert second.get_last_metrics() == {}
    assert set(first.metrics).isdisjoint(second.metrics)
    assert [str(metric) for metric in first.metrics] == [
        "Top1_Acc_Epoch",
        "Top1_Acc_Exp",
        "Top1_Acc_Stream",
        "Loss_Epoch",
        "Loss_Exp",
        "Loss_Stream",
    ]
    assert "Epoch 0 ended." in capsys.readouterr().out
    assert isinstance(default_loggers()[0], InteractiveLogger)


@pytest.mark.parametrize("as_what", ["one", "list", "function"])
def test_loggers_in_any_form(as_what):
    logger = TextLogger()
    given = {"one": logger, "list": [logger], "function": lambda: [logger]}[as_what]
    assert EvaluationPlugin(loggers=given).loggers == [logger]


class Mute(PluginMetric[int]):
    def result(self):
        return 0

    def reset(self):
        pass


class Misspelt(Mute):
    def after_traning_epoch(self, strategy):
        return None


class NotALogger:
    pass


@pytest.mark.parametrize(
    ("arguments", "options", "error", "message"),
    [
        ((Accuracy(),), {}, TypeError, "metrics=.*Accuracy does not follow a strategy"),
        (([3],), {}, TypeError, "metrics=3: int does not follow a strategy"),
        (("text",), {}, TypeError, "metrics='text': str does not follow"),
        ((accuracy_metrics,), {}, TypeError, "metrics=.*accuracy_metrics"),
        ((Mute(),), {}, ValueError, "Mute overrides no callback, so it can never emit"),
        ((Misspelt(),), {}, ValueError, "after_traning_epoch: no event has this name"),
        ((), {"loggers": NotALogger()}, TypeError, "NotALogger is not a logger; expected an inst"),
        ((), {"loggers": ["text"]}, TypeError, "loggers='text': str is not a logger"),
        ((), {"loggers": TextLogger}, TypeError, "TextLogger is not a logger; expected an instan"),
    ],
)
def test_wrong_arguments(arguments, options, error, message):
    with pytest.raises(error, match=message):
        EvaluationPlugin(*arguments, **options)


def test_one_metric_object_twice():
    metric = accuracy_metrics(epoch=True)
    with pytest.raises(ValueError, match="Top1_Acc_Epoch was given twice"):
        EvaluationPlugin(metric, metric)


def everything():
    return EvaluationPlugin(
        accuracy_metrics(minibatch=True, epoch=True, stream=True, trained_experience=True),
        loss_metrics(epoch=True, experience=True),
        forgetting_metrics(experience=True, stream=True),
        forgetting_metrics(stream=True, reference="best"),
        bwt_metrics(experience=True, stream=True),
        confusion_matrix_metrics(2, stream=True),
    )


def test_resumed_run_equals_the_uninterrupted_one(tmp_path):
    whole, first, second = everything(), everything(), everything()
    run(whole)
    loop = run(first, trainings=1)
    torch.save(first.state_dict(), tmp_path / "state.pt")
    second.load_state_dict(torch.load(tmp_path / "state.pt", weights_only=True))
    loop.evaluator = second
    loop.train(make_stream("train")[1], [[answers(1, 4)] * 2])
    loop.eval(make_stream("test"), [[answers(2, 4)], [answers(1, 4)]])
    assert second.table() == whole.table()


def test_state_of_other_metrics_is_refused():
    state = EvaluationPlugin(accuracy_metrics(epoch=True)).state_dict()
    with pytest.raises(ValueError, match=r"with metrics \['Top1_Acc_Epoch'\]: this one has \[\]"):
        EvaluationPlugin().load_state_dict(state)


def test_deepcopy_goes_its_own_way():
    evaluator = EvaluationPlugin(accuracy_metrics(stream=True))
    run(evaluator, trainings=1)
    twin = copy.deepcopy(evaluator)
    before = evaluator.get_all_metrics()
    run(twin)
    assert evaluator.get_all_metrics() == before


def test_close_reaches_every_logger():
    closed = []

    class Closing(BaseLogger):
        def close(self):
            closed.append(self)

    loggers = [Closing(), Closing()]
    EvaluationPlugin(loggers=loggers).close()
    assert closed == loggers


class NoConversionLoop(FakeLoop):
    """Refuses that a value is converted to a python number at the events of an iteration."""

    def fire(self, event):
        if not event.endswith("_iteration"):
            super().fire(event)
            return
        with pytest.MonkeyPatch.context() as patch:
            for name in ("item", "tolist", "__float__", "__int__", "__bool__", "numpy", "cpu"):
                patch.setattr(torch.Tensor, name, _refuse)
            super().fire(event)


def _refuse(*args, **kwargs):
    raise AssertionError("a value was converted on an iteration that nobody logs")


def test_values_stay_on_the_device_until_somebody_asks():
    running = {"minibatch": True, "epoch": True, "epoch_running": True}
    evaluator = EvaluationPlugin(
        accuracy_metrics(**running, experience=True, stream=True, trained_experience=True),
        loss_metrics(**running, experience=True, stream=True),
        timing_metrics(**running),
        forgetting_metrics(experience=True, stream=True),
        loggers=TextLogger(io.StringIO()),
    )
    loop = NoConversionLoop(evaluator)
    loop.train(make_stream("train")[0], [[answers(1, 4)] * 5] * 2)
    loop.eval(make_stream("test"), [[answers(1, 4)] * 5] * 2)
    assert len(evaluator.table()) == 2 * (5 * 6 + 3) + 2 * 2 + 3 + 1


def test_metrics_in_lists_of_lists_and_the_benchmark_of_older_scripts():
    lists = [[accuracy_metrics(epoch=True), [loss_metrics(epoch=True)]]]
    evaluator = EvaluationPlugin(lists, benchmark="any")
    assert [str(m) for m in evaluator.metrics] == ["Top1_Acc_Epoch", "Loss_Epoch"]


class Returning(PluginMetric[int]):
    """Emits whatever it is given."""

    def __init__(self, value):
        self.value = value

    def result(self):
        return self.value

    def reset(self):
        pass

    def after_training_epoch(self, strategy):
        return self.value


@pytest.mark.parametrize(
    "value", [0.5, {"a": 1.0}, "text", torch.tensor([1.0, 2.0]), [0.5], [("a", 1)]], ids=str
)
def test_a_metric_that_returns_no_values_is_named(value):
    loop = FakeLoop(EvaluationPlugin(Returning(value)))
    message = r"Returning.after_training_epoch returned .*: expected a MetricValue, a list of them"
    with pytest.raises(TypeError, match=message):
        loop.train(make_stream("train")[0], [[answers(3, 4)]])
    assert loop.evaluator.get_all_metrics() == {}


def test_values_may_come_in_any_iterable():
    for many in (tuple, list, iter):
        metric = Returning(None)
        metric.value = many([MetricValue(metric, "a", 1.0, 0), MetricValue(metric, "b", 2.0, 0)])
        loop = FakeLoop(EvaluationPlugin(metric))
        loop.train(make_stream("train")[0], [[answers(3, 4)]])
        assert loop.evaluator.get_last_metrics() == {"a": 1.0, "b": 2.0}
