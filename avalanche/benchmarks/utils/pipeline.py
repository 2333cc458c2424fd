"""Parts of a view: a shared source and the transforms that every sample of it goes through."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import Tensor

from .batched_transforms import Step, steps_of
from .columns import Column, split_column
from .fingerprints import describe_transform
from .sources import TARGET_NAMES, ColumnSource, Source
from .transform_groups import (
    DefaultTransformGroups,
    EmptyTransformGroups,
    TransformDef,
    TransformGroups,
    TransformSequence,
    apply_transform,
)
from .transforms import (
    MultiParamCompose,
    MultiParamTransform,
    MultiParamTransformCallable,
    TupleTransform,
)


class Program:
    """One group's transforms of a part, compiled: which steps run on which element.

    Args:
        transforms: the transforms of the group, in order of application.
    """

    def __init__(self, transforms: Sequence[TransformDef]) -> None:
        self.transforms = [flat for t in transforms for flat in _in_stages(t)]
        self.stages: list[MultiParamTransform | list[list[Step]]] = []
        for transform in self.transforms:
            functions = _per_element(transform)
            if functions is None:
                assert isinstance(transform, MultiParamTransform)
                self.stages.append(transform)
                continue
            if not self.stages or isinstance(self.stages[-1], MultiParamTransform):
                self.stages.append([])
            steps = self.stages[-1]
            assert isinstance(steps, list)
            for position, function in enumerate(functions):
                while len(steps) <= position:
                    steps.append([])
                steps[position].extend(steps_of(function))

    @property
    def by_element(self) -> list[list[Step]] | None:
        """Steps per element where no transform mixes the elements, else None."""
        if not self.stages:
            return []
        only = self.stages[0]
        return only if len(self.stages) == 1 and isinstance(only, list) else None

    @property
    def target_steps(self) -> list[Step]:
        """The steps that run on the second element alone."""
        separate = [stage for stage in self.stages if isinstance(stage, list)]
        return [step for stage in separate if len(stage) > 1 for step in stage[1]]

    def sample(self, sample: Any, label: str | None = None) -> Any:
        """Transform one sample.

        Samples that are no tuples are their own only element. Of dictionaries the entry that
        holds the target counts as the second one.

        Args:
            sample: what the source gave.
            label: the key of the target in dictionaries; by default the first usual name.
        """
        if not self.transforms:
            return sample
        if isinstance(sample, dict):
            return self._dictionary(sample, label)
        is_tuple = isinstance(sample, (tuple, list))
        values = list(sample) if is_tuple else [sample]
        for stage in self.stages:
            if isinstance(stage, MultiParamTransform):
                values = apply_transform(stage, values)
                continue
            for position, steps in enumerate(stage[: len(values)]):
                for step in steps:
                    values[position] = step.sample(values[position])
        return values if is_tuple else values[0]

    def _dictionary(self, sample: Any, label: str | None) -> Any:
        for stage in self.stages:
            if isinstance(stage, MultiParamTransform):
                sample = apply_transform(stage, [sample])[0]
                continue
            for step in stage[0]:
                sample = step.sample(sample)
            names = (label,) if label is not None else TARGET_NAMES
            key = next((n for n in names if isinstance(sample, dict) and n in sample), None)
            if key is not None:
                for step in stage[1] if len(stage) > 1 else ():
                    sample = {**sample, key: step.sample(sample[key])}
        return sample

    def batch(self, columns: list[Column]) -> list[Column]:
        """Transform the columns of a batch; the batch is owned and may be written into."""
        for stage in self.stages:
            if isinstance(stage, MultiParamTransform):
                rows = zip(*(split_column(c) for c in columns), strict=True)
                done = [apply_transform(stage, list(row)) for row in rows]
                columns = [list(field) for field in zip(*done, strict=True)]
                continue
            for position, steps in enumerate(stage[: len(columns)]):
                for step in steps:
                    columns[position] = step(columns[position])
        return columns


class Part:
    """A source with its transforms. Parts are shared by all views that refer to the source.

    Equal parts (the same source object, the same transform objects) are one part in every view,
    so that concatenating views of the same data does not grow anything.

    Args:
        source: the stored samples.
        stages: transform groups in order of application.
        n_frozen: how many of them, from the first, can no longer be replaced.
    """

    def __init__(
        self, source: Source, stages: tuple[TransformGroups, ...] = (), n_frozen: int = 0
    ) -> None:
        self.source = source
        self.stages = stages
        self.n_frozen = n_frozen
        self._programs: dict[str, Program] = {}
        self._fingerprint: str | None = None

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Part):
            return NotImplemented
        mine, theirs = (self.stages, self.n_frozen), (other.stages, other.n_frozen)
        return self is other or (self.source is other.source and mine == theirs)

    def __hash__(self) -> int:
        return hash((id(self.source), len(self.stages), self.n_frozen))

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_programs": {}}

    def program(self, group: str) -> Program:
        """The compiled transforms of a group.

        Raises:
            ValueError: if a stage has no transform for the group.
        """
        if group not in self._programs:
            self._programs[group] = Program([stage[group] for stage in self.stages])
        return self._programs[group]

    def knows_group(self, group: str) -> bool:
        """Whether any transforms are defined for the group; without transforms every group is."""
        filled = [stage for stage in self.stages if not stage.is_empty]
        return not filled or any(group in stage.names for stage in filled)

    def then(self, groups: TransformGroups | None, frozen: bool = False) -> Part:
        """This part with one more stage of transforms after the others."""
        if groups is None:
            return self
        stages = (*self.stages, groups)
        return Part(self.source, stages, len(stages) if frozen else self.n_frozen)

    def then_first(self, groups: TransformGroups) -> Part:
        """This part with one more frozen stage, before those that can be replaced."""
        n = self.n_frozen
        return Part(self.source, (*self.stages[:n], groups, *self.stages[n:]), n + 1)

    def then_labels(self, groups: TransformGroups) -> Part:
        """This part with a frozen stage that changes the labels which its samples show.

        The stage comes before the transforms that can be replaced, which stay replaceable, unless
        these change labels too: it then comes last, and they are frozen.
        """
        later = [stage[name] for stage in self.stages[self.n_frozen :] for name in stage.names]
        if any(_changes_target(transform) for transform in later):
            return self.freeze().then(groups, frozen=True)
        return self.then_first(groups)

    def freeze(self) -> Part:
        """This part with all its transforms frozen."""
        if self.n_frozen == len(self.stages):
            return self
        return Part(self.source, self.stages, len(self.stages))

    def pin(self, group: str) -> Part:
        """This part with the transforms of one group in every group."""
        stages = tuple(DefaultTransformGroups(stage[group]) for stage in self.stages)
        return Part(self.source, stages, self.n_frozen)

    def replace(self, group: str, transform: TransformDef) -> Part:
        """This part with one transform in a group, instead of all that are not frozen.

        What changes targets alone stays, unless the new transform changes targets: the labels that
        samples show remain those in ``targets``.
        """
        if self.n_frozen == len(self.stages):
            if transform is None:
                return self
            return self.then(EmptyTransformGroups().replaced(group, transform))
        frozen, others = self.stages[: self.n_frozen], self.stages[self.n_frozen :]
        relabels = _changes_target(transform)
        kept = [None if relabels else _target_half(stage[group]) for stage in others]
        stages = [stage.replaced(group, k) for stage, k in zip(others, kept, strict=True)]
        if kept[-1] is None:
            stages[-1] = others[-1].replaced(group, transform)
        elif transform is not None:
            stages.append(EmptyTransformGroups().replaced(group, transform))
        return Part(self.source, (*frozen, *stages), self.n_frozen)

    def sample(self, row: int, group: str) -> Any:
        """One transformed sample."""
        sample, program = self.source.sample(row), self.program(group)
        label = None
        if isinstance(sample, dict) and program.target_steps:
            label = self.source.target_key(sample, row)
        return program.sample(sample, label)

    def fetch(self, rows: Tensor, group: str) -> list[Column] | None:
        """The transformed columns of many rows, or None where samples are no tuples."""
        columns = self.source.gather(rows)
        return None if columns is None else self.program(group).batch(columns)

    def element_steps(self, group: str) -> list[list[Step]] | None:
        """Steps per column if the part is in memory and no transform mixes columns, else None."""
        if not isinstance(self.source, ColumnSource):
            return None
        return self.program(group).by_element

    @property
    def fingerprint(self) -> str:
        """A string that is equal for equal data and transforms, in this or another process."""
        if self._fingerprint is None:
            self._fingerprint = self._describe()
        return self._fingerprint

    def _describe(self) -> str:
        described = [
            ",".join(f"{name}={describe_transform(stage[name])}" for name in sorted(stage.names))
            for stage in self.stages
        ]
        return f"{self.source.describe()}|{'|'.join(described)}|frozen={self.n_frozen}"


def _in_stages(transform: TransformDef) -> list[TransformDef]:
    """A transform with sequences of transforms taken apart, so that each can run on batches."""
    if transform is None:
        return []
    if type(transform) is TransformSequence:
        return [stage for part in transform.parts for stage in _in_stages(part)]
    if type(transform) is MultiParamCompose:
        return [stage for part in transform.transforms for stage in _in_stages(part)]
    if type(transform) is MultiParamTransformCallable and transform.max_params == 1:
        return [transform.transform]
    return [transform]


def _per_element(transform: TransformDef) -> list[Any] | None:
    """One transform per element of the sample, or None if it takes all elements at once."""
    if type(transform) is TupleTransform:
        return list(transform.transforms)
    if isinstance(transform, MultiParamTransform):
        return None
    return list(transform) if isinstance(transform, tuple) else [transform]


def _changes_target(transform: TransformDef) -> bool:
    """Whether a transform may change the second element of a sample."""
    for flat in _in_stages(transform):
        functions = _per_element(flat)
        if functions is None or any(f is not None for f in functions[1:2]):
            return True
    return False


def _target_half(transform: TransformDef) -> TransformDef:
    """What a transform does to the second element by itself; None where it does nothing to it."""
    half: TransformDef = None
    for flat in _in_stages(transform):
        functions = _per_element(flat) or ()
        for function in functions[1:2]:
            if function is not None:
                own = (None, function)
                half = own if half is None else TransformSequence(half, own)
    return half
