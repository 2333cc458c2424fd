"""Checkpoints: save after an experience, go on later with the same numbers."""

import os
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

__all__ = ["maybe_load_checkpoint", "save_checkpoint"]

_FORMAT = 1


def save_checkpoint(
    strategy: Any, fname: str | os.PathLike[str], exclude: Sequence[str] | None = None
) -> None:
    """Write the state of a strategy to a file, between two calls of ``train``.

    The file holds tensors and plain values only. Data sets are referred to, never copied: a buffer
    is written as positions in the benchmark's data. The file is written whole or not at all.

    Args:
        strategy: any strategy but those that are flows.
        fname: the file; its folder is created. An existing file is replaced.
        exclude: names of top-level entries of the state to leave out (``"rng"``, ``"optimizer"``).

    Raises:
        RuntimeError: called from inside ``train``, where half an experience is learnt.
        TypeError: a strategy that has no state.
    """
    if not hasattr(strategy, "state_dict"):
        raise TypeError(
            f"strategy: {type(strategy).__name__} has no state_dict, as all strategies that are "
            "flows; save model and optimizer with torch.save, or use the strategy of that name in "
            "avalanche.training.supervised"
        )
    if strategy.is_training:
        raise RuntimeError(
            "save_checkpoint was called inside train(): half an experience cannot be resumed; "
            "call it between two calls of train"
        )
    state = {k: v for k, v in strategy.state_dict().items() if k not in (exclude or ())}
    path = Path(fname)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=path.name, suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            clock = strategy.clock
            counts = {"exp_counter": clock.train_exp_counter, "learnt": clock.learnt}
            torch.save({"format": _FORMAT, **counts, "state": state}, file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def maybe_load_checkpoint(
    strategy: Any,
    fname: str | os.PathLike[str],
    map_location: Any = None,
    unique_objects: Any = None,
) -> tuple[Any, int]:
    """Load a checkpoint where there is one.

    Args:
        strategy: built exactly as the one that was saved.
        fname: the file; when it does not exist, the strategy is returned as it is, with 0.
        map_location: where to put the tensors, as in ``torch.load``.
        unique_objects: the benchmark that is trained on, built as it was, with the same seed: the
            buffers refer to its data. Needed when a plugin stores samples, and always checked.

    Returns:
        The strategy, and the number of experiences that it has learnt: go on with
        ``benchmark.train_stream[count:]``.

    Raises:
        ValueError: a checkpoint of another strategy, of other data or other experiences, or a
            damaged file; the strategy is unchanged.

    Example:
        >>> from avalanche.training import Naive
        >>> from avalanche.models import SimpleMLP
        >>> model = SimpleMLP()
        >>> strategy = Naive(model, torch.optim.SGD(model.parameters(), lr=0.1))
        >>> strategy, done = maybe_load_checkpoint(strategy, "no/such/file.pt")
        >>> done
        0
    """
    path = Path(fname)
    if not path.exists():
        return strategy, 0
    try:
        content = torch.load(path, map_location=map_location, weights_only=True)
    except Exception as error:  # what reading gives depends on where the file is damaged
        if zipfile.is_zipfile(path) or (isinstance(error, OSError) and error.filename):
            raise  # whole as a file: another reason, such as a device that is not here
        raise ValueError(
            f"fname={str(path)!r}: no checkpoint, or a damaged one; delete it to start anew "
            f"({type(error).__name__}: {str(error).splitlines()[0] if str(error) else 'empty'})"
        ) from error
    if not isinstance(content, dict) or content.get("format") != _FORMAT:
        raise ValueError(f"fname={str(path)!r}: not a checkpoint that this version can read")
    if unique_objects is not None and content.get("learnt"):
        _check_experience(content["learnt"], unique_objects)
    strategy.load_state_dict(content["state"], unique_objects)
    return strategy, int(content["exp_counter"])


def _check_experience(learnt: dict[str, Any], benchmark: Any) -> None:
    """Refuse a benchmark in which the experience that was learnt last is another one.

    One with another number of experiences is another benchmark on the same data, as the one that
    an online or a data-incremental stream was cut from; the stored samples tell whether it is.
    """
    stream, number = benchmark.streams.get(learnt["stream"]), learnt["number"]
    if stream is None or len(stream) != learnt["length"]:
        return
    now = sorted(stream[number].classes_in_this_experience)
    if now != learnt["classes"]:
        raise ValueError(
            f"unique_objects: what was learnt last is experience {number} of the stream "
            f"{learnt['stream']!r}, of classes {learnt['classes']}; in this benchmark it has the "
            f"classes {now}; build the benchmark as it was, with the same seed"
        )
