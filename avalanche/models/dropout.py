"""Dropout whose masks are quick to draw on a processor."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.jit import is_scripting, is_tracing  # type: ignore[attr-defined]

__all__ = ["Dropout"]

_TYPES = {8: torch.int8, 16: torch.int16}


class Dropout(nn.Dropout):
    r"""Dropout as :class:`torch.nn.Dropout`, from 8 or 16 random bits for each value.

    PyTorch's own draws a number of double precision for each value, and on a processor that can
    take as long as the matrix product before it. Elsewhere, in place, in evaluation and in programs
    of ``torch.jit`` this is PyTorch's own.

    In training each value is kept with probability :math:`q` and then multiplied by :math:`1 / q`,
    so that its expectation is the value, where :math:`q` is :math:`1 - p` to the nearest multiple
    of :math:`2^{-16}`. A multiple of :math:`2^{-8}`, such as 1/2, takes 8 bits. Where the nearest
    multiple is 0 or 1, PyTorch's own draws.

    Args:
        p: probability to put a value to 0, in [0, 1].
        inplace: whether to change the input itself.

    Shapes:
        input and output ``(...)``, of any floating point type.

    Raises:
        ValueError: a probability outside [0, 1].

    Example:
        >>> layer = Dropout(0.5)
        >>> sorted(set(layer(torch.ones(1000)).tolist()))
        [0.0, 2.0]
        >>> layer.eval()(torch.ones(3))
        tensor([1., 1., 1.])

    Differences from ``torch.nn.Dropout``: the same seed draws other masks.

    References:
        Srivastava et al., "Dropout: A Simple Way to Prevent Neural Networks from Overfitting",
        JMLR 15, 2014.
    """

    def forward(self, input: Tensor) -> Tensor:
        """``(...)`` to ``(...)``."""
        if is_scripting():
            return F.dropout(input, self.p, self.training, self.inplace)
        elsewhere = input.device.type != "cpu" or is_tracing()
        if not self.training or self.inplace or elsewhere:
            return F.dropout(input, self.p, self.training, self.inplace)
        bits = 8 if self.p * 256 % 1 == 0 else 16
        levels = 1 << bits
        dropped = round(float(self.p) * levels)
        if not 0 < dropped < levels or not input.is_floating_point():
            return F.dropout(input, self.p, self.training)
        count, each = input.numel(), 64 // bits
        size = ((count + each - 1) // each,)
        words = torch.randint(-(1 << 63), (1 << 63) - 1, size, device=input.device)
        drawn = words.view(_TYPES[bits])[:count].view(input.shape)
        highest = dropped - levels // 2 - 1  # of the values that are dropped
        kept = drawn.clamp(highest, highest + 1).sub_(highest)  # 0 or 1, faster than a comparison
        scale = levels / (levels - dropped)
        exact = torch.promote_types(input.dtype, torch.float32)
        return input * kept.to(exact).mul_(scale).to(input.dtype)
