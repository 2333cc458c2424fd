"""Where data sets lie on disk."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

__all__ = [
    "default_dataset_location",
    "load_config_file",
    "maybe_init_config_file",
    "set_dataset_root",
]

_KEY = "dataset_location"


def default_dataset_location(dataset_name: str) -> Path:
    """The folder of a data set for which no ``dataset_root`` is given.

    It is a folder of that name in the directory that the environment variable
    ``AVALANCHE_DATA`` names, else in the one that :func:`set_dataset_root` wrote down, else in
    ``~/.avalanche/data``. Nothing is created.

    Example:
        >>> default_dataset_location("mnist").name
        'mnist'
    """
    base = os.environ.get("AVALANCHE_DATA")
    root = Path(base) if base else Path(load_config_file()[_KEY])
    return root.expanduser() / dataset_name


def set_dataset_root(root_dir: str | Path) -> None:
    """Keep data sets in another folder from now on, in this and later processes.

    The folder's name is written into ``~/.avalanche/config.json``; this is the only function
    that writes there. The environment variable ``AVALANCHE_DATA`` goes before it.

    Args:
        root_dir: the folder; it need not exist yet.

    Raises:
        ValueError: if the file is there and is no JSON object.
    """
    config = load_config_file()
    config[_KEY] = str(Path(root_dir).expanduser().absolute())
    path = _config_path()
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{path.name}.part")
    partial.write_text(json.dumps(config, indent=4) + "\n", encoding="utf-8")
    os.replace(partial, path)


def load_config_file() -> dict[str, Any]:
    """The settings: those of ``~/.avalanche/config.json`` over the defaults.

    Raises:
        ValueError: if the file is no JSON object, or its ``dataset_location`` no string.
    """
    path = _config_path()
    config: Any = {}
    if path.is_file():
        try:
            config = json.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise ValueError(f"{path}: no JSON ({error}); mend or delete the file") from error
    if not isinstance(config, dict) or not isinstance(config.get(_KEY, ""), str):
        raise ValueError(
            f"{path}: expected a JSON object with a string {_KEY!r}; mend or delete the file"
        )
    return {_KEY: str(Path.home() / ".avalanche" / "data"), **config}


def maybe_init_config_file() -> None:
    """Write the settings down, with the defaults, if there is no such file yet."""
    if not _config_path().is_file():
        set_dataset_root(load_config_file()[_KEY])


def _config_path() -> Path:
    return Path.home() / ".avalanche" / "config.json"
