"""Learning without Forgetting: distil the previous model on the current data."""

import copy
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Literal, get_args

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from avalanche.models.utils import avalanche_forward, is_multi_task_module
from avalanche.training.regularization.base import (
    RegularizationMethod,
    begins_here,
    finished_experience,
)
from avalanche.training.regularization.numbers import check_number, check_numbers
from avalanche.training.regularization.per_sample import trained_answers
from avalanche.training.regularization.shrinking import shrink_to

__all__ = ["LearningWithoutForgetting", "Units"]

Units = Literal["old", "all"]
_Columns = slice | Tensor
#: Old units, those that share the probability (None: every one), and the old ones among these.
_Chosen = tuple[_Columns, _Columns | None, _Columns | None]


class LearningWithoutForgetting(RegularizationMethod):
    r"""Knowledge distillation from the model before the current experience.

    .. math:: \alpha \sum_{h} \mathrm{KL}\big(
        \mathrm{softmax}(z^{old}_h / T) \,\|\, \mathrm{softmax}(z_h / T)\big)

    averaged over the batch, with the softmax over the units of head ``h`` that were trained
    before. A single-head model has one term, a multi-head model one per earlier task.

    Args:
        alpha: weight of the term; a list gives one weight per experience, and its last value
            holds for all later ones.
        temperature: softmax temperature ``T``, above 0.
        scale_by_temperature: multiply by T², as Hinton et al. recommend to keep the size of the
            gradients; the paper does not.
        softmax_over: units that share the probability of the new answers: ``"old"``, those trained
            before, as in the paper; ``"all"``, those of the current classes too, for which the old
            model then answers 0. That is how van de Ven and Tolias learn classes with LwF. Without
            :meth:`pre_adapt` the current classes are unknown, and every unit of the model counts.

    Attributes:
        prev_model: the frozen previous model in evaluation mode; None before any experience.
        prev_classes_by_task: task label to the set of classes trained so far.
        classes_by_task: the same of the current experience; empty where it is not known.

    Raises:
        TypeError: a temperature or a weight that is no number.
        ValueError: one out of its range or not finite, or units of another name.

    Example:
        >>> from types import SimpleNamespace
        >>> lwf = LearningWithoutForgetting(alpha=1.0, temperature=2.0)
        >>> model, x = nn.Linear(4, 3), torch.ones(2, 4)
        >>> lwf(x, model(x), model).item()
        0.0
        >>> exp = SimpleNamespace(classes_in_this_experience=[0, 1], task_labels=[0])
        >>> lwf.post_adapt(SimpleNamespace(model=model), exp)
        >>> round(lwf(x, model(x), model).item(), 5)  # still the same model
        0.0

    Differences from the paper:
        1. The old answers are computed batch by batch from a frozen copy instead of once in
           advance; with deterministic inputs this is the same, with augmentation it matches them.
        2. There is no separate warm-up of the new head.
        3. The KL divergence replaces the cross-entropy: same gradient, zero when both agree.

    References:
        Li and Hoiem, "Learning without Forgetting", ECCV 2016 (arXiv 1606.09282), eq. 2 and 3.
        Hinton et al., "Distilling the Knowledge in a Neural Network", 2015 (T² factor).
        van de Ven and Tolias, "Generative replay with feedback connections", 2018
        (arXiv 1809.10635), section 3 (``softmax_over="all"``).
    """

    def __init__(
        self,
        alpha: float | Sequence[float] = 1,
        temperature: float = 2,
        scale_by_temperature: bool = False,
        softmax_over: Units = "old",
    ) -> None:
        if softmax_over not in get_args(Units):
            raise ValueError(f"softmax_over={softmax_over!r}: expected 'old' or 'all'")
        check_number("temperature", temperature, "number above 0", above=0)
        self.alpha = check_weights("alpha", alpha)
        self.temperature = temperature
        self.scale_by_temperature = scale_by_temperature
        self.softmax_over = softmax_over
        self.prev_model: nn.Module | None = None
        self.prev_classes_by_task: dict[int, set[int]] = {}
        self.expcount = 0
        self.classes_by_task: dict[int, set[int]] = {}
        self._chosen: dict[int | None, _Chosen] = {}

    def __call__(self, mb_x: Any, mb_pred: Tensor, model: nn.Module) -> Tensor:
        """The distillation term of a batch.

        Args:
            mb_x: inputs, ``(batch, ...)``.
            mb_pred: the model's answer to them, ``(batch, units)``; not used for a multi-head
                model, which is asked again for the answers of all heads.
            model: the model being trained.

        Returns:
            A scalar; 0 before the first :meth:`post_adapt`.
        """
        return self.penalty(mb_pred, mb_x, self.weight, model)

    def penalty(self, out: Tensor, x: Any, alpha: float, model: nn.Module) -> Tensor:
        """The term with an explicit weight; arguments as of a call."""
        if self.prev_model is None:
            return torch.zeros((), device=out.device)
        with torch.no_grad():
            old = _answers(self.prev_model, x)
        if not is_multi_task_module(model):
            return alpha * self._distil(old, out, self._units(None, out.device))
        # The batch was counted when the loop asked for its answers.
        with _norms_at_rest(model):
            new = _answers(model, x)
        terms = [
            self._distil(old[task], new[task], self._units(task, out.device))
            for task in self.prev_classes_by_task
        ]
        return alpha * torch.stack(terms).sum()

    @property
    def weight(self) -> float:
        """:math:`\\alpha` of the current experience."""
        return weight_at(self.alpha, self.expcount)

    def _units(self, task: int | None, device: torch.device) -> _Chosen:
        """Units to distil, of one task or of all; worked out once per experience."""
        if task not in self._chosen:
            old = _of(self.prev_classes_by_task, task)
            if self.softmax_over == "old" or not self.classes_by_task:
                self._chosen[task] = (_columns(old, device), None, None)
            else:
                sharing = sorted({*old, *_of(self.classes_by_task, task)})
                within = [sharing.index(unit) for unit in old]
                self._chosen[task] = (
                    _columns(old, device),
                    _columns(sharing, device),
                    _columns(within, device),
                )
        return self._chosen[task]

    def _distil(self, old: Tensor, new: Tensor, units: _Chosen) -> Tensor:
        """KL over the old units: ``(batch, units)`` twice, to a scalar."""
        distilled, sharing, within = units
        precise = torch.promote_types(new.dtype, torch.float32)
        old = _select(old, distilled).to(precise) / self.temperature
        if self.softmax_over == "old":
            sharing = distilled
        new = (new if sharing is None else _select(new, sharing)).to(precise)
        log_old = F.log_softmax(old, dim=1)
        log_new = F.log_softmax(new / self.temperature, dim=1)
        if self.softmax_over == "all":
            log_new = _select(log_new, distilled if within is None else within)
        term = F.kl_div(log_new, log_old, reduction="batchmean", log_target=True)
        return term * self.temperature**2 if self.scale_by_temperature else term

    def pre_adapt(self, agent: Any, exp: Any) -> None:
        """Note the classes of ``exp``, with which old ones share their probability."""
        if begins_here(exp):
            self.classes_by_task = {}
        for task, classes in classes_by_task(exp).items():
            self.classes_by_task.setdefault(task, set()).update(classes)
        self._chosen = {}

    def post_adapt(self, agent: Any, exp: Any) -> None:
        """Freeze a copy of ``agent.model`` and note the classes of ``exp``."""
        exp = finished_experience(exp)
        if exp is None:
            return
        self.expcount += 1
        self.prev_model = _teacher(agent.model)
        for task, classes in classes_by_task(exp).items():
            self.prev_classes_by_task.setdefault(task, set()).update(classes)
        self.classes_by_task, self._chosen = {}, {}

    def state_dict(self) -> dict[str, Any]:
        """Count, classes and the weights of the previous model."""
        return {
            "expcount": self.expcount,
            "classes": [(t, sorted(c)) for t, c in self.prev_classes_by_task.items()],
            "current": [(t, sorted(c)) for t, c in self.classes_by_task.items()],
            "model": None if self.prev_model is None else self.prev_model.state_dict(),
        }

    def load_state_dict(self, state: dict[str, Any], model: nn.Module) -> None:
        """Restore :meth:`state_dict`.

        Args:
            state: what to restore.
            model: any model of the same architecture; it may have more units or heads than the
                previous model had.
        """
        self.expcount = state["expcount"]
        self.prev_classes_by_task = {t: set(c) for t, c in state["classes"]}
        self.classes_by_task = {t: set(c) for t, c in state.get("current", [])}
        self._chosen = {}
        self.prev_model = None
        if state["model"] is not None:
            self.prev_model = _teacher(model)
            shrink_to(self.prev_model, state["model"])
            self.prev_model.load_state_dict(state["model"])
            self.prev_model.requires_grad_(False)


