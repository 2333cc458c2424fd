"""Checks that every strategy and plugin must pass."""

import copy
import pickle
import random
from collections.abc import Callable, Sequence
from io import BytesIO
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim import SGD, Optimizer

from avalanche.models import IncrementalClassifier, MultiHeadClassifier, MultiTaskModule
from avalanche.testing import streams
from avalanche.training.supervised import JointTraining, Naive

__all__ = ["STRATEGY_CHECKS", "StrategyFactory", "check_plugin", "check_strategy"]


KINDS: dict[str, Callable[[], Any]] = {
    "plain": streams.class_incremental,
    "growing": streams.class_incremental,
    "multi-head": streams.task_incremental,
}


class StrategyFactory(Protocol):
    """Makes the strategy under test."""

    def __call__(self, model: nn.Module, optimizer: Optimizer, **loop: Any) -> Any:
        """A new strategy; ``loop`` holds the loop's own arguments by name."""


class _MultiHead(MultiTaskModule):
    """A tiny network with one head per task."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Flatten(), nn.Linear(streams.FEATURES, 8), nn.ReLU())
        self.heads = MultiHeadClassifier(8)

    def forward(self, x: Tensor, task_labels: Tensor | int | None) -> Any:
        return self.heads(self.body(x), task_labels)


def tiny_model(kind: str = "plain") -> nn.Module:
    """A small network: ``"plain"``, ``"growing"`` or ``"multi-head"``.

    The plain one has what careless code disturbs: dropout and the running statistics of a norm.
    """
    if kind == "multi-head":
        return _MultiHead()
    head = IncrementalClassifier(8) if kind == "growing" else nn.Linear(8, streams.CLASSES)
    first = nn.Linear(streams.FEATURES, 8)
    return nn.Sequential(nn.Flatten(), first, nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.2), head)


def build(factory: StrategyFactory, kind: str = "plain", seed: int = 0, **loop: Any) -> Any:
    """A strategy on a tiny model, everything fixed by the seed."""
    torch.manual_seed(seed)
    model = tiny_model(kind)
    options = {"train_mb_size": 8, "evaluator": None, "train_epochs": 2, **loop}
    return factory(model, SGD(model.parameters(), lr=0.1, momentum=0.9), **options)


def learn(strategy: Any, benchmark: Any, start: int = 0) -> None:
    """Train on the stream in the way that the strategy wants."""
    if isinstance(strategy, JointTraining):
        strategy.train(benchmark.train_stream)
        return
    for experience in benchmark.train_stream[start:]:
        strategy.train(experience)


def weights(strategy: Any) -> dict[str, Tensor]:
    """A copy of the model's parameters and buffers."""
    return {k: torch.as_tensor(v).clone() for k, v in _tensors(strategy.model).items()}


def _tensors(model: nn.Module) -> dict[str, Tensor]:
    return {k: v for k, v in model.state_dict().items() if torch.is_tensor(v)}


def _same(a: dict[str, Tensor], b: dict[str, Tensor]) -> bool:
    return a.keys() == b.keys() and all(torch.equal(a[k], b[k]) for k in a)


def check_learns_every_kind_of_stream(factory: StrategyFactory) -> None:
    """Class-, domain-, task-incremental; with and without labels; repeated and single classes."""
    for make in streams.STREAMS:
        strategy = build(factory)
        before = weights(strategy)
        benchmark = make()
        learn(strategy, benchmark)
        strategy.eval(benchmark.test_stream)
        after = weights(strategy)
        assert not _same(before, after), f"{make.__name__}: training changed no weight"
        assert all(v.isfinite().all() for v in after.values()), f"{make.__name__}: not finite"


def check_growing_head(factory: StrategyFactory) -> None:
    """A head that grows with the classes is trained, its new units included."""
    strategy = build(factory, "growing")
    benchmark = streams.class_incremental()
    learn(strategy, benchmark)
    head = strategy.model[-1]
    assert head.classifier.out_features == streams.CLASSES, "the head did not grow to all classes"
    trained = {id(p) for group in strategy.optimizer.param_groups for p in group["params"]}
    assert id(head.classifier.weight) in trained, "the optimizer does not hold the grown head"


