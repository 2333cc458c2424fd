"""The older home of the benchmark builders.

Lower-case names are those of :mod:`avalanche.benchmarks`; the others are the factories of the
first generation, whose benchmarks are read step by step: ``for step_info in NCScenario(...)``.
"""

from .scenarios.data_incremental import data_incremental_benchmark
from .scenarios.dataset_builders import (
    LazyStreamDefinition,
    dataset_benchmark,
    lazy_benchmark,
    tensors_benchmark,
)
from .scenarios.file_builders import filelist_benchmark, paths_benchmark
from .scenarios.new_classes_builder import nc_benchmark
from .scenarios.new_instances_builder import ni_benchmark
from .scenarios.older_names import (
    dataset_scenario,
    filelist_scenario,
    nc_scenario,
    ni_scenario,
    paths_scenario,
    tensor_scenario,
    tensors_scenario,
)
from .scenarios.split_strategies import (
    class_balanced_split_strategy,
    fixed_size_experience_split,
    fixed_size_experience_split_strategy,
    random_validation_split_strategy,
)
from .scenarios.step_builders import (
    DatasetScenario,
    FilelistScenario,
    NCScenario,
    NIScenario,
    TensorScenario,
)
from .scenarios.validation import benchmark_with_validation_stream

__path__: list[str] = []  # paths of earlier releases lead through it: see older_paths.py
create_multi_dataset_generic_benchmark = dataset_benchmark
create_generic_benchmark_from_filelists = filelist_benchmark
create_generic_benchmark_from_paths = paths_benchmark
create_generic_benchmark_from_tensor_lists = tensors_benchmark
create_lazy_generic_benchmark = lazy_benchmark

__all__ = [
    "DatasetScenario",
    "FilelistScenario",
    "LazyStreamDefinition",
    "NCScenario",
    "NIScenario",
    "TensorScenario",
    "benchmark_with_validation_stream",
    "class_balanced_split_strategy",
    "create_generic_benchmark_from_filelists",
    "create_generic_benchmark_from_paths",
    "create_generic_benchmark_from_tensor_lists",
    "create_lazy_generic_benchmark",
    "create_multi_dataset_generic_benchmark",
    "data_incremental_benchmark",
    "dataset_benchmark",
    "dataset_scenario",
    "filelist_benchmark",
    "filelist_scenario",
    "fixed_size_experience_split",
    "fixed_size_experience_split_strategy",
    "lazy_benchmark",
    "nc_benchmark",
    "nc_scenario",
    "ni_benchmark",
    "ni_scenario",
    "paths_benchmark",
    "paths_scenario",
    "random_validation_split_strategy",
    "tensor_scenario",
    "tensors_benchmark",
    "tensors_scenario",
]