def check_weights(name: str, value: float | Sequence[float]) -> float | Sequence[float]:
    """``value``, a weight of 0 or more or a list of them; anything else is refused."""
    check_numbers(name, value, "weight of 0 or more")
    return value


def weight_at(value: float | Sequence[float], experience: int) -> float:
    """The weight of an experience; the last of a list holds for all later ones."""
    return value[min(experience, len(value) - 1)] if isinstance(value, Sequence) else value


def _teacher(model: nn.Module) -> nn.Module:
    """A frozen copy. Evaluation mode: dropout off, running statistics of norms at rest."""
    teacher = copy.deepcopy(model).eval().requires_grad_(False)
    trained_answers(teacher)
    return teacher


def _of(classes_by_task: dict[int, set[int]], task: int | None) -> list[int]:
    """Classes of one task, or of all with None, in order."""
    if task is None:
        return sorted(set().union(*classes_by_task.values()))
    return sorted(classes_by_task.get(task, ()))


def _columns(units: list[int], device: torch.device) -> _Columns:
    """A slice where ``units``, in order, have no gaps."""
    first, last = (units[0], units[-1]) if units else (0, -1)
    whole = len(units) == last - first + 1
    return slice(first, last + 1) if whole else torch.tensor(units, device=device)


def _select(values: Tensor, units: _Columns) -> Tensor:
    """Columns of ``values``, ``(batch, units)``."""
    return values[:, units] if isinstance(units, slice) else values.index_select(1, units)


