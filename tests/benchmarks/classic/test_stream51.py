import pytest
from release_files import write_json, write_stream51

from avalanche.benchmarks import CLStream51


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return write_stream51(tmp_path_factory.mktemp("stream51"))


def targets(stream):
    return [list(e.dataset.targets) for e in stream]


def test_cut_by_frames(root):
    # recorded from avalanche-lib 0.6.0 on the same files
    benchmark = CLStream51(scenario="instance", seed=10, eval_num=7, dataset_root=root)
    assert targets(benchmark.train_stream) == [
        [3, 3, 2, 2, 1, 1, 0],
        [0, 1, 1, 1, 1, 0, 0],
        [3, 3, 2, 2, 2, 2, 0],
        [0, 3, 3],
    ]
    assert targets(benchmark.test_stream) == [[0] * 6 + [1] * 6]
    assert targets(benchmark.ood_stream) == [[5]]


def test_cut_by_classes(root):
    benchmark = CLStream51(scenario="class_instance", seed=10, eval_num=1, dataset_root=root)
    assert targets(benchmark.train_stream) == [[3] * 6, [2] * 6, [1] * 6, [0] * 6]
    known = [[], [], [1] * 6, [0] * 6 + [1] * 6]
    assert targets(benchmark.test_stream) == [k for k in known if k]
    assert targets(benchmark.ood_stream) == [
        [0] * 6 + [1] * 6 + [5],
        [0] * 6 + [1] * 6 + [5],
        [0] * 6 + [5],
        [5],
    ]


@pytest.mark.parametrize("scenario", ["iid", "class_iid", "instance", "class_instance"])
def test_defaults_of_every_scenario(root, scenario):
    benchmark = CLStream51(scenario=scenario, dataset_root=root)
    assert list(benchmark.streams) == ["train", "test", "ood"]
    assert len(benchmark.train_stream) == 1
    image, label, task = benchmark.train_stream[0].dataset[0]
    assert (image.shape, task) == ((3, 224, 224), 0)
    assert label in range(4)


def test_crops(root):
    options = {"dataset_root": root, "train_transform": None, "eval_transform": None}
    assert CLStream51(**options).train_stream[0].dataset[0][0].size == (27, 25)
    wider = CLStream51(ratio=2.0, **options).ood_stream[0].dataset[0][0]
    assert wider.size == (40, 30)
    assert CLStream51(bbox_crop=False, **options).test_stream[0].dataset[0][0].size == (40, 30)


def test_without_novel_classes_there_is_no_ood_stream(tmp_path):
    write_stream51(tmp_path)
    frame = [0, 0, 0, 0, [40, 30], [32, 8, 28, 6], "test/c0/0.jpg"]
    write_json(tmp_path / "Stream-51_meta_test.json", [frame])
    assert list(CLStream51(dataset_root=tmp_path).streams) == ["train", "test"]


def test_errors(root, tmp_path):
    with pytest.raises(ValueError, match="scenario='online': expected one of iid"):
        CLStream51(scenario="online", dataset_root=root)
    with pytest.raises(ValueError, match=r"ratio=0\.5: expected at least 1"):
        CLStream51(ratio=0.5, dataset_root=root)
    with pytest.raises(ValueError, match="eval_num=0: expected an int above zero"):
        CLStream51(eval_num=0, dataset_root=root)
    with pytest.raises(FileNotFoundError, match=r"Stream-51\.zip"):
        CLStream51(download=False, dataset_root=tmp_path)
