"""Plugins of the flow family in the loops of the callback family.

The other way round needs no adapter: a flow strategy calls callback plugins itself, with a
:class:`~avalanche.training.skeletons.flow_view.FlowView` as the strategy.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any

import torch

from avalanche.core.events import EVAL_EVENTS, TRAIN_EVENTS
from avalanche.core.plugins import SupervisedPlugin
from avalanche.training.skeletons.checks import check_attachable, step_names
from avalanche.training.skeletons.loaders import Pairs, Triplets, as_pairs, as_taskaware
from avalanche.training.skeletons.strategy_skeleton import StrategySkeleton

__all__ = ["FlowPlugin", "as_plugin"]

# Event of the supervised loop -> steps that are fired there.
_TRAIN_STEPS: dict[str, tuple[str, ...]] = {
    "before_train_dataset_adaptation": (
        *("set_initial_epoch", "before_training", "make_train_dataset"),
    ),
    "after_train_dataset_adaptation": ("adapt_train_dataset", "make_train_dataloader"),
    "before_training_exp": ("set_task_layer",),
    "before_training_epoch": ("before_training_epoch",),
    "before_training_iteration": ("before_training_iteration",),
    "before_forward": ("before_forward",),
    "after_forward": ("after_forward",),
    "before_backward": ("before_backward",),
    "after_backward": ("after_backward",),
    "before_update": ("before_update",),
    "after_update": ("after_update",),
    "after_training_iteration": ("after_training_iteration",),
    "after_training_epoch": ("after_training_epoch", "next_training_epoch"),
    "after_training_exp": ("after_training",),
}
_TEST_STEPS: dict[str, tuple[str, ...]] = {
    "before_eval": ("before_testing", "set_initial_test_step_id"),
    "before_eval_dataset_adaptation": ("before_step_testing", "make_test_dataset"),
    "after_eval_dataset_adaptation": ("adapt_test_dataset", "make_test_dataloader"),
    "before_eval_exp": ("set_task_layer", "before_testing_epoch"),
    "before_eval_iteration": ("before_test_iteration",),
    "before_eval_forward": ("before_test_forward",),
    "after_eval_forward": ("after_test_forward",),
    "after_eval_iteration": ("after_test_iteration",),
    "after_eval_exp": ("after_testing_epoch", "after_step_testing", "next_testing_step"),
    "after_eval": ("after_testing",),
}
# Published name <-> attribute of the supervised strategy, new at the event.
_TRAIN_VALUES: dict[str, dict[str, str]] = {
    "after_train_dataset_adaptation": {"train_dataset": "adapted_dataset"},
    "before_training_exp": {"train_data_loader": "dataloader", "model": "model"},
    "before_training_iteration": {"train_mb_x": "mb_x", "train_mb_y": "mb_y"},
    "after_forward": {"logits": "mb_output"},
    "before_backward": {"loss": "loss"},
    "after_backward": {"loss": "loss"},
}
_TEST_VALUES: dict[str, dict[str, str]] = {
    "after_eval_dataset_adaptation": {"test_dataset": "adapted_dataset"},
    "before_eval_exp": {"test_data_loader": "dataloader"},
    "before_eval_iteration": {"test_mb_x": "mb_x", "test_mb_y": "mb_y"},
    "after_eval_forward": {"test_logits": "mb_output"},
    "after_eval_iteration": {"test_loss": "loss"},
}
_RUN_BEGINS = ("before_train_dataset_adaptation", "before_eval")
_RUN_ENDS = ("after_training_exp", "after_eval")
_NEW_FACTS = ("before_training_epoch", "before_eval_dataset_adaptation")


def as_plugin(plugin: Any) -> Any:
    """A plugin of either style as one that a loop with callbacks can attach.

    Args:
        plugin: a :class:`StrategySkeleton` is wrapped; anything else is given back as it is.

    Example:
        >>> from avalanche.training.skeletons import StrategySkeleton, TrainingFlow
        >>> class Hello(StrategySkeleton):
        ...     @TrainingFlow
        ...     def after_training(self, step_id):
        ...         print("learnt", step_id)
        >>> as_plugin(Hello())
        FlowPlugin(Hello)
    """
    return FlowPlugin(plugin) if isinstance(plugin, StrategySkeleton) else plugin


class _Host(StrategySkeleton):
    """Runs the flows of one plugin inside a supervised loop, step by step."""

    def __init__(self) -> None:
        super().__init__()
        self._strategy: Any = None

    def namespace_holders(self) -> Sequence[object]:
        return [] if self._strategy is None else [self._strategy]

    def extra_steps(self, flow_name: str) -> set[str]:
        steps = _TRAIN_STEPS if flow_name == "training_flow" else _TEST_STEPS
        return {name for names in steps.values() for name in names}


def _at(event: str) -> Callable[..., None]:
    def callback(self: FlowPlugin, strategy: Any, **kwargs: Any) -> None:
        self._act(event, strategy, kwargs)

    callback.__name__ = event
    callback.__qualname__ = f"FlowPlugin.{event}"
    callback.__doc__ = f"Fire the steps that belong to ``{event}``."
    return callback


class FlowPlugin(SupervisedPlugin):
    """A plugin made of steps, attached to a supervised strategy.

    Each experience is one run of the training flow, each ``eval`` one of the testing flow. The
    strategy's values are published under the names of the flows: ``train_dataset`` is
    ``adapted_dataset``, ``logits`` is ``mb_output``, and so on. What the plugin publishes instead
    replaces the strategy's own.

    Args:
        plugin: the flow plugin.

    Raises:
        ValueError: it has a step that this loop does not have, such as ``training_epoch``.
    """

    def __init__(self, plugin: StrategySkeleton) -> None:
        check_attachable(plugin)
        self.plugin = plugin
        self._host = _Host()
        self._host.add_plugin(plugin)
        for flow in self._host.flows():
            flow.refresh()

    def __repr__(self) -> str:
        return f"FlowPlugin({type(self.plugin).__name__})"

    def listens(self, event: str) -> bool:
        """Where one of the plugin's steps belongs, and where a run begins, changes or ends."""
        if event in _TRAIN_STEPS:
            steps, values, flow = _TRAIN_STEPS, _TRAIN_VALUES, "training_flow"
        elif event in _TEST_STEPS:
            steps, values, flow = _TEST_STEPS, _TEST_VALUES, "testing_flow"
        else:
            return False
        own = step_names(type(self.plugin), flow)
        always = event in values or event in (*_RUN_BEGINS, *_RUN_ENDS, *_NEW_FACTS)
        return bool(own) and (always or bool(own & set(steps[event])))

    def _act(self, event: str, strategy: Any, kwargs: dict[str, Any]) -> None:
        training = event in _TRAIN_STEPS
        flow = self._host.training_flow if training else self._host.testing_flow
        self._host._strategy = strategy
        if event in _RUN_BEGINS:
            if flow.is_running():  # an error ended the earlier run
                flow.finish()
            flow.start(step_info=strategy.experience, **kwargs)
        names = (_TRAIN_VALUES if training else _TEST_VALUES).get(event, {})
        publish = self._facts(event, strategy)
        publish.update({name: _out(getattr(strategy, field)) for name, field in names.items()})
        flow.update_results_namespace(**publish)
        for step in (_TRAIN_STEPS if training else _TEST_STEPS)[event]:
            flow.fire(step)
        now = flow.get_results_namespace()
        for name, field in names.items():
            if now[name] is not publish[name]:
                _take_over(strategy, field, now[name])
        if event in _RUN_ENDS:
            flow.finish()

    def _facts(self, event: str, strategy: Any) -> dict[str, Any]:
        """Values that have other names, or no field at all, in the supervised loop."""
        facts: dict[str, Any] = {}
        if event in ("before_train_dataset_adaptation", "before_eval_dataset_adaptation"):
            step = strategy.experience.current_experience
            facts = {"step_info": strategy.experience, "step_id": step}
            facts["test_mb_size"] = strategy.eval_mb_size
            facts["criterion"] = strategy._criterion
            if strategy.is_training:
                facts |= {"training_step_id": step, "epoch": 0}
        elif event == "before_training_epoch":
            facts["epoch"] = strategy.clock.train_exp_epochs
        elif event == "before_training_iteration":
            facts["iteration"] = strategy.clock.train_epoch_iterations
        return facts

    def state_dict(self) -> dict[str, Any]:
        """State of the plugin, if it says what that is."""
        save = getattr(self.plugin, "state_dict", None)
        if save is None:
            warnings.warn(
                f"{type(self.plugin).__name__} has no state_dict(), so a resumed run starts with "
                "a new one; define state_dict and load_state_dict in it",
                stacklevel=2,
            )
            return {}
        state: dict[str, Any] = save()
        return state

    def load_state_dict(self, state: dict[str, Any], **context: Any) -> None:
        """Restore :meth:`state_dict`."""
        if hasattr(self.plugin, "load_state_dict"):
            self.plugin.load_state_dict(state)


def _out(value: Any) -> Any:
    """A value of the supervised loop as flows know it: samples and batches are pairs."""
    if hasattr(value, "targets_task_labels"):
        return as_pairs(value)
    return Pairs(value) if hasattr(value, "__iter__") and not torch.is_tensor(value) else value


def _take_over(strategy: Any, field: str, value: Any) -> None:
    """Let the strategy go on with what a step published."""
    label = (getattr(strategy.experience, "task_labels", None) or [0])[0]
    if field in ("mb_x", "mb_y"):
        strategy.mbatch[("mb_x", "mb_y").index(field)] = value.to(strategy.device)
    elif field == "adapted_dataset":
        strategy.adapted_dataset = as_taskaware(value, label)
    elif field == "dataloader":
        strategy.dataloader = Triplets(value, label)
    else:
        setattr(strategy, field, value)


for _event in (*TRAIN_EVENTS, *EVAL_EVENTS):
    if _event.name in _TRAIN_STEPS or _event.name in _TEST_STEPS:
        setattr(FlowPlugin, _event.name, _at(_event.name))
