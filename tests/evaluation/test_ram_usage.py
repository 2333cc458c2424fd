"""Memory with readings of our own."""

from types import SimpleNamespace as Namespace

import psutil
import pytest
import torch
from fake_loop import FakeLoop, answers, make_stream
from test_peak import soon, threads

from avalanche.benchmarks.classic import SplitDigits
from avalanche.evaluation.metrics import MaxRAM, ram_usage_metrics
from avalanche.models import SimpleMLP
from avalanche.training import Naive
from avalanche.training.plugins.evaluation import EvaluationPlugin

MB = 1024**2


@pytest.fixture
def memory(monkeypatch):
    class Memory:
        megabytes = 100.0

    process = Namespace(memory_info=lambda: Namespace(rss=int(Memory.megabytes * MB)))
    monkeypatch.setattr(psutil, "Process", lambda: process)
    return Memory


def test_peak(memory):
    ram = MaxRAM()
    for megabytes in (100.0, 250.5, 120.0):
        memory.megabytes = megabytes
        ram.update()
    assert ram.result() == 250.5


class HungryLoop(FakeLoop):
    """Every forward pass takes one MB more, freed at the end of an epoch or experience."""

    memory = None

    def fire(self, event):
        if event in ("after_forward", "after_eval_forward"):
            self.memory.megabytes += 1
        super().fire(event)
        if event in ("after_training_epoch", "after_eval_exp"):
            self.memory.megabytes = 100.0


def test_every_granularity(memory):
    evaluator = EvaluationPlugin(
        ram_usage_metrics(every=60, minibatch=True, epoch=True, experience=True, stream=True)
    )
    loop = HungryLoop(evaluator)
    loop.memory = memory
    loop.train(make_stream("train")[0], [[answers(1, 1)] * 2, [answers(1, 1)]])
    assert soon(lambda: not threads())
    loop.eval(make_stream("test"), [[answers(1, 1)] * 3, [answers(1, 1)]])
    assert soon(lambda: not threads())
    place = "/train_phase/train_stream/Task000"
    assert evaluator.get_all_metrics() == {
        f"MaxRAMUsage_MB{place}": ([0, 1, 2], [101.0, 102.0, 101.0]),
        f"MaxRAMUsage_Epoch{place}": ([2, 3], [102.0, 101.0]),
        "MaxRAMUsage_Experience/eval_phase/test_stream/Task000/Exp000": ([3], [103.0]),
        "MaxRAMUsage_Experience/eval_phase/test_stream/Task000/Exp001": ([3], [101.0]),
        # between the moments of reset and emission only the thread reads, here every minute
        "MaxRAMUsage_Stream/eval_phase/test_stream/Task000": ([3], [100.0]),
    }


@pytest.mark.parametrize("phase", ["train", "eval"])
def test_the_thread_stops_when_the_loop_fails(phase):
    class Failing(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = torch.nn.Linear(64, 10)

        def forward(self, x):
            assert len(threads()) == 1
            raise RuntimeError("no more")

    model = Failing()
    metrics = ram_usage_metrics(every=0.01, epoch=phase == "train", stream=phase == "eval")
    strategy = Naive(
        model, torch.optim.SGD(model.parameters(), lr=0.1), evaluator=EvaluationPlugin(metrics)
    )
    benchmark = SplitDigits(5, seed=0)
    with pytest.raises(RuntimeError, match="no more"):
        getattr(strategy, phase)(benchmark.train_stream[0])
    assert soon(lambda: not threads())


def test_a_run_measures_this_process():
    model = SimpleMLP(input_size=64, hidden_size=8)
    evaluator = EvaluationPlugin(ram_usage_metrics(every=0.5, experience=True, epoch=True))
    strategy = Naive(
        model, torch.optim.SGD(model.parameters(), lr=0.1), train_mb_size=128, evaluator=evaluator
    )
    benchmark = SplitDigits(5, seed=0)
    strategy.train(benchmark.train_stream[0])
    strategy.eval(benchmark.test_stream[:1])
    rss = psutil.Process().memory_info().rss / MB
    for _, values in evaluator.get_all_metrics().values():
        assert values[0] == pytest.approx(rss, rel=0.5)
    assert soon(lambda: not threads())
