"""The loop under its name in releases 0.0.2 to 0.1."""

from avalanche.training.templates import SupervisedTemplate

__all__ = ["BaseStrategy"]


class BaseStrategy(SupervisedTemplate):
    """The older name of :class:`SupervisedTemplate`, ready to use."""

    @property
    def training_exp_counter(self) -> int:
        """Experiences learnt; now ``clock.train_exp_counter``."""
        return self.clock.train_exp_counter

    @property
    def epoch(self) -> int:
        """Epochs of the present experience that are finished; now ``clock.train_exp_epochs``."""
        return self.clock.train_exp_epochs
