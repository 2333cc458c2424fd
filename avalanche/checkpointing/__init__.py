"""Saving and resuming."""

from avalanche.checkpointing.checkpoint import maybe_load_checkpoint, save_checkpoint

__all__ = ["maybe_load_checkpoint", "save_checkpoint"]
