"""Events, plugins, the agent and experiences: what everything else stands on."""

from avalanche.core.agent import Adaptable, Agent, maybe_init
from avalanche.core.events import EVENTS, Dispatcher, Event
from avalanche.core.experiences import CLExperience
from avalanche.core.plugins import (
    BasePlugin,
    BaseSGDPlugin,
    SupervisedMetaLearningPlugin,
    SupervisedPlugin,
    Template,
)

__all__ = [
    "EVENTS",
    "Adaptable",
    "Agent",
    "BasePlugin",
    "BaseSGDPlugin",
    "CLExperience",
    "Dispatcher",
    "Event",
    "SupervisedMetaLearningPlugin",
    "SupervisedPlugin",
    "Template",
    "maybe_init",
]
