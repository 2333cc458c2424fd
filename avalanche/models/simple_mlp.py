"""Multi-layer perceptrons, with one head or one head per task."""

from math import prod
from typing import cast

from torch import Tensor, nn

from avalanche.models.base_model import BaseModel
from avalanche.models.checks import check_sizes
from avalanche.models.dropout import Dropout
from avalanche.models.dynamic_modules import MultiHeadClassifier, MultiTaskModule

__all__ = ["MTSimpleMLP", "SimpleMLP", "SimpleMLP_TinyImageNet"]


class SimpleMLP(nn.Module, BaseModel):
    """Multi-layer perceptron with ReLU and dropout; flattens its input.

    Args:
        num_classes: units of the head.
        input_size: number of values of one input.
        hidden_size: units of each hidden layer.
        hidden_layers: number of hidden layers, at least 1.
        drop_rate: dropout probability after each hidden layer, in [0, 1].

    Raises:
        ValueError: a size that is no whole number of at least 1.

    Example:
        >>> import torch
        >>> SimpleMLP(num_classes=10, hidden_size=32)(torch.zeros(2, 1, 28, 28)).shape
        torch.Size([2, 10])
    """

    def __init__(
        self,
        num_classes: int = 10,
        input_size: int = 28 * 28,
        hidden_size: int = 512,
        hidden_layers: int = 1,
        drop_rate: float = 0.5,
    ) -> None:
        super().__init__()
        check_sizes(
            num_classes=num_classes,
            input_size=input_size,
            hidden_size=hidden_size,
            hidden_layers=hidden_layers,
        )
        first = [nn.Linear(input_size, hidden_size), nn.ReLU(inplace=True), Dropout(drop_rate)]
        # Further layers are nested, so that saved weights keep their names: features.3.0.weight ...
        further = [
            nn.Sequential(
                nn.Linear(hidden_size, hidden_size), nn.ReLU(inplace=True), Dropout(drop_rate)
            )
            for _ in range(hidden_layers - 1)
        ]
        self.features = nn.Sequential(*first, *further)
        self.classifier = nn.Linear(hidden_size, num_classes)
        self._input_size = input_size

    def forward(self, x: Tensor) -> Tensor:
        """Logits: ``(batch, ...)`` to ``(batch, num_classes)``."""
        return cast("Tensor", self.classifier(self.get_features(x)))

    def get_features(self, x: Tensor) -> Tensor:
        """Last hidden layer: ``(batch, ...)`` to ``(batch, hidden_size)``."""
        return cast("Tensor", self.features(_flatten(x, self._input_size)))


class MTSimpleMLP(MultiTaskModule):
    """Multi-layer perceptron with one growing head per task.

    Args:
        input_size: number of values of one input.
        hidden_size: units of the hidden layer.
    """

    def __init__(self, input_size: int = 28 * 28, hidden_size: int = 512) -> None:
        super().__init__()
        check_sizes(input_size=input_size, hidden_size=hidden_size)
        self.features = nn.Sequential(
            nn.Linear(input_size, hidden_size), nn.ReLU(inplace=True), Dropout()
        )
        self.classifier = MultiHeadClassifier(hidden_size)
        self._input_size = input_size

    def forward(self, x: Tensor, task_labels: Tensor | int | None) -> Tensor:
        """Logits of each sample's task: ``(batch, ...)`` to ``(batch, units)``."""
        return cast(
            "Tensor", self.classifier(self.features(_flatten(x, self._input_size)), task_labels)
        )


class SimpleMLP_TinyImageNet(nn.Module, BaseModel):  # noqa: N801 - the name that users import
    """Perceptron of one hidden layer with 1024 units for images of 64 x 64.

    Args:
        num_classes: units of the head.
        num_channels: channels of the images.
    """

    def __init__(self, num_classes: int = 200, num_channels: int = 3) -> None:
        super().__init__()
        self._input_size = 64 * 64 * num_channels
        self.features = nn.Sequential(
            nn.Linear(self._input_size, 1024), nn.ReLU(inplace=True), Dropout()
        )
        self.classifier = nn.Linear(1024, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        """Logits: ``(batch, num_channels, 64, 64)`` to ``(batch, num_classes)``."""
        return cast("Tensor", self.classifier(self.get_features(x)))

    def get_features(self, x: Tensor) -> Tensor:
        """Hidden layer: ``(batch, num_channels, 64, 64)`` to ``(batch, 1024)``."""
        return cast("Tensor", self.features(_flatten(x, self._input_size)))


def _flatten(x: Tensor, size: int, argument: str = "input_size") -> Tensor:
    """``(batch, ...)`` to ``(batch, size)``, with an error that says which argument to change."""
    values = prod(x.shape[1:])
    if values != size:
        raise ValueError(
            f"{argument}={size}: the model got inputs of shape {tuple(x.shape[1:])}, which hold "
            f"{values} values; build it with {argument}={values}"
        )
    return x.reshape(x.shape[0], size)
