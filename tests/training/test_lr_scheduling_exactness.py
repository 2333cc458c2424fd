"""Learning-rate schedules over a checkpoint, and the losses that they watch."""

import pytest
import torch
from torch import nn
from torch.optim import SGD
from torch.optim.lr_scheduler import CosineAnnealingLR, MultiStepLR, ReduceLROnPlateau

from avalanche.checkpointing import maybe_load_checkpoint, save_checkpoint
from avalanche.core import SupervisedPlugin
from avalanche.testing import streams
from avalanche.training import Naive
from avalanche.training.plugins import LRSchedulerPlugin

EPOCHS = 3


class Look(SupervisedPlugin):
    """The rate of every epoch; loss and size of every batch, trained or evaluated."""

    def __init__(self):
        self.rates, self.trained, self.evaluated = [], [], []

    def before_training_epoch(self, strategy, **kwargs):
        self.rates.append(strategy.optimizer.param_groups[0]["lr"])

    def after_training_iteration(self, strategy, **kwargs):
        self.trained.append((strategy.loss.item(), len(strategy.mb_y)))

    def after_eval_iteration(self, strategy, **kwargs):
        self.evaluated.append((strategy.loss.item(), len(strategy.mb_y)))


def make(scheduler, seed=0, options=None, **loop):
    """A strategy with a scheduler, and what is recorded of it."""
    torch.manual_seed(seed)
    model, look = nn.Linear(streams.FEATURES, streams.CLASSES), Look()
    optimizer = SGD(model.parameters(), lr=0.1)
    plugin = LRSchedulerPlugin(scheduler(optimizer), **(options or {}))
    loop = {"train_mb_size": 20, "train_epochs": EPOCHS, "evaluator": None, **loop}
    return Naive(model, optimizer, plugins=[plugin, look], **loop), look


SCHEDULES = {
    "multi-step": lambda o: MultiStepLR(o, [2, 4, 8], gamma=0.5),
    "cosine": lambda o: CosineAnnealingLR(o, T_max=12),
}


@pytest.mark.parametrize("scheduler", SCHEDULES.values(), ids=SCHEDULES)
def test_a_schedule_over_experiences_goes_on_after_a_checkpoint(scheduler, tmp_path):
    optimizer = SGD([nn.Parameter(torch.zeros(1))], lr=0.1)
    bare, expected = scheduler(optimizer), []
    for _ in range(3 * EPOCHS):
        expected.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        bare.step()
    goes_on = {"reset_scheduler": False, "reset_lr": False}
    benchmark = streams.class_incremental()
    whole, look = make(scheduler, options=goes_on)
    whole.train(benchmark.train_stream)
    assert look.rates == pytest.approx(expected)
    first, look = make(scheduler, options=goes_on)
    first.train(benchmark.train_stream[0])
    assert look.rates == pytest.approx(expected[:EPOCHS])
    save_checkpoint(first, tmp_path / "state.pt")
    fresh, look = make(scheduler, seed=1, options=goes_on)
    resumed, done = maybe_load_checkpoint(fresh, tmp_path / "state.pt", unique_objects=benchmark)
    look.rates.clear()  # what the plugin had noted came along
    resumed.train(benchmark.train_stream[done:])
    assert look.rates == pytest.approx(expected[EPOCHS:])


@pytest.mark.parametrize("metric", ["train_loss", "val_loss"])
def test_the_watched_loss_is_the_mean_over_samples_however_batches_are_cut(metric):
    """40 samples in batches of 3: the last batch has one."""
    seen = []

    class Spy(ReduceLROnPlateau):
        def step(self, metrics, epoch=None):
            seen.append(float(metrics))
            super().step(metrics)

    benchmark = streams.class_incremental()
    strategy, look = make(
        Spy, options={"metric": metric}, train_mb_size=3, eval_mb_size=3, train_epochs=1,
        eval_every=1)  # fmt: skip
    strategy.train(benchmark.train_stream[0], eval_streams=[benchmark.test_stream[:1]])
    # The evaluation before any training is not watched, the one after it is.
    batches = look.trained if metric == "train_loss" else look.evaluated[14:]
    assert [size for _, size in batches] == [3] * 13 + [1]
    assert seen == pytest.approx([sum(loss * size for loss, size in batches) / 40], rel=1e-5)
    unweighted = sum(loss for loss, _ in batches) / 14
    assert seen != pytest.approx([unweighted], rel=1e-3), "the last batch makes no difference"
