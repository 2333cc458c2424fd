"""The agent adapts its components in order, with hooks last."""

import pytest

from avalanche.core import Adaptable, Agent


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
