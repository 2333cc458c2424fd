"""The experience loop that all templates share: attach plugins, fire events, clean up."""

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, ClassVar

import torch
from torch import nn

from avalanche.benchmarks.scenarios import CLExperience
from avalanche.core.events import Dispatcher
from avalanche.core.plugins import BasePlugin
from avalanche.training.templates.checks import (
    check_hooks,
    check_keyword,
    check_plugin,
    check_plugins,
    check_stream,
)
from avalanche.training.templates.explain import refuse_conflicts
from avalanche.training.templates.hooks import EventHooks

__all__ = ["BaseTemplate"]


class BaseTemplate(EventHooks):
    """A learner's outer loop: experiences in, events out.

    Args:
        model: the model. Moved to ``device`` when training or evaluation starts.
        device: where to train, ``"cpu"``, ``"cuda"`` or a ``torch.device``.
        plugins: called at every event in this order; the list itself is never changed.

    Attributes:
        experience: the experience being learnt or evaluated, None outside of both.
        is_training: True inside ``train`` but not inside an evaluation.
        plugins: all plugins in calling order. Change it between calls of ``train``, if you must.
        events: the dispatcher; ``events.calls.<event>(arguments)`` fires one.

    Raises:
        ValueError: a plugin has a method that looks like an event and is none, or two plugins set
            the same thing (see ``owns``).
        TypeError: a plugin is a class, or implements no event at all.
    """

    PLUGIN_CLASS: ClassVar[type[BasePlugin]] = BasePlugin
    EVENT_TABLE: ClassVar[tuple[str, ...]] = ()

    def __init__(
        self,
        model: nn.Module,
        device: str | torch.device = "cpu",
        plugins: Sequence[Any] | None = None,
    ) -> None:
        if not isinstance(model, nn.Module):
            raise TypeError(
                f"model={model!r}: expected a torch.nn.Module; pass an instance, SimpleMLP()"
            )
        self.model = model
        self.device = torch.device("cpu" if device is None else device)
        self.plugins: list[Any] = check_plugins(plugins)
        check_hooks(type(self), self.EVENT_TABLE)
        self.experience: Any = None
        self.is_training = False
        self.current_eval_stream: Any = None
        self.events = Dispatcher(self, self.EVENT_TABLE)

    def train(
        self, experiences: Any, eval_streams: Sequence[Any] | None = None, **kwargs: Any
    ) -> dict[str, Any]:
        """Learn from one experience or a stream, in order; the last metrics by name."""
        raise NotImplementedError(f"{type(self).__name__} must define train")

    def eval(self, experiences: Any, **kwargs: Any) -> dict[str, Any]:
        """Evaluate one experience or a stream; the last metrics by name."""
        raise NotImplementedError(f"{type(self).__name__} must define eval")

    @property
    def is_eval(self) -> bool:
        """True outside training."""
        return not self.is_training

    def attach_plugins(self) -> None:
        """Resolve what each event calls. Done at construction, again when ``plugins`` changed."""
        for plugin in self.plugins:
            check_plugin(plugin, self.EVENT_TABLE)
        refuse_conflicts(self.plugins)
        self.events.attach(self.plugins)
        for event in self.EVENT_TABLE:
            overridden = getattr(type(self), f"_{event}")
            if not getattr(overridden, "__is_hook__", False):
                setattr(self.events.calls, event, _hook_call(self, f"_{event}"))

    def _prepare(
        self, loop_functions: Iterable[Callable[..., Any]], given: Mapping[str, Any]
    ) -> None:
        """Before a loop: follow changes of ``plugins`` and refuse unknown keyword arguments."""
        refreshed = [getattr(p, "refresh", bool)() for p in self.plugins]
        same = tuple(map(id, self.plugins)) == tuple(map(id, self.events.modules))
        if any(refreshed) or not same:
            self.attach_plugins()
        if given:
            known = self.events.keyword_names()
            for function in loop_functions:
                known |= set(inspect.signature(function).parameters)
            for name in given:
                check_keyword(name, known - {"self", "strategy", "args", "kwargs"})

    def __setstate__(self, state: dict[str, Any]) -> None:
        """After copying or unpickling: attach the copies of the plugins, not the originals."""
        vars(self).update(state)
        self.attach_plugins()

    @staticmethod
    def _as_experiences(experiences: Any) -> Iterable[Any]:
        """One experience, or any iterable of them, as an iterable."""
        check_stream(experiences)
        if isinstance(experiences, CLExperience) or not isinstance(experiences, Iterable):
            return [experiences]
        return experiences


def _hook_call(strategy: BaseTemplate, name: str) -> Callable[[Mapping[str, Any]], Any]:
    return lambda arguments: getattr(strategy, name)(**arguments)
