"""Where samples come from: sources that answer many rows with one gather.

A :class:`ColumnSource` holds its samples in memory, as one column per field of the sample, and
returns a batch of rows with one ``index_select`` per column in the stored dtype (uint8 images
stay uint8). A :class:`SampleSource` wraps any map-style dataset and asks it sample by sample.
:func:`as_source` picks the kind.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import TensorDataset

from .columns import Column, ImageBatch
from .fingerprints import checksum, describe, describe_list, shortened
from .random_state import RandomState

TARGET_NAMES = ("targets", "target", "labels", "label", "y")  # fields and keys that hold labels
_TRIED, _PROBED = 64, 8  # rows that are looked at for a target's key, samples that are read
_CONTENT_NAMES = ("paths", "files", "samples", "imgs", *TARGET_NAMES)  # of data on disk
_FUNCTION_NAMES = ("transform", "target_transform", "transforms", "loader")


class Source(ABC):
    """Stored samples, addressed by row. Sources are shared by views and never changed.

    ``found_targets`` keeps the targets once somebody has looked for them, see
    :func:`~avalanche.benchmarks.utils.targets.find_targets`.
    """

    found_targets: Tensor | list[Any] | None = None
    target: str | None = None  # the key of the target where samples are dictionaries, if known
    has_own_transforms = False  # whether the first stage on top came with the wrapped dataset
    _wrapped: Any = None
    _described: str | None = None
    _details: str | None = None

    @property
    def origin(self) -> Any:
        """The dataset that the user gave, or the source itself if there was none."""
        return self if self._wrapped is None else self._wrapped

    @abstractmethod
    def __len__(self) -> int:
        """Number of rows."""

    @abstractmethod
    def sample(self, row: int) -> Any:
        """The sample of one row, as the wrapped dataset would give it without transforms."""

    @abstractmethod
    def gather(self, rows: Tensor) -> list[Column] | None:
        """The fields of many samples, or None where samples are no tuples (dictionaries)."""

    @abstractmethod
    def describe(self) -> str:
        """Kind, shapes, dtypes and a checksum: equal for equal data, in any process."""

    def target_key(self, sample: dict[str, Any], row: int) -> str | None:
        """The key of the target in a dictionary: the one that holds what ``targets`` say.

        Raises:
            ValueError: none does, so a change of the target would be of something else.
        """
        if self.target is None and self.found_targets is not None:
            usual = [name for name in TARGET_NAMES if name in sample]
            keys = [*usual, *(key for key in sample if key not in usual)]
            for number in (row, *_others(self.found_targets, row)):
                with RandomState():
                    read = sample if number == row else self.sample(number)
                value = self.found_targets[number]
                keys = [k for k in keys if k in read and _equal(read[k], value)]
                if not keys:
                    raise ValueError(
                        f"{self.name}: samples are dictionaries with the keys {sorted(sample)}, "
                        f"and none holds what 'targets' say, {value} for sample {number}; labels "
                        "can't be changed where they don't stand: let the samples hold the target"
                    )
            self.target = keys[0]
        return self.target

    def details(self) -> str:
        """What tells apart sources that :meth:`describe` may not: where the data lies, say."""
        return ""

    def stored_targets(self) -> Any:
        """The target of every row where the data keeps them apart from the samples, else None."""
        return None

    @property
    def name(self) -> str:
        """What messages call the data."""
        return type(self).__name__


class ColumnSource(Source):
    """Samples held in memory, one column per field.

    Args:
        columns: tensors of equal length, samples along the first dimension. Integer columns of
            labels (1-D, from the second on) are kept as int64, which losses expect, and so are
            truth values in the second.
        images: whether the first column holds pixels of PIL-like images, uint8
            ``(rows, channels, height, width)``: transforms then see PIL images, or their pixels.
        wrapped: the dataset that the columns are of, if there is one.

    Raises:
        ValueError: if there is no column or the lengths differ.

    Example:
        >>> source = ColumnSource([torch.arange(6).view(3, 2), torch.tensor([0, 1, 0])])
        >>> source.gather(torch.tensor([2, 0]))[0].tolist()
        [[4, 5], [0, 1]]
    """

    def __init__(
        self, columns: Sequence[Tensor], images: bool = False, wrapped: Any = None
    ) -> None:
        if not columns:
            raise ValueError("columns=[]: expected at least one tensor; pass the samples")
        lengths = [len(c) for c in columns]
        if len(set(lengths)) > 1:
            raise ValueError(
                f"columns of lengths {lengths}: expected one length for all; "
                "pass tensors with one row per sample"
            )
        self._wrapped = wrapped
        self.columns = tuple(label_column(c, i) if i else c for i, c in enumerate(columns))
        self.images = images

    def __len__(self) -> int:
        return len(self.columns[0])

    def gather(self, rows: Tensor) -> list[Column]:
        out: list[Column] = [c.index_select(0, rows) for c in self.columns]
        if self.images:
            out[0] = ImageBatch(out[0])  # type: ignore[arg-type]
        return out

    def gather_input(self, rows: Tensor) -> Column:
        """The first column alone."""
        pixels = self.columns[0].index_select(0, rows)
        return ImageBatch(pixels) if self.images else pixels

    def sample(self, row: int) -> tuple[Any, ...]:
        fields: list[Any] = [self.columns[0][row].clone()]
        if self.images:
            fields[0] = ImageBatch(fields[0].unsqueeze(0)).to_pil()[0]
        for column in self.columns[1:]:
            number = column.ndim == 1 and not column.is_floating_point()
            fields.append(column[row].item() if number else column[row].clone())
        return tuple(fields)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_wrapped": None}  # the columns are all that a worker needs

    def stored_targets(self) -> Any:
        if len(self.columns) > 1:
            return self.columns[1]
        raise ValueError(
            "targets: the data has one tensor per sample and no target; pass targets=, or give "
            "(x, y) tensors"
        )

    def describe(self) -> str:
        if self._described is None:
            shapes = ",".join(f"{tuple(c.shape)}:{c.dtype}" for c in self.columns)
            crc = 0
            for column in self.columns:
                crc = checksum(column, crc)
            self._described = f"{'images' if self.images else 'tensors'}[{shapes}]#{crc:08x}"
        return self._described


class SampleSource(Source):
    """Any map-style dataset, asked for one sample at a time.

    Args:
        dataset: an object with ``__len__`` and ``__getitem__``.
    """

    def __init__(self, dataset: Any) -> None:
        self.dataset = self._wrapped = dataset

    def __len__(self) -> int:
        return len(self.dataset)

    def sample(self, row: int) -> Any:
        return with_whole_label(self.dataset[row])

    def gather(self, rows: Tensor) -> list[Column] | None:
        picked = rows.tolist()
        many = getattr(self.dataset, "__getitems__", None)
        samples = [self.dataset[row] for row in picked] if many is None else many(picked)
        if not samples or not all(isinstance(s, (tuple, list)) for s in samples):
            return None
        samples = [with_whole_label(sample) for sample in samples]
        return [list(field) for field in zip(*samples, strict=True)]

    def stored_targets(self) -> Any:
        for name in TARGET_NAMES:
            found = getattr(self.dataset, name, None)
            if found is not None and hasattr(found, "__len__") and len(found) == len(self):
                change = getattr(self.dataset, "target_transform", None)
                return found if change is None else [change(value) for value in list(found)]
        return None

    @property
    def name(self) -> str:
        return type(self.dataset).__name__

    def describe(self) -> str:
        if self._described is None:
            kind = type(self.dataset)
            content = describe_list(self._content())
            self._described = (
                f"samples[{kind.__module__}.{kind.__qualname__}:{len(self)}]#{content}"
            )
        return self._described

    def details(self) -> str:
        if self._details is None:
            held = {} if isinstance(self.dataset, (list, tuple)) else vars_of(self.dataset)
            self._details = shortened(describe(held)) if held else ""
        return self._details

    def _content(self) -> Any:
        """What the dataset keeps per sample, and the functions that it applies."""
        if isinstance(self.dataset, (list, tuple)):
            return self.dataset
        root = getattr(self.dataset, "root", None)
        own = vars_of(self.dataset)
        found: dict[str, Any] = {}
        for name in dict.fromkeys([*_CONTENT_NAMES, *own]):
            values = getattr(self.dataset, name, None) if name in _CONTENT_NAMES else own[name]
            listed = name in _CONTENT_NAMES or isinstance(values, (Tensor, np.ndarray))
            if listed and _one_per_sample(values, len(self)):
                found[name] = describe_list(values, root)
        for name in _FUNCTION_NAMES:
            if callable(function := getattr(self.dataset, name, None)):
                found[name] = describe(function)
        return found


def vars_of(dataset: Any) -> dict[str, Any]:
    """The attributes of an object; empty for one without."""
    return dict(getattr(dataset, "__dict__", {}))


def _one_per_sample(values: Any, length: int) -> bool:
    if isinstance(values, (Tensor, np.ndarray)):
        return values.ndim > 0 and len(values) == length
    return isinstance(values, Sequence) and len(values) == length


def _others(targets: Tensor | list[Any], row: int) -> list[int]:
    """A few rows from all over the data, those of other labels than a row's first."""
    draw = torch.Generator().manual_seed(0)
    rows: list[int] = torch.randint(len(targets), (_TRIED,), generator=draw).tolist()
    return sorted(rows, key=lambda other: _equal(targets[other], targets[row]))[:_PROBED]


