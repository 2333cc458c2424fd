"""Gradients of several groups of samples from one forward and one backward pass.

A group's gradient of a linear layer's weight is ``dᵀ a``, with ``d`` the gradients of its outputs
and ``a`` its inputs, the rows of the group only. So all groups can go through the model together,
as long as no row of a batch has an influence on another row.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from itertools import groupby
from operator import is_
from typing import Any, Protocol, TypeGuard

import torch
from torch import Tensor, nn

from avalanche.models.utils import avalanche_forward, is_multi_task_module

__all__ = ["BatchLoss", "JointGradients"]

_DropoutNd = nn.modules.dropout._DropoutNd
_MIXES_ROWS = (
    nn.modules.batchnorm._NormBase,  # batch and instance norms, of any number of dimensions
    nn.RNNBase,
    nn.MultiheadAttention,
)


class Criterion(Protocol):
    """Answers and targets of a batch to its loss, a scalar."""

    def __call__(self, output: Any, target: Tensor, /) -> Tensor: ...


class BatchLoss:
    """The loss of batches ``[x, y, ..., task labels]`` of a model.

    Args:
        model: the model.
        criterion: ``criterion(answers, targets)``.
        precision: a context for the forward pass, such as ``torch.autocast(...)``.

    Example:
        >>> loss_of = BatchLoss(nn.Linear(3, 2), nn.functional.cross_entropy)
        >>> loss_of([torch.zeros(4, 3), torch.zeros(4, dtype=torch.int64)]).shape
        torch.Size([])
    """

    def __init__(
        self,
        model: nn.Module,
        criterion: Criterion,
        precision: AbstractContextManager[Any] | None = None,
    ) -> None:
        self.model = model
        self.criterion = criterion
        self.precision = precision

    def __call__(self, batch: Sequence[Tensor]) -> Tensor:
        """The loss of one batch."""
        tasks = batch[-1] if len(batch) >= 3 else 0
        with self.precision or nullcontext():
            return self.criterion(avalanche_forward(self.model, batch[0], tasks), batch[1])

    def total(self, batches: Sequence[Sequence[Tensor]]) -> Tensor | None:
        """The sum of the losses of several batches that go through the model as one.

        None where inputs have several shapes, or answers are not rows of one tensor.
        """
        if len({b[0].shape[1:] for b in batches}) > 1:
            return None
        sizes = [len(b[1]) for b in batches]
        out = avalanche_forward(self.model, torch.cat([b[0] for b in batches]), 0)
        if not isinstance(out, Tensor) or len(out) != sum(sizes):
            return None
        targets = [b[1] for b in batches]
        if _is_mean_of_samples(self.criterion, out, targets):
            return _sum_of_means(self.criterion, out, torch.cat(targets), len(targets))
        pieces = out.split(sizes)
        losses = [self.criterion(o, y) for o, y in zip(pieces, targets, strict=True)]
        return torch.stack(losses).sum()


def _is_mean_of_samples(
    criterion: Criterion, out: Tensor, targets: Sequence[Tensor]
) -> TypeGuard[nn.CrossEntropyLoss]:
    """Whether losses of groups of one size are means over samples, each with a label."""
    return (
        type(criterion) is nn.CrossEntropyLoss
        and criterion.reduction == "mean"
        and criterion.weight is None
        and out.dim() == 2
        and len({(y.shape, y.dtype) for y in targets}) == 1
        and targets[0].dim() == 1
    )


def _sum_of_means(
    criterion: nn.CrossEntropyLoss, out: Tensor, labels: Tensor, groups: int
) -> Tensor:
    """The sum of the losses of the groups, from one call; what is ignored is in no mean."""
    ignored, smoothing = criterion.ignore_index, criterion.label_smoothing
    each = nn.functional.cross_entropy(
        out, labels, ignore_index=ignored, reduction="none", label_smoothing=smoothing
    )
    counts = (labels != ignored).view(groups, -1).sum(1)
    return (each.view(groups, -1).sum(1) / counts).sum()


class JointGradients:
    """Gradients of several batches at once, for models where that is possible.

    Possible are models whose trained parameters all sit in linear layers that are used once, and
    whose rows do not influence each other. The last is not taken on trust: the model, in the modes
    it is in and without dropout, must give the same gradients one by one. It is asked again when
    the model, its parameters, its modes or the number of batches change.
    """

    def __init__(self) -> None:
        self._known: tuple[Any, ...] = ()  # the model, the number of batches, modes
        self._parameters: list[nn.Parameter] = []  # themselves: an address may be used again
        self._holds = False
        self._modules: list[nn.Module] = []
        self._layers: list[nn.Linear] = []

    def __call__(
        self,
        loss_of: Any,
        batches: Sequence[Sequence[Tensor]],
        parameters: Sequence[nn.Parameter],
        rows: Sequence[Tensor],
    ) -> list[bool] | None:
        """Write the gradients of each batch's loss into ``rows``, if that is possible.

        Args:
            loss_of: only a :class:`BatchLoss` in full precision can be split up.
            batches: ``[x, y, ...]`` each.
            parameters: whose gradients.
            rows: ``(batches, values)`` for each parameter, the values flattened.

        Returns:
            Which parameters the losses depend on; None where it was not possible, and then
            ``rows`` hold anything.
        """
        if len(batches) < 2 or not isinstance(loss_of, BatchLoss) or loss_of.precision is not None:
            return None
        if torch.is_autocast_enabled(rows[0].device.type):
            return None
        model = loss_of.model
        if not self._is_known(model, len(batches), parameters):
            self._modules = list(model.modules())
            self._layers = [m for m in self._modules if type(m) is nn.Linear]
            self._holds = _could_be_joint(model, parameters, rows) and _are_equal(
                loss_of, batches, parameters, self._layers, rows
            )
            self._known = (model, len(batches), self._modes())
            self._parameters = list(parameters)
        if not self._holds:
            return None
        return _joint(loss_of, batches, parameters, self._layers, rows)

    def _is_known(self, model: nn.Module, count: int, parameters: Sequence[nn.Parameter]) -> bool:
        return (
            self._known == (model, count, self._modes())
            and len(parameters) == len(self._parameters)
            and all(map(is_, parameters, self._parameters))
        )

    def _modes(self) -> list[bool]:
        return [module.training for module in self._modules]

    def __getstate__(self) -> dict[str, Any]:
        return JointGradients().__dict__  # what is known is of a model that a copy has not


def _could_be_joint(
    model: nn.Module, parameters: Sequence[nn.Parameter], rows: Sequence[Tensor]
) -> bool:
    types = {tensor.dtype for tensor in (*parameters, *rows)}
    if is_multi_task_module(model) or len(types) > 1:
        return False
    modules = list(model.modules())
    owned = [id(p) for m in modules if type(m) is nn.Linear for p in m.parameters()]
    return (
        not any(isinstance(m, _MIXES_ROWS) for m in modules)
        and len(set(owned)) == len(owned)
        and {id(p) for p in parameters} <= set(owned)
    )


def _are_equal(
    loss_of: BatchLoss,
    batches: Sequence[Sequence[Tensor]],
    parameters: Sequence[nn.Parameter],
    layers: Sequence[nn.Linear],
    rows: Sequence[Tensor],
) -> bool:
    """Whether rows keep to themselves: the gradients are those of each batch by itself."""
    device = rows[0].device
    with _on_trial(loss_of.model, device):
        if _joint(loss_of, batches, parameters, layers, rows) is None:
            return False
    for number, batch in enumerate(batches):
        with _on_trial(loss_of.model, device):
            loss = loss_of(batch)
            if not loss.requires_grad:
                return False
            alone = torch.autograd.grad(loss, parameters, allow_unused=True, materialize_grads=True)
        if not _are_close([row[number] for row in rows], [g.flatten() for g in alone]):
            return False
    return True


def _are_close(found: list[Tensor], expected: list[Tensor]) -> bool:
    """Whether each tensor is right to a thousandth of its length, or next to nothing."""
    length = torch.stack(torch._foreach_norm(expected))
    wrong = torch.stack(torch._foreach_norm(torch._foreach_sub(found, expected)))
    return bool((wrong <= 1e-3 * length + 1e-6 * length.max()).all())


@contextmanager
def _on_trial(model: nn.Module, device: torch.device) -> Iterator[None]:
    """Without dropout inside; draws and what the pass does to buffers are undone afterwards.

    Every trial draws the same. All other modules stay in the modes they are in.
    """
    buffers = [(buffer, buffer.clone()) for buffer in model.buffers()]
    dropping = [m for m in model.modules() if isinstance(m, _DropoutNd) and m.training]
    for module in dropping:
        module.training = False
    try:
        with torch.random.fork_rng([device] if device.type == "cuda" else []):
            yield
    finally:
        for module in dropping:
            module.training = True
        with torch.no_grad():
            for buffer, before in buffers:
                buffer.copy_(before)


def _joint(
    loss_of: BatchLoss,
    batches: Sequence[Sequence[Tensor]],
    parameters: Sequence[nn.Parameter],
    layers: Sequence[nn.Linear],
    rows: Sequence[Tensor],
) -> list[bool] | None:
    """Capture inputs and gradients of outputs of every layer, then multiply group by group."""
    calls: list[tuple[nn.Linear, Tensor, Any]] = []

    def remember(layer: Any, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        # The edge, not the tensor: an activation may overwrite the output in place.
        edge = torch.autograd.graph.get_gradient_edge(output) if output.requires_grad else None
        calls.append((layer, inputs[0].detach() if inputs else output.new_empty(0), edge))

    handles = [layer.register_forward_hook(remember) for layer in layers]
    try:
        total = loss_of.total(batches)
    finally:
        for handle in handles:
            handle.remove()
    if total is None or not total.requires_grad:
        return None
    sizes = [len(batch[1]) for batch in batches]
    called = [id(layer) for layer, _, _ in calls]
    if len(set(called)) < len(called) or any(i.shape[:-1] != (sum(sizes),) for _, i, _ in calls):
        return None
    used = [(layer, inputs, edge) for layer, inputs, edge in calls if edge is not None]
    if not used:
        return None
    found = torch.autograd.grad(total, [edge for _, _, edge in used], allow_unused=True)
    to = {id(p): row for p, row in zip(parameters, rows, strict=True)}
    written: set[int] = set()
    for (layer, inputs, _), outputs in zip(used, found, strict=True):
        if outputs is not None:
            _write(layer, outputs, inputs, sizes, to)
            written.update((id(layer.weight), id(layer.bias)))
    for key in to.keys() - written:
        to[key].zero_()
    return [id(p) in written for p in parameters]


def _write(
    layer: nn.Linear,
    outputs: Tensor,
    inputs: Tensor,
    sizes: Sequence[int],
    to: dict[int, Tensor],
) -> None:
    """One layer's gradients straight into the rows; groups of one size are one product."""
    weights, biases = to.get(id(layer.weight)), to.get(id(layer.bias))
    row = sample = 0
    for size, equal in groupby(sizes):
        groups = len(list(equal))
        rows, samples = slice(row, row + groups), slice(sample, sample + groups * size)
        d = outputs[samples].unflatten(0, (groups, size))
        if weights is not None:
            a = inputs[samples].unflatten(0, (groups, size))
            torch.bmm(d.mT, a, out=weights[rows].unflatten(1, layer.weight.shape))
        if biases is not None:
            torch.sum(d, 1, out=biases[rows])
        row, sample = rows.stop, samples.stop
