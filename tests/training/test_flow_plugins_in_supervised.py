"""Plugins in the style of flows attach to a supervised strategy."""

import torch
from torch import nn

from avalanche.testing import streams
from avalanche.training import Naive
from avalanche.training.skeletons import StrategySkeleton, TrainingFlow


class Halve(StrategySkeleton):
    """Publishes half of the training set, and notes when training ends."""

    def __init__(self):
        super().__init__()
        self.sizes, self.ends = [], []

    @TrainingFlow
    def adapt_train_dataset(self, step_id, train_dataset):
        self.sizes.append((step_id, len(train_dataset)))
        half = torch.utils.data.Subset(train_dataset, range(len(train_dataset) // 2))
        self.update_namespace(train_dataset=half)

    @TrainingFlow
    def after_training(self, step_id):
        self.ends.append(step_id)


def test_what_it_publishes_is_what_is_trained_on():
    halve = Halve()
    model = nn.Sequential(nn.Flatten(), nn.Linear(streams.FEATURES, streams.CLASSES))
    strategy = Naive(
        model, torch.optim.SGD(model.parameters(), lr=0.1),
        train_mb_size=10, evaluator=None, plugins=[halve],
    )  # fmt: skip
    for experience in streams.class_incremental().train_stream:
        strategy.train(experience)
    assert halve.sizes == [(0, 40), (1, 40), (2, 40)]
    assert halve.ends == [0, 1, 2]
    assert strategy.clock.train_iterations == 3 * 2
