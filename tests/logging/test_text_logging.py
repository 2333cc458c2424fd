"""Text, line by line."""

import io
import pickle
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from fake_loop import FakeLoop, answers, make_stream
from matplotlib.figure import Figure

from avalanche.evaluation.metric_results import (
    AlternativeValues,
    LazyValue,
    MetricValue,
    TensorImage,
)
from avalanche.evaluation.metrics import accuracy_metrics, confusion_matrix_metrics
from avalanche.logging import TextLogger
from avalanche.training.plugins.evaluation import EvaluationPlugin

EXPECTED = """\
-- >> Start of training phase << --
-- Starting training on experience 1 (Task 3) from train stream --
Epoch 0 ended.
	Top1_Acc_Epoch/train_phase/train_stream/Task003 = 0.7500
	Top1_Acc_MB/train_phase/train_stream/Task003 = 1.0000
Epoch 1 ended.
	Top1_Acc_Epoch/train_phase/train_stream/Task003 = 0.2500
	Top1_Acc_MB/train_phase/train_stream/Task003 = 0.2500
-- >> End of training phase << --
-- >> Start of eval phase << --
-- Starting eval on experience 0 (Task 0) from test stream --
> Eval on experience 0 (Task 0) from test stream ended.
	Top1_Acc_Exp/eval_phase/test_stream/Task000/Exp000 = 0.0000
-- Starting eval on experience 1 (Task 3) from test stream --
> Eval on experience 1 (Task 3) from test stream ended.
	Top1_Acc_Exp/eval_phase/test_stream/Task003/Exp001 = 1.0000
-- >> End of eval phase << --
	ConfusionMatrix_Stream/eval_phase/test_stream = 
tensor([[1, 1],
        [0, 0]])
	Top1_Acc_Stream/eval_phase/test_stream/Task003 = 0.5000
"""  # noqa: W291


def test_a_whole_run():
    text = io.StringIO()
    evaluator = EvaluationPlugin(
        accuracy_metrics(minibatch=True, epoch=True, experience=True, stream=True),
        confusion_matrix_metrics(2, stream=True),
        loggers=TextLogger(text),
    )
    loop = FakeLoop(evaluator)
    labels = [[0], [3]]
    train = make_stream("train", task_labels=labels)
    loop.train(train[1], [[answers(1, 2), answers(2, 2)], [answers(1, 4)]])
    loop.eval(make_stream("test", task_labels=labels), [[answers(0, 1)], [answers(1, 1)]])
    assert text.getvalue() == EXPECTED


def test_no_task_without_task_labels():
    text = io.StringIO()
    loop = FakeLoop(EvaluationPlugin(loggers=TextLogger(text)))
    loop.eval(make_stream("test", 1, task_labels="none"), [[answers(1, 1)]])
    assert "-- Starting eval on experience 0 from test stream --\n" in text.getvalue()


def test_kinds_of_values():
    text = io.StringIO()
    logger = TextLogger(text)
    logger.log_metrics(
        [
            MetricValue(None, "d", {"x": 0.25, "y": 3}, 0),
            MetricValue(None, "c", AlternativeValues(object()), 0),
            MetricValue(None, "b", AlternativeValues(object(), torch.eye(1)), 0),
            MetricValue(None, "a", torch.tensor(0.5), 0),
            MetricValue(None, "a", torch.tensor(0.75), 1),
            MetricValue(None, "s", "words", 1),
        ]
    )
    logger.print_current_metrics()
    expected = "\ta = 0.7500\n\tb = \ntensor([[1.]])\n\td/x = 0.2500\n\td/y = 3\n\ts = words\n"
    assert text.getvalue() == expected


@pytest.mark.parametrize(
    ("value", "lines"),
    [
        (np.float32(0.5), ["\ta = 0.5000"]),
        (np.int64(3), ["\ta = 3"]),
        ([1, 2], ["\ta = [1, 2]"]),
        ((1,), ["\ta = (1,)"]),
        (None, ["\ta = None"]),
        (True, ["\ta = True"]),
        (Path("here"), ["\ta = here"]),
        (np.array([1.0, 2.0]), ["\ta = ", "[1. 2.]"]),
        ({"x": np.float32(0.5), "y": [1]}, ["\ta/x = 0.5000", "\ta/y = [1]"]),
        (b"weights", []),
        (TensorImage(torch.zeros(3, 2, 2)), []),
        (Figure(), []),
        (LazyValue(Figure), []),
    ],
    ids=lambda value: None if isinstance(value, list) else type(value).__name__,
)
def test_every_value_but_pictures_and_models_is_written(value, lines):
    text = io.StringIO()
    logger = TextLogger(text)
    logger.log_metrics([MetricValue(None, "a", value, 0)])
    logger.print_current_metrics()
    assert text.getvalue().splitlines() == lines


def test_values_per_iteration_are_not_converted_until_the_report():
    logger = TextLogger(io.StringIO())
    values = [MetricValue(None, "a", torch.tensor(float(step)), step) for step in range(3)]
    for value in values:
        logger.log_metrics([value])
    assert all(value.pending for value in values)
    logger.print_current_metrics()
    assert [value.pending for value in values] == [True, True, False]


def test_a_run_that_goes_on_is_marked():
    text = io.StringIO()
    evaluator = EvaluationPlugin(loggers=TextLogger(text))
    evaluator.load_state_dict(evaluator.state_dict())
    assert text.getvalue() == "[Resuming from checkpoint...]\n"


def test_standard_output_by_default(capsys):
    TextLogger().on_checkpoint_resume()
    assert "Resuming" in capsys.readouterr().out
    TextLogger(sys.__stderr__).on_checkpoint_resume()
    assert "Resuming" in capsys.readouterr().err


def test_pickle_goes_on_at_the_end_of_the_file(tmp_path):
    path = tmp_path / "log.txt"
    with path.open("a") as file:
        logger = TextLogger(file)
        logger.log_single_metric("a", 1, 0)
        logger.print_current_metrics()
        saved = pickle.dumps(logger)
    twin = pickle.loads(saved)
    twin.log_single_metric("b", 2, 1)
    twin.print_current_metrics()
    twin.file.close()
    assert path.read_text() == "\ta = 1\n\tb = 2\n"


def test_pickle_of_standard_streams(capsys):
    for logger in (TextLogger(), TextLogger(sys.stdout)):
        pickle.loads(pickle.dumps(logger)).on_checkpoint_resume()
    assert capsys.readouterr().out.count("Resuming") == 2


def test_pickle_needs_a_path():
    with pytest.raises(TypeError, match="can be pickled only if its file has a path"):
        pickle.dumps(TextLogger(io.StringIO()))
