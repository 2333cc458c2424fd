"""From what the user gave (words on the command line, a YAML file) to pairs of key and text.

A YAML file and options end up as the same pairs, so that they mean the same.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from avalanche.cli.errors import UsageError

__all__ = ["LISTED", "NAMED", "Given", "load_yaml", "merge", "names_in", "read_config", "scan"]

NAMED = ("benchmark", "strategy", "model", "optimizer")
"""Keys whose plain value is a name: ``benchmark: SplitMNIST`` is ``benchmark: {name: ...}``."""

LISTED = ("strategies", "plugins")
"""Keys whose value is a list of names, each of which may have a group of arguments."""


@dataclass(frozen=True)
class Given:
    """One thing that the user gave.

    Args:
        key: ``"epochs"``, ``"strategy.mem_size"``.
        value: its value as text, None for an option without one (``--quiet``).
        source: the file that it comes from, empty for the command line.
    """

    key: str
    value: str | None
    source: str = ""

    @property
    def where(self) -> str:
        """How the user wrote it, for error messages."""
        key = self.key.removesuffix(".name")
        if self.source:
            return f"{self.source}: {key}: {self.value}"
        return f"--{key}" if self.value is None else f"--{key}={self.value}"


def scan(words: Sequence[str]) -> list[Given]:
    """Read ``--key value``, ``--key=value`` and ``--flag`` from the words of a command line.

    Raises:
        UsageError: a word that belongs to no option.

    Example:
        >>> [(given.key, given.value) for given in scan(["--epochs", "3", "--quiet"])]
        [('epochs', '3'), ('quiet', None)]
    """
    found: list[Given] = []
    rest = list(words)
    while rest:
        word = rest.pop(0)
        if word == "-h":
            word = "--help"
        if not word.startswith("--") or word == "--":
            raise UsageError(
                f"{word}: belongs to no option; options look like --epochs 5 or --epochs=5"
            )
        key, equals, value = word[2:].partition("=")
        text: str | None = value if equals else None
        if not equals and rest and not rest[0].startswith("--") and rest[0] != "-h":
            text = rest.pop(0)
        found.append(Given(f"{key}.name" if key in NAMED else key, text))
    return found


def read_config(path: Path) -> list[Given]:
    """Read a YAML file of options.

    What a run noted about itself (``provenance``) and what it is to reach (``reference``, checked)
    are left out.

    Raises:
        UsageError: the file cannot be read, or does not hold keys and values.
    """
    from avalanche.cli.reference import Reference

    content = load_yaml(path)
    content.pop("provenance", None)
    if "reference" in content:
        Reference.read(content.pop("reference"), str(path))
    return list(_flatten(content, str(path)))


def load_yaml(path: Path) -> dict[Any, Any]:
    """Read a YAML file of keys and values.

    Raises:
        UsageError: the file cannot be read, or holds something else.
    """
    import yaml

    class Strict(yaml.SafeLoader):
        """Refuses a key that is there twice, of which the first would be lost."""

        def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
            seen: dict[Any, int] = {}
            for key, _ in node.value:
                if not isinstance(key, yaml.ScalarNode):
                    continue
                name, line = key.value, key.start_mark.line + 1
                if name in seen:
                    where = f"lines {seen[name]} and {line}"
                    raise yaml.YAMLError(f"{name} is there twice, {where}; leave one out")
                seen[name] = line
            return super().construct_mapping(node, deep)

    try:
        content = yaml.load(path.read_text(encoding="utf-8"), Strict)
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not a text file"
        raise UsageError(
            f"--config={path}: cannot be read ({reason}); give a YAML file such as "
            "`avalanche run --print_config` prints"
        ) from error
    except yaml.YAMLError as error:
        reason = " ".join(str(error).split())
        raise UsageError(f"--config={path}: not valid YAML; {reason}") from error
    if not isinstance(content, dict):
        raise UsageError(
            f"--config={path}: expected keys and values and found {type(content).__name__}; "
            "`avalanche run --print_config` prints an example"
        )
    return content


def merge(first: Iterable[Given], then: Iterable[Given]) -> list[Given]:
    """Join both; what comes then wins.

    A name given then drops what was said of another name before, and a list of names what was
    said of those that it leaves out.

    Example:
        >>> file = [Given("strategy.name", "EWC", "x"), Given("strategy.ewc_lambda", "1", "x")]
        >>> [given.key for given in merge(file, [Given("strategy.name", "Naive")])]
        ['strategy.name']
    """
    later = list(then)
    earlier = list(first)
    values = {g.key: g.value for g in later}
    dropped: set[str] = set()
    for item in earlier:
        if item.key in values and item.key.endswith(".name") and item.value != values[item.key]:
            dropped.add(item.key.removesuffix("name"))
        elif item.key in values and item.key in LISTED:
            left_out = {*names_in(item.value or "")} - {*names_in(values[item.key] or "")}
            dropped |= {f"{name}." for name in left_out}
    return [
        g for g in earlier if g.key not in values and not g.key.startswith(tuple(dropped))
    ] + later


def names_in(text: str) -> list[str]:
    """Names separated by commas, or a list of YAML.

    Example:
        >>> names_in("Naive, EWC"), names_in("[Naive, 'EWC']")
        (['Naive', 'EWC'], ['Naive', 'EWC'])
    """
    return [name for part in text.strip("[]").split(",") if (name := part.strip(" '\""))]


def _flatten(content: Mapping[Any, Any], source: str) -> Iterable[Given]:
    for key, value in content.items():
        if isinstance(value, dict) and key != "strategies":
            for inner, entry in value.items():
                yield Given(f"{key}.{inner}", _text(entry), source)
        else:
            name = f"{key}.name" if key in NAMED else str(key)
            yield Given(name, _text(value), source)


def _text(value: Any) -> str:
    """The value as it would be written after an option."""
    import yaml

    if isinstance(value, (dict, list)):
        return yaml.safe_dump(value, default_flow_style=True, width=1_000_000).strip()
    if value is None or isinstance(value, (bool, int, float)):
        return json.dumps(value)
    return str(value)  # text, or a date of YAML
