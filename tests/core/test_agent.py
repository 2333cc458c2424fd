"""The agent adapts its components in order, with hooks last."""

import logging

import pytest

from avalanche.core import Adaptable, Agent, maybe_init


class Noting:
    def __init__(self, log, name):
        self.log, self.name = log, name

    def pre_adapt(self, agent, exp):
        self.log.append(("pre", self.name, exp))

    def post_adapt(self, agent, exp):
        self.log.append(("post", self.name, exp))


def test_components_then_hooks():
    log, agent = [], Agent()
    agent.model = Noting(log, "model")
    agent.number = 3
    agent.buffer = Noting(log, "buffer")
    agent.add_pre_hooks(lambda a, e: log.append(("hook", a is agent, e)))
    agent.pre_adapt("e")
    assert log == [("pre", "model", "e"), ("pre", "buffer", "e"), ("hook", True, "e")]


def test_assigning_again_replaces():
    log, agent = [], Agent()
    agent.model = Noting(log, "old")
    agent.model = Noting(log, "new")
    agent.post_adapt(1)
    assert log == [("post", "new", 1)]
    assert isinstance(agent.model, Adaptable)


def test_a_missing_attribute_names_what_is_there():
    agent = Agent()
    agent.model = 1
    with pytest.raises(AttributeError, match="no 'modle'; it has .*model"):
        agent.modle  # noqa: B018


class Older:
    """Has only the spelling of the proposal: the experience comes first."""

    def __init__(self):
        self.calls = []

    def pre_update(self, experience, agent):
        self.calls.append(("pre", experience, agent))

    def post_update(self, experience, agent):
        self.calls.append(("post", experience, agent))


class Both(Older):
    def pre_adapt(self, agent, exp):
        self.calls.append(("new pre", exp, agent))


def test_the_older_spelling_is_adapted_too():
    agent = Agent()
    agent.older, agent.both = Older(), Both()
    agent.pre_adapt("e")
    agent.post_adapt("e")
    assert agent.older.calls == [("pre", "e", agent), ("post", "e", agent)]
    assert agent.both.calls == [("new pre", "e", agent), ("post", "e", agent)]


def test_maybe_init_keeps_what_is_set():
    agent = Agent()
    agent.model, agent.nothing = "mine", None
    for name in ("model", "nothing", "buffer"):
        setattr(agent, name, maybe_init(f"default {name}"))
    assert (agent.model, agent.nothing, agent.buffer) == ("mine", None, "default buffer")
    agent.buffer = "later"
    assert agent.buffer == "later"


def test_components_set_with_maybe_init_are_adapted():
    log, agent = [], Agent()
    agent.model = maybe_init(Noting(log, "model"))
    agent.pre_adapt(0)
    assert log == [("pre", "model", 0)]


def test_verbose_names_each_component(caplog):
    agent = Agent(verbose=True)
    agent.older, agent.number = Older(), 1
    with caplog.at_level(logging.INFO, logger="avalanche"):
        agent.post_adapt("e")
    assert [record.getMessage() for record in caplog.records] == ["post_adapt of older"]
