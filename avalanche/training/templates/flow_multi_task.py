"""The flow strategy to derive from: deep learning with one output layer per task label."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import nn
from torch.optim import Optimizer

from avalanche.benchmarks.scenarios import DatasetPart
from avalanche.models.dynamic_optimizers import OptimizerSync
from avalanche.training.plugins.evaluation import EvaluationPlugin
from avalanche.training.skeletons import TestingFlow, TrainingFlow
from avalanche.training.templates.flow import DeepLearningStrategy

__all__ = ["MTDeepLearningStrategy"]


class MTDeepLearningStrategy(DeepLearningStrategy):
    """Deep learning by flows, with an output layer for each task label.

    Before the loop over epochs the step ``set_task_layer`` installs the layer of the step's task
    in the model: a new one for a new task, a wider one where new classes come. Scenarios without
    task labels have a single layer that grows. A test uses the layers that there are; missing
    units, and layers of tasks never learnt, are drawn for the test alone and forgotten after it.

    Args:
        model: the model.
        classifier_field: name of the model's output layer, a ``torch.nn.Linear``; dots lead into
            submodules.
        keep_initial_layer: the layer that the model comes with is that of the first task.
        train_mb_size: samples of a training batch.
        train_epochs: passes over each training set.
        test_mb_size: samples of a test batch; ``train_mb_size`` by default.
        evaluation_protocol: metrics and loggers; accuracy and loss on the terminal by default.
        device: where to train; the CPU by default.
        plugins: of either style, called at every step in this order.

    Attributes:
        task_layers: task label to output layer.

    Raises:
        ValueError: the model has no layer of that name, or a size is below 1; at training, several
            tasks and a plugin that trains on samples of earlier ones.

    Example:
        >>> from avalanche.benchmarks.generators import NCScenario
        >>> from avalanche.models import SimpleMLP
        >>> from torch.utils.data import TensorDataset
        >>> class Lazy(MTDeepLearningStrategy):
        ...     @TrainingFlow
        ...     def training_epoch(self, model):
        ...         print(model.classifier.out_features, "units")
        ...     @TestingFlow
        ...     def testing_epoch(self):
        ...         pass
        >>> data = TensorDataset(torch.zeros(8, 3), torch.arange(8) % 4)
        >>> quiet = EvaluationPlugin()
        >>> strategy = Lazy(SimpleMLP(input_size=3), "classifier", evaluation_protocol=quiet)
        >>> for step_info in NCScenario(data, data, 2, shuffle=False):
        ...     results = strategy.train(step_info)
        2 units
        4 units
    """

    def __init__(
        self,
        model: nn.Module,
        classifier_field: str = "classifier",
        keep_initial_layer: bool = False,
        train_mb_size: int = 1,
        train_epochs: int = 1,
        test_mb_size: int | None = None,
        evaluation_protocol: EvaluationPlugin | Callable[[], EvaluationPlugin] | None = None,
        device: str | torch.device | None = None,
        plugins: Sequence[Any] | None = None,
    ) -> None:
        _layer(model, classifier_field)
        self.classifier_field = classifier_field
        self.keep_initial_layer = keep_initial_layer
        self.task_layers: dict[int, nn.Module] = {}
        self._task_label: int | None = None
        self._syncs: list[tuple[Optimizer, OptimizerSync]] = []
        super().__init__(
            model, train_mb_size, train_epochs, test_mb_size, evaluation_protocol, device, plugins
        )
        for flow, group in (
            (self.training_flow, "TrainingModelAdaptation"),
            (self.testing_flow, "TestingModelAdaptation"),
        ):
            flow.append_part_list(["set_task_layer"], to_group=group)

    def test(
        self, step_info: Any, dataset_part: DatasetPart = DatasetPart.COMPLETE, **kwargs: Any
    ) -> dict[str, Any]:
        """Test on the steps of a part of the stream; see :meth:`DeepLearningStrategy.test`."""
        before = _layer(self.model, self.classifier_field)
        try:
            return super().test(step_info, dataset_part, **kwargs)
        finally:
            self.adapt_model_for_task(self.model, self.classifier_field, before)

    @TestingFlow
    @TrainingFlow
    def set_task_layer(
        self, model: nn.Module, classifier_field: str, step_info: Any, step_id: int
    ) -> None:
        """Install the output layer of the step's task."""
        train_set, task_label = step_info.step_specific_training_set(step_id)
        test_set, _ = step_info.step_specific_test_set(step_id)
        n_output_units = max(largest_target(train_set), largest_target(test_set)) + 1
        if self._running_flows and self._running_flows[-1].flow_name == "testing_flow":
            with torch.random.fork_rng(devices=[]):
                layer = self.adapt_task_layer(
                    model, classifier_field, task_label, n_output_units
                ).train(model.training)
            self.adapt_model_for_task(model, classifier_field, layer)
            return
        self._refuse_other_tasks(step_info, task_label)
        self._know_optimizers(model)
        layer = self.adapt_task_layer(model, classifier_field, task_label, n_output_units)
        self.task_layers[task_label] = layer
        self.adapt_model_for_task(model, classifier_field, layer)
        self._update_optimizers(model, layer, task_label)

    def _refuse_other_tasks(self, step_info: Any, task_label: int) -> None:
        """A batch goes through the layer of one task, so no sample of another may be in it.

        Raises:
            ValueError: several tasks, and a method that trains on samples of earlier ones.
        """
        of_steps = getattr(getattr(step_info, "scenario", None), "task_labels", None) or ()
        tasks = {*self.task_layers, task_label, *(label for step in of_steps for label in step)}
        if len(tasks) < 2:
            return
        names = [type(p).__name__ for p in (self, *self.plugins) if getattr(p, "looks_back", False)]
        if names:
            raise ValueError(
                f"task_labels=True: {' and '.join(names)} trains on samples of earlier tasks, and "
                "here a batch goes through the output layer of one task. Use task_labels=False, or "
                "a strategy of avalanche.training with avalanche.models.as_multitask(model, "
                f"{self.classifier_field!r}), which sends each sample to the layer of its task"
            )

    # ------------------------------------------------------ pieces to override

    def adapt_task_layer(
        self, model: nn.Module, classifier_field: str, task_label: int, n_output_units: int
    ) -> nn.Module:
        """The layer of a task, created or expanded where needed; the model is not changed."""
        layer = self.task_layers.get(task_label)
        if layer is None and self.keep_initial_layer and not self.task_layers:
            layer = _layer(model, classifier_field)
        if layer is None:
            return self.create_task_layer(model, classifier_field, n_output_units)
        if getattr(layer, "out_features", n_output_units) < n_output_units:
            return self.expand_task_layer(layer, n_output_units)
        return layer

    def create_task_layer(
        self, model: nn.Module, classifier_field: str, n_output_units: int
    ) -> nn.Module:
        """A new layer with as many inputs as the model's own.

        Raises:
            ValueError: the model's layer is no ``torch.nn.Linear``.
        """
        layer = _linear_like(_layer(model, classifier_field), n_output_units)
        self.initialize_new_task_layer(layer)
        return layer

    def expand_task_layer(self, layer: nn.Module, n_output_units: int) -> nn.Module:
        """A wider layer with the rows of an existing one."""
        wider = _linear_like(layer, n_output_units)
        self.initialize_dynamically_expanded_head(layer, wider)
        return wider

    def initialize_new_task_layer(self, new_layer: nn.Module) -> None:
        """Weights of a new layer; PyTorch's own by default."""

    @torch.no_grad()
    def initialize_dynamically_expanded_head(self, old_layer: Any, new_layer: Any) -> None:
        """Weights of an expanded layer: the old rows, and PyTorch's own for new ones."""
        known = old_layer.out_features
        new_layer.weight[:known] = old_layer.weight
        if new_layer.bias is not None:
            new_layer.bias[:known] = old_layer.bias

    def adapt_model_for_task(
        self, model: nn.Module, classifier_field: str, layer: nn.Module
    ) -> None:
        """Install a layer in the model."""
        parent, _, name = classifier_field.rpartition(".")
        setattr(model.get_submodule(parent), name, layer)

    # --------------------------------------------------------------- optimizers

    def _know_optimizers(self, model: nn.Module) -> None:
        """Note what the optimizers among the fields hold, before the model changes."""
        of_model = {id(p) for p in model.parameters()}
        fields = [value for value in vars(self).values() if isinstance(value, Optimizer)]
        known = {id(optimizer): sync for optimizer, sync in self._syncs}
        self._syncs = [
            (optimizer, known.get(id(optimizer)) or OptimizerSync(optimizer, model))
            for optimizer in fields
            if id(optimizer) in known
            or any(id(p) in of_model for g in optimizer.param_groups for p in g["params"])
        ]

    def _update_optimizers(self, model: nn.Module, layer: nn.Module, task_label: int) -> None:
        """Let the optimizers train the layer; momentum is not handed on to another task."""
        for optimizer, sync in self._syncs:
            sync.sync(optimizer, model)
            if self._task_label not in (None, task_label):
                for parameter in layer.parameters():
                    optimizer.state.pop(parameter, None)
        self._task_label = task_label


