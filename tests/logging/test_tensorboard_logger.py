"""Event files, read back with tensorboard."""

import pickle

import pytest
import torch

from avalanche.evaluation.metric_results import (
    AlternativeValues,
    LazyValue,
    MetricValue,
    TensorImage,
)
from avalanche.logging import TensorboardLogger

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
