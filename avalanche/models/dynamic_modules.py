"""Modules that change with the stream: growing heads, one head per task.

Growth happens in training only. Evaluating on classes that were never trained leaves every
parameter as it is; units without training are masked with ``-inf`` and can never be predicted.
"""

import inspect
from collections.abc import Callable, Iterator
from functools import reduce
from typing import Any, cast

import torch
from torch import Tensor, nn

from avalanche.models.checks import check_sizes
from avalanche.models.classes import classes_by_task, classes_of, data_of, tasks_of
from avalanche.models.packed_state import pack, unpack

__all__ = [
    "DynamicModule",
    "IncrementalClassifier",
    "MultiHeadClassifier",
    "MultiTaskModule",
    "TrainEvalModel",
    "avalanche_model_adaptation",
]

MASKED = float("-inf")


class DynamicModule(nn.Module):
    """A module that adapts itself to each new experience.

    Override :meth:`adaptation`, which must be idempotent: it may be called several times for one
    experience. Strategies call it before training on an experience, for every dynamic module
    inside the model, and then let the optimizer follow.

    Args:
        auto_adapt: False when another module is in charge of adapting this one.

    Example:
        >>> class Widening(DynamicModule):
        ...     width = 1
        ...     def adaptation(self, experience):
        ...         self.width = max(self.width, len(experience))
        >>> module = Widening()
        >>> avalanche_model_adaptation(nn.Sequential(module), [1, 2, 3])
        >>> module.width
        3
    """

    def __init__(self, auto_adapt: bool = True, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._auto_adapt = auto_adapt

    def adaptation(self, experience: Any) -> None:
        """Adapt the module (grow units, add heads) to ``experience``.

        By default by :meth:`train_adaptation` in training and :meth:`eval_adaptation` outside.
        """
        _adapt(self.train_adaptation if self.training else self.eval_adaptation, experience)

    def train_adaptation(self, experience: Any) -> None:
        """What releases up to 0.4 called in training; an argument ``dataset`` gets the data."""

    def eval_adaptation(self, experience: Any) -> None:
        """The same for a module in evaluation mode. Strategies adapt modules in training only."""

    def pre_adapt(self, agent: Any, experience: Any) -> None:
        """Adapt this module and the dynamic modules inside it; for loops without a strategy."""
        avalanche_model_adaptation(self, experience)

    def pre_update(self, experience: Any, agent: Any) -> None:
        """Older spelling of :meth:`pre_adapt`."""
        self.pre_adapt(agent, experience)

    def post_update(self, experience: Any, agent: Any) -> None:
        """Older spelling of ``post_adapt``; growth happens before, so nothing is left to do."""

    def _load_from_state_dict(self, state_dict: dict[str, Tensor], prefix: str, *args: Any) -> None:
        """Linear layers of a module that grows take the number of units that was saved."""
        kind = type(self)
        if kind.adaptation not in (
            DynamicModule.adaptation,
            MultiTaskModule.adaptation,
        ) or kind.train_adaptation not in (
            DynamicModule.train_adaptation,
            MultiTaskModule.train_adaptation,
        ):
            for name, layer in _own_linear_layers(self):
                saved = state_dict.get(f"{prefix}{name}.weight")
                if saved is not None:
                    _resize(layer, saved)
        super()._load_from_state_dict(state_dict, prefix, *args)


def avalanche_model_adaptation(module: nn.Module, experience: Any) -> None:
    """Adapt every dynamic module inside ``module`` to ``experience``, each once, in place.

    Args:
        module: any module; plain modules that contain dynamic ones are fine.
        experience: what the modules read, usually ``classes_in_this_experience``.
    """
    _adapt_from(module, experience, True, set())


def _adapt_from(module: nn.Module, experience: Any, first: bool, met: set[nn.Module]) -> None:
    """Adapt a module, then what is inside it afterwards: it may have gained modules of its own."""
    if module in met:
        return
    met.add(module)
    if isinstance(module, DynamicModule) and (first or module._auto_adapt):
        _adapt(module.adaptation, experience)
    for child in list(module.children()):
        _adapt_from(child, experience, False, met)


def _adapt(method: Callable[[Any], None], experience: Any) -> None:
    """Call with the experience; code up to 0.2 names its argument ``dataset`` and gets that."""
    name = next(iter(inspect.signature(method).parameters), "")
    method(data_of(experience) if name == "dataset" else experience)


class MultiTaskModule(DynamicModule):
    """A module whose answer depends on the task of each sample.

    Subclasses give :meth:`forward_single_task`; :meth:`forward` splits a batch by task. Outputs of
    unequal width are padded with ``-inf`` on the right, so that a missing unit can neither win an
    argmax nor enter a softmax.

    Attributes:
        known_train_tasks_labels: tasks met in training.
        max_class_label: 1 + the largest class met in training.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.max_class_label = 0
        self.known_train_tasks_labels: set[int] = set()

    def adaptation(self, experience: Any) -> None:
        """Note the classes and tasks of ``experience``; nothing in evaluation mode."""
        if self.training:
            classes = classes_of(experience)
            self.max_class_label = max(self.max_class_label, max(classes, default=-1) + 1)
        super().adaptation(experience)
        if self.training:
            self.known_train_tasks_labels |= set(tasks_of(experience))

    def train_adaptation(self, experience: Any) -> None:
        """Note the tasks of ``experience``; :attr:`max_class_label` knows its classes before."""
        self.known_train_tasks_labels |= set(tasks_of(experience))

    def get_extra_state(self) -> Tensor:
        """Classes and tasks met, saved with the weights, see :func:`pack`."""
        return pack([self.max_class_label], sorted(self.known_train_tasks_labels))

    def set_extra_state(self, state: Tensor | dict[str, Any]) -> None:
        """Restore :meth:`get_extra_state`; it was a dictionary in earlier versions."""
        if isinstance(state, dict):
            state = pack([state["classes"]], state["tasks"])
        (self.max_class_label,), tasks, *_ = unpack(state)
        self.known_train_tasks_labels = set(tasks)

    def _load_from_state_dict(self, state_dict: dict[str, Tensor], prefix: str, *args: Any) -> None:
        """Weights of other versions do not say which tasks were met: keep what is known here."""
        state_dict.setdefault(f"{prefix}_extra_state", self.get_extra_state())
        super()._load_from_state_dict(state_dict, prefix, *args)

    def forward(self, x: Tensor, task_labels: Tensor | int | None) -> Any:
        """Answer each sample as its own task does.

        Args:
            x: inputs, ``(batch, ...)``.
            task_labels: one label for the whole batch, labels of shape ``(batch,)``, or None for
                the answers of all known tasks.

        Returns:
            ``(batch, units)``, or with None a dictionary from task label to that.
        """
        if task_labels is None:
            return self.forward_all_tasks(x)
        if isinstance(task_labels, int):
            return self.forward_single_task(x, task_labels)
        tasks = cast("list[int]", torch.unique(task_labels).tolist())
        if not tasks:  # an empty batch
            tasks = sorted(self.known_train_tasks_labels)[:1] or [0]
        if len(tasks) == 1:
            return _pad(self.forward_single_task(x, tasks[0]), self.max_class_label)
        answers = {t: self.forward_single_task(x[task_labels == t], t) for t in tasks}
        width = max(self.max_class_label, *(a.shape[1] for a in answers.values()))
        # Under autocast a task without a head may answer in another type than the others.
        dtype = reduce(torch.promote_types, {a.dtype for a in answers.values()})
        out = answers[tasks[0]].new_full((x.shape[0], width), MASKED, dtype=dtype)
        for task, answer in answers.items():
            out[task_labels == task, : answer.shape[1]] = answer.to(dtype)
        return out

    def forward_single_task(self, x: Tensor, task_label: int) -> Tensor:
        """Answer of one task for all samples: ``(batch, ...)`` to ``(batch, units)``."""
        raise NotImplementedError(f"{type(self).__name__} must define forward_single_task")

    def forward_all_tasks(self, x: Tensor) -> dict[int, Tensor]:
        """Answers of every task known from training: task label to ``(batch, units)``."""
        return {t: self.forward_single_task(x, t) for t in sorted(self.known_train_tasks_labels)}


class IncrementalClassifier(DynamicModule):
    """A linear head that gains units when new classes arrive in training.

    Args:
        in_features: width of the input.
        initial_out_features: units before the first experience.
        masking: give units that were never trained the logit ``mask_value``.
        mask_value: ``-inf`` by default, so that a masked unit has probability 0; avalanche-lib
            0.6 used -1000. Losses that look at every unit (label smoothing, squared error) need a
            finite one.

    Raises:
        ValueError: a width that is no whole number of at least 1, or units of at least 0.

    Example:
        >>> from types import SimpleNamespace
        >>> head = IncrementalClassifier(8)
        >>> head.adaptation(SimpleNamespace(classes_in_this_experience=[0, 4]))
        >>> head(torch.zeros(1, 8)).shape
        torch.Size([1, 5])
        >>> head(torch.zeros(1, 8)).isinf().tolist()
        [[False, True, True, True, False]]
    """

    active_units: Tensor

    def __init__(
        self,
        in_features: int,
        initial_out_features: int = 2,
        masking: bool = True,
        mask_value: float = MASKED,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        check_sizes(in_features=in_features)
        check_sizes(0, initial_out_features=initial_out_features)
        self.classifier = nn.Linear(in_features, initial_out_features)
        self.masking = masking
        self.mask_value = mask_value
        self.register_buffer("active_units", torch.zeros(initial_out_features, dtype=torch.int8))
        # Known on the host: before any training nothing is masked, and asking costs no sync.
        self._trained = False

    @torch.no_grad()
    def adaptation(self, experience: Any) -> None:
        """Grow to the largest class of ``experience`` and mark its classes as trained."""
        if self.training:
            self.activate(classes_of(experience))

    @torch.no_grad()
    def activate(self, classes: list[int]) -> None:
        """Grow to the largest of ``classes`` and take them out of the mask."""
        if classes:
            self.grow(max(classes) + 1)
            self.active_units[torch.tensor(classes, device=self.active_units.device)] = 1
            self._trained = True

    @torch.no_grad()
    def grow(self, out_features: int) -> None:
        """Widen to ``out_features`` units; old rows keep their weights."""
        if out_features > self.classifier.out_features:
            self._resize(out_features)

    @torch.no_grad()
    def _resize(self, out_features: int) -> None:
        old = self.classifier
        both = min(old.out_features, out_features)
        new = nn.Linear(old.in_features, out_features).to(old.weight.device, old.weight.dtype)
        new.weight[:both] = old.weight[:both]
        new.bias[:both] = old.bias[:both]
        new.weight.requires_grad_(old.weight.requires_grad)
        new.bias.requires_grad_(old.bias.requires_grad)
        self.classifier = new
        extra = self.active_units.new_zeros(out_features - both)
        self.active_units = torch.cat([self.active_units[:both], extra])

    def forward(self, x: Tensor, **kwargs: Any) -> Tensor:
        """Logits: ``(batch, in_features)`` to ``(batch, units)``."""
        out = cast("Tensor", self.classifier(x))
        if self.masking and self._trained:
            out = out.masked_fill(self.active_units == 0, self.mask_value)
        return out

    def _load_from_state_dict(self, state_dict: dict[str, Tensor], prefix: str, *args: Any) -> None:
        """Take the number of units that was saved, more or fewer, before reading them."""
        weight = state_dict.get(f"{prefix}classifier.weight")
        own = self.classifier.weight
        # Of another width, torch refuses it.
        if weight is not None and weight.shape[1:] == own.shape[1:] and len(weight) != len(own):
            self._resize(len(weight))
        super()._load_from_state_dict(state_dict, prefix, *args)
        self._trained = bool(self.active_units.any())


class MultiHeadClassifier(MultiTaskModule):
    """One growing linear head per task.

    A task that was never trained has no head; asked for it, the module answers with equal logits
    for every class that it knows.

    Args:
        in_features: width of the input.
        initial_out_features: units of a head before it has seen its classes.
        masking: give units of a head that were never trained the logit ``mask_value``.
        mask_value: as in :class:`IncrementalClassifier`.

    Attributes:
        classifiers: task label, as a string, to :class:`IncrementalClassifier`.
    """

    def __init__(
        self,
        in_features: int,
        initial_out_features: int = 2,
        masking: bool = True,
        mask_value: float = MASKED,
    ) -> None:
        super().__init__()
        self.in_features = in_features
        self.starting_out_features = initial_out_features
        self.masking = masking
        self.mask_value = mask_value
        self.classifiers = nn.ModuleDict({"0": self._new_head()})

    def _new_head(self) -> IncrementalClassifier:
        return IncrementalClassifier(
            self.in_features,
            self.starting_out_features,
            masking=self.masking,
            mask_value=self.mask_value,
            auto_adapt=False,
        )

    def _add_head(self, task: str) -> None:
        like = next(self.parameters())
        self.classifiers[task] = self._new_head().to(like.device, like.dtype)

    def adaptation(self, experience: Any) -> None:
        """Add or grow the heads of the tasks of ``experience``; nothing in evaluation mode.

        Raises:
            ValueError: several tasks in one experience, whose classes cannot be told apart from
                the class list alone, and no data set to read them from.
        """
        super().adaptation(experience)
        if not self.training:
            return
        for task, classes in classes_by_task(experience).items():
            if str(task) not in self.classifiers:
                self._add_head(str(task))
            head = cast("IncrementalClassifier", self.classifiers[str(task)])
            head.train()
            head.activate(classes)

    @property
    def active_units(self) -> dict[int, list[int]]:
        """Trained units of each head: task label to the list of unit ids."""
        return {t: m.nonzero().flatten().tolist() for t, m in self.task_masks.items()}

    @property
    def task_masks(self) -> dict[int, Tensor]:
        """Trained units of each head: task label to a boolean tensor ``(units,)``."""
        heads = cast("dict[str, IncrementalClassifier]", self.classifiers)
        return {t: heads[str(t)].active_units.bool() for t in sorted(self.known_train_tasks_labels)}

    def forward_single_task(self, x: Tensor, task_label: int) -> Tensor:
        """Logits of one head: ``(batch, in_features)`` to ``(batch, units)``."""
        if str(task_label) not in self.classifiers:
            width = max(self.max_class_label, self.starting_out_features)
            return x.new_zeros(x.shape[0], width)
        return cast("Tensor", self.classifiers[str(task_label)](x))

    def _load_from_state_dict(self, state_dict: dict[str, Tensor], prefix: str, *args: Any) -> None:
        """Have the heads of the saved tasks, and only those, before their weights are read.

        Not where a weight does not fit: torch refuses the state then. Here torch does not tell
        whether it was asked to be strict, so heads that were not saved go in either case.
        """
        start = f"{prefix}classifiers."
        self._take_masks_of_0_6(state_dict, prefix)
        saved = {key[len(start) :].split(".", 1)[0] for key in state_dict if key.startswith(start)}
        weights = [state_dict.get(f"{start}{task}.classifier.weight") for task in saved]
        if all(w is None or w.shape[1:] == (self.in_features,) for w in weights):
            for task in sorted(saved - set(self.classifiers)):
                self._add_head(task)
            for task in (set(self.classifiers) - saved) if saved else ():
                del self.classifiers[task]
        super()._load_from_state_dict(state_dict, prefix, *args)

    def _take_masks_of_0_6(self, state_dict: dict[str, Tensor], prefix: str) -> None:
        """Masks that avalanche-lib 0.6 saved by task, where each head keeps its own."""
        begins = f"{prefix}active_units_T"
        masks = {k[len(begins) :]: state_dict[k] for k in state_dict if k.startswith(begins)}
        weights = {t: state_dict.get(f"{prefix}classifiers.{t}.classifier.weight") for t in masks}
        if not masks or any(weight is None for weight in weights.values()):
            return  # nothing of 0.6, or a part of it: torch names what is missing
        for task, mask in masks.items():
            head = f"{prefix}classifiers.{task}."
            whole = mask.new_zeros(len(cast("Tensor", weights[task])))
            whole[: len(mask)] = mask
            state_dict[f"{head}active_units"] = whole
            del state_dict[f"{begins}{task}"]
        tasks = [int(task) for task, mask in masks.items() if bool(mask.any())]
        classes = max(len(mask) for mask in masks.values()) if tasks else 0
        state_dict.setdefault(f"{prefix}_extra_state", pack([classes], sorted(tasks)))


class TrainEvalModel(DynamicModule):
    """Features with one classifier for training and another for evaluation.

    Args:
        feature_extractor: inputs to features.
        train_classifier: features to logits, in training mode.
        eval_classifier: features to logits, in evaluation mode, such as a nearest-mean classifier.
    """

    def __init__(
        self,
        feature_extractor: nn.Module,
        train_classifier: nn.Module,
        eval_classifier: nn.Module,
    ) -> None:
        super().__init__()
        self.feature_extractor = feature_extractor
        self.train_classifier = train_classifier
        self.eval_classifier = eval_classifier

    def forward(self, x: Tensor) -> Tensor:
        """Logits of a batch, ``(batch, units)``."""
        head = self.train_classifier if self.training else self.eval_classifier
        return cast("Tensor", head(self.feature_extractor(x)))


def _own_linear_layers(module: nn.Module, prefix: str = "") -> Iterator[tuple[str, nn.Linear]]:
    """Linear layers of a module by name; those of dynamic modules inside are theirs."""
    for name, child in module.named_children():
        if isinstance(child, nn.Linear):
            yield prefix + name, child
        elif not isinstance(child, DynamicModule):
            yield from _own_linear_layers(child, f"{prefix}{name}.")


def _resize(layer: nn.Linear, saved: Tensor) -> None:
    """Make room in ``layer`` for the weights of a layer with more or fewer units."""
    units, width = saved.shape
    if units == layer.out_features or width != layer.in_features:
        return
    fresh = nn.Linear(width, units, layer.bias is not None).to(layer.weight)
    both = min(units, layer.out_features)
    layer.out_features = units
    for name, parameter in fresh.named_parameters():
        old = getattr(layer, name)
        new = parameter.detach()
        new[:both] = old.detach()[:both]
        setattr(layer, name, nn.Parameter(new, old.requires_grad))


def _pad(out: Tensor, width: int) -> Tensor:
    """Pad logits ``(batch, units)`` with ``-inf`` up to ``width`` units."""
    missing = width - out.shape[1]
    if missing <= 0:
        return out
    return nn.functional.pad(out, (0, missing), value=MASKED)