def _equal(a: Any, b: Any) -> bool:
    """Equality of single values and of arrays; anything else is not equal."""
    try:
        one, two = torch.as_tensor(a), torch.as_tensor(b)
    except (TypeError, ValueError, RuntimeError):
        return False  # names, images
    return one.shape == two.shape and bool(((one == two) | (one != one) & (two != two)).all())


def with_whole_label(sample: Any) -> Any:
    """A sample ``(x, y, ...)``; a whole number that losses do not take as a label becomes one."""
    if not isinstance(sample, (tuple, list)) or len(sample) < 2:
        return sample
    label = sample[1]
    if isinstance(label, (np.generic, np.ndarray)):
        if label.ndim or label.dtype.kind not in "biu":
            return sample
    elif isinstance(label, Tensor):
        whole = not (label.is_floating_point() or label.is_complex())
        if label.ndim or not whole or label.dtype == torch.int64:
            return sample
        return (sample[0], label.long(), *sample[2:])
    elif not isinstance(label, bool):
        return sample
    return (sample[0], int(label), *sample[2:])


def label_column(column: Tensor, position: int) -> Tensor:
    """A column ``(rows,)`` of whole numbers as int64, in the second place of truth values too."""
    integer = not (column.is_floating_point() or column.is_complex())
    if column.ndim == 1 and integer and (position == 1 or column.dtype != torch.bool):
        return column.to(torch.int64)
    return column


