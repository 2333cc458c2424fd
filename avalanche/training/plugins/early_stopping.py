"""Early stopping on a validation metric, with the best weights kept."""

import copy
import logging
import math
from typing import Any, Literal, get_args

import torch

from avalanche.core.plugins import SupervisedPlugin
from avalanche.training.plugins.lr_scheduling import require_evaluations

__all__ = ["EarlyStoppingPlugin"]

_log = logging.getLogger("avalanche")

Extreme = Literal["max", "min"]
Unit = Literal["epoch", "iteration"]


class EarlyStoppingPlugin(SupervisedPlugin, supports_distributed=True):
    """Ends an experience when a metric stops getting better, and keeps the best weights.

    The metric is read after every evaluation during training, which the strategy must be told to
    do (``eval_every=1``). At the end of each experience the model and the optimizer's moments are
    those of the best evaluation, whether patience ran out or not. Only evaluations during the
    experience count; what was learnt after the last of them is evaluated at the end.

    The best weights are back before any other plugin, such as EWC's, looks at the finished model,
    wherever this one stands in the list.

    Args:
        patience: epochs or iterations without a better value before training ends, at least 1.
        val_stream_name: the stream of the metric and, where the metric has one, the task, as in
            its name: ``"valid_stream"`` or ``"valid_stream/Task000"``.
        metric_name: the metric, as its name begins.
        mode: whether large values are good, ``"max"``, or small ones, ``"min"``.
        peval_mode: the unit of ``patience``: ``"epoch"`` or ``"iteration"``.
        margin: how much better a value must be to count as better, 0 or more.
        verbose: log what happens at level INFO on the logger ``avalanche``.

    Attributes:
        best_value: the best value in this experience, None before the first.
        best_step: epochs or iterations that were finished when it was reached.
        best_state: the model's state then.

    Raises:
        ValueError: an impossible argument; in training, no evaluations, or a metric that is not
            there or not the only one that is meant.
        TypeError: a margin that is no number, or a name that is no text.

    Example:
        >>> from avalanche.benchmarks.classic import SplitDigits
        >>> from avalanche.evaluation.metrics import accuracy_metrics
        >>> from avalanche.models import SimpleMLP
        >>> from avalanche.training import Naive
        >>> from avalanche.training.plugins import EvaluationPlugin
        >>> model = SimpleMLP(num_classes=10, input_size=64, hidden_size=32)
        >>> strategy = Naive(
        ...     model, torch.optim.SGD(model.parameters(), lr=0.5), train_mb_size=32,
        ...     train_epochs=50, eval_every=1,
        ...     evaluator=EvaluationPlugin(accuracy_metrics(stream=True)),
        ...     plugins=[EarlyStoppingPlugin(patience=2, val_stream_name="test_stream")])
        >>> benchmark = SplitDigits()
        >>> results = strategy.train(benchmark.train_stream[0], [benchmark.test_stream[:1]])
        >>> strategy.clock.train_exp_epochs < 50
        True
    """

    acts_first = ("after_training_exp",)

    def __init__(
        self,
        patience: int,
        val_stream_name: str,
        metric_name: str = "Top1_Acc_Stream",
        mode: Extreme = "max",
        peval_mode: Unit = "epoch",
        margin: float = 0.0,
        verbose: bool = False,
    ) -> None:
        if isinstance(patience, bool) or not isinstance(patience, int) or patience < 1:
            raise ValueError(f"patience={patience!r}: expected a whole number of at least 1")
        for name, given in (("val_stream_name", val_stream_name), ("metric_name", metric_name)):
            if not isinstance(given, str) or not given:
                example = "valid_stream" if name == "val_stream_name" else "Top1_Acc_Stream"
                raise TypeError(f"{name}={given!r}: expected a name such as {example!r}")
        if mode not in get_args(Extreme):
            raise ValueError(f"mode={mode!r}: expected 'max' or 'min'")
        if peval_mode not in get_args(Unit):
            raise ValueError(f"peval_mode={peval_mode!r}: expected 'epoch' or 'iteration'")
        if isinstance(margin, bool) or not isinstance(margin, (int, float)):
            raise TypeError(f"margin={margin!r}: expected a number")
        if not margin >= 0:
            raise ValueError(f"margin={margin}: expected 0 or more")
        self.patience = patience
        self.val_stream_name = val_stream_name
        self.metric_name = metric_name
        self.mode = mode
        self.peval_mode = peval_mode
        self.margin = margin
        self.verbose = verbose
        self._in_experience = False
        self._since = 0
        self._forget()

    @property
    def best_val(self) -> float | None:
        """Older spelling of ``best_value``."""
        return self.best_value

    def _forget(self) -> None:
        self.best_value: float | None = None
        self.best_step = 0
        self.best_state: dict[str, Any] = {}
        self._best_moments: dict[Any, dict[str, Any]] = {}
        self._best_iteration = -1
        self._evaluated = False
        self._others: set[str] = set()
        self._evaluated_at = -1
        self._stopped = False

    def before_training(self, strategy: Any, *args: Any, **kwargs: Any) -> None:
        """Refuse to wait for evaluations that never come."""
        self._in_experience = False
        require_evaluations(strategy, "EarlyStoppingPlugin")

    def before_training_exp(self, strategy: Any, *args: Any, **kwargs: Any) -> None:
        """Start anew: only what is learnt from now on counts."""
        self._forget()
        self._in_experience = True
        self._since = strategy.clock.train_iterations + 1

    def after_eval(self, strategy: Any, *args: Any, **kwargs: Any) -> None:
        """Note that there is a new value to read, once the evaluator has written it."""
        if not self._in_experience:
            return
        names = {str(getattr(e.origin_stream, "name", "")) for e in strategy.current_eval_stream}
        wanted = self.val_stream_name.split("/")[0].removesuffix("_stream")
        if wanted in {name.removesuffix("_stream") for name in names}:
            self._evaluated = True
        else:
            self._others |= names

    def before_training_epoch(self, strategy: Any, *args: Any, **kwargs: Any) -> None:
        """Look at the evaluation of the last epoch."""
        self._look(strategy)

    def before_training_iteration(self, strategy: Any, *args: Any, **kwargs: Any) -> None:
        """Look at the evaluation of the last iteration."""
        self._look(strategy)

    def after_training_exp(self, strategy: Any, *args: Any, **kwargs: Any) -> None:
        """Evaluate what was not evaluated yet, then go back to the best."""
        self._look(strategy)
        now = strategy.clock.train_exp_iterations
        if not self._stopped and now > self._evaluated_at:
            strategy.peval.evaluate(strategy)
            self._look(strategy)
        if self.best_state and now != self._best_iteration:
            self._restore(strategy)
        self._in_experience = False
        self.best_state, self._best_moments = {}, {}

    def _look(self, strategy: Any) -> None:
        """Compare the new value, if there is one, with the best."""
        if self._others and not self._evaluated:
            raise ValueError(
                f"val_stream_name={self.val_stream_name!r}: what is evaluated during training is "
                f"{', '.join(sorted(self._others))}; give that name, or train with "
                "eval_streams=[...] of the stream that is meant"
            )
        if not self._evaluated or self._stopped:
            return
        self._evaluated = False
        self._others = set()
        clock = strategy.clock
        self._evaluated_at = clock.train_exp_iterations
        step = clock.train_exp_epochs if self.peval_mode == "epoch" else self._evaluated_at
        if self._evaluated_at == 0:
            return  # nothing was learnt yet
        value = float(strategy.evaluator.get_last_metrics()[self._metric_key(strategy)])
        if self._is_better(value):
            self.best_value, self.best_step = value, step
            self._best_iteration = self._evaluated_at
            self.best_state = copy.deepcopy(strategy.model.state_dict())
            self._best_moments = _copied(strategy.optimizer.state)
            self._say("%s=%s after %d: the best so far", self.metric_name, value, step)
        elif step - self.best_step >= self.patience:
            self._say("no better %s for %d: stop", self.metric_name, step - self.best_step)
            self._restore(strategy)
            strategy.stop_training()
            self._stopped = True

    def _is_better(self, value: float) -> bool:
        """Whether ``value`` is better than the best; NaN is not better than anything."""
        if math.isnan(value):
            return False
        if self.best_value is None or math.isnan(self.best_value):
            return True
        gain = value - self.best_value
        return (gain if self.mode == "max" else -gain) > self.margin

    def _restore(self, strategy: Any) -> None:
        if not self.best_state:
            return
        strategy.model.load_state_dict(self.best_state)
        for parameter in list(strategy.optimizer.state):
            if parameter not in self._best_moments:
                del strategy.optimizer.state[parameter]
        strategy.optimizer.state.update(_copied(self._best_moments))

    def _metric_key(self, strategy: Any) -> str:
        """Full name of the metric.

        Raises:
            ValueError: none is meant, or several are.
        """
        last: dict[str, Any] = strategy.evaluator.get_last_metrics(since=self._since)
        stream, _, rest = self.val_stream_name.partition("/")
        stream = f"{stream.removesuffix('_stream')}_stream"
        start = "/".join(filter(None, [self.metric_name, "eval_phase", stream, rest]))
        if start in last:
            return start
        found = [name for name in last if name.startswith(f"{start}/")]
        if len(found) == 1:
            return found[0]
        known = found or [name for name in last if "/eval_phase/" in name]
        problem = "more than one metric is meant" if found else "no evaluation gives this metric"
        raise ValueError(
            f"metric_name={self.metric_name!r}, val_stream_name={self.val_stream_name!r}: "
            f"{problem}; there {'are' if known else 'is'} {', '.join(known) or 'none'}; give the "
            "name and the stream of one, evaluate that stream (eval_streams), and give the "
            "evaluator its metric"
        )

    def _say(self, text: str, *values: Any) -> None:
        if self.verbose:
            _log.info("early stopping: " + text, *values)


def _copied(state: Any) -> dict[Any, dict[str, Any]]:
    """Moments of an optimizer, parameter to name to value, with the tensors copied."""
    return {
        parameter: {k: v.clone() if torch.is_tensor(v) else v for k, v in values.items()}
        for parameter, values in state.items()
    }
