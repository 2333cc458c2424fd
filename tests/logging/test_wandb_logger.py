"""What a run of Weights & Biases is given, with a fake of the package."""

import io
import pickle
import sys

import numpy as np
import pytest
import torch
from fake_loop import FakeLoop, answers, make_stream
from fake_wandb import wandb  # noqa: F401 (a fixture)

from avalanche.evaluation.metric_results import (
    AlternativeValues,
    LazyValue,
    MetricValue,
    TensorImage,
)
from avalanche.evaluation.metrics import (
    WeightCheckpoint,
    accuracy_matrix_metrics,
    accuracy_metrics,
)
from avalanche.logging import WandBLogger
from avalanche.training.plugins.evaluation import EvaluationPlugin

pytestmark = pytest.mark.usefixtures("wandb")


def test_arguments_of_the_run(wandb, tmp_path):  # noqa: F811
    WandBLogger()
    WandBLogger("ours", "first", config={"rate": 0.1}, dir=tmp_path, params={"mode": "offline"})
    first, second = (run.arguments for run in wandb.runs)
    assert first == {
        "project": "Avalanche",
        "name": "Test",
        "sync_tensorboard": False,
        "save_code": True,
        "config": None,
        "dir": None,
    }
    changed = {"project": "ours", "name": "first", "config": {"rate": 0.1}, "mode": "offline"}
    assert second == {**first, **changed, "dir": str(tmp_path)}


def test_params_win(wandb):  # noqa: F811
    WandBLogger(run_name="first", params={"name": "second", "tags": ["a"]})
    assert wandb.runs[0].arguments["name"] == "second"
    assert wandb.runs[0].arguments["tags"] == ["a"]


def test_a_run_of_a_known_id_goes_on(wandb, monkeypatch):  # noqa: F811
    WandBLogger(params={"id": "mine"})
    monkeypatch.setenv("WANDB_RUN_ID", "theirs")
    WandBLogger()
    WandBLogger(params={"id": "mine", "resume": "must"})
    found = [(run.arguments["id"], run.arguments["resume"]) for run in wandb.runs]
    assert found == [("mine", "allow"), ("theirs", "allow"), ("mine", "must")]


def figure():
    from matplotlib.figure import Figure

    return Figure()


def test_dispatch(wandb):  # noqa: F811
    logger = WandBLogger()
    drawing, chart = figure(), wandb.plot.CustomChart(a=1)
    logger.log_metrics(
        [
            MetricValue(None, "number", torch.tensor(0.5), 3),
            MetricValue(None, "whole", 2, 4),
            MetricValue(None, "one", torch.tensor([[3.0]]), 4),
            MetricValue(None, "text", "words", 4),
            MetricValue(None, "tensor", torch.arange(4).reshape(2, 2), 5),
            MetricValue(None, "image", TensorImage(torch.zeros(3, 4, 5)), 5),
            MetricValue(None, "figure", drawing, 5),
            MetricValue(None, "lazy", AlternativeValues(LazyValue(lambda: drawing), 0.5), 5),
            MetricValue(None, "chart", AlternativeValues(chart, torch.eye(2)), 6),
            MetricValue(None, "nothing", AlternativeValues(object()), 6),
            MetricValue(None, "object", object(), 6),
            MetricValue(None, "bytes", b"bytes", 6),
            MetricValue(None, "parts", {"a": 1.0, "b": 2.0}, 7),
        ]
    )
    logged = {
        name: (step, value) for step, one in wandb.runs[0].logged for name, value in one.items()
    }
    forms = {name: logged.pop(name) for name in ("tensor", "image", "figure", "lazy")}
    assert logged == {
        "number": (3, 0.5),
        "whole": (4, 2),
        "one": (4, 3.0),
        "text": (4, "words"),
        "chart": (6, chart),
        "parts/a": (7, 1.0),
        "parts/b": (7, 2.0),
    }
    assert {name: type(form).__name__ for name, (_, form) in forms.items()} == {
        "tensor": "Histogram",
        "image": "Image",
        "figure": "Image",
        "lazy": "Image",
    }
    assert forms["tensor"][1].data.tolist() == [0, 1, 2, 3]
    assert forms["image"][1].data.shape == (4, 5, 3)
    for name in ("figure", "lazy"):
        pixels = np.asarray(forms[name][1].data.convert("RGB"))
        assert pixels.shape == (480, 640, 3)
        assert pixels.min() == pixels.max() == 255


def test_a_figure_is_drawn_without_changing_it(wandb):  # noqa: F811
    modules = set(sys.modules)
    drawing = figure()
    drawing.add_subplot().plot([0, 1])
    canvas = drawing.canvas
    WandBLogger().log_single_metric("a", drawing, 0)
    assert drawing.canvas is canvas
    assert "matplotlib.pyplot" not in set(sys.modules) - modules
    ((_, logged),) = wandb.runs[0].logged
    assert np.asarray(logged["a"].data.convert("L")).min() < 100


