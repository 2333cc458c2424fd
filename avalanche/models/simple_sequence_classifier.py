"""Recurrent classifiers of sequences, with one head or one head per task."""

from typing import cast

from torch import Tensor, nn

from avalanche.models.base_model import BaseModel
from avalanche.models.dynamic_modules import MultiHeadClassifier, MultiTaskModule

__all__ = ["MTSimpleSequenceClassifier", "SimpleSequenceClassifier"]


class SimpleSequenceClassifier(nn.Module, BaseModel):
    """LSTM whose output at the last step is classified.

    Args:
        input_size: width of one step.
        hidden_size: width of the state.
        n_classes: units of the head.
        rnn_layers: layers of the LSTM, at least 1.
        batch_first: inputs are ``(batch, steps, input_size)``; else ``(steps, batch, input_size)``.

    Example:
        >>> import torch
        >>> SimpleSequenceClassifier(3, 8, n_classes=5)(torch.zeros(2, 7, 3)).shape
        torch.Size([2, 5])
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        n_classes: int,
        rnn_layers: int = 1,
        batch_first: bool = True,
    ) -> None:
        super().__init__()
        self.rnn = nn.LSTM(input_size, hidden_size, rnn_layers, batch_first=batch_first)
        self.classifier = nn.Linear(hidden_size, n_classes)

    def forward(self, x: Tensor) -> Tensor:
        """Logits of a batch of sequences, ``(batch, n_classes)``."""
        return cast("Tensor", self.classifier(self.get_features(x)))

    def get_features(self, x: Tensor) -> Tensor:
        """Output at the last step, ``(batch, hidden_size)``."""
        return _last_step(self.rnn, x)


class MTSimpleSequenceClassifier(MultiTaskModule):
    """:class:`SimpleSequenceClassifier` with one growing head per task.

    Args:
        input_size: width of one step.
        hidden_size: width of the state.
        rnn_layers: layers of the LSTM, at least 1.
        batch_first: inputs are ``(batch, steps, input_size)``; else ``(steps, batch, input_size)``.
    """

    def __init__(
        self, input_size: int, hidden_size: int, rnn_layers: int = 1, batch_first: bool = True
    ) -> None:
        super().__init__()
        self.rnn = nn.LSTM(input_size, hidden_size, rnn_layers, batch_first=batch_first)
        self.classifier = MultiHeadClassifier(hidden_size)

    def forward(self, x: Tensor, task_labels: Tensor | int | None) -> Tensor:
        """Logits of each sample's task, ``(batch, units)``."""
        return cast("Tensor", self.classifier(_last_step(self.rnn, x), task_labels))


def _last_step(rnn: nn.LSTM, x: Tensor) -> Tensor:
    out = cast("Tensor", rnn(x)[0])
    return out[:, -1] if rnn.batch_first else out[-1]
