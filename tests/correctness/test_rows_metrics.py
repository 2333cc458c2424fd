"""Metrics that are known to be wrong elsewhere, on real strategies and streams."""

import numpy as np
import pytest
import torch
from sklearn.metrics import confusion_matrix, mean_squared_error, r2_score
from torch.utils.data import TensorDataset

from avalanche.benchmarks import nc_benchmark, split_online_stream
from avalanche.evaluation.metrics import (
    R2,
    RMSE,
    CumulativeAccuracyPluginMetric,
    CumulativeForgettingPluginMetric,
    accuracy_metrics,
    bwt_metrics,
    confusion_matrix_metrics,
    forgetting_metrics,
    forward_transfer_metrics,
    mean_scores_metrics,
    topk_acc_metrics,
)
from avalanche.models import IncrementalClassifier
from avalanche.training.plugins import EvaluationPlugin
from avalanche.training.supervised import JointTraining, Naive

N_EXPERIENCES = 4


def labelled(size, seed):
    generator = torch.Generator().manual_seed(seed)
    targets = torch.arange(size) % (2 * N_EXPERIENCES)
    inputs = torch.randn(size, 6, generator=generator) + targets[:, None] * 0.5
    data = TensorDataset(inputs, targets)
    data.targets = targets.tolist()
    return data


@pytest.fixture(scope="module")
def benchmark():
    train, test = labelled(80, 0), labelled(48, 1)
    return nc_benchmark(train, test, N_EXPERIENCES, task_labels=False, shuffle=False)


def naive(*metrics, rate=1.0, **options):
    torch.manual_seed(0)
    model = torch.nn.Linear(6, 2 * N_EXPERIENCES)
    return Naive(
        model,
        torch.optim.SGD(model.parameters(), lr=rate),
        torch.nn.CrossEntropyLoss(),
        train_mb_size=20,
        eval_mb_size=7,
        evaluator=EvaluationPlugin(accuracy_metrics(experience=True), *metrics, loggers=[]),
        **options,
    )


def learn(strategy, benchmark, order=range(N_EXPERIENCES)):
    """Train in ``order``, evaluating before and after each; the matrix that accuracy tells."""
    rows = []
    for k in [None, *order]:
        if k is not None:
            strategy.train(benchmark.train_stream[k])
        last = strategy.eval(benchmark.test_stream)
        rows.append([last[exp("Top1_Acc_Exp", j)] for j in range(N_EXPERIENCES)])
    return np.array(rows)


def exp(name, k, stream="test"):
    return f"{name}/eval_phase/{stream}_stream/Task000/Exp{k:03}"


def whole(name, stream="test"):
    return f"{name}/eval_phase/{stream}_stream"


def test_row_33_forgetting_is_first_or_best_minus_last_by_name(benchmark):
    strategy = naive(
        forgetting_metrics(experience=True, stream=True),
        forgetting_metrics(experience=True, stream=True, reference="best"),
        bwt_metrics(experience=True, stream=True),
    )
    matrix = learn(strategy, benchmark)[1:]
    found = strategy.evaluator.get_last_metrics()
    old = range(N_EXPERIENCES - 1)
    first = np.array([matrix[k, k] - matrix[-1, k] for k in old])
    best = np.array([matrix[k:-1, k].max() - matrix[-1, k] for k in old])
    assert first.any(), "nothing was forgotten, so nothing was tested"
    for name, values in [
        ("Forgetting", first),
        ("ForgettingFromBest", best),
        ("BWT", -first),
    ]:
        for k in old:
            assert found[exp(f"Experience{name}", k)] == pytest.approx(values[k])
        assert found[whole(f"Stream{name}")] == pytest.approx(values.mean())


def test_row_33_streams_do_not_overwrite_each_other(benchmark):
    def run(*streams):
        strategy = naive(forgetting_metrics(experience=True, stream=True))
        for experience in benchmark.train_stream:
            strategy.train(experience)
            for stream in streams:
                strategy.eval(stream)
        return strategy.evaluator.get_all_metrics()

    alone = {**run(benchmark.test_stream), **run(benchmark.train_stream)}
    together = run(benchmark.test_stream, benchmark.train_stream)
    assert together == alone


