import pytest
import torch

from avalanche.cli import registry
from avalanche.cli.errors import UsageError


@pytest.mark.parametrize(
    ("kind", "some", "never"),
    [
        (
            "benchmarks",
            {"SplitDigits", "SplitMNIST", "PermutedMNIST", "RotatedMNIST"},
            {"check_experts_accuracy"},
        ),
        (
            "strategies",
            {"Naive", "Replay", "EWC", "LwF", "JointTraining", "Cumulative"},
            {"AlreadyTrainedError", "SupervisedTemplate"},
        ),
        (
            "plugins",
            {"EarlyStoppingPlugin", "ReplayPlugin", "EWCPlugin"},
            # The last ones change nothing: every strategy has them, or they implement no event.
            {"default_evaluator", "LRSchedulerPlugin", "EvaluationPlugin", "SupervisedPlugin"},
        ),
        ("metrics", {"accuracy_metrics", "forgetting_metrics"}, {"Accuracy"}),
        (
            "models",
            {"SimpleMLP", "MTSimpleMLP", "MTSimpleCNN", "PNN"},
            {"avalanche_forward", "PNNLayer", "MultiHeadClassifier"},
        ),
        ("optimizers", {"SGD", "Adam"}, {"Optimizer", "LBFGS", "SparseAdam", "Muon"}),
    ],
)
def test_find(kind: str, some: set[str], never: set[str]) -> None:
    found = registry.find(kind)
    assert some <= set(found)
    assert not never & set(found)
    assert list(found) == sorted(found, key=str.lower)


@pytest.mark.parametrize("name", registry.find("optimizers"))
def test_every_optimizer_learns(name: str) -> None:
    model = torch.nn.Linear(3, 2)
    before = model.weight.detach().clone()
    optimizer = registry.lookup("optimizers", name)(model.parameters(), lr=0.1)
    model(torch.ones(4, 3)).square().sum().backward()
    optimizer.step()
    assert not torch.equal(model.weight, before)


@pytest.mark.parametrize("kind", registry.KINDS)
def test_everything_has_one_line_about_it(kind: str) -> None:
    for name, thing in registry.find(kind).items():
        assert registry.describe(thing), name


@pytest.mark.parametrize(
    ("kind", "name", "message"),
    [
        ("strategies", "Reply", r"--strategy=Reply: .* did you mean Replay\?"),
        ("benchmarks", "splitmnist", r"--benchmark=splitmnist: .* did you mean SplitMNIST"),
        ("models", "zzzz", r"--model=zzzz: there is no such model; choose .*SimpleMLP"),
        ("optimizers", "LBFGS", r"there is no such optimizer; choose Adadelta, .*, SGD$"),
        ("plugins", "LRSchedulerPlugin", r"Plugin: needs scheduler, which only Python can give"),
        ("optimizers", "Adan", r"--optimizer=Adan: there is no such optimizer; did you mean Adam"),
    ],
)
def test_lookup_gives_the_nearest(kind: str, name: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        registry.lookup(kind, name)


def test_unknown_kind() -> None:
    with pytest.raises(UsageError, match="nets: not a kind of thing; choose benchmarks"):
        registry.find("nets")
