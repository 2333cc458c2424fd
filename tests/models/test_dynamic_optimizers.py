"""Optimizers follow growing models, keep their state, and take nothing they were not given."""

import pytest
import torch
from torch import nn

from avalanche.core import Agent
from avalanche.models.dynamic_optimizers import (
    DynamicOptimizer,
    OptimizerSync,
    add_new_params_to_optimizer,
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
