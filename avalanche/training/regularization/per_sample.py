"""Means over samples of what each sample's own gradient says, for batches of any size.

The gradient of a batch's mean says something else: gradients of samples cancel in it, so that its
square and its magnitude shrink with the batch. What is computed here is the same for every batch
size.
"""

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from avalanche.benchmarks.utils.data_loader import SingleDatasetDataLoader
from avalanche.models.utils import avalanche_forward

__all__ = ["Loss", "Measure", "answer", "evaluation_mode", "mean_over_samples"]

_log = logging.getLogger("avalanche")

Loss = Callable[[Tensor, Tensor], Tensor]
"""Answers and targets of a batch to the *sum* of the samples' losses."""
Measure = Callable[[Tensor], Tensor]
"""What is averaged of a gradient: ``torch.square`` or ``torch.abs``, which turn products into
products."""
_VMAP_CHUNK = 32  # per-sample gradients of this many samples are held at once


def mean_over_samples(
    model: nn.Module,
    dataset: Any,
    loss: Loss,
    measure: Measure,
    *,
    draw: Callable[[Tensor], Tensor] | None = None,
    device: torch.device | str = "cpu",
    batch_size: int = 256,
    num_workers: int = 0,
) -> dict[str, Tensor]:
    r"""``1/N sum_n measure(gradient of loss_n)`` for every parameter that requires gradients.

    The model runs in evaluation mode (and is put back), on the evaluation transforms. No gradient
    is left on it.

    Args:
        model: the model.
        dataset: an ``AvalancheDataset`` with targets.
        loss: ``loss(answers, targets)``, summed over the samples.
        measure: ``torch.square`` or ``torch.abs``.
        draw: ``draw(answers)`` gives the targets, ``(batch,)``; by default those of the data set.
        device: where to compute.
        batch_size: samples at a time; changes time and memory, never the result (but for the
            order of the draws).
        num_workers: of the loader.

    Returns:
        Parameter name to a tensor of its shape. Zeros for an empty data set.

    Raises:
        FloatingPointError: the model's answers are not finite.
    """
    parameters = {n: p for n, p in model.named_parameters() if p.requires_grad}
    total = {name: torch.zeros_like(p) for name, p in parameters.items()}
    loader = SingleDatasetDataLoader(
        dataset.eval(), batch_size=batch_size, shuffle=False, num_workers=num_workers
    )
    count = 0
    add = _add_by_layer if _only_linear(model, parameters) else _add_by_vmap
    # cuDNN's recurrent layers have no backward pass in evaluation mode.
    with evaluation_mode(model), torch.backends.cudnn.flags(enabled=False):
        for batch in loader:
            x, y = batch[0].to(device), batch[1].to(device)
            tasks = batch[-1].to(device) if len(batch) >= 3 else None
            if draw is not None:
                with torch.no_grad():
                    y = draw(answer(model, x, tasks))
            add(model, parameters, total, (x, y, tasks), loss, measure)
            count += len(y)
    if count:
        torch._foreach_div_(list(total.values()), count)
    if not _all_finite(total):
        raise FloatingPointError(
            "the model's answers are not finite any more, so importances are undefined: training "
            "has diverged; lower the learning rate or the strength of the penalty"
        )
    return total


def _all_finite(total: Mapping[str, Tensor]) -> bool:
    """Whether every mean is a number; one synchronization."""
    sums = [t.sum() for t in total.values()]
    return not sums or bool(torch.stack(sums).isfinite().all())


@contextmanager
def evaluation_mode(model: nn.Module) -> Iterator[None]:
    """Evaluation mode inside, every module's own mode back afterwards."""
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        yield
    finally:
        for module, training in modes:
            module.training = training


def answer(model: nn.Module, x: Tensor, tasks: Tensor | int | None) -> Any:
    """The model's answers; samples without task labels are of task 0, as in the training loop."""
    return avalanche_forward(model, x, 0 if tasks is None else tasks)


def _only_linear(model: nn.Module, parameters: Mapping[str, Tensor]) -> bool:
    """Whether all trained parameters sit in plain linear layers, none of them shared.

    A layer with a forward hook may answer something else than its linear map.
    """
    owners = [m for m in model.modules() if type(m) is nn.Linear and not m._forward_hooks]
    owned = {id(p) for layer in owners for p in layer.parameters()}
    return len(owned) == sum(len(list(m.parameters())) for m in owners) and all(
        id(p) in owned for p in parameters.values()
    )


