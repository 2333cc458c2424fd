"""What a strategy does, for a person to read."""

import warnings
from collections import defaultdict
from typing import Any

from avalanche.core.events import EVENTS, implements, listeners

__all__ = ["conflicts", "explanation", "refuse_conflicts"]


def explanation(strategy: Any) -> str:
    """A tree: every event at which something acts, and below it what, in calling order."""
    lines = [f"{type(strategy).__name__} on {strategy.device}"]
    for event in EVENTS:
        if event.name not in strategy.EVENT_TABLE:
            continue
        acting = listeners(strategy.plugins, event.name)
        if implements(strategy, event.name):
            acting.append(strategy)
        if not acting:
            continue
        lines.append(f"├─ {event.name}: {event.when}")
        for number, plugin in enumerate(acting, start=1):
            lines.append(f"│    {number}. {type(plugin).__name__}{_purpose(plugin, event.name)}")
    for thing, owners in conflicts(strategy.plugins).items():
        text = f"{' and '.join(owners)} each set the {thing}: the last one called wins"
        lines.append(f"└─ conflict: {text}")
        warnings.warn(text, stacklevel=3)
    return "\n".join(lines)


def conflicts(plugins: list[Any]) -> dict[str, list[str]]:
    """What more than one plugin claims in its ``owns``: the thing to the names of the plugins."""
    owners: dict[str, list[str]] = defaultdict(list)
    for plugin in plugins:
        for thing in getattr(plugin, "owns", ()):
            owners[thing].append(type(plugin).__name__)
    return {thing: names for thing, names in owners.items() if len(names) > 1}


def refuse_conflicts(plugins: list[Any]) -> None:
    """Refuse plugins of which only the last one called would have an effect.

    Raises:
        ValueError: naming the plugins, what they claim, and what to do.
    """
    for thing, names in conflicts(plugins).items():
        raise ValueError(
            f"plugins: {' and '.join(names)} each set the {thing} of the strategy, so only the "
            "last one called would count; take one of them, or write owns = () in a class of your "
            "own that leaves the other's work in place"
        )


def _purpose(plugin: Any, event: str) -> str:
    """First line of the callback's docstring."""
    text = (getattr(plugin, event).__doc__ or "").strip().splitlines()
    return f" - {text[0]}" if text else ""
