"""The reduced ResNet-18 of continual learning on CIFAR, with one head or one head per task."""

from typing import cast

from torch import Tensor, nn
from torch.nn.functional import relu

from avalanche.models.base_model import BaseModel
from avalanche.models.dynamic_modules import MultiHeadClassifier, MultiTaskModule
from avalanche.models.simple_cnn import check_images

__all__ = ["MTSlimResNet18", "SlimResNet", "SlimResNet18"]


class BasicBlock(nn.Module):
    """Two convolutions and a shortcut around them.

    Args:
        in_planes: channels of the input.
        planes: channels of the output.
        stride: of the first convolution.
    """

    def __init__(self, in_planes: int, planes: int, stride: int = 1) -> None:
        super().__init__()
        self.conv1 = _conv3x3(in_planes, planes, stride)
        self.bn1 = nn.BatchNorm2d(planes)
        self.conv2 = _conv3x3(planes, planes)
        self.bn2 = nn.BatchNorm2d(planes)
        self.shortcut = nn.Sequential()
        if stride != 1 or in_planes != planes:
            self.shortcut = nn.Sequential(
                nn.Conv2d(in_planes, planes, kernel_size=1, stride=stride, bias=False),
                nn.BatchNorm2d(planes),
            )

    def forward(self, x: Tensor) -> Tensor:
        """``(batch, in_planes, height, width)`` to ``(batch, planes, ...)``."""
        out = relu(self.bn1(self.conv1(x)))
        return relu(self.bn2(self.conv2(out)) + self.shortcut(x))


class SlimResNet(nn.Module, BaseModel):
    """ResNet-18 for small images with few channels; made by :func:`SlimResNet18`.

    Args:
        nclasses: units of the head, the layer ``linear``.
        nf: channels of the first layer; the last has eight times as many.

    References:
        Lopez-Paz and Ranzato, "Gradient Episodic Memory for Continual Learning", 2017, section 5;
        He et al., "Deep residual learning for image recognition", 2016.
    """

    def __init__(self, nclasses: int, nf: int = 20) -> None:
        super().__init__()
        self.conv1 = _conv3x3(3, nf)
        self.bn1 = nn.BatchNorm2d(nf)
        self.layer1 = _layer(nf, nf, 1)
        self.layer2 = _layer(nf, 2 * nf, 2)
        self.layer3 = _layer(2 * nf, 4 * nf, 2)
        self.layer4 = _layer(4 * nf, 8 * nf, 2)
        self.linear = nn.Linear(8 * nf, nclasses)

    def forward(self, x: Tensor) -> Tensor:
        """Logits: ``(batch, 3, height, width)`` to ``(batch, nclasses)``."""
        return cast("Tensor", self.linear(self.get_features(x)))

    def get_features(self, x: Tensor) -> Tensor:
        """Last layer, averaged: ``(batch, 3, height, width)`` to ``(batch, 8 nf)``."""
        return _features(self, x)


class MTSlimResNet18(MultiTaskModule):
    """:func:`SlimResNet18` with one growing head per task.

    Args:
        nclasses: units that each head starts with.
        nf: channels of the first layer.

    Example:
        >>> import torch
        >>> MTSlimResNet18(2, nf=4)(torch.zeros(2, 3, 32, 32), 0).shape
        torch.Size([2, 2])
    """

    def __init__(self, nclasses: int, nf: int = 20) -> None:
        super().__init__()
        self.conv1 = _conv3x3(3, nf)
        self.bn1 = nn.BatchNorm2d(nf)
        self.layer1 = _layer(nf, nf, 1)
        self.layer2 = _layer(nf, 2 * nf, 2)
        self.layer3 = _layer(2 * nf, 4 * nf, 2)
        self.layer4 = _layer(4 * nf, 8 * nf, 2)
        self.linear = MultiHeadClassifier(8 * nf, nclasses)

    def forward(self, x: Tensor, task_labels: Tensor | int | None) -> Tensor:
        """Logits of each sample's task, ``(batch, units)``."""
        return cast("Tensor", self.linear(_features(self, x), task_labels))


def SlimResNet18(nclasses: int, nf: int = 20) -> SlimResNet:
    """ResNet-18 for small images with few channels.

    Args:
        nclasses: units of the head, the layer ``linear``.
        nf: channels of the first layer; 20 as in the paper on GEM, 64 in the full ResNet-18.

    Example:
        >>> import torch
        >>> SlimResNet18(10, nf=4)(torch.zeros(2, 3, 32, 32)).shape
        torch.Size([2, 10])
    """
    return SlimResNet(nclasses, nf)


def _features(net: nn.Module, x: Tensor) -> Tensor:
    check_images(x, 3, smallest=1, argument="")
    out = relu(net.get_submodule("bn1")(net.get_submodule("conv1")(x)))
    for name in ("layer1", "layer2", "layer3", "layer4"):
        out = net.get_submodule(name)(out)
    return out.mean((2, 3))


def _layer(in_planes: int, planes: int, stride: int) -> nn.Sequential:
    return nn.Sequential(BasicBlock(in_planes, planes, stride), BasicBlock(planes, planes))


def _conv3x3(in_planes: int, planes: int, stride: int = 1) -> nn.Conv2d:
    return nn.Conv2d(in_planes, planes, kernel_size=3, stride=stride, padding=1, bias=False)