def _add_by_layer(
    model: nn.Module,
    parameters: Mapping[str, Tensor],
    total: dict[str, Tensor],
    batch: tuple[Tensor, Tensor, Tensor | None],
    loss: Loss,
    measure: Measure,
) -> None:
    """Per-sample gradients of linear layers, at the cost of one more backward pass.

    A sample's gradient of ``W`` is the outer product of its output gradient ``d`` and its input
    ``a``, so the sum of its squares over the batch is ``(d²)ᵀ (a²)``, and of its magnitudes
    ``|d|ᵀ |a|``.
    """
    x, y, tasks = batch
    calls: dict[nn.Module, list[tuple[Tensor, Any]]] = {}

    def remember(layer: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        if output.requires_grad:
            # The edge, not the tensor: an activation may overwrite the output in place.
            edge = torch.autograd.graph.get_gradient_edge(output)
            calls.setdefault(layer, []).append((inputs[0].detach(), edge))

    layers = [m for m in model.modules() if type(m) is nn.Linear]
    handles = [layer.register_forward_hook(remember) for layer in layers]
    try:
        with torch.enable_grad():
            value = loss(answer(model, x, tasks), y)
    finally:
        for handle in handles:
            handle.remove()
    if any(len(c) > 1 or c[0][0].dim() != 2 for c in calls.values()):
        _add_by_vmap(
            model, parameters, total, batch, loss, measure
        )  # a layer used twice, or over time
        return
    outputs = [pairs[0][1] for pairs in calls.values()]
    gradients = torch.autograd.grad(value, outputs, allow_unused=True)
    names = {id(p): name for name, p in parameters.items()}
    for (layer, [(inputs, _)]), gradient in zip(calls.items(), gradients, strict=True):
        if gradient is None:
            continue
        measured = measure(gradient)
        weight, bias = names.get(id(layer.weight)), names.get(id(layer.bias))
        if weight is not None:
            total[weight].addmm_(measured.t(), measure(inputs))
        if bias is not None:
            total[bias].add_(measured.sum(0))


def _add_by_vmap(
    model: nn.Module,
    parameters: Mapping[str, Tensor],
    total: dict[str, Tensor],
    batch: tuple[Tensor, Tensor, Tensor | None],
    loss: Loss,
    measure: Measure,
) -> None:
    """Per-sample gradients of any model, chunk by chunk through ``torch.func``."""
    x, y, tasks = batch
    recurrent = any(isinstance(m, nn.RNNBase) for m in model.modules())
    if recurrent:
        _add_one_by_one(model, parameters, total, batch, loss, measure)
        return
    for task in [None] if tasks is None else torch.unique(tasks).tolist():
        chosen = slice(None) if tasks is None else tasks == task

        def sample_loss(
            values: dict[str, Tensor], one_x: Tensor, one_y: Tensor, task: int | None = task
        ) -> Tensor:
            arguments = (one_x.unsqueeze(0), task)
            answer = torch.func.functional_call(_Asked(model), values, arguments)
            return loss(answer, one_y.unsqueeze(0))

        values = {f"model.{name}": p.detach() for name, p in parameters.items()}
        per_sample = torch.func.vmap(
            torch.func.grad(sample_loss),
            in_dims=(None, 0, 0),
            chunk_size=_VMAP_CHUNK,
            randomness="different",
        )
        # Chunks outside as well: what vmap returns holds the gradient of every sample.
        for xs, ys in zip(x[chosen].split(_VMAP_CHUNK), y[chosen].split(_VMAP_CHUNK), strict=True):
            try:
                gradients = per_sample(values, xs, ys)
            except RuntimeError as error:  # control flow on values, buffers written in forward
                _log.info("per-sample gradients one by one: vmap cannot run the model: %s", error)
                one_task = tasks if task is None else task
                _add_one_by_one(model, parameters, total, (xs, ys, one_task), loss, measure)
                continue
            for name in parameters:
                total[name].add_(measure(gradients[f"model.{name}"]).sum(0))


def _add_one_by_one(
    model: nn.Module,
    parameters: Mapping[str, Tensor],
    total: dict[str, Tensor],
    batch: tuple[Tensor, Tensor, Tensor | int | None],
    loss: Loss,
    measure: Measure,
) -> None:
    """Per-sample gradients of what nothing faster can run: a backward pass per sample."""
    x, y, tasks = batch
    for i in range(len(y)):
        task = tasks[i : i + 1] if torch.is_tensor(tasks) else tasks
        with torch.enable_grad():
            value = loss(answer(model, x[i : i + 1], task), y[i : i + 1])
        gradients = torch.autograd.grad(value, list(parameters.values()), allow_unused=True)
        for name, gradient in zip(parameters, gradients, strict=True):
            if gradient is not None:
                total[name].add_(measure(gradient))


class _Asked(nn.Module):
    """Calls a model with or without the task label, as a module for ``functional_call``."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, x: Tensor, task: int | None) -> Any:
        return answer(self.model, x, task)
