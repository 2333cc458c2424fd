"""Base classes of plugins: adapters that put a component into a loop, by event name."""

from typing import Any, ClassVar, TypeVar

from avalanche.core.events import noop
from avalanche.core.own_state import load_own_state, own_state

__all__ = [
    "BasePlugin",
    "BaseSGDPlugin",
    "SupervisedMetaLearningPlugin",
    "SupervisedPlugin",
    "Template",
]

#: The template that a plugin of one's own is written for, in annotations.
Template = TypeVar("Template")


class BasePlugin:
    """Base of all plugins: the callbacks around experiences.

    Override what you need. Callbacks that are not overridden are never called. Every callback gets
    the strategy first, then the keyword arguments that the user gave to ``train`` or ``eval``.
    ``avalanche.core.events.EVENTS`` is the table of all events with their moments.

    Example:
        >>> class Greeter(BasePlugin):
        ...     def after_training_exp(self, strategy, **kwargs):
        ...         print("learnt experience", strategy.experience.current_experience)
    """

    strategy_comes_first: ClassVar[bool] = True
    supports_distributed: ClassVar[bool] = False
    #: What the plugin replaces on the strategy, such as "dataloader"; two claims are a conflict.
    owns: ClassVar[tuple[str, ...]] = ()
    #: Whether the model is asked about samples of earlier tasks while it learns another.
    looks_back: ClassVar[bool] = False

    #: Events at which the plugin is called before all others, wherever it stands in the list.
    acts_first: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(cls, supports_distributed: bool = False, **kwargs: Any) -> None:
        cls.supports_distributed = supports_distributed
        super().__init_subclass__(**kwargs)

    def listens(self, event: str) -> bool:
        """Whether the loop should call this plugin at ``event``; asked once, at attachment."""
        return True

    def refresh(self) -> bool:
        """Whether what the plugin listens to has changed since it was attached.

        Asked when ``train`` or ``eval`` starts.
        """
        return False

    def check_state_dict(self, state: dict[str, Any]) -> None:
        """Refuse a state that :meth:`load_state_dict` could not restore; changes nothing.

        Raises:
            ValueError: the state is of a plugin that was built differently.
        """

    def state_dict(self) -> dict[str, Any]:
        """What the plugin needs to go on, as tensors and plain values.

        Unless it is overridden, all attributes of a user's class that are such, see
        :func:`~avalanche.core.own_state.own_state`.
        """
        return own_state(self)

    def load_state_dict(self, state: dict[str, Any], **context: Any) -> None:
        """Restore what :meth:`state_dict` gave.

        Args:
            state: the dictionary to restore from.
            context: what references in the state resolve against (``parts`` of data sets).
        """
        load_own_state(self, state)

    @noop
    def before_training(self, strategy: Any, *args: Any, **kwargs: Any) -> Any:
        """``train()`` was called."""

    @noop
    def before_training_exp(self, strategy: Any, *args: Any, **kwargs: Any) -> Any:
        """Loader, model and optimizer of the experience are ready."""

    @noop
    def after_training_exp(self, strategy: Any, *args: Any, **kwargs: Any) -> Any:
        """The experience is learnt."""

    @noop
    def after_training(self, strategy: Any, *args: Any, **kwargs: Any) -> Any:
        """The last experience of this ``train()`` is learnt."""

    @noop
    def before_eval(self, strategy: Any, *args: Any, **kwargs: Any) -> Any:
        """``eval()`` was called."""

    @noop
    def before_eval_exp(self, strategy: Any, *args: Any, **kwargs: Any) -> Any:
        """The evaluation loader of the experience is ready."""

    @noop
    def after_eval_exp(self, strategy: Any, *args: Any, **kwargs: Any) -> Any:
        """The experience is evaluated."""

    @noop
    def after_eval(self, strategy: Any, *args: Any, **kwargs: Any) -> Any:
        """The stream is evaluated."""


class BaseSGDPlugin(BasePlugin):
    """Plugins of loops by stochastic gradient descent: the events of epochs and iterations."""

    @noop
    def before_train_dataset_adaptation(self, strategy: Any, *args: Any, **kwargs: Any) -> Any:
        """A new experience begins."""

    @noop
    def after_train_dataset_adaptation(self, strategy: Any, *args: Any, **kwargs: Any) -> Any:
        """The training set is chosen; it may still be replaced."""

    @noop
    def before_training_epoch(self, strategy: Any, *args: Any, **kwargs: Any) -> Any:
        """Before the first batch of an epoch."""

    @noop
    def before_training_iteration(self, strategy: Any, *args: Any, **kwargs: Any) -> Any:
        """A batch is on the device."""

    @noop
    def before_forward(self, strategy: Any, *args: Any, **kwargs: Any) -> Any:
        """Gradients are zero, the loss is zero."""

    @noop
    def after_forward(self, strategy: Any, *args: Any, **kwargs: Any) -> Any:
        """The model has answered."""

    @noop
    def before_backward(self, strategy: Any, *args: Any, **kwargs: Any) -> Any:
        """The loss is computed; penalties are added here."""

    @noop
    def after_backward(self, strategy: Any, *args: Any, **kwargs: Any) -> Any:
        """Gradients are computed; projections happen here."""

    @noop
    def before_update(self, strategy: Any, *args: Any, **kwargs: Any) -> Any:
        """Just before the optimizer's step."""

    @noop
    def after_update(self, strategy: Any, *args: Any, **kwargs: Any) -> Any:
        """Just after the optimizer's step."""

    @noop
    def after_training_iteration(self, strategy: Any, *args: Any, **kwargs: Any) -> Any:
        """The iteration is over."""

    @noop
    def after_training_epoch(self, strategy: Any, *args: Any, **kwargs: Any) -> Any:
        """The epoch is over."""

    @noop
    def before_eval_dataset_adaptation(self, strategy: Any, *args: Any, **kwargs: Any) -> Any:
        """The next experience to evaluate."""

    @noop
    def after_eval_dataset_adaptation(self, strategy: Any, *args: Any, **kwargs: Any) -> Any:
        """The evaluation set is chosen."""

    @noop
    def before_eval_iteration(self, strategy: Any, *args: Any, **kwargs: Any) -> Any:
        """A batch is on the device."""

    @noop
    def before_eval_forward(self, strategy: Any, *args: Any, **kwargs: Any) -> Any:
        """Before the model answers."""

    @noop
    def after_eval_forward(self, strategy: Any, *args: Any, **kwargs: Any) -> Any:
        """The model has answered."""

    @noop
    def after_eval_iteration(self, strategy: Any, *args: Any, **kwargs: Any) -> Any:
        """The loss is computed."""


class SupervisedPlugin(BaseSGDPlugin):
    """Base class of the plugins of supervised strategies."""


class SupervisedMetaLearningPlugin(SupervisedPlugin):
    """Plugins of the meta-learning template: inner and outer updates."""

    @noop
    def before_inner_updates(self, strategy: Any, *args: Any, **kwargs: Any) -> Any:
        """Before the inner loop."""

    @noop
    def after_inner_updates(self, strategy: Any, *args: Any, **kwargs: Any) -> Any:
        """After the inner loop."""

    @noop
    def before_outer_update(self, strategy: Any, *args: Any, **kwargs: Any) -> Any:
        """Before the outer step."""

    @noop
    def after_outer_update(self, strategy: Any, *args: Any, **kwargs: Any) -> Any:
        """After the outer step."""
