"""Experiences, streams and benchmarks."""

from ..utils import AvalancheDataset, ConstantSequence, TaskLabels
from .classes_timeline import with_classes_timeline
from .classification_scenario import (
    ClassificationExperience,
    ClassificationScenario,
    ClassificationStream,
)
from .data_incremental import data_incremental_benchmark
from .dataset_builders import (
    LazyStreamDefinition,
    dataset_benchmark,
    lazy_benchmark,
    tensors_benchmark,
)
from .dataset_experience import DatasetExperience
from .dataset_scenario import benchmark_from_datasets
from .defined_streams import (
    ClassesTimelineCLScenario,
    DatasetScenario,
    FactoryBasedStream,
)
from .detection_scenario import (
    DetectionCLScenario,
    DetectionExperience,
    DetectionScenario,
    DetectionStream,
)
from .domain_incremental import TransformedScenario
from .exmodel_scenario import ExModelCLScenario, ExModelExperience
from .file_builders import filelist_benchmark, paths_benchmark
from .functional import ocl_split, split_by_class
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
from .older_names import (
    AbstractExperience,
    Experience,
    GenericExperience,
    GenericScenarioStream,
    OnlineClassificationExperience,
    ScenarioStream,
)
from .online import (
    FixedSizeExperienceSplitter,
    OnlineCLExperience,
    OnlineCLScenario,
    split_continuous_linear_decay_stream,
    split_online_stream,
)
from .reinforcement_learning import RLExperience, RLScenario
from .steps import (
    DatasetPart,
    DatasetType,
    IStepInfo,
    NCBatchInfo,
    NCTaskInfo,
    NIBatchInfo,
)
from .stream_definitions import StreamDef, StreamUserDef, TStreamsUserDict
from .supervised import class_incremental_benchmark, new_instances_benchmark
from .task_aware import (
    TaskAware,
    has_task_labels,
    task_incremental_benchmark,
    with_task_labels,
)
from .validation import (
    benchmark_with_validation_stream,
    split_validation_class_balanced,
    split_validation_random,
)

create_multi_dataset_generic_benchmark = dataset_benchmark
create_lazy_generic_benchmark = lazy_benchmark
GenericCLScenario = ClassificationScenario
GenericClassificationExperience = ClassificationExperience

__all__ = [
    "AbstractExperience",
    "AvalancheDataset",
    "CLExperience",
    "CLScenario",
    "CLStream",
    "ClassesTimelineCLScenario",
    "ClassificationExperience",
    "ClassificationScenario",
    "ClassificationStream",
    "ConstantSequence",
    "DatasetExperience",
    "DatasetPart",
    "DatasetScenario",
    "DatasetType",
    "DetectionCLScenario",
    "DetectionExperience",
    "DetectionScenario",
    "DetectionStream",
    "EagerCLStream",
    "ExModelCLScenario",
    "ExModelExperience",
    "Experience",
    "ExperienceAttribute",
    "ExperienceMode",
    "FactoryBasedStream",
    "FixedSizeExperienceSplitter",
    "GenericCLScenario",
    "GenericClassificationExperience",
    "GenericExperience",
    "GenericScenarioStream",
    "IStepInfo",
    "LazyCLStream",
    "LazyDatasetSequence",
    "LazyStreamDefinition",
    "MaskedAttributeError",
    "NCBatchInfo",
    "NCExperience",
    "NCScenario",
    "NCStream",
    "NCTaskInfo",
    "NIBatchInfo",
    "NIExperience",
    "NIScenario",
    "NIStream",
    "OnlineCLExperience",
    "OnlineCLScenario",
    "OnlineClassificationExperience",
    "RLExperience",
    "RLScenario",
    "ScenarioStream",
    "SequenceCLStream",
    "SizedCLStream",
    "StreamDef",
    "StreamUserDef",
    "TStreamsUserDict",
    "TaskAware",
    "TaskLabels",
    "TransformedScenario",
    "benchmark_from_datasets",
    "benchmark_with_validation_stream",
    "class_incremental_benchmark",
    "create_lazy_generic_benchmark",
    "create_multi_dataset_generic_benchmark",
    "data_incremental_benchmark",
    "dataset_benchmark",
    "filelist_benchmark",
    "has_task_labels",
    "lazy_benchmark",
    "make_stream",
    "nc_benchmark",
    "new_instances_benchmark",
    "ni_benchmark",
    "ocl_split",
    "paths_benchmark",
    "split_by_class",
    "split_continuous_linear_decay_stream",
    "split_online_stream",
    "split_validation_class_balanced",
    "split_validation_random",
    "task_incremental_benchmark",
    "tensors_benchmark",
    "with_classes_timeline",
    "with_task_labels",
]