@pytest.mark.parametrize("boundaries", [True, False], ids=["boundaries", "no_boundaries"])
def test_row_33_online_streams_are_not_silent_1343(benchmark, boundaries):
    strategy = naive(
        forgetting_metrics(experience=True), forgetting_metrics(experience=True, reference="best")
    )
    pieces = split_online_stream(
        benchmark.train_stream, experience_size=10, access_task_boundaries=boundaries
    )
    rows = []
    for piece in pieces:
        strategy.train(piece)
        last = strategy.eval(benchmark.test_stream)
        rows.append([last[exp("Top1_Acc_Exp", j)] for j in range(N_EXPERIENCES)])
    matrix = np.array(rows)[1::2]  # after the second piece of 10 of each experience of 20
    assert (np.array(rows)[::2].max(axis=0) > matrix.max(axis=0)).any(), "no piece is better"
    for k in range(N_EXPERIENCES - 1):
        lost = matrix[k, k] - matrix[-1, k]
        assert last[exp("ExperienceForgetting", k)] == pytest.approx(lost)
        lost = matrix[k:-1, k].max() - matrix[-1, k]
        assert last[exp("ExperienceForgettingFromBest", k)] == pytest.approx(lost)


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (2, 0, 3, 1)], ids=str)
def test_row_34_forward_transfer_has_its_baseline_of_every_stream(benchmark, order):
    strategy = naive(forward_transfer_metrics(experience=True, stream=True))
    matrix = learn(strategy, benchmark, order)
    found = strategy.evaluator.get_last_metrics()
    terms = [matrix[i, k] - matrix[0, k] for i, k in enumerate(order)][1:]
    assert np.any(terms), "nothing was transferred, so nothing was tested"
    for k, term in zip(order[1:], terms, strict=True):
        assert found[exp("ExperienceForwardTransfer", k)] == pytest.approx(term)
    assert found[whole("StreamForwardTransfer")] == pytest.approx(np.mean(terms))


def test_row_34_periodic_evaluation_is_the_baseline_by_default(benchmark):
    by_hand = naive(forward_transfer_metrics(experience=True, stream=True))
    learn(by_hand, benchmark)
    periodic = naive(forward_transfer_metrics(experience=True, stream=True), eval_every=0)
    periodic.train(benchmark.train_stream)
    by_hand, periodic = (s.evaluator.get_last_metrics() for s in (by_hand, periodic))
    assert periodic == by_hand


def test_row_34_training_without_any_baseline_says_what_to_do(benchmark):
    strategy = naive(forward_transfer_metrics(stream=True))
    before = strategy.model.weight.detach().clone()
    with pytest.raises(RuntimeError, match=r"no baseline: .*strategy.eval\(benchmark.test_stream"):
        strategy.train(benchmark.train_stream[0])
    assert torch.equal(before, strategy.model.weight)


@pytest.mark.parametrize("size", [1, 5, 40])
def test_row_35_41_regression_accumulates_sums_and_knows_truth_from_prediction(size):
    random = np.random.default_rng(0)
    true = random.normal(size=40)
    found = 0.3 * true + random.normal(size=40)
    error, share = RMSE(), R2()
    for start in range(0, 40, size):
        batch = [torch.from_numpy(data[start : start + size]) for data in (found, true)]
        error.update(*batch)
        share.update(*batch)
    assert error.result() == pytest.approx(np.sqrt(mean_squared_error(true, found)))
    assert share.result() == pytest.approx(r2_score(true, found))
    assert share.result() != pytest.approx(r2_score(found, true))


def test_joint_training_has_learnt_the_classes_of_all_experiences(benchmark):
    torch.manual_seed(0)
    model = torch.nn.Linear(6, 2 * N_EXPERIENCES)
    strategy = JointTraining(
        model,
        torch.optim.SGD(model.parameters(), lr=0.1),
        train_mb_size=20,
        eval_mb_size=7,
        evaluator=EvaluationPlugin(
            CumulativeAccuracyPluginMetric(), mean_scores_metrics(on_train=False), loggers=[]
        ),
    )
    strategy.train(benchmark.train_stream)
    found = strategy.eval(benchmark.test_stream)
    inputs, true = labelled(48, 1).tensors
    with torch.no_grad():
        scores = model(inputs)
    for k in range(N_EXPERIENCES):
        size = 2 * (k + 1)
        kept = true < size
        expected = (scores[kept, :size].argmax(1) == true[kept]).double().mean()
        name = f"{whole('CumulativeAccuracy')}/Exp{k:03}"
        assert found[name] == pytest.approx(float(expected))
    mean = scores[range(len(true)), true].double().mean()
    assert found[f"{whole('MeanScores')}/new_classes"] == pytest.approx(float(mean))
    assert f"{whole('MeanScores')}/old_classes" not in found


