"""Learning-rate schedules: rates per epoch and iteration, against torch's own schedulers."""

import pytest
import torch
from torch.optim import SGD, Adam
from torch.optim.lr_scheduler import (
    ExponentialLR,
    LinearLR,
    MultiStepLR,
    OneCycleLR,
    ReduceLROnPlateau,
)
from torch.utils.data import TensorDataset

from avalanche.benchmarks import nc_benchmark
from avalanche.core import SupervisedPlugin
from avalanche.evaluation.metrics import loss_metrics
from avalanche.models import IncrementalMLP
from avalanche.testing import STRATEGY_CHECKS, streams
from avalanche.testing.strategies import tiny_model
from avalanche.training import Naive
from avalanche.training.plugins import EvaluationPlugin
from avalanche.training.plugins.lr_scheduling import LRSchedulerPlugin

CHECKS = {check.__name__: check for check in STRATEGY_CHECKS}


class Rates(SupervisedPlugin):
    """The rate of every epoch and iteration, and the losses."""

    def __init__(self):
        self.epochs, self.iterations, self.losses, self.sizes = [], [], [], []
        self.eval_losses = []

    def before_training_epoch(self, strategy, **kwargs):
        self.epochs.append(strategy.optimizer.param_groups[0]["lr"])

    def before_training_iteration(self, strategy, **kwargs):
        self.iterations.append(strategy.optimizer.param_groups[0]["lr"])

    def after_training_iteration(self, strategy, **kwargs):
        self.losses.append(strategy.loss.item())
        self.sizes.append(len(strategy.mb_y))

    def after_eval_iteration(self, strategy, **kwargs):
        self.eval_losses.append(strategy.loss.item())


def run(make, experiences=2, epochs=3, optimizer=SGD, lr=1e-3, eval_every=-1, loop=None, **options):
    """Train with a scheduler; what was recorded, and the strategy."""
    torch.manual_seed(0)
    model = tiny_model()
    made = optimizer(model.parameters(), lr=lr)
    rates = Rates()
    strategy = Naive(
        model,
        made,
        train_mb_size=20,
        train_epochs=epochs,
        eval_mb_size=1000,
        evaluator=None,
        eval_every=eval_every,
        plugins=[LRSchedulerPlugin(make(made), **options), rates],
        **(loop or {}),
    )
    benchmark = streams.class_incremental()
    for experience in benchmark.train_stream[:experiences]:
        strategy.train(experience)
    return rates, strategy


def by_torch(make, steps, lr=1e-3):
    """Rates that a scheduler gives by itself, before each of so many steps."""
    optimizer = SGD([torch.nn.Parameter(torch.zeros(1))], lr=lr)
    scheduler = make(optimizer)
    rates = []
    for _ in range(steps):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return rates


SCHEDULES = {
    "multi-step": lambda o: MultiStepLR(o, [1, 2]),
    "exponential": lambda o: ExponentialLR(o, 0.5),
    "linear-warm-up": lambda o: LinearLR(o, 0.1, 1.0, 3),
}


@pytest.mark.parametrize("make", SCHEDULES.values(), ids=SCHEDULES)
def test_every_experience_starts_the_schedule_anew(make):
    rates, strategy = run(make)
    assert rates.epochs == pytest.approx(by_torch(make, 3) * 2)
    assert strategy.optimizer.param_groups[0]["lr"] == pytest.approx(by_torch(make, 1)[0])


def test_a_schedule_may_go_on_over_experiences():
    make = SCHEDULES["exponential"]
    rates, _ = run(make, reset_scheduler=False, reset_lr=False)
    assert rates.epochs == pytest.approx(by_torch(make, 6))


def test_rates_and_schedule_are_put_back_separately():
    make = SCHEDULES["multi-step"]
    only_rates, _ = run(make, reset_scheduler=False)
    assert only_rates.epochs == pytest.approx([1e-3, 1e-4, 1e-5, 1e-3, 1e-3, 1e-3])
    only_schedule, _ = run(make, reset_lr=False)
    assert only_schedule.epochs == pytest.approx([1e-3, 1e-4, 1e-5, 1e-5, 1e-6, 1e-7])


def test_momentum_of_a_one_cycle_schedule_is_put_back():
    def make(optimizer):
        return OneCycleLR(optimizer, max_lr=0.1, total_steps=12)

    rates, strategy = run(make, epochs=6, optimizer=Adam, step_granularity="iteration")
    assert rates.iterations[:12] == pytest.approx(rates.iterations[12:])
    assert strategy.optimizer.param_groups[0]["betas"][0] == pytest.approx(0.95)


