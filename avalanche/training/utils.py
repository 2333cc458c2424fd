"""Helpers that methods share: layers and parameters by name, freezing, whole data sets."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple, TypeVar

import torch
from torch import Tensor, nn

from avalanche.benchmarks.utils.data_loader import SingleDatasetDataLoader

__all__ = [
    "LayerAndParameter",
    "ParamData",
    "adapt_classification_layer",
    "at_task_boundary",
    "copy_params_dict",
    "cycle",
    "examples_per_class",
    "freeze_everything",
    "freeze_up_to",
    "get_last_fc_layer",
    "get_layer_by_name",
    "get_layers_and_params",
    "load_all_dataset",
    "swap_last_fc_layer",
    "trigger_plugins",
    "unfreeze_everything",
    "zerolike_params_dict",
]

T = TypeVar("T")
_LOAD_BATCH = 1024  # samples that are read at a time where a whole data set is loaded


class LayerAndParameter(NamedTuple):
    """A parameter and the layer that holds it; both names are full, as in ``named_parameters``."""

    layer_name: str
    layer: nn.Module
    parameter_name: str
    parameter: Tensor


class ParamData:
    """A tensor that belongs to a parameter by name and grows with it.

    Args:
        name: of the parameter.
        shape: of the tensor; that of ``init_tensor`` by default.
        init_function: makes a tensor of a shape.
        init_tensor: the first value, cloned; by default ``init_function(shape)``.
        device: where the tensor lies.

    Raises:
        ValueError: neither shape nor tensor, or two that do not fit.

    Example:
        >>> importance = ParamData("classifier.bias", init_tensor=torch.ones(2))
        >>> importance.expand(torch.Size([3]))
        tensor([1., 1., 0.])
    """

    def __init__(
        self,
        name: str,
        shape: torch.Size | None = None,
        init_function: Callable[[Any], Tensor] = torch.zeros,
        init_tensor: Tensor | None = None,
        device: torch.device | str = "cpu",
    ) -> None:
        if shape is None and init_tensor is None:
            raise ValueError("shape=None: expected a shape, or a tensor in init_tensor")
        if init_tensor is not None and shape is not None and init_tensor.shape != shape:
            raise ValueError(
                f"shape={tuple(shape)}: init_tensor has {tuple(init_tensor.shape)}; leave one out"
            )
        self.name = name
        self.init_function = init_function
        self.device = torch.device(device)
        first = init_function(shape) if init_tensor is None else init_tensor.detach().clone()
        self._data = first.to(self.device)

    @property
    def data(self) -> Tensor:
        """The tensor."""
        return self._data

    @data.setter
    def data(self, value: Tensor) -> None:
        if value.shape != self._data.shape:
            raise ValueError(
                f"data: shape {tuple(value.shape)} and {self.name} has {tuple(self.shape)}; "
                "call expand or reset_like first"
            )
        self._data = value

    @property
    def shape(self) -> torch.Size:
        """Shape of the tensor."""
        return self._data.shape

    def reset_like(
        self,
        shape: torch.Size | None = None,
        init_function: Callable[[Any], Tensor] | None = None,
    ) -> None:
        """Start anew, by default in the same shape and with the first ``init_function``."""
        make = self.init_function if init_function is None else init_function
        self._data = make(self.shape if shape is None else shape).to(self.device)

    def expand(
        self, new_shape: torch.Size, padding_fn: Callable[[Any], Tensor] = torch.zeros
    ) -> Tensor:
        """Grow to ``new_shape`` and return the tensor; the old block stays in the first corner.

        Raises:
            ValueError: another number of dimensions, or a smaller one.
        """
        smaller = any(new < old for new, old in zip(new_shape, self.shape, strict=False))
        if len(new_shape) != self._data.dim() or smaller:
            raise ValueError(
                f"new_shape={tuple(new_shape)}: {self.name} has {tuple(self.shape)}, and only "
                "growth in the same dimensions is possible"
            )
        grown = padding_fn(new_shape).to(self.device, self._data.dtype)
        grown[tuple(slice(0, size) for size in self.shape)] = self._data
        self._data = grown
        return grown

    def __str__(self) -> str:
        return f"ParamData({self.name}, {tuple(self.shape)}): {self._data}"


def copy_params_dict(model: nn.Module, copy_grad: bool = False) -> dict[str, ParamData]:
    """Parameter name to a copy of its values, or of its gradient (zeros where it has none)."""
    copies = {}
    for name, parameter in model.named_parameters():
        value: Tensor | None = parameter.grad if copy_grad else parameter
        value = torch.zeros_like(parameter) if value is None else value
        copies[name] = ParamData(name, init_tensor=value, device=parameter.device)
    return copies


def zerolike_params_dict(model: nn.Module) -> dict[str, ParamData]:
    """Parameter name to zeros of its shape, type and device."""
    return {
        name: ParamData(name, init_tensor=torch.zeros_like(p), device=p.device)
        for name, p in model.named_parameters()
    }


def get_layers_and_params(model: nn.Module, prefix: str = "") -> list[LayerAndParameter]:
    """Every parameter of a model, once, with the layer that holds it; ``prefix`` leads all names.

    Example:
        >>> [p.parameter_name for p in get_layers_and_params(nn.Sequential(nn.Linear(2, 1)))]
        ['0.weight', '0.bias']
    """
    found = []
    for layer_name, layer in model.named_modules():
        path = prefix + layer_name
        for name, parameter in layer.named_parameters(recurse=False):
            full = f"{path}.{name}" if layer_name else prefix + name
            found.append(LayerAndParameter(path, layer, full, parameter))
    return found


def get_layer_by_name(model: nn.Module, layer_name: str) -> nn.Module | None:
    """The layer of this name, as in ``named_modules``; None where there is none."""
    return dict(model.named_modules()).get(layer_name)


def get_last_fc_layer(model: nn.Module) -> tuple[str, nn.Linear]:
    """Name and module of the last ``Linear`` layer, in order of definition.

    Raises:
        ValueError: the model has no linear layer.

    Example:
        >>> get_last_fc_layer(nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2)))[0]
        '2'
    """
    layers = [(name, m) for name, m in model.named_modules() if isinstance(m, nn.Linear)]
    if not layers:
        raise ValueError(f"model={type(model).__name__}: it has no torch.nn.Linear layer")
    return layers[-1]


def swap_last_fc_layer(model: nn.Module, new_layer: nn.Module) -> None:
    """Put ``new_layer`` in the place of the last linear layer.

    Raises:
        ValueError: the model has no linear layer, or is one itself.
    """
    model.set_submodule(_name_inside(model, get_last_fc_layer(model)[0]), new_layer)


def _name_inside(model: nn.Module, name: str) -> str:
    """A layer's name, unless the layer is the model itself, which nothing could replace."""
    if not name:
        raise ValueError(
            f"model={model}: the model itself is its last linear layer, which cannot be replaced "
            "in place; wrap it, torch.nn.Sequential(model)"
        )
    return name


