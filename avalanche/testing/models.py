"""Checks that every model must pass."""

import copy
import pickle
import sys
from collections.abc import Callable, Sequence
from io import BytesIO
from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import SGD

from avalanche.models import (
    DynamicModule,
    avalanche_forward,
    avalanche_model_adaptation,
    is_multi_task_module,
)
from avalanche.models.dynamic_optimizers import OptimizerSync

__all__ = ["MODEL_CHECKS", "ModelFactory", "check_model"]

ModelFactory = Callable[[], nn.Module]
"""Makes the model under test, a new one at every call."""

CONTENTS = ((0, 1), (2, 3), (4, 5))
UNKNOWN_TASK = 9
BATCH = 4


def check_a_batch_of_one(make: ModelFactory, shape: Sequence[int]) -> None:
    """One sample gets the answer, of the same shape, that it gets among others."""
    model = _grown(make).eval()
    x = _inputs(shape)
    out, alone = _answer(model, x, 0), _answer(model, x[:1], 0)
    assert alone.shape == out[:1].shape, (
        f"a batch of one gave {tuple(alone.shape)}, expected {tuple(out[:1].shape)}"
    )
    torch.testing.assert_close(alone, out[:1], msg="a sample alone gets another answer")


def check_evaluation_changes_nothing(make: ModelFactory, shape: Sequence[int]) -> None:
    """In evaluation mode neither adaptation to unseen classes nor an answer changes anything."""
    for model in (make(), _grown(make, 1)):
        model.eval()
        before, random = _snapshot(model), torch.get_rng_state()
        avalanche_model_adaptation(model, _experience(model, 2))
        _answer(model, _inputs(shape), 0)
        _answer(model, _inputs(shape), UNKNOWN_TASK)
        after = _snapshot(model)
        for name, value in before.items():
            assert value == after[name], f"evaluation changed the {name}"
        assert torch.equal(random, torch.get_rng_state()), "evaluation drew random numbers"


def check_growth_in_training(make: ModelFactory, shape: Sequence[int]) -> None:
    """A model with dynamic modules has a unit for every class that it is trained on."""
    model = make()
    if not _is_dynamic(model):
        return
    for index, classes in enumerate(CONTENTS):
        avalanche_model_adaptation(model.train(), _experience(model, index))
        units = _answer(model.eval(), _inputs(shape), index).shape[1]
        assert units > max(classes), f"{units} units after training on the classes {classes}"


def check_adaptation_is_idempotent(make: ModelFactory, shape: Sequence[int]) -> None:
    """Adapting to an experience a second time changes nothing."""
    model = make()
    for index in range(len(CONTENTS)):
        avalanche_model_adaptation(model.train(), _experience(model, index))
        before = _snapshot(model)
        avalanche_model_adaptation(model, _experience(model, index))
        after = _snapshot(model)
        for name, value in before.items():
            assert value == after[name], f"adapting twice to one experience changed the {name}"


def check_unknown_units_are_masked(make: ModelFactory, shape: Sequence[int]) -> None:
    """Classes never trained, and those of other tasks, have probability 0; nothing is NaN."""
    model = make()
    if not _is_dynamic(model):
        return
    for index in (1, 2):
        avalanche_model_adaptation(model.train(), _experience(model, index))
    model.eval()
    x = _inputs(shape)
    if not is_multi_task_module(model):
        known = torch.zeros(len(x), 6, dtype=torch.bool)
        known[:, 2:] = True
        out = _answer(model, x, 0)
    else:
        tasks = torch.arange(len(x)) % 2 + 1
        known = torch.arange(6) // 2 == tasks[:, None]  # a task's classes are 2 t and 2 t + 1
        out = avalanche_forward(model, x, tasks)
        unknown = _answer(model, x, UNKNOWN_TASK)
        assert unknown.softmax(1).isfinite().all(), "a task never trained has no probabilities"
    found = out.softmax(1)
    assert (found[:, :6][~known] == 0).all(), "units that were never trained have a probability"
    torch.testing.assert_close(found.sum(1), torch.ones(len(x)), msg="probabilities are not whole")


def check_states_come_back(make: ModelFactory, shape: Sequence[int]) -> None:
    """A saved state gives the same answers in a new model, which grows on in the same way."""
    model, other = _grown(make), make()
    file = BytesIO()
    torch.save(model.state_dict(), file)
    file.seek(0)
    other.load_state_dict(torch.load(file, weights_only=True))
    _same_answers(model, other, shape, "a state loaded into a new model")
    for m in (model, other):
        torch.manual_seed(5)
        avalanche_model_adaptation(m.train(), _experience(m, 3, (5, 7)))
    _same_answers(model, other, shape, "growing on after loading")


def check_copies_stand_alone(make: ModelFactory, shape: Sequence[int]) -> None:
    """A deep copy and a pickled copy answer the same and share nothing.

    Classes that only exist inside a function cannot be pickled and are not.
    """
    model = _grown(make)
    clones = [copy.deepcopy(model)]
    if all(_can_be_imported(type(module)) for module in model.modules()):
        clones.append(pickle.loads(pickle.dumps(model)))
    for clone in clones:
        _same_answers(model, clone, shape, "a copy")
        shared = {p.data_ptr() for p in model.parameters() if p.numel()}
        assert not shared & {p.data_ptr() for p in clone.parameters() if p.numel()}, (
            "a copy shares its weights with the original"
        )


def check_same_seed_same_weights(make: ModelFactory, shape: Sequence[int]) -> None:
    """Weights, those of growth included, depend on torch's seed and on nothing else."""
    if not list(make().parameters()):
        return
    ends = []
    for seed in (3, 3, 4):
        ends.append(_tensors(_grown(make, seed=seed)))
    assert ends[0] == ends[1], "the same seed gave other weights"
    assert ends[0] != ends[2], "another seed gave the same weights"


