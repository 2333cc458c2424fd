"""PNN against the equations of the paper in plain torch; columns frozen, laterals in use."""

import copy
from types import SimpleNamespace

import pytest
import torch
from torch import nn

from avalanche.benchmarks.classic import SplitDigits
from avalanche.models import (
    PNN,
    LinearAdapter,
    MLPAdapter,
    PNNColumn,
    PNNLayer,
    avalanche_model_adaptation,
)
from avalanche.training import JointTraining, Naive, PNNStrategy


def experience(*classes, task=0):
    return SimpleNamespace(classes_in_this_experience=list(classes), task_labels=[task])


def grown(tasks=3, **options):
    torch.manual_seed(0)
    model = PNN(**{"num_layers": 2, "in_features": 6, "hidden_features_per_column": 4, **options})
    for task in range(tasks):
        avalanche_model_adaptation(model, experience(2 * task, 2 * task + 1, task=task))
    return model


def relu(x):
    return x.clamp(min=0)


def lateral(adapter, earlier):
    """The sum over earlier columns of equation 1, or the adapter of equation 2."""
    if isinstance(adapter, LinearAdapter):
        width = earlier[0].shape[1]
        parts = [adapter.U.weight[:, j * width : (j + 1) * width] for j in range(len(earlier))]
        return sum(h @ u.T for h, u in zip(earlier, parts, strict=True))
    scaled = torch.cat([a * h for a, h in zip(adapter.alphas, earlier, strict=True)], dim=1)
    return relu(scaled @ adapter.V.weight.T + adapter.V.bias) @ adapter.U.weight.T


@pytest.mark.parametrize("adapter", ["linear", "mlp"])
def test_the_forward_is_the_one_of_the_paper(adapter):
    model, x = grown(adapter=adapter), torch.randn(5, 6)
    below = []
    for k in range(3):
        first, second = (layer.columns[k] for layer in model.layers)
        h1 = relu(x @ first.itoh.weight.T + first.itoh.bias)
        h2 = h1 @ second.itoh.weight.T + second.itoh.bias
        if k:
            h2 = h2 + lateral(second.adapter, [h[0] for h in below])
        h2 = relu(h2)
        top = h2 + lateral(model.laterals[k - 1], [h[1] for h in below]) if k else h2
        below.append((h1, h2))
        head = model.classifier.classifiers[str(k)].classifier
        expected = top @ head.weight.T + head.bias
        out = model(x, k)
        active = [2 * k, 2 * k + 1]
        torch.testing.assert_close(out[:, active], expected[:, active])
        others = [unit for unit in range(out.shape[1]) if unit not in active]
        assert out[:, others].eq(-float("inf")).all()


def test_the_first_layer_and_the_first_column_have_no_lateral_connections():
    model = grown()
    assert all(column.adapter is None for column in model.layers[0].columns)
    assert [column.adapter is None for column in model.layers[1].columns] == [True, False, False]
    assert len(model.laterals) == 2


@pytest.mark.parametrize(("name", "kind"), [("linear", LinearAdapter), ("mlp", MLPAdapter)])
def test_every_layer_with_laterals_has_the_adapter_asked_for(name, kind):
    model = grown(num_layers=3, adapter=name)
    found = [m for m in model.modules() if isinstance(m, (LinearAdapter, MLPAdapter))]
    assert len(found) == 2 * 3  # two hidden layers and the head, in two columns
    assert all(isinstance(m, kind) for m in found)


def test_lateral_connections_reach_the_answer():
    model, x = grown(num_layers=1), torch.randn(5, 6)
    before = model(x, 2)
    nn.init.normal_(model.layers[0].columns[0].itoh.weight)
    assert not torch.allclose(before[:, 4:], model(x, 2)[:, 4:])


