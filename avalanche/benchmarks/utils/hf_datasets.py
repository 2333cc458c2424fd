"""Hugging Face ``datasets``: tables with named columns, as samples of this library.

A table with one image column and one label column gives ``(image, label)`` samples by itself;
:func:`from_hf` names the columns where that does not fit. Every other table gives its rows, as
dictionaries. Rows of a batch are read in one request.
"""

from __future__ import annotations

import os
import zlib
from typing import Any

import numpy as np
import torch
from torch import Tensor

from .columns import Column, ImageBatch, pack_images, stack_column
from .sources import TARGET_NAMES, ColumnSource, Source, label_column, with_whole_label

_LABELS = (*TARGET_NAMES, "fine_label", "class")
_CHUNK = 4096  # rows that are decoded at once when a table is read into memory


class TableSource(Source):
    """Rows of a Hugging Face dataset.

    Args:
        table: a ``datasets.Dataset``.
        columns: the columns that make up a sample, in order; None gives rows as dictionaries.
        target: the column that holds the targets; None if there is none.
    """

    def __init__(
        self, table: Any, columns: tuple[str, ...] | None, target: str | None = None
    ) -> None:
        self._wrapped = self.table = table
        self.columns = columns
        self.target = target

    def __len__(self) -> int:
        return len(self.table)

    def sample(self, row: int) -> Any:
        read = self.table[row]
        if self.columns is None:
            return read
        return with_whole_label(tuple(_numbers_as_tensor(read[name]) for name in self.columns))

    def gather(self, rows: Tensor) -> list[Column] | None:
        if self.columns is None:
            return None
        read = self.table[rows.tolist()]
        columns = [_as_column(read[name]) for name in self.columns]
        return [
            label_column(c, i) if i and isinstance(c, Tensor) else c for i, c in enumerate(columns)
        ]

    def stored_targets(self) -> Any:
        return None if self.target is None else list(self.table[self.target])

    @property
    def name(self) -> str:
        return f"Dataset with the columns {list(self.table.column_names)}"

    def describe(self) -> str:
        labels = repr(self.stored_targets()).encode()
        return f"table[{self.table.column_names}:{len(self)}]#{zlib.crc32(labels):08x}"

    def details(self) -> str:
        return str(getattr(self.table, "_fingerprint", ""))


def is_table(dataset: Any) -> bool:
    """Whether something is a ``datasets.Dataset``; the package need not be installed to ask."""
    return any(kind.__module__ == "datasets.arrow_dataset" for kind in type(dataset).__mro__)


def table_source(table: Any) -> TableSource:
    """The source of a table whose columns speak for themselves."""
    images = _of_kind(table, "Image")
    target = _find_target(table)
    if len(images) == 1 and target is not None:
        return TableSource(table, (images[0], target), target)
    return TableSource(table, None, target)


def from_hf(
    data: Any,
    x: str | None = None,
    y: str | None = None,
    *,
    in_memory: bool = False,
    transform_groups: Any = None,
) -> Any:
    """A Hugging Face dataset, or its parquet files, as a dataset of ``(x, y)`` samples.

    Args:
        data: a ``datasets.Dataset`` (one split), or the path or paths of parquet files.
        x: the input's column; by default the only image column.
        y: the target's column; by default ``label`` or another usual name.
        in_memory: whether to decode all images once and keep them as bytes (32 x 32 RGB images
            take 3 kB each), which makes epochs many times faster. Otherwise images are decoded
            whenever they are read.
        transform_groups: transforms to add.

    Returns:
        A :class:`~avalanche.benchmarks.utils.classification_dataset.ClassificationDataset`.

    Raises:
        ImportError: if files are given and the package ``datasets`` is not installed.
        TypeError: if ``data`` is neither a ``datasets.Dataset`` nor a path.
        ValueError: if a column does not exist or can't be guessed, or ``in_memory`` is asked for
            images of different sizes.
    """
    from .classification_dataset import as_classification_dataset

    table = _read_parquet(data) if isinstance(data, (str, os.PathLike, list, tuple)) else data
    if not is_table(table):
        hint = f"; pass one of {sorted(table)}" if isinstance(table, dict) else ""
        raise TypeError(
            f"data={type(table).__name__}: expected one split as a datasets.Dataset, or parquet "
            f"files{hint}"
        )
    images = _of_kind(table, "Image")
    x = _checked(table, "x", x, images[0] if len(images) == 1 else None)
    y = _checked(table, "y", y, _find_target(table))
    source = TableSource(table, (x, y), y)
    return as_classification_dataset(_decoded(source) if in_memory else source, transform_groups)


