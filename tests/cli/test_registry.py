import pytest

from avalanche.cli import registry
from avalanche.cli.errors import UsageError


@pytest.mark.parametrize(
    ("kind", "some", "never"),
    [
        ("benchmarks", {"SplitDigits", "SplitMNIST", "PermutedMNIST", "RotatedMNIST"}, set()),
        (
            "strategies",
            {"Naive", "Replay", "EWC", "LwF", "JointTraining", "Cumulative"},
            {"AlreadyTrainedError", "SupervisedTemplate"},
        ),
        ("plugins", {"EvaluationPlugin", "ReplayPlugin", "EWCPlugin"}, {"default_evaluator"}),
        ("metrics", {"accuracy_metrics", "forgetting_metrics"}, {"Accuracy"}),
        (
            "models",
            {"SimpleMLP", "MTSimpleMLP", "MTSimpleCNN", "PNN"},
            {"avalanche_forward", "PNNLayer", "MultiHeadClassifier"},
        ),
        ("optimizers", {"SGD", "Adam"}, {"Optimizer"}),
    ],
)
def test_find(kind: str, some: set[str], never: set[str]) -> None:
    found = registry.find(kind)
    assert some <= set(found)
    assert not never & set(found)
    assert list(found) == sorted(found, key=str.lower)


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
        ("optimizers", "Adan", r"--optimizer=Adan: there is no such optimizer; did you mean Adam"),
    ],
)
def test_lookup_gives_the_nearest(kind: str, name: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        registry.lookup(kind, name)


def test_unknown_kind() -> None:
    with pytest.raises(UsageError, match="nets: not a kind of thing; choose benchmarks"):
        registry.find("nets")
