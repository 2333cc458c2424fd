"""Moments of reset and emission."""

import pytest
import torch
from fake_loop import FakeLoop, answers, make_stream

from avalanche.core.events import EVENTS, implements
from avalanche.evaluation import GenericPluginMetric, Metric, PluginMetric
from avalanche.evaluation.metric_results import MetricValue
from avalanche.evaluation.metrics import Accuracy, EpochAccuracy, Sum
from avalanche.training.plugins.evaluation import EvaluationPlugin


class Samples(GenericPluginMetric[float]):
    """Counts samples, a number whose value tells since when."""

    def __init__(self, *moments):
        super().__init__(Sum(), *moments)

    def update(self, strategy):
        self._metric.update(len(strategy.mb_y))

    def __str__(self):
        return "Samples"


TRAIN = {
    ("iteration", "iteration"): [1, 2, 3, 1, 2, 3],
    ("epoch", "iteration"): [1, 3, 3, 1, 3, 3],
    ("epoch", "epoch"): [3, 3, 3, 3],
    ("experience", "epoch"): [3, 6, 3, 6],
    ("experience", "experience"): [6, 6],
    ("stream", "stream"): [6, 6],
    ("never", "stream"): [6, 12],
    ("stream", "epoch"): [3, 6, 3, 6],
}
EVAL = {
    ("iteration", "iteration"): [1, 2, 3, 1, 2, 3],
    ("experience", "iteration"): [1, 3, 3, 1, 3, 3],
    ("experience", "experience"): [3, 3, 3, 3],
    ("stream", "experience"): [3, 6, 3, 6],
    ("stream", "stream"): [6, 6],
    ("never", "stream"): [6, 12],
}


@pytest.mark.parametrize(
    ("mode", "moments", "expected"),
    [("train", *row) for row in TRAIN.items()] + [("eval", *row) for row in EVAL.items()],
)
def test_reset_and_emission(mode, moments, expected):
    metric = Samples(*moments, mode)
    emitted = []
    evaluator = EvaluationPlugin(metric)
    publish = evaluator._history.add
    evaluator._history.add = lambda value: (emitted.append(value.value), publish(value))
    loop = FakeLoop(evaluator)
    train, test = make_stream("train"), make_stream("test")
    two, one = [answers(0, 1), answers(0, 2)], [answers(0, 3)]
    for experience in train:
        loop.train(experience, [two, one])
        loop.eval(test, [two, one])
    assert emitted == expected


def test_the_other_phase_is_left_alone():
    evaluator = EvaluationPlugin(Samples("never", "stream", "train"))
    loop = FakeLoop(evaluator)
    loop.eval(make_stream("test"), [[answers(0, 1)]] * 2)
    assert evaluator.get_last_metrics() == {}
    assert not evaluator.listens("after_eval_iteration")


@pytest.mark.parametrize(
    ("moments", "message"),
    [
        (("epoch", "epoch", "eval"), "reset_at='epoch': with mode='eval' expected one of 'iterat"),
        (("stream", "epoch", "eval"), "emit_at='epoch': with mode='eval' expected one of"),
        (("epoch", "never", "train"), "emit_at='never': with mode='train' expected one of"),
        (("epoch", "epoch", "test"), "mode='test': expected 'train' or 'eval'"),
    ],
)
def test_wrong_moments(moments, message):
    with pytest.raises(ValueError, match=message):
        Samples(*moments)


def test_listens_only_where_it_acts():
    metric = EpochAccuracy()
    acts = {event.name for event in EVENTS if implements(metric, event.name)}
    assert acts == {"before_training_epoch", "after_training_iteration", "after_training_epoch"}


def test_listens_where_a_subclass_overrides():
    class Louder(EpochAccuracy):
        def after_training_exp(self, strategy):
            return MetricValue(self, "Louder", 1, 0)

    assert implements(Louder(), "after_training_exp")


def test_dictionary_results_give_one_value_per_key():
    class Parts(GenericPluginMetric[dict]):
        def __init__(self):
            super().__init__(Accuracy(), "stream", "stream", "eval")

        def result(self):
            return {0: 0.5, 3: 0.25, "old": 1.0}

        def __str__(self):
            return "Parts_Stream"

    evaluator = EvaluationPlugin(Parts())
    FakeLoop(evaluator).eval(make_stream("test", 1), [[answers(1, 1)]])
    assert evaluator.get_last_metrics() == {
        "Parts_Stream/eval_phase/test_stream/Task000": 0.5,
        "Parts_Stream/eval_phase/test_stream/Task003": 0.25,
        "Parts_Stream/eval_phase/test_stream/Task000/old": 1.0,
    }


