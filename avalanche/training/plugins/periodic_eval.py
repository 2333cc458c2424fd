"""Evaluation during training."""

from collections.abc import Iterable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from avalanche.benchmarks.scenarios import CLExperience
from avalanche.core.plugins import SupervisedPlugin

__all__ = ["PeriodicEval", "check_eval_streams", "group_streams"]

_MODES = ("epoch", "iteration", "experience")
_WHOLE = {1: torch.uint8, 2: torch.int16, 4: torch.int32, 8: torch.int64}  # by size in bytes
_AT_ONCE = 1 << 16  # values of a tensor that are summed up at a time


class PeriodicEval(SupervisedPlugin, supports_distributed=True):
    """Runs ``strategy.eval`` on the evaluation streams of a ``train`` call.

    Args:
        eval_every: -1 never; 0 before training and after each experience; n > 0 also after every
            n-th epoch or iteration of an experience. Streams that were just evaluated are not
            evaluated again before anything is learnt.
        peval_mode: the unit of ``eval_every``: ``"epoch"``, ``"iteration"`` or ``"experience"``.
        do_initial: also evaluate before training.

    Raises:
        ValueError: an unknown mode, or ``eval_every`` below -1.
    """

    def __init__(
        self, eval_every: int = -1, peval_mode: str = "epoch", do_initial: bool = True
    ) -> None:
        if peval_mode not in _MODES:
            raise ValueError(f"peval_mode={peval_mode!r}: expected one of {', '.join(_MODES)}")
        if not isinstance(eval_every, int) or eval_every < -1:
            raise ValueError(
                f"eval_every={eval_every!r}: expected -1 (never), 0 (after each experience) or n"
            )
        self.eval_every = eval_every
        self.peval_mode = peval_mode
        self.do_initial = do_initial and eval_every > -1
        self._fresh: list[tuple[str, int]] = []
        self._weights: list[int] | None = None  # a checksum of what was evaluated
        self._model: int | None = None  # whose these are; None: a copy's, or from a file
        self._benchmarks: list[int] | None = None  # of the streams; likewise

    @property
    def active(self) -> bool:
        """Whether anything is ever evaluated."""
        return self.eval_every > -1

    def listens(self, event: str) -> bool:
        """Nothing to do when evaluation during training is off."""
        return self.active

    def before_training(self, strategy: Any, *args: Any, **kwargs: Any) -> None:
        """Evaluate the model as it comes, unless that was just done."""
        if self.do_initial and not self._was_just_done(strategy):
            self.evaluate(strategy)

    def after_training_iteration(self, strategy: Any, *args: Any, **kwargs: Any) -> None:
        """Evaluate after every n-th iteration."""
        self._fresh = []
        if self.peval_mode == "iteration":
            self._maybe(strategy, strategy.clock.train_exp_iterations)

    def after_training_epoch(self, strategy: Any, *args: Any, **kwargs: Any) -> None:
        """Evaluate after every n-th epoch."""
        if self.peval_mode == "epoch":
            self._maybe(strategy, strategy.clock.train_exp_epochs)

    def after_training_exp(self, strategy: Any, *args: Any, **kwargs: Any) -> None:
        """Evaluate at the end, unless that was just done and the weights are the same since."""
        if not self._fresh or self._weights != _checksum(strategy.model):
            self.evaluate(strategy)
        elif strategy.clock.train_exp_iterations:
            strategy.evaluator.count_experience(strategy)

    def _maybe(self, strategy: Any, finished: int) -> None:
        if self.eval_every > 0 and finished % self.eval_every == 0:
            self.evaluate(strategy)

    def _was_just_done(self, strategy: Any) -> bool:
        """Whether these streams were evaluated with these weights."""
        streams = strategy._eval_streams
        return (
            self._fresh == _names(streams)
            and self._benchmarks in (None, _benchmarks(streams))
            and self._model in (None, id(strategy.model))
            and self._weights in (None, _checksum(strategy.model))
        )

    def evaluate(self, strategy: Any) -> None:
        """Evaluate now, on the evaluation streams of the ``train`` call."""
        for stream in strategy._eval_streams:
            strategy.eval(stream)
        self._fresh = _names(strategy._eval_streams)
        self._benchmarks = _benchmarks(strategy._eval_streams)
        self._model, self._weights = id(strategy.model), _checksum(strategy.model)

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "_model": None, "_benchmarks": None}  # a copy is for copies of them

    def state_dict(self) -> dict[str, Any]:
        """What was just evaluated, so that a run that goes on does not evaluate it again."""
        return {"fresh": [list(name) for name in self._fresh], "weights": self._weights}

    def load_state_dict(self, state: dict[str, Any], **context: Any) -> None:
        """Restore :meth:`state_dict`."""
        self._fresh = [(name, number) for name, number in state.get("fresh", ())]
        self._weights, self._model, self._benchmarks = state.get("weights"), None, None


