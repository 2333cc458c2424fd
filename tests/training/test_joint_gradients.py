"""Gradients of several batches from one pass, against one pass for each."""

import copy

import pytest
import torch
import torch.nn.functional as F
import torch.nn.utils.prune
from torch import nn

from avalanche.models import MTSimpleMLP, SimpleMLP
from avalanche.training.regularization.joint_gradients import BatchLoss, JointGradients


def batches(*sizes, features=5, classes=4):
    torch.manual_seed(1)
    return [[torch.randn(n, features), torch.arange(n) % classes] for n in sizes]


def one_by_one(model, data, parameters, criterion=F.cross_entropy):
    rows = []
    for x, y in data:
        found = torch.autograd.grad(
            criterion(model(x), y), parameters, allow_unused=True, materialize_grads=True
        )
        rows.append(torch.cat([g.flatten() for g in found]))
    return torch.stack(rows)


def room(parameters, count):
    return [torch.full((count, p.numel()), float("nan")) for p in parameters]


def flat(rows):
    return torch.cat(rows, 1)


def joint(model, data, parameters=None, criterion=F.cross_entropy, **options):
    """Used parameters (None where it was not possible) and the rows."""
    parameters = list(model.parameters()) if parameters is None else parameters
    rows = room(parameters, len(data))
    loss_of = BatchLoss(model, criterion, **options)
    return JointGradients()(loss_of, data, parameters, rows), flat(rows)


def mlp():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(5, 6), nn.ReLU(inplace=True), nn.Linear(6, 4, bias=False))


class UnusedLayer(nn.Module):
    """A layer that is never called, and one whose answer is thrown away."""

    def __init__(self):
        super().__init__()
        self.idle, self.lost, self.used = nn.Linear(2, 2), nn.Linear(5, 3), nn.Linear(5, 4)

    def forward(self, x):
        self.lost(x)
        return self.used(x)


@pytest.mark.parametrize("sizes", [(3, 3), (7, 2, 5), (4, 4, 2, 3, 3)], ids=str)
@pytest.mark.parametrize("make", [mlp, UnusedLayer, lambda: SimpleMLP(4, 5, 6, drop_rate=0.0)])
def test_rows_are_the_gradients_of_each_batch(make, sizes):
    model, data = make(), batches(*sizes)
    parameters = list(model.parameters())
    used, rows = joint(model, data)
    assert used is not None
    torch.testing.assert_close(rows, one_by_one(model, data, parameters))
    if isinstance(model, UnusedLayer):
        assert used == [False] * 4 + [True] * 2
    assert all(p.grad is None for p in parameters)


CRITERIA = {
    "mean": nn.CrossEntropyLoss(),
    "smoothed": nn.CrossEntropyLoss(label_smoothing=0.3),
    "sum": nn.CrossEntropyLoss(reduction="sum"),
    "weighted": nn.CrossEntropyLoss(weight=torch.tensor([1.0, 5.0, 1.0, 2.0])),
    "ignoring": nn.CrossEntropyLoss(ignore_index=3, label_smoothing=0.1),
}


def probabilities(labels):
    return F.one_hot(labels, 4) * 0.6 + 0.1


TARGETS = {
    "labels": ([0, 1, 2, 3], [0, 1, 2, 2]),
    "probabilities": ([0, 1, 2, 3], probabilities(torch.tensor([0, 1, 2, 2]))),
}


@pytest.mark.parametrize("targets", TARGETS.values(), ids=TARGETS)
@pytest.mark.parametrize("criterion", CRITERIA.values(), ids=CRITERIA)
def test_losses_of_equal_batches_are_means_of_each(criterion, targets):
    """Of batches of one size, the second has no sample of class 3, or other kinds of targets."""
    if criterion.ignore_index == 3 and torch.is_tensor(targets[1]):
        pytest.skip("PyTorch ignores no probabilities")
    model, data = mlp(), batches(4, 4)
    for batch, target in zip(data, targets, strict=True):
        batch[1] = torch.as_tensor(target)
    parameters = list(model.parameters())
    used, rows = joint(model, data, criterion=criterion)
    assert used is not None
    torch.testing.assert_close(rows, one_by_one(model, data, parameters, criterion))


