"""Small datasets and helpers around plain sequences."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeAlias, overload

import numpy as np
from torch import Tensor
from torch.utils.data import Dataset, Subset

SupportedDataset: TypeAlias = "Dataset[Any] | Sequence[Any]"
"""What can be wrapped: any object with ``__len__`` and ``__getitem__``."""


class SubsetWithTargets(Subset[Any]):
    """Torch's ``Subset`` that also has the ``targets`` of its samples.

    Args:
        dataset: a dataset with ``targets``.
        indices: positions of the samples; all for None.

    Raises:
        AttributeError: if the dataset has no ``targets``.
    """

    def __init__(self, dataset: Any, indices: Sequence[int] | None) -> None:
        if not hasattr(dataset, "targets"):
            raise AttributeError(
                f"dataset={type(dataset).__name__}: has no 'targets'; use torch's Subset, or give "
                "the dataset a 'targets' list"
            )
        super().__init__(dataset, list(range(len(dataset)) if indices is None else indices))
        self.targets = SubSequence(dataset.targets, indices=self.indices)


class SubSequence(Sequence[Any]):
    """Some values of a sequence, converted when they are read.

    Args:
        targets: the sequence.
        indices: positions of the values; all for None.
        converter: applied to every value that is read.

    Example:
        >>> list(SubSequence([5, 6, 7], indices=[2, 0], converter=str))
        ['7', '5']
    """

    def __init__(
        self,
        targets: Sequence[Any],
        *,
        indices: Sequence[int] | None = None,
        converter: Callable[[Any], Any] | None = None,
    ) -> None:
        self._values = targets
        self._indices = indices
        self._converter = converter

    def __len__(self) -> int:
        return len(self._values) if self._indices is None else len(self._indices)

    @overload
    def __getitem__(self, index: int) -> Any: ...
    @overload
    def __getitem__(self, index: slice) -> SubSequence: ...
    def __getitem__(self, index: int | slice) -> Any:
        if isinstance(index, slice):
            picked = range(len(self))[index]
            inner = list(picked if self._indices is None else (self._indices[i] for i in picked))
            return SubSequence(self._values, indices=inner, converter=self._converter)
        value = self._values[index if self._indices is None else self._indices[index]]
        if isinstance(value, Tensor) and value.ndim == 0:
            value = value.item()
        return value if self._converter is None else self._converter(value)

    def __iter__(self) -> Iterator[Any]:
        return (self[i] for i in range(len(self)))

    def __eq__(self, other: object) -> bool:
        if isinstance(other, (list, tuple, SubSequence)):
            return list(self) == list(other)
        return NotImplemented

    __hash__ = None  # type: ignore[assignment]  # equal by value, like a list


class SequenceDataset(Dataset[Any]):
    """Sequences of equal length as a dataset of tuples.

    Args:
        sequences: one per element of the sample.
        targets: the targets, or which of the sequences holds them.

    Raises:
        ValueError: if the lengths differ.

    Example:
        >>> data = SequenceDataset(["a", "b"], [3, 4])
        >>> data[1], data.targets
        (('b', 4), [3, 4])
    """

    def __init__(self, *sequences: Sequence[Any], targets: int | Sequence[Any] = 1) -> None:
        lengths = [len(s) for s in sequences]
        if len(set(lengths)) != 1:
            raise ValueError(
                f"sequences of lengths {lengths}: expected at least one, and one length for all; "
                "pass one value per sample in each"
            )
        self._sequences = sequences
        self.targets = sequences[targets] if isinstance(targets, int) else targets

    def __len__(self) -> int:
        return len(self._sequences[0])

    def __getitem__(self, index: int) -> tuple[Any, ...]:
        return tuple(sequence[index] for sequence in self._sequences)


def find_list_from_index(
    pattern_idx: int, list_sizes: Sequence[int], max_size: int, cumulative_sizes: Any = None
) -> tuple[int, int]:
    """In which of several lists in sequence an element is, and where in it.

    Args:
        pattern_idx: position in the joined lists.
        list_sizes: length of every list.
        max_size: length of all together.
        cumulative_sizes: running sums of ``list_sizes``, if they are known.

    Raises:
        IndexError: if the position is out of range.

    Example:
        >>> find_list_from_index(5, [3, 4], 7)
        (1, 2)
    """
    if not 0 <= pattern_idx < max_size:
        raise IndexError(f"pattern_idx={pattern_idx}: expected 0 to {max_size - 1}")
    ends = np.cumsum(list_sizes) if cumulative_sizes is None else np.asarray(cumulative_sizes)
    which = int(np.searchsorted(ends, pattern_idx, side="right"))
    return which, pattern_idx - (int(ends[which - 1]) if which else 0)


def slice_alike_object_to_indices(
    slice_alike_object: slice | int | Iterable[int] | Tensor, max_length: int
) -> list[int]:
    """Positions that a slice, a number or several numbers mean, counted from the start.

    Raises:
        IndexError: if one is out of range.
    """
    if isinstance(slice_alike_object, slice):
        return list(range(*slice_alike_object.indices(max_length)))
    if isinstance(slice_alike_object, int):
        given = [slice_alike_object]
    else:
        given = [int(i) for i in slice_alike_object]
    for position in given:
        if not -max_length <= position < max_length:
            raise IndexError(f"index={position}: expected 0 to {max_length - 1}")
    return [position % max_length for position in given]


def manage_advanced_indexing(
    idx: slice | int | Iterable[int],
    single_element_getter: Callable[[int], Any],
    max_length: int,
    collate_fn: Callable[[list[Any]], Any],
) -> Any:
    """Read one element, or several and collate them.

    Args:
        idx: a position, a slice or positions.
        single_element_getter: reads one element.
        max_length: number of elements.
        collate_fn: joins several elements; one alone is returned as it is.
    """
    elements = [single_element_getter(i) for i in slice_alike_object_to_indices(idx, max_length)]
    return elements[0] if len(elements) == 1 else collate_fn(elements)
