"""Steps and callbacks that do nothing by themselves, for plugins and subclasses to fill."""

from __future__ import annotations

from typing import Any

from avalanche.core.events import noop
from avalanche.training.skeletons import TestingFlow, TrainingFlow

__all__ = ["FlowCallbacks"]


class FlowCallbacks:
    """The empty steps of the standard flows, and the callbacks that epochs call by hand."""

    @TrainingFlow
    @noop
    def before_training(self) -> Any:
        """The training flow has begun."""

    @TrainingFlow
    @noop
    def adapt_train_dataset(self) -> Any:
        """``train_dataset`` is published and may be replaced."""

    @TrainingFlow
    @noop
    def before_training_epoch(self) -> Any:
        """Before each epoch."""

    @TrainingFlow
    @noop
    def after_training_epoch(self) -> Any:
        """After each epoch."""

    @TrainingFlow
    @noop
    def after_training(self) -> Any:
        """The step is learnt."""

    @TrainingFlow
    @noop
    def before_training_iteration(self) -> Any:
        """A batch is published."""

    @TrainingFlow
    @noop
    def before_forward(self) -> Any:
        """Before the model answers."""

    @TrainingFlow
    @noop
    def after_forward(self) -> Any:
        """``logits`` are published."""

    @TrainingFlow
    @noop
    def before_backward(self) -> Any:
        """``loss`` is published."""

    @TrainingFlow
    @noop
    def after_backward(self) -> Any:
        """Gradients are computed."""

    @TrainingFlow
    @noop
    def before_update(self) -> Any:
        """Before the optimizer's step."""

    @TrainingFlow
    @noop
    def after_update(self) -> Any:
        """After the optimizer's step."""

    @TrainingFlow
    @noop
    def after_training_iteration(self) -> Any:
        """The iteration is over."""

    @TestingFlow
    @noop
    def before_testing(self) -> Any:
        """The testing flow has begun."""

    @TestingFlow
    @noop
    def before_step_testing(self) -> Any:
        """Before each step that is tested."""

    @TestingFlow
    @noop
    def adapt_test_dataset(self) -> Any:
        """``test_dataset`` is published and may be replaced."""

    @TestingFlow
    @noop
    def before_testing_epoch(self) -> Any:
        """The test loader is ready."""

    @TestingFlow
    @noop
    def after_testing_epoch(self) -> Any:
        """All batches of the step are tested."""

    @TestingFlow
    @noop
    def after_step_testing(self) -> Any:
        """After each step that is tested."""

    @TestingFlow
    @noop
    def after_testing(self) -> Any:
        """All steps are tested."""

    @TestingFlow
    @noop
    def before_test_iteration(self) -> Any:
        """A batch is published."""

    @TestingFlow
    @noop
    def before_test_forward(self) -> Any:
        """Before the model answers."""

    @TestingFlow
    @noop
    def after_test_forward(self) -> Any:
        """``test_logits`` are published."""

    @TestingFlow
    @noop
    def after_test_iteration(self) -> Any:
        """The iteration is over."""
