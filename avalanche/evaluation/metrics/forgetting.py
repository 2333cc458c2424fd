"""Forgetting and backward transfer of single experiences, as plain bookkeeping."""

from typing import Any, Literal

from avalanche.evaluation.metric_definitions import Metric

__all__ = ["BWT", "Forgetting", "Reference", "forgetting_to_bwt"]

Reference = Literal["first", "best"]


class Forgetting(Metric[dict[int, float]]):
    r"""How much of what was reached on a key (an experience) is lost.

    With :math:`a_{t,k}` the accuracy on :math:`k` after training on :math:`t`:

    - ``reference="first"``: :math:`f_k^t = a_{k,k} - a_{t,k}`, what was reached right after
      training on :math:`k` minus what is reached now;
    - ``reference="best"``: :math:`f_k^t = \max_{k \le l < t} a_{l,k} - a_{t,k}`, the best that was
      ever reached minus what is reached now.

    A key has a value once it was measured both right after its training and later.

    Args:
        reference: what the current value is subtracted from.

    Raises:
        ValueError: another reference.

    Example:
        >>> forgetting = Forgetting()
        >>> forgetting.update(0, 0.9, initial=True)
        >>> forgetting.result_key(0) is None
        True
        >>> forgetting.update(0, 0.5)
        >>> forgetting.result()
        {0: 0.4}

    References:
        Chaudhry et al., Riemannian Walk for Incremental Learning, ECCV 2018, section 3 (best).
    """

    def __init__(self, reference: Reference = "first") -> None:
        if reference not in ("first", "best"):
            raise ValueError(f"reference={reference!r}: expected 'first' or 'best'")
        self.reference = reference
        self.initial: dict[int, float] = {}
        self.last: dict[int, float] = {}
        self._recent: dict[int, float] = {}
        self._best_before: dict[int, float] = {}

    def update(self, k: int, v: float, initial: bool = False, again: bool = False) -> None:
        """Take one measurement.

        Args:
            k: the key.
            v: accuracy on it.
            initial: measured right after training on ``k``.
            again: nothing was trained since the last measurement of ``k``, which this one replaces.
        """
        if initial:
            self.update_initial(k, v, again)
        else:
            self.update_last(k, v, again)

    def update_initial(self, k: int, v: float, again: bool = False) -> None:
        """Take the measurement right after training on ``k``."""
        self.initial[k] = v
        self._measured(k, v, again)

    def update_last(self, k: int, v: float, again: bool = False) -> None:
        """Take a later measurement."""
        self.last[k] = v
        if k in self.initial:
            self._measured(k, v, again)

    def _measured(self, k: int, v: float, again: bool) -> None:
        if k in self._recent and not again:
            self._best_before[k] = max(self._recent[k], self._best_before.get(k, float("-inf")))
        self._recent[k] = v

    def result_key(self, k: int) -> float | None:
        """Forgetting of one key, None if it has no value yet."""
        if k not in self.initial or k not in self.last:
            return None
        if self.reference == "best":
            return self._best_before.get(k, self.initial[k]) - self.last[k]
        return self.initial[k] - self.last[k]

    def result(self) -> dict[int, float]:
        """Forgetting of every key that has a value."""
        values = {k: self.result_key(k) for k in self.initial}
        return {k: value for k, value in values.items() if value is not None}

    def reset_last(self) -> None:
        """Forget the later measurements; references stay."""
        self.last = {}

    def reset(self) -> None:
        """Forget everything."""
        self.initial, self.last = {}, {}
        self._recent, self._best_before = {}, {}

    def state_dict(self) -> dict[str, Any]:
        """The measurements."""
        return {
            "initial": dict(self.initial),
            "last": dict(self.last),
            "recent": dict(self._recent),
            "best_before": dict(self._best_before),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore what :meth:`state_dict` gave."""
        self.initial, self.last = dict(state["initial"]), dict(state["last"])
        self._recent, self._best_before = dict(state["recent"]), dict(state["best_before"])


class BWT(Forgetting):
    r"""Backward transfer, :math:`a_{t,k} - a_{k,k}`: minus forgetting with reference "first".

    References:
        Lopez-Paz and Ranzato, Gradient Episodic Memory for Continual Learning, NeurIPS 2017, eq. 3,
        which is the mean of this over all earlier experiences.
    """

    def __init__(self) -> None:
        super().__init__()

    def result_key(self, k: int) -> float | None:
        """Backward transfer to one key, None if it has no value yet."""
        value: float | None = forgetting_to_bwt(super().result_key(k))
        return value


def forgetting_to_bwt(forgetting: Any) -> Any:
    """Backward transfer from forgetting: the sign changed, of a number, a dictionary's or None."""
    if forgetting is None:
        return None
    if isinstance(forgetting, dict):
        return {k: -value for k, value in forgetting.items()}
    return -forgetting
