"""Average mean class accuracy: phases, streams, names. Values of a phase: tests/conformance."""

import pytest
import torch
from fake_loop import FakeLoop, make_stream

from avalanche.evaluation.metrics import AMCAPluginMetric, AverageMeanClassAccuracy, MultiStreamAMCA
from avalanche.evaluation.metrics import amca_metrics as amca
from avalanche.training.plugins.evaluation import EvaluationPlugin


def batch(*found):
    """Three samples of class 0 and one of class 1, with these answers."""
    return torch.eye(2)[list(found)], torch.tensor([0, 0, 0, 1])


ALL, ZEROS, NONE = batch(0, 0, 0, 1), batch(0, 0, 0, 0), batch(1, 1, 1, 0)


def test_classes_weigh_the_same_and_evaluations_too():
    metric = AverageMeanClassAccuracy()
    assert metric.result() == {}
    for answers, so_far in [(ALL, 1.0), (ZEROS, (1 + 0.5) / 2), (NONE, (1 + 0.5 + 0) / 3)]:
        metric.update(*answers, 0)
        assert metric.result() == pytest.approx({0: so_far})
        metric.next_experience()
        assert metric.result() == pytest.approx({0: so_far})
    metric.next_experience()  # nothing was measured
    assert metric.result() == pytest.approx({0: 0.5})


def test_a_task_counts_the_evaluations_that_measured_it():
    metric = AverageMeanClassAccuracy()
    metric.update(*ALL, 0)
    metric.next_experience()
    metric.update(*ZEROS, 1)
    metric.next_experience()
    assert metric.result() == {0: 1.0, 1: 0.5}


def test_classes_without_samples_count_when_they_are_asked_for():
    metric = AverageMeanClassAccuracy(classes=[0, 1, 2, 3])
    metric.update(*ALL, 0)
    assert metric.result() == {0: 0.5}


def test_streams_do_not_mix():
    metric = MultiStreamAMCA(streams=["test_stream"])
    metric.update(*ALL, 0)  # no stream yet
    for stream, answers in [("test", ALL), ("valid", NONE), ("test", ZEROS)]:
        metric.set_stream(stream)
        metric.update(*answers, 0)
        metric.finish_phase()
    assert metric.result() == {"test": {0: 0.75}}
    with pytest.raises(TypeError, match="streams='test': expected a list of names"):
        MultiStreamAMCA(streams="test")


def evaluate(loop, answers, stream="test", task_labels=None):
    experiences = make_stream(stream, 1, task_labels=task_labels)
    loop.eval(experiences, [[answers]])


def test_names_and_values():
    loop = FakeLoop(EvaluationPlugin(amca()))
    for answers in (ALL, ZEROS):
        evaluate(loop, answers)
        evaluate(loop, answers, "valid")
    name = "Top1_AMCA_Stream/test_stream/Task000"
    assert loop.evaluator.get_all_metrics() == {name: ([0, 0], [1.0, 0.75])}


def test_all_streams_and_no_task_labels():
    loop = FakeLoop(EvaluationPlugin(AMCAPluginMetric()))
    evaluate(loop, ALL, task_labels="none")
    evaluate(loop, NONE, "valid")
    assert loop.evaluator.get_last_metrics() == {
        "Top1_AMCA_Stream/test_stream": 1.0,
        "Top1_AMCA_Stream/valid_stream/Task000": 0.0,
    }


@pytest.mark.parametrize(("ignore", "expected"), [(True, 1.0), (False, 0.5)], ids=str)
def test_evaluations_in_training(ignore, expected):
    metric = AMCAPluginMetric(ignore_validation=ignore)

    class Loop(FakeLoop):
        def fire(self, event):
            super().fire(event)
            if event == "after_training_epoch":
                evaluate(self, NONE)

    loop = Loop(EvaluationPlugin(metric))
    loop.train(make_stream("train")[0], [[ALL]])
    evaluate(loop, ALL)
    assert metric.result() == {"test": {0: expected}}


@pytest.mark.parametrize("saved", [False, True], ids=["same", "loaded"])
def test_batches_of_an_interrupted_evaluation_do_not_count(saved):
    def stop():
        yield ALL
        raise RuntimeError("stopped")

    evaluator = EvaluationPlugin(amca())
    evaluate(FakeLoop(evaluator), NONE)
    with pytest.raises(RuntimeError, match="stopped"):
        FakeLoop(evaluator).eval(make_stream("test", 1), [stop()])
    if saved:
        state, evaluator = evaluator.state_dict(), EvaluationPlugin(amca())
        evaluator.load_state_dict(state)
    evaluate(FakeLoop(evaluator), ZEROS)
    assert [*evaluator.get_last_metrics().values()] == [(0 + 0.5) / 2]


def test_state_round_trips():
    first, second = (EvaluationPlugin(amca()) for _ in range(2))
    evaluate(FakeLoop(first), ALL)
    second.load_state_dict(first.state_dict())
    evaluate(FakeLoop(second), ZEROS)
    assert [*second.get_last_metrics().values()] == [0.75]
