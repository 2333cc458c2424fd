"""The meta-learning loop: its events, in order, and that it learns what it is told to."""

import torch
from torch import nn

from avalanche.core import SupervisedMetaLearningPlugin
from avalanche.testing import streams
from avalanche.training.templates import SupervisedMetaLearningTemplate


class Reptile(SupervisedMetaLearningTemplate):
    """One inner step on the batch, then half of the way."""

    def _inner_updates(self, **kwargs):
        self.start = [p.detach().clone() for p in self.model.parameters()]
        self.loss = self.loss + nn.functional.cross_entropy(self.forward(), self.mb_y)
        self.loss.backward()
        self.optimizer.step()

    @torch.no_grad()
    def _outer_update(self, **kwargs):
        for p, before in zip(self.model.parameters(), self.start, strict=True):
            p.copy_((p + before) / 2)


class Spy(SupervisedMetaLearningPlugin):
    def __init__(self):
        self.events = []

    def before_training_iteration(self, strategy, **kwargs):
        self.events.append("before_training_iteration")

    def before_inner_updates(self, strategy, **kwargs):
        self.events.append("before_inner_updates")

    def after_inner_updates(self, strategy, **kwargs):
        self.events.append("after_inner_updates")

    def before_outer_update(self, strategy, **kwargs):
        self.events.append("before_outer_update")

    def after_outer_update(self, strategy, **kwargs):
        self.events.append("after_outer_update")

    def after_training_iteration(self, strategy, **kwargs):
        self.events.append("after_training_iteration")


def test_inner_and_outer_updates():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Flatten(), nn.Linear(streams.FEATURES, streams.CLASSES))
    before = model[1].weight.detach().clone()
    spy = Spy()
    strategy = Reptile(
        model, torch.optim.SGD(model.parameters(), lr=0.1),
        train_mb_size=40, evaluator=None, plugins=[spy],
    )  # fmt: skip
    experience = streams.class_incremental().train_stream[0]
    strategy.train(experience, shuffle=False)
    assert spy.events == [
        "before_training_iteration",
        "before_inner_updates",
        "after_inner_updates",
        "before_outer_update",
        "after_outer_update",
        "after_training_iteration",
    ]
    x, y, _ = experience.dataset.batch(range(40))
    leaf = before.clone().requires_grad_()
    # By hand: one step of size 0.1 from the start, then half of it. The bias started elsewhere.
    torch.manual_seed(0)
    start = nn.Linear(streams.FEATURES, streams.CLASSES)
    gradient = torch.autograd.grad(
        nn.functional.cross_entropy(x @ leaf.T + start.bias.detach(), y), leaf
    )[0]
    torch.testing.assert_close(model[1].weight, before - 0.05 * gradient)
