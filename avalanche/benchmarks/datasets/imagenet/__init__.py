"""ImageNet (ILSVRC 2012)."""

from .imagenet import AvalancheImageNet

__all__ = ["AvalancheImageNet"]
