"""One prototype per class on the unit sphere, following the features of its class."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

__all__ = ["Prototypes"]


class Prototypes(Mapping[int, Tensor]):
    r"""Class prototypes that move with momentum; a mapping from class to prototype ``(1, p_size)``.

    A class gets its first prototype from the first features of it that are observed. After that

    .. math:: p^c \leftarrow \frac{q}{\|q\|}, \quad q = \alpha p^c + (1 - \alpha) \bar z^c

    with :math:`\bar z^c` the mean of the features of class :math:`c` since the last update. All
    prototypes lie in one tensor on the device, and nothing here waits for it.

    Args:
        n_classes: classes that there will be, at least 1.
        p_size: width of a prototype, at least 1.
        alpha: momentum, in [0, 1].

    Attributes:
        table: the prototypes, ``(n_classes, p_size)``; zero for classes without one.
        seen: which classes have one, bool ``(n_classes,)``.

    Raises:
        TypeError: a momentum that is no number.
        ValueError: a size below 1, or a momentum outside of [0, 1].

    Example:
        >>> prototypes = Prototypes(n_classes=3, p_size=2, alpha=0.5)
        >>> prototypes.observe(torch.tensor([[1.0, 0.0], [0.0, 1.0]]), torch.tensor([2, 2]))
        >>> prototypes.update()
        >>> dict(prototypes)
        {2: tensor([[0.7071, 0.7071]])}

    References:
        De Lange and Tuytelaars, "Continual Prototype Evolution", ICCV 2021 (arXiv 2009.00919),
        eq. 2 and algorithm 1.
    """

    def __init__(self, n_classes: int, p_size: int, alpha: float = 0.99) -> None:
        for name, value in (("n_classes", n_classes), ("p_size", p_size)):
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise ValueError(f"{name}={value!r}: expected a whole number of at least 1")
        if isinstance(alpha, bool) or not isinstance(alpha, (int, float)):
            raise TypeError(f"alpha={alpha!r}: expected a number, a momentum such as 0.99")
        if not 0 <= alpha <= 1:
            raise ValueError(f"alpha={alpha}: expected a momentum between 0 and 1, such as 0.99")
        self.alpha = alpha
        self.table = torch.zeros(n_classes, p_size)
        self.seen = torch.zeros(n_classes, dtype=torch.bool)
        self._sums = torch.zeros(n_classes, p_size)
        self._counts = torch.zeros(n_classes, 1)
        self._pending = False

    def to(self, device: torch.device | str) -> Prototypes:
        """Move everything to ``device``."""
        self.table, self.seen = self.table.to(device), self.seen.to(device)
        self._sums, self._counts = self._sums.to(device), self._counts.to(device)
        return self

    @torch.no_grad()
    def observe(self, features: Tensor, targets: Tensor) -> None:
        """Note features ``(batch, p_size)`` of classes ``(batch,)`` for the next update.

        Classes without a prototype get one now, the mean of these features on the unit sphere.
        """
        members = F.one_hot(targets, len(self.table)).to(self._sums.dtype).T
        sums = members @ features.to(self._sums.dtype)
        counts = members.sum(1, keepdim=True)
        first = (counts > 0).squeeze(1) & ~self.seen
        self.table = torch.where(first[:, None], F.normalize(sums), self.table)
        self.seen = self.seen | first
        self._sums += sums
        self._counts += counts
        self._pending = True

    @torch.no_grad()
    def update(self) -> None:
        """Move the prototypes of the classes observed since the last update."""
        if not self._pending:
            return
        means = self._sums / self._counts.clamp(min=1)
        moved = F.normalize(self.alpha * self.table + (1 - self.alpha) * means)
        self.table = torch.where(self._counts > 0, moved, self.table)
        self._sums.zero_()
        self._counts.zero_()
        self._pending = False

    def similarities(self, features: Tensor) -> Tensor:
        """Cosine similarities ``(batch, n_classes)`` of unit features ``(batch, p_size)``.

        Classes without a prototype get ``-inf``; all are 0 where there is no prototype at all.
        """
        similar = (features @ self.table.to(features.dtype).T).masked_fill(
            ~self.seen, float("-inf")
        )
        return torch.where(self.seen.any(), similar, torch.zeros_like(similar))

    def __getitem__(self, key: int) -> Tensor:
        if key not in range(len(self.seen)) or not self.seen[key]:
            raise KeyError(key)
        return self.table[key : key + 1]

    def __iter__(self) -> Iterator[int]:
        return iter(self.seen.nonzero().flatten().tolist())

    def __len__(self) -> int:
        return int(self.seen.sum())

    def state_dict(self) -> dict[str, Any]:
        """The prototypes, and what was observed since the last update."""
        return {
            "table": self.table.clone(),
            "seen": self.seen.clone(),
            "sums": self._sums.clone(),
            "counts": self._counts.clone(),
            "pending": self._pending,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore :meth:`state_dict` on the device that this lies on."""
        device = self.table.device
        self.table, self.seen = state["table"].clone(), state["seen"].clone()
        self._sums, self._counts = state["sums"].clone(), state["counts"].clone()
        self._pending = state["pending"]
        self.to(device)
