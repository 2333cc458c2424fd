"""Where data sets lie on disk."""

from __future__ import annotations

import os
from pathlib import Path


def default_dataset_location(dataset_name: str) -> Path:
    """The folder of a data set for which no ``dataset_root`` is given.

    It is ``~/.avalanche/data/<dataset_name>``, or a folder of that name in the directory that
    the environment variable ``AVALANCHE_DATA`` names. Nothing is created.

    Example:
        >>> default_dataset_location("mnist").name
        'mnist'
    """
    base = os.environ.get("AVALANCHE_DATA")
    root = Path(base).expanduser() if base else Path.home() / ".avalanche" / "data"
    return root / dataset_name
