import pytest
import torch
from torch.utils.data import TensorDataset

from avalanche.benchmarks import nc_benchmark
from avalanche.benchmarks.classic import SplitDigits
from avalanche.cli import registry
from avalanche.cli.errors import UsageError
from avalanche.cli.experiment import build_benchmark, build_trial, check
from avalanche.cli.fit import check_fit, found_out, try_out
from avalanche.cli.options import parse
from avalanche.cli.request import Choice, Request
from avalanche.training import Naive


def request_of(*words: str) -> Request:
    request = parse("run", [*words, "--device", "cpu"])
    assert isinstance(request, Request)
    return request


SIDES = {"LeNet5": 32, "SimpleMLP_TinyImageNet": 64}  # those that take images of one size


def images(side: int = 12) -> object:
    """Two experiences of two classes of colour images, each with its task label."""
    x, y = torch.rand(24, 3, side, side), torch.arange(24) % 4
    return nc_benchmark(TensorDataset(x, y), TensorDataset(x, y), 2, task_labels=True)


@pytest.mark.parametrize("name", registry.find("models"))
def test_every_model_fits_and_learns(name: str) -> None:
    request, benchmark = request_of("--model", name), images(SIDES.get(name, 12))
    assert isinstance(request.model, Choice)
    arguments = {**found_out(request.model, benchmark), **request.model.arguments}
    model = registry.lookup("models", name)(**arguments)
    check_fit(model, request.model, benchmark, request.benchmark)
    try_out(model, benchmark)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    strategy = Naive(model, optimizer, train_mb_size=6, evaluator=None)
    before = [p.detach().clone() for p in model.parameters()]
    strategy.train(benchmark.train_stream)
    strategy.eval(benchmark.test_stream)
    after = list(model.parameters())
    assert any(
        a.shape != b.shape or not torch.equal(a, b) for a, b in zip(before, after, strict=False)
    )


@pytest.mark.parametrize(
    ("name", "sizes"),
    [
        ("SimpleMLP", {"num_classes": 4, "input_size": 432}),
        ("SimpleCNN", {"num_classes": 4, "in_channels": 3}),
        ("PNN", {"in_features": 432}),
    ],
)
def test_sizes_that_are_found_out(name: str, sizes: dict[str, int]) -> None:
    assert found_out(request_of("--model", name).model, images()) == sizes


def test_what_is_given_is_not_found_out() -> None:
    request = request_of("--model", "PNN", "--model.in_features", "9")
    assert found_out(request.model, images()) == {}


@pytest.mark.parametrize("name", ["MTSimpleMLP", "PNN"])
def test_task_labels_that_are_needed_and_absent(name: str) -> None:
    with pytest.raises(
        UsageError,
        match=rf"--model={name}: .* all 5 experiences of SplitDigits have the label 0; "
        "add --benchmark.return_task_id true, or choose a model with one head, such as SimpleMLP",
    ):
        check(request_of("--model", name))
    check(request_of("--model", name, "--benchmark.return_task_id", "true"))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--model", "SimpleCNN"], "--model SimpleCNN: the images are 8 x 8 .* at least 10 x 10"),
        (["--model.input_size", "9"], r"--model\.input_size=9: .* build it with input_size=64"),
        (["--strategy", "PNNStrategy"], "--strategy PNNStrategy: model=SimpleMLP: .* trains a PNN"),
    ],
    ids=["small images", "input size", "strategy"],
)
def test_what_does_not_go_together_is_one_line(words: list[str], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        check(request_of(*words))


def test_trying_a_model_out_changes_nothing() -> None:
    benchmark = SplitDigits()
    model = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.BatchNorm1d(64), torch.nn.Dropout())
    model[2].eval()
    random, mean = torch.get_rng_state(), model[1].running_mean.clone()
    try_out(model, benchmark)
    assert [m.training for m in model] == [True, True, False]
    assert torch.equal(model[1].running_mean, mean)
    assert torch.equal(torch.get_rng_state(), random)


def test_torchs_own_words_say_which_samples() -> None:
    with pytest.raises(ValueError, match=r"it cannot take samples of shape \(1, 8, 8\)"):
        try_out(torch.nn.Linear(3, 2), SplitDigits())


@pytest.mark.parametrize("layers", ["1", "3"])
def test_an_mlp_of_another_depth(layers: str) -> None:
    request = request_of("--model.hidden_layers", layers, "--model.hidden_size", "8")
    trial = build_trial(request, request.strategies[0], 0, build_benchmark(request, 0))
    linear = [m for m in trial.strategy.model.modules() if isinstance(m, torch.nn.Linear)]
    assert len(linear) == int(layers) + 1
