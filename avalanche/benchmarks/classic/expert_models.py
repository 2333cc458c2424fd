"""The networks that the published experts of the ex-model benchmarks are weights of."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

__all__ = ["LeNetExpert", "SlimResNetExpert", "mobilenet_expert"]


class LeNetExpert(nn.Module):
    """LeNet-5 for images of 32x32 pixels with one channel.

    Args:
        n_classes: number of outputs.
    """

    def __init__(self, n_classes: int = 10) -> None:
        super().__init__()
        self.feature_extractor = nn.Sequential(
            nn.Conv2d(1, 6, 5),
            nn.Tanh(),
            nn.AvgPool2d(2),
            nn.Conv2d(6, 16, 5),
            nn.Tanh(),
            nn.AvgPool2d(2),
            nn.Conv2d(16, 120, 5),
            nn.Tanh(),
        )
        self.ff = nn.Sequential(nn.Linear(120, 84), nn.Tanh())
        self.classifier = nn.Sequential(nn.Linear(84, n_classes))

    def forward(self, x: Tensor) -> Tensor:
        """Images ``(batch, 1, 32, 32)`` to scores ``(batch, classes)``."""
        features = self.feature_extractor(x).flatten(1)
        return cast(Tensor, self.classifier(self.ff(features)))


class _Block(nn.Module):
    def __init__(self, before: int, width: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(before, width, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.shortcut = nn.Sequential()
        if stride != 1 or before != width:
            self.shortcut = nn.Sequential(
                nn.Conv2d(before, width, 1, stride, bias=False), nn.BatchNorm2d(width)
            )

    def forward(self, x: Tensor) -> Tensor:
        out = F.relu(self.bn1(self.conv1(x)))
        return F.relu(self.bn2(self.conv2(out)) + self.shortcut(x))


class SlimResNetExpert(nn.Module):
    """ResNet-18 with 20 instead of 64 filters, for images of 32x32 pixels (Lopez-Paz 2017).

    Args:
        n_classes: number of outputs.
    """

    def __init__(self, n_classes: int = 10) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 20, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(20)
        self.layer1 = nn.Sequential(_Block(20, 20, 1), _Block(20, 20, 1))
        self.layer2 = nn.Sequential(_Block(20, 40, 2), _Block(40, 40, 1))
        self.layer3 = nn.Sequential(_Block(40, 80, 2), _Block(80, 80, 1))
        self.layer4 = nn.Sequential(_Block(80, 160, 2), _Block(160, 160, 1))
        self.linear = nn.Linear(160, n_classes)

    def forward(self, x: Tensor) -> Tensor:
        """Images ``(batch, 3, 32, 32)`` to scores ``(batch, classes)``."""
        out = F.relu(self.bn1(self.conv1(x)))
        for layer in (self.layer1, self.layer2, self.layer3, self.layer4):
            out = layer(out)
        return cast(Tensor, self.linear(F.avg_pool2d(out, 4).flatten(1)))


def mobilenet_expert(n_classes: int = 50) -> nn.Module:
    """torchvision's MobileNetV2, without weights."""
    from torchvision.models import mobilenet_v2

    state = torch.get_rng_state()  # the weights are replaced: their draws should not be seen
    try:
        return cast(nn.Module, mobilenet_v2(num_classes=n_classes))
    finally:
        torch.set_rng_state(state)
