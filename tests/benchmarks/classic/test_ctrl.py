import sys
from types import SimpleNamespace

import pytest
import torch
from torch.utils.data import TensorDataset

from avalanche.benchmarks.classic.ctrl import CTrL


def package(calls):
    """What is used of the package ctrl: a stream of tasks of three datasets each."""

    def task(number):
        generator = torch.Generator().manual_seed(number)
        datasets = [
            TensorDataset(
                torch.rand(size, 3, 4, 4, generator=generator),
                torch.arange(size).view(-1, 1) % 2 + number,
            )
            for size in (6, 4, 2)
        ]
        statistics = {"mean": torch.full((3,), 0.5), "std": torch.full((3,), 0.25)}
        return SimpleNamespace(datasets=datasets, statistics=statistics)

    def get_stream(name, seed):
        calls.append((name, seed))
        return (task(number) for number in range(5))

    return SimpleNamespace(get_stream=get_stream)


@pytest.fixture
def calls(monkeypatch):
    made = []
    monkeypatch.setitem(sys.modules, "ctrl", package(made))
    return made


@pytest.mark.parametrize("save_to_disk", [False, True])
def test_streams(calls, tmp_path, save_to_disk):
    benchmark = CTrL("s_minus", save_to_disk, tmp_path, seed=4)
    assert calls == [("s_minus", 4)]
    sizes = {name: [len(e.dataset) for e in s] for name, s in benchmark.streams.items()}
    assert sizes == {"train": [6] * 5, "test": [2] * 5, "val": [4] * 5}
    assert [e.task_labels for e in benchmark.val_stream] == [[i] for i in range(5)]
    raw = next(iter(package([]).get_stream("", 0))).datasets[0]
    x, y, t = benchmark.train_stream[0].dataset.batch(range(6))
    torch.testing.assert_close(x, (raw.tensors[0] - 0.5) / 0.25)
    assert (y.tolist(), t.tolist()) == ([0, 1] * 3, [0] * 6)
    assert (tmp_path / "s_minus" / "4_val.pt").exists() is save_to_disk


def test_some_tasks(calls):
    assert len(CTrL("s_long", n_tasks=2).train_stream) == 2


def test_errors(monkeypatch, calls):
    with pytest.raises(ValueError, match="stream_name='s': expected one of s_plus"):
        CTrL("s")
    with pytest.raises(ValueError, match="n_tasks=0: expected an int above zero"):
        CTrL("s_plus", n_tasks=0)
    monkeypatch.setitem(sys.modules, "ctrl", None)
    with pytest.raises(ModuleNotFoundError, match="pip install ctrl-benchmark"):
        CTrL("s_plus")