def _answers(model: nn.Module, x: Any) -> Any:
    """The model's answers; of all heads as a dictionary where it has several."""
    return model(**x) if isinstance(x, dict) else avalanche_forward(model, x, None)


@contextmanager
def _norms_at_rest(model: nn.Module) -> Iterator[None]:
    """Inside, running statistics do not move, whatever the mode; answers are the same."""
    kinds = nn.modules.batchnorm._NormBase
    moving = [m for m in model.modules() if isinstance(m, kinds) and m.training]
    moving = [m for m in moving if m.track_running_stats]
    try:
        for module in moving:
            module.track_running_stats = False
        yield
    finally:
        for module in moving:
            module.track_running_stats = True


def classes_by_task(experience: Any) -> dict[int, set[int]]:
    """Classes of each task of an experience; task 0 where there are no task labels."""
    tasks = sorted({int(t) for t in getattr(experience, "task_labels", None) or [0]})
    if len(tasks) > 1:
        targets = experience.dataset.targets.values
        labels = experience.dataset.targets_task_labels.values
        return {t: set(targets[labels == t].tolist()) for t in tasks}
    classes = getattr(experience, "classes_in_this_experience", None)
    if classes is None:
        classes = experience.dataset.targets.uniques
    odd = [c for c in classes if isinstance(c, tuple) or c != int(c)]
    if odd:
        raise ValueError(
            f"targets: hold {odd[0]!r}, which is no class; LwF distils the answers for classes"
        )
    return {tasks[0]: {int(c) for c in classes}}
