"""Datasets in checkpoints: by reference to their parts, never by copy of their samples."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from .data_attribute import DataAttribute
from .fingerprints import describe_transform
from .pipeline import Part
from .view import View

if TYPE_CHECKING:
    from .data import AvalancheDataset

Collate = Callable[[list[Any]], Any]


class CollatedPart(Part):
    """A part that knows what makes batches of its samples, so that a state finds it again.

    It equals the part that it comes from.

    Args:
        part: the samples and their transforms.
        collate_fn: makes a batch from a list of samples.
    """

    def __init__(self, part: Part, collate_fn: Collate) -> None:
        super().__init__(part.source, part.stages, part.n_frozen)
        self._programs, self._fingerprint = part._programs, part._fingerprint
        self.collate_fn = collate_fn


def with_collate(view: View, collate_fn: Collate | None) -> View:
    """The view with parts that know their ``collate_fn``; without one, the view as it is."""
    if collate_fn is None or all(_collate_of(part) is collate_fn for part in view.parts):
        return view
    parts = tuple(
        part if _collate_of(part) is collate_fn else CollatedPart(part, collate_fn)
        for part in view.parts
    )
    return View(parts, view.part_ids, view.rows)


def view_state(dataset: AvalancheDataset) -> dict[str, Any]:
    """A dataset as tensors and plain values: fingerprints of its parts, rows, attributes.

    What it refers to (images, transforms, a ``collate_fn``) is not stored: :func:`view_from_state`
    finds it again among the parts of a benchmark that was made in the same way.

    Example:
        >>> from avalanche.benchmarks import SplitDigits
        >>> benchmark = SplitDigits(5, seed=0)
        >>> some = benchmark.train_stream[1].dataset.subset([5, 3])
        >>> again = view_from_state(view_state(some), benchmark.dataset_parts())
        >>> again == some
        True
    """
    collate = dataset.collate_fn
    own = collate is not None and collate != type(dataset)._default_collate()
    return {
        "kind": type(dataset).__name__,
        "fingerprints": [part.fingerprint for part in dataset.parts],
        "details": [part.source.details() for part in dataset.parts],
        "part_ids": dataset.part_ids,
        "rows": dataset.rows,
        "group": dataset.current_group,
        "collate_fn": describe_transform(collate) if own else None,
        "attributes": {
            name: {"column": attribute.column, "use_in_getitem": attribute.use_in_getitem}
            for name, attribute in dataset.data_attributes.items()
        },
    }


def view_from_state(state: Mapping[str, Any], parts: Iterable[Part]) -> Any:
    """The dataset that :func:`view_state` described.

    Args:
        state: what :func:`view_state` gave.
        parts: where to look for the data: the parts of the benchmark's datasets. Their frozen
            forms are found too.

    Returns:
        A dataset of the class that was stored.

    Raises:
        ValueError: if a fingerprint belongs to none of the parts, or to several different ones,
            or the ``collate_fn`` to none.
    """
    from .data import AvalancheDataset

    parts = list(parts)
    wanted = state["fingerprints"]
    found: dict[str, dict[str, Part]] = {name: {} for name in wanted}
    known = set()
    for part in parts:
        for candidate in (part, part.freeze()):
            known.add(candidate.fingerprint)
            if candidate.fingerprint in found:
                found[candidate.fingerprint].setdefault(part.source.details(), candidate)
    missing = [name for name in wanted if not found[name]]
    if missing:
        how = "" if known else ": maybe_load_checkpoint(strategy, fname, unique_objects=benchmark)"
        raise ValueError(
            f"fingerprint='{missing[0]}': no such data among the {len(known)} known ones; resume "
            f"with a benchmark made with the same data, arguments and transforms{how}"
        )
    kinds = {kind.__name__: kind for kind in _family(AvalancheDataset)}
    if state["kind"] not in kinds:
        raise ValueError(f"kind={state['kind']!r}: expected one of {sorted(kinds)}")
    attributes = {
        name: DataAttribute(stored["column"], name, stored["use_in_getitem"])
        for name, stored in state["attributes"].items()
    }
    details = state.get("details", [""] * len(wanted))
    chosen = tuple(_the_one(found[n], n, d) for n, d in zip(wanted, details, strict=True))
    view = View(chosen, state["part_ids"], state["rows"])
    collate = _known_collate(state.get("collate_fn"), parts)
    return kinds[state["kind"]]([])._derive(view, attributes, state["group"], collate)


def _known_collate(description: str | None, parts: Iterable[Part]) -> Collate | None:
    """The ``collate_fn`` that was stored; None where none was, as in older states."""
    if description is None:
        return None
    known: dict[int, Collate] = {}
    for part in parts:
        collate = _collate_of(part)
        if collate is None or id(collate) in known:
            continue
        if describe_transform(collate) == description:
            return collate
        known[id(collate)] = collate
    raise ValueError(
        f"collate_fn={description!r}: none of the data makes its batches with it; resume with a "
        "benchmark whose datasets are made with the same collate_fn"
    )


def _collate_of(part: Part) -> Collate | None:
    return part.collate_fn if isinstance(part, CollatedPart) else None


def _the_one(candidates: Mapping[str, Part], fingerprint: str, details: str) -> Part:
    """The part that was stored, among those with its fingerprint."""
    if len(candidates) > 1 and details not in candidates:
        raise ValueError(
            f"fingerprint='{fingerprint}': {len(candidates)} different datasets of the benchmark "
            "have it, and none is certainly the stored one; give the dataset a list 'paths' or "
            "'samples' that tells its samples apart, or leave its folder where it was"
        )
    return candidates.get(details) or next(iter(candidates.values()))


def _family(kind: type[AvalancheDataset]) -> list[type[AvalancheDataset]]:
    """A class and all classes below it that have been defined."""
    return [kind, *(below for child in kind.__subclasses__() for below in _family(child))]
