"""Early stopping where it is known to be wrong elsewhere."""

import pytest
import torch

from avalanche.core import SupervisedPlugin
from avalanche.evaluation.metrics import accuracy_metrics, loss_metrics
from avalanche.testing import streams
from avalanche.testing.strategies import tiny_model, weights
from avalanche.training import Naive
from avalanche.training.plugins import EarlyStoppingPlugin, EvaluationPlugin


class Destroy(SupervisedPlugin):
    """Spoils the model in one epoch, so that an earlier one is the best."""

    def __init__(self, epoch):
        self.epoch, self.kept = epoch, {}

    def after_training_epoch(self, strategy, **kwargs):
        finished = strategy.clock.train_exp_epochs + 1
        if finished >= self.epoch:
            with torch.no_grad():
                for p in strategy.model.parameters():
                    p.zero_()
        self.kept[finished] = weights(strategy)


def stopping(patience, epochs, destroy, stream="test_stream", **options):
    torch.manual_seed(0)
    model = tiny_model()
    spoil = Destroy(destroy)
    plugin = EarlyStoppingPlugin(patience, stream, **options)
    strategy = Naive(
        model,
        torch.optim.SGD(model.parameters(), lr=0.1),
        train_mb_size=8,
        train_epochs=epochs,
        eval_every=1,
        evaluator=EvaluationPlugin(accuracy_metrics(stream=True), loss_metrics(stream=True)),
        plugins=[plugin, spoil],
    )
    return strategy, plugin, spoil


def same(a, b):
    return all(torch.equal(a[name], b[name]) for name in a)


def train(strategy, *eval_streams):
    benchmark = streams.class_incremental()
    given = [getattr(benchmark, name)[:1] for name in eval_streams or ("test_stream",)]
    return strategy.train(benchmark.train_stream[0], eval_streams=given)


@pytest.mark.parametrize("patience", [1, 100], ids=["runs-out", "never-runs-out"])
def test_row_36_the_best_weights_are_always_restored(patience):
    strategy, plugin, spoil = stopping(patience, epochs=4, destroy=3)
    results = train(strategy)
    assert plugin.best_step in (1, 2)
    assert same(weights(strategy), spoil.kept[plugin.best_step])
    name = "Top1_Acc_Stream/eval_phase/test_stream/Task000"
    assert results[name] == pytest.approx(plugin.best_value)


def test_row_36_the_metric_is_the_one_that_was_named_and_no_longer_name():
    """``Top1_Acc`` begins several names, ``test`` begins the name of another stream too."""
    strategy, _, _ = stopping(1, epochs=3, destroy=99, metric_name="Top1_Acc")
    with pytest.raises(ValueError, match=r"metric_name='Top1_Acc'.*there are .*Top1_Acc_Stream/"):
        train(strategy)
    strategy, _, _ = stopping(1, epochs=3, destroy=99, stream="tes")
    with pytest.raises(ValueError, match="what is evaluated during training is test"):
        train(strategy)


def test_row_36_a_metric_of_several_tasks_is_ambiguous():
    strategy, plugin, _ = stopping(1, epochs=3, destroy=99)
    names = [f"Top1_Acc_Stream/eval_phase/test_stream/Task00{i}" for i in (0, 1)]
    strategy.evaluator.get_last_metrics = lambda since=0: dict.fromkeys(names, 0.5)
    with pytest.raises(ValueError, match=f"more than one.*{names[0]}, {names[1]}"):
        train(strategy)
    strategy, plugin, _ = stopping(1, epochs=3, destroy=99, stream="test_stream/Task001")
    strategy.evaluator.get_last_metrics = lambda since=0: {names[0]: 0.1, names[1]: 0.9}
    train(strategy)
    assert plugin.best_value == 0.9


def test_row_36_another_streams_metric_is_not_taken_for_it_904():
    """Training evaluates the training stream only: its accuracy is not the validation's."""
    strategy, _, _ = stopping(1, epochs=3, destroy=99)
    with pytest.raises(ValueError, match="what is evaluated during training is train"):
        train(strategy, "train_stream")


def test_row_36_a_value_from_before_the_experience_is_not_seen():
    """``get_last_metrics`` never forgets; early stopping looks at new values only."""
    strategy, plugin, spoil = stopping(1, epochs=3, destroy=99)
    benchmark = streams.class_incremental()
    results = train(strategy)
    assert results["Top1_Acc_Stream/eval_phase/test_stream/Task000"] > 0.8
    spoil.epoch = 1  # from now on every evaluation is of a model that always answers class 0
    strategy.train(benchmark.train_stream[1], eval_streams=[benchmark.test_stream[:1]])
    assert plugin.best_value == pytest.approx(0.5)
