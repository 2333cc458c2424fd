"""Cumulative: train on everything seen so far."""

from typing import Any

from avalanche.benchmarks.utils import AvalancheDataset, concat_datasets, view_state
from avalanche.training.supervised.naive import Naive
from avalanche.training.templates.state import dataset_parts

__all__ = ["Cumulative"]


class Cumulative(Naive):
    """Trains at each experience on the data of all experiences so far.

    Keeps everything, so it is an upper bound for learners that pass over the stream in order.
    Takes the arguments of :class:`Naive`.

    Attributes:
        dataset: all data seen so far.
    """

    dataset: AvalancheDataset | None = None
    _with_new: AvalancheDataset | None = None

    def train_dataset_adaptation(self, **kwargs: Any) -> None:
        """Append the experience to what was seen before."""
        new = self.experience.dataset.train()
        self._with_new = new if self.dataset is None else concat_datasets([self.dataset, new])
        self.adapted_dataset = self._with_new

    def after_training_exp(self, **kwargs: Any) -> None:
        """Keep the experience, now that it is learnt."""
        self.dataset = self._with_new

    def state_dict(self) -> dict[str, Any]:
        """State of the strategy, with references to the data seen so far."""
        seen = None if self.dataset is None else view_state(self.dataset)
        return {**super().state_dict(), "seen": seen}

    def load_state_dict(self, state: dict[str, Any], benchmark: Any = None) -> None:
        """Restore :meth:`state_dict`; needs the benchmark."""
        seen = state["seen"]
        dataset = seen and AvalancheDataset.from_state(seen, dataset_parts(benchmark))
        super().load_state_dict(state, benchmark)
        self.dataset = dataset
