"""The older path of :mod:`avalanche.models`."""

from avalanche import models
from avalanche.models import *  # noqa: F403

__all__ = list(models.__all__)
