"""Turns a model with one head into one with a head per task."""

from typing import Any, cast

import torch
from torch import Tensor, nn

from avalanche.models.dynamic_modules import MultiHeadClassifier, MultiTaskModule
from avalanche.models.utils import layer_called

__all__ = ["MultiTaskDecorator", "as_multitask"]


class MultiTaskDecorator(MultiTaskModule):
    """A model whose head was taken off and replaced by one head per task.

    Made by :func:`as_multitask`. Attributes that it does not have are those of the model, read and
    written.

    Args:
        model: any model; its layer ``classifier_name`` is replaced, **in place**, by one that
            passes its input on.
        classifier_name: a linear layer, or a ``Sequential`` that ends in one.

    Attributes:
        model: what is left of the model.
        classifier: the heads; the one of task 0 starts with the weights of the old head. They are
            saved, and found, under ``classifier_name`` where that is the name of an attribute.

    Raises:
        ValueError: the model has no such layer, or is a multi-task model already.
        NotImplementedError: the layer is not linear and does not end in a linear one.
    """

    classifier: MultiHeadClassifier
    model: nn.Module

    def __init__(self, model: nn.Module, classifier_name: str) -> None:
        super().__init__()
        for name, module in model.named_modules():
            if isinstance(module, MultiTaskModule):
                raise ValueError(
                    f"model: {name or 'it'} is a {type(module).__name__}, which has a head per "
                    "task already; use it as it is"
                )
        head = layer_called(model, classifier_name, "classifier_name")
        linear = head[-1] if isinstance(head, nn.Sequential) and len(head) else head
        if not isinstance(linear, nn.Linear):
            raise NotImplementedError(
                f"classifier_name={classifier_name!r}: a {type(linear).__name__} cannot become a "
                "head per task; name a Linear layer, or a Sequential that ends in one"
            )
        if isinstance(head, nn.Sequential):
            head[-1] = nn.Identity()
        else:
            model.set_submodule(classifier_name, nn.Identity())
        self.model = model
        self.classifier_name = classifier_name
        heads = MultiHeadClassifier(linear.in_features, linear.out_features)
        heads.to(linear.weight.device, linear.weight.dtype)
        taken = "." in classifier_name or hasattr(type(self), classifier_name)
        self._heads_name = "classifier" if taken or classifier_name == "model" else classifier_name
        self._modules[self._heads_name] = heads  # add_module would find the model's of that name
        first = cast("nn.Linear", heads.classifiers["0"].classifier)
        with torch.no_grad():
            first.weight.copy_(linear.weight)
            first.bias.zero_() if linear.bias is None else first.bias.copy_(linear.bias)

    def forward(self, x: Tensor, task_labels: Tensor | int | None) -> Any:
        """Logits of each sample's task, ``(batch, units)``; of all tasks with None."""
        return self.classifier(self.model(x), task_labels)

    def forward_single_task(self, x: Tensor, task_label: int) -> Tensor:
        """Logits of one task, ``(batch, units)``."""
        return self.classifier.forward_single_task(self.model(x), task_label)

    def _load_from_state_dict(self, state_dict: dict[str, Tensor], prefix: str, *args: Any) -> None:
        """Heads were saved as ``classifier`` by earlier versions, whatever they were called."""
        earlier = f"{prefix}classifier."
        if self._heads_name != "classifier":
            for key in [k for k in state_dict if k.startswith(earlier)]:
                new = f"{prefix}{self._heads_name}.{key.removeprefix(earlier)}"
                state_dict[new] = state_dict.pop(key)
        super()._load_from_state_dict(state_dict, prefix, *args)

    def __getattr__(self, name: str) -> Any:
        try:
            return super().__getattr__(name)
        except AttributeError:
            if name in ("model", "_heads_name"):  # during construction and while copying
                raise
            if name == "classifier":
                return self._modules[self._heads_name]
            return getattr(self.model, name)

    def __setattr__(self, name: str, value: Any) -> None:
        """What the model has and this wrapper has not is set there."""
        model = self.__dict__.get("_modules", {}).get("model")
        if model is None or name in self._modules or name in self.__dict__:
            super().__setattr__(name, value)
        elif name == "classifier":
            super().__setattr__(self._heads_name, value)
        elif hasattr(model, name) and not hasattr(type(self), name):
            setattr(model, name, value)
        else:
            super().__setattr__(name, value)


def as_multitask(model: nn.Module, classifier_name: str) -> MultiTaskDecorator:
    """Give a model one head per task instead of the head that it has.

    The model is changed in place: its head is taken off. The head of task 0 starts with the old
    weights. Build the optimizer after this call.

    Args:
        model: any model with a linear head.
        classifier_name: its head, as in ``model.named_modules()``.

    Raises:
        ValueError: the model has no such layer, or is a multi-task model already.
        NotImplementedError: the layer is not linear and does not end in a linear one.

    Example:
        >>> from avalanche.models import SimpleMLP
        >>> model = as_multitask(SimpleMLP(input_size=8), "classifier")
        >>> model(torch.zeros(5, 8), torch.zeros(5, dtype=torch.long)).shape
        torch.Size([5, 10])
    """
    return MultiTaskDecorator(model, classifier_name)
