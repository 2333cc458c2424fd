"""Which samples of a group represent it best."""

from abc import ABC, abstractmethod
from typing import Any

import torch
from torch import Tensor, nn

from avalanche.benchmarks.utils import AvalancheDataset
from avalanche.benchmarks.utils.data_loader import SingleDatasetDataLoader
from avalanche.models.utils import FeatureExtractorBackbone
from avalanche.training.regularization.fisher import evaluation_mode

__all__ = [
    "ClassExemplarsSelectionStrategy",
    "ClosestToCenterSelectionStrategy",
    "ExemplarsSelectionStrategy",
    "FeatureBasedExemplarsSelectionStrategy",
    "HerdingSelectionStrategy",
    "RandomExemplarsSelectionStrategy",
]

_BATCH = 256  # samples whose features are computed at a time


class ExemplarsSelectionStrategy(ABC):
    """Sorts samples, the most representative first."""

    @abstractmethod
    def make_sorted_indices(self, strategy: Any, data: AvalancheDataset) -> list[int]:
        """Positions of all samples of ``data``, the ones to keep first."""


ClassExemplarsSelectionStrategy = ExemplarsSelectionStrategy  # its name up to 0.1


class RandomExemplarsSelectionStrategy(ExemplarsSelectionStrategy):
    """A random order; in a :class:`ParametricBuffer` this means reservoir sampling."""

    def make_sorted_indices(self, strategy: Any, data: AvalancheDataset) -> list[int]:
        """A random permutation."""
        order: list[int] = torch.randperm(len(data)).tolist()
        return order


class FeatureBasedExemplarsSelectionStrategy(ExemplarsSelectionStrategy):
    """Base of orders that depend on the features of a layer.

    Args:
        model: the model, used in evaluation mode and put back.
        layer_name: the layer whose output is the feature, as in ``model.named_modules()``.

    Raises:
        ValueError: the model has no such layer.
    """

    def __init__(self, model: nn.Module, layer_name: str) -> None:
        self.feature_extractor = FeatureExtractorBackbone(model, layer_name)

    @torch.no_grad()
    def make_sorted_indices(self, strategy: Any, data: AvalancheDataset) -> list[int]:
        """Sort by the features of the evaluation transforms, ``(samples, features)``."""
        device = next(self.feature_extractor.parameters()).device
        with evaluation_mode(self.feature_extractor):
            features = torch.cat(
                [
                    self.feature_extractor(batch[0].to(device)).flatten(1)
                    for batch in SingleDatasetDataLoader(data.eval(), batch_size=_BATCH)
                ]
            )
        return self.make_sorted_indices_from_features(features)

    @abstractmethod
    def make_sorted_indices_from_features(self, features: Tensor) -> list[int]:
        """Positions sorted by features ``(samples, features)``, the ones to keep first."""


class HerdingSelectionStrategy(FeatureBasedExemplarsSelectionStrategy):
    """Each next sample brings the mean of the chosen ones nearest to the mean of all.

    Args:
        model: the model.
        layer_name: the layer whose output is the feature.

    References:
        Rebuffi et al., "iCaRL", CVPR 2017 (arXiv 1611.07725), algorithm 4; Welling, ICML 2009.
    """

    def make_sorted_indices_from_features(self, features: Tensor) -> list[int]:
        """Greedy herding, without a limit on the number of samples."""
        mean = features.mean(0)
        chosen: list[int] = []
        total = torch.zeros_like(mean)
        free = torch.ones(len(features), dtype=torch.bool, device=features.device)
        for count in range(1, len(features) + 1):
            distance = (mean - (total + features) / count).square().sum(1)
            best = int(distance.masked_fill(~free, float("inf")).argmin())
            chosen.append(best)
            free[best] = False
            total = total + features[best]
        return chosen


class ClosestToCenterSelectionStrategy(FeatureBasedExemplarsSelectionStrategy):
    """Samples nearest to the mean of all come first.

    Args:
        model: the model.
        layer_name: the layer whose output is the feature.
    """

    def make_sorted_indices_from_features(self, features: Tensor) -> list[int]:
        """Sort by distance to the mean."""
        order: list[int] = (features - features.mean(0)).square().sum(1).argsort().tolist()
        return order