def test_targets_and_criterion_may_change_between_calls():
    model, data, gradients = mlp(), batches(4, 4), JointGradients()
    parameters = list(model.parameters())
    for criterion, target in [
        (nn.CrossEntropyLoss(), [0, 1, 2, 3]),
        (nn.CrossEntropyLoss(), [0, -100, -100, -100]),
        (nn.CrossEntropyLoss(ignore_index=0), [0, 1, 2, 3]),
        (nn.CrossEntropyLoss(reduction="sum"), [0, 1, 2, 3]),
    ]:
        data[1][1] = torch.tensor(target)
        rows = room(parameters, 2)
        assert gradients(BatchLoss(model, criterion), data, parameters, rows) is not None
        torch.testing.assert_close(flat(rows), one_by_one(model, data, parameters, criterion))


class Calls(nn.CrossEntropyLoss):
    """No plain mean, for all that is known of it."""

    count = 0

    def forward(self, input, target):
        Calls.count += 1
        return super().forward(input, target)


def test_a_criterion_of_ones_own_is_asked_for_each_batch():
    model, data = mlp(), batches(4, 4)
    loss = BatchLoss(model, Calls()).total(data)
    assert Calls.count == 2
    torch.testing.assert_close(loss, BatchLoss(model, nn.CrossEntropyLoss()).total(data))


def test_an_autocast_of_the_caller_goes_one_by_one():
    with torch.autocast("cpu", torch.bfloat16):
        assert joint(mlp(), batches(3, 4))[0] is None


def test_only_the_parameters_that_are_asked_for():
    model, data = mlp(), batches(3, 4)
    parameters = [model[2].weight]
    _, rows = joint(model, data, parameters)
    torch.testing.assert_close(rows, one_by_one(model, data, parameters))


def test_dropout_draws_for_every_row_and_modes_stay():
    model = nn.Sequential(nn.Linear(5, 6), nn.Dropout(0.5), nn.Linear(6, 4)).train()
    used, _ = joint(model, batches(40, 40))
    assert used is not None
    assert all(module.training for module in model.modules())


class MixesRows(nn.Module):
    """What no list of module types can know of."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(5, 4)

    def forward(self, x):
        return self.layer(x - x.mean(0))


class Twice(nn.Module):
    """A layer that is used twice."""

    def __init__(self):
        super().__init__()
        self.first, self.layer = nn.Linear(5, 4), nn.Linear(4, 4)

    def forward(self, x):
        return self.layer(self.layer(self.first(x)))


def shared():
    model = nn.Sequential(nn.Linear(5, 5), nn.ReLU(), nn.Linear(5, 5))
    model[2].weight = model[0].weight
    return model


@pytest.mark.parametrize(
    "make",
    [
        MixesRows,
        Twice,
        shared,
        lambda: nn.Sequential(nn.Linear(5, 4), nn.BatchNorm1d(4, affine=False)),
        lambda: nn.Sequential(nn.Unflatten(1, (1, 5)), nn.Conv1d(1, 4, 5), nn.Flatten()),
        lambda: nn.Sequential(nn.Unflatten(1, (1, 5)), nn.Linear(5, 4), nn.Flatten()),
    ],
    ids=["mixes-rows", "twice", "shared", "batch-norm", "convolution", "three-dimensions"],
)
def test_models_where_it_is_not_possible_are_found_out(make):
    torch.manual_seed(0)
    used, _ = joint(make(), batches(3, 4))
    assert used is None


def test_multi_task_models_half_precision_and_other_losses_go_one_by_one():
    assert joint(MTSimpleMLP(5, 6), batches(3, 4))[0] is None
    autocast = torch.autocast("cpu", torch.bfloat16)
    assert joint(mlp(), batches(3, 4), precision=autocast)[0] is None
    model = mlp()
    parameters = list(model.parameters())
    loss_of = lambda batch: F.cross_entropy(model(batch[0]), batch[1])  # noqa: E731
    assert JointGradients()(loss_of, batches(3, 4), parameters, room(parameters, 2)) is None


class Pair(nn.Module):
    """Answers with two tensors."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(5, 4)

    def forward(self, x):
        return self.layer(x), x


def test_answers_and_inputs_of_other_forms_go_one_by_one():
    def first(answer, y):
        return F.cross_entropy(answer[0], y)

    data = batches(3, 4)
    assert joint(Pair(), data, criterion=first)[0] is None
    model = nn.Sequential(nn.Flatten(), nn.Linear(5, 4))
    data[1][0] = data[1][0].view(4, 5, 1)
    assert joint(model, data)[0] is None


