"""GEM: gradients that raise the loss of no earlier experience."""

from collections.abc import Sequence
from functools import reduce

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from avalanche.training.regularization.joint_gradients import JointGradients
from avalanche.training.regularization.projection import GradientProjection, LossOf

__all__ = ["GradientEpisodicMemory", "solve_dual"]

Array = npt.NDArray[np.float64]


class GradientEpisodicMemory(GradientProjection):
    r"""GEM as a component.

    With :math:`g` the gradient of the batch and the rows of :math:`G` those of the patterns of
    each earlier experience, the update follows

    .. math:: \min_{\tilde g} \tfrac12 \|g - \tilde g\|^2 \quad\text{so that}\quad G\tilde g \ge 0

    if :math:`Gg` has a negative entry, and :math:`g` otherwise. The program is solved in its dual,
    which has one unknown for each experience:

    .. math:: \min_v \tfrac12 v^\top GG^\top v + g^\top G^\top v \quad\text{so that}\quad
        v \ge \gamma, \qquad \tilde g = G^\top v + g

    Args:
        patterns_per_experience: patterns to keep of each experience, at least 1. All of them are
            read for each update.
        memory_strength: :math:`\gamma`, 0 or more; above 0 the update also lowers the loss of
            earlier experiences. 0 is the plain projection.

    Attributes:
        memory: the patterns.
        G: gradients of this update, ``(experiences, parameters)``.

    Raises:
        ValueError: fewer than 1 pattern, or a negative strength.

    Example:
        >>> from types import SimpleNamespace
        >>> from avalanche.benchmarks.classic import SplitDigits
        >>> model = nn.Sequential(nn.Flatten(), nn.Linear(64, 10))
        >>> optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        >>> loss_of = lambda batch: nn.functional.cross_entropy(model(batch[0]), batch[1])
        >>> gem = GradientEpisodicMemory(patterns_per_experience=20, memory_strength=0.5)
        >>> for experience in SplitDigits().train_stream:
        ...     for batch in torch.utils.data.DataLoader(experience.dataset, batch_size=64):
        ...         optimizer.zero_grad()
        ...         loss_of(batch).backward()
        ...         gem(model.parameters(), loss_of)
        ...         optimizer.step()
        ...     gem.post_adapt(SimpleNamespace(model=model), experience)
        >>> gem.G.shape
        torch.Size([4, 650])

    Differences from the paper:
        1. The patterns of an experience are a random part of it; the paper keeps the last ones.
        2. :math:`\gamma` bounds the dual from below, as in the authors' program and in
           avalanche-lib 0.6; the text of the paper adds it to the solution. The same at 0.
        3. The dual is solved as it stands. The authors' program and avalanche-lib 0.6 add 0.001 to
           the diagonal of :math:`GG^\top`, which leaves constraints violated where gradients are
           small.

    References:
        Lopez-Paz and Ranzato, "Gradient Episodic Memory for Continual Learning", NeurIPS 2017
        (arXiv 1706.08840), eq. 8 to 12 and algorithm 1.
    """

    def __init__(self, patterns_per_experience: int, memory_strength: float = 0.5) -> None:
        super().__init__(patterns_per_experience)
        if isinstance(memory_strength, bool) or not isinstance(memory_strength, (int, float)):
            raise TypeError(f"memory_strength={memory_strength!r}: expected a number")
        if not 0 <= memory_strength < float("inf"):
            raise ValueError(f"memory_strength={memory_strength}: expected a number of 0 or more")
        self.memory_strength = memory_strength
        self._rows: list[Tensor] = []  # (experiences, values) for each parameter
        self._at_once = JointGradients()

    @property
    def G(self) -> Tensor:
        """Gradients of this update, a copy: ``(experiences, parameters)``; others can be set."""
        return torch.cat(self._rows, 1) if self._rows else torch.empty(0, 0)

    @G.setter
    def G(self, value: Tensor) -> None:
        widths = [row.shape[1] for row in self._rows]
        fits = sum(widths) == value.shape[1]
        self._rows = list(value.split(widths, 1)) if fits else [value]

    def look_back(self, parameters: Sequence[nn.Parameter], loss_of: LossOf) -> None:
        """Compute the gradient of each earlier experience."""
        keys = list(self.memory.data)
        self._make_room(parameters, len(keys))
        batches = [self.memory.batch(key, parameters[0].device) for key in keys]
        used = self._at_once(loss_of, batches, parameters, self._rows)
        self._used = used or []
        if used is not None:
            return
        for number, batch in enumerate(batches):
            found = self.gradients(parameters, loss_of(batch))
            for row, gradient in zip(self._rows, found, strict=True):
                row[number] = 0 if gradient is None else gradient.flatten()

    def _make_room(self, parameters: Sequence[nn.Parameter], count: int) -> None:
        """Let there be a row for each experience, in the widest type of all parameters."""
        dtype = reduce(torch.promote_types, {p.dtype for p in parameters})
        device = parameters[0].device
        needed = [((count, p.numel()), dtype, device) for p in parameters]
        if [(row.shape, row.dtype, row.device) for row in self._rows] != needed:
            self._rows = [torch.zeros(s, dtype=dtype, device=device) for s, _, _ in needed]

    def project(self, parameters: Sequence[nn.Parameter]) -> None:
        """Solve the program for ``.grad``; the decision waits for the device."""
        if not self._rows or not len(self._rows[0]):
            return
        products = self._products([p.grad for p in parameters])
        if not (products < 0).any():
            return
        v = self._weights(products)
        used = self._used or [True] * len(parameters)
        for parameter, row, counts in zip(parameters, self._rows, used, strict=True):
            g = parameter.grad
            if g is not None and g.is_contiguous() and g.dtype == row.dtype:
                g.view(-1).addmv_(row.T, v)
            elif g is not None:
                g += (row.T @ v).view_as(parameter)
            elif counts:
                parameter.grad = (row.T @ v).view_as(parameter).to(parameter.dtype)

    def solve(self, g: Tensor) -> Tensor:
        """The vector next to ``g``, ``(parameters,)``, that the program asks for.

        Raises:
            FloatingPointError: gradients that are not finite.
        """
        pieces = g.split([row.shape[1] for row in self._rows])
        return torch.addmv(g, self.G.T, self._weights(self._products(pieces)))

    def _products(self, gradients: Sequence[Tensor | None]) -> Array:
        """``G @ g``; None is a gradient of zeros."""
        found = [
            row @ g.flatten().to(row.dtype)
            for row, g in zip(self._rows, gradients, strict=True)
            if g is not None
        ]
        return _sum_on_host(found or [self._rows[0].new_zeros(len(self._rows[0]))])

    def _weights(self, products: Array) -> Tensor:
        """How much of each row of ``G`` to add to a vector, of which the products are known."""
        gram = _sum_on_host([row @ row.T for row in self._rows])
        if not (np.isfinite(gram).all() and np.isfinite(products).all()):
            raise FloatingPointError(
                "gradients are not finite any more, so no update is right: training has diverged; "
                "lower the learning rate"
            )
        return torch.from_numpy(solve_dual(gram, products, self.memory_strength)).to(self._rows[0])


