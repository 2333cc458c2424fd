"""Forward transfer to single experiences, as plain bookkeeping."""

from typing import Any

from avalanche.evaluation.metric_definitions import Metric

__all__ = ["ForwardTransfer"]


class ForwardTransfer(Metric[dict[int, float]]):
    r"""What is gained on a key (an experience) before it is learnt.

    With :math:`b_k` the accuracy on :math:`k` before any training and :math:`R_{k-1,k}` the one
    right before :math:`k` itself is learnt, :math:`f_k = R_{k-1,k} - b_k`. A key has a value once
    both were measured.

    Example:
        >>> transfer = ForwardTransfer()
        >>> transfer.update(1, 0.25, initial=True)
        >>> transfer.result_key(1) is None
        True
        >>> transfer.update(1, 0.5)
        >>> transfer.result()
        {1: 0.25}

    References:
        Lopez-Paz and Ranzato, Gradient Episodic Memory for Continual Learning, NeurIPS 2017, eq. 4,
        which is the mean of this over all experiences but the first.
    """

    def __init__(self) -> None:
        self.initial: dict[int, float] = {}
        self.previous: dict[int, float] = {}

    def update(self, k: int, v: float, initial: bool = False) -> None:
        """Take one measurement; a later one of the same kind replaces it.

        Args:
            k: the key.
            v: accuracy on it.
            initial: measured before any training, the baseline.
        """
        if initial:
            self.update_initial(k, v)
        else:
            self.update_previous(k, v)

    def update_initial(self, k: int, v: float) -> None:
        """Take the baseline of ``k``."""
        self.initial[k] = v

    def update_previous(self, k: int, v: float) -> None:
        """Take the accuracy on ``k`` before it is learnt, others having been learnt."""
        self.previous[k] = v

    def result_key(self, k: int) -> float | None:
        """Forward transfer to one key, None if it has no value yet."""
        if k not in self.initial or k not in self.previous:
            return None
        return self.previous[k] - self.initial[k]

    def result(self) -> dict[int, float]:
        """Forward transfer to every key that has a value."""
        values = {k: self.result_key(k) for k in self.initial}
        return {k: value for k, value in values.items() if value is not None}

    def reset(self) -> None:
        """Forget everything."""
        self.initial, self.previous = {}, {}

    def state_dict(self) -> dict[str, Any]:
        """The measurements."""
        return {"initial": dict(self.initial), "previous": dict(self.previous)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore what :meth:`state_dict` gave."""
        self.initial, self.previous = dict(state["initial"]), dict(state["previous"])
