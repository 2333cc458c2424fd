"""The package of Weights & Biases, loaded when something asks for it."""

import importlib
from typing import Any

__all__ = ["load_wandb"]


def load_wandb(needed_by: str) -> Any:
    """The package ``wandb``.

    Args:
        needed_by: what needs it, for the error.

    Raises:
        ModuleNotFoundError: it is not installed.
    """
    try:
        return importlib.import_module("wandb")
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f"{needed_by} needs the package wandb: pip install 'avalanche-lib[wandb]'"
        ) from error
