"""Training and evaluation by stochastic gradient descent: the whole loop, top to bottom."""

import sys
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, TextIO, TypedDict

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from avalanche.benchmarks.utils.data_loader import SingleDatasetDataLoader, TaskBalancedDataLoader
from avalanche.core.events import EVAL_EVENTS, TRAIN_EVENTS
from avalanche.core.plugins import SupervisedPlugin
from avalanche.models.dynamic_modules import avalanche_model_adaptation
from avalanche.models.dynamic_optimizers import OptimizerSync, adopt_replaced
from avalanche.training.plugins.clock import Clock
from avalanche.training.plugins.evaluation import EvaluationPlugin, default_evaluator
from avalanche.training.plugins.periodic_eval import (
    PeriodicEval,
    check_eval_streams,
    group_streams,
)
from avalanche.training.skeletons.adapters import as_plugin
from avalanche.training.templates.base import BaseTemplate
from avalanche.training.templates.batches import number_of_batches, to_device, units_needed
from avalanche.training.templates.checks import (
    check_arguments,
    check_count,
    check_criterion,
    make_evaluator,
)
from avalanche.training.templates.explain import explanation, refuse_conflicts
from avalanche.training.templates.state import load_strategy_state, strategy_state
from avalanche.training.templates.updates import Precision, UpdateRule

__all__ = ["BaseSGDTemplate", "LoopOptions"]


class LoopOptions(TypedDict, total=False):
    """The loop's own arguments, which every strategy takes besides its own."""

    train_mb_size: int
    train_epochs: int
    eval_mb_size: int | None
    device: str | torch.device
    plugins: Sequence[Any] | None
    evaluator: EvaluationPlugin | Callable[[], EvaluationPlugin] | None
    eval_every: int
    peval_mode: str
    clip_grad_norm: float | None
    accumulate: int
    precision: Precision


