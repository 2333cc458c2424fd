"""Time metrics with a clock of our own."""

import time

import pytest
from fake_loop import FakeLoop, answers, make_stream

from avalanche.evaluation.metrics import ElapsedTime, timing_metrics
from avalanche.training.plugins.evaluation import EvaluationPlugin


@pytest.fixture
def clock(monkeypatch):
    class Clock:
        now = 100.0

    monkeypatch.setattr(time, "perf_counter", lambda: Clock.now)
    return Clock


def test_elapsed(clock):
    elapsed = ElapsedTime()
    assert elapsed.result() == 0.0
    elapsed.update()
    assert elapsed.result() == 0.0
    for seconds in (2.0, 3.0):
        clock.now += seconds
        elapsed.update()
    assert elapsed.result() == 5.0
    elapsed.reset()
    assert elapsed.result() == 0.0


class Batches(list):
    """Batches of which each takes 2 s to load; an iteration takes 1 s."""

    def __init__(self, clock, batches):
        super().__init__(batches)
        self.clock = clock

    def __iter__(self):
        for batch in super().__iter__():
            self.clock.now += 2.0
            yield batch


class TimedLoop(FakeLoop):
    def fire(self, event):
        if event in ("after_forward", "after_eval_forward"):
            self.clock_of_wall.now += 1.0
        super().fire(event)


def test_every_granularity(clock):
    metrics = timing_metrics(
        minibatch=True, epoch=True, epoch_running=True, experience=True, stream=True
    )
    evaluator = EvaluationPlugin(metrics)
    loop = TimedLoop(evaluator)
    loop.clock_of_wall = clock
    loop.train(make_stream("train")[0], [Batches(clock, [answers(1, 1)] * 3)] * 2)
    loop.eval(make_stream("test"), [Batches(clock, [answers(1, 1)] * n) for n in (1, 2)])
    place = "/train_phase/train_stream/Task000"
    assert evaluator.get_all_metrics() == {
        f"Time_MB{place}": ([0, 1, 2, 3, 4, 5], [1.0] * 6),
        f"RunningTime_Epoch{place}": ([0, 1, 2, 3, 4, 5], [3.0] * 6),
        f"Time_Epoch{place}": ([3, 6], [9.0, 9.0]),
        "Time_Exp/eval_phase/test_stream/Task000/Exp000": ([6], [3.0]),
        "Time_Exp/eval_phase/test_stream/Task000/Exp001": ([6], [6.0]),
        "Time_Stream/eval_phase/test_stream/Task000": ([6], [9.0]),
    }


def test_running_time_is_the_mean_over_the_epoch_so_far(clock):
    evaluator = EvaluationPlugin(timing_metrics(epoch_running=True))
    loop = FakeLoop(evaluator)

    def seconds():
        for step in (1.0, 3.0, 8.0):
            clock.now += step
            yield answers(1, 1)

    loop.train(make_stream("train")[0], [seconds()])
    ((_, values),) = evaluator.get_all_metrics().values()
    assert values == [1.0, 2.0, 4.0]
    assert evaluator.metrics[0].result() == 4.0


def test_evaluations_are_not_part_of_the_time_of_training(clock):
    metrics = timing_metrics(minibatch=True, epoch=True, epoch_running=True, stream=True)

    class Loop(TimedLoop):
        clock_of_wall = clock

        def fire(self, event):
            super().fire(event)
            if event in ("before_training_epoch", "after_training_iteration"):
                batches = [Batches(clock, [answers(1, 1)] * 7)] * 2
                self.eval(make_stream("test"), batches)

    evaluator = EvaluationPlugin(metrics)
    Loop(evaluator).train(make_stream("train")[0], [Batches(clock, [answers(1, 1)] * 3)] * 2)
    place = "/train_phase/train_stream/Task000"
    found = evaluator.get_all_metrics()
    assert found[f"Time_MB{place}"][1] == [1.0] * 6
    assert found[f"RunningTime_Epoch{place}"][1] == [3.0] * 6
    assert found[f"Time_Epoch{place}"][1] == [9.0, 9.0]
    assert set(found["Time_Stream/eval_phase/test_stream/Task000"][1]) == {2 * 7 * 3.0}


def test_an_interrupted_evaluation_stops_no_clock_for_good(clock):
    evaluator = EvaluationPlugin(timing_metrics(epoch=True))
    loop = TimedLoop(evaluator)
    loop.clock_of_wall = clock

    def stop():
        clock.now += 5.0
        raise RuntimeError("stopped")
        yield

    with pytest.raises(RuntimeError, match="stopped"):
        loop.eval(make_stream("test", 1), [stop()])
    for _ in range(2):
        loop.train(make_stream("train")[0], [Batches(clock, [answers(1, 1)])])
        loop.eval(make_stream("test", 1), [[]])
    ((_, values),) = evaluator.get_all_metrics().values()
    assert values == [3.0, 3.0]


def test_a_clock_can_be_stopped(clock):
    elapsed = ElapsedTime()
    elapsed.resume()  # it does not stand still
    elapsed.pause()
    clock.now += 1.0
    elapsed.resume()
    elapsed.update()
    clock.now += 2.0
    elapsed.update()
    elapsed.pause()
    clock.now += 4.0
    elapsed.resume()
    assert elapsed.result() == 2.0
    clock.now += 8.0
    elapsed.update()
    assert elapsed.result() == 10.0


def test_no_iteration_event_unless_it_emits_there():
    evaluator = EvaluationPlugin(timing_metrics(epoch=True, experience=True, stream=True))
    assert not evaluator.listens("after_training_iteration")
    assert not evaluator.listens("after_eval_iteration")
