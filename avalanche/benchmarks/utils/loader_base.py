"""What all loaders share: options, random order, workers."""

from __future__ import annotations

import copy
import difflib
import warnings
import zlib
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch import Tensor

from .batch_plans import Plan
from .data import AvalancheDataset
from .utils import as_avalanche_dataset
from .view import View
from .wrap import Operand, merge_operands, operand_of

_WORKER_OPTIONS = {
    "in_order": True,
    "multiprocessing_context": None,
    "persistent_workers": False,
    "pin_memory_device": "",
    "prefetch_factor": None,
    "timeout": 0,
    "worker_init_fn": None,
}
_OPTIONS = ("collate_fn", "drop_last", "generator", "num_workers", "pin_memory", "shuffle")


class PlanLoader(ABC):
    """Reads batches of one joined view in the order of a plan, which subclasses make.

    Args:
        datasets: the data; several are joined, in order.
        options: the keyword arguments of torch's ``DataLoader`` that apply: ``shuffle``,
            ``drop_last``, ``generator``, ``num_workers``, ``collate_fn``, ``pin_memory``, and
            those of the worker processes. Without workers no torch ``DataLoader`` is involved;
            with them the order of samples is the same. After ``torch.manual_seed`` one dataset
            is read in the order of torch's ``DataLoader``; what is not shuffled draws nothing.

    Raises:
        TypeError: for an unknown option.
        ValueError: for a value that makes no sense.
    """

    def __init__(self, datasets: Sequence[Any], options: dict[str, Any]) -> None:
        check_options(type(self).__name__, options)
        self.dataset: AvalancheDataset = join_views(datasets)
        self.shuffle: bool = bool(options.get("shuffle", False))
        self.drop_last: bool = bool(options.get("drop_last", False))
        self.num_workers: int = options.get("num_workers") or 0
        self.pin_memory: bool = bool(options.get("pin_memory", False))
        self.generator: torch.Generator | None = options.get("generator")
        self._worker_options = {k: v for k, v in options.items() if k in _WORKER_OPTIONS}
        if options.get("collate_fn") is not None:
            self.dataset = AvalancheDataset(self.dataset, collate_fn=options["collate_fn"])
        self._torch_loader: Any = None
        self._epochs = 0

    @abstractmethod
    def plans(self, generator: torch.Generator | None) -> Iterator[Plan]:
        """The batches of one epoch; ``generator`` is None where nothing is shuffled."""

    @abstractmethod
    def __len__(self) -> int:
        """Batches per epoch."""

    def __iter__(self) -> Iterator[Any]:
        """Collated batches of one epoch; warns where ``drop_last`` leaves none of them."""
        if self.drop_last and not len(self):
            self._warn_of_nothing()
        if self.shuffle:
            _draw_seed(self.generator)  # torch's loader seeds its workers: same seed, same order
        batches = self._from_workers() if self.num_workers > 0 else self._from_here()
        if self.pin_memory and torch.cuda.is_available() and self.num_workers == 0:
            return (_pin(batch) for batch in batches)
        return batches

    def _warn_of_nothing(self) -> None:
        whole = copy.copy(self)
        whole.drop_last = False
        if len(whole):
            sizes = [f"{n}={size}" for n, size in vars(self).items() if n.startswith("batch_size")]
            warnings.warn(
                f"drop_last=True: no batch is left of {len(self.dataset)} samples with "
                f"{', '.join(sizes)}, so nothing is read; make batches smaller, or leave drop_last "
                "out",
                stacklevel=3,
            )

    def _epoch_generator(self) -> torch.Generator | None:
        """The source of this epoch's order: the given one, else one seeded from torch's own."""
        if not self.shuffle:
            return None
        if self.generator is not None:
            return self.generator
        return torch.Generator().manual_seed(_draw_seed(None))

    def _workers_generator(self) -> torch.Generator:
        """Where torch draws the workers' seed, for random transforms: new in every epoch.

        It is made from the states of the generators, which are not advanced: the order of the
        samples stays the same with and without workers.
        """
        self._epochs += 1
        state = torch.get_rng_state().numpy().tobytes()
        if self.generator is not None:
            state += self.generator.get_state().numpy().tobytes()
        return torch.Generator().manual_seed(zlib.crc32(state, self._epochs))

    def _from_here(self) -> Iterator[Any]:
        for plan in self.plans(self._epoch_generator()):
            yield from self.dataset.batches(plan.order, plan.sizes)

    def _from_workers(self) -> Iterator[Any]:
        from torch.utils.data import DataLoader

        if self._torch_loader is None:
            server: Any = _BatchServer(self.dataset)
            loader: DataLoader[Any] = DataLoader(
                server,
                sampler=_PlanSampler(copy.copy(self)),  # else each would hold the other
                batch_size=None,
                collate_fn=_unchanged,
                num_workers=self.num_workers,
                pin_memory=self.pin_memory and torch.cuda.is_available(),
                generator=self._workers_generator(),
                **self._worker_options,
            )
            if not self._worker_options.get("persistent_workers"):
                return iter(loader)
            self._torch_loader = loader
        return iter(self._torch_loader)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_torch_loader": None}


