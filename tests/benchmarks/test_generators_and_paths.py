"""Import paths of 0.6: the same objects as those of the package above."""

import importlib

import pytest
import torch
from PIL import Image
from torch.utils.data import TensorDataset
from torchvision.transforms import ToTensor

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


def sizes(stream):
    return [len(e.dataset) for e in stream], [e.task_labels for e in stream]


def test_scenario_functions_in_the_order_of_release_0_0_1(tmp_path):
    x, y = torch.arange(8.0).view(8, 1), torch.arange(8) % 2
    pair, other = TensorDataset(x, y), TensorDataset(x[:4], y[:4])
    expected = [8, 4], [[0], [3]]
    older = generators.dataset_scenario([pair, other], [pair, other], [0, 3])
    assert sizes(older.train_stream) == sizes(older.test_stream) == expected
    whole = generators.dataset_scenario([pair, other], [pair], [0, 3], True)
    assert sizes(whole.test_stream)[0] == [8]
    newer = generators.dataset_scenario([pair, other], [pair, other], train_transform=abs)
    assert sizes(newer.train_stream) == ([8, 4], [[0], [0]])
    tensors = generators.tensor_scenario([x, x[:4]], [y, y[:4]], [x, x[:4]], [y, y[:4]], [0, 3])
    assert sizes(tensors.train_stream) == sizes(tensors.test_stream) == expected
    today = generators.tensors_scenario([(x, y)], [(x, y)], task_labels=[3])
    assert sizes(today.train_stream) == ([8], [[3]])

    Image.new("L", (2, 2), 7).save(tmp_path / "a.png")
    (tmp_path / "list.txt").write_text("a.png 1\n")
    files = [str(tmp_path / "list.txt")]
    options = {"train_transform": ToTensor(), "test_transform": ToTensor()}
    lists = generators.filelist_scenario(str(tmp_path), files, files, [3], **options)
    entries = [[(str(tmp_path / "a.png"), 1)]]
    paths = generators.paths_scenario(entries, entries, [3], False, **options)
    with pytest.raises(TypeError, match="positional arguments"):
        generators.paths_scenario(entries, entries, [3], False, *[None] * 5)
    for benchmark in (lists, paths):
        assert sizes(benchmark.test_stream) == ([1], [[3]])
        x, y, t = benchmark.test_stream[0].dataset[0]
        assert (x.shape[1:], y, t) == ((2, 2), 1, 3)


def test_an_experience_is_cut_in_either_order_of_arguments():
    benchmark = generators.dataset_scenario([TensorDataset(torch.arange(10), torch.arange(10))], [])
    experience = benchmark.train_stream[0]
    cut = generators.fixed_size_experience_split(experience, 4, shuffle=False)
    assert [[int(s[0]) for s in part] for part in cut] == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
    by_strategy = generators.fixed_size_experience_split_strategy(4, False, True, experience)
    assert [len(part) for part in by_strategy] == [4, 4]
    drawn = generators.fixed_size_experience_split(experience, 4, drop_last=True)
    assert [len(part) for part in drawn] == [4, 4]