class BaseSGDTemplate(BaseTemplate):
    """Training by stochastic gradient descent over a stream of experiences: the loop.

    One iteration is: forward, criterion, backward, update, with an event before and after each.
    A strategy is declared by its difference from this loop: give plugins, or override one of the
    methods below (``forward``, ``criterion``, ``make_train_dataloader``, ...).

    Args:
        model: the model. Dynamic modules inside it grow before each training experience.
        optimizer: built on the parameters to train. Parameters left out of it are never trained.
        criterion: ``criterion(mb_output, mb_y)`` gives a scalar. Cross-entropy by default.
        train_mb_size: samples of a training batch.
        train_epochs: passes over each training experience.
        eval_mb_size: samples of an evaluation batch; None means ``train_mb_size``.
        device: where to train.
        plugins: called at every event in this order.
        evaluator: an :class:`EvaluationPlugin`, a function that makes one, or None for no metrics.
        eval_every: evaluate every so many epochs (or iterations) of training; 0 only after each
            experience, -1 never.
        peval_mode: ``"epoch"``, ``"iteration"`` or ``"experience"``: the unit of ``eval_every``.
        clip_grad_norm: largest norm of all gradients together before an update; None for no limit.
        accumulate: batches whose gradients are averaged into one update; the last update of an
            epoch averages those that are left, if the loader knows how many it has.
        precision: ``"fp32"``, or ``"bf16"`` / ``"fp16"`` for mixed precision.
        **unknown: nothing; refused with the nearest names.

    Attributes:
        mbatch: the current batch, ``[x, y, ..., task_label]``.
        mb_output: the model's answer to it.
        loss: the loss of the batch.
        adapted_dataset: the data set of the current experience after its adaptation.
        dataloader: what the loop iterates over.
        clock: counts iterations, epochs and experiences.
    """

    PLUGIN_CLASS = SupervisedPlugin
    EVENT_TABLE: ClassVar[tuple[str, ...]] = tuple(e.name for e in TRAIN_EVENTS + EVAL_EVENTS)
    TAKERS: ClassVar[tuple[str, ...]] = (
        "make_train_dataloader",
        "make_eval_dataloader",
        "check_model_and_optimizer",
    )
    TRAIN_TAKERS: ClassVar[tuple[str, ...]] = (
        *("train_dataset_adaptation", "training_epoch"),
        *(f"_{event.name}" for event in TRAIN_EVENTS),
    )
    EVAL_TAKERS: ClassVar[tuple[str, ...]] = (
        *("eval_dataset_adaptation", "eval_epoch"),
        *(f"_{event.name}" for event in EVAL_EVENTS),
    )

    def __init__(
        self,
        model: nn.Module,
        optimizer: Optimizer,
        criterion: Callable[..., Tensor] | None = None,
        train_mb_size: int = 1,
        train_epochs: int = 1,
        eval_mb_size: int | None = 1,
        device: str | torch.device = "cpu",
        plugins: Sequence[Any] | None = None,
        evaluator: EvaluationPlugin | Callable[[], EvaluationPlugin] | None = default_evaluator,
        eval_every: int = -1,
        peval_mode: str = "epoch",
        *,
        clip_grad_norm: float | None = None,
        accumulate: int = 1,
        precision: Precision = "fp32",
        **unknown: Any,
    ) -> None:
        check_arguments(type(self), unknown)
        of_a_subclass = set(vars(self))
        super().__init__(model, device, plugins)
        if not isinstance(optimizer, Optimizer):
            raise TypeError(f"optimizer={optimizer!r}: expected a torch.optim.Optimizer instance")
        self.optimizer = optimizer
        self._criterion = nn.CrossEntropyLoss() if criterion is None else criterion
        check_criterion(self._criterion, model)
        self.train_mb_size = check_count("train_mb_size", train_mb_size)
        self.train_epochs = check_count("train_epochs", train_epochs)
        self.eval_mb_size = check_count(
            "eval_mb_size", train_mb_size if eval_mb_size is None else eval_mb_size
        )
        self.retain_graph = False
        self.updates = UpdateRule(clip_grad_norm, accumulate, precision, self.device)
        self._evaluator = make_evaluator(evaluator)
        self.clock = Clock()
        self.peval = PeriodicEval(eval_every, peval_mode)
        # The clock counts before an evaluation during training starts, and after all others.
        last: list[Any] = [self._evaluator, self.clock, self.peval]
        if any(hasattr(self._criterion, event) for event in self.EVENT_TABLE):
            last.insert(0, self._criterion)
        self._plugins_at_the_end = len(last)
        self.plugins += last
        self._optimizer_sync = OptimizerSync(optimizer, model)
        own = self._criterion.parameters() if isinstance(self._criterion, nn.Module) else ()
        adopt_replaced(optimizer, model, own)

        self.adapted_dataset: Any = None
        self.dataloader: Any = ()
        self.mbatch: Any = None
        self.mb_output: Any = None
        self.loss: Tensor = self._make_empty_loss()
        self._eval_streams: list[Any] = []
        self._stop_training = False
        self._output_units = 0
        self.attach_plugins()
        self._fields_of_the_loop = frozenset(vars(self)) - of_a_subclass

    @property
    def evaluator(self) -> EvaluationPlugin:
        """The metrics and loggers; assign another :class:`EvaluationPlugin` to replace them."""
        return self._evaluator

    @evaluator.setter
    def evaluator(self, value: EvaluationPlugin) -> None:
        new = make_evaluator(value)
        self.plugins = [new if plugin is self._evaluator else plugin for plugin in self.plugins]
        self._evaluator = new
        self.attach_plugins()

    @property
    def eval_every(self) -> int:
        """The interval of evaluations during training; see the argument."""
        return self.peval.eval_every

    def add_plugin(self, plugin: Any) -> None:
        """Attach a plugin after the ones already given, before the evaluator.

        Raises:
            ValueError: the plugin has a method that looks like an event and is none, or sets what
                another one sets; then it is not attached.
        """
        added = as_plugin(plugin)
        refuse_conflicts([*self.plugins, added])
        self.plugins.insert(len(self.plugins) - self._plugins_at_the_end, added)
        self.attach_plugins()

    # ---------------------------------------------------------------- training

    def train(
        self, experiences: Any, eval_streams: Sequence[Any] | None = None, **kwargs: Any
    ) -> dict[str, Any]:
        """Learn from one experience or a stream, in order.

        Args:
            experiences: an experience or any iterable of experiences.
            eval_streams: streams for the evaluations during training (see ``eval_every``); by
                default the test stream of the benchmark.
            **kwargs: for the loader (``num_workers``, ``shuffle``, ``pin_memory``,
                ``persistent_workers``, ``drop_last``) and for callbacks that name them.

        Returns:
            The last value of every metric, by full name.

        Raises:
            TypeError: a keyword argument that nothing takes, or ``eval_streams`` that are none.
        """
        check_eval_streams(eval_streams)
        self.updates.reset()
        self.evaluator.serve(self)
        try:
            if self.peval.active:
                experiences = list(self._as_experiences(experiences))
                self._eval_streams = eval_streams = group_streams(experiences, eval_streams)
            super().train(experiences, eval_streams, **kwargs)
        except BaseException:
            self.evaluator.close()  # leave no half-drawn bar behind, on Ctrl-C too
            self._eval_streams = []
            raise
        return self.evaluator.get_last_metrics()

    def _before_training_exp(self, **kwargs: Any) -> None:
        """Choose the data, let the model grow; then fire the event."""
        self._stop_training = False
        self._before_train_dataset_adaptation(**kwargs)
        self.train_dataset_adaptation(**kwargs)
        self._after_train_dataset_adaptation(**kwargs)
        self.make_train_dataloader(**kwargs)
        self.check_model_and_optimizer(**kwargs)
        super()._before_training_exp(**kwargs)

    def _train_exp(
        self, experience: Any, eval_streams: Sequence[Any] | None = None, **kwargs: Any
    ) -> None:
        """All epochs of one experience; data, model and optimizer are ready."""
        for _ in range(self.train_epochs):
            self._before_training_epoch(**kwargs)
            if self._stop_training:
                break
            self.training_epoch(**kwargs)
            self._after_training_epoch(**kwargs)

    def training_epoch(self, **kwargs: Any) -> None:
        """One pass over ``dataloader``."""
        on = self.events.calls
        batches = number_of_batches(self.dataloader) if self.updates.accumulate > 1 else 1
        for number, batch in enumerate(self.dataloader):
            if self._stop_training:
                break
            self.mbatch = batch
            self._unpack_minibatch()
            on.before_training_iteration(kwargs)
            if self.updates.starts_anew:
                self.updates.begin(batches - number)
                self.optimizer.zero_grad()
            self.loss = self._make_empty_loss()

            on.before_forward(kwargs)
            with self.updates.autocast():
                self.mb_output = self.forward()
            on.after_forward(kwargs)

            with self.updates.autocast():
                self.loss = self.loss + self.criterion()
            on.before_backward(kwargs)
            waiting = self.updates.waiting
            self.backward()
            self.updates.waiting = waiting + 1  # an override need not count
            on.after_backward(kwargs)

            if self.updates.is_due:
                self._update(kwargs)
            on.after_training_iteration(kwargs)
        if not self.updates.starts_anew:  # stopped, or fewer batches than the loader said
            self._update(kwargs)

    def _update(self, kwargs: dict[str, Any]) -> None:
        on = self.events.calls
        on.before_update(kwargs)
        self.optimizer_step()
        self.updates.waiting = 0
        on.after_update(kwargs)

    def stop_training(self) -> None:
        """Leave the current experience after this iteration; callable from any callback."""
        self._stop_training = True

    # -------------------------------------------------------------- evaluation

    def eval(self, experiences: Any = None, **kwargs: Any) -> dict[str, Any]:
        """Evaluate one experience or a stream. Changes neither model, optimizer nor random state.

        Args:
            experiences: an experience or an iterable of experiences; ``exp_list`` is another name.
            **kwargs: for the loader (``num_workers``, ``pin_memory``, ``persistent_workers``) and
                for callbacks that name them.

        Returns:
            The last value of every metric, by full name. Of an empty stream, which a warning tells
            of, nothing is evaluated.

        Raises:
            TypeError: something that is neither an experience nor a stream.
        """
        experiences = kwargs.pop("exp_list", None) if experiences is None else experiences
        try:
            super().eval(experiences, **kwargs)
        except BaseException:
            self.evaluator.close()
            raise
        return self.evaluator.get_last_metrics()

    def test(self, experiences: Any, **kwargs: Any) -> dict[str, Any]:
        """Older spelling of :meth:`eval`."""
        return self.eval(experiences, **kwargs)

    def _before_eval_exp(self, **kwargs: Any) -> None:
        """Choose the data; then fire the event."""
        self._before_eval_dataset_adaptation(**kwargs)
        self.eval_dataset_adaptation(**kwargs)
        self._after_eval_dataset_adaptation(**kwargs)
        self.make_eval_dataloader(**kwargs)
        self._output_units = units_needed(self.experience)
        super()._before_eval_exp(**kwargs)

    def _eval_exp(self, **kwargs: Any) -> None:
        """One pass over the experience; the loader is ready."""
        self.eval_epoch(**kwargs)

    def eval_epoch(self, **kwargs: Any) -> None:
        """One pass over ``dataloader`` without learning."""
        on = self.events.calls
        for batch in self.dataloader:
            self.mbatch = batch
            self._unpack_minibatch()
            on.before_eval_iteration(kwargs)
            on.before_eval_forward(kwargs)
            with self.updates.autocast():
                self.mb_output = self._cover_unknown_classes(self.forward())
            on.after_eval_forward(kwargs)
            with self.updates.autocast():
                self.loss = self.criterion()
            on.after_eval_iteration(kwargs)

    def _cover_unknown_classes(self, output: Any) -> Any:
        """Classes that a growing head has never met get logit -inf: probability 0, not an error."""
        if not torch.is_tensor(output) or output.dim() != 2 or not output.is_floating_point():
            return output
        missing = self._output_units - output.shape[1]
        if missing <= 0 or output.shape[1] < 2:  # a single unit is no classifier over classes
            return output
        return nn.functional.pad(output, (0, missing), value=float("-inf"))

    # --------------------------------------------- the pieces, each to override

    def forward(self) -> Any:
        """The model's answer to the current batch."""
        raise NotImplementedError(f"{type(self).__name__} must define forward")

    def criterion(self) -> Tensor:
        """Loss of the current answer, a scalar."""
        raise NotImplementedError(f"{type(self).__name__} must define criterion")

    def backward(self) -> None:
        """Gradients of the loss; an override divides it by ``updates.window`` itself."""
        self.updates.backward(self.loss, self.optimizer, self.retain_graph)

    def optimizer_step(self) -> None:
        """Update the parameters."""
        self.updates.step(self.optimizer)

    def train_dataset_adaptation(self, **kwargs: Any) -> None:
        """Choose ``adapted_dataset``, the training set of the experience."""
        self.adapted_dataset = self.experience.dataset.train()

    def eval_dataset_adaptation(self, **kwargs: Any) -> None:
        """Choose ``adapted_dataset``, the evaluation set of the experience."""
        self.adapted_dataset = self.experience.dataset.eval()

    def make_train_dataloader(
        self,
        num_workers: int = 0,
        shuffle: bool = True,
        pin_memory: bool | None = None,
        persistent_workers: bool = False,
        drop_last: bool = False,
        **kwargs: Any,
    ) -> None:
        """Set ``dataloader``: batches balanced over tasks where there are several."""
        options = {
            "shuffle": shuffle,
            "drop_last": drop_last,
            **self._loader_options(num_workers, pin_memory, persistent_workers),
        }
        if getattr(self.adapted_dataset, "targets_task_labels", None) is None:
            self.dataloader = SingleDatasetDataLoader(
                self.adapted_dataset, batch_size=self.train_mb_size, **options
            )
        else:
            self.dataloader = TaskBalancedDataLoader(
                self.adapted_dataset,
                batch_size=self.train_mb_size,
                oversample_small_groups=True,
                **options,
            )

    def make_eval_dataloader(
        self,
        num_workers: int = 0,
        shuffle: bool = False,
        pin_memory: bool | None = None,
        persistent_workers: bool = False,
        **kwargs: Any,
    ) -> None:
        """Set ``dataloader``: the samples in order."""
        self.dataloader = SingleDatasetDataLoader(
            self.adapted_dataset,
            batch_size=self.eval_mb_size,
            shuffle=shuffle,
            **self._loader_options(num_workers, pin_memory, persistent_workers),
        )

    def _loader_options(
        self, num_workers: int, pin_memory: bool | None, persistent_workers: bool
    ) -> dict[str, Any]:
        pin = self.device.type == "cuda" if pin_memory is None else pin_memory
        return {
            "num_workers": num_workers,
            "pin_memory": pin,
            "persistent_workers": persistent_workers and num_workers > 0,
        }

    def model_adaptation(self, model: nn.Module | None = None) -> nn.Module:
        """Let the dynamic modules of the model grow for the current experience."""
        model = self.model if model is None else model
        avalanche_model_adaptation(model, self.experience)
        return model.to(self.device)

    def make_optimizer(self, reset_optimizer_state: bool = False, **kwargs: Any) -> None:
        """Let the optimizer follow the model's growth, keeping its state unless told otherwise."""
        self._optimizer_sync.sync(self.optimizer, self.model)
        if reset_optimizer_state:
            self.optimizer.state.clear()

    def check_model_and_optimizer(self, reset_optimizer_state: bool = False, **kwargs: Any) -> None:
        """Adapt the model and the optimizer to the current experience."""
        self.model = self.model_adaptation()
        self.make_optimizer(reset_optimizer_state=reset_optimizer_state, **kwargs)

    def _unpack_minibatch(self) -> None:
        """Move the batch to the device."""
        self.mbatch = to_device(self.mbatch, self.device)

    def _make_empty_loss(self) -> Tensor:
        return torch.zeros(1, device=self.device)

    def _train_cleanup(self) -> None:
        """Let go of the data after training."""
        super()._train_cleanup()
        self.adapted_dataset = self.mbatch = self.mb_output = None
        self.dataloader, self._eval_streams = (), []
        self.loss = self._make_empty_loss()

    # -------------------------------------------------------------------- state

    def state_dict(self) -> dict[str, Any]:
        """Everything needed to go on after this experience, as tensors and plain values."""
        return strategy_state(self)

    def load_state_dict(self, state: dict[str, Any], benchmark: Any = None) -> None:
        """Go on from a state of the same strategy, built in the same way.

        Args:
            state: what :meth:`state_dict` gave.
            benchmark: whose data sets the buffers refer to; needed if a plugin stores samples.
        """
        load_strategy_state(self, state, benchmark)

    def explain(self, file: TextIO | None = None) -> str:
        """Which plugin acts at which event, in which order, as a tree.

        Warns where two plugins claim the same thing, such as the loader.

        Args:
            file: where to write it; standard output by default.

        Returns:
            The text.
        """
        text = explanation(self)
        (file or sys.stdout).write(text + "\n")
        return text
