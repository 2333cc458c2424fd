"""Per-sample attributes of a dataset: one column per attribute, aligned with the dataset."""

from __future__ import annotations

import numbers
import operator
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, overload

import numpy as np
import torch
from torch import Tensor

from .columns import stack_column
from .flat_data import ConstantSequence


class DataAttribute:
    """Values that belong to the samples of a dataset, such as targets or task labels.

    Numbers are one column (integers as int64), and everything derived from it is computed once,
    when asked for. Other values are kept in a list. It reads like a list: ``len``, iteration,
    indexing, and ``repr`` show plain Python values.

    Args:
        data: one value per sample: a sequence, a tensor or array, or another attribute.
        name: the attribute's name on the dataset.
        use_in_getitem: whether the value is appended to each sample.

    Example:
        >>> labels = DataAttribute(torch.tensor([1, 0, 1]), "targets")
        >>> labels
        [1, 0, 1]
        >>> labels.uniques, labels.count, labels.val_to_idx
        ({0, 1}, {0: 1, 1: 2}, {0: [1], 1: [0, 2]})
    """

    def __init__(self, data: Any, name: str, use_in_getitem: bool = False) -> None:
        self.name = name
        self.use_in_getitem = use_in_getitem
        self._column = as_column(data)
        self._groups: dict[Any, Tensor] | None = None

    @property
    def values(self) -> Tensor:
        """All values as one tensor; integers as int64.

        Raises:
            TypeError: if the values are no numbers.
        """
        if isinstance(self._column, Tensor):
            return self._column
        raise TypeError(
            f"attribute {self.name!r} holds {type(self._column[0]).__name__} values, not numbers; "
            "read them through .data"
        )

    @property
    def column(self) -> Tensor | list[Any]:
        """The values as they are stored: a tensor for numbers, else a list."""
        return self._column

    @property
    def data(self) -> list[Any]:
        """All values as a list of plain Python values."""
        return list(self)

    @property
    def groups(self) -> dict[Any, Tensor]:
        """Positions of every value, in order, as int64 tensors; values in ascending order."""
        if self._groups is None:
            self._groups = _group_positions(self._column)
        return self._groups

    @property
    def uniques(self) -> set[Any]:
        """The values that occur; vectors as tuples."""
        return set(self.groups)

    @property
    def count(self) -> dict[Any, int]:
        """How often each value occurs."""
        return {value: len(positions) for value, positions in self.groups.items()}

    @property
    def val_to_idx(self) -> dict[Any, list[int]]:
        """Positions of each value, as lists."""
        return {value: positions.tolist() for value, positions in self.groups.items()}

    def gather(self, indices: Tensor) -> Tensor | list[Any]:
        """The values at ``indices``, in the stored form."""
        if isinstance(self._column, Tensor):
            return self._column.index_select(0, indices)
        return [self._column[i] for i in indices.tolist()]

    def subset(self, indices: Sequence[int] | Tensor) -> DataAttribute:
        """The attribute of the samples at ``indices``."""
        picked = self.gather(torch.as_tensor(indices, dtype=torch.int64))
        return DataAttribute(picked, self.name, self.use_in_getitem)

    def concat(self, other: DataAttribute) -> DataAttribute:
        """The attribute of both datasets in sequence."""
        return concat_attributes([self, other])

    @overload
    def __getitem__(self, item: int) -> Any: ...
    @overload
    def __getitem__(self, item: slice) -> DataAttribute: ...
    def __getitem__(self, item: int | slice) -> Any:
        if isinstance(item, slice):
            return DataAttribute(self._column[item], self.name, self.use_in_getitem)
        if isinstance(self._column, Tensor):
            value = self._column[item]
            return value.item() if value.ndim == 0 else value
        return self._column[item]

    def __iter__(self) -> Iterator[Any]:
        if isinstance(self._column, Tensor) and self._column.ndim == 1:
            return iter(self._column.tolist())
        return iter(self._column)

    def __len__(self) -> int:
        return len(self._column)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, (DataAttribute, list, tuple)):
            mine, theirs = self._column, as_column(other)
            if isinstance(mine, Tensor) and isinstance(theirs, Tensor):
                return mine.shape == theirs.shape and bool((mine == theirs).all())
            return len(mine) == len(theirs) and all(
                _equal(a, b) for a, b in zip(mine, theirs, strict=True)
            )
        return NotImplemented

    __hash__ = None  # type: ignore[assignment]  # equal by value, like a list

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray[Any, Any]:
        return np.asarray(self._column, dtype=dtype)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_groups": None}

    def __repr__(self) -> str:
        return repr(self.data)


def TensorDataAttribute(data: Any, name: str, use_in_getitem: bool = False) -> DataAttribute:
    """A :class:`DataAttribute` of tensors; the older name of the same thing."""
    return DataAttribute(data, name, use_in_getitem)


