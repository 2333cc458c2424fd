import threading
import time
from types import SimpleNamespace

import pytest
import torch

from avalanche.cli.cost import DivergenceGuard, MemoryWatch, SampleCounter, seconds_now


def test_memory_watch_sees_what_was_held_in_between_and_leaves_no_thread() -> None:
    before = threading.active_count()
    with MemoryWatch(every=0.001) as watch:
        start = watch.peak_mib
        held = torch.ones(64 * 2**20 // 4)
        del held
    assert watch.peak_mib >= start
    assert watch.peak_gpu_mib is None
    assert threading.active_count() == before


def test_counter_counts_samples_not_batches() -> None:
    counter = SampleCounter()
    for size in (4, 3):
        counter.after_training_iteration(SimpleNamespace(mb_y=torch.zeros(size)))
    assert counter.samples == 7


def test_clock_runs_forward() -> None:
    looks = []
    for _ in range(2):
        looks += [time.perf_counter(), seconds_now("cpu"), time.perf_counter()]
    assert looks == sorted(looks)
    assert looks[0] < looks[-1]


@pytest.mark.parametrize("loss", [float("nan"), float("inf")])
def test_divergence_is_an_error_that_says_where(loss: float) -> None:
    clock = SimpleNamespace(train_exp_epochs=3, train_exp_counter=1)
    guard = DivergenceGuard()
    guard.after_training_epoch(SimpleNamespace(loss=torch.tensor([0.5]), clock=clock))
    with pytest.raises(FloatingPointError, match=r"loss=(nan|inf) in epoch 3 of experience 1"):
        guard.after_training_epoch(
            SimpleNamespace(loss=torch.tensor([loss], requires_grad=True), clock=clock)
        )


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_memory_of_a_cuda_device() -> None:
    with MemoryWatch("cuda") as watch:
        held = torch.ones(4 * 2**20, device="cuda")
        del held
    assert watch.peak_gpu_mib is not None
    assert watch.peak_gpu_mib >= 16


def test_evaluations_during_training_are_measured_apart(monkeypatch) -> None:
    now = iter([10.0, 12.5, 20.0, 20.25])
    monkeypatch.setattr("avalanche.cli.cost.seconds_now", lambda device: next(now))
    counter, strategy = SampleCounter(), SimpleNamespace(device="cpu")
    for _ in range(2):
        counter.before_eval(strategy)
        counter.after_eval(strategy)
    assert counter.evaluation_seconds == 2.75
