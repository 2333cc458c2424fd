"""Diagonal Fisher information: the mean of *per-sample* squared gradients."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from avalanche.benchmarks.utils.data_loader import SingleDatasetDataLoader
from avalanche.training.regularization.batches import unpacked
from avalanche.training.regularization.per_sample import (
    Loss,
    answer,
    evaluation_mode,
    importance_mode,
    mean_over_samples,
)

__all__ = ["diagonal_fisher", "evaluation_mode", "squared_batch_gradients"]


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
    # The Fisher information is about log p itself; a criterion's weights have no place in it.
    return mean_over_samples(
        model,
        dataset,
        _summed(None if sampled else criterion),
        torch.square,
        draw=_draw if sampled else None,
        device=device,
        batch_size=batch_size,
        num_workers=num_workers,
    )


def squared_batch_gradients(
    model: nn.Module,
    dataset: Any,
    *,
    criterion: Loss | None = None,
    device: torch.device | str = "cpu",
    batch_size: int = 256,
    num_workers: int = 0,
) -> dict[str, Tensor]:
    """Mean over batches of the squared gradient of a batch's mean loss: what 0.6 calls importances.

    Not the Fisher information: gradients of samples cancel within a batch, so values shrink with
    ``batch_size``. Here for numbers that were published with it. Arguments and return value are
    those of :func:`diagonal_fisher`.
    """
    parameters = {n: p for n, p in model.named_parameters() if p.requires_grad}
    total = {name: torch.zeros_like(p) for name, p in parameters.items()}
    loader = SingleDatasetDataLoader(
        dataset.eval(), batch_size=batch_size, shuffle=False, num_workers=num_workers
    )
    loss = F.cross_entropy if criterion is None else criterion
    with importance_mode(model), torch.enable_grad():
        for batch in loader:
            x, y, tasks = unpacked(batch, device)
            gradients = torch.autograd.grad(
                loss(answer(model, x, tasks), y), list(parameters.values()), allow_unused=True
            )
            for name, gradient in zip(parameters, gradients, strict=True):
                if gradient is not None:
                    total[name].addcmul_(gradient, gradient, value=1 / len(loader))
    return total


def _draw(answers: Tensor) -> Tensor:
    """Labels drawn from the model's own distribution: ``(batch, classes)`` to ``(batch,)``."""
    probability = F.softmax(answers, dim=1)
    # What is no number any more must not stop the draw; the mean of the gradients tells of it.
    return torch.multinomial(probability.nan_to_num(1.0), 1).squeeze(1)


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