def solve_dual(gram: Array, products: Array, margin: float) -> Array:
    r"""Solve :math:`\min_v \tfrac12 v^\top P v + c^\top v` so that :math:`v \ge \gamma`.

    With :math:`v = u + \gamma` and :math:`P = S^\top S` this is the non-negative least squares
    problem :math:`\min_{u \ge 0} \tfrac12 \|Su - b\|^2` with :math:`S^\top b = -(c + P\gamma)`.
    It is solved for gradients of length 1, so that those of experiences that are long learnt count
    as much as any. Gradients that depend linearly on each other are no obstacle.

    Args:
        gram: :math:`P = GG^\top`, ``(experiences, experiences)``, symmetric, positive semidefinite.
        products: :math:`c = Gg`, ``(experiences,)``.
        margin: :math:`\gamma`.

    Returns:
        :math:`v`, ``(experiences,)``.
    """
    from scipy.optimize import nnls

    linear = products + margin * gram.sum(1)  # c + P gamma
    if (linear >= 0).all():  # then u = 0: the margin alone satisfies every constraint
        return np.full(len(gram), margin, dtype=np.float64)
    norms = np.sqrt(np.diag(gram).clip(min=0))
    norms[norms == 0] = 1  # gradients of zeros ask for nothing
    gram = gram / np.outer(norms, norms)
    values, vectors = np.linalg.eigh(gram)
    # Products of vectors of single precision are no more exact than this.
    kept = values > values[-1] * len(values) * np.finfo(np.float32).eps
    if not kept.any():  # all gradients are zero
        return np.full(len(values), margin)
    roots = np.sqrt(values[kept])
    target = -(vectors[:, kept].T @ (linear / norms)) / roots
    u, _ = nnls(roots[:, None] * vectors[:, kept].T, target, maxiter=100 * len(values))
    v: Array = u / norms + margin
    return v


def _sum_on_host(parts: Sequence[Tensor]) -> Array:
    """The sum of products over the parameters, in double precision."""
    total: Array = torch.stack(list(parts)).cpu().double().sum(0).numpy()
    return total
