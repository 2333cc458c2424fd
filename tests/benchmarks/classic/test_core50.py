import pytest
import torch
from release_files import CORE50_BATCHES, write_core50

from avalanche.benchmarks import CORe50


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return write_core50(tmp_path_factory.mktemp("core50"))


# recorded from avalanche-lib 0.6.0 on the same files: targets of the first nine experiences
OBJECTS = [[0, 49], [0, 0], [5, 0], [5, 5], [49, 5], [49, 49], [0, 49], [0, 0], [5, 0]]
CATEGORIES = [[0, 9], [0, 0], [1, 0], [1, 1], [9, 1], [9, 9], [0, 9], [0, 0], [1, 0]]
NC_OBJECTS = [[49, 0], [49, 49], [44, 49], [44, 44], [0, 44], [0, 0], [49, 0], [49, 49], [44, 49]]


@pytest.mark.parametrize("scenario", CORE50_BATCHES)
@pytest.mark.parametrize("object_level", [True, False])
def test_streams(root, scenario, object_level):
    benchmark = CORe50(scenario=scenario, run=1, object_lvl=object_level, dataset_root=root)
    assert len(benchmark.train_stream) == CORE50_BATCHES[scenario][1]
    assert len(benchmark.test_stream) == 1
    expected = CATEGORIES
    if object_level:
        expected = NC_OBJECTS if scenario == "nc" else OBJECTS
    found = [list(e.dataset.targets) for e in benchmark.train_stream[:9]]
    assert found == expected[: len(found)]
    assert benchmark.n_classes == (50 if object_level else 10)
    assert [e.task_labels for e in benchmark.train_stream[:3]] == [[0]] * 3


def test_class_order_of_new_classes(root):
    benchmark = CORe50(scenario="nc", run=1, dataset_root=root)
    assert benchmark.n_classes_per_exp == [2, 1, 2, 1, 2, 1, 2, 1, 2]
    assert benchmark.classes_order == [0, 49, 49, 44, 49, 44, 0, 44, 0, 0, 49, 49, 44, 49]
    assert list(benchmark.test_stream[0].dataset.targets) == [49, 49, 44, 44, 0, 0]


def test_samples(root):
    benchmark = CORe50(scenario="ni", run=1, dataset_root=root)
    image, label, task = benchmark.test_stream[0].dataset[0]
    assert (image.shape, label, task) == ((3, 8, 8), 0, 0)
    red = (torch.tensor(12 / 255) - 0.485) / 0.229
    assert torch.allclose(image[0], red.expand(8, 8))
    batch = benchmark.train_stream[2].dataset.batch([0, 1])
    assert [tuple(b.shape) for b in batch] == [(2, 3, 8, 8), (2,), (2,)]


def test_experiences_share_one_source(root):
    benchmark = CORe50(scenario="nicv2_391", run=1, dataset_root=root)
    sources = {id(part.source) for e in benchmark.train_stream for part in e.dataset.parts}
    assert len(sources) == 1


def test_errors(root, tmp_path):
    with pytest.raises(ValueError, match="scenario='nicv2': expected one of ni, nc"):
        CORe50(scenario="nicv2", dataset_root=root)
    with pytest.raises(ValueError, match="run=10: expected an int from 0 to 9"):
        CORe50(run=10, dataset_root=root)
    with pytest.raises(FileNotFoundError, match=r"run2/train_batch_00_filelist\.txt"):
        CORe50(scenario="ni", run=2, dataset_root=root)


def test_without_network_the_error_says_which_files(tmp_path, no_network):
    with pytest.raises(RuntimeError, match=r"core50_128x128\.zip can't be downloaded.*by hand"):
        CORe50(dataset_root=tmp_path)
