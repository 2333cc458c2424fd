import pytest
import torch
from release_files import write_endless, write_endless_video

from avalanche.benchmarks import EndlessCLSim


def test_one_sequence_per_experience(tmp_path):
    write_endless(tmp_path)
    benchmark = EndlessCLSim(dataset_root=tmp_path)
    for stream in (benchmark.train_stream, benchmark.test_stream):
        assert [list(e.dataset.targets) for e in stream] == [[0, 0], [1, 1], [0, 0, 1, 1]]
        assert [e.task_labels for e in stream] == [[0], [1], [2]]
    x, y, t = benchmark.train_stream[2].dataset.batch([1, 3])
    assert (x.shape, y.tolist(), t.tolist()) == ((2, 3, 64, 64), [0, 1], [2, 2])


def test_orders(tmp_path):
    write_endless(tmp_path)
    benchmark = EndlessCLSim(dataset_root=tmp_path, sequence_order=[2, 0], task_order=[7, 7])
    assert [list(e.dataset.targets) for e in benchmark.test_stream] == [[0, 0, 1, 1], [0, 0]]
    assert [e.task_labels for e in benchmark.train_stream] == [[7], [7]]


def test_videos(tmp_path):
    write_endless_video(tmp_path)
    benchmark = EndlessCLSim(
        scenario="Weather", semseg=True, patch_size=(48, 27), dataset_root=tmp_path
    )
    assert [len(e.dataset) for e in benchmark.train_stream] == [2, 3]
    image, labels = benchmark.train_stream[1].dataset[0][:2]
    assert image.shape == (3, 27, 48)
    assert torch.equal(labels[0], torch.tensor([5] * 24 + [4] * 24))


def test_errors(tmp_path):
    write_endless(tmp_path)
    with pytest.raises(ValueError, match="scenario='Rain': expected one of Classes"):
        EndlessCLSim(scenario="Rain", dataset_root=tmp_path)
    with pytest.raises(ValueError, match=r"sequence_order=\[0, 3\]: expected different numbers"):
        EndlessCLSim(dataset_root=tmp_path, sequence_order=[0, 3])
    with pytest.raises(ValueError, match=r"task_order=\[0\]: expected 3 task labels"):
        EndlessCLSim(dataset_root=tmp_path, task_order=[0])
