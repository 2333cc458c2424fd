"""Top-k accuracy: edges, names, state. Values: tests/conformance."""

import pytest
import torch
from fake_loop import FakeLoop, make_stream

from avalanche.evaluation.metrics import TopkAccuracy, topk_acc_metrics
from avalanche.training.plugins.evaluation import EvaluationPlugin

SCORES = torch.tensor([[4.0, 3, 2, 1], [4, 3, 2, 1], [4, 3, 2, 1]])


def test_with_fewer_units_than_k_every_class_that_has_one_counts():
    accuracy = TopkAccuracy(5)
    accuracy.update(SCORES, torch.tensor([0, 3, 7]), 1)  # no unit for class 7 yet
    assert accuracy.result_task_label(1) == pytest.approx({1: 2 / 3})
    assert accuracy.result_task_label(2) == {2: 0.0}
    accuracy.reset(1)
    assert accuracy.result() == {}


def test_a_class_without_a_score_is_never_among_the_best():
    """A growing head has -inf for the classes that it has no unit for yet."""
    scores = torch.cat([SCORES[:, :2], torch.full((3, 2), float("-inf"))], dim=1)
    accuracy = TopkAccuracy(3)
    accuracy.update(scores, torch.tensor([1, 2, 3]), 0)
    assert accuracy.result() == pytest.approx({0: 1 / 3})


def test_one_hot_targets():
    accuracy = TopkAccuracy(2)
    accuracy.update(SCORES, torch.eye(4)[[0, 1, 2]], 0)
    assert accuracy.result() == pytest.approx({0: 2 / 3})


@pytest.mark.parametrize("top_k", [0, -1, 1.5, True, "3"])
def test_a_wrong_k(top_k):
    with pytest.raises(ValueError, match="top_k=.*: expected a whole number of at least 1"):
        TopkAccuracy(top_k)


@pytest.mark.parametrize("predicted", [torch.tensor([0, 1, 2]), SCORES[:2]], ids=["labels", "two"])
def test_scores_are_needed(predicted):
    with pytest.raises(ValueError, match="expected one row of scores per label"):
        TopkAccuracy(2).update(predicted, torch.tensor([0, 1, 2]), 0)


def test_names_and_values_at_every_granularity():
    every = topk_acc_metrics(
        top_k=2,
        minibatch=True,
        epoch=True,
        epoch_running=True,
        experience=True,
        trained_experience=True,
        stream=True,
    )
    loop = FakeLoop(EvaluationPlugin(every))
    loop.train(make_stream("train")[1], [[(SCORES[:2], torch.tensor([0, 2]))]])
    right, wrong = torch.tensor([0, 1]), torch.tensor([2, 3])
    loop.eval(make_stream("test"), [[(SCORES[:2], wrong)], [(SCORES[:2], right)]])
    train, test = "train_phase/train_stream/Task000", "eval_phase/test_stream/Task000"
    assert loop.evaluator.get_all_metrics() == {
        f"Topk_2_Acc_MB/{train}": ([0], [0.5]),
        f"Topk_2_RunningAcc_Epoch/{train}": ([0], [0.5]),
        f"Topk_2_Acc_Epoch/{train}": ([1], [0.5]),
        f"Topk_2_Acc_Exp/{test}/Exp000": ([1], [0.0]),
        f"Topk_2_Acc_Exp/{test}/Exp001": ([1], [1.0]),
        f"Topk_2_Acc_On_Trained_Experiences/{test}": ([1], [1.0]),
        f"Topk_2_Acc_Stream/{test}": ([1], [0.5]),
    }


def test_state_round_trips():
    accuracy, twin = TopkAccuracy(2), TopkAccuracy(2)
    accuracy.update(SCORES, torch.tensor([0, 1, 2]), 0)
    twin.load_state_dict(accuracy.state_dict())
    assert twin.result() == accuracy.result()