def test_learning_a_task_leaves_the_answers_of_earlier_ones_to_the_bit():
    benchmark = SplitDigits(n_experiences=5, return_task_id=True)
    model = PNN(num_layers=2, in_features=64, hidden_features_per_column=20)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, weight_decay=0.1)
    strategy = PNNStrategy(model, optimizer, train_mb_size=32, evaluator=None)
    x = torch.randn(7, 64)
    answers = {}
    for task, exp in enumerate(benchmark.train_stream[:3]):
        strategy.train(exp)
        for earlier, answer in answers.items():
            assert torch.equal(model(x, earlier), answer)
        answers[task] = model(x, task).detach()
    assert model.layers[0].num_columns == 3


def test_what_is_new_is_trained_with_its_laterals():
    benchmark = SplitDigits(n_experiences=5, return_task_id=True)
    model = PNN(num_layers=2, in_features=64, hidden_features_per_column=20)
    strategy = Naive(model, torch.optim.SGD(model.parameters(), lr=0.1), train_mb_size=32,
                     evaluator=None)  # fmt: skip
    strategy.train(benchmark.train_stream[0])
    copies = []

    class Keep:
        def before_training_epoch(self, strategy, **kwargs):
            copies.append(copy.deepcopy(strategy.model.state_dict()))

    strategy.add_plugin(Keep())
    strategy.train(benchmark.train_stream[1])
    changed = {
        name for name, value in model.named_parameters() if not torch.equal(value, copies[0][name])
    }
    assert changed == {
        *(f"layers.0.columns.1.itoh.{p}" for p in ("weight", "bias")),
        *(f"layers.1.columns.1.itoh.{p}" for p in ("weight", "bias")),
        *(f"layers.1.columns.1.adapter.{p}" for p in ("alphas", "V.weight", "V.bias", "U.weight")),
        *(f"laterals.0.{p}" for p in ("alphas", "V.weight", "V.bias", "U.weight")),
        *(f"classifier.classifiers.1.classifier.{p}" for p in ("weight", "bias")),
    }


def test_the_head_of_a_task_that_comes_back_is_trained_and_its_column_is_not():
    model = grown()
    avalanche_model_adaptation(model, experience(0, 1, task=0))
    assert model.layers[0].num_columns == 3
    trainable = {n for n, p in model.named_parameters() if p.requires_grad}
    assert {n for n in trainable if "columns.0" in n} == set()
    assert {n for n in trainable if "classifiers" in n} == {
        "classifier.classifiers.0.classifier.weight",
        "classifier.classifiers.0.classifier.bias",
    }


def test_adaptation_is_idempotent_and_happens_in_training_only():
    model = grown(tasks=2)
    names = dict(model.named_parameters())
    model.adaptation(experience(2, 3, task=1))
    model.eval()
    avalanche_model_adaptation(model, experience(6, 7, task=9))
    after = dict(model.named_parameters())
    assert names.keys() == after.keys()
    assert all(names[n] is after[n] for n in names)
    assert model(torch.zeros(2, 6), 9).tolist() == [[0.0] * 4] * 2


@pytest.mark.parametrize("adapter", ["linear", "mlp"])
def test_a_grown_model_loads_into_a_new_one(adapter):
    model, x = grown(adapter=adapter), torch.randn(4, 6)
    other = PNN(2, 6, 4, adapter=adapter)
    other.load_state_dict(model.state_dict())
    tasks = torch.tensor([0, 2, 1, 2])
    assert torch.equal(other(x, tasks), model(x, tasks))
    assert other.task_to_module_idx == {0: 0, 1: 1, 2: 2}
    trainable = [
        {n: p.requires_grad for n, p in m.layers.named_parameters()} for m in (model, other)
    ]
    assert trainable[0] == trainable[1]
    for m in (model, other):
        avalanche_model_adaptation(m, experience(6, 7, task=7))
    assert other.layers[0].num_columns == 4