def test_a_user_metric_may_call_super():
    class Mine(PluginMetric[float]):
        def __init__(self):
            self.accuracy = Accuracy()

        def reset(self):
            self.accuracy.reset()

        def result(self):
            return self.accuracy.result()

        def after_training_iteration(self, strategy):
            super().after_training_iteration(strategy)
            self.accuracy.update(strategy.mb_output, strategy.mb_y)

        def after_training_epoch(self, strategy):
            return [MetricValue(self, "Mine", self.result(), strategy.clock.train_iterations)]

    evaluator = EvaluationPlugin(Mine())
    FakeLoop(evaluator).train(make_stream("train")[0], [[answers(1, 4)]])
    assert evaluator.get_all_metrics() == {"Mine": ([1], [0.25])}


def test_state_of_metrics_without_state_is_empty():
    class Plain(Metric[float]):
        def result(self):
            return 0.0

        def reset(self):
            pass

    metric = GenericPluginMetric(Plain())
    assert metric.state_dict() == {}
    metric.load_state_dict({})


def test_emitted_minibatch_values_stay_tensors_until_read():
    metric = Samples("iteration", "iteration", "train")
    metric.lazy_result = lambda: torch.tensor(2.0)
    loop = FakeLoop(EvaluationPlugin(metric))
    loop.experience, loop.is_training = make_stream("train")[0], True
    loop._set_batch(*answers(1, 1))
    seen = metric.after_training_iteration(loop)
    assert seen[0].pending
    assert seen[0].value == 2.0
    assert not seen[0].pending


class PerKey(GenericPluginMetric[dict]):
    """Emits a given dictionary at the end of a stream."""

    def __init__(self, values):
        super().__init__(Sum(), "stream", "stream", "eval")
        self.values = values

    def result(self):
        return self.values

    def __str__(self):
        return "PerKey"


@pytest.mark.parametrize(
    ("values", "endings"),
    [
        ({0: 0.25, 1: 0.75}, {"/Task000": 0.25, "/Task001": 0.75}),
        ({0: 0.25}, {"": 0.25}),
        ({0: 0.25, "all": 0.5}, {"": 0.25, "/all": 0.5}),
        ({True: 0.25, False: 0.75}, {"/True": 0.25, "/False": 0.75}),
    ],
    ids=["two", "one", "one-and-text", "bools"],
)
def test_no_value_of_a_dictionary_is_lost_without_task_labels(values, endings):
    evaluator = EvaluationPlugin(PerKey(values))
    FakeLoop(evaluator).eval(make_stream("test", 1, task_labels="none"), [[answers(1, 1)]])
    name = "PerKey/eval_phase/test_stream"
    assert evaluator.get_last_metrics() == {name + end: value for end, value in endings.items()}


class SamplesOfLearnt(GenericPluginMetric[float]):
    def __init__(self, *moments):
        super().__init__(Sum(), *moments, trained_only=True)

    def update(self, strategy):
        self._metric.update(len(strategy.mb_y))

    def __str__(self):
        return "Samples"


def test_the_experience_in_training_counts_as_learnt():
    evaluator = EvaluationPlugin(SamplesOfLearnt("stream", "stream", "eval"))
    test, sizes = make_stream("test", 3), [[answers(1, n)] for n in (1, 2, 4)]

    class Loop(FakeLoop):
        def fire(self, event):
            super().fire(event)
            if event == "after_training_epoch":
                self.eval(test, sizes)

    loop = Loop(evaluator)
    loop.eval(test, sizes)
    assert evaluator.get_all_metrics() == {}
    train = make_stream("train", 3)
    for place in (1, 0):
        loop.train(train[place], [[answers(1, 1)]] * 2)
    (values,) = evaluator.get_all_metrics().values()
    assert values[1] == [2, 2, 3, 3]


def test_nothing_is_emitted_where_nothing_learnt_was_evaluated():
    evaluator = EvaluationPlugin(SamplesOfLearnt("stream", "stream", "eval"))
    loop, test = FakeLoop(evaluator), make_stream("test", 3)
    loop.train(make_stream("train", 3)[0], [[answers(1, 1)]])
    loop.eval(test[1:], [[answers(1, 2)]] * 2)
    assert evaluator.get_last_metrics() == {}
    loop.eval(test, [[answers(1, 2)]] * 3)
    loop.eval(test[1:], [[answers(1, 2)]] * 2)
    (values,) = evaluator.get_all_metrics().values()
    assert values[1] == [2]
