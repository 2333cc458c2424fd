"""Diagonal Fisher information: the mean of *per-sample* squared gradients.

The square of a batch's mean gradient is something else: it shrinks with the batch size. What is
computed here is the same for every batch size.
"""

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from avalanche.benchmarks.utils.data_loader import SingleDatasetDataLoader
from avalanche.models.utils import avalanche_forward

__all__ = ["diagonal_fisher", "evaluation_mode"]

_log = logging.getLogger("avalanche")

Loss = Callable[[Tensor, Tensor], Tensor]
_VMAP_CHUNK = 32  # per-sample gradients of this many samples are held at once


def diagonal_fisher(
    model: nn.Module,
    dataset: Any,
    *,
    criterion: Loss | None = None,
    sampled: bool = True,
    device: torch.device | str = "cpu",
    batch_size: int = 256,
    num_workers: int = 0,
) -> dict[str, Tensor]:
    r"""Diagonal of the Fisher information of a model's parameters on a data set.

    .. math:: F_i = \frac1N \sum_n \Big(\frac{\partial \log p(y_n|x_n)}{\partial\theta_i}\Big)^2

    The model runs in evaluation mode (and is put back), on the evaluation transforms.

    Args:
        model: the model; parameters that do not require gradients are left out.
        dataset: an ``AvalancheDataset`` with targets.
        criterion: loss whose gradient is squared when ``sampled`` is False; cross-entropy by
            default. Its mean (or sum) over a batch must be over samples. The class weights,
            ``ignore_index`` and smoothing of a ``CrossEntropyLoss`` hold per sample.
        sampled: draw the labels ``y`` from the model, which gives the Fisher information; else
            take those of the data set, which gives the "empirical Fisher".
        device: where to compute.
        batch_size: samples at a time; changes time and memory, never the result (but for the
            order of the draws).
        num_workers: of the loader.

    Returns:
        Parameter name to a tensor of its shape. Zeros for an empty data set.

    Raises:
        FloatingPointError: the model's answers are not finite.

    References:
        Kirkpatrick et al., PNAS 2017 (arXiv 1612.00796), section 2.
        Kunstner et al., "Limitations of the empirical Fisher", 2019 (arXiv 1905.12558).
    """
    parameters = {n: p for n, p in model.named_parameters() if p.requires_grad}
    total = {name: torch.zeros_like(p) for name, p in parameters.items()}
    # The Fisher information is about log p itself; a criterion's weights have no place in it.
    loss = _summed(None if sampled else criterion)
    loader = SingleDatasetDataLoader(
        dataset.eval(), batch_size=batch_size, shuffle=False, num_workers=num_workers
    )
    count = 0
    diverged = torch.zeros((), dtype=torch.bool, device=device)
    add = _add_by_layer if _only_linear(model, parameters) else _add_by_vmap
    # cuDNN's recurrent layers have no backward pass in evaluation mode.
    with evaluation_mode(model), torch.backends.cudnn.flags(enabled=False):
        for batch in loader:
            x, y = batch[0].to(device), batch[1].to(device)
            tasks = batch[-1].to(device) if len(batch) >= 3 else None
            if sampled:
                with torch.no_grad():
                    probability = F.softmax(avalanche_forward(model, x, tasks), dim=1)
                    diverged |= probability.isnan().any()
                    y = torch.multinomial(probability.nan_to_num(1.0), 1).squeeze(1)
            add(model, parameters, total, (x, y, tasks), loss)
            count += len(y)
    if diverged:
        raise FloatingPointError(
            "the model's answers are not finite any more, so the Fisher information is undefined: "
            "training has diverged; lower the learning rate or the strength of the penalty"
        )
    if count:
        torch._foreach_div_(list(total.values()), count)
    return total


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


def _summed(criterion: Loss | None) -> Loss:
    """``criterion`` summed over the batch, so that rows of gradients belong to samples."""
    if criterion is None:
        return lambda out, y: F.cross_entropy(out, y, reduction="sum")
    if type(criterion) is nn.CrossEntropyLoss:
        weight, ignored = criterion.weight, criterion.ignore_index
        smoothing = criterion.label_smoothing
        return lambda out, y: F.cross_entropy(
            out, y, weight, ignore_index=ignored, label_smoothing=smoothing, reduction="sum"
        )
    if getattr(criterion, "reduction", "mean") == "sum":
        return criterion
    return lambda out, y: criterion(out, y) * len(y)


def _only_linear(model: nn.Module, parameters: Mapping[str, Tensor]) -> bool:
    """Whether all trained parameters sit in plain linear layers, none of them shared."""
    owners = [m for m in model.modules() if type(m) is nn.Linear]
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
) -> None:
    """Squared per-sample gradients of linear layers, at the cost of one more backward pass.

    A sample's gradient of ``W`` is the outer product of its output gradient ``d`` and its input
    ``a``, so the sum of squares over the batch is ``(d²)ᵀ (a²)``.
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
            value = loss(avalanche_forward(model, x, tasks), y)
    finally:
        for handle in handles:
            handle.remove()
    if any(len(c) > 1 or c[0][0].dim() != 2 for c in calls.values()):
        _add_by_vmap(model, parameters, total, batch, loss)  # a layer used twice, or over time
        return
    outputs = [pairs[0][1] for pairs in calls.values()]
    gradients = torch.autograd.grad(value, outputs, allow_unused=True)
    names = {id(p): name for name, p in parameters.items()}
    for (layer, [(inputs, _)]), gradient in zip(calls.items(), gradients, strict=True):
        if gradient is None:
            continue
        squared = gradient.square()
        weight, bias = names.get(id(layer.weight)), names.get(id(layer.bias))
        if weight is not None:
            total[weight].addmm_(squared.t(), inputs.square())
        if bias is not None:
            total[bias].add_(squared.sum(0))


def _add_by_vmap(
    model: nn.Module,
    parameters: Mapping[str, Tensor],
    total: dict[str, Tensor],
    batch: tuple[Tensor, Tensor, Tensor | None],
    loss: Loss,
) -> None:
    """Squared per-sample gradients of any model, chunk by chunk through ``torch.func``."""
    x, y, tasks = batch
    recurrent = any(isinstance(m, nn.RNNBase) for m in model.modules())
    if recurrent:
        _add_one_by_one(model, parameters, total, batch, loss)
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
                _add_one_by_one(
                    model, parameters, total, (xs, ys, tasks if task is None else task), loss
                )
                continue
            for name in parameters:
                total[name].add_(gradients[f"model.{name}"].square().sum(0))


def _add_one_by_one(
    model: nn.Module,
    parameters: Mapping[str, Tensor],
    total: dict[str, Tensor],
    batch: tuple[Tensor, Tensor, Tensor | int | None],
    loss: Loss,
) -> None:
    """Squared per-sample gradients of what nothing faster can run: a backward pass per sample."""
    x, y, tasks = batch
    for i in range(len(y)):
        task = tasks[i : i + 1] if torch.is_tensor(tasks) else tasks
        with torch.enable_grad():
            value = loss(avalanche_forward(model, x[i : i + 1], task), y[i : i + 1])
        gradients = torch.autograd.grad(value, list(parameters.values()), allow_unused=True)
        for name, gradient in zip(parameters, gradients, strict=True):
            if gradient is not None:
                total[name].add_(gradient.square())


class _Asked(nn.Module):
    """Calls a model with or without the task label, as a module for ``functional_call``."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, x: Tensor, task: int | None) -> Any:
        return avalanche_forward(self.model, x, 0 if task is None else task)
