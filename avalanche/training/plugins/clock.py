"""The counters of a strategy."""

from typing import Any

from avalanche.core.plugins import SupervisedPlugin

__all__ = ["Clock"]


class Clock(SupervisedPlugin, supports_distributed=True):
    """Counts iterations, epochs and experiences, after all plugins but the periodic evaluation.

    Attributes:
        train_iterations: training iterations so far; never reset.
        train_exp_counter: training experiences finished so far.
        train_exp_epochs: epochs finished in this experience.
        train_exp_iterations: iterations finished in this experience.
        train_epoch_iterations: iterations finished in this epoch.
        total_iterations: training and evaluation iterations so far.
        learnt: what tells the experience that was finished last, for a resumed run: its stream, how
            many experiences that has in its benchmark, its number there and its classes; None where
            it has no such things.
    """

    def __init__(self) -> None:
        self.train_iterations = 0
        self.train_exp_counter = 0
        self.train_exp_epochs = 0
        self.train_exp_iterations = 0
        self.train_epoch_iterations = 0
        self.total_iterations = 0
        self.learnt: dict[str, Any] | None = None

    def before_training_exp(self, strategy: Any, *args: Any, **kwargs: Any) -> None:
        """Start counting the experience."""
        self.train_exp_epochs = 0
        self.train_exp_iterations = 0

    def before_training_epoch(self, strategy: Any, *args: Any, **kwargs: Any) -> None:
        """Start counting the epoch."""
        self.train_epoch_iterations = 0

    def after_training_iteration(self, strategy: Any, *args: Any, **kwargs: Any) -> None:
        """One more iteration."""
        self.train_iterations += 1
        self.train_exp_iterations += 1
        self.train_epoch_iterations += 1
        self.total_iterations += 1

    def after_training_epoch(self, strategy: Any, *args: Any, **kwargs: Any) -> None:
        """One more epoch."""
        self.train_exp_epochs += 1

    def after_training_exp(self, strategy: Any, *args: Any, **kwargs: Any) -> None:
        """One more experience."""
        self.train_exp_counter += 1
        self.learnt = _signature(strategy.experience)

    def after_eval_iteration(self, strategy: Any, *args: Any, **kwargs: Any) -> None:
        """One more evaluation iteration."""
        self.total_iterations += 1

    def state_dict(self) -> dict[str, Any]:
        """All counters, and what was learnt last."""
        return dict(vars(self))

    def load_state_dict(self, state: dict[str, Any], **context: Any) -> None:
        """Restore the counters."""
        vars(self).update(state)


def _signature(experience: Any) -> dict[str, Any] | None:
    name = getattr(getattr(experience, "origin_stream", None), "name", None)
    streams = getattr(getattr(experience, "benchmark", None), "streams", {})
    number = getattr(experience, "current_experience", None)
    classes = getattr(experience, "classes_in_this_experience", None)
    if name not in streams or number is None or classes is None:
        return None
    if hasattr(experience, "origin_experience"):  # of a stream that no benchmark holds
        return None
    if not all(isinstance(c, int) for c in classes):  # targets that are no classes
        return None
    length = len(streams[name])
    return {"stream": name, "length": length, "number": number, "classes": sorted(classes)}
