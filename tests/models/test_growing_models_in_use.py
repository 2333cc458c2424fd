"""Growing models where users bend them: own heads, weights that do not fit, odd batches."""

import copy
from types import SimpleNamespace

import pytest
import torch
from torch import nn

from avalanche.models import (
    PNN,
    DynamicModule,
    IncrementalClassifier,
    MTSimpleMLP,
    MultiHeadClassifier,
    MultiTaskModule,
    avalanche_model_adaptation,
    is_multi_task_module,
)
from avalanche.testing.streams import FEATURES, class_incremental, task_incremental
from avalanche.training import Naive


def experience(*classes, task=0):
    return SimpleNamespace(classes_in_this_experience=list(classes), task_labels=[task])


def test_a_head_that_a_module_makes_while_it_adapts_is_adapted_too():
    class OwnHeads(MultiTaskModule):
        def __init__(self):
            super().__init__()
            self.heads, self.calls = nn.ModuleDict(), 0

        def adaptation(self, experience):
            super().adaptation(experience)
            self.calls += 1
            for task in experience.task_labels:
                if str(task) not in self.heads:
                    self.heads[str(task)] = IncrementalClassifier(3)

    model = OwnHeads()
    avalanche_model_adaptation(nn.ModuleList([model, model]), experience(4, 5, task=2))
    assert model.heads["2"].classifier.out_features == 6
    assert model.calls == 1


@pytest.mark.parametrize("make", [lambda f: MTSimpleMLP(f, 8), lambda f: PNN(2, f, 4)])
def test_weights_that_do_not_fit_are_refused_and_nothing_learnt_is_gone(make):
    model = make(6)
    for task in range(3):
        avalanche_model_adaptation(model, experience(0, 1, task=task))
    names = [name for name, _ in model.named_parameters()]
    other = PNN(2, 6, 5) if isinstance(model, PNN) else MTSimpleMLP(6, 5)
    with pytest.raises(RuntimeError, match="size mismatch"):
        model.load_state_dict(other.state_dict())
    assert [name for name, _ in model.named_parameters()] == names


def test_a_head_of_another_width_is_refused_and_keeps_its_units():
    head = IncrementalClassifier(4)
    head.adaptation(experience(0, 5))
    with pytest.raises(RuntimeError, match="size mismatch"):
        head.load_state_dict(IncrementalClassifier(3).state_dict())
    assert head.classifier.out_features == 6


def test_a_layer_that_takes_more_units_has_no_values_of_chance_in_what_was_not_saved():
    class Own(DynamicModule):
        def __init__(self):
            super().__init__()
            self.head = nn.Linear(4, 2)

        def adaptation(self, experience):
            """Grows in some way."""

    model = Own()
    bias = model.head.bias.detach().clone()
    model.load_state_dict({"head.weight": torch.zeros(500, 4)}, strict=False)
    assert torch.equal(model.head.bias[:2], bias)
    assert model.head.bias.abs().max() <= 0.5  # 1 / sqrt(4), as of a new layer


@pytest.mark.parametrize("make", [MTSimpleMLP, lambda a, b: PNN(1, a, b)], ids=["heads", "PNN"])
def test_tasks_without_training_beside_trained_ones_in_any_precision(make):
    model = make(6, 8)
    avalanche_model_adaptation(model, experience(0, 1, task=1))
    x, tasks = torch.randn(2, 6), torch.tensor([1, 7])
    assert model.double()(x.double(), tasks).dtype == torch.float64
    model.float()
    with torch.autocast("cpu", torch.bfloat16):
        out = model(x, tasks)
    assert out[1, :2].tolist() == [0, 0]
    assert out.isfinite()[:, :2].all()


def test_an_empty_batch_has_no_answers():
    model = MTSimpleMLP(6, 8)
    avalanche_model_adaptation(model, experience(0, 1))
    assert model(torch.empty(0, 6), torch.empty(0, dtype=torch.long)).shape == (0, 2)


@pytest.mark.parametrize("head", [IncrementalClassifier(3), MultiHeadClassifier(3)])
def test_a_class_below_zero_is_refused(head):
    before = copy.deepcopy(head.state_dict())
    with pytest.raises(ValueError, match="start at 0"):
        head.adaptation(experience(-1, 0))
    assert all(torch.equal(v, before[k]) for k, v in head.state_dict().items())


@pytest.mark.filterwarnings("ignore")  # of the compiler itself
def test_a_compiled_model_gets_its_task_labels():
    stream = task_incremental()
    model = MTSimpleMLP(FEATURES, 8)
    compiled = torch.compile(model, backend="eager")
    assert is_multi_task_module(nn.DataParallel(compiled))
    strategy = Naive(compiled, torch.optim.SGD(model.parameters(), lr=0.1), evaluator=None)
    before = model.classifier.classifiers["0"].classifier.weight.detach().clone()
    strategy.train(stream.train_stream[0])
    assert not torch.equal(before, model.classifier.classifiers["0"].classifier.weight[:2])


def test_weights_of_a_larger_head_loaded_after_the_optimizer_was_built_are_trained():
    stream = class_incremental()
    model = nn.Sequential(nn.Linear(FEATURES, 5), IncrementalClassifier(5))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    saved = nn.Sequential(nn.Linear(FEATURES, 5), IncrementalClassifier(5))
    avalanche_model_adaptation(saved, experience(0, 1, 2, 3))
    model.load_state_dict(saved.state_dict())
    with pytest.warns(UserWarning, match="Build the optimizer last"):
        strategy = Naive(model, optimizer, evaluator=None)
    before = model[1].classifier.weight.detach().clone()
    strategy.train(stream.train_stream[0])
    assert not torch.equal(before, model[1].classifier.weight[: len(before)])
