"""Nearest class mean: a classifier that is computed, not trained."""

from collections.abc import Iterable, Mapping
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import normalize

from avalanche.models.classes import classes_of
from avalanche.models.dynamic_modules import MASKED, DynamicModule
from avalanche.models.packed_state import pack, unpack

__all__ = ["NCMClassifier"]


class NCMClassifier(DynamicModule):
    r"""Answers with the negative distance to the mean of each class.

    .. math:: z_c = -\lVert \phi - \mu_c \rVert_2

    Classes without a mean get :math:`-\infty` and are never predicted. While there is no mean at
    all, every known class gets the same logit.

    Args:
        normalize: scale each input to length 1. The means are used as they are given.

    Attributes:
        class_means: means by class id, ``(classes, features)``; rows of classes without one are 0.
        seen: which classes have a mean, ``(classes,)``.

    Example:
        >>> ncm = NCMClassifier(normalize=False)
        >>> ncm.replace_class_means_dict({0: torch.zeros(2), 2: torch.ones(2)})
        >>> ncm(torch.tensor([[0.0, 1.0]])).tolist()
        [[-1.0, -inf, -1.0]]

    References:
        Rebuffi et al., "iCaRL", 2017, algorithm 1; Mensink et al., "Distance-based image
        classification", 2013.
    """

    class_means: Tensor
    seen: Tensor

    def __init__(self, normalize: bool = True) -> None:
        super().__init__()
        self.normalize = normalize
        self.max_class = -1
        self.register_buffer("class_means", torch.empty(0, 0))
        self.register_buffer("seen", torch.empty(0, dtype=torch.bool))

    @property
    def class_means_dict(self) -> dict[int, Tensor]:
        """Class to its mean, ``(features,)``."""
        return {c: self.class_means[c] for c in self.seen.nonzero().flatten().tolist()}

    def forward(self, x: Tensor) -> Tensor:
        """Logits: ``(batch, features)`` to ``(batch, classes)``."""
        units = max(self.max_class + 1, len(self.seen))
        if not self.class_means.numel():
            return x.new_zeros(x.shape[0], max(units, 2))
        features = normalize(x, dim=1) if self.normalize else x
        exact = torch.promote_types(features.dtype, torch.float32)  # no distances of half precision
        distances = torch.cdist(features.to(exact), self.class_means.to(exact))
        out = x.new_full((x.shape[0], units), MASKED)
        out[:, : len(self.seen)] = (-distances).masked_fill(~self.seen, MASKED).to(out.dtype)
        return out

    def adaptation(self, experience: Any) -> None:
        """Have a unit for every class of ``experience``; nothing in evaluation mode."""
        if self.training:
            self.max_class = max(self.max_class, *classes_of(experience), -1)

    def update_class_means_dict(
        self, class_means_dict: Mapping[int, Tensor], momentum: float = 0.5
    ) -> None:
        """Move means towards new ones; classes without a mean take the new one.

        Args:
            class_means_dict: class to its mean, ``(features,)``.
            momentum: share of the new means, in [0, 1]; 1 replaces the old ones.

        Raises:
            ValueError: a momentum outside of [0, 1], a class below 0, or means that are no vectors
                of one length.
        """
        if not 0 <= momentum <= 1:
            raise ValueError(f"momentum={momentum}: expected a number between 0 and 1")
        known = [self.class_means[0]] if self.class_means.numel() else []
        _check_means(class_means_dict, known)
        self._make_room(class_means_dict)
        for label, mean in class_means_dict.items():
            old = self.class_means[label]
            new = mean.detach().to(old.device, old.dtype)
            self.class_means[label] = torch.lerp(old, new, momentum) if self.seen[label] else new
            self.seen[label] = True

    def replace_class_means_dict(self, class_means_dict: Mapping[int, Tensor]) -> None:
        """Forget all means and take these: class to ``(features,)``.

        Raises:
            ValueError: as :meth:`update_class_means_dict`; the old means are kept.
        """
        _check_means(class_means_dict)
        self.class_means = self.class_means.new_empty(0, 0)
        self.seen = self.seen.new_empty(0)
        self.update_class_means_dict(class_means_dict, momentum=1)

    def init_missing_classes(
        self, classes: Iterable[int], class_size: int, device: torch.device | str
    ) -> None:
        """Have a unit, without a mean, for each of ``classes``; ``class_size`` is not needed."""
        self.max_class = max(self.max_class, *classes, -1)

    def _make_room(self, means: Mapping[int, Tensor]) -> None:
        if not means:
            return
        units = max(len(self.seen), max(means) + 1)
        grown = self.class_means.new_zeros(units, len(next(iter(means.values()))))
        if self.class_means.numel():
            grown[: len(self.seen)] = self.class_means
        extra = self.seen.new_zeros(units - len(self.seen))
        self.class_means, self.seen = grown, torch.cat([self.seen, extra])

    def get_extra_state(self) -> Tensor:
        """The largest class met, saved with the means."""
        return pack([self.max_class])

    def set_extra_state(self, state: Tensor | dict[str, Any]) -> None:
        """Restore :meth:`get_extra_state`; it was a dictionary in earlier versions."""
        if isinstance(state, dict):
            state = pack([state["max_class"]])
        ((self.max_class,),) = unpack(state)

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str, *args: Any) -> None:
        """Take the shape that was saved; older states do not say which rows are means."""
        means = state_dict.get(f"{prefix}class_means")
        if means is not None:
            self.class_means = self.class_means.new_zeros(means.shape)
            self.seen = self.seen.new_zeros(len(means))
            state_dict.setdefault(f"{prefix}seen", means.abs().sum(1) > 0)
        state_dict.setdefault(f"{prefix}_extra_state", self.get_extra_state())
        super()._load_from_state_dict(state_dict, prefix, *args)


def _check_means(means: Mapping[int, Tensor], known: Iterable[Tensor] = ()) -> None:
    shapes = {tuple(mean.shape) for mean in (*means.values(), *known)}
    if len(shapes) > 1 or any(len(shape) != 1 for shape in shapes):
        raise ValueError(
            f"class_means_dict: means of shapes {sorted(shapes)}; expected vectors of one "
            "length, (features,)"
        )
    if min(means, default=0) < 0:
        raise ValueError(f"class_means_dict: class {min(means)}; expected class ids of 0 or more")
