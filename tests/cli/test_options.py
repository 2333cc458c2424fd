import pytest
import yaml

from avalanche.cli.errors import UsageError
from avalanche.cli.options import parse
from avalanche.cli.request import Request


def read(*words: str, command: str = "run") -> Request:
    request = parse(command, words)
    assert isinstance(request, Request)
    return request


def test_defaults() -> None:
    request = read()
    assert request.benchmark.name == "SplitDigits"
    assert [choice.name for choice in request.strategies] == ["Naive"]
    assert request.model.name == "SimpleMLP"
    assert request.optimizer.name == "SGD"
    assert (request.seed, request.seeds, request.device) == (0, 1, "auto")


def test_every_argument_is_an_option_with_its_type() -> None:
    request = read(
        "--benchmark", "SplitMNIST", "--benchmark.n_experiences", "2",
        "--benchmark.shuffle", "false", "--benchmark.return_task_id",
        "--benchmark.fixed_class_order", "1,0,2", "--strategy=Replay", "--strategy.mem_size=50",
        "--model.hidden_size", "16", "--optimizer", "Adam", "--optimizer.lr", "1e-3",
        "--optimizer.betas", "0.8,0.9", "--epochs", "3", "--seeds", "2",
    )  # fmt: skip
    assert request.benchmark.arguments["n_experiences"] == 2
    assert request.benchmark.arguments["shuffle"] is False
    assert request.benchmark.arguments["return_task_id"] is True
    assert list(request.benchmark.arguments["fixed_class_order"]) == [1, 0, 2]
    assert request.strategies[0].arguments["mem_size"] == 50
    assert request.model.arguments["hidden_size"] == 16
    assert request.optimizer.arguments["lr"] == 1e-3
    assert tuple(request.optimizer.arguments["betas"]) == (0.8, 0.9)
    assert (request.epochs, request.seeds) == (3, 2)


def test_methods_without_defaults_get_some_that_are_options() -> None:
    lwf = read("--strategy", "LwF").strategies[0]
    assert lwf.arguments["temperature"] == 2.0
    assert (
        read("--strategy", "LwF", "--strategy.temperature", "1")
        .strategies[0]
        .arguments["temperature"]
        == 1.0
    )
    assert read("--strategy", "EWC").strategies[0].arguments["ewc_lambda"] > 0


def test_compare_has_options_of_each_strategy() -> None:
    request = read("--strategies", "Naive, Replay,EWC", "--Replay.mem_size", "7", command="compare")
    assert [choice.name for choice in request.strategies] == ["Naive", "Replay", "EWC"]
    assert request.strategies[1].arguments["mem_size"] == 7


@pytest.mark.parametrize("command", ["run", "compare"])
def test_config_says_the_same_as_options(command: str, tmp_path) -> None:
    words = ["--epochs", "2", "--optimizer.lr", "0.5", "--benchmark.seed", "3"]
    if command == "run":
        words += ["--strategy", "Replay", "--strategy.mem_size", "9"]
    else:
        words += ["--strategies", "Naive,Replay", "--Replay.mem_size", "9"]
    first = read(*words, command=command)
    path = tmp_path / "x.yaml"
    path.write_text(yaml.safe_dump(first.config()))
    second = read("--config", str(path), command=command)
    assert second == first
    assert second.config() == first.config()


def test_options_win_over_the_file(tmp_path) -> None:
    path = tmp_path / "x.yaml"
    path.write_text("benchmark: SplitDigits\nstrategy: {name: EWC, ewc_lambda: 3}\nepochs: 9\n")
    request = read("--epochs", "1", "--config", str(path))
    assert request.epochs == 1
    assert request.strategies[0].arguments["ewc_lambda"] == 3
    other = read("--config", str(path), "--strategy", "Naive")
    assert other.strategies[0].name == "Naive"


