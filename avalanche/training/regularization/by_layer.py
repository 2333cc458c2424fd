"""Per-sample gradients of models of linear layers, at the cost of one more backward pass."""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

__all__ = ["add_by_layer", "only_linear"]

_Found = list[tuple[str, Tensor, Tensor | None]]  # name, output gradient, input (None: a bias)
_AGREES = 1e-3  # relative, of sums of gradients in 32 bits


def only_linear(model: nn.Module, parameters: Mapping[str, Tensor]) -> bool:
    """Whether all trained parameters sit in plain linear layers, none of them shared.

    A layer with a hook may answer something else than its linear map, and one whose weight is
    computed (spectral norm, pruning, parametrizations) has other parameters than that weight.
    """
    owners = [m for m in model.modules() if _is_plain(m)]
    owned = {id(p) for layer in owners for p in layer.parameters()}
    return len(owned) == sum(len(list(m.parameters())) for m in owners) and all(
        id(p) in owned for p in parameters.values()
    )


def _is_plain(module: nn.Module) -> bool:
    return (
        type(module) is nn.Linear
        and module._parameters.keys() == {"weight", "bias"}
        and not module._forward_hooks
        and not module._forward_pre_hooks
    )


def add_by_layer(
    model: nn.Module,
    parameters: Mapping[str, Tensor],
    total: Mapping[str, Tensor],
    summed_loss: Callable[[], Tensor],
    samples: int,
    measure: Callable[[Tensor], Tensor],
    verify: bool,
) -> bool:
    """Add ``measure`` of the per-sample gradients of a batch to ``total``.

    A sample's gradient of ``W`` is the outer product of its output gradient ``d`` and its input
    ``a``, so the sum of its squares over the batch is ``(d²)ᵀ (a²)``, and of its magnitudes
    ``|d|ᵀ |a|``.

    Args:
        model: a model that :func:`only_linear` accepts.
        parameters: those that are trained, by name.
        total: sums so far, by name.
        summed_loss: runs the model on the batch and sums the samples' losses.
        samples: in the batch.
        measure: ``torch.square`` or ``torch.abs``.
        verify: compare what the layers add up to with the gradient of the batch, which differs
            where the model uses a weight other than by calling its layer.

    Returns:
        Whether the model could be taken apart; where not, ``total`` is as before.
    """
    calls: dict[nn.Module, list[tuple[Tensor, Any]]] = {}

    def remember(layer: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        if output.requires_grad:
            # The edge, not the tensor: an activation may overwrite the output in place.
            edge = torch.autograd.graph.get_gradient_edge(output)
            calls.setdefault(layer, []).append((inputs[0].detach(), edge))

    handles = [m.register_forward_hook(remember) for m in model.modules() if _is_plain(m)]
    try:
        with torch.enable_grad():
            value = summed_loss()
    finally:
        for handle in handles:
            handle.remove()
    # A layer used twice, over time, or on parts of samples that were folded into the batch.
    if any(len(c) > 1 or c[0][0].dim() != 2 or len(c[0][0]) != samples for c in calls.values()):
        return False
    edges = [pairs[0][1] for pairs in calls.values()]
    compared = list(parameters.values()) if verify else []
    gradients = torch.autograd.grad(value, [*edges, *compared], allow_unused=True)
    found: _Found = []
    names = {id(p): name for name, p in parameters.items()}
    for (layer, [(inputs, _)]), gradient in zip(calls.items(), gradients, strict=False):
        if gradient is None:
            continue
        if (name := names.get(id(layer.weight))) is not None:
            found.append((name, gradient, inputs))
        if (name := names.get(id(layer.bias))) is not None:
            found.append((name, gradient, None))
    if verify:
        of_batch = dict(zip(parameters, gradients[len(edges) :], strict=True))
        if not _add_up(found, of_batch, parameters):
            return False
    for name, gradient, inputs_or_none in found:
        measured = measure(gradient)
        if inputs_or_none is None:
            total[name].add_(measured.sum(0))
        else:
            total[name].addmm_(measured.t(), measure(inputs_or_none))
    return True


def _add_up(
    found: _Found, of_batch: Mapping[str, Tensor | None], parameters: Mapping[str, Tensor]
) -> bool:
    """Whether the layers' gradients sum up to that of the batch; one synchronization."""
    sums = {n: d.sum(0) if a is None else d.t() @ a for n, d, a in found}
    pairs = [
        (sums.get(n, torch.zeros_like(p)), torch.zeros_like(p) if g is None else g)
        for (n, p), g in zip(parameters.items(), of_batch.values(), strict=True)
    ]
    if not pairs:
        return True
    off = torch.stack([(a - b).norm() for a, b in pairs])
    size = torch.stack([b.norm() for _, b in pairs])
    # Below the largest by far, sums are rounding errors of terms that cancel.
    return bool((off <= _AGREES * (size + 1e-3 * size.max())).all())
