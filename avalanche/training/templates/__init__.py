"""Templates: the loops that strategies are made of."""

from avalanche.training.templates.base import BaseTemplate
from avalanche.training.templates.supervised import SupervisedTemplate

__all__ = ["BaseTemplate", "SupervisedTemplate"]
