"""Disk space of folders of known size."""

import os

import pytest
from fake_loop import FakeLoop, answers, make_stream

from avalanche.evaluation.metrics import DiskUsage, disk_usage_metrics
from avalanche.training.plugins.evaluation import EvaluationPlugin


@pytest.fixture
def folder(tmp_path):
    """3072 bytes in two files on two levels."""
    root = tmp_path / "root"
    (root / "a" / "b").mkdir(parents=True)
    (root / "x").write_bytes(bytes(2048))
    (root / "a" / "b" / "y").write_bytes(bytes(1024))
    return root


def test_sum_of_files(folder):
    usage = DiskUsage(folder)
    assert usage.result() == 0.0
    usage.update()
    assert usage.result() == 3.0
    (folder / "z").write_bytes(bytes(512))
    assert usage.result() == 3.0
    usage.update()
    assert usage.result() == 3.5
    usage.reset()
    assert usage.result() == 0.0


def test_several_paths_and_files(folder):
    usage = DiskUsage([str(folder / "a"), folder / "x"])
    usage.update()
    assert usage.result() == 3.0
    assert usage.get_dir_size(folder / "a") == 1024


def test_working_directory_by_default(folder, monkeypatch):
    monkeypatch.chdir(folder)
    usage = DiskUsage()
    usage.update()
    assert usage.result() == 3.0


def test_links(folder):
    os.link(folder / "x", folder / "same")
    (folder / "other").symlink_to(folder / "x")
    (folder / "loop").symlink_to(folder)
    usage = DiskUsage(folder)
    usage.update()
    links = sum(os.lstat(folder / name).st_size for name in ("other", "loop"))
    assert usage.result() == (3072 + links) / 1024


def test_missing_path(tmp_path):
    with pytest.raises(FileNotFoundError, match="paths_to_monitor=.*nowhere.*create it first"):
        DiskUsage([tmp_path / "nowhere"])


def test_every_granularity(folder):
    evaluator = EvaluationPlugin(
        disk_usage_metrics(
            paths_to_monitor=folder, minibatch=True, epoch=True, experience=True, stream=True
        )
    )

    class Writing(FakeLoop):
        def fire(self, event):
            if event in ("after_forward", "after_eval_forward"):
                with open(folder / "log", "ab") as file:
                    file.write(bytes(1024))
            super().fire(event)

    loop = Writing(evaluator)
    loop.train(make_stream("train")[0], [[answers(1, 1)] * 2])
    loop.eval(make_stream("test"), [[answers(1, 1)], [answers(1, 1)]])
    place = "/train_phase/train_stream/Task000"
    assert evaluator.get_all_metrics() == {
        f"DiskUsage_MB{place}": ([0, 1], [4.0, 5.0]),
        f"DiskUsage_Epoch{place}": ([2], [5.0]),
        "DiskUsage_Exp/eval_phase/test_stream/Task000/Exp000": ([2], [6.0]),
        "DiskUsage_Exp/eval_phase/test_stream/Task000/Exp001": ([2], [7.0]),
        "DiskUsage_Stream/eval_phase/test_stream/Task000": ([2], [7.0]),
    }
