import pytest
from release_files import write_openloris

from avalanche.benchmarks import OpenLORIS


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return write_openloris(tmp_path_factory.mktemp("openloris"))


@pytest.mark.parametrize(("factor", "length"), [("clutter", 9), ("mixture-iros", 12)])
def test_streams(root, factor, length):
    benchmark = OpenLORIS(factor=factor, dataset_root=root)
    assert [list(e.dataset.targets) for e in benchmark.train_stream] == [[b] for b in range(length)]
    assert [list(e.dataset.targets) for e in benchmark.test_stream] == [[3]]
    image, label, task = benchmark.train_stream[5].dataset[0]
    assert (image.getpixel((0, 0))[0], label, task) == (5, 5, 0)


def test_transforms(root):
    benchmark = OpenLORIS(
        dataset_root=root, train_transform=lambda i: i.size, eval_transform=lambda i: i.mode
    )
    assert benchmark.train_stream[0].dataset[0][0] == (8, 8)
    assert benchmark.test_stream[0].dataset[0][0] == "RGB"


def test_errors(root):
    with pytest.raises(ValueError, match="factor='dark': expected one of clutter"):
        OpenLORIS(factor="dark", dataset_root=root)
    with pytest.raises(FileNotFoundError, match=r"pixel/train_batch_00\.txt"):
        OpenLORIS(factor="pixel", dataset_root=root)
