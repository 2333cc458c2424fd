"""Names of releases up to 0.5 that code still imports; each is one of today's."""

from .classification_scenario import ClassificationExperience, ClassificationStream
from .dataset_builders import dataset_benchmark, lazy_benchmark, tensors_benchmark
from .file_builders import filelist_benchmark, paths_benchmark
from .generic_scenario import CLExperience, CLStream
from .online import OnlineCLExperience

AbstractExperience = Experience = CLExperience
GenericExperience = ClassificationExperience
GenericScenarioStream = ClassificationStream
OnlineClassificationExperience = OnlineCLExperience
ScenarioStream = CLStream
create_classification_benchmark_from_filelists = filelist_benchmark
create_classification_benchmark_from_paths = paths_benchmark
create_classification_benchmark_from_tensor_lists = tensors_benchmark
create_lazy_classification_benchmark = lazy_benchmark
create_multi_dataset_classification_benchmark = dataset_benchmark

__all__ = [
    "AbstractExperience",
    "Experience",
    "GenericExperience",
    "GenericScenarioStream",
    "OnlineClassificationExperience",
    "ScenarioStream",
    "create_classification_benchmark_from_filelists",
    "create_classification_benchmark_from_paths",
    "create_classification_benchmark_from_tensor_lists",
    "create_lazy_classification_benchmark",
    "create_multi_dataset_classification_benchmark",
]
