import pytest
from release_files import write_inaturalist

from avalanche.benchmarks import SplitInaturalist


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return write_inaturalist(tmp_path_factory.mktemp("inaturalist"))


def test_one_super_category_per_experience(root):
    benchmark = SplitInaturalist(
        super_categories=["Fungi", "Bacteria", "Aves"], return_task_id=True, dataset_root=root
    )
    streams = [benchmark.train_stream, benchmark.test_stream]
    for stream, copies in zip(streams, (2, 1), strict=True):
        found = [sorted(e.dataset.targets) for e in stream]
        assert found == [sorted([0, 7] * copies), [9] * copies, [4] * copies]
        assert [e.task_labels for e in stream] == [[0], [1], [2]]
    image, label, task = benchmark.test_stream[2].dataset[0]
    assert (image.shape, label, task) == ((3, 224, 224), 4, 2)


def test_labels_from_zero(root):
    benchmark = SplitInaturalist(
        super_categories=["Fungi", "Aves"],
        class_ids_from_zero_from_first_exp=True,
        dataset_root=root,
    )
    assert [e.classes_in_this_experience for e in benchmark.train_stream] == [[0, 1], [2]]


def test_errors(root, tmp_path):
    with pytest.raises(ValueError, match="expected different super-categories"):
        SplitInaturalist(super_categories=["Fungi", "Fungi"], dataset_root=root)
    with pytest.raises(FileNotFoundError, match="pass download=True"):
        SplitInaturalist(dataset_root=tmp_path)