def _read_parquet(paths: Any) -> Any:
    try:
        from datasets import Dataset
    except ImportError as error:
        raise ImportError(
            "from_hf: reading parquet files needs the package 'datasets'; install it with "
            'pip install "avalanche-lib[hf]"'
        ) from error
    many = [paths] if isinstance(paths, (str, os.PathLike)) else list(paths)
    for path in many:
        if not os.path.isfile(path):
            raise FileNotFoundError(f"data={str(path)!r}: no such file; pass a parquet file")
    return Dataset.from_parquet([str(path) for path in many])


def _of_kind(table: Any, kind: str) -> list[str]:
    return [name for name, feature in table.features.items() if type(feature).__name__ == kind]


def _find_target(table: Any) -> str | None:
    labels = _of_kind(table, "ClassLabel")
    usual = [name for name in _LABELS if name in table.column_names]
    return usual[0] if usual else labels[0] if len(labels) == 1 else None


def _checked(table: Any, argument: str, given: str | None, found: str | None) -> str:
    name = found if given is None else given
    if name is None or name not in table.column_names:
        what = "no column stands out" if name is None else f"{argument}={name!r}: no such column"
        raise ValueError(
            f"from_hf: {what}; expected one of {list(table.column_names)}; name it, e.g. "
            f"from_hf(data, {argument}={table.column_names[0]!r})"
        )
    return name


def _as_column(values: Any) -> Column:
    if isinstance(values, Tensor):
        return values
    if isinstance(values, np.ndarray):
        return torch.from_numpy(values)
    numbers = _numbers_as_tensor(values)
    return numbers if isinstance(numbers, Tensor) else stack_column(list(values))


def _numbers_as_tensor(value: Any) -> Any:
    """A fraction, a list of numbers, or of such lists of one length, as a tensor.

    Anything else stays as it is. Fractions are of torch's default type, one by one as in batches.
    """
    if not isinstance(value, (float, list)):
        return value
    try:
        return torch.tensor(value)
    except (TypeError, ValueError, RuntimeError):
        return value  # images, text, lists of several lengths


def _decoded(source: TableSource) -> ColumnSource:
    """All rows in memory: images as bytes, numbers as tensors."""
    pieces: list[list[Any]] = []
    for start in range(0, len(source), _CHUNK):
        rows = torch.arange(start, min(start + _CHUNK, len(source)))
        pieces.append([_in_memory(c, source) for c in source.gather(rows) or ()])
    columns = [torch.cat(list(parts)) for parts in zip(*pieces, strict=True)]
    images = columns[0].dtype == torch.uint8 and columns[0].ndim == 4
    return ColumnSource(columns, images, source.table)


def _in_memory(column: Column, source: Source) -> Tensor:
    packed: Column | None = column
    if isinstance(column, list):
        packed = pack_images(column)
        if packed is None and column and isinstance(column[0], (int, float, list)):
            packed = torch.as_tensor(column)
    if isinstance(packed, ImageBatch):
        return packed.pixels
    if isinstance(packed, Tensor):
        return packed
    raise ValueError(
        f"in_memory=True: the {source.name} holds images of different sizes or modes, or values "
        "that are no numbers; pass in_memory=False, or resize the images with data.map(...) first"
    )
