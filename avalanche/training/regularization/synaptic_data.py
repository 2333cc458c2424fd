"""The steps of Synaptic Intelligence on plain dictionaries, as earlier releases published them.

``ewc_data`` is a pair of dictionaries from parameter name to tensor: the weights after the last
experience, and their importances. ``syn_data`` maps ``old_theta``, ``new_theta``, ``grad``,
``trajectory`` and ``cum_trajectory`` to such dictionaries. Tensors have the parameter's shape.
:class:`SynapticIntelligencePenalty` is the same method, faster and by itself.
"""

import torch
from torch import Tensor, nn

from avalanche.training.regularization.quadratic import QuadraticPenalty
from avalanche.training.regularization.synaptic_intelligence import allowed_parameters, importance

__all__ = [
    "EwcData",
    "SynData",
    "compute_ewc_loss",
    "create_syn_data",
    "explode_excluded_parameters",
    "extract_grad",
    "extract_weights",
    "init_batch",
    "post_update",
    "pre_update",
    "trained_parameters",
    "update_ewc_data",
    "whole_parameters",
]

ParamDict = dict[str, Tensor]
EwcData = tuple[ParamDict, ParamDict]
SynData = dict[str, ParamDict]
SYN_FIELDS = ("old_theta", "new_theta", "grad", "trajectory", "cum_trajectory")


def explode_excluded_parameters(excluded: set[str]) -> set[str]:
    """The names and, for each, the pattern ``name.*`` of everything below it."""
    return {pattern for name in excluded for pattern in (name, f"{name}.*")}


def whole_parameters(model: nn.Module, excluded_parameters: set[str]) -> list[tuple[str, Tensor]]:
    """Parameters that are neither excluded nor of batch normalization, frozen ones too."""
    return [*allowed_parameters(model, excluded_parameters, batch_norm=False, frozen=True)]


def trained_parameters(model: nn.Module, excluded_parameters: set[str]) -> list[tuple[str, Tensor]]:
    """Those of :func:`whole_parameters` that require gradients."""
    return [*allowed_parameters(model, excluded_parameters, batch_norm=False)]


def create_syn_data(
    model: nn.Module, ewc_data: EwcData, syn_data: SynData, excluded_parameters: set[str]
) -> None:
    """Fill both with zeros for parameters that are not in them yet."""
    for field in SYN_FIELDS:
        syn_data.setdefault(field, {})
    for name, p in trained_parameters(model, excluded_parameters):
        for values in (*ewc_data, *syn_data.values()):
            values.setdefault(name, torch.zeros_like(p, requires_grad=False))


@torch.no_grad()
def extract_weights(model: nn.Module, target: ParamDict, excluded_parameters: set[str]) -> None:
    """Copy the weights of ``model`` into ``target``: never the live storage."""
    for name, p in trained_parameters(model, excluded_parameters):
        target[name] = p.detach().clone()


@torch.no_grad()
def extract_grad(model: nn.Module, target: ParamDict, excluded_parameters: set[str]) -> None:
    """Copy the gradients into ``target``; zeros where there is none."""
    for name, p in trained_parameters(model, excluded_parameters):
        target[name] = torch.zeros_like(p) if p.grad is None else p.grad.detach().clone()


def init_batch(
    model: nn.Module, ewc_data: EwcData, syn_data: SynData, excluded_parameters: set[str]
) -> None:
    """Begin an experience: note the weights, empty the path."""
    extract_weights(model, ewc_data[0], excluded_parameters)
    for name, weight in ewc_data[0].items():
        syn_data["trajectory"][name] = torch.zeros_like(weight)


def pre_update(model: nn.Module, syn_data: SynData, excluded_parameters: set[str]) -> None:
    """Before an update: note the weights."""
    extract_weights(model, syn_data["old_theta"], excluded_parameters)


def post_update(model: nn.Module, syn_data: SynData, excluded_parameters: set[str]) -> None:
    """After an update: add gradient times move to the trajectory."""
    extract_weights(model, syn_data["new_theta"], excluded_parameters)
    extract_grad(model, syn_data["grad"], excluded_parameters)
    for name, trajectory in syn_data["trajectory"].items():
        if name in syn_data["new_theta"]:
            moved = syn_data["new_theta"][name] - syn_data["old_theta"][name]
            trajectory.add_(syn_data["grad"][name] * moved)


def compute_ewc_loss(
    model: nn.Module,
    ewc_data: EwcData,
    excluded_parameters: set[str],
    device: torch.device | str,
    lambd: float = 0.0,
) -> Tensor:
    """``lambd / 2 * sum importance (theta - theta*)²``, a scalar on ``device``."""
    penalty = QuadraticPenalty()
    for name, _ in trained_parameters(model, excluded_parameters):
        if name in ewc_data[1]:
            penalty.centers[name], penalty.weights[name] = (d[name] for d in ewc_data)
    return penalty(model).to(device) * (lambd / 2)


def update_ewc_data(
    net: nn.Module,
    ewc_data: EwcData,
    syn_data: SynData,
    clip_to: float,
    excluded_parameters: set[str],
    c: float = 0.0015,
    eps: float = 1e-7,
) -> None:
    """End an experience: add its importances, weighted with ``c``, and clip them to ``clip_to``."""
    extract_weights(net, syn_data["new_theta"], excluded_parameters)
    for name, weight in syn_data["new_theta"].items():
        moved = weight - ewc_data[0][name]
        new = importance(-syn_data["trajectory"][name], moved, eps)
        syn_data["cum_trajectory"][name] = syn_data["cum_trajectory"][name] - c * new
        ewc_data[1][name] = (-syn_data["cum_trajectory"][name]).clamp(max=clip_to)
        ewc_data[0][name] = weight.clone()
