"""Strategies of the flow family: fine-tuning, and what differs from it by a step or a plugin."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import nn
from torch.optim import Optimizer
from torch.utils.data import ConcatDataset

from avalanche.benchmarks.utils import AvalancheDataset, concat_datasets
from avalanche.training.plugins import EvaluationPlugin, ReplayPlugin
from avalanche.training.skeletons import TestingFlow, TrainingFlow
from avalanche.training.strategies.greedy_memory import GreedyMemory
from avalanche.training.templates import MTDeepLearningStrategy

__all__ = ["FlowCumulative", "FlowGDumb", "FlowNaive", "FlowReplay"]

Protocol = EvaluationPlugin | Callable[[], EvaluationPlugin] | None


class FlowNaive(MTDeepLearningStrategy):
    """Fine-tunes the model on each step, in the flows of :class:`MTDeepLearningStrategy`.

    Args:
        model: the model.
        classifier_field: name of its output layer.
        optimizer: built on the parameters to train.
        criterion: loss, ``criterion(output, target)``; cross-entropy by default.
        train_mb_size: samples of a training batch.
        train_epochs: passes over each training set.
        test_mb_size: samples of a test batch; ``train_mb_size`` by default.
        device: where to train; the CPU by default.
        evaluation_protocol: metrics and loggers; accuracy and loss on the terminal by default.
        plugins: of either style.

    Example:
        >>> from avalanche.benchmarks.generators import NCScenario
        >>> from avalanche.models import SimpleMLP
        >>> from torch.utils.data import TensorDataset
        >>> data = TensorDataset(torch.randn(40, 3), torch.arange(40) % 4)
        >>> model = SimpleMLP(input_size=3, hidden_size=8)
        >>> strategy = FlowNaive(
        ...     model, "classifier", torch.optim.SGD(model.parameters(), lr=0.1),
        ...     nn.CrossEntropyLoss(), train_mb_size=10, evaluation_protocol=EvaluationPlugin())
        >>> for step_info in NCScenario(data, data, 2):
        ...     results = strategy.train(step_info)
        >>> strategy.clock.train_iterations
        4
    """

    def __init__(
        self,
        model: nn.Module,
        classifier_field: str,
        optimizer: Optimizer,
        criterion: Callable[..., Any] | None = None,
        train_mb_size: int = 1,
        train_epochs: int = 1,
        test_mb_size: int | None = None,
        device: str | torch.device | None = None,
        evaluation_protocol: Protocol = None,
        plugins: Sequence[Any] | None = None,
    ) -> None:
        super().__init__(
            model,
            classifier_field,
            train_mb_size=train_mb_size,
            train_epochs=train_epochs,
            test_mb_size=test_mb_size,
            evaluation_protocol=evaluation_protocol,
            device=device,
            plugins=plugins,
        )
        if not isinstance(optimizer, Optimizer):
            raise TypeError(f"optimizer={optimizer!r}: expected a torch.optim.Optimizer instance")
        held = {id(p) for group in optimizer.param_groups for p in group["params"]}
        if not any(id(p) in held for p in model.parameters()):
            raise ValueError(
                "optimizer: it holds no parameter of this model, so training would change nothing; "
                "build it with model.parameters() of the same model"
            )
        self.optimizer = optimizer
        self.criterion = nn.CrossEntropyLoss() if criterion is None else criterion

    @TrainingFlow
    def training_epoch(
        self, model: nn.Module, train_data_loader: Any, optimizer: Optimizer, criterion: Any
    ) -> None:
        """One pass over ``train_data_loader``, learning."""
        self.update_namespace(epoch_iterations=len(train_data_loader))
        model = self.model = model.to(self.device)
        for iteration, (x, y) in enumerate(train_data_loader):
            self.update_namespace(iteration=iteration, train_mb_x=x, train_mb_y=y)
            optimizer.zero_grad()
            self.before_training_iteration()
            values = self.training_flow.get_results_namespace()  # plugins may replace the batch
            x = values["train_mb_x"].to(self.device)
            y = values["train_mb_y"].to(self.device)

            self.before_forward()
            self.update_namespace(logits=model(x))
            self.after_forward()
            loss = criterion(self.training_flow.get_results_namespace()["logits"], y)
            self.update_namespace(loss=loss)

            self.before_backward()
            loss.backward()
            self.after_backward()

            self.before_update()
            optimizer.step()
            self.after_update()
            values = self.training_flow.get_results_namespace()
            self.update_namespace(loss=values["loss"].detach(), logits=values["logits"].detach())
            self.after_training_iteration()

    @TestingFlow
    def testing_epoch(self, model: nn.Module, test_data_loader: Any, criterion: Any) -> None:
        """One pass over ``test_data_loader``."""
        self.update_namespace(epoch_iterations=len(test_data_loader))
        model = self.model = model.to(self.device)
        for iteration, (x, y) in enumerate(test_data_loader):
            self.update_namespace(iteration=iteration, test_mb_x=x, test_mb_y=y)
            self.before_test_iteration()
            values = self.testing_flow.get_results_namespace()
            x, y = values["test_mb_x"].to(self.device), values["test_mb_y"].to(self.device)
            self.before_test_forward()
            self.update_namespace(test_logits=model(x))
            self.after_test_forward()
            logits = self.testing_flow.get_results_namespace()["test_logits"]
            self.update_namespace(test_loss=criterion(logits, y))
            self.after_test_iteration()


class FlowCumulative(FlowNaive):
    """Trains on the data of all steps so far; see :class:`FlowNaive`."""

    looks_back = True

    @TrainingFlow
    def make_train_dataset(self, step_info: Any) -> None:
        """Publish the training sets of all steps so far as one."""
        sets = [dataset for dataset, _ in step_info.cumulative_training_sets()]
        step_id = step_info.current_step
        self.update_namespace(train_dataset=joined(sets), step_id=step_id, training_step_id=step_id)


class FlowReplay(FlowNaive):
    """Mixes samples of a memory into each batch; see :class:`FlowNaive`.

    Args:
        model: as for :class:`FlowNaive`, like all others.
        classifier_field: as there.
        optimizer: as there.
        criterion: as there.
        mem_size: samples that the memory holds.
        *args: as there, from ``train_mb_size`` on.
        **kwargs: as there.
    """

    def __init__(
        self,
        model: nn.Module,
        classifier_field: str,
        optimizer: Optimizer,
        criterion: Callable[..., Any] | None = None,
        mem_size: int = 200,
        *args: Any,
        **kwargs: Any,
    ) -> None:
        super().__init__(model, classifier_field, optimizer, criterion, *args, **kwargs)
        self.add_plugin(ReplayPlugin(mem_size))


class FlowGDumb(FlowNaive):
    """Trains a fresh model on a greedily balanced memory at each step; see :class:`FlowNaive`.

    Args:
        model: as for :class:`FlowNaive`, like all others.
        classifier_field: as there.
        optimizer: as there.
        criterion: as there.
        mem_size: samples that the memory holds, at least 1.
        reinit_model_before_step: begin each step with fresh weights, and with an optimizer that has
            the options of the first step, its learning rate among them, and no moments.
        reinit_function: gives fresh weights: ``reinit_function(model)``, in place; by default
            those that the model came with.
        *args: as there, from ``train_mb_size`` on.
        **kwargs: as there.

    Raises:
        ValueError: a ``mem_size`` below 1.

    References:
        Prabhu et al., "GDumb: A Simple Approach that Questions Our Progress in Continual
        Learning", ECCV 2020, algorithm 1.
    """

    def __init__(
        self,
        model: nn.Module,
        classifier_field: str,
        optimizer: Optimizer,
        criterion: Callable[..., Any] | None = None,
        mem_size: int = 200,
        *args: Any,
        reinit_model_before_step: bool = True,
        reinit_function: Callable[[nn.Module], Any] | None = None,
        **kwargs: Any,
    ) -> None:
        memory = GreedyMemory(mem_size)
        super().__init__(model, classifier_field, optimizer, criterion, *args, **kwargs)
        self.reinit_model_before_step = reinit_model_before_step
        self.reinit_function = reinit_function
        self._fresh = copy.deepcopy(self.model.state_dict())
        self._options: list[dict[str, Any]] | None = None  # of the optimizer at the first step
        self.add_plugin(memory)

    @TrainingFlow
    def before_training(self, model: nn.Module) -> None:
        """Begin with fresh weights, and heads of their own for the layers that have grown."""
        if not self.reinit_model_before_step:
            return
        self._reset_optimizer()
        if self.reinit_function is not None:
            self.reinit_function(model)
            return
        own = model.state_dict()
        kept = {n: v for n, v in self._fresh.items() if n in own and v.shape == own[n].shape}
        model.load_state_dict({**own, **kept})
        for layer in self.task_layers.values():
            reset = getattr(layer, "reset_parameters", None)
            if reset is not None:
                reset()

    def _reset_optimizer(self) -> None:
        """Forget moments, and put options back to those of the first step."""
        groups = self.optimizer.param_groups
        self.optimizer.state.clear()
        if self._options is None:
            self._options = [
                {name: copy.deepcopy(value) for name, value in group.items() if name != "params"}
                for group in groups
            ]
        for group, options in zip(groups, self._options, strict=False):  # heads may have joined
            group.update(copy.deepcopy(options))


def joined(sets: Sequence[Any]) -> Any:
    """Data sets as one."""
    if all(isinstance(dataset, AvalancheDataset) for dataset in sets):
        return concat_datasets(list(sets))
    return ConcatDataset(list(sets))
