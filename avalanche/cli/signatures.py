"""Reads the arguments of a function or class as options: name, type, default, help."""

from __future__ import annotations

import collections.abc
import enum
import inspect
import pathlib
import re
import types
import typing
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal, Union, get_args, get_origin

import typing_extensions

from avalanche.training.templates import checks

__all__ = ["REQUIRED", "Option", "options_of", "out_of_reach", "plain_text", "type_text"]

REQUIRED = inspect.Parameter.empty
"""Default of an option that has to be given."""

_PLAIN = (int, float, str, bool, type(None), pathlib.Path)
_CONTAINERS = (
    list,
    tuple,
    dict,
    set,
    collections.abc.Sequence,
    collections.abc.Mapping,
    collections.abc.Iterable,
)


@dataclass(frozen=True)
class Option:
    """One argument as an option.

    Args:
        name: its name, without dashes.
        type: its type, reduced to what can be written on a command line.
        default: its default, `REQUIRED` where it has none.
        help: its description, from the docstring.
    """

    name: str
    type: Any
    default: Any
    help: str


def options_of(target: Callable[..., Any], skip: Iterable[str] = ()) -> list[Option]:
    """Return the arguments of a function or of a class's constructor that an option can give.

    Arguments that only Python can express (a model, a list of plugins, a transform) are left out.
    ``**kwargs: Unpack[SomeTypedDict]`` counts as its fields.

    Args:
        target: the function or class.
        skip: names to leave out.

    Example:
        >>> def benchmark(n_experiences: int, *, shuffle: bool = True):
        ...     '''Split something.
        ...
        ...     Args:
        ...         n_experiences: how many.
        ...     '''
        >>> [(option.name, option.type.__name__, option.help) for option in options_of(benchmark)]
        [('n_experiences', 'int', 'how many.'), ('shuffle', 'bool', '')]
    """
    hints = _hints(target)
    described = _descriptions(target)
    left_out = {"self", *skip}
    options = []
    for parameter in inspect.signature(target).parameters.values():
        own = REQUIRED if parameter.default is checks.REQUIRED else parameter.default
        fields = {parameter.name: (hints.get(parameter.name, Any), own)}
        if parameter.kind is inspect.Parameter.VAR_POSITIONAL:
            continue
        if parameter.kind is inspect.Parameter.VAR_KEYWORD:
            fields = {
                name: (Union[kind, None], None)  # noqa: UP007 - built from a runtime value
                for name, kind in _bundle(hints.get(parameter.name)).items()
            }
        for name, (kind, default) in fields.items():
            plain = _plain(kind, default)
            if name not in left_out and plain is not None:
                help_text = described.get(name, "")
                options.append(Option(name, plain, default, help_text))
    return options


def out_of_reach(target: Callable[..., Any], skip: Iterable[str] = ()) -> list[str]:
    """Return the arguments that are required and that no option can give.

    Args:
        target: the function or class.
        skip: names that are given otherwise.

    Example:
        >>> def plugin(scheduler: object, rate: float, step: object = None): ...
        >>> out_of_reach(plugin)
        ['scheduler']
    """
    required = [
        parameter.name
        for parameter in inspect.signature(target).parameters.values()
        if parameter.name not in skip
        and parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
        and (parameter.default is REQUIRED or parameter.default is checks.REQUIRED)
    ]
    hints = _hints(target) if required else {}
    return [name for name in required if _plain(hints.get(name, Any), REQUIRED) is None]


def plain_text(docstring: str) -> str:
    """Return a piece of a docstring as one line, without its markup.

    Example:
        >>> plain_text("Replay; see :class:`~avalanche.training.plugins.ReplayPlugin`,\\n``200``.")
        'Replay; see ReplayPlugin, 200.'
    """
    text = re.sub(r":\w+:`(?:~[\w.]*\.)?([^`]*)`", r"\1", docstring)
    return " ".join(text.replace("``", "").split())


def _hints(target: Callable[..., Any]) -> dict[str, Any]:
    source: Any = target
    if inspect.isclass(target) and not hasattr(target, "__signature__"):
        source = target.__init__
    source = inspect.unwrap(source)
    try:
        return typing_extensions.get_type_hints(source, include_extras=True)
    except (NameError, TypeError, AttributeError):
        # Names imported for type checkers only; what is readable as it stands is used.
        return {
            name: value
            for name, value in getattr(source, "__annotations__", {}).items()
            if not isinstance(value, str)
        }


def _bundle(hint: Any) -> dict[str, Any]:
    """Fields of the typed dictionary in ``Unpack[...]``, with their types."""
    if hint is None or not get_args(hint):
        return {}
    return typing_extensions.get_type_hints(get_args(hint)[0])


def _descriptions(target: Callable[..., Any]) -> dict[str, str]:
    from docstring_parser import parse

    texts = [inspect.getdoc(target) or ""]
    if inspect.isclass(target):
        for base in reversed(target.__mro__):
            own = vars(base).get("__init__")
            texts += [base.__doc__ or "", getattr(own, "__doc__", None) or ""]
    found: dict[str, str] = {}
    for text in texts:
        for parameter in parse(inspect.cleandoc(text)).params:
            if parameter.description:
                for name in parameter.arg_name.split(","):
                    found[name.strip(" *`")] = plain_text(parameter.description)
    return found


def _plain(hint: Any, default: Any) -> Any:
    """Reduce a type to its part that can be written on a command line; None if nothing is left."""
    if hint is Any or hint is inspect.Parameter.empty or isinstance(hint, str):
        return type(default) if isinstance(default, (bool, int, float, str)) else None
    return _reduce(hint)


def _reduce(hint: Any) -> Any:
    if hint is None:
        return type(None)
    origin = get_origin(hint)
    if origin in (Union, types.UnionType):
        parts = [part for part in map(_reduce, get_args(hint)) if part is not None]
        if not parts or parts == [type(None)]:
            return None
        return Union[tuple(parts)]  # noqa: UP007 - built from a runtime value
    if origin is Literal:
        return hint
    if origin is typing.Annotated:
        return _reduce(get_args(hint)[0])
    if origin in _CONTAINERS:
        inner = [arg if arg is Ellipsis else _reduce(arg) for arg in get_args(hint)]
        return None if None in inner else origin[tuple(inner)]
    if inspect.isclass(hint) and (hint in _PLAIN or issubclass(hint, (enum.Enum, pathlib.Path))):
        return hint
    return None


def type_text(kind: Any) -> str:
    """Return a type in the words of an error message.

    Example:
        >>> type_text(int | list[float] | None)
        'a whole number or list of a number or null'
    """
    origin = get_origin(kind)
    if origin in (Union, types.UnionType):
        return " or ".join(dict.fromkeys(type_text(part) for part in get_args(kind)))
    if origin is Literal:
        return "one of " + ", ".join(map(str, get_args(kind)))
    if origin is not None:
        inner = ", ".join(type_text(a) for a in get_args(kind) if a is not Ellipsis)
        return f"{'mapping' if 'apping' in str(origin) else 'list'} of {inner}"
    names = {type(None): "null", bool: "true or false", str: "text", float: "a number",
             int: "a whole number"}  # fmt: skip
    return str(names.get(kind, getattr(kind, "__name__", kind)))