def test_cells_without_a_value_are_left_out(wandb):  # noqa: F811
    loop = FakeLoop(EvaluationPlugin(accuracy_matrix_metrics(), loggers=WandBLogger()))
    train, test = make_stream("train"), make_stream("test")
    loop.train(train[0], [[answers(1, 2)]])
    loop.eval(test, [[answers(1, 2)], [answers(1, 4)]])  # the second row has no values yet
    logged = wandb.runs[0].logged[-1][1]["EvalStream/Acc_Matrix"]
    assert sorted(logged.data.tolist()) == [0.25, 0.5]


def test_numbers_of_numpy_and_of_half_precision(wandb):  # noqa: F811
    logger = WandBLogger()
    for number, value in enumerate(
        [
            np.float32(0.5),
            np.array([2.0]),
            np.arange(3),
            torch.ones(2, dtype=torch.bfloat16),
            torch.full((2,), torch.nan),
            np.bool_(True),
        ]
    ):
        logger.log_single_metric("a", value, number)
    logged = [(step, one["a"]) for step, one in wandb.runs[0].logged]
    assert logged[:2] == [(0, 0.5), (1, 2.0)]
    assert [step for step, _ in logged] == [0, 1, 2, 3]
    assert logged[2][1].data.tolist() == [0, 1, 2]
    assert logged[3][1].data.tolist() == [1, 1]


def train(*metrics, logger, experiences=2):
    loop = FakeLoop(EvaluationPlugin(*metrics, loggers=logger))
    loop.model = torch.nn.Linear(1, 1)
    for experience in make_stream("train", experiences):
        loop.train(experience, [[answers(1, 2)] * 2])
    return loop


def test_every_value_once_and_the_experiences_are_counted(wandb):  # noqa: F811
    train(accuracy_metrics(epoch=True), logger=WandBLogger())
    name = "Top1_Acc_Epoch/train_phase/train_stream/Task000"
    assert wandb.runs[0].logged == [
        (2, {name: 0.5}),
        (2, {"TrainingExperience": 1}),
        (4, {name: 0.5}),
        (4, {"TrainingExperience": 2}),
    ]


def test_steps_never_go_back(wandb):  # noqa: F811
    metrics = accuracy_metrics(minibatch=True, epoch=True, experience=True)
    loop = train(metrics, logger=WandBLogger())
    loop.eval(make_stream("test"), [[answers(1, 1)], [answers(1, 1)]])
    steps = [step for step, _ in wandb.runs[0].logged]
    assert steps == sorted(steps)


def test_models_are_left_out_unless_asked_for(wandb, tmp_path):  # noqa: F811
    train(WeightCheckpoint(), logger=WandBLogger(path=tmp_path / "models"))
    assert wandb.runs[0].artifacts == []
    assert [*wandb.runs[0].logged[0][1]] == ["TrainingExperience"]
    assert not (tmp_path / "models").exists()


def test_models_are_stored(wandb, tmp_path):  # noqa: F811
    logger = WandBLogger(log_artifacts=True, path=tmp_path / "models", uri="s3://bucket/a")
    loop = train(WeightCheckpoint(), logger=logger)
    artifacts = wandb.runs[0].artifacts
    assert [(a.name, a.type) for a in artifacts] == [("Model_0", "model"), ("Model_1", "model")]
    assert artifacts[1].references == [("s3://bucket/a", "Model_1")]
    (path,) = artifacts[1].files
    with open(path, "rb") as file:
        weights = torch.load(io.BytesIO(file.read()), weights_only=True)
    np.testing.assert_array_equal(weights["weight"], loop.model.weight.detach())


def test_closed_and_opened_again(wandb):  # noqa: F811
    logger = WandBLogger()
    logger.close()
    logger.close()
    logger.log_single_metric("a", 1.0, 0)
    first, second = wandb.runs
    assert first.finished == 1
    assert (second.arguments["id"], second.arguments["resume"]) == (first.id, "allow")
    assert second.logged == [(0, {"a": 1.0})]


def test_a_pickled_logger_goes_on_with_its_run(wandb):  # noqa: F811
    logger = WandBLogger(run_name="first")
    twin = pickle.loads(pickle.dumps(logger))
    twin.log_single_metric("a", 1.0, 0)
    second = wandb.runs[1]
    assert second.arguments["id"] == logger.run_id
    assert second.arguments["name"] == "first"
    assert second.logged == [(0, {"a": 1.0})]


def test_without_the_package(monkeypatch):
    monkeypatch.setitem(sys.modules, "wandb", None)
    with pytest.raises(ModuleNotFoundError, match=r"WandBLogger needs .*'avalanche-lib\[wandb\]'"):
        WandBLogger()


def test_params_must_be_a_mapping():
    with pytest.raises(TypeError, match="params='offline': expected a mapping"):
        WandBLogger(params="offline")