def test_the_later_of_two_files_wins_and_words_win_over_both(tmp_path) -> None:
    one, two = tmp_path / "one.yaml", tmp_path / "two.yaml"
    one.write_text("strategy: {name: EWC, ewc_lambda: 3}\nepochs: 9\nbatch_size: 7\nseeds: 2\n")
    two.write_text("strategy: Naive\nepochs: 5\nbatch_size: 6\n")
    files = ["--config", str(one), "--config", str(two)]
    request = read(*files, "--batch_size", "4")
    assert request.strategies[0].name == "Naive"
    assert (request.epochs, request.batch_size, request.seeds) == (5, 4, 2)
    assert read("--batch_size", "4", *files) == request


def test_the_configuration_of_a_comparison_can_be_narrowed(tmp_path) -> None:
    words = ["--strategies", "Naive,EWC,Replay", "--Replay.mem_size", "7"]
    plugin = ["--plugins", "EWCPlugin", "--EWCPlugin.ewc_lambda", "3"]
    whole = read(*words, *plugin, command="compare")
    path = tmp_path / "x.yaml"
    path.write_text(yaml.safe_dump(whole.config()))
    fewer = ["--config", str(path), "--strategies", "Naive,Replay", "--plugins", ""]
    request = read(*fewer, command="compare")
    assert request.strategies == (whole.strategies[0], whole.strategies[2])
    assert request.plugins == ()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--strategy", "Reply"], r"--strategy=Reply: .*did you mean Replay"),
        (["--benchmark", "SplitMNST"], r"--benchmark=SplitMNST: .*did you mean SplitMNIST"),
        (
            ["--strategy", "Replay", "--strategy.mem_sise", "2"],
            r"--strategy\.mem_sise=2: .*did you mean --strategy\.mem_size",
        ),
        (["--epoch", "2"], r"--epoch=2: .*did you mean --epochs"),
        (["--epochs", "five"], r"--epochs=five: expected a whole number"),
        (["--epochs"], r"--epochs: expects a value \(a whole number\)"),
        (["--epochs", "0"], r"--epochs=0: expected 1 or more"),
        (["--seeds", "-1"], r"--seeds=-1: expected 1 or more"),
        (["--quiet", "perhaps"], r"--quiet=perhaps: expected true or false"),
        (["--optimizer.lr", "fast"], r"--optimizer\.lr=fast: expected a number"),
        (["--strategy.train_epochs", "2"], r"belongs to the whole run; use --epochs"),
        (["--device", "gpu"], r"--device=gpu: expected auto, cpu, cuda"),
        (["--strategies", "Naive"], r"`avalanche compare` takes it"),
        (["--peval_mode", "x"], r"--peval_mode=x: expected one of epoch, iteration"),
        (["--config"], r"--config: expects a YAML file"),
        (["--strategy", ""], r"--strategy=: expected a name; leave it out for the default"),
        (["--benchmark="], r"--benchmark=: expected a name"),
        (["--model", " "], r"--model= : expected a name"),
        (["--optimizer", ""], r"--optimizer=: expected a name"),
        (
            ["--strategy", "OnlineNaive", "--strategy.train_passes", "3"],
            r"--strategy\.train_passes=3: this belongs to the whole run; use --epochs",
        ),
    ],
)
def test_wrong_use_is_told_in_one_line(words: list[str], message: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        parse("run", words)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--strategies", "Naive,Naive"], r"Naive is there twice"),
        (["--strategies", ""], r"--strategies=: expected a name; leave it out for the default"),
        (["--strategies", "[]"], r"--strategies=\[\]: expected a name"),
        (["--strategies", "Naive", "--Replay.mem_size", "3"], r"not among --strategies Naive"),
        (["--strategies", "Naive,Jont"], r"--strategies=Jont: there is no such strategy"),
        (["--strategy", "Naive"], r"`avalanche run` takes it"),
    ],
)
def test_wrong_comparison(words: list[str], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        parse("compare", words)


def test_unknown_key_in_a_file_names_file_and_nearest(tmp_path) -> None:
    path = tmp_path / "x.yaml"
    path.write_text("strategy: {name: Replay, mem_sise: 3}\n")
    with pytest.raises(UsageError, match=r"x\.yaml: strategy\.mem_sise: 3: .*strategy\.mem_size"):
        parse("run", ["--config", str(path)])


def test_a_date_in_a_file_is_no_number(tmp_path) -> None:
    path = tmp_path / "x.yaml"
    path.write_text("seed: 2024-01-01\n")
    with pytest.raises(UsageError, match=r"x\.yaml: seed: 2024-01-01: expected a whole number"):
        parse("run", ["--config", str(path)])


def test_help_shows_every_option_with_its_text() -> None:
    text = parse("run", ["--strategy", "Replay", "--help"])
    assert isinstance(text, str)
    for option in ("--strategy ", "--strategy.mem_size", "--benchmark.n_experiences", "--seeds",
                   "--model.hidden_size", "--optimizer.lr", "--config"):  # fmt: skip
        assert option in text
    assert "capacity" in text, "the text comes from the docstring"
    assert "EWC: ewc_lambda" in text
    assert "--strategy.plugins" not in text


def test_transforms_of_a_benchmark_can_be_left_out_and_no_more() -> None:
    request = parse("run", ["--benchmark", "SplitMNIST", "--benchmark.train_transform", "null"])
    assert request.benchmark.arguments["train_transform"] is None
    assert "eval_transform" not in request.benchmark.arguments
    assert request.config()["benchmark"]["eval_transform"] == "default"
    with pytest.raises(UsageError, match=r"--benchmark\.train_transform=flip: expected one of def"):
        parse("run", ["--benchmark", "SplitMNIST", "--benchmark.train_transform", "flip"])


def test_plugins_have_options_of_their_own(tmp_path) -> None:
    words = ["--plugins", "EWCPlugin,ReplayPlugin", "--EWCPlugin.ewc_lambda", "7"]
    request = parse("run", words)
    assert [choice.name for choice in request.plugins] == ["EWCPlugin", "ReplayPlugin"]
    assert request.plugins[0].arguments["ewc_lambda"] == 7
    path = tmp_path / "x.yaml"
    path.write_text(yaml.safe_dump(request.config()))
    assert parse("run", ["--config", str(path)]) == request
    assert "plugins" not in parse("run", []).config()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--plugins", "EWC"], "--plugins=EWC: there is no such plugin; did you mean EWCPlugin"),
        (["--plugins", "EWCPlugin,EWCPlugin"], "EWCPlugin is there twice; a strategy has each pl"),
        (["--EWCPlugin.ewc_lambda", "3"], "EWCPlugin is not among --plugins; add it there"),
        (["--plugins", "EWCPlugin"], "--EWCPlugin.ewc_lambda: EWCPlugin needs it"),
    ],
    ids=["unknown", "twice", "absent", "incomplete"],
)
def test_wrong_plugins(words: list[str], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        parse("run", words)


@pytest.mark.parametrize(
    ("command", "words", "hint"),
    [
        ("run", ["--strategi.name", "Replay"], r"did you mean --strategy\?"),
        ("run", ["--strategi.mem_sise", "3", "--strategy", "Replay"], "--strategy.mem_size?"),
        ("run", ["--benchmrk.n_experiences", "3"], "--benchmark.n_experiences?"),
        ("compare", ["--strategi.name", "Naive"], r"did you mean --strategies\?"),
        ("compare", ["--replay.mem_size", "3", "--strategies", "Replay"], "--Replay.mem_size?"),
        ("run", ["--plugins", "EWCPlugin,Foo"], r"--plugins=Foo: there is no such plugin"),
    ],
)
def test_a_misspelt_group_is_told_with_the_right_one(command, words, hint) -> None:
    with pytest.raises(UsageError, match=hint):
        parse(command, words)


def test_a_misspelt_group_in_a_file_is_told_with_the_right_one(tmp_path) -> None:
    path = tmp_path / "x.yaml"
    path.write_text("strategi: {name: Replay}\n")
    with pytest.raises(UsageError, match=r"x\.yaml: strategi: Replay: .*mean --strategy\?"):
        parse("run", ["--config", str(path)])
