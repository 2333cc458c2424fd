"""Experiences: what a learner may see at one point of a stream."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import Enum
from typing import Any, TypeVar

E = TypeVar("E", bound="CLExperience")


class ExperienceMode(Enum):
    """Who looks at an experience: a learner in training or evaluation, or a logger."""

    TRAIN = 1
    EVAL = 2
    LOGGING = 3


class MaskedAttributeError(ValueError):
    """An attribute was read in a mode in which it must not be seen."""


class ExperienceAttribute:
    """A value that is visible in some modes only; always visible in logging mode.

    Args:
        value: the value.
        use_in_train: whether the experience shows it in training mode.
        use_in_eval: whether the experience shows it in evaluation mode.
    """

    def __init__(self, value: Any, use_in_train: bool = False, use_in_eval: bool = False) -> None:
        self.value = value
        self.use_in_train = use_in_train
        self.use_in_eval = use_in_eval

    def visible_in(self, mode: ExperienceMode) -> bool:
        """Whether the value may be read in ``mode``."""
        if mode is ExperienceMode.TRAIN:
            return self.use_in_train
        return self.use_in_eval if mode is ExperienceMode.EVAL else True


class DeferredAttribute(ExperienceAttribute):
    """An :class:`ExperienceAttribute` whose value is worked out when it is first read.

    Args:
        compute: gives the value.
        use_in_train: whether the experience shows it in training mode.
        use_in_eval: whether the experience shows it in evaluation mode.
    """

    def __init__(
        self, compute: Callable[[], Any], use_in_train: bool = False, use_in_eval: bool = False
    ) -> None:
        self._compute: Callable[[], Any] | None = compute
        super().__init__(None, use_in_train, use_in_eval)

    @property
    def value(self) -> Any:
        """The value; the same object from the first reading on."""
        if self._compute is not None:
            self._value, self._compute = self._compute(), None
        return self._value

    @value.setter
    def value(self, value: Any) -> None:
        self._value = value


class CLExperience:
    """One step of a stream.

    A fresh experience is in logging mode and shows everything. :meth:`train` and :meth:`eval`
    give copies that hide what a learner must not use, such as the position in the stream.
    Assigning an :class:`ExperienceAttribute` to a field makes the field obey the mode.

    Args:
        current_experience: position in the (whole) stream, from 0.
        origin_stream: the stream that it belongs to.

    Raises:
        MaskedAttributeError: on reading a field that the mode hides.

    Example:
        >>> experience = CLExperience(3, None)
        >>> experience.current_experience
        3
        >>> experience.train().current_experience
        Traceback (most recent call last):
        ...
        avalanche.core.experiences.MaskedAttributeError: current_experience is...
    """

    def __init__(self, current_experience: Any = None, origin_stream: Any = None) -> None:
        self._masked: dict[str, ExperienceAttribute]
        self._mode: ExperienceMode
        self._unmasked_depth: int
        self.__dict__.update(  # past __setattr__: online streams make thousands of these
            _masked={"current_experience": ExperienceAttribute(current_experience)},
            _mode=ExperienceMode.LOGGING,
            _unmasked_depth=0,
            _origin_stream=origin_stream,
        )

    @property
    def current_experience(self) -> Any:
        """Position in the whole stream, from 0; hidden from learners."""
        return self._visible("current_experience")

    @current_experience.setter
    def current_experience(self, value: Any) -> None:
        self._masked["current_experience"] = ExperienceAttribute(value)

    @property
    def origin_stream(self) -> Any:
        """The stream that the experience belongs to."""
        return self.__dict__["_origin_stream"]

    @origin_stream.setter
    def origin_stream(self, stream: Any) -> None:
        self._origin_stream = stream

    def __setattr__(self, name: str, value: Any) -> None:
        if isinstance(value, ExperienceAttribute):
            self.__dict__.pop(name, None)
            self._masked[name] = value
        elif name != "_masked" and name in self._masked:
            old = self._masked[name]
            self._masked[name] = ExperienceAttribute(value, old.use_in_train, old.use_in_eval)
        else:
            object.__setattr__(self, name, value)

    def __getattr__(self, name: str) -> Any:
        masked = self.__dict__.get("_masked", {})
        if name not in masked:
            if hasattr(type(self), name):  # a property failed: let it say why
                object.__getattribute__(self, name)
            raise AttributeError(f"{type(self).__name__} has no attribute {name!r}")
        return self._visible(name)

    def _visible(self, name: str) -> Any:
        """The value of a masked field, if the mode shows it."""
        attribute = self._masked[name]
        if self.are_attributes_masked and not attribute.visible_in(self._mode):
            raise MaskedAttributeError(
                f"{name} is hidden in {self._mode.name.lower()} mode: expected code that does "
                "not depend on it; read it from experience.logging()"
            )
        return attribute.value

    def _knows(self, name: str) -> bool:
        """Whether a field is there, hidden or not, without working its value out."""
        return name in self._masked or hasattr(type(self), name)

    @property
    def are_attributes_masked(self) -> bool:
        """Whether the mode hides anything at the moment."""
        return self._unmasked_depth == 0

    @contextmanager
    def no_attribute_masking(self) -> Iterator[None]:
        """Show everything inside the ``with`` block, whatever the mode."""
        self._unmasked_depth += 1
        try:
            yield
        finally:
            self._unmasked_depth -= 1

    def train(self: E) -> E:
        """This experience as a learner sees it in training."""
        return self._in_mode(ExperienceMode.TRAIN)

    def eval(self: E) -> E:
        """This experience as a learner sees it in evaluation."""
        return self._in_mode(ExperienceMode.EVAL)

    def logging(self: E) -> E:
        """This experience with everything visible."""
        return self._in_mode(ExperienceMode.LOGGING)

    def _in_mode(self: E, mode: ExperienceMode) -> E:
        other = self._copy()
        object.__setattr__(other, "_mode", mode)
        return other

    def _copy(self: E) -> E:
        """A copy whose fields can be set without changing this one."""
        other = copy.copy(self)
        object.__setattr__(other, "_masked", dict(self._masked))
        return other

    def _as_attributes(
        self, *fields: str, use_in_train: bool = False, use_in_eval: bool = False
    ) -> None:
        """Make fields obey the mode."""
        for field in fields:
            value = getattr(self, field)
            setattr(self, field, ExperienceAttribute(value, use_in_train, use_in_eval))