def largest_target(dataset: Any) -> int:
    """The largest class of a data set of ``(x, y)`` samples; -1 if it has none."""
    targets = getattr(dataset, "targets", None)
    if targets is None:
        targets = [dataset[i][1] for i in range(len(dataset))]
    found = getattr(targets, "uniques", targets)
    return max((int(y) for y in found), default=-1)


def _layer(model: nn.Module, classifier_field: str) -> nn.Module:
    parent, _, name = classifier_field.rpartition(".")
    layer = getattr(dict(model.named_modules()).get(parent), name, None)
    if not isinstance(layer, nn.Module):
        layers = [name for name, _ in model.named_modules() if name]
        raise ValueError(
            f"classifier_field={classifier_field!r}: {type(model).__name__} has no such layer; "
            f"give the name of its output layer, one of {', '.join(layers)}"
        )
    return layer


def _linear_like(layer: nn.Module, n_output_units: int) -> nn.Linear:
    if not isinstance(layer, nn.Linear):
        raise ValueError(
            f"classifier_field: the output layer is a {type(layer).__name__} and only a "
            "torch.nn.Linear can be created and expanded; override create_task_layer and "
            "expand_task_layer"
        )
    made = nn.Linear(layer.in_features, n_output_units, layer.bias is not None)
    return made.to(layer.weight.device, layer.weight.dtype)
