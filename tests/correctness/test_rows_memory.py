"""Memories, prototypes and consolidated heads that are known to be wrong elsewhere, row by row."""

from types import SimpleNamespace

import pytest
import torch
from torch import nn
from torch.optim import SGD
from torch.utils.data import TensorDataset

from avalanche.benchmarks import class_incremental_benchmark
from avalanche.benchmarks.utils import (
    _make_taskaware_tensor_classification_dataset,
    as_classification_dataset,
)
from avalanche.benchmarks.utils.data_loader import ReplayDataLoader
from avalanche.core import SupervisedPlugin
from avalanche.evaluation.metrics import accuracy_metrics
from avalanche.testing import streams
from avalanche.training import (
    CoPE,
    Cumulative,
    GDumb,
    JointTraining,
    Replay,
)
from avalanche.training.consolidated_head import ConsolidatedHead
from avalanche.training.plugins import CoPEPlugin, EvaluationPlugin, ReplayPlugin
from avalanche.training.storage_policy import (
    ClassBalancedBuffer,
    ExperienceBalancedBuffer,
    ParametricBuffer,
)

WIDTH = 4


class Look(SupervisedPlugin):
    """Inputs and targets of every iteration, by epoch."""

    def before_training(self, strategy, **kwargs):
        self.epochs = []

    def before_training_epoch(self, strategy, **kwargs):
        self.epochs.append([])

    def after_forward(self, strategy, **kwargs):
        self.epochs[-1].append((strategy.mb_x.clone(), strategy.mb_y.clone()))


def make(kind, model=None, **options):
    torch.manual_seed(0)
    if model is None:
        model = nn.Sequential(nn.Flatten(), nn.Linear(streams.FEATURES, streams.CLASSES))
    options = {"train_mb_size": 8, "evaluator": None, "plugins": [look := Look()], **options}
    return kind(model, SGD(model.parameters(), lr=0.05), **options), look


def cope(model=None, **options):
    if model is None:
        model = nn.Sequential(nn.Flatten(), nn.Linear(streams.FEATURES, WIDTH))
    options = {"n_classes": streams.CLASSES, "p_size": WIDTH, "mem_size": 12, **options}
    return make(CoPE, model, **options)


def labelled(labels, start=0, tasks=None):
    """An experience whose inputs number its samples."""
    y = torch.as_tensor(labels)
    x = torch.arange(start, start + len(y)).float()[:, None]
    if tasks is not None:
        data = _make_taskaware_tensor_classification_dataset(x, y, task_labels=tasks)
    else:
        plain = TensorDataset(x, y)
        plain.targets = y
        data = as_classification_dataset(plain)
    return SimpleNamespace(dataset=data)


def stored(buffer):
    return [int(x) for x in buffer.buffer.batch(range(len(buffer.buffer)))[0]]


def rows(*batches):
    """Inputs as a sorted list of rows, so that two sets of samples can be compared."""
    return sorted(map(tuple, torch.cat(batches).tolist()))


@pytest.mark.parametrize("iterations", [1, 3])
def test_row_17_cope_processes_every_incoming_batch_and_each_as_often_as_asked(iterations):
    strategy, look = cope(max_it_cnt=iterations, train_epochs=3)
    for experience in streams.class_incremental().train_stream[:2]:
        strategy.train(experience)
        batches = [x[:8] for epoch in look.epochs for x, _ in epoch]
        assert len(batches) == 5 * iterations, "40 samples in batches of 8, one pass"
        everything = experience.dataset.batch(range(40))[0]
        assert rows(*batches) == sorted(rows(everything) * iterations)
        for i, batch in enumerate(batches):
            assert torch.equal(batch, batches[i - i % iterations])


def test_row_17_cope_normalises_a_nested_last_layer_1054():
    tail = nn.Sequential(nn.ReLU(), nn.Sequential(nn.Linear(8, WIDTH)))
    model = nn.Sequential(nn.Flatten(), nn.Linear(streams.FEATURES, 8), tail)
    strategy, _ = cope(model)
    strategy.train(streams.class_incremental().train_stream[0])
    answers = model(torch.randn(5, streams.FEATURES))
    torch.testing.assert_close(answers.norm(dim=1), torch.ones(5))
    assert [*dict(model.named_parameters())][-1] == "2.1.0.bias"