class _PlanSampler:
    """The index of every batch, for torch's ``DataLoader`` to hand to its workers."""

    def __init__(self, loader: PlanLoader) -> None:
        self.loader = loader

    def __iter__(self) -> Iterator[Any]:
        for plan in self.loader.plans(self.loader._epoch_generator()):
            for index in torch.split(plan.order, plan.sizes) if len(plan.order) else ():
                yield index.numpy()

    def __len__(self) -> int:
        return len(self.loader)


class _BatchServer:
    """A dataset that is asked for whole batches."""

    def __init__(self, dataset: AvalancheDataset) -> None:
        self.dataset = dataset

    def __getitem__(self, index: Any) -> Any:
        return self.dataset.batch(torch.from_numpy(index))

    def __len__(self) -> int:
        return len(self.dataset)


def join_views(datasets: Sequence[Any]) -> AvalancheDataset:
    """One dataset over several in sequence, each with the transform group that it is in."""
    if len(datasets) == 1:
        return as_avalanche_dataset(datasets[0])
    operands = [operand_of(d) for d in datasets]
    if len({o.group for o in operands}) > 1:
        operands = [_pinned(o) for o in operands]
    merged = merge_operands(operands)
    joined = AvalancheDataset([])
    attributes = merged.attributes
    joined = joined._derive(merged.view, attributes, merged.group or "train")
    if merged.collate_fn is not None:
        joined = AvalancheDataset(joined, collate_fn=merged.collate_fn)
    return joined


def _pinned(operand: Operand) -> Operand:
    group = operand.group or "train"
    view: View = operand.view.map_parts(lambda part: part.pin(group))
    return Operand(view, operand.attributes, "train", operand.collate_fn)


def check_options(loader: str, options: dict[str, Any]) -> None:
    """Raise for unknown loader options (with the nearest known one) and impossible values."""
    known = [*_OPTIONS, *_WORKER_OPTIONS]
    for name in options:
        if name == "collate_mbatches":
            raise TypeError(
                f"{loader}(collate_mbatches=...): unknown argument; a batch over several groups "
                "is made at once: pass collate_fn, which gets all its samples"
            )
        if name not in known:
            near = difflib.get_close_matches(name, known, 1)
            hint = f"did you mean {near[0]!r}? " if near else ""
            raise TypeError(
                f"{loader}({name}=...): unknown argument; {hint}expected one of {sorted(known)}"
            )
    workers = options.get("num_workers") or 0
    if not isinstance(workers, int) or workers < 0:
        raise ValueError(f"num_workers={workers!r}: expected an int, zero or more")
    if workers == 0 and options.get("persistent_workers"):
        raise ValueError("persistent_workers=True: needs num_workers above zero; raise it")


def check_size(name: str, size: Any) -> None:
    """Raise unless ``size`` is a positive int."""
    if not isinstance(size, int) or isinstance(size, bool) or size < 1:
        raise ValueError(f"{name}={size!r}: expected an int above zero; pass samples per batch")


def _draw_seed(generator: torch.Generator | None) -> int:
    """A seed, drawn as torch's ``DataLoader`` and ``RandomSampler`` draw theirs."""
    return int(torch.empty((), dtype=torch.int64).random_(generator=generator))


def positions(length: int, start: int = 0) -> Tensor:
    """``start, ..., start + length - 1``."""
    return torch.arange(start, start + length)


def _unchanged(batch: Any) -> Any:
    return batch


def _pin(batch: Any) -> Any:
    if isinstance(batch, Tensor):
        return batch.pin_memory()
    if isinstance(batch, dict):
        return {name: _pin(value) for name, value in batch.items()}
    if isinstance(batch, (list, tuple)):
        return type(batch)([_pin(value) for value in batch])
    return batch