@pytest.mark.parametrize("frozen", [False, True], ids=["trained", "frozen"])
@pytest.mark.parametrize("tasks", [1, 2])
def test_a_grown_model_goes_back_to_fewer_columns(tasks, frozen):
    small, large = PNN(2, 6, 4), grown(adapter="mlp")
    small.train()
    for task in range(tasks):
        small.adaptation(experience(0, 1, task=task))
    if frozen:
        large.requires_grad_(False)
    large.load_state_dict(small.state_dict())
    assert [n for n, _ in small.named_parameters()] == [n for n, _ in large.named_parameters()]
    x, labels = torch.randn(4, 6), torch.tensor([0, tasks - 1, 0, 5])
    assert torch.equal(small(x, labels), large(x, labels))
    for name, parameter in small.named_parameters():
        trained = dict(large.named_parameters())[name].requires_grad
        if not name.startswith("classifier"):  # heads are thawed when their task comes
            assert trained == (parameter.requires_grad and not frozen), name


def test_a_layer_alone():
    layer = PNNLayer(3, 5, adapter="linear")
    for task in (4, 9):
        layer.adaptation(experience(0, task=task))
    out = layer.forward_single_task([torch.zeros(2, 3)] * 2, 9)
    assert [tuple(o.shape) for o in out] == [(2, 5), (2, 5)]
    assert layer.task_to_module_idx == {4: 0, 9: 1}
    assert not layer.columns[0].itoh.weight.requires_grad
    assert layer.columns[1].adapter.U.weight.requires_grad


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: PNN(num_layers=0), "num_layers=0: expected a whole number of at least 1"),
        (lambda: PNN(adapter="conv"), "adapter='conv': expected 'linear' or 'mlp'"),
        (lambda: PNN(adapter=None), "adapter=None: expected 'linear' or 'mlp'"),
        (lambda: PNNColumn(2, 2, 0, adapter="x"), "adapter='x': expected 'linear' or 'mlp'"),
    ],
    ids=["layers", "adapter", "no adapter", "column"],
)
def test_wrong_arguments_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_several_tasks_in_one_experience_are_refused():
    both = SimpleNamespace(classes_in_this_experience=[0], task_labels=[0, 1])
    model = PNN(1, 6, 4)
    with pytest.raises(ValueError, match=r"task_labels=\[0, 1\]: the model adapts to one task"):
        model.adaptation(both)
    assert model.layers[0].num_columns == 1
    assert model.max_class_label == 0
    model.eval().adaptation(both)  # nothing to adapt, nothing to refuse


def test_a_wrong_input_size_says_what_to_change():
    with pytest.raises(ValueError, match="in_features=6.*build it with in_features=8"):
        grown()(torch.zeros(2, 8), 0)


def test_the_strategy_wants_a_pnn():
    model = nn.Linear(2, 2)
    with pytest.raises(TypeError, match="model=Linear: PNNStrategy trains a PNN"):
        PNNStrategy(model, torch.optim.SGD(model.parameters(), lr=0.1))


def test_joint_training_of_columns_is_refused():
    model = PNN(1, 6, 4)
    with pytest.raises(ValueError, match="model=PNN: it trains the column of one task at a time"):
        JointTraining(model, torch.optim.SGD(model.parameters(), lr=0.1))


def test_heads_of_earlier_tasks_are_frozen_after_loading():
    model, again = grown(), grown(1)
    again.load_state_dict(model.state_dict())
    for (name, p), q in zip(model.named_parameters(), again.parameters(), strict=True):
        assert p.requires_grad == q.requires_grad, name


def test_a_column_that_is_frozen_by_a_new_task_has_no_gradient_left():
    """Momentum and weight decay would move it; the loop's zero_grad is not there to help."""
    layer = PNNLayer(3, 5, adapter="linear")
    for task in range(3):
        layer.add_task(task)
        for parameter in layer.columns[-1].parameters():
            parameter.grad = torch.ones_like(parameter)
    assert all(p.grad is None for column in layer.columns[:2] for p in column.parameters())
    assert all(p.grad is not None for p in layer.columns[2].parameters())


def test_nothing_that_a_new_task_freezes_has_a_gradient_left():
    model = grown(tasks=2)
    for parameter in model.parameters():
        if parameter.requires_grad:
            parameter.grad = torch.ones_like(parameter)
    avalanche_model_adaptation(model, experience(4, 5, task=2))
    left = [p.grad is None for p in model.parameters() if not p.requires_grad]
    assert left
    assert all(left)
