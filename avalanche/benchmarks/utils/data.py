"""`AvalancheDataset`: an immutable view over shared data, with attributes and transforms."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar, overload

import torch
from torch import Tensor
from torch.utils.data import Dataset
from typing_extensions import Self

from .data_attribute import DataAttribute
from .fetch import Fetcher, split_order
from .pipeline import Part
from .transform_groups import TransformDef, TransformGroups, groups_of_options, unknown_group
from .view import View
from .view_state import view_from_state, with_collate
from .wrap import Operand, as_index, as_list, check_attribute, merge_operands, operand_of

D = TypeVar("D", bound="AvalancheDataset")


class AvalancheDataset(Dataset[Any]):
    """Samples of one or several sources, by reference, with per-sample attributes and transforms.

    Subset, concatenation and the change of transforms return new datasets, never copy or touch a
    sample, and never nest: whatever the history, a dataset is its distinct sources, one row
    number per sample, and one column per attribute. :meth:`batch` collates many samples at once
    with one gather per column, which is what the loaders use.

    Args:
        datasets: a dataset, or a sequence of datasets to concatenate: any map-style dataset,
            tensors in a ``TensorDataset``, torch's ``Subset`` and ``ConcatDataset``, Hugging Face
            datasets, a list of samples, a tuple of arrays or tensors ``(x, y)``, other Avalanche
            datasets.
        indices: the samples to keep, by position in the concatenated data; all by default.
        data_attributes: attributes of the concatenated data, one value per sample.
        transform_groups: transforms applied after those that the datasets carry.
        frozen_transform_groups: the same, applied before ``transform_groups``, and not
            affected by :meth:`replace_current_transform_group`.
        collate_fn: makes a batch from a list of samples; by default the first dataset's, else
            torch's default collation, which alone allows the fast path.
        **older: what releases up to 0.2 took, ``transform``, ``target_transform``,
            ``initial_transform_group``, ``task_labels``, ``targets`` and ``dataset_type``; samples
            are ``(x, y, t)`` then, as those of ``make_classification_dataset``.

    Raises:
        TypeError: if something given is no dataset, or an argument has an unknown name.
        ValueError: if an attribute's length is not that of the data.
        IndexError: if an index is out of range.

    Example:
        >>> from torch.utils.data import TensorDataset
        >>> labels = DataAttribute([0, 1, 1], "targets")
        >>> tensors = TensorDataset(torch.tensor([1.0, 2.0, 3.0]), torch.tensor([0, 1, 1]))
        >>> data = AvalancheDataset(tensors, data_attributes=[labels])
        >>> part = data.subset([2, 0])
        >>> part.targets, part.batch([0, 1])
        ([1, 0], [tensor([3., 1.]), tensor([1, 0])])
    """

    def __new__(cls, *args: Any, **words: Any) -> Self:
        """With arguments of earlier releases, a dataset that knows its targets and tasks."""
        if cls is AvalancheDataset and words:
            from .older_names import OLDER_WORDS, Supervised

            if not OLDER_WORDS.isdisjoint(words):
                made: Any = super().__new__(Supervised)
                return made  # type: ignore[no-any-return]
        return super().__new__(cls)

    def __init__(
        self,
        datasets: Dataset[Any] | Sequence[Any],
        *,
        indices: Sequence[int] | Tensor | None = None,
        data_attributes: Sequence[DataAttribute] | None = None,
        transform_groups: TransformGroups | Mapping[str, Any] | None = None,
        frozen_transform_groups: TransformGroups | Mapping[str, Any] | None = None,
        collate_fn: Callable[[list[Any]], Any] | None = None,
        **older: Any,
    ) -> None:
        if older:
            from .older_names import made_with_older_words

            older["transform_groups"] = transform_groups
            datasets, transform_groups = made_with_older_words(datasets, older), None
        transform_groups = groups_of_options(None, None, transform_groups)
        frozen_transform_groups = groups_of_options(None, None, frozen_transform_groups)
        known: dict[int, Operand] = {}
        operands = [operand_of(d, known) for d in as_list(datasets)]
        merged = merge_operands(operands)
        view, attributes = merged.view, dict(merged.attributes)
        for attribute in data_attributes or ():
            check_attribute(attribute, len(view))
            attributes[attribute.name] = attribute
        if indices is not None:
            index = as_index(indices, len(view))
            view = view.subset(index)
            attributes = {name: a.subset(index) for name, a in attributes.items()}
        if frozen_transform_groups is not None:
            view = view.map_parts(lambda p: p.then(frozen_transform_groups, frozen=True))
        if transform_groups is not None:
            view = view.map_parts(lambda p: p.then(transform_groups))
        group = merged.group
        if group is None:
            group = "train" if transform_groups is None else transform_groups.current_group
        self._collate_fn = collate_fn or merged.collate_fn or type(self)._default_collate()
        self._view = with_collate(view, self._collate_fn)
        self._attributes = attributes
        self._group: str = group
        self._fetcher: Fetcher | None = None

    @classmethod
    def _default_collate(cls) -> Callable[[list[Any]], Any] | None:
        """What makes batches where nobody says; None is the library's own fast path."""
        return None

    # What the dataset is made of

    @property
    def parts(self) -> tuple[Part, ...]:
        """The distinct sources with their transforms that the samples refer to."""
        return self._view.parts

    @property
    def part_ids(self) -> Tensor | None:
        """Position in :attr:`parts` of every sample, int64; None if there is a single part."""
        return self._view.part_ids

    @property
    def rows(self) -> Tensor:
        """Row in its part's source of every sample, int64."""
        return self._view.rows

    @property
    def data_attributes(self) -> dict[str, DataAttribute]:
        """The attributes by name."""
        return dict(self._attributes)

    @property
    def current_group(self) -> str:
        """Name of the transform group in use."""
        return self._group

    @property
    def collate_fn(self) -> Callable[[list[Any]], Any] | None:
        """The function that makes a batch from samples; None means torch's default."""
        return self._collate_fn

    @property
    def transform(self) -> Any:
        """Not available: a dataset has transform groups, and its views share them.

        Raises:
            AttributeError: always.
        """
        raise AttributeError(
            "transform: a dataset has transform groups instead of one transform; use "
            "replace_current_transform_group(transform) to get a dataset with another one"
        )

    def __getattr__(self, name: str) -> DataAttribute:
        attributes = self.__dict__.get("_attributes", {})
        if name in attributes:
            found: DataAttribute = attributes[name]
            return found
        if hasattr(type(self), name):  # a property failed: let it say why
            object.__getattribute__(self, name)
        if name.startswith("__") or name == "_attributes":
            raise AttributeError(name)
        from .older_names import FORMER_METHODS

        kind = type(self).__name__
        if name in FORMER_METHODS:
            message = f"{kind} has no method {name!r} any more; {FORMER_METHODS[name]}"
            raise AttributeError(message, name=name, obj=None)
        near = difflib.get_close_matches(name, [*attributes, *dir(type(self))], 1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        raise AttributeError(
            f"{kind} has no attribute {name!r}; {hint}its data attributes are "
            f"{sorted(attributes)}; add one with update_data_attribute({name!r}, values)",
            name=name,
            obj=None,  # Python would look for near names once more
        )

    # Samples

    def __len__(self) -> int:
        return len(self._view)

    @overload
    def __getitem__(self, index: int) -> Any: ...
    @overload
    def __getitem__(self: D, index: slice) -> D: ...
    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return self.subset(torch.arange(len(self))[index])
        position = int(index)
        if not -len(self) <= position < len(self):
            raise IndexError(f"index={position}: the dataset has {len(self)} samples")
        position %= len(self)
        part, row = self._view.locate(position)
        sample = part.sample(row, self._group)
        extra = {n: a[position] for n, a in self._attributes.items() if a.use_in_getitem}
        if isinstance(sample, dict):
            return {**sample, **extra} if extra else sample
        if not extra and not part.stages:
            return sample
        if not isinstance(sample, (tuple, list)):
            return [sample, *extra.values()] if extra else sample
        return [*sample, *extra.values()]

    def __getitems__(self, indices: Sequence[int]) -> list[Any]:
        """Several samples, as torch's own DataLoader asks for them."""
        return [self[i] for i in indices]

    def __iter__(self) -> Iterator[Any]:
        return (self[i] for i in range(len(self)))

    def batch(self, indices: Tensor | Sequence[int]) -> Any:
        """The samples at ``indices``, transformed and collated.

        Args:
            indices: positions in this dataset, int64 ``(batch,)``.

        Returns:
            One tensor per element of the sample, ``[x, y, ...]`` with the attributes that are
            part of samples at the end (or what ``collate_fn`` makes of the list of samples).

        Raises:
            IndexError: if an index is out of range.
        """
        index = torch.as_tensor(indices, dtype=torch.int64)
        if self._collate_fn is None:
            try:
                fetched = self.fetcher(index)
            except IndexError:
                as_index(index, len(self))  # raises with a better message
                fetched = self.fetcher(index % len(self))
            if fetched is not None:
                return fetched
        return self._collate_samples(index)

    def batches(self, order: Tensor, size: int | Sequence[int]) -> Iterator[Any]:
        """Collated batches of consecutive pieces of ``order``: the loaders' inner loop.

        Args:
            order: positions in this dataset, int64.
            size: samples per batch (the last batch may be smaller), or one size per batch.
        """
        if self._collate_fn is not None:
            for index in split_order(order, size):
                yield self._collate_samples(index)
        elif self.fetcher.is_fast:
            yield from self.fetcher.batches(order, size)
        else:
            for index in split_order(order, size):
                yield self.batch(index)

    @property
    def fetcher(self) -> Fetcher:
        """The compiled batch access of this dataset."""
        if self._fetcher is None:
            extra = [a.column for a in self._attributes.values() if a.use_in_getitem]
            self._fetcher = Fetcher(self._view, self._group, extra)
        return self._fetcher

    def _collate_samples(self, index: Tensor) -> Any:
        from torch.utils.data import default_collate

        collate = self._collate_fn or default_collate
        return collate([self[i] for i in index.tolist()])

    # Other datasets from this one

    def subset(self: D, indices: Sequence[int] | Tensor) -> D:
        """The samples at ``indices``, in that order.

        Raises:
            IndexError: if an index is out of range.
        """
        index = as_index(indices, len(self))
        attributes = {name: a.subset(index) for name, a in self._attributes.items()}
        return self._derive(self._view.subset(index), attributes)

    def concat(self: D, other: Any) -> D:
        """The samples of both, keeping the attributes that both have, and this one's group.

        Batches are made by the first ``collate_fn`` that one of them has.
        """
        merged = merge_operands([operand_of(self), operand_of(other)])
        return self._derive(merged.view, merged.attributes, collate_fn=merged.collate_fn)

    def __add__(self: D, other: Any) -> D:  # type: ignore[override]
        return self.concat(other)

    def __radd__(self: D, other: Any) -> D:
        merged = merge_operands([operand_of(other), operand_of(self)])
        return self._derive(merged.view, merged.attributes, collate_fn=merged.collate_fn)

    def train(self: D) -> D:
        """The same samples with the ``train`` transforms."""
        return self.with_transforms("train")

    def eval(self: D) -> D:
        """The same samples with the ``eval`` transforms."""
        return self.with_transforms("eval")

    def with_transforms(self: D, group_name: str) -> D:
        """The same samples with another group of transforms.

        Raises:
            ValueError: if the dataset does not define the group.
        """
        if not self.has_transforms(group_name):
            known = {name for part in self.parts for stage in part.stages for name in stage.names}
            raise unknown_group(group_name, sorted(known))
        for part in self.parts:
            part.program(group_name)
        return self._derive(self._view, self._attributes, group_name)

    def has_transforms(self, group_name: str) -> bool:
        """Whether any of the data defines the group (all data without transforms does)."""
        return not self.parts or any(part.knows_group(group_name) for part in self.parts)

    def freeze_transforms(self: D) -> D:
        """The same samples; the present transforms can no longer be replaced or removed."""
        return self._derive(self._view.map_parts(Part.freeze), self._attributes)

    def replace_current_transform_group(self: D, transform: TransformDef) -> D:
        """The same samples with another transform in the current group; frozen ones stay."""
        group = self._group
        view = self._view.map_parts(lambda part: part.replace(group, transform))
        return self._derive(view, self._attributes)

    def remove_current_transform_group(self: D) -> D:
        """The same samples with no transform in the current group, but for frozen ones."""
        return self.replace_current_transform_group(None)

    def update_data_attribute(self: D, name: str, new_value: Any) -> D:
        """The same samples with an attribute added or changed.

        Args:
            name: the attribute.
            new_value: one value per sample, or a :class:`DataAttribute`. A changed attribute
                stays part of the samples if it was; a new one is no part of them unless a
                ``DataAttribute`` says so.

        Raises:
            ValueError: if the number of values is not the number of samples.
        """
        if not isinstance(new_value, DataAttribute):
            old = self._attributes.get(name)
            new_value = DataAttribute(new_value, name, old is not None and old.use_in_getitem)
        check_attribute(new_value, len(self))
        return self._derive(self._view, {**self._attributes, name: new_value})

    @classmethod
    def from_state(cls, state: Mapping[str, Any], parts: Iterable[Part]) -> Any:
        """The dataset that ``view_state(dataset)`` described, with its data among ``parts``.

        Raises:
            ValueError: if the data is not among the parts.
        """
        return view_from_state(state, parts)

    def _derive(
        self: D,
        view: View,
        attributes: dict[str, DataAttribute],
        group: str | None = None,
        collate_fn: Callable[[list[Any]], Any] | None = None,
    ) -> D:
        other = type(self).__new__(type(self))
        other.__dict__.update(self.__dict__)
        other._collate_fn = collate_fn or self._collate_fn
        other._view = with_collate(view, other._collate_fn)
        other._attributes = attributes
        other._group = group or self._group
        other._fetcher = None
        return other

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, AvalancheDataset):
            return NotImplemented
        return self is other or (
            self.parts == other.parts
            and self._group == other._group
            and torch.equal(self.rows, other.rows)
            and _equal_ids(self.part_ids, other.part_ids)
            and self._attributes == other._attributes
        )

    def __hash__(self) -> int:
        return hash((len(self), self._group, len(self.parts)))

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_fetcher": None}

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}({len(self)} samples, {len(self.parts)} part(s), "
            f"attributes={sorted(self._attributes)}, group={self._group!r})"
        )


def _equal_ids(a: Tensor | None, b: Tensor | None) -> bool:
    return (a is None and b is None) or (a is not None and b is not None and torch.equal(a, b))


make_avalanche_dataset = AvalancheDataset  # a function of avalanche-lib 0.6
