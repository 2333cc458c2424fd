"""Named groups of transforms: what a dataset applies in training, in evaluation, or elsewhere.

A group is a name with one transform: a callable for the input only, a pair ``(fx, fy)`` for
input and target, or a :class:`~avalanche.benchmarks.utils.transforms.MultiParamTransform` for all
elements of the sample. Every set of groups has ``train`` and ``eval``; a missing ``eval`` is as
``train``, a missing ``train`` does nothing. A group named ``replay`` is used for samples from a
memory, see :func:`replay_view <avalanche.benchmarks.utils.utils.replay_view>`.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from .transforms import MultiParamTransform, flat_transforms_recursive

XTransformDef: TypeAlias = Callable[[Any], Any] | None
YTransformDef: TypeAlias = Callable[[Any], Any] | None
XComposedTransformDef: TypeAlias = Callable[..., Any] | None
TransformDef: TypeAlias = (
    Callable[[Any], Any] | tuple[XTransformDef, YTransformDef] | MultiParamTransform | None
)


REPLAY = "replay"  # the group of samples that come from a memory


def unknown_group(group: str, known: list[str]) -> ValueError:
    """The error for a group that a dataset does not define, with the nearest names."""
    near = difflib.get_close_matches(group, known, 1)
    hint = f"did you mean {near[0]!r}? " if near else ""
    return ValueError(
        f"group_name={group!r}: {hint}expected one of {sorted(known)}; "
        "add the group to the dataset's TransformGroups"
    )


class TransformGroups:
    """A transform per group name. Immutable; equal when they hold the same transform objects.

    Args:
        transform_groups: group name to transform. ``train`` and ``eval`` are always there:
            without ``train`` training data stay as they are, without ``eval`` it is as ``train``.
        current_group: the group that a dataset made from this starts in.

    Raises:
        ValueError: if ``current_group`` is not one of the groups.
        TypeError: if a transform is neither callable, nor a pair of callables, nor None.

    Example:
        >>> groups = TransformGroups({"train": lambda x: x + 1})
        >>> groups["eval"](1)
        2
    """

    def __init__(
        self, transform_groups: Mapping[str, TransformDef], current_group: str = "train"
    ) -> None:
        groups = dict(transform_groups)
        for name, transform in groups.items():
            groups[name] = _checked(name, transform)
        if "train" not in groups:
            groups["train"] = None
        if "eval" not in groups:
            groups["eval"] = groups["train"]
        if current_group not in groups:
            raise unknown_group(current_group, list(groups))
        self._groups = groups
        self.current_group = current_group

    @property
    def names(self) -> list[str]:
        """Names of the groups."""
        return list(self._groups)

    @property
    def is_empty(self) -> bool:
        """Whether no group transforms anything; such a set answers to any group name."""
        return all(t is None for t in self._groups.values())

    def __getitem__(self, group_name: str) -> TransformDef:
        """The transform of a group.

        A group that is not among them is the one transform that ``train`` and ``eval`` share, if
        they do; ``replay`` (samples from a memory) is ``train`` where nothing else is said.

        Raises:
            ValueError: for any other group.
        """
        if group_name not in self._groups:
            train = self._groups["train"]
            if group_name == REPLAY or _same(train, self._groups["eval"]):
                return train
            raise unknown_group(group_name, self.names)
        return self._groups[group_name]

    def __call__(self, *args: Any, group_name: str | None = None) -> Any:
        """Apply a group (the current one by default) to the elements of one sample."""
        return apply_transform(self[group_name or self.current_group], list(args))

    def with_transform(self, group_name: str) -> TransformGroups:
        """The same groups with another current one."""
        if group_name not in self._groups and not self.is_empty:
            raise unknown_group(group_name, self.names)
        return TransformGroups({**self._groups, group_name: self[group_name]}, group_name)

    def replaced(self, group_name: str, transform: TransformDef) -> TransformGroups:
        """A copy in which one group has another transform."""
        return TransformGroups({**self._groups, group_name: transform}, self.current_group)

    def __add__(self, other: TransformGroups) -> TransformGroups:
        """Both in sequence, group by group."""
        names = list(dict.fromkeys([*self._groups, *other._groups]))
        joined: dict[str, TransformDef] = {n: _in_sequence(self[n], other[n]) for n in names}
        return TransformGroups(joined, self.current_group)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, TransformGroups):
            return NotImplemented
        mine, theirs = self._groups, other._groups
        return mine.keys() == theirs.keys() and all(_same(mine[n], theirs[n]) for n in mine)

    def __hash__(self) -> int:
        return hash(tuple(sorted(self._groups)))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._groups!r}, current_group={self.current_group!r})"


class DefaultTransformGroups(TransformGroups):
    """The same transform in every group, ``train`` and ``eval``."""

    def __init__(self, transform: TransformDef) -> None:
        super().__init__({"train": transform, "eval": transform})


class EmptyTransformGroups(TransformGroups):
    """No transform in any group."""

    def __init__(self) -> None:
        super().__init__({"train": None, "eval": None})


class TransformSequence(MultiParamTransform):
    """Transforms of two groups, one after the other; each in any form that a group may have."""

    def __init__(self, first: TransformDef, second: TransformDef) -> None:
        self.parts = (first, second)

    def __call__(self, *args: Any) -> Any:
        values = list(args)
        for part in self.parts:
            values = apply_transform(part, values)
        return values

    def flat_transforms(self, position: int) -> list[Any]:
        found: list[Any] = []
        for part in self.parts:
            if isinstance(part, tuple):
                part = part[position] if position < len(part) else None
            elif position > 0 and not isinstance(part, MultiParamTransform):
                part = None
            found += flat_transforms_recursive(part, position)
        return found

    def __repr__(self) -> str:
        return f"({self.parts[0]!r} then {self.parts[1]!r})"


def apply_transform(transform: TransformDef, values: list[Any]) -> list[Any]:
    """Apply one group's transform to the elements of a sample."""
    if transform is None:
        return values
    if isinstance(transform, MultiParamTransform):
        out = transform(*values)
        return list(out) if isinstance(out, (tuple, list)) else [out, *values[1:]]
    functions = transform if isinstance(transform, tuple) else (transform,)
    return [
        f(value) if (f := functions[i] if i < len(functions) else None) is not None else value
        for i, value in enumerate(values)
    ]


