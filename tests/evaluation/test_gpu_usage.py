"""GPU use with a management library of our own, and without any."""

import logging
import re
import sys
from types import ModuleType
from types import SimpleNamespace as Namespace

import pytest
from fake_loop import FakeLoop, answers, make_stream
from test_peak import soon, threads

from avalanche.evaluation.metrics import MaxGPU, gpu_usage_metrics
from avalanche.evaluation.metrics.gpu_reading import gpu_reader
from avalanche.training.plugins.evaluation import EvaluationPlugin


@pytest.fixture(autouse=True)
def forget_readers(monkeypatch):
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    gpu_reader.cache_clear()
    yield
    gpu_reader.cache_clear()


@pytest.fixture
def library(monkeypatch):
    """Three GPUs; the use of each is its number in percent, plus ``busy``."""
    module = ModuleType("pynvml")
    module.NVMLError = type("NVMLError", (Exception,), {})
    module.busy, module.driver = 0, True
    names = {"GPU-aa": 0, "GPU-bb": 1, "GPU-cc": 2}

    def init():
        if not module.driver:
            raise module.NVMLError("Driver Not Loaded")

    module.nvmlInit = init
    module.nvmlDeviceGetCount = lambda: 3
    module.nvmlDeviceGetHandleByIndex = lambda index: index
    module.nvmlDeviceGetHandleByUUID = lambda name: names[name]
    module.nvmlDeviceGetUtilizationRates = lambda handle: Namespace(gpu=handle + module.busy)
    monkeypatch.setitem(sys.modules, "pynvml", module)
    return module


def test_peak(library):
    gpu = MaxGPU(1)
    assert gpu.available
    for busy in (10, 60, 20):
        library.busy = busy
        gpu.update()
    assert gpu.result() == 61.0


@pytest.mark.parametrize(
    ("visible", "expected"), [("2,0", [2, 0]), ("GPU-bb", [1]), (" 1 , GPU-cc ", [1, 2])]
)
def test_numbers_are_those_of_visible_gpus(library, monkeypatch, visible, expected):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert [gpu_reader(i)() for i in range(len(expected))] == expected
    assert gpu_reader(len(expected)) is None


def test_every_granularity(library):
    evaluator = EvaluationPlugin(
        gpu_usage_metrics(2, 60, minibatch=True, epoch=True, experience=True, stream=True)
    )

    class Loop(FakeLoop):
        def fire(self, event):
            library.busy += event in ("after_forward", "after_eval_forward")
            super().fire(event)

    loop = Loop(evaluator)
    loop.train(make_stream("train")[0], [[answers(1, 1)] * 2])
    loop.eval(make_stream("test"), [[answers(1, 1)], [answers(1, 1)]])
    assert soon(lambda: not threads())
    place = "/train_phase/train_stream/Task000"
    assert evaluator.get_all_metrics() == {
        f"MaxGPU2Usage_MB{place}": ([0, 1], [3.0, 4.0]),
        f"MaxGPU2Usage_Epoch{place}": ([2], [4.0]),
        "MaxGPU2Usage_Experience/eval_phase/test_stream/Task000/Exp000": ([2], [5.0]),
        "MaxGPU2Usage_Experience/eval_phase/test_stream/Task000/Exp001": ([2], [6.0]),
        "MaxGPU2Usage_Stream/eval_phase/test_stream/Task000": ([2], [6.0]),
    }


def without_library(monkeypatch, library):
    monkeypatch.setitem(sys.modules, "pynvml", None)


def without_driver(monkeypatch, library):
    library.driver = False


def with_fewer_gpus(monkeypatch, library):
    monkeypatch.setattr(library, "nvmlDeviceGetCount", lambda: 0)


@pytest.mark.parametrize(
    ("arrange", "gpu_id", "reason"),
    [
        (lambda *_: None, -1, "no GPU was asked for"),
        (without_library, 0, "pip install 'avalanche-lib.gpu.'"),
        (without_driver, 0, "Driver Not Loaded"),
        (with_fewer_gpus, 0, "no GPU of that number"),
    ],
)
def test_without_a_gpu_nothing_is_emitted(library, monkeypatch, caplog, arrange, gpu_id, reason):
    arrange(monkeypatch, library)
    with caplog.at_level(logging.WARNING, logger="avalanche"):
        evaluator = EvaluationPlugin(
            gpu_usage_metrics(
                gpu_id, every=0.5, minibatch=True, epoch=True, experience=True, stream=True
            )
        )
        loop = FakeLoop(evaluator)
        loop.train(make_stream("train")[0], [[answers(1, 1)]])
        loop.eval(make_stream("test"), [[answers(1, 1)], [answers(1, 1)]])
    assert evaluator.get_all_metrics() == {}
    assert not threads()
    (record,) = caplog.records  # said once, for four metrics
    assert record.levelno == logging.WARNING
    assert re.search(reason, record.getMessage())


@pytest.mark.parametrize("gpu_id", [True, "0", 1.0, None])
def test_gpu_must_be_a_number(gpu_id):
    with pytest.raises(TypeError, match="gpu_id=.*: expected the number of a GPU"):
        MaxGPU(gpu_id)
