"""What the loop trains on and evaluates: through which transforms, and in which shares."""

import pytest
import torch
from torch import nn
from torch.utils.data import TensorDataset

from avalanche.benchmarks import benchmark_from_datasets, nc_benchmark
from avalanche.benchmarks.utils import TransformGroups, _make_taskaware_classification_dataset
from avalanche.benchmarks.utils import _make_taskaware_tensor_classification_dataset as tensor_set
from avalanche.core import SupervisedPlugin
from avalanche.training import CoPE, GDumb, Naive, Replay

SAMPLES, CLASSES = 40, 4


class Look(SupervisedPlugin):
    """Keeps the batches of training and of evaluation, in order."""

    def __init__(self):
        self.seen = []

    def after_training_iteration(self, strategy, **kwargs):
        self.seen.append(("train", [column.clone() for column in strategy.mbatch]))

    def after_eval_iteration(self, strategy, **kwargs):
        self.seen.append(("eval", [column.clone() for column in strategy.mbatch]))

    def of(self, phase):
        return [batch for name, batch in self.seen if name == phase]


def plus(number):
    return lambda x: x + number


def by_phase():
    """Two experiences of zeros that training reads as 1, evaluation as 100."""
    groups = TransformGroups({"train": plus(1), "eval": plus(100)})
    zeros = TensorDataset(torch.zeros(SAMPLES, 1), torch.arange(SAMPLES) % CLASSES)
    data = _make_taskaware_classification_dataset(zeros, transform_groups=groups)
    return nc_benchmark(data, data, 2, False, shuffle=False)


def make(strategy, look, **options):
    torch.manual_seed(0)
    model = nn.Linear(1, CLASSES)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    options = {"train_mb_size": 10, "eval_mb_size": 10, "evaluator": None, **options}
    return strategy(model, optimizer, plugins=[look], **options)


def inputs(batches):
    return torch.cat([batch[0] for batch in batches]).flatten().tolist()


def test_training_data_are_evaluated_through_the_transforms_of_evaluation():
    look, benchmark = Look(), by_phase()
    strategy = make(Naive, look)
    strategy.train(benchmark.train_stream)
    strategy.eval(benchmark.train_stream)
    assert inputs(look.of("train")) == [1.0] * SAMPLES
    assert inputs(look.of("eval")) == [100.0] * SAMPLES


def test_training_goes_on_through_its_own_transforms_after_an_evaluation_in_between():
    look, benchmark = Look(), by_phase()
    strategy = make(Naive, look, train_epochs=2, eval_every=1)
    experience = benchmark.train_stream[0]
    strategy.train(experience, eval_streams=[[experience]])
    phases = [name for name, _ in look.seen]
    one = ["eval"] * 2 + ["train"] * 2  # before the first epoch, then after each
    assert phases == [*one, *one, "eval", "eval"]
    assert inputs(look.of("train")) == [1.0] * SAMPLES
    assert inputs(look.of("eval")) == [100.0] * (3 * SAMPLES // 2)


@pytest.mark.parametrize(
    ("strategy", "options", "sizes"),
    [
        (Replay, {"mem_size": 6}, [10, 10, 16, 16]),
        (CoPE, {"mem_size": 10, "p_size": CLASSES, "n_classes": CLASSES}, [10, 10, 20, 20]),
        (GDumb, {"mem_size": 8}, [8, 8]),
    ],
    ids=["replay", "cope", "gdumb"],
)
def test_remembered_samples_go_through_the_transforms_of_training(strategy, options, sizes):
    look = Look()
    make(strategy, look, **options).train(by_phase().train_stream)
    assert [len(x) for x, *_ in look.of("train")] == sizes
    assert inputs(look.of("train")) == [1.0] * sum(sizes)


def test_a_task_with_few_samples_has_its_share_of_every_batch():
    tasks = torch.tensor([0] * 40 + [1] * 8)
    data = tensor_set(torch.arange(48.0)[:, None], tasks, task_labels=tasks.tolist())
    look = Look()
    benchmark = benchmark_from_datasets(train=[data])
    make(Naive, look, train_mb_size=8).train(benchmark.train_stream)
    batches = look.of("train")
    assert len(batches) == 40 // 4
    for x, _, labels in batches:
        assert sorted(labels.tolist()) == [0] * 4 + [1] * 4
        assert len(set(x.flatten().tolist())) == 8
    numbers = sorted(inputs(batches))
    assert numbers == [*range(40), *sorted([*range(40, 48)] * 5)]
