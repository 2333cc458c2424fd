"""Linear layers on the sphere: logits are cosines, so that old and new classes weigh the same."""

from typing import Any, NamedTuple, cast

import torch
from torch import Tensor, nn
from torch.nn.functional import linear, normalize
from typing_extensions import Self

from avalanche.models.checks import check_sizes
from avalanche.models.classes import classes_of
from avalanche.models.dynamic_modules import MASKED, DynamicModule
from avalanche.models.packed_state import pack, unpack

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
        check_sizes(in_features=in_features)
        check_sizes(0, out_features=out_features)
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
        out = _cosines(input, self.weight)
        return out if self.sigma is None else self.sigma * out


class CosineUnits(NamedTuple):
    """Some units of a layer of cosines; their weights are part of the layer's."""

    weight: Tensor

    @property
    def in_features(self) -> int:
        """Width of the input."""
        return self.weight.shape[1]

    @property
    def out_features(self) -> int:
        """Number of units."""
        return self.weight.shape[0]

    def __call__(self, x: Tensor) -> Tensor:
        """Cosines without scale: ``(batch, in_features)`` to ``(batch, out_features)``."""
        return _cosines(x, self.weight)


class SplitCosineLinear(CosineLinear):
    """Cosines with old classes and with new ones, side by side, under one scale.

    The units of both lie in one parameter, ``weight``, so that a row keeps its place and its name
    when new classes become old ones. :attr:`fc1` and :attr:`fc2` are views.

    Args:
        in_features: width of the input.
        out_features1: units of old classes, in ``fc1``.
        out_features2: units of new classes, in ``fc2``.
        sigma: learn the scale, from 1.
    """

    def __init__(
        self, in_features: int, out_features1: int, out_features2: int, sigma: bool = True
    ) -> None:
        super().__init__(in_features, out_features1 + out_features2, sigma)
        self.out_features1 = out_features1

    @property
    def fc1(self) -> CosineUnits:
        """Units of old classes."""
        return CosineUnits(self.weight[: self.out_features1])

    @property
    def fc2(self) -> CosineUnits:
        """Units of new classes."""
        return CosineUnits(self.weight[self.out_features1 :])

    def _load_from_state_dict(self, state_dict: dict[str, Tensor], prefix: str, *args: Any) -> None:
        """States of avalanche-lib 0.6 have a weight for old units and one for new ones."""
        _join(state_dict, prefix)
        super()._load_from_state_dict(state_dict, prefix, *args)


class CosineIncrementalClassifier(DynamicModule):
    """A head of cosines that gains units in training, kept apart into old and new ones.

    The first experience gets a :class:`CosineLinear`, each later one with new classes a
    :class:`SplitCosineLinear` whose old part holds all units so far. The rows of a class stay where
    they are in ``fc.weight``. Units that were never trained get the logit ``-inf``.

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
    _like = torch.empty(0)  # of the type and on the device that the first units get

    def __init__(self, in_features: int, num_classes: int = 0) -> None:
        super().__init__()
        check_sizes(in_features=in_features)
        check_sizes(0, num_classes=num_classes)
        self.in_features = in_features
        self.fc: CosineLinear | None = None
        if num_classes:
            self.fc = CosineLinear(in_features, num_classes)
        self.register_buffer("active_units", torch.zeros(num_classes, dtype=torch.int8))
        self._trained = False

    def _apply(self, fn: Any, recurse: bool = True) -> Self:
        """Moves and conversions reach the type of the units to come."""
        super()._apply(fn, recurse)  # type: ignore[no-untyped-call]
        self._like = fn(self._like)
        return self

    @torch.no_grad()
    def adaptation(self, experience: Any) -> None:
        """Gain the units of new classes; nothing in evaluation mode."""
        classes = classes_of(experience)
        if not self.training or not classes:
            return
        new = max(classes) + 1 - len(self.active_units)
        if new > 0:
            self._shape(len(self.active_units) + new, len(self.active_units))
            self.active_units = torch.cat([self.active_units, self.active_units.new_zeros(new)])
        self.active_units[torch.tensor(classes, device=self.active_units.device)] = 1
        self._trained = True

    @torch.no_grad()
    def _shape(self, units: int, old_units: int) -> None:
        """Have so many units; rows, scale and whether they are trained stay as they are."""
        before = self.fc
        if (units, old_units) == (0 if before is None else before.out_features, self._old_units):
            return
        if not units:
            self.fc = None
            return
        layer = (
            SplitCosineLinear(self.in_features, old_units, units - old_units)
            if old_units
            else CosineLinear(self.in_features, units)
        )
        self.fc = layer.to(self._like)
        if before is None:
            return
        layer.to(before.weight.dtype).sigma = before.sigma
        if units == before.out_features:
            layer.weight = before.weight
            return
        both = min(units, before.out_features)
        layer.weight[:both] = before.weight[:both]
        layer.weight.requires_grad_(before.weight.requires_grad)

    @property
    def _old_units(self) -> int:
        return self.fc.out_features1 if isinstance(self.fc, SplitCosineLinear) else 0

    def get_extra_state(self) -> Tensor:
        """How many units are old, saved with the weights."""
        return pack([self._old_units])

    def set_extra_state(self, state: Tensor | dict[str, int]) -> None:
        """The layer was given its shape before the weights were read."""

    def forward(self, x: Tensor) -> Tensor:
        """Logits: ``(batch, in_features)`` to ``(batch, units)``; equal ones before any unit."""
        if self.fc is None:
            return x.new_zeros(x.shape[0], 2)
        out = cast("Tensor", self.fc(x))
        return out.masked_fill(self.active_units == 0, MASKED) if self._trained else out

    def _load_from_state_dict(self, state_dict: dict[str, Tensor], prefix: str, *args: Any) -> None:
        """Take the shape that was saved; states of other versions have no mask."""
        extra = cast("dict[str, Any]", state_dict)
        old = _join(state_dict, f"{prefix}fc.")
        saved = extra.setdefault(f"{prefix}_extra_state", pack([old]))
        weight = state_dict.get(f"{prefix}fc.weight")
        units = 0 if weight is None else len(weight)
        self._shape(units, saved["old_units"] if isinstance(saved, dict) else unpack(saved)[0][0])
        if len(self.active_units) != units:
            self.active_units = self.active_units.new_zeros(units)
        state_dict.setdefault(f"{prefix}active_units", torch.ones(units, dtype=torch.int8))
        super()._load_from_state_dict(state_dict, prefix, *args)
        self._trained = bool(self.active_units.any())


def _cosines(x: Tensor, weight: Tensor) -> Tensor:
    return linear(normalize(x, dim=1), normalize(weight, dim=1))


def _join(state_dict: dict[str, Tensor], prefix: str) -> int:
    """Make one weight of those of old and new units, if there are two; how many are old."""
    names = [f"{prefix}fc{i}.weight" for i in (1, 2)]
    if not all(name in state_dict for name in names):
        return 0
    old, new = (state_dict.pop(name) for name in names)
    state_dict[f"{prefix}weight"] = torch.cat([old, new])
    return len(old)
