"""GDumb of the flow family: a memory without doubles, and a fresh start at each step."""

import pytest
import torch
from torch import nn
from torch.optim import SGD
from torch.utils.data import TensorDataset

from avalanche.benchmarks.generators import NCScenario
from avalanche.models import SimpleMLP
from avalanche.training.plugins import EvaluationPlugin
from avalanche.training.skeletons import StrategySkeleton, TrainingFlow
from avalanche.training.strategies import FlowGDumb
from avalanche.training.strategies.greedy_memory import GreedyMemory


def scenario():
    data = TensorDataset(torch.arange(80.0)[:, None] / 80, torch.arange(80) % 4)
    return NCScenario(data, data, 2, shuffle=False)


def make(plugins=(), **options):
    torch.manual_seed(0)
    model = SimpleMLP(num_classes=4, input_size=1, hidden_size=8, drop_rate=0)
    optimizer = SGD(model.parameters(), lr=0.5, momentum=0.9)
    options = {"mem_size": 1000, "train_mb_size": 20, "train_epochs": 2, **options}
    return FlowGDumb(
        model, "classifier", optimizer, None, evaluation_protocol=EvaluationPlugin(),
        plugins=list(plugins), **options)  # fmt: skip


class Watch(StrategySkeleton):
    """Notes what each epoch begins with, decays the learning rate, and may interrupt."""

    def __init__(self):
        super().__init__()
        self.rates, self.moments, self.armed = [], [], None

    @TrainingFlow
    def before_training_epoch(self, optimizer):
        self.rates.append(optimizer.param_groups[0]["lr"])
        self.moments.append(len(optimizer.state))

    @TrainingFlow
    def after_training_epoch(self, optimizer):
        for group in optimizer.param_groups:
            group["lr"] /= 10
        if self.armed == "epoch":
            raise KeyboardInterrupt

    @TrainingFlow
    def after_training(self):
        if self.armed == "end":
            raise OSError("disk full")


def memory(strategy):
    return next(p for p in strategy.plugins if isinstance(p, GreedyMemory)).memory


def test_an_interrupted_step_is_in_the_memory_once():
    watch = Watch()
    strategy = make([watch])
    first, second = scenario()
    strategy.train(first)
    watch.armed = "epoch"
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            strategy.train(second)
    watch.armed = None
    strategy.train(second)
    stored = memory(strategy).buffer
    inputs = stored.batch(range(len(stored)))[0].flatten()
    assert len(inputs) == len(inputs.unique()) == 80
    assert stored.targets.count == dict.fromkeys(range(4), 20)


def test_a_step_that_was_learnt_stays_whatever_comes_after_its_last_epoch():
    watch = Watch()
    strategy = make([watch])
    first, second = scenario()
    watch.armed = "end"
    with pytest.raises(OSError, match="disk full"):
        strategy.train(first)
    watch.armed = None
    strategy.train(second)
    assert memory(strategy).buffer.targets.count == dict.fromkeys(range(4), 20)


def test_a_step_whose_training_stops_early_stays():
    class Stop(StrategySkeleton):
        @TrainingFlow
        def after_training_epoch(self):
            self.update_namespace(training_stopped=True)

    strategy = make([Stop()], train_epochs=5)
    for step_info in scenario():
        strategy.train(step_info)
    assert memory(strategy).buffer.targets.count == dict.fromkeys(range(4), 20)


def _again(model):
    nn.init.zeros_(model.features[0].weight)


@pytest.mark.parametrize("reinit", [None, _again], ids=["own weights", "function"])
def test_the_optimizer_begins_anew_at_each_step(reinit):
    watch = Watch()
    strategy = make([watch], reinit_function=reinit)
    for step_info in scenario():
        strategy.train(step_info)
    assert watch.rates == pytest.approx([0.5, 0.05] * 2)
    assert watch.moments[0] == watch.moments[2] == 0
    assert watch.moments[1] > 0


def test_without_fresh_weights_the_optimizer_goes_on():
    watch = Watch()
    strategy = make([watch], reinit_model_before_step=False)
    for step_info in scenario():
        strategy.train(step_info)
    assert watch.rates == pytest.approx([0.5, 0.05, 0.005, 0.0005])
    assert watch.moments[2] > 0


def test_a_memory_that_holds_nothing_is_refused():
    for wrong in (make, GreedyMemory):
        with pytest.raises(ValueError, match="mem_size=0: GDumb trains on the memory alone"):
            wrong(mem_size=0)
    with pytest.raises(ValueError, match="mem_size=2.5: expected a whole number"):
        make(mem_size=2.5)