def groups_of_options(
    transform: Any,
    target_transform: Any,
    transform_groups: TransformGroups | Mapping[str, Any] | None,
) -> TransformGroups | None:
    """The groups that the makers' ``transform``, ``target_transform``, ``transform_groups`` mean.

    Raises:
        ValueError: if both kinds are given.
    """
    if transform_groups is not None:
        if transform is not None or target_transform is not None:
            raise ValueError(
                "transform_groups together with transform or target_transform: expected one "
                "kind; put all transforms into transform_groups"
            )
        if isinstance(transform_groups, TransformGroups):
            return transform_groups
        return TransformGroups(transform_groups)
    if transform is None and target_transform is None:
        return None
    return DefaultTransformGroups((transform, target_transform))


def _checked(name: str, transform: Any) -> TransformDef:
    if isinstance(transform, (tuple, list)):
        functions = tuple(transform)
        if len(functions) == 2 and all(f is None or callable(f) for f in functions):
            return None if functions == (None, None) else functions
    elif transform is None or callable(transform):
        return transform  # type: ignore[no-any-return]
    raise TypeError(
        f"transform_groups[{name!r}]={transform!r}: expected a callable, a pair of callables for "
        "(x, y), or None; pass e.g. torchvision.transforms.ToTensor()"
    )


def _in_sequence(first: TransformDef, second: TransformDef) -> TransformDef:
    if first is None or second is None:
        return second if first is None else first
    return TransformSequence(first, second)


def _same(a: TransformDef, b: TransformDef) -> bool:
    if isinstance(a, tuple) and isinstance(b, tuple):
        return all(x is y for x, y in zip(a, b, strict=True))
    return a is b
