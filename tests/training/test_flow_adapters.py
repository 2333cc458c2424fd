"""Plugins made of steps, in the loops with callbacks."""

import pytest
import torch
from torch import nn
from torch.optim import SGD
from torch.utils.data import ConcatDataset, TensorDataset

from avalanche.benchmarks import nc_benchmark
from avalanche.core import SupervisedPlugin
from avalanche.models import SimpleMLP
from avalanche.training.skeletons import (
    FlowPlugin,
    StrategySkeleton,
    TestingFlow,
    TrainingFlow,
    as_plugin,
)
from avalanche.training.supervised import Naive


def benchmark():
    y = torch.arange(40) % 4
    data = TensorDataset(nn.functional.one_hot(y).float(), y)
    return nc_benchmark(data, data, 2, task_labels=False, shuffle=False)


def naive(*plugins, **options):
    torch.manual_seed(0)
    model = SimpleMLP(num_classes=4, input_size=4, hidden_size=6, drop_rate=0)
    return Naive(
        model, SGD(model.parameters(), lr=0.1), train_mb_size=10, eval_mb_size=10, evaluator=None,
        plugins=[as_plugin(plugin) for plugin in plugins], **options)  # fmt: skip


class Spy(StrategySkeleton):
    """Notes steps, and the values that are there."""

    def __init__(self):
        super().__init__()
        self.log = []

    @TrainingFlow
    def before_training(self, step_id, criterion, test_mb_size, train_mb_size, model):
        assert isinstance(criterion, nn.CrossEntropyLoss)
        assert (test_mb_size, train_mb_size) == (10, 10)
        assert isinstance(model, SimpleMLP)
        self.log.append(("before_training", step_id))

    @TrainingFlow
    def adapt_train_dataset(self, train_dataset):
        assert len(train_dataset[0]) == 2
        self.log.append(("adapt_train_dataset", len(train_dataset)))

    @TrainingFlow
    def before_training_epoch(self, epoch, train_data_loader):
        assert all(len(batch) == 2 for batch in train_data_loader)
        self.log.append(("before_training_epoch", epoch))

    @TrainingFlow
    def before_backward(self, loss, logits, train_mb_x, train_mb_y, iteration):
        assert loss.requires_grad
        assert logits.shape == (len(train_mb_x), 4)
        self.log.append(("before_backward", iteration))

    @TrainingFlow
    def after_training(self, epoch):
        self.log.append(("after_training", epoch))

    @TestingFlow
    def before_testing(self):
        self.log.append("before_testing")

    @TestingFlow
    def after_test_iteration(self, test_logits, test_loss, test_mb_y, step_id):
        loss = nn.functional.cross_entropy(test_logits, test_mb_y)
        assert test_loss.item() == pytest.approx(loss.item())
        self.log.append(("after_test_iteration", step_id))

    @TestingFlow
    def after_testing(self):
        self.log.append("after_testing")


def test_steps_and_values():
    spy = Spy()
    strategy = naive(spy, train_epochs=2)
    strategy.train(benchmark().train_stream[1])
    assert spy.log == [
        ("before_training", 1),
        ("adapt_train_dataset", 20),
        ("before_training_epoch", 0),
        ("before_backward", 0),
        ("before_backward", 1),
        ("before_training_epoch", 1),
        ("before_backward", 0),
        ("before_backward", 1),
        ("after_training", 1),
    ]
    spy.log.clear()
    strategy.eval(benchmark().test_stream)
    steps = [("after_test_iteration", step) for step in (0, 0, 1, 1)]
    assert spy.log == ["before_testing", *steps, "after_testing"]
    assert not spy.is_testing()


def test_what_is_published_replaces_the_strategy_s_own():
    class Replace(StrategySkeleton):
        @TrainingFlow
        def adapt_train_dataset(self, train_dataset):
            more = TensorDataset(torch.ones(3, 4), torch.tensor([3, 3, 3]))
            self.update_namespace(train_dataset=ConcatDataset([train_dataset, more]))

        @TrainingFlow
        def before_training_iteration(self, train_mb_x):
            self.update_namespace(train_mb_x=train_mb_x * 0)

        @TrainingFlow
        def before_backward(self, loss):
            self.update_namespace(loss=loss * 0)

    seen = []

    class After(SupervisedPlugin):
        def after_training_iteration(self, strategy, **kwargs):
            seen.append((strategy.mb_x.abs().sum().item(), strategy.loss.sum().item()))

    strategy = naive(Replace(), After())
    before = [p.detach().clone() for p in strategy.model.parameters()]
    strategy.train(benchmark().train_stream[0])
    assert seen == [(0.0, 0.0)] * 3
    assert all(map(torch.equal, before, strategy.model.parameters()))


def test_a_loader_of_pairs_gets_task_labels():
    class Short(StrategySkeleton):
        @TrainingFlow
        def set_task_layer(self, train_data_loader):
            self.update_namespace(train_data_loader=list(train_data_loader)[:1])

    strategy = naive(Short())
    strategy.train(benchmark().train_stream[0])
    assert strategy.clock.train_iterations == 1


def test_a_run_that_failed_does_not_stay_open():
    class Fails(StrategySkeleton):
        @TrainingFlow
        def before_backward(self, step_id):
            if step_id == 0:
                raise RuntimeError("stopped")

    strategy = naive(Fails())
    stream = benchmark().train_stream
    with pytest.raises(RuntimeError, match="stopped"):
        strategy.train(stream[0])
    strategy.train(stream[1])
    assert strategy.clock.train_exp_counter == 1


def test_steps_that_the_loop_does_not_have():
    class Epoch(StrategySkeleton):
        @TrainingFlow
        def training_epoch(self):
            """Part of a strategy."""

    with pytest.raises(ValueError, match="Epoch.training_epoch: .* never calls"):
        as_plugin(Epoch())


def test_plugins_of_the_loop_s_own_style_stay_as_they_are():
    plugin = SupervisedPlugin()
    assert as_plugin(plugin) is plugin
    assert repr(as_plugin(Spy())) == "FlowPlugin(Spy)"


def test_it_listens_where_it_acts():
    class Late(StrategySkeleton):
        @TrainingFlow
        def after_update(self):
            """Acts at one event."""

    plugin = FlowPlugin(Late())
    assert plugin.listens("after_update")
    assert not plugin.listens("before_update")
    assert not plugin.listens("after_eval_iteration")


def test_state():
    class Counts(StrategySkeleton):
        def __init__(self):
            super().__init__()
            self.count = 0

        @TrainingFlow
        def after_training(self):
            self.count += 1

        def state_dict(self):
            return {"count": self.count}

        def load_state_dict(self, state):
            self.count = state["count"]

    strategy, other = naive(Counts()), naive(Counts())
    strategy.train(benchmark().train_stream)
    other.load_state_dict(strategy.state_dict())
    assert other.plugins[0].plugin.count == 2
    with pytest.warns(UserWarning, match="Spy has no state_dict"):
        naive(Spy()).state_dict()
