"""The experience loop that all templates share: attach plugins, fire events, clean up."""

import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence, Sized
from typing import Any, ClassVar

import torch
from torch import nn

from avalanche.benchmarks.scenarios import CLExperience
from avalanche.core.events import Dispatcher, keyword_names
from avalanche.core.plugins import BasePlugin
from avalanche.training.templates.checks import (
    check_device,
    check_hooks,
    check_keyword,
    check_plugin,
    check_plugins,
    check_stream,
)
from avalanche.training.templates.explain import refuse_conflicts
from avalanche.training.templates.hooks import EventHooks
from avalanche.training.templates.state import LoopState

__all__ = ["BaseTemplate"]


class BaseTemplate(EventHooks):
    """A learner's outer loop: experiences in, events out.

    Define :meth:`_train_exp` and :meth:`_eval_exp` for a learner that is not trained by gradient
    descent; :class:`BaseSGDTemplate` is the one that is.

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
    EVENT_TABLE: ClassVar[tuple[str, ...]] = (
        "before_training",
        "before_training_exp",
        "after_training_exp",
        "after_training",
        "before_eval",
        "before_eval_exp",
        "after_eval_exp",
        "after_eval",
    )
    #: Methods that take keyword arguments of ``train`` and ``eval``; without any, all are let by.
    TAKERS: ClassVar[tuple[str, ...]] = ()
    #: Those that take the ones of ``train`` alone, and of ``eval`` alone.
    TRAIN_TAKERS: ClassVar[tuple[str, ...]] = ()
    EVAL_TAKERS: ClassVar[tuple[str, ...]] = ()

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
        self.device = check_device(device)
        self.plugins: list[Any] = check_plugins(plugins)
        check_hooks(type(self), self.EVENT_TABLE)
        self.experience: Any = None
        self.is_training = False
        self.current_eval_stream: Any = None
        self.events = Dispatcher(self, self.EVENT_TABLE)

    def train(
        self, experiences: Any, eval_streams: Sequence[Any] | None = None, **kwargs: Any
    ) -> dict[str, Any]:
        """Learn from one experience or a stream, in order, by :meth:`_train_exp`.

        Args:
            experiences: an experience or any iterable of experiences.
            eval_streams: for evaluations during training.
            **kwargs: for callbacks and for the methods that take them.

        Returns:
            The last value of every metric, by full name; nothing without metrics.

        Raises:
            TypeError: a keyword argument that nothing takes, or no experiences.
        """
        self._prepare(kwargs, self.TRAIN_TAKERS)
        experiences = self._as_experiences(experiences)
        self.is_training = True
        self.model.to(self.device).train()
        try:
            self._before_training(**kwargs)
            for experience in experiences:
                self.experience = experience
                self._before_training_exp(**kwargs)
                self._train_exp(experience, eval_streams, **kwargs)
                self._after_training_exp(**kwargs)
            self._after_training(**kwargs)
        finally:
            self._train_cleanup()
        return {}

    @torch.no_grad()
    def eval(self, experiences: Any, **kwargs: Any) -> dict[str, Any]:
        """Evaluate one experience or a stream, by :meth:`_eval_exp`; the model does not change.

        Args:
            experiences: an experience or an iterable of experiences.
            **kwargs: for callbacks and for the methods that take them.

        Returns:
            The last value of every metric, by full name; nothing without metrics. Of an empty
            stream, which a warning tells of, nothing is evaluated.

        Raises:
            TypeError: a keyword argument that nothing takes, or no experiences.
        """
        self._prepare(kwargs, self.EVAL_TAKERS)
        stream = self._as_experiences(experiences)
        if iter(stream) is stream:  # a generator can be read only once
            stream = list(stream)
        if isinstance(stream, Sized) and len(stream) == 0:
            warnings.warn("experiences: the stream is empty, nothing is evaluated", stacklevel=3)
            return {}
        before = LoopState(self)
        self.is_training = False
        self.model.to(self.device).eval()
        self.current_eval_stream = stream
        try:
            self._before_eval(**kwargs)
            for experience in self.current_eval_stream:
                self.experience = experience
                self._before_eval_exp(**kwargs)
                self._eval_exp(**kwargs)
                self._after_eval_exp(**kwargs)
            self._after_eval(**kwargs)
        finally:
            self._eval_cleanup()
            before.restore(self)
        return {}

    def _train_exp(
        self, experience: Any, eval_streams: Sequence[Any] | None = None, **kwargs: Any
    ) -> None:
        """Learn from one experience."""
        raise NotImplementedError(f"{type(self).__name__} must define _train_exp")

    def _eval_exp(self, **kwargs: Any) -> None:
        """Evaluate ``experience``."""
        raise NotImplementedError(f"{type(self).__name__} must define _eval_exp")

    def _train_cleanup(self) -> None:
        """After training, also after one that failed."""
        self.is_training = False
        self.experience = None

    def _eval_cleanup(self) -> None:
        """After an evaluation, also after one that failed; then the loop's fields are put back."""

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

    def _prepare(self, given: Mapping[str, Any], takers: tuple[str, ...]) -> None:
        """Before a loop: follow changes of ``plugins`` and refuse unknown keyword arguments."""
        refreshed = [getattr(p, "refresh", bool)() for p in self.plugins]
        same = tuple(map(id, self.plugins)) == tuple(map(id, self.events.modules))
        if any(refreshed) or not same:
            self.attach_plugins()
        if given and self.TAKERS:
            takers = (*self.TAKERS, *takers)
            known = self.events.keyword_names().union(*map(self._names_of, takers))
            for name in given:
                check_keyword(name, known)

    def _names_of(self, method: str) -> set[str]:
        """Keyword arguments of a method; where it takes any, also those of what it overrides."""
        functions = [getattr(self, method)]
        functions += [vars(c)[method] for c in type(self).__mro__ if method in vars(c)]
        return {name for function in functions for name in keyword_names(function)}

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