def test_top_k_of_a_growing_head_is_of_the_classes_that_it_has(benchmark):
    torch.manual_seed(0)
    model = IncrementalClassifier(6, initial_out_features=2)
    strategy = Naive(
        model,
        torch.optim.SGD(model.parameters(), lr=0.1),
        train_mb_size=20,
        eval_mb_size=7,
        evaluator=EvaluationPlugin(topk_acc_metrics(top_k=3, experience=True), loggers=[]),
    )
    strategy.train(benchmark.train_stream[0])
    found = strategy.eval(benchmark.test_stream)
    values = [found[exp("Topk_3_Acc_Exp", k)] for k in range(N_EXPERIENCES)]
    assert values == [1.0, 0.0, 0.0, 0.0]  # two units, both among the best three


def test_rival_rn225_forward_transfer_tells_methods_apart(benchmark):
    values = []
    for rate in (1.0, 0.05):
        strategy = naive(forward_transfer_metrics(stream=True), rate=rate)
        learn(strategy, benchmark)
        values.append(strategy.evaluator.get_last_metrics()[whole("StreamForwardTransfer")])
    assert values[0] != values[1]


def test_rival_ct281_ct291_forgetting_counts_the_last_old_experience(benchmark):
    strategy = naive(forgetting_metrics(stream=True))
    matrix = learn(strategy, benchmark)[1:]
    lost = np.array([matrix[k, k] - matrix[-1, k] for k in range(N_EXPERIENCES - 1)])
    found = strategy.evaluator.get_last_metrics()[whole("StreamForgetting")]
    assert found == pytest.approx(lost.mean())
    assert lost[-1] != 0, "leaving the last one out would not be noticed"
    assert found != pytest.approx(lost[:-1].sum() / (N_EXPERIENCES - 1))


def test_fixed_confusion_matrix_rows_are_the_classes_703(benchmark):
    strategy = naive(confusion_matrix_metrics(stream=True, save_image=False))
    strategy.train(benchmark.train_stream[1])
    found = strategy.eval(benchmark.test_stream[1:])  # class 0 and 1 do not appear
    inputs, true = labelled(48, 1).tensors
    chosen = true >= 2
    with torch.no_grad():
        predicted = strategy.model(inputs[chosen]).argmax(1)
    size = int(max(predicted.max(), true.max())) + 1
    expected = confusion_matrix(true[chosen], predicted, labels=range(size))
    assert found[whole("ConfusionMatrix_Stream")].tolist() == expected.tolist()


def test_fixed_forgetting_belongs_to_the_experience_it_is_named_after_385(benchmark):
    strategy = naive(forgetting_metrics(experience=True))
    matrix = learn(strategy, benchmark, order=(3, 1, 0, 2))[1:]
    found = strategy.evaluator.get_last_metrics()
    for time, k in [(0, 3), (1, 1), (2, 0)]:
        lost = matrix[time, k] - matrix[-1, k]
        assert found[exp("ExperienceForgetting", k)] == pytest.approx(lost)
    assert exp("ExperienceForgetting", 2) not in found


@pytest.mark.parametrize("task_labels", [False, True], ids=["one_task", "task_per_experience"])
def test_fixed_cumulative_accuracy_is_the_same_with_task_labels_1426(task_labels):
    train, test = labelled(80, 0), labelled(48, 1)
    benchmark = nc_benchmark(train, test, N_EXPERIENCES, task_labels=task_labels, shuffle=False)
    strategy = naive(CumulativeAccuracyPluginMetric(), CumulativeForgettingPluginMetric())
    inputs, true = test.tensors
    reached = {}
    for experience in benchmark.train_stream:
        strategy.train(experience)
        last = strategy.eval(benchmark.test_stream)
        with torch.no_grad():
            scores = strategy.model(inputs)
        for k in range(experience.current_experience + 1):
            size = 2 * (k + 1)
            kept = true < size
            value = float((scores[kept, :size].argmax(1) == true[kept]).double().mean())
            first = reached.setdefault(k, value)
            where = f"eval_phase/test_stream/Exp{k:03}"
            assert last[f"CumulativeAccuracy/{where}"] == pytest.approx(value)
            if k < experience.current_experience:
                assert last[f"CumulativeForgetting/{where}"] == pytest.approx(first - value)
