"""The output layer of CWR*: a copy of its weights consolidates what every experience taught."""

from __future__ import annotations

from collections.abc import Iterable
from operator import index
from typing import Any, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from avalanche.models.dynamic_modules import IncrementalClassifier, MultiHeadClassifier
from avalanche.training.regularization.base import begins_here, ends_here
from avalanche.training.utils import get_last_fc_layer, get_layer_by_name

__all__ = ["ConsolidatedHead"]


class ConsolidatedHead:
    r"""Trains an output layer on temporary weights and consolidates them class by class.

    Before an experience the rows of its classes take the consolidated weights (0 at first) and all
    others 0. After it, for each of its classes :math:`j`,

    .. math:: cw_j \leftarrow \frac{cw_j\, w_j + tw_j - \overline{tw}}{w_j + 1}, \quad
        w_j = \sqrt{past_j / cur_j}

    with the trained weights :math:`tw`, their mean over the classes of the experience, the samples
    :math:`cur_j` of the class in the experience and :math:`past_j` in the ones before. Then the
    layer takes the consolidated weights of all classes.

    In online streams that let learners know about boundaries an experience is all of its parts:
    temporary weights begin with its first part and are consolidated after its last. Where
    boundaries are hidden every part is an experience.

    Args:
        model: the model.
        layer_name: its output layer, as in ``model.named_modules()``: a linear layer, an
            :class:`IncrementalClassifier`, or a :class:`MultiHeadClassifier`, each head of which is
            consolidated by itself; None for the last linear layer, or the growing head that it
            belongs to.

    Attributes:
        layer_name: name of the output layer.
        weights: consolidated rows, by name of the linear layer, ``(units, features + 1)`` with the
            bias last, ``(units, features)`` without one.
        past: samples of each class so far, by name of the linear layer, ``(units,)``.
        current: the same for the experience that is being learnt; empty outside of it, so not
            empty means that the layer has temporary weights.

    Raises:
        ValueError: the model has no such layer, or it is of another kind.

    Differences from the paper:
        The paper's layer has no bias; here a bias is consolidated like a weight, with a mean of
        its own. (avalanche-lib 0.6 leaves it as the last experience trained it.)

    Example:
        >>> from types import SimpleNamespace
        >>> from avalanche.benchmarks.classic import SplitDigits
        >>> model = nn.Sequential(nn.Flatten(), nn.Linear(64, 10))
        >>> agent, head = SimpleNamespace(model=model), ConsolidatedHead(model)
        >>> optimizer = torch.optim.SGD(model.parameters(), lr=0.001)
        >>> for experience in SplitDigits().train_stream:
        ...     head.pre_adapt(agent, experience)
        ...     for x, y, t in torch.utils.data.DataLoader(experience.dataset, batch_size=32):
        ...         optimizer.zero_grad()
        ...         F.cross_entropy(model(x), y).backward()
        ...         optimizer.step()
        ...     head.post_adapt(agent, experience)
        >>> head.layer_name, int(head.past["1"].sum())
        ('1', 1347)

    References:
        Lomonaco, Maltoni, Pellegrini, "Rehearsal-free continual learning over small non-iid
        batches", CVPR workshops 2020 (arXiv 1907.03799), algorithm 2.
    """

    def __init__(self, model: nn.Module, layer_name: str | None = None) -> None:
        self.model = model
        self.layer_name = _head_name(model) if layer_name is None else layer_name
        self.weights: dict[str, Tensor] = {}
        self.past: dict[str, Tensor] = {}
        self.current: dict[str, Tensor] = {}
        self.layers()

    def module(self) -> nn.Linear | IncrementalClassifier | MultiHeadClassifier:
        """The output layer."""
        found = get_layer_by_name(self.model, self.layer_name)
        if not isinstance(found, (nn.Linear, IncrementalClassifier, MultiHeadClassifier)):
            kind = "no such layer" if found is None else f"a {type(found).__name__} there"
            raise ValueError(
                f"cwr_layer_name={self.layer_name!r}: the model has {kind}; expected the name of "
                "its linear output layer, or None to find the last one"
            )
        return found

    def layers(self) -> dict[str, nn.Linear]:
        """The linear layers of the output, by full name: one, or one for each task."""
        prefix = f"{self.layer_name}." if self.layer_name else ""
        module = self.module()
        if isinstance(module, nn.Linear):
            return {self.layer_name: module}
        if isinstance(module, IncrementalClassifier):
            return {f"{prefix}classifier": module.classifier}
        heads = module.classifiers
        return {
            f"{prefix}classifiers.{task}.classifier": cast("IncrementalClassifier", head).classifier
            for task, head in heads.named_children()
        }

    def pre_adapt(self, agent: Any, exp: Any) -> None:
        """Begin an experience: temporary weights from the consolidated ones of its classes."""
        if self.current and not begins_here(exp):
            return
        known = getattr(exp, "access_task_boundaries", False)
        self.current = self._count(exp.origin_experience if known else exp)
        self.reset()

    def post_adapt(self, agent: Any, exp: Any) -> None:
        """End an experience: consolidate, and let the layer take the consolidated weights."""
        if not ends_here(exp):
            return
        self.consolidate()
        self.install()

    @torch.no_grad()
    def reset(self, classes: Iterable[int] | None = None) -> None:
        """Consolidated weights in the rows of ``classes``, 0 in all others.

        Args:
            classes: those of the current experience by default, in its layers.

        Raises:
            TypeError: a class that is no whole number.
            ValueError: a class without a unit; nothing is changed.
        """
        wanted = None if classes is None else self._checked(classes)
        for name, layer in (self._current_layers() if wanted is None else self.layers()).items():
            self._fit(name, layer)
            if wanted is None:
                keep = self.current[name] > 0
            else:
                keep = torch.zeros(layer.out_features, dtype=torch.bool, device=layer.weight.device)
                keep[[c for c in wanted if c < layer.out_features]] = True
            _write(layer, self.weights[name] * keep[:, None])

    @torch.no_grad()
    def consolidate(self) -> None:
        """Take the trained rows of the current experience's classes into the consolidated ones.

        That ends the experience, so there is nothing more to take until the next one.
        """
        for name, layer in self._current_layers().items():
            trained, old = _rows(layer), self.weights[name]
            count, past = self.current[name].to(trained), self.past[name].to(trained)
            now = count > 0
            width = layer.in_features
            parts = trained.split([width, trained.shape[1] - width], dim=1)
            shift = torch.cat([part[now].mean().expand(part.shape[1]) for part in parts])
            share = (past / count.clamp(min=1)).sqrt()[:, None]
            merged = (old * share + trained - shift) / (share + 1)
            self.weights[name] = torch.where(now[:, None], merged, old)
            self.past[name] = self.past[name] + self.current[name]
        self.current = {}

    @torch.no_grad()
    def install(self) -> None:
        """Let the layers take their consolidated weights."""
        for name, layer in self.layers().items():
            if name in self.weights:
                self._fit(name, layer)
                _write(layer, self.weights[name])

    def discard(self) -> None:
        """Give the present experience up, as after an interruption, and install what was before.

        Where nothing was consolidated before, the layers keep their temporary weights.
        """
        self.current = {}
        if any(bool(past.any()) for past in self.past.values()):
            self.install()

    def mask(self, output: Tensor) -> Tensor:
        """Logits ``(batch, units)`` with ``-inf`` for classes never met, whose weights are 0.

        Classes of the experience that is being learnt count as met.
        """
        layers = self.layers()
        name = next(iter(layers))
        if len(layers) > 1 or name not in self.past or output.shape[1] < len(self.past[name]):
            return output  # heads of tasks mask their units themselves
        further = output.shape[1] - len(self.past[name])
        unseen = self.past[name] == 0
        if name in self.current:
            unseen = unseen & (self.current[name] == 0)
        unseen = F.pad(unseen, (0, further), value=False)
        return output.masked_fill(unseen, float("-inf"))

    def _current_layers(self) -> dict[str, nn.Linear]:
        layers = self.layers()
        return {name: layers[name] for name in self.current}

    def _checked(self, classes: Iterable[Any]) -> list[int]:
        """Classes as numbers, each of which some layer has a unit for."""
        given = list(classes)
        try:
            wanted = [index(c) for c in given]
        except TypeError as error:
            raise TypeError(f"classes={given!r}: expected whole numbers") from error
        units = max((layer.out_features for layer in self.layers().values()), default=0)
        if not all(0 <= c < units for c in wanted):
            raise ValueError(
                f"classes={wanted}: the layer {self.layer_name!r} has {units} units; expected "
                f"numbers from 0 to {units - 1}"
            )
        return wanted

    def _count(self, exp: Any) -> dict[str, Tensor]:
        """Samples of each class, by the layer that answers them."""
        targets = exp.dataset.targets.values
        tasks = getattr(exp.dataset, "targets_task_labels", None)
        layers, counts = self.layers(), {}
        if isinstance(self.module(), MultiHeadClassifier):
            groups = {0: slice(None)} if tasks is None else tasks.groups
            start = f"{self.layer_name}." if self.layer_name else ""
            by_name = {f"{start}classifiers.{t}.classifier": targets[i] for t, i in groups.items()}
        else:
            by_name = dict.fromkeys(layers, targets)
        for name, labels in by_name.items():
            layer = layers[name]
            found = torch.bincount(labels, minlength=layer.out_features)
            if len(found) > layer.out_features:
                raise ValueError(
                    f"{name}: the layer has {layer.out_features} units and the experience has "
                    f"class {len(found) - 1}; build the model with more units, or let them grow "
                    "with an IncrementalClassifier"
                )
            self._fit(name, layer)
            counts[name] = found.to(layer.weight.device)
        return counts

    def _fit(self, name: str, layer: nn.Linear) -> None:
        """Room for all units of a layer, on its device."""
        rows = torch.zeros_like(_rows(layer))
        if name in self.weights:
            rows[: len(self.weights[name])] = self.weights[name].to(rows)
        self.weights[name] = rows
        none = torch.zeros(0, dtype=torch.int64)
        for counts in (self.past, self.current) if name in self.current else (self.past,):
            count = counts.get(name, none).to(rows.device)
            counts[name] = F.pad(count, (0, len(rows) - len(count)))

    def state_dict(self) -> dict[str, Any]:
        """Consolidated weights and counts."""
        return {
            "layer": self.layer_name,
            "weights": dict(self.weights),
            "past": dict(self.past),
            "current": dict(self.current),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore :meth:`state_dict`."""
        self.weights, self.past = dict(state["weights"]), dict(state["past"])
        self.current = dict(state.get("current", {}))
        for name, layer in self.layers().items():
            if name in self.weights:
                self._fit(name, layer)


def _head_name(model: nn.Module) -> str:
    """The last linear layer, or the growing head that it belongs to."""
    name = get_last_fc_layer(model)[0]
    heads = [n for n, m in model.named_modules() if isinstance(m, MultiHeadClassifier)]
    heads += [n for n, m in model.named_modules() if isinstance(m, IncrementalClassifier)]
    return next((n for n in heads if n == "" or name.startswith(f"{n}.")), name)


def _biased(layer: nn.Linear) -> bool:
    return getattr(layer, "bias", None) is not None


def _rows(layer: nn.Linear) -> Tensor:
    """Weights and, last, bias of each unit."""
    weight = layer.weight.detach()
    if not _biased(layer):
        return weight.clone()
    return torch.cat([weight, layer.bias.detach()[:, None]], 1)


def _write(layer: nn.Linear, rows: Tensor) -> None:
    layer.weight.copy_(rows[:, : layer.in_features])
    if _biased(layer):
        layer.bias.copy_(rows[:, -1])