def adapt_classification_layer(
    model: nn.Module, num_classes: int, bias: bool | None = None
) -> tuple[str, nn.Linear]:
    """Replace the last linear layer by a new one with ``num_classes`` units.

    Args:
        model: changed in place.
        num_classes: units of the new layer.
        bias: whether it has a bias; as the old one by default.

    Returns:
        Name and module of the new layer.

    Raises:
        ValueError: the model has no linear layer, or is one itself.
    """
    name, old = get_last_fc_layer(model)
    _name_inside(model, name)
    with_bias = old.bias is not None if bias is None else bias
    new = nn.Linear(old.in_features, num_classes, bias=with_bias)
    new = new.to(old.weight.device, old.weight.dtype)
    model.set_submodule(name, new)
    return name, new


def freeze_everything(model: nn.Module, set_eval_mode: bool = True) -> None:
    """No parameter requires gradients any more; evaluation mode too, unless told otherwise."""
    if set_eval_mode:
        model.eval()
    model.requires_grad_(False)


def unfreeze_everything(model: nn.Module, set_train_mode: bool = True) -> None:
    """Every parameter requires gradients again; training mode too, unless told otherwise."""
    if set_train_mode:
        model.train()
    model.requires_grad_(True)


def freeze_up_to(
    model: nn.Module,
    freeze_until_layer: str | None = None,
    set_eval_mode: bool = True,
    set_requires_grad_false: bool = True,
    layer_filter: Callable[[LayerAndParameter], bool] | None = None,
    module_prefix: str = "",
) -> tuple[list[str], list[str]]:
    """Freeze the layers before ``freeze_until_layer``, in order of definition.

    Layers without parameters, such as dropout, are among them: only their mode changes. What
    contains ``freeze_until_layer`` keeps its mode.

    Args:
        model: changed in place.
        freeze_until_layer: the first layer that is not frozen; None freezes all.
        set_eval_mode: put frozen layers in evaluation mode.
        set_requires_grad_false: stop the gradients of frozen parameters.
        layer_filter: called with each layer and parameter; False leaves the parameter alone, and a
            layer all of whose parameters are left alone. With a filter, layers without parameters
            are left alone too.
        module_prefix: leads all names.

    Returns:
        Names of the frozen layers that have parameters, and of the frozen parameters.

    Raises:
        ValueError: the model has no layer of that name; nothing is changed.
    """
    names = [module_prefix + name for name, _ in model.named_modules()]
    if freeze_until_layer is not None and freeze_until_layer not in names:
        near = difflib.get_close_matches(freeze_until_layer, names, n=3, cutoff=0.3)
        raise ValueError(
            f"freeze_until_layer={freeze_until_layer!r}: the model has no such layer; "
            f"did you mean {' or '.join(near) or 'one of ' + ', '.join(filter(None, names))}?"
        )
    limit = freeze_until_layer
    before = set(names if limit is None else names[: names.index(limit)])
    layers: dict[str, None] = {}
    parameters = []
    for item in get_layers_and_params(model, module_prefix):
        if item.layer_name not in before:
            continue
        if layer_filter is not None and not layer_filter(item):
            continue
        if set_requires_grad_false:
            item.parameter.requires_grad = False
        layers[item.layer_name] = None
        parameters.append(item.parameter_name)
    for name, module in model.named_modules():
        path = module_prefix + name
        around = limit is not None and (name == "" or _is_inside(limit, path))
        chosen = path in before if layer_filter is None else path in layers
        if set_eval_mode and chosen and not around:
            module.training = False
    return list(layers), parameters


