"""A-GEM: gradients that do not raise the average loss on a memory."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from avalanche.training.regularization.episodic_memory import check_patterns
from avalanche.training.regularization.projection import (
    GradientProjection,
    LossOf,
    flat_gradient,
)

__all__ = ["AverageGradientEpisodicMemory"]


class AverageGradientEpisodicMemory(GradientProjection):
    r"""A-GEM as a component.

    With :math:`g` the gradient of the batch and :math:`g_{ref}` that of patterns drawn uniformly
    from the memory, each a single vector over all parameters,

    .. math:: \tilde g = g - \frac{\min(0, g^\top g_{ref})}{g_{ref}^\top g_{ref}} g_{ref}

    so that the update does not raise the loss of the drawn patterns, to first order.

    Args:
        patterns_per_experience: patterns to keep of each experience, at least 1.
        sample_size: patterns to draw for each update, at least 1, whatever the number of
            experiences; all of a smaller memory.

    Attributes:
        memory: the patterns.
        reference: :math:`g_{ref}` of this update; None before any experience is over.

    Raises:
        ValueError: fewer than 1 pattern.

    Example:
        >>> from types import SimpleNamespace
        >>> from avalanche.benchmarks.classic import SplitDigits
        >>> model = nn.Sequential(nn.Flatten(), nn.Linear(64, 10))
        >>> optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        >>> loss_of = lambda batch: nn.functional.cross_entropy(model(batch[0]), batch[1])
        >>> agem = AverageGradientEpisodicMemory(patterns_per_experience=20, sample_size=16)
        >>> for experience in SplitDigits().train_stream:
        ...     for batch in torch.utils.data.DataLoader(experience.dataset, batch_size=64):
        ...         optimizer.zero_grad()
        ...         loss_of(batch).backward()
        ...         agem(model.parameters(), loss_of)
        ...         optimizer.step()
        ...     agem.post_adapt(SimpleNamespace(model=model), experience)
        >>> len(agem.memory)
        100

    Differences from the paper:
        1. The patterns of an experience are a random part of it, drawn after it was learnt; the
           paper fills its memory while it learns.
        2. A head that the batch does not use has a gradient of zeros, a part of the one vector,
           and gets its share of the correction where one is due; otherwise it stays without
           gradient.

    References:
        Chaudhry et al., "Efficient Lifelong Learning with A-GEM", ICLR 2019 (arXiv 1812.00420),
        eq. 11 and algorithm 1.
    """

    def __init__(self, patterns_per_experience: int, sample_size: int) -> None:
        super().__init__(patterns_per_experience)
        self.sample_size = check_patterns("sample_size", sample_size)
        self.reference: Tensor | None = None

    def look_back(
        self,
        parameters: Sequence[nn.Parameter],
        loss_of: LossOf,
        batches: Sequence[Sequence[Tensor]] | None = None,
    ) -> None:
        """Compute the reference gradient on a new sample of the memory, or on given batches."""
        self.reference = None
        if len(self.memory):
            if batches is None:
                batches = self.memory.draw(self.sample_size, parameters[0].device)
            if len(batches) == 1:
                loss = loss_of(batches[0])
            else:  # of several shapes: the mean over all patterns takes several passes
                parts = [loss_of(batch) * len(batch[1]) for batch in batches]
                loss = torch.stack(parts).sum() / sum(len(batch[1]) for batch in batches)
            self._used = []
            self.reference = self.gradient(parameters, loss)

    def project(self, parameters: Sequence[nn.Parameter]) -> None:
        """Apply eq. 11 to ``.grad``.

        It waits for the device only where the batch left a parameter out that the memory uses,
        such as another head: that one gets a gradient if a correction is due, and else stays
        without, so that no optimizer moves it.
        """
        ref = self.reference
        if ref is None:
            return
        g = flat_gradient(parameters)
        smallest = torch.finfo(ref.dtype).tiny
        share = torch.dot(g, ref).clamp(max=0) / torch.dot(ref, ref).clamp(min=smallest)
        idle = any(used and p.grad is None for used, p in zip(self._used, parameters, strict=True))
        if idle and not bool(share < 0):
            return
        self.assign(parameters, g.addcmul_(ref, share, value=-1))