def check_multi_head(factory: StrategyFactory) -> None:
    """One head per task, chosen by the task labels."""
    strategy = build(factory, "multi-head")
    benchmark = streams.task_incremental()
    learn(strategy, benchmark)
    strategy.eval(benchmark.test_stream)
    tasks = len(benchmark.train_stream)
    assert strategy.model.heads.known_train_tasks_labels == set(range(tasks))


def check_evaluation_before_training(factory: StrategyFactory) -> None:
    """An untrained model can be evaluated, with any head."""
    for kind, make in KINDS.items():
        build(factory, kind).eval(make().test_stream)


def check_evaluation_changes_nothing(factory: StrategyFactory) -> None:
    """Weights, modes, random states and optimizer are the same after an evaluation."""
    for kind, make in KINDS.items():
        strategy, benchmark = build(factory, kind), make()
        if isinstance(strategy, JointTraining):
            strategy.train(benchmark.train_stream[:2])
        else:
            strategy.train(benchmark.train_stream[0])
        # A module that the user froze must stay frozen.
        next(m for m in strategy.model.modules() if isinstance(m, nn.Linear)).eval()
        before = _snapshot(strategy)
        strategy.eval(benchmark.test_stream)
        after = _snapshot(strategy)
        for name, value in before.items():
            assert value == after[name], f"evaluation changed the {name} ({kind} model)"


def _snapshot(strategy: Any) -> dict[str, Any]:
    optimizer = strategy.optimizer.state_dict()
    return {
        "weights": {k: v.tolist() for k, v in _tensors(strategy.model).items()},
        "parameter objects": [id(p) for p in strategy.model.parameters()],
        "modes": [m.training for m in strategy.model.modules()],
        "optimizer": _bytes(optimizer),
        "torch random state": torch.get_rng_state().tolist(),
        "numpy random state": repr(np.random.get_state()),
        "python random state": random.getstate(),
        "is_training": strategy.is_training,
        "experience": strategy.experience,
    }


def _bytes(value: Any) -> bytes:
    file = BytesIO()
    torch.save(value, file)
    return file.getvalue()


def check_same_seed_same_weights(factory: StrategyFactory) -> None:
    """Two runs with one seed end with the same weights, to the bit; another seed does not."""
    ends = []
    for seed in (3, 3, 4):
        strategy = build(factory, seed=seed)
        learn(strategy, streams.class_incremental())
        ends.append(weights(strategy))
    assert _same(ends[0], ends[1]), "the same seed gave other weights"
    assert not _same(ends[0], ends[2]), "another seed gave the same weights"


def check_inputs_are_not_changed(factory: StrategyFactory) -> None:
    """The benchmark and the list of plugins are as they were."""
    benchmark = streams.class_incremental()
    before = _contents(benchmark)
    plugins: list[Any] = []
    learn(build(factory, plugins=plugins), benchmark)
    assert plugins == [], "the caller's list of plugins was changed"
    assert _contents(benchmark) == before, "the benchmark was changed"


def _contents(benchmark: Any) -> list[Any]:
    return [
        [column.tolist() for column in e.dataset.batch(range(len(e.dataset)))]
        for stream in benchmark.streams.values()
        for e in stream
    ]


def check_resuming_equals_not_stopping(factory: StrategyFactory) -> None:
    """Saved after any experience and resumed, a run ends with the same weights, to the bit."""
    for kind, make in KINDS.items():
        whole, benchmark = build(factory, kind), make()
        if isinstance(whole, JointTraining):
            return  # a single call of train: there is no point in between
        saved = []
        for experience in benchmark.train_stream:
            whole.train(experience)
            saved.append(_bytes(whole.state_dict()))
        for count, state in enumerate(saved[:-1], start=1):
            resumed = build(factory, kind, seed=99)
            content = torch.load(BytesIO(state), weights_only=True)
            resumed.load_state_dict(content, benchmark)
            learn(resumed, benchmark, start=count)
            assert _same(weights(whole), weights(resumed)), (
                f"resumed after {count} experience(s), the run ended with other weights ({kind})"
            )