def check_optimizer_follows(make: ModelFactory, shape: Sequence[int]) -> None:
    """Every parameter that asks for gradients is trained, also after growth, and no stale one."""
    torch.manual_seed(0)
    model = make()
    if not any(p.requires_grad for p in model.parameters()):
        return
    optimizer = SGD(model.parameters(), lr=0.1, momentum=0.9)
    sync = OptimizerSync(optimizer, model)
    for index, classes in enumerate(CONTENTS):
        avalanche_model_adaptation(model.train(), _experience(model, index))
        sync.sync(optimizer, model)
        held = {id(p) for group in optimizer.param_groups for p in group["params"]}
        wanted = {id(p) for p in model.parameters() if p.requires_grad}
        assert wanted <= held, "the optimizer does not hold all parameters after growth"
        assert held <= {id(p) for p in model.parameters()}, "the optimizer holds stale parameters"
        before = _tensors(model)
        for _ in range(3):
            optimizer.zero_grad()
            out = _answer(model, _inputs(shape), index)
            target = torch.tensor(classes).repeat(BATCH // 2) % out.shape[1]
            nn.functional.cross_entropy(out, target).backward()
            optimizer.step()
        assert _tensors(model) != before, f"training on the classes {classes} changed no weight"
        assert all(p.isfinite().all() for p in model.parameters()), "a weight is not finite"


def _experience(model: nn.Module, index: int, classes: Sequence[int] | None = None) -> Any:
    task = index if is_multi_task_module(model) else 0
    return SimpleNamespace(
        classes_in_this_experience=list(CONTENTS[index] if classes is None else classes),
        task_labels=[task],
        current_experience=index,
    )


def _grown(make: ModelFactory, experiences: int = len(CONTENTS), seed: int = 0) -> nn.Module:
    """A model adapted to some experiences, everything fixed by the seed."""
    torch.manual_seed(seed)
    model = make().train()
    for index in range(experiences):
        avalanche_model_adaptation(model, _experience(model, index))
    return model


def _inputs(shape: Sequence[int]) -> Tensor:
    return torch.randn(BATCH, *shape, generator=torch.Generator().manual_seed(2))


def _answer(model: nn.Module, x: Tensor, task: int) -> Tensor:
    labels = torch.full((len(x),), task)
    out = avalanche_forward(model, x, labels)
    assert torch.is_tensor(out), f"the answer is {type(out).__name__}, expected a tensor"
    assert out.shape[0] == len(x), f"{len(x)} samples gave an answer of shape {tuple(out.shape)}"
    return out


def _same_answers(a: nn.Module, b: nn.Module, shape: Sequence[int], what: str) -> None:
    a.eval()
    b.eval()
    for task in range(len(CONTENTS)):
        here, there = (_answer(m, _inputs(shape), task) for m in (a, b))
        assert torch.equal(here, there), f"{what}: task {task} gets another answer"


def _can_be_imported(cls: type) -> bool:
    return getattr(sys.modules.get(cls.__module__), cls.__qualname__, None) is cls


def _is_dynamic(model: nn.Module) -> bool:
    return any(isinstance(module, DynamicModule) for module in model.modules())


def _tensors(model: nn.Module) -> dict[str, Any]:
    """Parameters and buffers as plain values, to compare."""
    return {k: _bytes(v) if torch.is_tensor(v) else v for k, v in model.state_dict().items()}


def _bytes(value: Tensor) -> tuple[Any, bytes]:
    flat = value.detach().cpu().reshape(-1)
    return value.shape, flat.view(torch.uint8).numpy().tobytes()


def _snapshot(model: nn.Module) -> dict[str, Any]:
    return {
        "state": _tensors(model),
        "parameter objects": [id(p) for p in model.parameters()],
        "frozen parameters": [p.requires_grad for p in model.parameters()],
        "modes": [m.training for m in model.modules()],
    }


MODEL_CHECKS: tuple[Callable[[ModelFactory, Sequence[int]], None], ...] = (
    check_a_batch_of_one,
    check_evaluation_changes_nothing,
    check_growth_in_training,
    check_adaptation_is_idempotent,
    check_unknown_units_are_masked,
    check_states_come_back,
    check_copies_stand_alone,
    check_same_seed_same_weights,
    check_optimizer_follows,
)


def check_model(make: ModelFactory, shape: Sequence[int], skip: Sequence[str] = ()) -> None:
    """Run every check on a model that answers a batch with logits, ``(batch, units)``.

    Growing and multi-task models are met with three experiences of two classes each, with a task
    label of their own where the model wants task labels.

    Args:
        make: makes a new model, with weights drawn from torch's generator.
        shape: shape of one input, without the batch.
        skip: names of checks that do not apply; say why where you call this.

    Raises:
        AssertionError: with what is wrong.
        ValueError: ``skip`` names no check.

    Example:
        >>> from avalanche.models import IncrementalClassifier, MTSimpleMLP
        >>> check_model(lambda: IncrementalClassifier(8), shape=(8,))
        >>> check_model(lambda: MTSimpleMLP(input_size=8, hidden_size=4), shape=(2, 4))
    """
    known = {check.__name__ for check in MODEL_CHECKS}
    unknown = set(skip) - known
    if unknown:
        raise ValueError(f"skip={sorted(unknown)}: no such check; there are {sorted(known)}")
    for check in MODEL_CHECKS:
        if check.__name__ not in skip:
            check(make, shape)
