"""Experiences, streams and benchmarks."""

from .classification_scenario import (
    ClassificationExperience,
    ClassificationScenario,
    ClassificationStream,
)
from .dataset_builders import (
    LazyStreamDefinition,
    dataset_benchmark,
    lazy_benchmark,
    tensors_benchmark,
)
from .defined_streams import (
    ClassesTimelineCLScenario,
    DatasetScenario,
    FactoryBasedStream,
)
from .domain_incremental import TransformedScenario
from .file_builders import filelist_benchmark, paths_benchmark
from .generic_scenario import (
    CLExperience,
    CLScenario,
    CLStream,
    EagerCLStream,
    ExperienceAttribute,
    ExperienceMode,
    LazyCLStream,
    MaskedAttributeError,
    SequenceCLStream,
    SizedCLStream,
    make_stream,
)
from .lazy_dataset_sequence import LazyDatasetSequence
from .new_classes import NCExperience, NCScenario, NCStream
from .new_classes_builder import nc_benchmark
from .new_instances import NIExperience, NIScenario, NIStream
from .new_instances_builder import ni_benchmark
from .stream_definitions import StreamDef, StreamUserDef, TStreamsUserDict

GenericCLScenario = ClassificationScenario
GenericClassificationExperience = ClassificationExperience

__all__ = [
    "CLExperience",
    "CLScenario",
    "CLStream",
    "ClassesTimelineCLScenario",
    "ClassificationExperience",
    "ClassificationScenario",
    "ClassificationStream",
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
