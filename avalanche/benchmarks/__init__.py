"""Benchmarks: streams of experiences, ready-made or from your own data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .classic import __all__ as _CLASSIC
from .scenarios import (
    ClassesTimelineCLScenario,
    ClassificationExperience,
    ClassificationScenario,
    ClassificationStream,
    CLExperience,
    CLScenario,
    CLStream,
    DatasetScenario,
    EagerCLStream,
    ExperienceAttribute,
    ExperienceMode,
    FactoryBasedStream,
    GenericClassificationExperience,
    GenericCLScenario,
    LazyCLStream,
    LazyDatasetSequence,
    LazyStreamDefinition,
    MaskedAttributeError,
    NCExperience,
    NCScenario,
    NCStream,
    NIExperience,
    NIScenario,
    NIStream,
    SequenceCLStream,
    SizedCLStream,
    StreamDef,
    StreamUserDef,
    TransformedScenario,
    TStreamsUserDict,
    dataset_benchmark,
    filelist_benchmark,
    lazy_benchmark,
    make_stream,
    nc_benchmark,
    ni_benchmark,
    paths_benchmark,
    tensors_benchmark,
)
from .utils import AvalancheDataset, ConstantSequence, TaskLabels

if TYPE_CHECKING:
    from .classic import *  # noqa: F403

__all__ = [
    *_CLASSIC,
    "AvalancheDataset",
    "CLExperience",
    "CLScenario",
    "CLStream",
    "ClassesTimelineCLScenario",
    "ClassificationExperience",
    "ClassificationScenario",
    "ClassificationStream",
    "ConstantSequence",
    "DatasetScenario",
    "EagerCLStream",
    "ExperienceAttribute",
    "ExperienceMode",
    "FactoryBasedStream",
    "GenericCLScenario",
    "GenericClassificationExperience",
    "LazyCLStream",
    "LazyDatasetSequence",
    "LazyStreamDefinition",
    "MaskedAttributeError",
    "NCExperience",
    "NCScenario",
    "NCStream",
    "NIExperience",
    "NIScenario",
    "NIStream",
    "SequenceCLStream",
    "SizedCLStream",
    "StreamDef",
    "StreamUserDef",
    "TStreamsUserDict",
    "TaskLabels",
    "TransformedScenario",
    "dataset_benchmark",
    "filelist_benchmark",
    "lazy_benchmark",
    "make_stream",
    "nc_benchmark",
    "ni_benchmark",
    "paths_benchmark",
    "tensors_benchmark",
]


def __getattr__(name: str) -> Any:
    """Ready-made benchmarks and the sub-packages, loaded when they are first asked for."""
    from importlib import import_module

    if name in {"classic", "datasets"}:
        return import_module(f".{name}", __name__)
    classic = import_module(".classic", __name__)
    if name in classic.__all__:
        return getattr(classic, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, "classic", "datasets"})