def test_fixed_cope_memory_is_its_storage_policy_and_takes_in_every_experience_1285():
    strategy, look = cope()
    policy = next(p for p in strategy.plugins if isinstance(p, CoPEPlugin)).storage_policy
    for number, experience in enumerate(streams.class_incremental().train_stream, start=1):
        kept = policy.buffer.batch(range(12))[0].tolist() if number > 1 else []
        before = set(map(tuple, kept))
        strategy.train(experience)
        replayed = [x[8:] for epoch in look.epochs for x, _ in epoch]
        assert (number > 1) == bool(len(torch.cat(replayed)))
        assert {tuple(x) for batch in replayed for x in batch.tolist()} <= before
        assert sorted(policy.buffer.targets.count) == list(range(2 * number))
        assert len(policy.buffer) == 12


@pytest.mark.parametrize("kind", [cope, lambda **o: make(GDumb, mem_size=12, **o)],
                         ids=["cope", "gdumb"])  # fmt: skip
def test_row_39_streams_without_task_labels(kind):
    datasets = {}
    for name in ("train", "test"):
        x, y = torch.randn(36, streams.FEATURES), torch.arange(36) % streams.CLASSES
        plain = TensorDataset(x, y)
        plain.targets = y
        datasets[name] = as_classification_dataset(plain)
    benchmark = class_incremental_benchmark(datasets, num_experiences=3)
    evaluator = EvaluationPlugin(accuracy_metrics(stream=True))
    strategy, _ = kind(evaluator=evaluator)
    strategy.train(benchmark.train_stream)
    assert len(strategy.eval(benchmark.test_stream)) == 1


def test_row_30_the_longest_group_ends_the_epoch_whatever_its_place():
    data = labelled([0] * 24, tasks=[0] * 4 + [1] * 20).dataset
    memory = labelled([0] * 3, start=100, tasks=[0] * 3).dataset
    options = {"batch_size": {0: 2, 1: 2}, "batch_size_mem": 1, "oversample_small_tasks": True}
    loader = ReplayDataLoader(data, memory, shuffle=True, **options)
    batches = [x[:, 0].int().tolist() for x, _, _ in loader]
    assert len(batches) == len(loader) == 10
    for batch in batches:
        assert [sum(v in part for v in batch) for part in (range(4), range(4, 24))] == [2, 2]
        assert len(batch) == 5
    long = sorted(v for batch in batches for v in batch if 4 <= v < 24)
    assert long == list(range(4, 24)), "each sample of the longest group once"


