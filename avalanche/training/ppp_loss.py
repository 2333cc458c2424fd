"""The loss of CoPE: features near to their prototypes and to their own class in the batch."""

from __future__ import annotations

from collections.abc import Mapping
from math import inf, log

import torch
import torch.nn.functional as F
from torch import Tensor

from avalanche.training.prototypes import Prototypes

__all__ = ["PPPloss"]

_NONE = -1e30  # a similarity that no softmax sees; unlike -inf its gradient is 0, not NaN


class PPPloss:
    r"""Pseudo-prototypical proxy loss on features of unit length.

    .. math:: L = -\frac{1}{|B|} \sum_i \Big[ \log E_{p \in P_i} P(c | z_i, p)
        + \sum_{j: y_j \neq c} \log \big(1 - E_{p \in U_i} P(c | z_j, p) \big) \Big],
        \quad c = y_i

    .. math:: P(c | z, p) = \frac{\exp(z^T p / T)}{\exp(z^T p / T) + \sum_{k \neq c}
        \exp(z^T p^k / T)}

    with :math:`P_i` the prototype of class :math:`c` and the other features of the class in the
    batch, which act as prototypes themselves (pseudo-prototypes), and :math:`U_i` the prototype
    and :math:`z_i`. Prototypes and pseudo-prototypes are constants of the gradient.

    :meth:`attractor` and :meth:`repellor` are the two terms as the paper defines them, class by
    class; calling the loss computes the same value for all classes at once, in the logarithmic
    domain, without a device sync.

    Args:
        p_mem: class to prototype, ``(p_size,)`` or ``(1, p_size)``; read at every call.
        T: temperature of the softmax, above 0.

    Raises:
        TypeError: a temperature that is no number.
        ValueError: a temperature that is not above 0, or infinite.

    Differences from the paper:
        Samples of classes without a prototype, which only evaluation can meet, do not count.

    Example:
        >>> loss = PPPloss({0: torch.tensor([1.0, 0.0]), 1: torch.tensor([0.0, 1.0])}, T=0.5)
        >>> features = torch.nn.functional.normalize(torch.tensor([[3.0, 1.0], [1.0, 2.0]]))
        >>> loss(features, torch.tensor([0, 1]))
        tensor(0.6891)

    References:
        De Lange and Tuytelaars, "Continual Prototype Evolution", ICCV 2021 (arXiv 2009.00919),
        eq. 3 to 8.
    """

    def __init__(self, p_mem: Mapping[int, Tensor], T: float = 0.1) -> None:  # noqa: N803
        if isinstance(T, bool) or not isinstance(T, (int, float)):
            raise TypeError(f"T={T!r}: expected a number, a temperature such as 0.1")
        if not 0 < T < inf:
            raise ValueError(f"T={T}: expected a temperature above 0 and finite, such as 0.1")
        self.p_mem = p_mem
        self.T = T

    def __call__(self, x: Tensor, y: Tensor) -> Tensor:
        """The loss, a scalar: features ``(batch, p_size)``, int64 classes ``(batch,)``."""
        with torch.autocast(x.device.type, enabled=False):
            x = x.float() if x.dtype in (torch.float16, torch.bfloat16) else x
            table, seen, rows = self._prototypes(x, y)
            known = seen[rows]
            # Similarity of each sample to each prototype, (batch, classes), and of each sample
            # (row) to each pseudo-prototype (column), (batch, batch).
            to_proto = (x @ table.T / self.T).masked_fill(~seen, _NONE)
            to_batch = x @ x.detach().T / self.T
            others = _log_sum_of_others(to_proto)

            both = known[:, None] & known
            same = (rows[:, None] == rows) & both
            attract = _attract(to_proto, to_batch, others, rows, same)
            repel = _repel(to_proto, to_batch, others, rows)
            total = (attract * known).sum() + torch.where(both & ~same, repel, 0.0).sum()
            return -total / known.sum().clamp(min=1)

    def attractor(self, pc: Tensor, pk: Tensor, Bc: Tensor) -> Tensor:  # noqa: N803
        r"""Log-probability of its own class for each sample of a class, by definition.

        Args:
            pc: prototype of the class, ``(1, p_size)``.
            pk: prototypes of all other classes, ``(classes - 1, p_size)``.
            Bc: features of the class in the batch, ``(n, p_size)``.

        Returns:
            :math:`\log E_{p \in P_i} P(c | z_i, p)` for each, ``(n,)``.
        """
        likely = self._probability(torch.cat([Bc, pc]), pk, Bc)  # (n + 1, n)
        itself = torch.eye(*likely.shape, dtype=torch.bool, device=likely.device)
        return (likely.masked_fill(itself, 0.0).sum(0) / len(Bc)).log()

    def repellor(self, pc: Tensor, pk: Tensor, Bc: Tensor, Bk: Tensor) -> Tensor:  # noqa: N803
        r"""Log-probability of not being of the class, summed over all samples of other classes.

        Args:
            pc: prototype of the class, ``(1, p_size)``.
            pk: prototypes of all other classes, ``(classes - 1, p_size)``.
            Bc: features of the class in the batch, which act as prototypes, ``(n, p_size)``.
            Bk: features of all other classes in the batch, ``(m, p_size)``.

        Returns:
            :math:`\sum_j \log (1 - E_{p \in U_i} P(c | z_j, p))` for each of ``Bc``, ``(n,)``.
        """
        likely = self._probability(torch.cat([Bc, pc]), pk, Bk)  # (n + 1, m)
        return (1 - (likely[:-1] + likely[-1]) / 2).log().sum(1)

    def _probability(self, candidates: Tensor, pk: Tensor, features: Tensor) -> Tensor:
        """P(c | z, p) for all candidates p (rows) and features z (columns)."""
        near = (candidates.detach() @ features.T / self.T).exp()
        others = (pk.detach() @ features.T / self.T).exp().sum(0)
        return near / (near + others)

    def _prototypes(self, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Prototypes as a table, which of its rows count, and the row of every sample."""
        if isinstance(self.p_mem, Prototypes):
            return self.p_mem.table.to(x.dtype), self.p_mem.seen, y
        # A row for classes without prototype, the last one, ends the table.
        known = [p.detach().flatten().to(x) for p in self.p_mem.values()]
        table = torch.stack([*known, x.new_zeros(x.shape[1])])
        keys = torch.tensor([*self.p_mem], dtype=torch.int64, device=y.device)
        found = torch.cat([keys == y[:, None], torch.ones_like(y[:, None], dtype=torch.bool)], 1)
        seen = torch.arange(len(table), device=x.device) < len(known)
        return table, seen, found.int().argmax(1)


def _log_sum_of_others(to_proto: Tensor) -> Tensor:
    """For each sample and class c, log of the sum of exp over all classes but c: same shape.

    Subtracting a class from the sum is exact enough unless it makes up nearly all of it; only the
    largest one can, so for that one the sum is taken without it.
    """
    whole = to_proto.logsumexp(1, keepdim=True)
    largest = to_proto.argmax(1, keepdim=True)
    without_largest = to_proto.scatter(1, largest, _NONE).logsumexp(1, keepdim=True)
    part = (to_proto - whole).exp().scatter(1, largest, 0.0)
    return (whole + torch.log1p(-part)).scatter(1, largest, without_largest)


def _attract(
    to_proto: Tensor, to_batch: Tensor, others: Tensor, rows: Tensor, same: Tensor
) -> Tensor:
    """log E over prototype and pseudo-prototypes of P(c | z_i, p), ``(batch,)``."""
    own = rows[:, None]
    rest = others.gather(1, own)
    proto = F.logsigmoid(to_proto.gather(1, own) - rest)
    apart = same & ~torch.eye(len(same), dtype=torch.bool, device=same.device)
    batch = F.logsigmoid(to_batch - rest).masked_fill(~apart, _NONE)
    members = same.sum(1).clamp(min=1)
    return torch.cat([proto, batch], 1).logsumexp(1) - members.to(proto.dtype).log()


def _repel(to_proto: Tensor, to_batch: Tensor, others: Tensor, rows: Tensor) -> Tensor:
    """log (1 - E P(c | z_j, p)) for samples j (rows) and classes c of samples i (columns)."""
    rest = others[:, rows]
    proto = F.logsigmoid(rest - to_proto[:, rows])
    pseudo = F.logsigmoid(rest - to_batch)
    return torch.logaddexp(proto, pseudo) - log(2)
