"""Import paths of 0.6: the same objects as those of the package above."""

import importlib

import pytest

import avalanche.core
from avalanche.benchmarks import generators, scenarios

PATHS = {
    "dataset_scenario": "benchmark_from_datasets split_validation_random "
    "split_validation_class_balanced",
    "deprecated.classification_scenario": "ClassificationScenario ClassificationStream "
    "ClassificationExperience GenericCLScenario GenericClassificationExperience",
    "deprecated.dataset_scenario": "DatasetScenario ClassesTimelineCLScenario FactoryBasedStream "
    "StreamDef StreamUserDef TStreamsUserDict",
    "deprecated.generators": "nc_benchmark ni_benchmark dataset_benchmark tensors_benchmark "
    "paths_benchmark filelist_benchmark data_incremental_benchmark",
    "deprecated.generic_benchmark_creation": "LazyStreamDefinition "
    "create_multi_dataset_generic_benchmark create_lazy_generic_benchmark",
    "deprecated.lazy_dataset_sequence": "LazyDatasetSequence",
    "deprecated.new_classes": "NCScenario NCStream NCExperience",
    "deprecated.new_classes.nc_scenario": "NCScenario NCStream NCExperience",
    "deprecated.new_instances": "NIScenario NIStream NIExperience",
    "deprecated.new_instances.ni_scenario": "NIScenario NIStream NIExperience",
    "validation_scenario": "benchmark_with_validation_stream split_validation_random "
    "split_validation_class_balanced",
}


@pytest.mark.parametrize("path", PATHS)
def test_paths_give_the_same_objects(path):
    module = importlib.import_module(f"avalanche.benchmarks.scenarios.{path}")
    for name in PATHS[path].split():
        assert getattr(module, name) is getattr(scenarios, name)
        assert name in module.__all__


def test_long_names_of_builders():
    module = importlib.import_module(
        "avalanche.benchmarks.scenarios.deprecated.generic_benchmark_creation"
    )
    for name in module.__all__:
        assert getattr(module, name) is getattr(generators, name)


def test_experiences_are_a_word_of_the_core():
    assert avalanche.core.CLExperience is scenarios.CLExperience
    assert "CLExperience" in avalanche.core.__all__
