"""Processor use with clocks of our own."""

import time

import pytest
from fake_loop import FakeLoop, answers, make_stream

from avalanche.evaluation.metrics import CPUUsage, cpu_usage_metrics
from avalanche.training.plugins.evaluation import EvaluationPlugin


@pytest.fixture
def clocks(monkeypatch):
    class Clocks:
        process, wall = 7.0, 100.0

    monkeypatch.setattr(time, "process_time", lambda: Clocks.process)
    monkeypatch.setattr(time, "perf_counter", lambda: Clocks.wall)
    return Clocks


def test_percent_between_first_and_last_update(clocks):
    usage = CPUUsage()
    assert usage.result() == 0.0
    usage.update()
    assert usage.result() == 0.0
    for process, wall in ((1.0, 4.0), (8.0, 2.0)):
        clocks.process += process
        clocks.wall += wall
        usage.update()
    assert usage.result() == pytest.approx(150.0)  # 9 of 6 seconds: more than one core
    usage.reset()
    assert usage.result() == 0.0


def test_no_time_passed(clocks):
    usage = CPUUsage()
    usage.update()
    usage.update()
    assert usage.result() == 0.0


class Batches(list):
    """Two seconds to load a batch, in which the processor is idle."""

    clocks = None

    def __iter__(self):
        for batch in super().__iter__():
            self.clocks.wall += 2.0
            yield batch


class BusyLoop(FakeLoop):
    """An iteration takes one second of which the processor works a half."""

    clocks = None

    def fire(self, event):
        if event in ("after_forward", "after_eval_forward"):
            self.clocks.wall += 1.0
            self.clocks.process += 0.5
        super().fire(event)


def test_every_granularity(clocks):
    evaluator = EvaluationPlugin(
        cpu_usage_metrics(
            minibatch=True, epoch=True, epoch_running=True, experience=True, stream=True
        )
    )
    loop = BusyLoop(evaluator)
    loop.clocks = Batches.clocks = clocks
    loop.train(make_stream("train")[0], [Batches([answers(1, 1)] * 2)] * 2)
    loop.eval(make_stream("test"), [Batches([answers(1, 1)]), [answers(1, 1)]])
    place = "/train_phase/train_stream/Task000"
    sixth = pytest.approx(100 / 6)
    assert evaluator.get_all_metrics() == {
        f"CPUUsage_MB{place}": ([0, 1, 2, 3], [50.0] * 4),
        f"RunningCPUUsage_Epoch{place}": ([0, 1, 2, 3], [sixth] * 4),
        f"CPUUsage_Epoch{place}": ([2, 4], [sixth] * 2),
        "CPUUsage_Exp/eval_phase/test_stream/Task000/Exp000": ([4], [sixth]),
        "CPUUsage_Exp/eval_phase/test_stream/Task000/Exp001": ([4], [50.0]),
        "CPUUsage_Stream/eval_phase/test_stream/Task000": ([4], [25.0]),
    }


def test_no_iteration_event_unless_it_emits_there():
    evaluator = EvaluationPlugin(cpu_usage_metrics(epoch=True, experience=True, stream=True))
    assert not evaluator.listens("after_training_iteration")
    assert not evaluator.listens("after_eval_iteration")
