"""States of penalties are copies; an update that never happened leaves nothing behind."""

import copy

import pytest
import torch

from avalanche.benchmarks import split_online_stream
from avalanche.core.plugins import SupervisedPlugin
from avalanche.testing import streams
from avalanche.testing.strategies import build
from avalanche.training import EWC, MAS, Naive, SynapticIntelligence
from avalanche.training.plugins import SynapticIntelligencePlugin

METHODS = {
    "EWC": lambda m, o, **k: EWC(m, o, None, 1.0, keep_importance_data=True, **k),
    "EWC online": lambda m, o, **k: EWC(m, o, None, 1.0, "online", 0.5, **k),
    "MAS": lambda m, o, **k: MAS(m, o, None, 0.01, alpha=0.3, **k),
    "SI": lambda m, o, **k: SynapticIntelligence(m, o, None, 1.0, clip=1e-3, **k),
}


def same(first, second):
    """Equality of nested states."""
    if torch.is_tensor(first):
        return torch.equal(first, second)
    if isinstance(first, dict):
        return first.keys() == second.keys() and all(same(first[k], second[k]) for k in first)
    return first == second


@pytest.mark.parametrize("method", METHODS)
def test_a_state_does_not_change_with_training(method):
    strategy = build(METHODS[method])
    # Boundaries are known, so that a path is open where the states are taken.
    parts = split_online_stream(
        streams.class_incremental().train_stream, 20, access_task_boundaries=True
    )
    plugin = strategy.plugins[0]
    for i, part in enumerate(parts):
        if i:
            taken = plugin.state_dict()
            kept = copy.deepcopy(taken)
        strategy.train(part)
        if i:
            assert same(taken, kept)


class Interrupted(SupervisedPlugin):
    """Stops the loop once, between the backward pass and the update."""

    def __init__(self):
        self.stops = True

    def before_update(self, strategy, *args, **kwargs):
        if self.stops:
            self.stops = False
            raise KeyboardInterrupt


def test_gradients_of_an_update_that_never_happened_do_not_enter_the_path():
    experience = streams.class_incremental().train_stream[0]
    si = SynapticIntelligencePlugin(1.0)
    strategy = build(lambda m, o, **k: Naive(m, o, plugins=[si, Interrupted()], **k))
    with pytest.raises(KeyboardInterrupt):
        strategy.train(experience)
    assert si.si.has_gradients
    si.si.pre_adapt(strategy, experience)
    assert not si.si.has_gradients
    si.si.after_step(strategy.model)  # without gradients nothing is added
    assert all(not path.any() for path in si.si.path.values())


def test_a_penalty_s_state_is_its_own_after_loading():
    source = build(METHODS["EWC online"])
    source.train(streams.class_incremental().train_stream[0])
    state = source.plugins[0].state_dict()
    kept = copy.deepcopy(state)
    target = build(METHODS["EWC online"])
    target.plugins[0].load_state_dict(state)
    target.train(streams.class_incremental().train_stream[1])
    assert same(state, kept)
