"""Checkpoints: atomic, plain values only, and the same numbers after resuming."""

import pytest
import torch

from avalanche.checkpointing import maybe_load_checkpoint, save_checkpoint
from avalanche.core import SupervisedPlugin
from avalanche.evaluation.metrics import loss_metrics
from avalanche.models import MultiHeadClassifier, MultiTaskModule
from avalanche.testing import streams
from avalanche.testing.strategies import build, learn, weights
from avalanche.training import Naive, Replay
from avalanche.training.plugins import EvaluationPlugin


def replay(model, optimizer, **loop):
    return Replay(model, optimizer, mem_size=15, **loop)


def test_no_file_means_start_from_the_beginning(tmp_path):
    strategy = build(Naive)
    assert maybe_load_checkpoint(strategy, tmp_path / "none.pt") == (strategy, 0)


def test_a_resumed_run_ends_with_the_same_weights(tmp_path):
    file = tmp_path / "folder" / "state.pt"
    whole = build(replay)
    learn(whole, streams.class_incremental())
    benchmark = streams.class_incremental()
    first = build(replay)
    first.train(benchmark.train_stream[0])
    save_checkpoint(first, file)
    again = streams.class_incremental()
    resumed, done = maybe_load_checkpoint(build(replay, seed=5), file, unique_objects=again)
    assert done == 1
    learn(resumed, again, start=done)
    assert all(torch.equal(a, weights(resumed)[k]) for k, a in weights(whole).items())


def test_the_file_holds_plain_values_and_no_samples(tmp_path):
    strategy = build(replay)
    learn(strategy, streams.class_incremental())
    save_checkpoint(strategy, tmp_path / "state.pt")
    content = torch.load(tmp_path / "state.pt", weights_only=True)
    widths = []

    def collect(value):
        if torch.is_tensor(value) and value.dim() == 2:
            widths.append(value.shape[1])
        for inner in value.values() if isinstance(value, dict) else ():
            collect(inner)
        for inner in value if isinstance(value, (list, tuple)) else ():
            collect(inner)

    collect([state for _, state in content["state"]["plugins"]])
    assert streams.FEATURES not in widths


def test_other_data_is_refused_and_the_strategy_stays(tmp_path):
    strategy = build(replay)
    strategy.train(streams.class_incremental().train_stream[0])
    save_checkpoint(strategy, tmp_path / "state.pt")
    other = build(replay, seed=7)
    before = weights(other)
    with pytest.raises(ValueError, match="benchmark|data"):
        maybe_load_checkpoint(
            other, tmp_path / "state.pt", unique_objects=streams.domain_incremental()
        )
    assert all(torch.equal(a, weights(other)[k]) for k, a in before.items())


def test_a_checkpoint_that_needs_the_data_says_how_to_give_it(tmp_path):
    strategy = build(replay)
    strategy.train(streams.class_incremental().train_stream[0])
    save_checkpoint(strategy, tmp_path / "state.pt")
    with pytest.raises(ValueError, match=r"maybe_load_checkpoint\(.*unique_objects=benchmark"):
        maybe_load_checkpoint(build(replay, seed=7), tmp_path / "state.pt")


def test_another_strategy_is_refused(tmp_path):
    save_checkpoint(build(Naive), tmp_path / "state.pt")
    with pytest.raises(ValueError, match="state of Naive.*cannot be loaded into Replay"):
        maybe_load_checkpoint(build(replay), tmp_path / "state.pt")


def test_what_was_left_out_stays_as_it_is(tmp_path):
    strategy = build(Naive)
    strategy.train(streams.class_incremental().train_stream[0])
    save_checkpoint(strategy, tmp_path / "state.pt", exclude=["optimizer", "rng"])
    fresh = build(Naive, seed=3)
    maybe_load_checkpoint(fresh, tmp_path / "state.pt")
    assert not fresh.optimizer.state
    assert all(torch.equal(a, weights(fresh)[k]) for k, a in weights(strategy).items())


def refusals():
    """Pairs of strategies that cannot take each other's state, and what the error says."""

    def other_metrics(model, optimizer, **loop):
        return Naive(
            model, optimizer, **{**loop, "evaluator": EvaluationPlugin(loss_metrics(epoch=True))}
        )

    def adam(model, optimizer, **loop):
        return Naive(model, torch.optim.Adam(model.parameters()), **loop)

    def larger(model, optimizer, **loop):
        return Replay(model, optimizer, mem_size=100, **loop)

    def by_class(model, optimizer, **loop):
        return Replay(model, optimizer, mem_size=15, storage_policy="class_balanced", **loop)

    yield Naive, other_metrics, "with metrics"
    yield adam, Naive, "optimizer Adam cannot be loaded into SGD"
    yield larger, replay, "of 100 samples and this plugin has a .* of 15"
    yield by_class, replay, "of a ClassBalancedBuffer of 15"


