"""Perceptrons for benchmarks: a masked head that follows the classes, or one head per task."""

from typing import Literal, cast, get_args

from torch import Tensor, nn

from avalanche.models.base_model import BaseModel
from avalanche.models.checks import check_sizes
from avalanche.models.dropout import Dropout
from avalanche.models.dynamic_modules import (
    IncrementalClassifier,
    MultiHeadClassifier,
    MultiTaskModule,
)
from avalanche.models.simple_mlp import _flatten

__all__ = ["IncrementalMLP", "MultiHeadMLP"]

Activation = Literal["relu", "tanh"]


class IncrementalMLP(nn.Module, BaseModel):
    """Perceptron whose head answers with the classes seen so far, and only with them.

    The network of most comparisons on Split MNIST in the class-incremental scenario. Units that
    were never trained have the logit ``-inf``: they take part in no softmax, so that a loss on the
    classes of today does not push down those of tomorrow.

    Args:
        num_classes: units that the head starts with, all masked; it grows where there are more.
        input_size: number of values of one input.
        hidden_size: units of each hidden layer.
        hidden_layers: number of hidden layers, at least 1.
        drop_rate: dropout probability after each hidden layer, in [0, 1].
        activation: ``"relu"`` or ``"tanh"``.

    Raises:
        ValueError: a size that is no whole number of at least 1, or another activation.

    Example:
        >>> import torch
        >>> from types import SimpleNamespace
        >>> model = IncrementalMLP(num_classes=4, input_size=9, hidden_size=8)
        >>> model.classifier.adaptation(SimpleNamespace(classes_in_this_experience=[1, 3]))
        >>> model(torch.zeros(1, 3, 3)).isinf().tolist()
        [[True, False, True, False]]
    """

    def __init__(
        self,
        num_classes: int = 10,
        input_size: int = 28 * 28,
        hidden_size: int = 400,
        hidden_layers: int = 2,
        drop_rate: float = 0.0,
        activation: Activation = "relu",
    ) -> None:
        super().__init__()
        check_sizes(0, num_classes=num_classes)
        self.features = _hidden(input_size, hidden_size, hidden_layers, drop_rate, activation)
        self._input_size = input_size
        self.classifier = IncrementalClassifier(hidden_size, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        """Logits: ``(batch, ...)`` to ``(batch, units)``."""
        return cast("Tensor", self.classifier(self.get_features(x)))

    def get_features(self, x: Tensor) -> Tensor:
        """Last hidden layer: ``(batch, ...)`` to ``(batch, hidden_size)``."""
        return cast("Tensor", self.features(_flatten(x, self._input_size)))


class MultiHeadMLP(MultiTaskModule):
    """Perceptron with one growing head per task, for the task-incremental scenario.

    Args:
        input_size: number of values of one input.
        hidden_size: units of each hidden layer.
        hidden_layers: number of hidden layers, at least 1.
        drop_rate: dropout probability after each hidden layer, in [0, 1].
        activation: ``"relu"`` or ``"tanh"``.

    Raises:
        ValueError: a size that is no whole number of at least 1, or another activation.

    Example:
        >>> import torch
        >>> MultiHeadMLP(input_size=9, hidden_size=8)(torch.zeros(5, 3, 3), 0).shape
        torch.Size([5, 2])
    """

    def __init__(
        self,
        input_size: int = 28 * 28,
        hidden_size: int = 400,
        hidden_layers: int = 2,
        drop_rate: float = 0.0,
        activation: Activation = "relu",
    ) -> None:
        super().__init__()
        self.features = _hidden(input_size, hidden_size, hidden_layers, drop_rate, activation)
        self._input_size = input_size
        self.classifier = MultiHeadClassifier(hidden_size)

    def forward(self, x: Tensor, task_labels: Tensor | int | None) -> Tensor:
        """Logits of each sample's task: ``(batch, ...)`` to ``(batch, units)``."""
        return cast("Tensor", self.classifier(self.get_features(x), task_labels))

    def get_features(self, x: Tensor) -> Tensor:
        """Last hidden layer: ``(batch, ...)`` to ``(batch, hidden_size)``."""
        return cast("Tensor", self.features(_flatten(x, self._input_size)))


def _hidden(
    input_size: int, hidden_size: int, hidden_layers: int, drop_rate: float, activation: Activation
) -> nn.Module:
    """The hidden layers; dropout only where there is some."""
    check_sizes(input_size=input_size, hidden_size=hidden_size, hidden_layers=hidden_layers)
    if activation not in get_args(Activation):
        raise ValueError(f"activation={activation!r}: expected 'relu' or 'tanh'")
    layers: list[nn.Module] = []
    for number in range(hidden_layers):
        layers.append(nn.Linear(hidden_size if number else input_size, hidden_size))
        layers.append(nn.ReLU() if activation == "relu" else nn.Tanh())
        layers += [Dropout(drop_rate)] if drop_rate else []
    return nn.Sequential(*layers)
