"""From datasets and benchmarks back to the data that they refer to."""

from __future__ import annotations

from typing import Any

from .data import AvalancheDataset
from .pipeline import Part
from .transforms import MultiParamTransform, TupleTransform
from .utils import as_avalanche_dataset, concat_datasets

Leaf = tuple[Any, list[int], list[Any]]


def dataset_list_from_benchmark(benchmark: Any) -> list[AvalancheDataset]:
    """The datasets of all experiences of all streams, stream by stream.

    Args:
        benchmark: an object with ``streams``, a mapping from name to stream.
    """
    return [experience.dataset for stream in benchmark.streams.values() for experience in stream]


def flat_datasets_from_benchmark(
    benchmark: Any, include_leaf_transforms: bool = True
) -> list[Leaf]:
    """The data behind a benchmark: what its experiences refer to, and which samples of it.

    Args:
        benchmark: see :func:`dataset_list_from_benchmark`.
        include_leaf_transforms: see :func:`single_flat_dataset`.

    Returns:
        Per wrapped dataset and chain of transforms: ``(dataset, positions, transforms)``, with
        the positions in the order of the streams.
    """
    whole = concat_datasets(dataset_list_from_benchmark(benchmark))
    return _leaves(whole, include_leaf_transforms)


def leaf_datasets(dataset: Any) -> dict[Any, list[tuple[int, list[Any]]]]:
    """Per wrapped dataset, the position of every sample in it and the sample's transforms.

    Example:
        >>> import torch
        >>> from torch.utils.data import TensorDataset
        >>> wrapped = TensorDataset(torch.arange(5))
        >>> leaf_datasets(AvalancheDataset(wrapped).subset([3, 1])) == {wrapped: [(3, []), (1, [])]}
        True
    """
    found: dict[Any, list[tuple[int, list[Any]]]] = {}
    data = as_avalanche_dataset(dataset)
    chains = [_transforms_of(part, data.current_group) for part in data.parts]
    ids = [0] * len(data) if data.part_ids is None else data.part_ids.tolist()
    for which, row in zip(ids, data.rows.tolist(), strict=True):
        found.setdefault(data.parts[which].source.origin, []).append((row, chains[which]))
    return found


def single_flat_dataset(
    dataset: Any, include_leaf_transforms: bool = True
) -> tuple[Any, list[int], list[Any]] | None:
    """The one wrapped dataset that all samples belong to, or None if there are several.

    Args:
        dataset: any dataset.
        include_leaf_transforms: whether transforms that the wrapped dataset carried itself are
            among those returned.

    Returns:
        ``(wrapped dataset, positions, transforms)``.
    """
    leaves = _leaves(as_avalanche_dataset(dataset), include_leaf_transforms)
    return leaves[0] if len(leaves) == 1 else None


def _leaves(data: AvalancheDataset, include_leaf_transforms: bool) -> list[Leaf]:
    leaves = []
    for position, part in enumerate(data.parts):
        rows = data.rows if data.part_ids is None else data.rows[data.part_ids == position]
        chain = _transforms_of(part, data.current_group)
        if not include_leaf_transforms and part.source.has_own_transforms:
            chain = chain[1:]
        leaves.append((part.source.origin, rows.tolist(), chain))
    return leaves


def _transforms_of(part: Part, group: str) -> list[Any]:
    chain: list[Any] = []
    for transform in part.program(group).transforms:
        if not isinstance(transform, MultiParamTransform):
            functions = transform if isinstance(transform, tuple) else (transform,)
            transform = TupleTransform(functions)
        chain.append(transform)
    return chain
