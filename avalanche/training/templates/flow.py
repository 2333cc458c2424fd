"""Deep learning as two flows: the steps of training and testing, each a method to override."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import nn

from avalanche.benchmarks.scenarios import DatasetPart
from avalanche.training.plugins.clock import Clock
from avalanche.training.plugins.evaluation import EvaluationPlugin, default_evaluator
from avalanche.training.skeletons import StrategyTemplate, TestingFlow, TrainingFlow
from avalanche.training.skeletons.loaders import pair_loader
from avalanche.training.templates.checks import check_count
from avalanche.training.templates.flow_callbacks import FlowCallbacks
from avalanche.training.templates.flow_steps import build_testing_flow, build_training_flow
from avalanche.training.templates.flow_steps import test_step_ids as step_ids_of

__all__ = ["DeepLearningStrategy"]


class DeepLearningStrategy(FlowCallbacks, StrategyTemplate):
    """Trains a model step by step; derive from it and write one epoch of each kind.

    ``train(step_info)`` runs ``training_flow`` and ``test(step_info, part)`` runs
    ``testing_flow``; ``print(strategy.training_flow)`` shows the tree of steps. The epochs,
    :meth:`training_epoch` and :meth:`testing_epoch`, are left to write; they may call the
    callbacks ``before_forward`` and so on, which plugins implement.

    Args:
        model: the model.
        train_mb_size: samples of a training batch.
        train_epochs: passes over each training set.
        test_mb_size: samples of a test batch; ``train_mb_size`` by default.
        evaluation_protocol: metrics and loggers: an :class:`EvaluationPlugin` or a function that
            makes one; accuracy and loss on the terminal by default.
        device: where to train; the CPU by default.
        plugins: of either style, called at every step in this order.

    Attributes:
        evaluator: the metrics and loggers, attached after all other plugins.
        clock: counts iterations, epochs and steps.

    Raises:
        TypeError: no model, or no plugin; an epoch that is not written.
        ValueError: a size below 1.

    Example:
        >>> class Silent(DeepLearningStrategy):
        ...     @TrainingFlow
        ...     def training_epoch(self, train_data_loader, epoch):
        ...         print("epoch", epoch, "of", len(train_data_loader), "batches")
        ...     @TestingFlow
        ...     def testing_epoch(self, test_data_loader, step_id):
        ...         pass
        >>> from avalanche.benchmarks.generators import NCScenario
        >>> from torch.utils.data import TensorDataset
        >>> data = TensorDataset(torch.zeros(8, 3), torch.arange(8) % 4)
        >>> strategy = Silent(
        ...     nn.Linear(3, 4), train_mb_size=2, train_epochs=2,
        ...     evaluation_protocol=EvaluationPlugin())
        >>> results = strategy.train(NCScenario(data, data, 2)[0])
        epoch 0 of 2 batches
        epoch 1 of 2 batches
    """

    def __init__(
        self,
        model: nn.Module,
        train_mb_size: int = 1,
        train_epochs: int = 1,
        test_mb_size: int | None = None,
        evaluation_protocol: EvaluationPlugin | Callable[[], EvaluationPlugin] | None = None,
        device: str | torch.device | None = None,
        plugins: Sequence[Any] | None = None,
    ) -> None:
        super().__init__()
        if not isinstance(model, nn.Module):
            raise TypeError(f"model={model!r}: expected a torch.nn.Module instance")
        self.model = model
        self.train_mb_size = check_count("train_mb_size", train_mb_size)
        self.train_epochs = check_count("train_epochs", train_epochs)
        self.test_mb_size = check_count(
            "test_mb_size", train_mb_size if test_mb_size is None else test_mb_size
        )
        self.device = torch.device("cpu" if device is None else device)
        self.evaluator = _evaluator(evaluation_protocol)
        self.clock = Clock()
        build_training_flow(self.training_flow)
        build_testing_flow(self.testing_flow)
        for plugin in (self.evaluator, self.clock):
            super().add_plugin(plugin)
        for plugin in _plugin_list(plugins):
            self.add_plugin(plugin)

    def _place_of_new_plugins(self) -> int:
        """Before the evaluator and the clock, which are last."""
        own = [p for p in self._plugins if p is self.evaluator or p is self.clock]
        return len(self._plugins) - len(own)

    def train(self, step_info: Any, **kwargs: Any) -> dict[str, Any]:
        """Learn one step.

        Args:
            step_info: the step, as a scenario of :mod:`avalanche.benchmarks.generators` gives it.
            **kwargs: arguments of the flow, as ``num_workers``.

        Returns:
            The last value of every metric, by full name.

        Raises:
            TypeError: an argument that no step asks for.
        """
        modes = [(module, module.training) for module in self.model.modules()]
        self.model.train()
        try:
            super().train(step_info, **kwargs)
        finally:
            for module, training in modes:
                module.training = training
        return self.evaluator.get_last_metrics()

    @torch.no_grad()
    def test(
        self, step_info: Any, dataset_part: DatasetPart = DatasetPart.COMPLETE, **kwargs: Any
    ) -> dict[str, Any]:
        """Test on the steps of a part of the stream; changes nothing.

        Args:
            step_info: the step from which the part is seen.
            dataset_part: which steps to test; all by default. ``test_part`` is another name of it.
            **kwargs: arguments of the flow, as ``num_workers``.

        Returns:
            The last value of every metric, by full name.

        Raises:
            TypeError: an argument that no step asks for.
            ValueError: the part has no steps.
        """
        dataset_part = kwargs.pop("test_part", dataset_part)
        modes = [(module, module.training) for module in self.model.modules()]
        self.model.eval()
        try:
            super().test(step_info, dataset_part, **kwargs)
        finally:
            for module, training in modes:
                module.training = training
        return self.evaluator.get_last_metrics()

    # --------------------------------------------------------------- training

    @TrainingFlow
    def set_initial_epoch(self) -> None:
        """Publish ``epoch`` 0."""
        self.update_namespace(epoch=0)

    @TrainingFlow
    def make_train_dataset(self, step_info: Any) -> None:
        """Publish ``train_dataset`` and ``step_id``."""
        step_id = step_info.current_step
        train_dataset, _ = step_info.current_training_set()
        self.update_namespace(
            train_dataset=train_dataset, step_id=step_id, training_step_id=step_id
        )

    @TrainingFlow
    def make_train_dataloader(
        self, train_dataset: Any, train_mb_size: int, num_workers: int = 0
    ) -> None:
        """Publish ``train_data_loader``: shuffled batches ``[x, y]``."""
        loader = pair_loader(train_dataset, train_mb_size, True, num_workers)
        self.update_namespace(train_data_loader=loader)

    @TrainingFlow
    @abstractmethod
    def training_epoch(self, **kwargs: Any) -> Any:
        """One pass over ``train_data_loader``; yours to write, with what it needs by name."""

    @TrainingFlow
    def next_training_epoch(self, epoch: int, train_epochs: int) -> bool:
        """Publish the next ``epoch``; whether it is still to be done."""
        self.update_namespace(epoch=epoch + 1)
        return bool(self.has_training_epochs_left(epoch=epoch + 1))

    @TrainingFlow
    def has_training_epochs_left(
        self, epoch: int, train_epochs: int, training_stopped: bool = False
    ) -> bool:
        """Whether ``epoch`` is still to be done."""
        return epoch < train_epochs and not training_stopped

    # ---------------------------------------------------------------- testing

    @TestingFlow
    def set_initial_test_step_id(
        self, step_info: Any, dataset_part: DatasetPart = DatasetPart.COMPLETE
    ) -> None:
        """Publish the first ``step_id``, and ``test_part``."""
        ids = step_ids_of(step_info, dataset_part)
        self.update_namespace(step_id=ids[0], test_part=dataset_part, test_step_ids=ids)

    @TestingFlow
    def make_test_dataset(self, step_info: Any, step_id: int) -> None:
        """Publish ``test_dataset``."""
        self.update_namespace(test_dataset=step_info.step_specific_test_set(step_id)[0])

    @TestingFlow
    def make_test_dataloader(
        self, test_dataset: Any, test_mb_size: int, num_workers: int = 0
    ) -> None:
        """Publish ``test_data_loader``: batches ``[x, y]`` in order."""
        loader = pair_loader(test_dataset, test_mb_size, False, num_workers)
        self.update_namespace(test_data_loader=loader)

    @TestingFlow
    @abstractmethod
    def testing_epoch(self, **kwargs: Any) -> Any:
        """One pass over ``test_data_loader``; yours to write, with what it needs by name."""

    @TestingFlow
    def next_testing_step(self, step_id: int, step_info: Any, test_part: DatasetPart) -> bool:
        """Publish the next ``step_id``; whether there is one."""
        if not self.has_testing_steps_left():
            return False
        ids = step_ids_of(step_info, test_part)
        self.update_namespace(step_id=ids[ids.index(step_id) + 1])
        return True

    @TestingFlow
    def has_testing_steps_left(self, step_id: int, step_info: Any, test_part: DatasetPart) -> bool:
        """Whether a step of the part comes after ``step_id``."""
        return bool(step_id != step_ids_of(step_info, test_part)[-1])


def _evaluator(protocol: Any) -> EvaluationPlugin:
    made = default_evaluator() if protocol is None else protocol
    made = made if isinstance(made, EvaluationPlugin) or not callable(made) else made()
    if not isinstance(made, EvaluationPlugin):
        raise TypeError(
            f"evaluation_protocol={protocol!r}: expected an EvaluationPlugin, a function that "
            "returns one, or None for accuracy and loss"
        )
    return made


def _plugin_list(plugins: Any) -> list[Any]:
    if plugins is None:
        return []
    if not isinstance(plugins, (list, tuple)):
        raise TypeError(f"plugins={plugins!r}: expected a list of plugins; write plugins=[...]")
    return list(plugins)
