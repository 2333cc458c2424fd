"""Joint training: all experiences at once, the upper bound of continual learning."""

from collections.abc import Sequence
from typing import Any

from torch import nn

from avalanche.benchmarks.utils import concat_datasets
from avalanche.models.dynamic_modules import avalanche_model_adaptation
from avalanche.models.pnn import PNN
from avalanche.training.supervised.naive import Naive

__all__ = ["AlreadyTrainedError", "JointTraining"]


class AlreadyTrainedError(Exception):
    """A joint model cannot be trained a second time."""


class JointTraining(Naive):
    """Trains once on the data of all experiences together.

    Not a continual learner: it sees the whole stream at once, and shows what is possible without
    forgetting. Takes the arguments of :class:`Naive`. Call :meth:`train` once, with the stream.

    Raises:
        ValueError: the model is a PNN, whose columns learn one after the other.

    Attributes:
        joint_experiences: the experiences that were learnt together.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if any(isinstance(module, PNN) for module in self.model.modules()):
            raise ValueError(
                "model=PNN: it trains the column of one task at a time and freezes the others, so "
                "it cannot learn all tasks at once; use a model with a head per task (MTSimpleMLP)"
            )
        self.joint_experiences: list[Any] = []

    def train(
        self, experiences: Any, eval_streams: Sequence[Any] | None = None, **kwargs: Any
    ) -> dict[str, Any]:
        """Learn all ``experiences`` at once, as a single experience.

        Raises:
            AlreadyTrainedError: called a second time.
        """
        if self.joint_experiences:
            raise AlreadyTrainedError(
                "JointTraining.train was called twice: it learns all experiences in one call; "
                "pass the whole stream, strategy.train(benchmark.train_stream)"
            )
        self.joint_experiences = list(self._as_experiences(experiences))
        try:
            # One pass of the loop, under the name of the last experience.
            return super().train(self.joint_experiences[-1:], eval_streams, **kwargs)
        except BaseException:
            self.joint_experiences = []  # refused or interrupted: it may be called again
            raise

    def train_dataset_adaptation(self, **kwargs: Any) -> None:
        """The data of all experiences."""
        self.adapted_dataset = concat_datasets([e.dataset.train() for e in self.joint_experiences])

    def model_adaptation(self, model: nn.Module | None = None) -> nn.Module:
        """Let dynamic modules grow for every experience."""
        model = self.model if model is None else model
        for experience in self.joint_experiences:
            avalanche_model_adaptation(model, experience)
        return model.to(self.device)
