"""Calling models that may or may not want task labels, and reading their layers."""

import difflib
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, cast

from torch import Tensor, nn

from avalanche.models.dynamic_modules import MultiTaskModule, avalanche_model_adaptation

__all__ = [
    "MLP",
    "FeatureExtractorBackbone",
    "FeatureExtractorModel",
    "Flatten",
    "avalanche_forward",
    "avalanche_model_adaptation",
    "is_multi_task_module",
]


_WRAPPERS = (nn.DataParallel, nn.parallel.DistributedDataParallel)


def is_multi_task_module(model: nn.Module) -> bool:
    """Whether ``model`` wants task labels, also inside parallel wrappers and ``torch.compile``."""
    inner: Any = model
    while isinstance(inner, _WRAPPERS) or "_orig_mod" in inner._modules:
        inner = inner._modules.get("module", inner._modules.get("_orig_mod"))
    if isinstance(inner, MultiTaskModule):
        return True
    # A wrapper of another library, which calls what is inside it the same.
    return inner is model and isinstance(inner._modules.get("module"), MultiTaskModule)


def avalanche_forward(model: nn.Module, x: Any, task_labels: Tensor | int | None) -> Any:
    """``model(x)``, or ``model(x, task_labels)`` where the model depends on the task.

    Args:
        model: any module.
        x: a batch of inputs.
        task_labels: labels of shape ``(batch,)``, one label, or None.
    """
    if is_multi_task_module(model):
        return model(x, task_labels)
    return model(x)


def layer_called(model: nn.Module, name: str, argument: str) -> nn.Module:
    """The layer of a model, by its name in ``named_modules``.

    Raises:
        ValueError: there is none; the message names ``argument`` and the nearest layers.
    """
    layers: dict[str, nn.Module] = dict(model.named_modules())
    if name not in layers:
        near = difflib.get_close_matches(name, layers, n=3, cutoff=0.3)
        raise ValueError(
            f"{argument}={name!r}: the model has no such layer; "
            f"did you mean {' or '.join(near) or 'one of ' + ', '.join(filter(None, layers))}?"
        )
    return layers[name]


class FeatureExtractorBackbone(nn.Module):
    """Answers with the output of one layer of a model, detached.

    Args:
        model: the model; it is not copied.
        output_layer_name: the layer, as in ``model.named_modules()``.

    Raises:
        ValueError: the model has no such layer.

    Example:
        >>> import torch
        >>> model = nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2))
        >>> FeatureExtractorBackbone(model, "1")(torch.zeros(5, 4)).shape
        torch.Size([5, 3])
    """

    def __init__(self, model: nn.Module, output_layer_name: str) -> None:
        super().__init__()
        layer_called(model, output_layer_name, "output_layer_name")
        self.model = model
        self.output_layer_name = output_layer_name
        self.output: Tensor | None = None

    def forward(self, x: Tensor) -> Tensor:
        """Output of the layer for a batch of inputs."""

        def keep(module: nn.Module, inputs: Any, output: Any) -> None:
            if not isinstance(output, Tensor):
                raise TypeError(
                    f"output_layer_name={self.output_layer_name!r}: the layer answers with a "
                    f"{type(output).__name__}; name a layer that answers with a tensor"
                )
            self.output = output.detach()

        self.output = None  # of an earlier batch
        handle = self.model.get_submodule(self.output_layer_name).register_forward_hook(keep)
        try:
            self.model(x)
        finally:
            handle.remove()
        if self.output is None:
            raise RuntimeError(
                f"output_layer_name={self.output_layer_name!r}: the model never called this layer"
            )
        return self.output


class FeatureExtractorModel(nn.Module):
    """A model in two parts that keeps the features of the last batch.

    Args:
        feature_extractor: inputs to features.
        train_classifier: features to logits.

    Attributes:
        features: features of the last batch, ``(batch, ...)``; None before the first, and in
            copies.
    """

    def __init__(self, feature_extractor: nn.Module, train_classifier: nn.Module) -> None:
        super().__init__()
        self.feature_extractor = feature_extractor
        self.train_classifier = train_classifier
        self.features: Tensor | None = None

    def forward(self, x: Tensor) -> Tensor:
        """Logits of a batch; the features are kept."""
        self.features = self.feature_extractor(x)
        return cast("Tensor", self.train_classifier(self.features))

    def __getstate__(self) -> dict[str, Any]:
        """Copies do not take the last batch along; torch copies no tensor of a graph."""
        return {**self.__dict__, "features": None}


class Flatten(nn.Module):
    """Flattens everything but the batch: ``(batch, ...)`` to ``(batch, values)``."""

    def forward(self, x: Tensor) -> Tensor:
        """``(batch, ...)`` to ``(batch, values)``."""
        return x.reshape(x.shape[0], -1)


class MLP(nn.Module):
    """Linear layers with batch normalization and ReLU in between.

    Args:
        hidden_size: widths, from that of the input to that of the answer; at least two.
        last_activation: normalize and rectify the answer as well.

    Raises:
        ValueError: fewer than two widths.

    Example:
        >>> import torch
        >>> MLP([4, 8, 3], last_activation=False).eval()(torch.zeros(2, 4)).shape
        torch.Size([2, 3])
    """

    def __init__(self, hidden_size: Sequence[int], last_activation: bool = True) -> None:
        super().__init__()
        if len(hidden_size) < 2:
            raise ValueError(f"hidden_size={hidden_size}: expected at least input and output width")
        self.mlp = nn.Sequential()
        last = len(hidden_size) - 2
        for i, (width, following) in enumerate(pairwise(hidden_size)):
            self.mlp.add_module(f"Linear_{i}", nn.Linear(width, following))
            if i < last or last_activation:
                self.mlp.add_module(f"BatchNorm_{i}", nn.BatchNorm1d(following))
                self.mlp.add_module(f"ReLU_{i}", nn.ReLU(inplace=True))

    def forward(self, x: Tensor) -> Tensor:
        """``(batch, hidden_size[0])`` to ``(batch, hidden_size[-1])``."""
        return cast("Tensor", self.mlp(x))
