"""Seed 000, "Advanced mode": the document's own code, on small data."""

import torch
from torch import nn
from torch.utils.data import TensorDataset

from avalanche.benchmarks.generators import NCScenario
from avalanche.benchmarks.scenarios import DatasetPart
from avalanche.training.plugins import EvaluationPlugin
from avalanche.training.skeletons import (
    FlowGroup,
    IStrategy,
    StrategyFlow,
    StrategySkeleton,
    StrategyTemplate,
    TestingFlow,
    TrainingFlow,
)
from avalanche.training.templates import DeepLearningStrategy, MTDeepLearningStrategy


class Consolidating(DeepLearningStrategy):
    """A strategy with a step of its own and another order of the testing flow."""

    def __init__(self, model):
        super().__init__(model, train_epochs=2, evaluation_protocol=EvaluationPlugin())
        self.calls = []
        self.training_flow.append_part_list(["consolidate"], after_part="TrainingLoop")
        self.testing_flow.remove_part("after_step_testing")
        self.testing_flow.append_part_list(["after_step_testing"], to_group="AfterTesting")

    @TrainingFlow
    def consolidate(self, train_dataset, epoch):
        self.calls.append(("consolidate", len(train_dataset), epoch))

    @TrainingFlow
    def training_epoch(self, epoch):
        self.calls.append(("training_epoch", epoch))

    @TestingFlow
    def testing_epoch(self, step_id):
        self.calls.append(("testing_epoch", step_id))

    @TestingFlow
    def after_step_testing(self):
        self.calls.append(("after_step_testing",))


class Watcher(StrategySkeleton):
    """A plugin of the new step."""

    @TrainingFlow
    def consolidate(self, calls):
        calls.append(("watched",))


def test_a_new_step_and_another_order():
    data = TensorDataset(torch.zeros(8, 3), torch.arange(8) % 4)
    step_info = NCScenario(data, data, 2)[0]
    strategy = Consolidating(nn.Linear(3, 4))
    strategy.add_plugin(Watcher())
    strategy.train(step_info)
    strategy.test(step_info, DatasetPart.COMPLETE)
    assert strategy.calls == [
        ("training_epoch", 0),
        ("training_epoch", 1),
        ("watched",),
        ("consolidate", 4, 2),
        ("testing_epoch", 0),
        ("testing_epoch", 1),
        ("after_step_testing",),
    ]


def test_the_classes_that_the_document_names():
    assert issubclass(MTDeepLearningStrategy, DeepLearningStrategy)
    assert issubclass(DeepLearningStrategy, StrategyTemplate)
    assert issubclass(StrategyTemplate, (StrategySkeleton, IStrategy))
    strategy = Consolidating(nn.Linear(3, 4))
    assert isinstance(strategy.training_flow, StrategyFlow)
    assert isinstance(strategy.training_flow.root, FlowGroup)
