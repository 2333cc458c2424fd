"""Whether a request goes on with the run that a folder holds, or asks for something else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from avalanche.cli.errors import UsageError

__all__ = ["check_same_run"]

# More seeds or strategies may be added to a run; all else has to stay as it was.
_MAY_GROW = ("seeds", "strategies", "provenance")
_ABSENT = object()


def check_same_run(path: Path, before: Mapping[str, Any], config: Mapping[str, Any]) -> None:
    """Refuse a request that is not the one a run was started with.

    What only one of the two says is a difference as well. Seeds and strategies may be added.

    Args:
        path: the folder of the run, for messages.
        before: what its ``config.yaml`` says.
        config: what is asked for now.

    Raises:
        UsageError: the first difference; or the folder does not say what was run.
    """
    if not before:
        raise UsageError(
            f"--out={path}: has no config.yaml that says what was run there; "
            "--overwrite starts again"
        )
    kinds = _command(before), _command(config)
    if kinds[0] != kinds[1]:
        raise UsageError(
            f"--out={path}: holds a run of `avalanche {kinds[0]}`, with which "
            f"`avalanche {kinds[1]}` cannot go on; give another --out"
        )
    now = _as_read(config)
    apart = _on_one_side(before.get("strategies", ()), now.get("strategies", ()))
    for key in {**before, **now}:
        if key not in (*_MAY_GROW, *apart):
            _check_equal(path, key, before.get(key, _ABSENT), now.get(key, _ABSENT))


def _command(config: Mapping[str, Any]) -> str:
    return "compare" if "strategies" in config else "run"


def _as_read(config: Mapping[str, Any]) -> dict[str, Any]:
    """The configuration as its file gives it back, with lists for tuples."""
    import yaml

    content: dict[str, Any] = yaml.safe_load(yaml.safe_dump(dict(config), sort_keys=False))
    return content


def _on_one_side(before: Iterable[str], now: Iterable[str]) -> set[str]:
    """Strategies that only one has; the arguments of the others are compared."""
    return set(before) ^ set(now)


def _check_equal(path: Path, key: str, before: Any, now: Any) -> None:
    if isinstance(before, dict) and isinstance(now, dict):
        for inner in {**before, **now}:
            name = key if inner == "name" else f"{key}.{inner}"
            _check_equal(path, name, before.get(inner, _ABSENT), now.get(inner, _ABSENT))
    elif before != now:
        given = f"--{key}" if now is _ABSENT or isinstance(now, dict) else f"--{key}={_text(now)}"
        had = f"no {key}" if before is _ABSENT else f"{key}={_text(before)}"
        raise UsageError(
            f"{given}: the run in {path} has {had}; "
            "give the same options to --resume it, or another --out"
        )


def _text(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)