@pytest.mark.parametrize(("saved", "loaded", "message"), list(refusals()))
def test_a_refused_state_changes_nothing(saved, loaded, message, tmp_path):
    benchmark = streams.class_incremental()
    first = build(saved)
    first.train(benchmark.train_stream[0])
    save_checkpoint(first, tmp_path / "state.pt")
    second = build(loaded, seed=8)
    before = weights(second)
    with pytest.raises(ValueError, match=message):
        maybe_load_checkpoint(second, tmp_path / "state.pt", unique_objects=benchmark)
    assert all(torch.equal(a, weights(second)[k]) for k, a in before.items())
    second.train(benchmark.train_stream[0])


def test_parameters_that_joined_in_turn_keep_their_moments(tmp_path):
    """Two multi-head layers: heads join a, b, a, b; loaded at once they come a, a, b, b."""

    class TwoHeads(MultiTaskModule):
        def __init__(self):
            super().__init__()
            self.body = torch.nn.Linear(streams.FEATURES, 5)
            self.a, self.b = MultiHeadClassifier(5), MultiHeadClassifier(5)

        def forward(self, x, task_labels):
            hidden = torch.relu(self.body(x))
            return self.a(hidden, task_labels) + self.b(hidden, task_labels)

    def make(seed):
        torch.manual_seed(seed)
        model = TwoHeads()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
        return Naive(model, optimizer, train_mb_size=8, evaluator=None)

    benchmark = streams.task_incremental()
    whole = make(0)
    for experience in benchmark.train_stream[:2]:
        whole.train(experience)
    save_checkpoint(whole, tmp_path / "state.pt")
    whole.train(benchmark.train_stream[2])
    resumed, done = maybe_load_checkpoint(make(5), tmp_path / "state.pt")
    resumed.train(benchmark.train_stream[done])
    for (name, a), (_, b) in zip(
        whole.model.named_parameters(), resumed.model.named_parameters(), strict=True
    ):
        assert torch.equal(a, b), name


def test_moments_go_to_the_parameters_of_their_names(tmp_path):
    """Heads of two layers join in turn, so the optimizer's order is not the model's."""

    class TwoHeads(MultiTaskModule):
        def __init__(self):
            super().__init__()
            self.a = MultiHeadClassifier(streams.FEATURES)
            self.b = MultiHeadClassifier(streams.FEATURES)

        def forward(self, x, task_labels):
            return self.a(x, task_labels) + 2 * self.b(x, task_labels)

    def make(seed):
        torch.manual_seed(seed)
        model = TwoHeads()
        optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
        return Naive(model, optimizer, train_mb_size=8, evaluator=None)

    def names_in_the_optimizer(strategy):
        names = {id(p): name for name, p in strategy.model.named_parameters()}
        return [names[id(p)] for g in strategy.optimizer.param_groups for p in g["params"]]

    def moments(strategy):
        state = strategy.optimizer.state
        return {name: state[p]["exp_avg"] for name, p in strategy.model.named_parameters()}

    whole = make(0)
    whole.train(streams.task_incremental().train_stream)
    joined, rebuilt = names_in_the_optimizer(whole), [n for n, _ in whole.model.named_parameters()]
    assert joined != rebuilt
    assert sorted(joined) == sorted(rebuilt)
    save_checkpoint(whole, tmp_path / "state.pt")
    resumed, _ = maybe_load_checkpoint(make(5), tmp_path / "state.pt")
    expected, found = moments(whole), moments(resumed)
    assert found.keys() == expected.keys()
    assert len({tuple(value.flatten().tolist()) for value in expected.values()}) == len(expected)
    for name, value in expected.items():
        assert torch.equal(found[name], value), name


def test_a_file_that_is_no_checkpoint(tmp_path):
    torch.save({"weights": 1}, tmp_path / "state.pt")
    with pytest.raises(ValueError, match="not a checkpoint"):
        maybe_load_checkpoint(build(Naive), tmp_path / "state.pt")


def test_saving_inside_training_is_refused(tmp_path):
    class Saves(SupervisedPlugin):
        def after_training_exp(self, strategy, **kwargs):
            save_checkpoint(strategy, tmp_path / "state.pt")

    strategy = build(Naive, plugins=[Saves()])
    with pytest.raises(RuntimeError, match="inside train"):
        strategy.train(streams.class_incremental().train_stream[0])
    assert not list(tmp_path.iterdir())


def test_a_failed_save_leaves_the_old_file(tmp_path, monkeypatch):
    file = tmp_path / "state.pt"
    save_checkpoint(build(Naive), file)
    before = file.read_bytes()

    def fail(*args, **kwargs):
        raise OSError("disk full")

    monkeypatch.setattr(torch, "save", fail)
    with pytest.raises(OSError, match="disk full"):
        save_checkpoint(build(Naive, seed=1), file)
    assert file.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["state.pt"]