def test_steps_of_iterations():
    make = SCHEDULES["exponential"]
    rates, _ = run(make, epochs=2, step_granularity="iteration")
    assert rates.iterations == pytest.approx(by_torch(make, 4) * 2)


def test_steps_of_the_first_epoch_or_experience_only():
    make = SCHEDULES["exponential"]
    first = by_torch(make, 3)
    warm_up, _ = run(make, epochs=2, step_granularity="iteration", first_epoch_only=True)
    assert warm_up.iterations == pytest.approx([*first, first[-1]] * 2)
    once, _ = run(make, first_exp_only=True)
    assert once.epochs == pytest.approx([*first, *[1e-3] * 3])


def test_plateau_watches_the_mean_loss_of_the_epoch():
    seen = []

    class Spy(ReduceLROnPlateau):
        def step(self, metrics, epoch=None):
            seen.append(float(metrics))
            super().step(metrics)

    rates, _ = run(lambda o: Spy(o), metric="train_loss", experiences=1)
    losses = torch.tensor(rates.losses).view(3, 2)
    assert seen == pytest.approx(losses.mean(1).tolist())


def test_plateau_watches_evaluations_during_training():
    seen = []

    class Spy(ReduceLROnPlateau):
        def step(self, metrics, epoch=None):
            seen.append(float(metrics))
            super().step(metrics)

    rates, _ = run(lambda o: Spy(o), metric="val_loss", experiences=1, eval_every=1, epochs=2)
    # Three test experiences in one batch each; the first evaluation is before any training.
    evaluations = torch.tensor(rates.eval_losses).view(-1, 3).mean(1)
    assert seen == pytest.approx(evaluations[1:3].tolist(), rel=1e-5)


def test_plateau_reduces_the_rate():
    def make(optimizer):
        return ReduceLROnPlateau(optimizer, patience=0, threshold=10.0)

    rates, _ = run(make, metric="train_loss")
    assert rates.epochs == pytest.approx([1e-3, 1e-4, 1e-5] * 2)


@pytest.mark.parametrize("check", CHECKS.values(), ids=CHECKS)
def test_checks_of_strategies(check):
    def factory(model, optimizer, **loop):
        plugin = LRSchedulerPlugin(MultiStepLR(optimizer, [1]), step_granularity="iteration")
        loop["plugins"] = [*(loop.get("plugins") or ()), plugin]
        return Naive(model, optimizer, **loop)

    check(factory)


def test_scheduler_of_another_optimizer_is_refused():
    model = tiny_model()
    other = SGD(model.parameters(), lr=0.1)
    plugin = LRSchedulerPlugin(ExponentialLR(other, 0.5))
    strategy = Naive(model, SGD(model.parameters(), lr=0.1), evaluator=None, plugins=[plugin])
    with pytest.raises(ValueError, match="another optimizer"):
        strategy.train(streams.class_incremental().train_stream[0])


def test_watching_evaluations_needs_some():
    with pytest.raises(ValueError, match="eval_every=-1"):
        run(lambda o: ReduceLROnPlateau(o), metric="val_loss")


@pytest.mark.parametrize(
    ("make", "options", "message"),
    [
        (lambda o: ReduceLROnPlateau(o), {}, "watches a metric; give"),
        (SCHEDULES["exponential"], {"metric": "train_loss"}, "watches nothing; leave it out"),
        (SCHEDULES["exponential"], {"metric": "loss"}, "metric='loss'"),
        (SCHEDULES["exponential"], {"step_granularity": "step"}, "step_granularity='step'"),
    ],
    ids=["no-metric", "a-metric-too-many", "unknown-metric", "unknown-granularity"],
)
def test_wrong_options_are_refused(make, options, message):
    with pytest.raises(ValueError, match=message):
        LRSchedulerPlugin(make(SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.1)), **options)


def test_evaluations_after_the_experience_are_not_enough():
    with pytest.raises(ValueError, match=r"peval_mode='experience': .*peval_mode='epoch'"):
        run(
            lambda o: ReduceLROnPlateau(o),
            metric="val_loss",
            eval_every=1,
            loop={"peval_mode": "experience"},
        )


class Interrupt(SupervisedPlugin):
    """Ctrl-C before an epoch, once."""

    def __init__(self, epoch):
        self.epoch = epoch

    def before_training_epoch(self, strategy, **kwargs):
        if strategy.clock.train_exp_epochs == self.epoch:
            self.epoch = None
            raise KeyboardInterrupt


