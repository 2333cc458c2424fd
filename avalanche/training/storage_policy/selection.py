"""Which samples of a group represent it best."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from avalanche.benchmarks.utils import AvalancheDataset
from avalanche.benchmarks.utils.data_loader import SingleDatasetDataLoader
from avalanche.models.utils import (
    FeatureExtractorBackbone,
    avalanche_forward,
)
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
        model: the model, used in evaluation mode and put back. One that wants task labels gets
            those of the samples, or 0 where they have none.
        layer_name: the layer whose output is the feature, as in ``model.named_modules()``.

    Raises:
        ValueError: the model has no such layer.
    """

    def __init__(self, model: nn.Module, layer_name: str) -> None:
        self.feature_extractor = FeatureExtractorBackbone(model, layer_name)
        inside = f"model.{layer_name}" if layer_name else "model"
        self._by_task = FeatureExtractorBackbone(_ByTask(model), inside)

    @torch.no_grad()
    def make_sorted_indices(self, strategy: Any, data: AvalancheDataset) -> list[int]:
        """Sort by the features of the evaluation transforms, float32 ``(samples, features)``."""
        device = next(self.feature_extractor.parameters()).device
        with evaluation_mode(self.feature_extractor):
            features = torch.cat(
                [
                    self._by_task((batch[0].to(device), _labels_of(batch, device))).flatten(1)
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
        features = _precise(features)
        mean = features.mean(0)
        chosen: list[int] = []
        total = torch.zeros_like(mean)
        free = torch.ones(len(features), dtype=torch.bool, device=features.device)
        for count in range(1, len(features) + 1):
            distance = (mean - (total + features) / count).square().sum(1)
            distance = distance.nan_to_num()  # below infinity, which is for those chosen
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
        features = _precise(features)
        order: list[int] = (features - features.mean(0)).square().sum(1).argsort().tolist()
        return order


class _ByTask(nn.Module):
    """A model that takes inputs and task labels as one argument."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, batch: tuple[Any, Any]) -> Any:
        return avalanche_forward(self.model, *batch)


def _labels_of(batch: Sequence[Any], device: torch.device) -> Any:
    """Task labels of a batch, its last element; 0 where it has none."""
    return batch[-1].to(device) if len(batch) >= 3 else 0


def _precise(features: Tensor) -> Tensor:
    """At least float32: squares of half-precision features overflow."""
    return features.float() if features.dtype in (torch.float16, torch.bfloat16) else features


def check_ranking(selection: ExemplarsSelectionStrategy, ranked: Any, samples: int) -> list[int]:
    """Refuse a ranking that is no permutation of the positions of the samples."""
    positions: list[int] = torch.as_tensor(ranked).flatten().tolist()
    if sorted(positions) != list(range(samples)):
        raise ValueError(
            f"selection_strategy={type(selection).__name__}: make_sorted_indices gave "
            f"{len(positions)} positions for {samples} samples, {len(set(positions))} of them "
            f"different; return each of 0 to {samples - 1} once, the ones to keep first"
        )
    return positions