def _names(streams: Sequence[Any]) -> list[tuple[str, int]]:
    """Stream and number of every experience."""
    return [
        (str(getattr(e.origin_stream, "name", "")), e.current_experience)
        for s in streams
        for e in s
    ]


def _benchmarks(streams: Sequence[Any]) -> list[int]:
    return [id(getattr(e, "benchmark", None)) for s in streams for e in s]


@torch.no_grad()
def _checksum(model: nn.Module) -> list[int]:
    """A number for each parameter and buffer, another one when a value of it is another.

    By content, since not every way of writing to a tensor leaves a trace. Of tensors whose bytes do
    not lie in one piece (sparse, quantised) it is how often they were written to.
    """
    sums: dict[torch.device, list[Tensor]] = {}
    for tensor in (*model.parameters(), *model.buffers()):
        total = _sum_of_bits(tensor.detach())
        sums.setdefault(total.device, []).append(total)
    return [int(s) for found in sums.values() for s in torch.stack(found).tolist()]


def _sum_of_bits(tensor: Tensor) -> Tensor:
    """The sum of the values' bits as whole numbers, each weighted by its place; of no order."""
    if tensor.layout != torch.strided or tensor.is_quantized or tensor.is_meta or tensor.is_nested:
        return torch.tensor(0 if tensor.is_inference() else tensor._version)
    values = torch.view_as_real(tensor.resolve_conj()) if tensor.is_complex() else tensor
    bits = values.contiguous().flatten().view(_WHOLE[values.element_size()])
    total = torch.zeros((), dtype=torch.int64, device=tensor.device)
    odd = 2 * torch.arange(min(len(bits), _AT_ONCE), device=tensor.device) + 1  # no bit is lost
    for piece in bits.split(_AT_ONCE):
        total = 31 * total + (piece * odd[: len(piece)]).sum()
    return total


def check_eval_streams(eval_streams: Any) -> None:
    """Refuse an argument of ``train`` that can't be evaluated.

    Raises:
        TypeError: naming what was given and what to give.
    """
    if eval_streams is None:
        return
    if not isinstance(eval_streams, (list, tuple)):
        eval_streams = [eval_streams]
    for item in eval_streams:
        if isinstance(item, (list, tuple)):
            check_eval_streams(item)
        elif not isinstance(item, Iterable) or isinstance(item, (str, bytes)):
            _check_experience(item)


def _check_experience(item: Any) -> None:
    if not hasattr(item, "origin_stream"):
        what = repr(item) if isinstance(item, (str, bytes, int, float)) else type(item).__name__
        raise TypeError(
            f"eval_streams: {what} is neither a stream nor an experience; pass streams themselves, "
            "eval_streams=[benchmark.test_stream]"
        )


def group_streams(experiences: Sequence[Any], eval_streams: Sequence[Any] | None) -> list[Any]:
    """The streams to evaluate during training: one list of experiences for each stream name.

    Args:
        experiences: what is about to be learnt.
        eval_streams: streams, or experiences; None means the test stream of the benchmark, and
            where there is none the training experiences themselves.

    Raises:
        TypeError: anything else.
    """
    check_eval_streams(eval_streams)
    if eval_streams is None:
        benchmark = getattr(experiences[0], "benchmark", None) if experiences else None
        test = getattr(benchmark, "test_stream", None)
        return [test if test is not None else list(experiences)]
    groups: dict[str, list[Any]] = {}
    if isinstance(eval_streams, CLExperience):
        eval_streams = [eval_streams]
    for item in eval_streams:
        one = isinstance(item, CLExperience) or not isinstance(item, Iterable)
        for experience in [item] if one else item:
            _check_experience(experience)
            groups.setdefault(experience.origin_stream.name, []).append(experience)
    return list(groups.values())
