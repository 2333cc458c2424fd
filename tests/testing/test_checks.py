"""The checks catch what they are for."""

from types import SimpleNamespace

import pytest
import torch

from avalanche.core import SupervisedPlugin
from avalanche.evaluation.metrics import Mean
from avalanche.testing import check_buffer, check_metric, check_plugin, check_strategy, strategies
from avalanche.training import Naive, ReservoirSamplingBuffer


def with_plugin(plugin):
    return lambda model, optimizer, **loop: Naive(
        model, optimizer, **{**loop, "plugins": [*(loop.get("plugins") or ()), plugin()]}
    )


class MovesStatistics(SupervisedPlugin):
    """Leaves the model in training mode during an evaluation, so that norms keep moving."""

    def before_eval_exp(self, strategy, **kwargs):
        strategy.model.train()


class Draws(SupervisedPlugin):
    def after_eval(self, strategy, **kwargs):
        torch.rand(1)


class Forgetful(SupervisedPlugin):
    """Has state that it does not save."""

    count = 0

    def after_training_exp(self, strategy, **kwargs):
        self.count += 1

    def before_backward(self, strategy, **kwargs):
        strategy.loss = strategy.loss * (1 + self.count)

    def state_dict(self):
        return {}


class Hoards(SupervisedPlugin):
    def __init__(self):
        self.kept = []

    def after_training_exp(self, strategy, **kwargs):
        self.kept.append(torch.zeros(3000))

    def state_dict(self):
        return {"kept": self.kept}

    def load_state_dict(self, state, **context):
        self.kept = state["kept"]


class Unseeded(SupervisedPlugin):
    def __init__(self):
        self.random = torch.Generator()
        self.random.seed()

    def after_update(self, strategy, **kwargs):
        with torch.no_grad():
            strategy.model[1].weight.add_(torch.randn(1, generator=self.random))


@pytest.mark.parametrize(
    ("plugin", "check", "message"),
    [
        (MovesStatistics, "check_evaluation_changes_nothing", "evaluation changed the weights"),
        (Draws, "check_evaluation_changes_nothing", "evaluation changed the torch random state"),
        (Forgetful, "check_resuming_equals_not_stopping", "resumed after 1 experience"),
        (Hoards, "check_memory_does_not_grow", "the state grows with the stream"),
        (Unseeded, "check_same_seed_same_weights", "the same seed gave other weights"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_a_faulty_plugin_is_found(plugin, check, message):
    with pytest.raises(AssertionError, match=message):
        getattr(strategies, check)(with_plugin(plugin))


def test_skipping_an_unknown_check_is_an_error():
    with pytest.raises(ValueError, match="skip=.*check_spelling.*no such check"):
        check_strategy(Naive, skip=["check_spelling"])


def test_a_plugin_that_only_looks_passes():
    class Looks(SupervisedPlugin):
        def after_training_exp(self, strategy, **kwargs):
            assert strategy.is_training

    globals()["Looks"] = Looks  # pickled by name
    Looks.__qualname__ = "Looks"
    check_plugin(Looks)


def test_a_buffer_over_capacity_is_found():
    class Greedy(ReservoirSamplingBuffer):
        def post_adapt(self, agent_state, exp):
            self._merge(exp.dataset, self.max_size + 1)

    with pytest.raises(AssertionError, match="max_size=0 and 1 samples stored"):
        check_buffer(Greedy)


def test_a_metric_that_depends_on_the_batches_is_found():
    class MeanOfMeans(Mean):
        def update(self, value):
            super().update(value.mean())

    data = [torch.arange(7.0) ** 2]
    with pytest.raises(AssertionError, match="batches of 3: got"):
        check_metric(MeanOfMeans, data, lambda x: float(x.mean()))


def test_an_empty_namespace_is_no_strategy():
    with pytest.raises(AttributeError):
        check_strategy(lambda *args, **kwargs: SimpleNamespace())
