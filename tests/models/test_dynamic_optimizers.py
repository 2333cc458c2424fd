"""Optimizers follow growing models, keep their state, and take nothing they were not given."""

import pytest
import torch
from torch import nn

from avalanche.core import Agent
from avalanche.models.dynamic_optimizers import (
    DynamicOptimizer,
    OptimizerSync,
    add_new_params_to_optimizer,
    adopt_replaced,
    reset_optimizer,
    update_optimizer,
)


class Growing(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Linear(2, 3)
        self.head = nn.Linear(3, 2)

    def grow(self):
        new = nn.Linear(3, 4)
        with torch.no_grad():
            new.weight[:2] = self.head.weight
            new.bias[:2] = self.head.bias
        self.head = new

    def forward(self, x):
        return self.head(self.body(x))


def step(model, optimizer):
    optimizer.zero_grad()
    model(torch.ones(1, 2)).sum().backward()
    optimizer.step()


def test_a_grown_parameter_is_trained_and_keeps_its_moments():
    model = Growing()
    optimizer = torch.optim.Adam(model.parameters())
    sync = OptimizerSync(optimizer, model)
    step(model, optimizer)
    old = optimizer.state[model.head.weight]["exp_avg"].clone()
    model.grow()
    sync.sync(optimizer, model)
    state = optimizer.state[model.head.weight]
    torch.testing.assert_close(state["exp_avg"][:2], old)
    assert state["exp_avg"][2:].eq(0).all()
    assert len(optimizer.param_groups[0]["params"]) == 4
    before = model.head.weight.clone()
    step(model, optimizer)
    assert not torch.equal(before, model.head.weight)


def test_parameters_left_out_stay_out():
    """Row 27: linear probing never trains the backbone."""
    model = Growing()
    optimizer = torch.optim.SGD(model.head.parameters(), lr=1.0)
    sync = OptimizerSync(optimizer, model)
    body = model.body.weight.clone()
    model.grow()
    sync.sync(optimizer, model)
    step(model, optimizer)
    assert torch.equal(body, model.body.weight)
    assert {id(p) for p in optimizer.param_groups[0]["params"]} == {
        id(p) for p in model.head.parameters()
    }


def test_new_modules_join_the_group_of_their_relatives():
    model = nn.ModuleDict({"body": nn.Linear(2, 2), "heads": nn.ModuleDict({"0": nn.Linear(2, 2)})})
    optimizer = torch.optim.SGD(
        [
            {"params": model["body"].parameters(), "lr": 0.1},
            {"params": model["heads"].parameters(), "lr": 0.2},
        ]
    )
    sync = OptimizerSync(optimizer, model)
    model["heads"]["1"] = nn.Linear(2, 2)
    sync.sync(optimizer, model)
    assert [len(g["params"]) for g in optimizer.param_groups] == [2, 4]
    del model["heads"]["0"]
    sync.sync(optimizer, model)
    assert [len(g["params"]) for g in optimizer.param_groups] == [2, 2]


def test_an_optimizer_of_another_model_is_refused():
    optimizer = torch.optim.SGD(nn.Linear(1, 1).parameters(), lr=0.1)
    with pytest.raises(ValueError, match="no parameter of this model"):
        OptimizerSync(optimizer, nn.Linear(1, 1))


def test_alone_with_an_agent():
    agent = Agent()
    agent.model = Growing()
    agent.optimizer = DynamicOptimizer(
        torch.optim.SGD(agent.model.parameters(), lr=0.1), agent.model
    )
    agent.model.grow()
    agent.pre_adapt(None)
    before = agent.model.head.weight.clone()
    step(agent.model, agent.optimizer)
    assert not torch.equal(before, agent.model.head.weight)


def test_what_is_new_is_trained_where_only_some_relatives_were_left_out():
    model = nn.ModuleDict({"body": nn.Linear(2, 2), "head": nn.Linear(2, 2)})
    optimizer = torch.optim.SGD(model["head"].parameters(), lr=0.1)
    sync = OptimizerSync(optimizer, model)
    model["second_head"] = nn.Linear(2, 2)
    model["body"] = nn.Sequential(nn.Linear(2, 2))  # new names among what was left out
    sync.sync(optimizer, model)
    held = {id(p) for p in optimizer.param_groups[0]["params"]}
    names = {name for name, p in model.named_parameters() if id(p) in held}
    assert names == {"head.weight", "head.bias", "second_head.weight", "second_head.bias"}


def test_the_function_of_avalanche_0_6_follows_and_keeps_state():
    model = Growing()
    optimizer = torch.optim.Adam(model.parameters())
    known = update_optimizer(optimizer, dict(model.named_parameters()))
    step(model, optimizer)
    old = optimizer.state[model.head.weight]["exp_avg"].clone()
    model.grow()
    known = update_optimizer(optimizer, dict(model.named_parameters()), known)
    assert known == dict(model.named_parameters())
    assert {id(p) for p in optimizer.param_groups[0]["params"]} == {
        id(p) for p in model.parameters()
    }
    assert torch.equal(optimizer.state[model.head.weight]["exp_avg"][:2], old)
    update_optimizer(optimizer, known, known, reset_state=True)
    assert not optimizer.state


@pytest.mark.parametrize("remove", [False, True], ids=["keep", "remove"])
def test_parameters_that_are_gone_stay_unless_they_are_to_be_removed(remove):
    model = Growing()
    optimizer = torch.optim.Adam(model.parameters())
    known = update_optimizer(optimizer, dict(model.named_parameters()))
    step(model, optimizer)
    del model.head
    update_optimizer(optimizer, dict(model.named_parameters()), known, remove_params=remove)
    assert len(optimizer.param_groups[0]["params"]) == (2 if remove else 4)
    assert len(optimizer.state) == (2 if remove else 4)


def test_the_first_call_keeps_to_the_users_choice_or_takes_a_model_that_has_grown():
    model = Growing()
    optimizer = torch.optim.SGD(model.head.parameters(), lr=0.1)
    update_optimizer(optimizer, dict(model.named_parameters()))
    assert len(optimizer.param_groups[0]["params"]) == 2
    model = Growing()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    model.grow()
    update_optimizer(optimizer, dict(model.named_parameters()))
    assert {id(p) for p in optimizer.param_groups[0]["params"]} == {
        id(p) for p in model.parameters()
    }


def test_reset_and_add():
    model = Growing()
    optimizer = torch.optim.Adam(model.parameters())
    step(model, optimizer)
    model.grow()
    reset_optimizer(optimizer, model)
    assert optimizer.param_groups[0]["params"] == list(model.parameters())
    assert not optimizer.state
    add_new_params_to_optimizer(optimizer, nn.Linear(1, 1).parameters())
    assert len(optimizer.param_groups) == 2
    with pytest.raises(ValueError, match="optimizer: it has 2 parameter groups"):
        reset_optimizer(optimizer, model)


def held_in(optimizer, parameter):
    """Groups that hold a parameter."""
    return [i for i, g in enumerate(optimizer.param_groups) for p in g["params"] if p is parameter]


def grouped(model, lr=1.0):
    groups = [{"params": model.body.parameters()}, {"params": model.head.parameters()}]
    return torch.optim.SGD(groups, lr=lr, momentum=0.9)


@pytest.mark.parametrize("first", ["grouped", "one group", "head only"])
@pytest.mark.parametrize("second", ["grouped", "one group"])
def test_an_optimizer_built_anew_with_other_groups_is_followed(first, second):
    make = {
        "grouped": grouped,
        "one group": lambda model: torch.optim.SGD(model.parameters(), lr=1.0),
        "head only": lambda model: torch.optim.SGD(model.head.parameters(), lr=1.0),
    }
    model = Growing()
    sync = OptimizerSync(make[first](model), model)
    optimizer = make[second](model)
    model.grow()
    model.head.scale = nn.Parameter(torch.ones(1))  # a new name beside one that was replaced
    sync.sync(optimizer, model)
    group = 1 if second == "grouped" else 0
    assert [held_in(optimizer, p) for p in model.head.parameters()] == [[group]] * 3
    assert [held_in(optimizer, p) for p in model.body.parameters()] == [[0]] * 2
    assert sum(len(g["params"]) for g in optimizer.param_groups) == 5


def test_an_optimizer_built_anew_may_leave_out_what_the_old_one_trained():
    model = Growing()
    sync = OptimizerSync(torch.optim.SGD(model.parameters(), lr=1.0), model)
    optimizer = torch.optim.SGD(model.head.parameters(), lr=1.0)
    model.grow()
    sync.sync(optimizer, model)
    assert optimizer.param_groups[0]["params"] == list(model.head.parameters())


def test_an_optimizer_built_on_the_grown_model_is_left_as_it_is():
    model = Growing()
    old = torch.optim.SGD(model.parameters(), lr=1.0)
    sync = OptimizerSync(old, model)
    model.grow()
    optimizer = grouped(model)
    sync.sync(optimizer, model)
    assert [len(g["params"]) for g in optimizer.param_groups] == [2, 2]
    assert [held_in(optimizer, p) for p in model.parameters()] == [[0], [0], [1], [1]]


def test_a_group_added_later_is_followed_and_no_dead_parameter_stays():
    model = Growing()
    optimizer = torch.optim.SGD(model.body.parameters(), lr=1.0)
    sync = OptimizerSync(optimizer, model)
    optimizer.add_param_group({"params": list(model.head.parameters()), "lr": 0.5})
    model.grow()
    sync.sync(optimizer, model)
    assert optimizer.param_groups[1]["params"] == list(model.head.parameters())
    before = model.head.weight.clone()
    step(model, optimizer)
    assert not torch.equal(before, model.head.weight)


def test_a_grown_head_added_by_hand_takes_the_place_of_the_old_one():
    model = Growing()
    optimizer = torch.optim.SGD(model.parameters(), lr=1.0, momentum=0.9)
    sync = OptimizerSync(optimizer, model)
    step(model, optimizer)
    model.grow()
    optimizer.add_param_group({"params": list(model.head.parameters())})
    sync.sync(optimizer, model)
    assert [len(g["params"]) for g in optimizer.param_groups] == [2, 2]
    assert set(optimizer.state) == set(model.parameters())


def test_a_parameter_under_another_name_keeps_its_place_and_its_state():
    model = Growing()
    optimizer = grouped(model)
    sync = OptimizerSync(optimizer, model)
    step(model, optimizer)
    model.head = nn.Sequential(model.head)
    sync.sync(optimizer, model)
    assert [held_in(optimizer, p) for p in model.head.parameters()] == [[1], [1]]
    assert all("momentum_buffer" in optimizer.state[p] for p in model.head.parameters())


def test_an_optimizer_of_another_model_is_refused_later_too():
    model = Growing()
    sync = OptimizerSync(torch.optim.SGD(model.parameters(), lr=1.0), model)
    with pytest.raises(ValueError, match="optimizer: it holds no parameter of this model"):
        sync.sync(torch.optim.SGD(Growing().parameters(), lr=1.0), model)


def test_a_parameter_that_shrinks_keeps_the_state_of_what_is_left():
    model = Growing()
    optimizer = torch.optim.Adam(model.parameters())
    sync = OptimizerSync(optimizer, model)
    step(model, optimizer)
    old = optimizer.state[model.head.weight]["exp_avg"].clone()
    smaller = nn.Linear(3, 1)
    smaller.load_state_dict({k: v[:1] for k, v in model.head.state_dict().items()})
    model.head = smaller
    sync.sync(optimizer, model)
    assert torch.equal(optimizer.state[model.head.weight]["exp_avg"], old[:1])


def test_a_layer_that_was_drawn_anew_starts_without_momentum():
    model = Growing()
    optimizer = torch.optim.SGD(model.parameters(), lr=1.0, momentum=0.9)
    sync = OptimizerSync(optimizer, model)
    step(model, optimizer)
    model.head = nn.Linear(3, 2)
    sync.sync(optimizer, model)
    assert model.head.weight not in optimizer.state
    assert "momentum_buffer" in optimizer.state[model.body.weight]
    fresh = model.head.weight.detach().clone()
    (model(torch.ones(1, 2)).sum() * 0).backward()
    optimizer.zero_grad()
    model.head.weight.grad = torch.zeros(2, 3)
    optimizer.step()
    assert torch.equal(model.head.weight, fresh)


def grown_by_rows(optimizer_class, steps=300, **options):
    """Steps of a head of 2 units that becomes one of 4: ``(old rows, new rows)`` of each update."""
    torch.manual_seed(0)
    head = nn.ModuleDict({"head": nn.Linear(3, 2)})
    optimizer = optimizer_class(head.parameters(), **options)
    sync = OptimizerSync(optimizer, head)
    moves = []
    for number in range(steps + 60):
        if number == steps:
            old = head["head"]
            head["head"] = nn.Linear(3, 4)
            with torch.no_grad():
                head["head"].weight[:2] = old.weight
                head["head"].bias[:2] = old.bias
            sync.sync(optimizer, head)
        before = head["head"].weight.detach().clone()
        optimizer.zero_grad()
        units = head["head"].out_features
        (head["head"](torch.randn(8, 3)) * torch.randn(8, units)).sum().backward()
        optimizer.step()
        move = (head["head"].weight.detach() - before).abs()
        if number >= steps:
            moves.append((move[:2].mean().item(), move[2:].mean().item()))
    return torch.tensor(moves).T


@pytest.mark.parametrize("make", [torch.optim.Adam, torch.optim.AdamW, torch.optim.NAdam])
@pytest.mark.parametrize("options", [{}, {"betas": (0.5, 0.99)}], ids=["default", "other betas"])
def test_new_units_take_steps_of_the_size_of_the_learning_rate(make, options):
    """Adam's bias correction is one for a whole parameter; uncorrected rows would move 4 times."""
    old, new = grown_by_rows(make, lr=1e-3, **options)
    assert new.max() < 2.1e-3
    assert 0.5 < new.sum() / old.sum() < 2


def test_rows_that_were_there_keep_direction_and_scale_when_adams_steps_are_counted_anew():
    model = Growing()
    optimizer = torch.optim.Adam(model.parameters(), amsgrad=True)
    sync = OptimizerSync(optimizer, model)
    for _ in range(50):
        step(model, optimizer)

    def corrected(parameter):
        state, (first, second) = optimizer.state[parameter], optimizer.defaults["betas"]
        steps = state["step"].item()
        return [
            state[key][:2].double() / (1 - beta**steps)
            for key, beta in [
                ("exp_avg", first),
                ("exp_avg_sq", second),
                ("max_exp_avg_sq", second),
            ]
        ]

    before = corrected(model.head.weight)
    model.grow()
    sync.sync(optimizer, model)
    torch.testing.assert_close(corrected(model.head.weight), before, rtol=1e-5, atol=0)
    assert optimizer.state[model.head.weight]["step"] == 10
    assert optimizer.state[model.body.weight]["step"] == 50


@pytest.mark.parametrize(
    ("make", "options", "key", "value"),
    [
        (torch.optim.Adagrad, {"initial_accumulator_value": 0.5}, "sum", 0.5),
        (torch.optim.Rprop, {"lr": 0.25}, "step_size", 0.25),
    ],
)
def test_new_units_get_what_the_optimizer_starts_with(make, options, key, value):
    model = Growing()
    optimizer = make(model.parameters(), **options)
    sync = OptimizerSync(optimizer, model)
    step(model, optimizer)
    model.grow()
    sync.sync(optimizer, model)
    assert optimizer.state[model.head.weight][key][2:].eq(value).all()


@pytest.mark.parametrize("units", [1, 2])
def test_states_by_row_and_column_grow_too(units):
    model = nn.ModuleDict({"head": nn.Linear(3, units)})
    optimizer = torch.optim.Adafactor(model.parameters())
    sync = OptimizerSync(optimizer, model)
    for _ in range(2):
        optimizer.zero_grad()
        model["head"](torch.randn(5, 3)).square().sum().backward()
        optimizer.step()
        old = model["head"]
        model["head"] = nn.Linear(3, old.out_features + 3)
        with torch.no_grad():
            model["head"].weight[: old.out_features] = old.weight
            model["head"].bias[: old.out_features] = old.bias
        sync.sync(optimizer, model)
    assert model["head"].out_features == units + 6


def test_the_first_call_on_a_grown_model_leaves_no_state_behind_and_keeps_groups():
    model = Growing()
    optimizer = grouped(model)
    step(model, optimizer)
    model.head.weight = nn.Parameter(torch.zeros(2, 3))
    update_optimizer(optimizer, dict(model.named_parameters()))
    assert [held_in(optimizer, p) for p in model.parameters()] == [[0], [0], [1], [1]]
    assert len(optimizer.state_dict()["state"]) == 3


def test_an_optimizer_built_before_layers_were_replaced_trains_them_with_a_warning():
    model = Growing()
    optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
    model.grow()
    with pytest.warns(UserWarning, match=r"optimizer: .*lacks \['head.weight', 'head.bias'\]"):
        adopt_replaced(optimizer, model)
    before = model.head.weight.detach().clone()
    step(model, optimizer)
    assert not torch.equal(before, model.head.weight)


@pytest.mark.filterwarnings("error")
def test_what_was_left_out_is_not_adopted_for_a_criterions_parameters():
    model, proxies = Growing(), nn.Linear(2, 2)
    optimizer = torch.optim.SGD([*model.head.parameters(), *proxies.parameters()], lr=1.0)
    adopt_replaced(optimizer, model, proxies.parameters())
    # Parameters of something that the strategy does not know, shaped like no layer of the model.
    optimizer3 = torch.optim.SGD([*model.head.parameters(), *nn.Linear(5, 2).parameters()], lr=1.0)
    adopt_replaced(optimizer3, model)
    assert len(optimizer3.param_groups[0]["params"]) == 4
    frozen = Growing()
    frozen.body.requires_grad_(False)
    optimizer2 = torch.optim.SGD([*frozen.head.parameters(), nn.Parameter(torch.ones(1))], lr=1.0)
    adopt_replaced(optimizer2, frozen)
    assert len(optimizer.param_groups[0]["params"]) == 4
    assert len(optimizer2.param_groups[0]["params"]) == 3
