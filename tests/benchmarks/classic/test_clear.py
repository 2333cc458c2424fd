import numpy as np
import pytest
from release_files import write_clear, write_clear_public
from torchvision.transforms import ToTensor

from avalanche.benchmarks import CLEAR, CLEARMetric


def test_streaming_trains_and_tests_on_all(tmp_path):
    write_clear(tmp_path)
    benchmark = CLEAR(dataset_root=tmp_path, train_transform=ToTensor(), eval_transform=ToTensor())
    for stream in (benchmark.train_stream, benchmark.test_stream):
        assert [len(e.dataset) for e in stream] == [6, 6, 6]
        assert [e.task_labels for e in stream] == [[0], [1], [2]]
    image, label, task = benchmark.train_stream[2].dataset[3]
    assert (image.shape, label, task) == ((3, 8, 8), 1, 2)
    assert round(float(image[0, 0, 0]) * 255) == 10


def test_iid_has_a_test_part(tmp_path):
    write_clear(tmp_path)
    benchmark = CLEAR(evaluation_protocol="iid", seed=0, dataset_root=tmp_path)
    assert [len(e.dataset) for e in benchmark.train_stream] == [4, 4, 4]
    assert [len(e.dataset) for e in benchmark.test_stream] == [2, 2, 2]


def test_features(tmp_path):
    write_clear_public(tmp_path)
    benchmark = CLEAR(
        data_name="clear10_neurips2021",
        evaluation_protocol="iid",
        seed=3,
        feature_type="moco_b0",
        dataset_root=tmp_path,
    )
    x, y, t = benchmark.train_stream[1].dataset.batch([0, 1, 2, 3])
    assert x.tolist() == [[2.0, 4.0, 0.0], [2.0, 0.0, 0.0], [2.0, 1.0, 0.0], [2.0, 5.0, 0.0]]
    assert (y.tolist(), t.tolist()) == ([1, 0, 0, 1], [1] * 4)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"data_name": "clear"}, "data_name='clear': expected one of clear10"),
        ({"evaluation_protocol": "offline"}, "evaluation_protocol='offline': expected one of iid"),
        ({"evaluation_protocol": "iid"}, "seed=None: evaluation_protocol='iid' needs a split"),
        ({"evaluation_protocol": "iid", "seed": 5}, "seed=5: .*one of"),
        ({"seed": 0}, "seed=0: evaluation_protocol='streaming' does not split"),
        ({"feature_type": "vgg"}, "feature_type='vgg': expected None or one of moco_b0"),
    ],
)
def test_errors(tmp_path, options, message):
    with pytest.raises(ValueError, match=message):
        CLEAR(dataset_root=tmp_path, **options)


def test_metrics():
    matrix = np.random.RandomState(0).rand(4, 4)
    # recorded from avalanche-lib 0.6.0
    expected = {
        "in_domain": 0.5183904886945465,
        "next_domain": 0.5605571657960055,
        "accuracy": 0.5408998291028378,
        "forward_transfer": 0.6201818428731062,
        "backward_transfer": 0.5559060560416986,
    }
    assert CLEARMetric().get_metrics(matrix) == pytest.approx(expected)
    by_hand = CLEARMetric().get_metrics([[1, 2, 3], [4, 5, 6], [7, 8, 9]])
    assert list(by_hand.values()) == pytest.approx([5, 4, 34 / 6, 11 / 3, 19 / 3])


def test_metrics_need_a_square():
    with pytest.raises(ValueError, match=r"matrix of shape \(2, 3\): expected as many rows"):
        CLEARMetric().accuracy(np.zeros((2, 3)))
