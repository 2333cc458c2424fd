"""A small convolutional network, with one head or one head per task."""

from typing import cast

from torch import Tensor, nn

from avalanche.models.base_model import BaseModel
from avalanche.models.dropout import Dropout
from avalanche.models.dynamic_modules import MultiHeadClassifier, MultiTaskModule

__all__ = ["MTSimpleCNN", "SimpleCNN"]

FEATURES = 64
SMALLEST = 10  # pixels a side that the unpadded convolutions and the poolings leave one of


class SimpleCNN(nn.Module, BaseModel):
    """Five convolutions with ReLU, pooling and dropout, for images of any size from 10 x 10.

    Args:
        num_classes: units of the head.
        in_channels: channels of the images.

    Example:
        >>> import torch
        >>> SimpleCNN(num_classes=10)(torch.zeros(1, 3, 32, 32)).shape
        torch.Size([1, 10])
    """

    def __init__(self, num_classes: int = 10, in_channels: int = 3) -> None:
        super().__init__()
        self.features = _convolutions(in_channels)
        self.classifier = nn.Sequential(nn.Linear(FEATURES, num_classes))
        self._in_channels = in_channels

    def forward(self, x: Tensor) -> Tensor:
        """Logits: ``(batch, channels, height, width)`` to ``(batch, num_classes)``."""
        return cast("Tensor", self.classifier(self.get_features(x)))

    def get_features(self, x: Tensor) -> Tensor:
        """The pooled last convolution: ``(batch, channels, height, width)`` to ``(batch, 64)``."""
        check_images(x, self._in_channels, SMALLEST)
        return cast("Tensor", self.features(x)).flatten(1)


class MTSimpleCNN(MultiTaskModule):
    """:class:`SimpleCNN` with one growing head per task.

    Args:
        in_channels: channels of the images.

    Example:
        >>> import torch
        >>> MTSimpleCNN()(torch.zeros(1, 3, 32, 32), 0).shape
        torch.Size([1, 2])
    """

    def __init__(self, in_channels: int = 3) -> None:
        super().__init__()
        self.features = _convolutions(in_channels)
        self.classifier = MultiHeadClassifier(FEATURES)
        self._in_channels = in_channels

    def forward(self, x: Tensor, task_labels: Tensor | int | None) -> Tensor:
        """Logits of each sample's task, ``(batch, units)``."""
        check_images(x, self._in_channels, SMALLEST)
        return cast("Tensor", self.classifier(self.features(x).flatten(1), task_labels))


def _convolutions(in_channels: int) -> nn.Sequential:
    # The positions are the names of saved weights: features.0, .2, .6, .8 and .12.
    return nn.Sequential(
        nn.Conv2d(in_channels, 32, kernel_size=3, padding=1),
        nn.ReLU(inplace=True),
        nn.Conv2d(32, 32, kernel_size=3),
        nn.ReLU(inplace=True),
        nn.MaxPool2d(2),
        Dropout(0.25),
        nn.Conv2d(32, 64, kernel_size=3, padding=1),
        nn.ReLU(inplace=True),
        nn.Conv2d(64, 64, kernel_size=3),
        nn.ReLU(inplace=True),
        nn.MaxPool2d(2),
        Dropout(0.25),
        nn.Conv2d(64, FEATURES, kernel_size=1),
        nn.ReLU(inplace=True),
        nn.AdaptiveMaxPool2d(1),
        Dropout(0.25),
    )


def check_images(
    x: Tensor,
    channels: int,
    smallest: int,
    largest: int | None = None,
    argument: str = "in_channels",  # "" where the number of channels is fixed
) -> None:
    """Refuse what is no batch of images of that many channels, or images of a wrong size."""
    if x.dim() != 4 or x.shape[1] != channels:
        given = f"{argument}={channels}: " if argument else ""
        hint = f"; build it with {argument}={x.shape[1]}" if argument and x.dim() == 4 else ""
        raise ValueError(
            f"{given}expected images (batch, {channels}, height, width), "
            f"got shape {tuple(x.shape)}{hint}"
        )
    height, width = x.shape[2:]
    if min(height, width) < smallest:
        raise ValueError(
            f"the images are {height} x {width} and the network needs at least "
            f"{smallest} x {smallest}; resize them with a transform"
        )
    if largest is not None and max(height, width) > largest:
        raise ValueError(
            f"the images are {height} x {width} and the network takes at most "
            f"{largest} x {largest}; resize them with a transform"
        )
