"""Linear layers on the sphere: logits are cosines, so that old and new classes weigh the same."""

from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn.functional import linear, normalize

from avalanche.models.dynamic_modules import MASKED, DynamicModule, classes_of

__all__ = ["CosineIncrementalClassifier", "CosineLinear", "SplitCosineLinear"]


class CosineLinear(nn.Module):
    r"""A linear layer without bias between vectors of length 1.

    .. math:: z_c = \eta\, \cos(w_c, x)

    Args:
        in_features: width of the input.
        out_features: number of units.
        sigma: learn the scale :math:`\eta`, from 1; without it the scale is 1.

    Example:
        >>> CosineLinear(4, 3)(torch.zeros(2, 4)).shape
        torch.Size([2, 3])

    References:
        Hou et al., "Learning a unified classifier incrementally via rebalancing", 2019, eq. 4.
    """

    def __init__(self, in_features: int, out_features: int, sigma: bool = True) -> None:
        super().__init__()
        self.in_features = in_features
        self.out_features = out_features
        self.weight = nn.Parameter(torch.empty(out_features, in_features))
        self.sigma = nn.Parameter(torch.empty(1)) if sigma else None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw the weights anew, uniform in :math:`1/\\sqrt{n}`; the scale becomes 1."""
        bound = self.in_features**-0.5
        nn.init.uniform_(self.weight, -bound, bound)
        if self.sigma is not None:
            nn.init.ones_(self.sigma)

    def forward(self, input: Tensor) -> Tensor:
        """Scaled cosines: ``(batch, in_features)`` to ``(batch, out_features)``."""
        out = linear(normalize(input, dim=1), normalize(self.weight, dim=1))
        return out if self.sigma is None else self.sigma * out


class SplitCosineLinear(nn.Module):
    """Cosines with old classes and with new ones, side by side, under one scale.

    Args:
        in_features: width of the input.
        out_features1: units of old classes, in ``fc1``.
        out_features2: units of new classes, in ``fc2``.
        sigma: learn the scale, from 1.
    """

    def __init__(
        self, in_features: int, out_features1: int, out_features2: int, sigma: bool = True
    ) -> None:
        super().__init__()
        self.in_features = in_features
        self.out_features = out_features1 + out_features2
        self.fc1 = CosineLinear(in_features, out_features1, sigma=False)
        self.fc2 = CosineLinear(in_features, out_features2, sigma=False)
        self.sigma = nn.Parameter(torch.ones(1)) if sigma else None

    @property
    def weight(self) -> Tensor:
        """Weights of old and new classes together, ``(units, in_features)``."""
        return torch.cat([self.fc1.weight, self.fc2.weight])

    def forward(self, x: Tensor) -> Tensor:
        """Scaled cosines: ``(batch, in_features)`` to ``(batch, units)``."""
        out = torch.cat([self.fc1(x), self.fc2(x)], dim=1)
        return out if self.sigma is None else self.sigma * out


class CosineIncrementalClassifier(DynamicModule):
    """A head of cosines that gains units in training, kept apart into old and new ones.

    The first experience gets a :class:`CosineLinear`, each later one with new classes a
    :class:`SplitCosineLinear` whose old part holds all units so far. Units that were never trained
    get the logit ``-inf``.

    Args:
        in_features: width of the input.
        num_classes: units before the first experience.

    Attributes:
        fc: the layer; None before there are units.
        active_units: which units were trained.

    Example:
        >>> from types import SimpleNamespace
        >>> head = CosineIncrementalClassifier(4)
        >>> head.adaptation(SimpleNamespace(classes_in_this_experience=[0, 1]))
        >>> head.adaptation(SimpleNamespace(classes_in_this_experience=[2, 3, 4]))
        >>> head.fc.fc1.out_features, head.fc.fc2.out_features
        (2, 3)
    """

    active_units: Tensor

    def __init__(self, in_features: int, num_classes: int = 0) -> None:
        super().__init__()
        self.in_features = in_features
        self.fc: CosineLinear | SplitCosineLinear | None = None
        if num_classes:
            self.fc = CosineLinear(in_features, num_classes)
        self.register_buffer("active_units", torch.zeros(num_classes, dtype=torch.int8))
        self._trained = False

    @torch.no_grad()
    def adaptation(self, experience: Any) -> None:
        """Gain the units of new classes; nothing in evaluation mode."""
        classes = classes_of(experience)
        if not self.training or not classes:
            return
        new = max(classes) + 1 - len(self.active_units)
        if new > 0:
            self._grow(new)
        self.active_units[torch.tensor(classes, device=self.active_units.device)] = 1
        self._trained = True

    def _grow(self, new: int) -> None:
        old = self.fc
        self.active_units = torch.cat([self.active_units, self.active_units.new_zeros(new)])
        if old is None:
            self.fc = CosineLinear(self.in_features, new).to(self.active_units.device)
            return
        weight = old.weight
        grown = SplitCosineLinear(self.in_features, len(weight), new)
        grown.fc1.weight.copy_(weight)
        cast("Tensor", grown.sigma).copy_(cast("Tensor", old.sigma))
        self.fc = grown.to(weight.device, weight.dtype)

    def forward(self, x: Tensor) -> Tensor:
        """Logits: ``(batch, in_features)`` to ``(batch, units)``; equal ones before any unit."""
        if self.fc is None:
            return x.new_zeros(x.shape[0], 2)
        out = cast("Tensor", self.fc(x))
        return out.masked_fill(self.active_units == 0, MASKED) if self._trained else out

    def _load_from_state_dict(self, state_dict: dict[str, Tensor], prefix: str, *args: Any) -> None:
        """Take the shape that was saved; states of other versions have no mask."""
        single = state_dict.get(f"{prefix}fc.weight")
        old, new = (state_dict.get(f"{prefix}fc.fc{i}.weight") for i in (1, 2))
        if single is not None:
            self.fc = CosineLinear(self.in_features, len(single)).to(self.active_units.device)
        elif old is not None and new is not None:
            split = SplitCosineLinear(self.in_features, len(old), len(new))
            self.fc = split.to(self.active_units.device)
        units = 0 if self.fc is None else self.fc.out_features
        self.active_units = self.active_units.new_zeros(units)
        state_dict.setdefault(f"{prefix}active_units", torch.ones(units, dtype=torch.int8))
        super()._load_from_state_dict(state_dict, prefix, *args)
        self._trained = bool(self.active_units.any())
