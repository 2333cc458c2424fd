"""Event files, read back with tensorboard."""

import gc
import pickle
import weakref

import numpy as np
import pytest
import torch
from fake_loop import FakeLoop, answers, make_stream

from avalanche.evaluation.metric_results import (
    AlternativeValues,
    LazyValue,
    MetricValue,
    TensorImage,
)
from avalanche.evaluation.metrics import accuracy_metrics
from avalanche.logging import TensorboardLogger
from avalanche.training.plugins.evaluation import EvaluationPlugin

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


def read(folder):
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    events = accumulator.EventAccumulator(str(folder))
    events.Reload()
    return events


def test_dispatch(tmp_path):
    logger = TensorboardLogger(tmp_path / "tb", filename_suffix=".run")
    logger.log_metrics(
        [
            MetricValue(None, "number", torch.tensor(0.5), 3),
            MetricValue(None, "number", 2, 4),
            MetricValue(None, "tensor", torch.arange(6.0), 0),
            MetricValue(None, "image", TensorImage(torch.zeros(3, 4, 4)), 0),
            MetricValue(None, "text", "words", 0),
            MetricValue(None, "both", AlternativeValues(LazyValue(figure), torch.eye(2)), 1),
            MetricValue(None, "fallback", AlternativeValues(object(), torch.tensor([[2.0]])), 1),
            MetricValue(None, "nothing", AlternativeValues(object()), 1),
            MetricValue(None, "parts", {"a": 1.0}, 1),
        ]
    )
    logger.close()
    events = read(tmp_path / "tb")
    tags = events.Tags()
    assert sorted(tags["scalars"]) == ["fallback", "number", "parts/a"]
    assert sorted(tags["images"]) == ["both", "image"]
    assert tags["histograms"] == ["tensor"]
    assert [(event.step, event.value) for event in events.Scalars("number")] == [(3, 0.5), (4, 2.0)]
    assert [path.name.endswith(".run") for path in (tmp_path / "tb").iterdir()] == [True]


def figure():
    from matplotlib.figure import Figure

    return Figure()


def test_confusion_matrix_as_picture(tmp_path):
    from avalanche.evaluation.cm_image import default_cm_image_creator

    logger = TensorboardLogger(tmp_path)
    value = AlternativeValues(
        LazyValue(lambda: default_cm_image_creator(torch.eye(2))), torch.eye(2)
    )
    logger.log_single_metric("matrix", value, 1)
    logger.close()
    assert read(tmp_path).Tags()["images"] == ["matrix"]


def test_pickle(tmp_path):
    logger = TensorboardLogger(tmp_path)
    twin = pickle.loads(pickle.dumps(logger))
    logger.close()
    twin.log_single_metric("a", 1.0, 0)
    twin.close()
    assert twin.tb_log_dir == str(tmp_path)
    assert read(tmp_path).Tags()["scalars"] == ["a"]


def test_nothing_is_lost_when_nobody_closes_the_logger(tmp_path, monkeypatch):
    kept = []
    original = weakref.finalize
    monkeypatch.setattr(weakref, "finalize", lambda *a: kept.append(original(*a)) or kept[-1])
    logger = TensorboardLogger(tmp_path)
    for step in range(500):
        logger.log_single_metric("a", float(step), step)
    assert kept[-1].atexit  # python calls it at the end of the program
    del logger
    gc.collect()
    assert len(read(tmp_path).Scalars("a")) == 500


def test_the_file_is_complete_after_each_call_of_train_and_eval(tmp_path):
    logger = TensorboardLogger(tmp_path)
    loop = FakeLoop(EvaluationPlugin(accuracy_metrics(minibatch=True, stream=True), loggers=logger))
    loop.train(make_stream("train")[0], [[answers(1, 2)] * 20])
    name = "Top1_Acc_MB/train_phase/train_stream/Task000"
    assert len(read(tmp_path).Scalars(name)) == 20
    loop.eval(make_stream("test", 1), [[answers(1, 2)]])
    assert len(read(tmp_path).Tags()["scalars"]) == 2
    logger.close()


def test_values_of_numpy(tmp_path):
    logger = TensorboardLogger(tmp_path)
    logger.log_metrics([MetricValue(None, "number", np.float32(0.5), 0)])
    logger.log_single_metric("whole", np.int64(3), 0)
    logger.log_single_metric("array", np.arange(4.0), 0)
    logger.close()
    assert sorted(read(tmp_path).Tags()["scalars"]) == ["number", "whole"]
    assert read(tmp_path).Tags()["histograms"] == ["array"]
