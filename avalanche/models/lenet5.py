"""LeNet-5."""

from typing import cast

from torch import Tensor, nn

from avalanche.models.base_model import BaseModel
from avalanche.models.simple_cnn import check_images

__all__ = ["LeNet5"]


class LeNet5(nn.Module, BaseModel):
    """LeNet-5 with tanh and average pooling, for images of 32 x 32.

    Args:
        n_classes: units of the head.
        input_channels: channels of the images.

    Example:
        >>> import torch
        >>> LeNet5(n_classes=10, input_channels=1)(torch.zeros(2, 1, 32, 32)).shape
        torch.Size([2, 10])

    References:
        LeCun et al., "Gradient-based learning applied to document recognition", 1998. There the
        second convolution reads a part of the maps only, and the head measures distances.
    """

    def __init__(self, n_classes: int, input_channels: int) -> None:
        super().__init__()
        self.feature_extractor = nn.Sequential(
            nn.Conv2d(input_channels, 6, kernel_size=5),
            nn.Tanh(),
            nn.AvgPool2d(2),
            nn.Conv2d(6, 16, kernel_size=5),
            nn.Tanh(),
            nn.AvgPool2d(2),
            nn.Conv2d(16, 120, kernel_size=5),
            nn.Tanh(),
        )
        self.ff = nn.Sequential(nn.Linear(120, 84), nn.Tanh())
        self.classifier = nn.Sequential(nn.Linear(84, n_classes))
        self._input_channels = input_channels

    def forward(self, x: Tensor) -> Tensor:
        """Logits: ``(batch, channels, 32, 32)`` to ``(batch, n_classes)``."""
        return cast("Tensor", self.classifier(self.get_features(x)))

    def get_features(self, x: Tensor) -> Tensor:
        """Last hidden layer: ``(batch, channels, 32, 32)`` to ``(batch, 84)``."""
        check_images(x, self._input_channels, 32, 35, "input_channels")
        return cast("Tensor", self.ff(self.feature_extractor(x).flatten(1)))
