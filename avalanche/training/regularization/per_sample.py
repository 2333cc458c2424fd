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
from avalanche.models.dynamic_modules import TrainEvalModel
from avalanche.models.utils import avalanche_forward
from avalanche.training.regularization.batches import chosen_rows, unpacked
from avalanche.training.regularization.by_layer import add_by_layer, only_linear

__all__ = [
    "Loss",
    "Measure",
    "answer",
    "evaluation_mode",
    "importance_mode",
    "mean_over_samples",
    "trained_answers",
]

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
    by_layer = only_linear(model, parameters)
    with importance_mode(model):
        for batch in loader:
            x, y, tasks = unpacked(batch, device)

            def summed_loss(x: Any = x, y: Tensor = y, tasks: Tensor | None = tasks) -> Tensor:
                answers = answer(model, x, tasks)
                return loss(answers, y if draw is None else draw(answers.detach()))

            by_layer = by_layer and add_by_layer(
                model, parameters, total, summed_loss, len(y), measure, verify=count == 0
            )
            if not by_layer:
                if draw is not None:
                    with torch.no_grad():
                        y = draw(answer(model, x, tasks))
                _add_by_vmap(model, parameters, total, (x, y, tasks), loss, measure)
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


def trained_answers(model: nn.Module) -> None:
    """Let a model in evaluation mode answer with the classifier that is trained."""
    for module in model.modules():
        if isinstance(module, TrainEvalModel):
            module.training = True


@contextmanager
def importance_mode(model: nn.Module) -> Iterator[None]:
    """Evaluation mode, with the classifier that is trained; the model is as before afterwards.

    That includes tensors that modules keep as plain attributes, such as the last features: those of
    a pass through ``vmap`` could not be used outside of it.
    """
    before = [(vars(module), dict(vars(module))) for module in model.modules()]
    # cuDNN's recurrent layers have no backward pass in evaluation mode.
    with evaluation_mode(model), torch.backends.cudnn.flags(enabled=False):
        trained_answers(model)
        try:
            yield
        finally:
            for now, then in before:
                for name in [k for k, v in now.items() if torch.is_tensor(v)]:
                    if name in then:
                        now[name] = then[name]
                    else:
                        del now[name]


def answer(model: nn.Module, x: Any, tasks: Tensor | int | None) -> Any:
    """The model's answers; samples without task labels are of task 0, as in the training loop."""
    if isinstance(x, dict):
        return model(**x)
    return avalanche_forward(model, x, 0 if tasks is None else tasks)


def _add_by_vmap(
    model: nn.Module,
    parameters: Mapping[str, Tensor],
    total: dict[str, Tensor],
    batch: tuple[Any, Tensor, Tensor | None],
    loss: Loss,
    measure: Measure,
) -> None:
    """Per-sample gradients of any model, chunk by chunk through ``torch.func``."""
    x, y, tasks = batch
    recurrent = any(isinstance(m, nn.RNNBase) for m in model.modules())
    strange = isinstance(x, dict) and not all(torch.is_tensor(v) for v in x.values())
    if recurrent or strange:
        _add_one_by_one(model, parameters, total, batch, loss, measure)
        return
    for task in [None] if tasks is None else torch.unique(tasks).tolist():
        chosen: Any = slice(None) if tasks is None else tasks == task

        def sample_loss(
            values: dict[str, Tensor], one_x: Any, one_y: Tensor, task: int | None = task
        ) -> Tensor:
            alone = (
                {k: v.unsqueeze(0) for k, v in one_x.items()}
                if isinstance(one_x, dict)
                else one_x.unsqueeze(0)
            )
            arguments = (alone, task)
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
        all_x, all_y = chosen_rows(x, chosen), y[chosen]
        for first in range(0, len(all_y), _VMAP_CHUNK):
            rows = slice(first, first + _VMAP_CHUNK)
            xs, ys = chosen_rows(all_x, rows), all_y[rows]
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
    batch: tuple[Any, Tensor, Tensor | int | None],
    loss: Loss,
    measure: Measure,
) -> None:
    """Per-sample gradients of what nothing faster can run: a backward pass per sample."""
    x, y, tasks = batch
    for i in range(len(y)):
        task = tasks[i : i + 1] if torch.is_tensor(tasks) else tasks
        with torch.enable_grad():
            value = loss(answer(model, chosen_rows(x, slice(i, i + 1)), task), y[i : i + 1])
        gradients = torch.autograd.grad(value, list(parameters.values()), allow_unused=True)
        for name, gradient in zip(parameters, gradients, strict=True):
            if gradient is not None:
                total[name].add_(measure(gradient))


class _Asked(nn.Module):
    """Calls a model with or without the task label, as a module for ``functional_call``."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, x: Any, task: int | None) -> Any:
        return answer(self.model, x, task)