def as_source(dataset: Any) -> tuple[Source, Any, Any]:
    """The fastest source for a dataset, and the transforms that belong on top of it.

    Returns:
        ``(source, transform, target_transform)``. The transforms are those that an in-memory
        torchvision set carries (they are taken when the set is wrapped: changing the set's
        ``transform`` later has no effect); None for every other dataset, which has applied its
        own already.

    Raises:
        TypeError: if the dataset has no length or can't be indexed.
    """
    if isinstance(dataset, Source):
        return dataset, None, None
    if type(dataset) is TensorDataset:
        return ColumnSource(dataset.tensors, wrapped=dataset), None, None
    if _is_memory_vision_set(dataset):
        pixels = torch.as_tensor(dataset.data)
        pixels = pixels.unsqueeze(1) if pixels.ndim == 3 else pixels.permute(0, 3, 1, 2)
        labels = torch.as_tensor(dataset.targets)
        source = ColumnSource([pixels, labels], True, dataset)
        own = dataset.transform, dataset.target_transform
        source.has_own_transforms = own != (None, None)
        return source, *own
    if isinstance(dataset, dict):
        raise TypeError(
            f"dataset=dict with the keys {sorted(map(str, dataset))}: expected one dataset; pass "
            "one of its entries, such as data['train']"
        )
    if not (hasattr(dataset, "__getitem__") and hasattr(dataset, "__len__")):
        raise TypeError(
            f"dataset={type(dataset).__name__}: expected a map-style dataset with __len__ and "
            "__getitem__; wrap iterable data in a list or a torch.utils.data.Dataset"
        )
    return SampleSource(dataset), None, None


def _is_memory_vision_set(dataset: Any) -> bool:
    """Whether samples are exactly ``transform(PIL image of .data[i]), .targets[i]``.

    The class is recognised by the function that reads its samples, so a subclass which reads
    them differently stays a per-sample source, and torchvision need not be imported to ask.
    """
    getitem = getattr(type(dataset), "__getitem__", None)
    where = (getattr(getitem, "__module__", ""), getattr(getitem, "__qualname__", ""))
    return where in {
        ("torchvision.datasets.mnist", "MNIST.__getitem__"),
        ("torchvision.datasets.cifar", "CIFAR10.__getitem__"),
    }
