"""Checkpoints: atomic, plain values only, and the same numbers after resuming."""

import pytest
import torch

from avalanche.checkpointing import maybe_load_checkpoint, save_checkpoint
from avalanche.core import SupervisedPlugin
from avalanche.testing import streams
from avalanche.testing.strategies import build, learn, weights
from avalanche.training import Naive, Replay


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


def test_another_strategy_is_refused(tmp_path):
    save_checkpoint(build(Naive), tmp_path / "state.pt")
    with pytest.raises(ValueError, match="state of Naive.*cannot be loaded into Replay"):
        maybe_load_checkpoint(build(replay), tmp_path / "state.pt")


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