def test_a_copy_looks_at_its_own_model():
    model, data, gradients = mlp(), batches(3, 4), JointGradients()
    parameters = list(model.parameters())
    gradients(BatchLoss(model, F.cross_entropy), data, parameters, room(parameters, 2))
    assert gradients._known
    assert gradients._known
    assert not copy.deepcopy(gradients)._known


def test_a_layer_that_was_replaced_is_looked_at_again():
    model, data, gradients = mlp(), batches(3, 4), JointGradients()
    for _ in range(2):
        parameters = list(model.parameters())
        rows = room(parameters, 2)
        assert gradients(BatchLoss(model, F.cross_entropy), data, parameters, rows) is not None
        torch.testing.assert_close(flat(rows), one_by_one(model, data, parameters))
        model[2] = nn.Linear(6, 5)


def rows_agree(gradients, model, data):
    """Whether what is computed jointly, if anything, is right for the parameters that train."""
    parameters = [p for p in model.parameters() if p.requires_grad]
    rows = room(parameters, len(data))
    if gradients(BatchLoss(model, F.cross_entropy), data, parameters, rows) is None:
        return None
    return torch.allclose(flat(rows), one_by_one(model, data, parameters), atol=1e-6)


class Scale(nn.Module):
    """A parameter outside of every linear layer."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(5))

    def forward(self, x):
        return x * self.weight


def test_parameters_that_are_unfrozen_are_looked_at_again():
    model = nn.Sequential(Scale(), nn.Linear(5, 6), nn.ReLU(), nn.Linear(6, 4))
    model[:2].requires_grad_(False)
    data, gradients = batches(3, 4), JointGradients()
    assert rows_agree(gradients, model, data)
    model[1].requires_grad_(True)
    assert rows_agree(gradients, model, data)
    model[0].requires_grad_(True)
    assert rows_agree(gradients, model, data) is None


class Centred(nn.Module):
    """Rows influence each other, and a buffer changes, in training only."""

    def __init__(self):
        super().__init__()
        self.register_buffer("passes", torch.zeros(()))

    def forward(self, x):
        self.passes += 1
        return x - x.mean(0) if self.training else x


def test_rows_are_examined_in_the_modes_the_model_has():
    model = nn.Sequential(nn.Linear(5, 6), Centred(), nn.Dropout(0.5), nn.Linear(6, 4))
    data, gradients = batches(3, 4), JointGradients()
    assert rows_agree(gradients, model.eval(), data)
    before = float(model[1].passes), torch.get_rng_state()
    assert rows_agree(gradients, model.train(), data) is None
    assert all(module.training for module in model.modules())
    assert float(model[1].passes) == before[0]
    assert torch.equal(torch.get_rng_state(), before[1])


def test_losses_that_depend_on_nothing_that_trains_go_one_by_one():
    model = mlp()
    parameters = list(model.parameters())
    model.requires_grad_(False)
    loss_of = BatchLoss(model, F.cross_entropy)
    assert JointGradients()(loss_of, batches(3, 4), parameters, room(parameters, 2)) is None


class ByName(nn.Module):
    """Calls its layer by keyword, which forward hooks do not see."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(5, 4)

    def forward(self, x):
        return self.layer(input=x)


class Idle(nn.Module):
    """No linear layer takes part in the answer; its parameters are trained all the same."""

    def __init__(self):
        super().__init__()
        self.layer, self.scale = nn.Linear(5, 4), nn.Parameter(torch.ones(4))

    def forward(self, x):
        return x[:, :4] * self.scale


@pytest.mark.parametrize("make", [ByName, Idle])
def test_layers_whose_inputs_or_answers_are_not_seen_go_one_by_one(make):
    model = make()
    assert joint(model, batches(3, 4), list(model.layer.parameters()))[0] is None


def test_a_pruned_layer_goes_one_by_one_whatever_the_rows_hold():
    """Its parameter is not the weight it multiplies by; rows may hold the last right answer."""
    model, data = mlp(), batches(3, 4)
    torch.nn.utils.prune.l1_unstructured(model[0], "weight", 0.5)
    parameters = list(model.parameters())
    right = one_by_one(model, data, parameters)
    rows = [row.clone() for row in right.split([p.numel() for p in parameters], 1)]
    loss_of = BatchLoss(model, F.cross_entropy)
    assert JointGradients()(loss_of, data, parameters, rows) is None