def _is_inside(name: str, layer: str) -> bool:
    return name == layer or name.startswith(f"{layer}.")


def examples_per_class(targets: Iterable[Any]) -> dict[int, int]:
    """Class to its number of samples; a class without samples counts 0.

    Example:
        >>> counts = examples_per_class([0, 2, 2])
        >>> counts[2], counts[1]
        (2, 0)
    """
    return Counter(torch.as_tensor(list(targets), dtype=torch.int64).tolist())


def load_all_dataset(dataset: Any, num_workers: int = 0) -> tuple[Tensor, Tensor]:
    """All inputs ``(samples, ...)`` and targets ``(samples,)`` of a data set, in order."""
    loader = SingleDatasetDataLoader(
        dataset, batch_size=_LOAD_BATCH, shuffle=False, num_workers=num_workers
    )
    batches = [(batch[0], batch[1]) for batch in loader]
    return torch.cat([x for x, _ in batches]), torch.cat([y for _, y in batches])


def cycle(loader: Iterable[T]) -> Iterator[T]:
    """The items of ``loader`` for ever: it is read anew, and so reshuffled, after each pass."""
    while True:
        empty = True
        for item in loader:
            empty = False
            yield item
        if empty:
            return


def at_task_boundary(training_exp: Any, before: bool = True) -> bool:
    """Whether an experience begins with ``training_exp``, or ends with it.

    Always, except in an online stream that lets learners know about boundaries.

    Args:
        training_exp: what is trained on.
        before: True asks about its beginning, False about its end.
    """
    from avalanche.training.regularization.base import begins_here, ends_here

    return begins_here(training_exp) if before else ends_here(training_exp)


def trigger_plugins(strategy: Any, event: str, **kwargs: Any) -> None:
    """Fire ``event`` on a strategy and its plugins.

    Raises:
        ValueError: the strategy does not fire that event.
    """
    if event not in strategy.EVENT_TABLE:
        near = difflib.get_close_matches(event, strategy.EVENT_TABLE, n=3, cutoff=0.3)
        raise ValueError(f"event={event!r}: no such event; did you mean {' or '.join(near)}?")
    strategy.events.fire(event, kwargs)
