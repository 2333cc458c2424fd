"""Confusion matrices against scikit-learn."""

import numpy as np
import pytest
import torch
from fake_loop import FakeLoop, make_stream
from sklearn.metrics import confusion_matrix

from avalanche.evaluation.metric_results import AlternativeValues
from avalanche.evaluation.metrics import ConfusionMatrix, confusion_matrix_metrics
from avalanche.training.plugins.evaluation import EvaluationPlugin


@pytest.fixture
def labels():
    generator = torch.Generator().manual_seed(0)
    return (torch.randint(0, 6, (200,), generator=generator) for _ in range(2))


@pytest.mark.parametrize("normalize", [None, "true", "pred", "all"])
@pytest.mark.parametrize("size", [1, 33, 200])
def test_equals_sklearn_however_batches_are_cut(labels, normalize, size):
    true, predicted = labels
    matrix = ConfusionMatrix(num_classes=6, normalize=normalize)
    for cut in zip(true.split(size), predicted.split(size), strict=True):
        matrix.update(*cut)
    expected = confusion_matrix(true, predicted, labels=range(6), normalize=normalize)
    np.testing.assert_allclose(matrix.result().numpy(), expected)


def test_grows_to_the_largest_label():
    matrix = ConfusionMatrix()
    assert matrix.result().shape == (0, 0)
    matrix.update(torch.tensor([0, 1]), torch.tensor([0, 0]))
    matrix.update(torch.tensor([3]), torch.tensor([1]))
    expected = confusion_matrix([0, 1, 3], [0, 0, 1], labels=range(4))
    assert matrix.result().tolist() == expected.tolist()


def test_takes_scores_and_one_hot():
    matrix = ConfusionMatrix(num_classes=3)
    matrix.update(torch.eye(3)[[0, 1]], torch.tensor([[0.1, 0.2, 0.9], [0.0, 1.0, 0.0]]))
    assert matrix.result().tolist() == [[0, 0, 1], [0, 1, 0], [0, 0, 0]]


def test_rows_without_samples_are_zero():
    matrix = ConfusionMatrix(num_classes=2, normalize="true")
    assert matrix.result().tolist() == [[0, 0], [0, 0]]


def test_reset_and_state(labels):
    true, predicted = labels
    matrix, twin = ConfusionMatrix(), ConfusionMatrix()
    matrix.update(true, predicted)
    twin.load_state_dict(matrix.state_dict())
    assert torch.equal(twin.result(), matrix.result())
    matrix.reset()
    assert matrix.result().shape == (0, 0)
    assert len(twin.result()) == 6


def test_wrong_input():
    with pytest.raises(ValueError, match="label 5: expected labels from 0 to 2 with num_classes=3"):
        ConfusionMatrix(num_classes=3).update(torch.tensor([5]), torch.tensor([0]))
    with pytest.raises(ValueError, match="label -1: expected labels from 0"):
        ConfusionMatrix(num_classes=3).update(torch.tensor([-1]), torch.tensor([0]))
    with pytest.raises(ValueError, match="predicted_y has 1 rows and true_y has 2"):
        ConfusionMatrix().update(torch.tensor([0, 1]), torch.tensor([0]))
    with pytest.raises(ValueError, match="normalize='rows': expected None, 'true', 'pred' or"):
        ConfusionMatrix(normalize="rows")
    with pytest.raises(ValueError, match="num_classes=0: expected at least 1"):
        ConfusionMatrix(num_classes=0)


def evaluate(**options):
    evaluator = EvaluationPlugin(confusion_matrix_metrics(stream=True, **options))
    loop = FakeLoop(evaluator)
    stream = make_stream("test", 2)
    stream[0].classes_in_this_experience, stream[1].classes_in_this_experience = [2, 1], [0, 3]
    batches = [
        [(torch.eye(4)[[2, 2]], torch.tensor([1, 2]))],
        [(torch.eye(4)[[0]], torch.tensor([0]))],
    ]
    loop.eval(stream, batches)
    return evaluator.get_last_metrics()["ConfusionMatrix_Stream/eval_phase/test_stream"]


EXPECTED = [[1, 0, 0, 0], [0, 0, 1, 0], [0, 0, 1, 0], [0, 0, 0, 0]]


def test_plugin_emits_a_tensor():
    assert evaluate(num_classes=4, save_image=False).tolist() == EXPECTED


def test_plugin_draws_only_when_a_picture_is_asked_for():
    drawn = []

    def draw(matrix, labels):
        drawn.append((matrix.tolist(), labels))
        return {"a": "picture"}

    value = evaluate(num_classes=4, image_creator=draw)
    assert isinstance(value, AlternativeValues)
    assert value.best_supported_value(torch.Tensor, float).tolist() == EXPECTED
    assert drawn == []
    assert value.best_supported_value(dict, set) == {"a": "picture"}
    value.best_supported_value(set)
    # drawn once, classes in the order in which the stream brings them
    assert drawn == [([[1, 0, 0, 0], [1, 0, 0, 0], [0, 0, 1, 0], [0, 0, 0, 0]], [2, 1, 0, 3])]


def test_class_order_and_names_of_the_picture():
    drawn = []

    def draw(matrix, labels):
        drawn.append(labels)
        return set()

    evaluate(num_classes=4, image_creator=draw, absolute_class_order=True).best_supported_value(set)
    evaluate(num_classes=4, image_creator=draw, class_names="abcd").best_supported_value(set)
    assert drawn == [[0, 1, 2, 3], ["c", "b", "a", "d"]]


def test_helper():
    assert confusion_matrix_metrics() == []
