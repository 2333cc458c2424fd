"""The residual network of the paper on iCaRL."""

from typing import cast

from torch import Tensor, nn
from torch.nn.functional import relu

from avalanche.models.base_model import BaseModel

__all__ = ["IcarlNet", "initialize_icarl_net", "make_icarl_net"]


class IdentityShortcut(nn.Module):
    """Every ``stride``-th pixel in both directions."""

    def __init__(self, stride: int) -> None:
        super().__init__()
        self.stride = stride

    def forward(self, x: Tensor) -> Tensor:
        """``(batch, channels, height, width)``, thinned out."""
        return x[..., :: self.stride, :: self.stride]


class ResidualBlock(nn.Module):
    """Two convolutions and a shortcut without weights.

    Args:
        in_channels: channels of the input.
        out_channels: channels of the output; new ones are zero in the shortcut.
        stride: of the first convolution.
        is_last: answer without ReLU, so that features of the network can be negative.
    """

    def __init__(
        self, in_channels: int, out_channels: int, stride: int = 1, is_last: bool = False
    ) -> None:
        super().__init__()
        self.is_last = is_last
        self.direct = nn.Sequential(
            nn.Conv2d(in_channels, out_channels, 3, stride=stride, padding=1, bias=False),
            nn.BatchNorm2d(out_channels),
            nn.ReLU(inplace=True),
            nn.Conv2d(out_channels, out_channels, 3, padding=1, bias=False),
            nn.BatchNorm2d(out_channels),
        )
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or in_channels != out_channels:
            new = out_channels - in_channels
            padding = (0, 0, 0, 0, new // 2, new - new // 2)
            self.shortcut = nn.Sequential(IdentityShortcut(stride), nn.ConstantPad3d(padding, 0.0))

    def forward(self, x: Tensor) -> Tensor:
        """``(batch, in_channels, height, width)`` to ``(batch, out_channels, ...)``."""
        out = cast("Tensor", self.direct(x) + self.shortcut(x))
        return out if self.is_last else relu(out)


class IcarlNet(nn.Module, BaseModel):
    """Residual network of three stages, 32 layers with the default, for images of 32 x 32.

    The last block has no ReLU, so features can be negative.

    Args:
        num_classes: units of the head.
        n: residual blocks of each stage.
        c: channels of the images.

    Attributes:
        feature_extractor: images to 64 features.
        classifier: the head.

    Example:
        >>> import torch
        >>> IcarlNet(num_classes=10, n=1)(torch.zeros(2, 3, 32, 32)).shape
        torch.Size([2, 10])

    References:
        Rebuffi et al., "iCaRL: Incremental classifier and representation learning", 2017.
    """

    def __init__(self, num_classes: int, n: int = 5, c: int = 3) -> None:
        super().__init__()
        stem = nn.Sequential(
            nn.Conv2d(c, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU(inplace=True)
        )
        stages = [_stage(16, 16, n, 1), _stage(16, 32, n, 2), _stage(32, 64, n, 2)]
        cast("ResidualBlock", stages[-1][-1]).is_last = True
        pool = nn.AdaptiveAvgPool2d(1)
        self.feature_extractor = nn.Sequential(stem, *stages, pool, nn.Flatten())
        self.classifier = nn.Linear(64, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        """Logits: ``(batch, c, height, width)`` to ``(batch, num_classes)``."""
        return cast("Tensor", self.classifier(self.get_features(x)))

    def get_features(self, x: Tensor) -> Tensor:
        """Averaged last stage: ``(batch, c, height, width)`` to ``(batch, 64)``."""
        return cast("Tensor", self.feature_extractor(x))


def _stage(in_channels: int, out_channels: int, blocks: int, stride: int) -> nn.Sequential:
    further = [ResidualBlock(out_channels, out_channels) for _ in range(blocks - 1)]
    return nn.Sequential(ResidualBlock(in_channels, out_channels, stride), *further)


def make_icarl_net(num_classes: int, n: int = 5, c: int = 3) -> IcarlNet:
    """An :class:`IcarlNet`, which takes the same arguments."""
    return IcarlNet(num_classes, n, c)


def initialize_icarl_net(m: nn.Module) -> None:
    """Draw the weights of one layer as the paper does; for ``model.apply``.

    Convolutions by He's rule for ReLU, linear layers with variance ``1 / inputs``, biases zero.
    """
    if isinstance(m, nn.Conv2d):
        nn.init.kaiming_normal_(m.weight)
    elif isinstance(m, nn.Linear):
        nn.init.kaiming_normal_(m.weight, nonlinearity="linear")
    if isinstance(m, (nn.Conv2d, nn.Linear)) and m.bias is not None:
        nn.init.zeros_(m.bias)