def check_copies_stand_alone(factory: StrategyFactory) -> None:
    """A deep copy and a pickled copy train by themselves, like the original."""
    benchmark = streams.class_incremental()
    for clone_of in (copy.deepcopy, _through_bytes):
        strategy = build(factory)
        clone = clone_of(strategy)
        before = weights(strategy)
        torch.manual_seed(0)
        learn(clone, benchmark)
        assert _same(before, weights(strategy)), "training a copy changed the original"
        assert strategy.clock.train_exp_counter == 0, "training a copy moved the original's clock"
        torch.manual_seed(0)
        learn(strategy, benchmark)
        assert _same(weights(clone), weights(strategy)), "a copy learns differently"


def _through_bytes(strategy: Any) -> Any:
    return pickle.loads(pickle.dumps(strategy))


def check_memory_does_not_grow(factory: StrategyFactory) -> None:
    """The state after many experiences is no larger than after a few."""
    strategy = build(factory, train_epochs=1)
    if isinstance(strategy, JointTraining):
        return
    benchmark = streams.domain_incremental(experiences=12)
    sizes = []
    for experience in benchmark.train_stream:
        strategy.train(experience)
        sizes.append(_size(strategy.state_dict()))
    # Names and counters of groups take some bytes; data or weights would take thousands.
    assert sizes[-1] < sizes[3] * 1.25 + 2000, f"the state grows with the stream: {sizes} bytes"


def _size(state: Any) -> int:
    """Bytes of the tensors in nested containers, and a few for everything else."""
    if torch.is_tensor(state):
        return state.numel() * state.element_size()
    if isinstance(state, dict):
        return sum(_size(value) + 8 for value in state.values())
    if isinstance(state, (list, tuple)):
        return sum(_size(value) for value in state)
    return len(state) if isinstance(state, str) else 8


STRATEGY_CHECKS: tuple[Callable[[StrategyFactory], None], ...] = (
    check_learns_every_kind_of_stream,
    check_growing_head,
    check_multi_head,
    check_evaluation_before_training,
    check_evaluation_changes_nothing,
    check_same_seed_same_weights,
    check_inputs_are_not_changed,
    check_resuming_equals_not_stopping,
    check_copies_stand_alone,
    check_memory_does_not_grow,
)


def check_strategy(factory: StrategyFactory, skip: Sequence[str] = ()) -> None:
    """Run every check on a strategy.

    Args:
        factory: ``factory(model, optimizer, **loop)`` makes a new strategy.
        skip: names of checks that do not apply; say why where you call this.

    Raises:
        AssertionError: with what is wrong.
        ValueError: ``skip`` names no check.

    Example:
        >>> check_strategy(Naive)
    """
    known = {check.__name__ for check in STRATEGY_CHECKS}
    unknown = set(skip) - known
    if unknown:
        raise ValueError(f"skip={sorted(unknown)}: no such check; there are {sorted(known)}")
    for check in STRATEGY_CHECKS:
        if check.__name__ not in skip:
            check(factory)


def check_plugin(make: Callable[[], Any], skip: Sequence[str] = ()) -> None:
    """Run every check of strategies on a plugin, attached to :class:`Naive`.

    Args:
        make: makes a new plugin.
        skip: names of checks that do not apply.
    """

    def factory(model: nn.Module, optimizer: Optimizer, **loop: Any) -> Any:
        loop["plugins"] = [*(loop.get("plugins") or ()), make()]
        return Naive(model, optimizer, **loop)

    check_strategy(factory, skip)