def TaskLabels(task_labels: Any) -> DataAttribute:
    """Task labels as the attribute ``targets_task_labels``, part of every sample."""
    return DataAttribute(task_labels, "targets_task_labels", use_in_getitem=True)


def task_labels_of(labels: Any, length: int) -> DataAttribute:
    """Task labels of samples: one whole number for all of them, or one per sample.

    Raises:
        TypeError: for a single value that is no whole number.
    """
    if is_single(labels):
        try:
            labels = ConstantSequence(operator.index(labels), length)
        except TypeError as error:
            raise TypeError(
                f"task_labels={labels!r}: expected a whole number for all samples, or one per "
                "sample; pass e.g. task_labels=0"
            ) from error
    return TaskLabels(labels)


def is_single(values: Any) -> bool:
    """Whether this is one value, a Python number or one of numpy or torch, not a sequence."""
    return isinstance(values, numbers.Number) or getattr(values, "shape", None) == ()


def concat_attributes(attributes: Sequence[DataAttribute]) -> DataAttribute:
    """One attribute over several datasets in sequence; the first one's name and options."""
    columns = [a.column for a in attributes if len(a)]
    first = attributes[0]
    joined: Tensor | list[Any]
    if columns and all(isinstance(c, Tensor) and c.shape[1:] == _tail(columns) for c in columns):
        joined = torch.cat(columns)  # type: ignore[arg-type]
    else:
        joined = [value for a in attributes for value in a]
    return DataAttribute(joined, first.name, first.use_in_getitem)


def as_column(data: Any) -> Tensor | list[Any]:
    """Values as a column: a tensor where they are numbers (integers as int64), else a list."""
    if isinstance(data, DataAttribute):
        return data.column
    if isinstance(data, ConstantSequence):
        one = as_column([data.value])
        return one.expand(len(data)) if isinstance(one, Tensor) and len(data) else list(data)
    if isinstance(data, Tensor):
        column = data.detach()
    else:
        values: Iterable[Any] = data if isinstance(data, np.ndarray) else list(data)
        if isinstance(values, list) and any(isinstance(v, Tensor) and v.ndim for v in values):
            return stack_column(values)  # type: ignore[return-value]
        try:
            array = np.asarray(values)
        except ValueError:  # ragged values are no numbers: they stay a list
            return list(values)
        if array.size == 0:
            return torch.zeros(0, dtype=torch.int64)
        if array.ndim == 0 or array.dtype.kind not in "iufb":
            return list(values)
        column = torch.from_numpy(array.copy())
    if column.is_floating_point() or column.is_complex():
        return column
    return column.to(torch.int64)


def has_task_labels(dataset: Any) -> bool:
    """Whether a dataset says which task each of its samples belongs to."""
    return getattr(dataset, "targets_task_labels", None) is not None


def _equal(a: Any, b: Any) -> bool:
    """Equality of two values that may hold tensors, as the targets of detection do."""
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(_equal(a[k], b[k]) for k in a)
    if isinstance(a, (Tensor, np.ndarray)) or isinstance(b, (Tensor, np.ndarray)):
        one, two = torch.as_tensor(a), torch.as_tensor(b)
        return one.shape == two.shape and bool((one == two).all())
    return bool(a == b)


def _tail(columns: Sequence[Any]) -> Any:
    return columns[0].shape[1:] if isinstance(columns[0], Tensor) else None


def _group_positions(column: Tensor | list[Any]) -> dict[Any, Tensor]:
    if isinstance(column, Tensor) and column.ndim == 1:
        array = column.cpu().numpy()
        if array.size and array.dtype.kind == "i" and array.min() >= 0 and array.max() < 2**15:
            array = array.astype(np.int16)  # stable sort of 16 bits is a radix sort: linear
        order = np.argsort(array, kind="stable")
        ordered = array[order]
        changes = np.flatnonzero(ordered[1:] != ordered[:-1]) + 1
        pieces = np.split(order, changes) if array.size else []
        return {array[piece[0]].item(): torch.from_numpy(piece) for piece in pieces}
    groups: dict[Any, list[int]] = {}
    many = isinstance(column, Tensor)  # vectors (several labels per sample): tuples can be keys
    for position, value in enumerate(column.flatten(1).tolist() if many else column):  # type: ignore[union-attr]
        try:
            groups.setdefault(tuple(value) if many else value, []).append(position)
        except TypeError as error:
            raise TypeError(
                f"values of type {type(value).__name__} can't be grouped by value: expected "
                "numbers, strings or vectors; read them one by one instead"
            ) from error
    return {value: torch.tensor(positions) for value, positions in groups.items()}