@pytest.mark.parametrize("reset", [True, False], ids=["anew", "goes-on"])
def test_an_experience_tried_again_after_an_interruption_starts_the_schedule_anew(reset):
    make = SCHEDULES["exponential"]
    rates, strategy = run(make, experiences=0, reset_scheduler=reset, reset_lr=reset)
    experience = streams.class_incremental().train_stream[0]
    strategy.add_plugin(Interrupt(2))
    with pytest.raises(KeyboardInterrupt):
        strategy.train(experience)
    assert len(rates.epochs) >= 2
    rates.epochs.clear()
    strategy.train(experience)
    steps = by_torch(make, 5)
    assert rates.epochs == pytest.approx(steps[:3] if reset else steps[2:])


def test_a_masked_head_evaluated_on_classes_to_come_is_no_reason_for_a_lower_rate():
    model = IncrementalMLP(2, streams.FEATURES, 8)
    optimizer = SGD(model.parameters(), lr=0.1)
    plugin = LRSchedulerPlugin(ReduceLROnPlateau(optimizer, patience=0), metric="val_loss")
    strategy = Naive(
        model, optimizer, train_epochs=3, eval_every=1, evaluator=None, plugins=[plugin]
    )
    benchmark = streams.class_incremental()
    with pytest.raises(ValueError, match=r"is inf; .*give eval_streams=\[\.\.\.\] of the classes"):
        strategy.train(benchmark.train_stream[0])
    assert optimizer.param_groups[0]["lr"] == 0.1
    strategy.train(benchmark.train_stream[0], eval_streams=[benchmark.test_stream[0]])


def test_a_loss_that_has_diverged_is_said():
    with pytest.raises(ValueError, match="metric='train_loss': the mean loss is nan"):
        run(lambda o: ReduceLROnPlateau(o), metric="train_loss", lr=float("inf"))


@pytest.mark.parametrize("metric", [None, "train_loss"], ids=["by-count", "plateau"])
def test_steps_of_iterations_are_steps_of_updates(metric):
    """Two batches per epoch and two per update: one step per epoch. Warnings are errors."""
    seen = []

    class Spy(ReduceLROnPlateau):
        def step(self, metrics, epoch=None):
            seen.append(float(metrics))
            super().step(metrics)

    make = SCHEDULES["exponential"] if metric is None else (lambda o: Spy(o))
    rates, _ = run(
        make, experiences=1, metric=metric, step_granularity="iteration", loop={"accumulate": 2}
    )
    if metric is None:
        first, second, third = by_torch(make, 3)
        assert rates.iterations == pytest.approx([first] * 2 + [second] * 2 + [third] * 2)
    else:
        assert seen == pytest.approx(torch.tensor(rates.losses).view(3, 2).mean(1).tolist())


@pytest.mark.parametrize(
    ("scheduler", "message"),
    [
        (None, "scheduler=None: expected a scheduler of torch"),
        (ExponentialLR, r"scheduler=ExponentialLR: .*got its class; build it on"),
        (0.1, "scheduler=0.1: expected a scheduler of torch"),
    ],
    ids=["none", "class", "number"],
)
def test_what_is_no_scheduler_is_refused(scheduler, message):
    with pytest.raises(TypeError, match=message):
        LRSchedulerPlugin(scheduler)


def test_the_watched_loss_of_a_model_of_sixteen_bits_is_as_exact_as_the_metric():
    class Records(ReduceLROnPlateau):
        seen = ()

        def step(self, metrics, epoch=None):
            self.seen = (*self.seen, float(metrics))
            super().step(metrics)

    torch.manual_seed(0)
    x, y = torch.randn(9000, 8).bfloat16(), torch.arange(9000) % 4
    data = TensorDataset(x, y)
    benchmark = nc_benchmark(
        TensorDataset(x[:40], y[:40]), data, 1, task_labels=False, shuffle=False
    )
    model = torch.nn.Linear(8, 4).bfloat16()
    optimizer = SGD(model.parameters(), lr=1e-6)
    scheduler = Records(optimizer)
    strategy = Naive(
        model, optimizer, train_mb_size=20, eval_mb_size=10, eval_every=1,
        evaluator=EvaluationPlugin(loss_metrics(stream=True)),
        plugins=[LRSchedulerPlugin(scheduler, metric="val_loss")])  # fmt: skip
    results = strategy.train(benchmark.train_stream, [benchmark.test_stream])
    (loss,) = (v for name, v in results.items() if name.startswith("Loss_Stream"))
    assert scheduler.seen[-1] == pytest.approx(loss, rel=1e-6)