def test_row_31_the_parametric_buffer_is_a_reservoir():
    kept = torch.zeros(5)
    for _ in range(100):
        buffer = ParametricBuffer(20)
        for number in range(5):
            buffer.post_adapt(None, labelled([0] * 20, start=20 * number))
        kept += torch.bincount(torch.tensor(stored(buffer)) // 20, minlength=5) / 100
    # 4 of each; the mean of 100 draws has a standard deviation of 0.16.
    assert kept.sum() == pytest.approx(20, abs=1e-4)
    assert ((kept - 4).abs() < 0.8).all(), kept


def test_row_32_places_that_a_rare_class_cannot_use_go_to_the_others_767():
    buffer = ClassBalancedBuffer(100)
    buffer.post_adapt(None, labelled([0] * 5 + [1] * 500))
    assert buffer.buffer.targets.count == {0: 5, 1: 95}
    buffer.post_adapt(None, labelled([2] * 500, start=1000))
    assert sum(buffer.buffer.targets.count.values()) == 100
    assert sorted(buffer.buffer.targets.count.values()) == [5, 47, 48]


def test_fixed_replay_quota_depends_on_the_memory_not_on_the_experience_543():
    buffer = ExperienceBalancedBuffer(30)
    for start, size in ((0, 40), (100, 5), (200, 40)):
        buffer.post_adapt(None, labelled([0] * size, start=start))
        assert len(buffer.buffer) == 30, "a small experience leaves its places to the others"
    by_experience = torch.bincount(torch.tensor(stored(buffer)) // 100).tolist()
    assert by_experience[1] == 5
    assert sorted(by_experience) in ([5, 12, 13],)


def test_fixed_replay_keeps_exemplars_of_every_experience_574():
    strategy, look = make(Replay, mem_size=24)
    benchmark = streams.class_incremental()
    first = set(map(tuple, benchmark.train_stream[0].dataset.batch(range(40))[0].tolist()))
    policy = next(p for p in strategy.plugins if isinstance(p, ReplayPlugin)).storage_policy
    was = first
    for number, experience in enumerate(benchmark.train_stream, start=1):
        strategy.train(experience)
        assert policy.buffer.targets.count.keys() == set(range(2 * number))
        assert len(policy.buffer) == 24
        now = first & {tuple(x) for x in policy.buffer.batch(range(24))[0].tolist()}
        assert len(now) == 24 // number
        assert now <= was, "what was dropped does not come back"
        was = now
    replayed = torch.cat([y[8:] for epoch in look.epochs for _, y in epoch])
    assert set(replayed.tolist()) == {0, 1, 2, 3}


def test_fixed_replay_memory_is_a_uniform_sample_of_each_experience_769():
    counts = torch.zeros(40)
    for _ in range(200):
        buffer = ExperienceBalancedBuffer(20)
        for start in (0, 100):
            buffer.post_adapt(None, labelled([0] * 40, start=start))
        counts[[v for v in stored(buffer) if v < 100]] += 1
    expected = 200 * 10 / 40
    # Draws without repetition vary less than independent ones: 39 degrees of freedom, p < 0.001.
    assert ((counts - expected) ** 2 / expected).sum() < 73


def test_fixed_cwr_star_counts_a_class_from_its_first_experience_1008():
    model = nn.Linear(2, 3, bias=False)
    head, agent = ConsolidatedHead(model), SimpleNamespace(model=model)
    trained = torch.tensor([[4.0, 2.0], [0.0, 2.0], [9.0, 9.0]])
    head.pre_adapt(agent, labelled([0] * 9 + [1]))
    model.weight.data.copy_(trained)
    head.post_adapt(agent, None)
    assert head.past[""].tolist() == [9, 1, 0]
    torch.testing.assert_close(head.weights[""], torch.tensor([[2.0, 0], [-2, 0], [0, 0]]))
    # Class 0 again, with 1 sample against 9: its old weights count three times the new ones.
    head.pre_adapt(agent, labelled([0, 2]))
    assert model.weight.tolist() == [[2, 0], [0, 0], [0, 0]]
    model.weight.data.copy_(trained + torch.tensor([[6.0], [0], [0]]))  # rows (10, 8) and (9, 9)
    head.post_adapt(agent, None)
    assert model.weight[0].tolist() == [(2 * 3 + 1) / 4, (0 * 3 - 1) / 4]
    assert model.weight[1].tolist() == [-2, 0]
    assert head.past[""].tolist() == [10, 1, 1]


def test_fixed_joint_training_sees_every_experience_once_an_epoch_707():
    strategy, look = make(JointTraining, train_epochs=2)
    benchmark = streams.class_incremental()
    strategy.train(benchmark.train_stream)
    everything = [e.dataset.batch(range(40))[0] for e in benchmark.train_stream]
    assert len(look.epochs) == 2
    for epoch in look.epochs:
        assert rows(*[x for x, _ in epoch]) == rows(*everything)


@pytest.mark.parametrize("kind", [JointTraining, Cumulative])
@pytest.mark.parametrize("given", [True, False], ids=["streams given", "by default"])
def test_fixed_joint_and_cumulative_training_evaluate_periodically_828(kind, given):
    evaluator = EvaluationPlugin(accuracy_metrics(stream=True), collect_all=True)
    strategy, _ = make(kind, train_epochs=3, eval_every=1, evaluator=evaluator)
    benchmark = streams.class_incremental()
    stream = benchmark.train_stream[:2]
    strategy.train(stream, eval_streams=[benchmark.test_stream] if given else None)
    name = "Top1_Acc_Stream/eval_phase/test_stream/Task000"
    runs = 1 if kind is JointTraining else 2
    assert set(evaluator.get_all_metrics()) == {name}
    assert len(evaluator.get_all_metrics()[name][1]) >= 3 * runs


def test_fixed_cumulative_training_sees_all_experiences_so_far_once_an_epoch():
    strategy, look = make(Cumulative)
    benchmark = streams.class_incremental()
    everything = [e.dataset.batch(range(40))[0] for e in benchmark.train_stream]
    for number, experience in enumerate(benchmark.train_stream, start=1):
        strategy.train(experience)
        assert rows(*[x for x, _ in look.epochs[-1]]) == rows(*everything[:number])
        assert len(strategy.dataset) == 40 * number
