from avalanche.cli.request import Choice, Request


def request(command: str, *names: str) -> Request:
    return Request(
        command=command,
        benchmark=Choice("B", {"n": 2}),
        strategies=tuple(Choice(name, {"k": 1} if name == "R" else {}) for name in names),
        model=Choice("M"),
        optimizer=Choice("O", {"lr": 0.1}),
        epochs=1, batch_size=2, eval_batch_size=3, eval_every=-1, peval_mode="epoch",
        device="cpu", seeds=1, seed=0, out="x",
    )  # fmt: skip


def test_config_of_a_run_holds_what_decides_the_numbers() -> None:
    config = request("run", "R").config()
    assert config["strategy"] == {"name": "R", "k": 1}
    assert config["benchmark"] == {"name": "B", "n": 2}
    assert "out" not in config
    assert "quiet" not in config


def test_config_of_a_comparison_has_a_group_for_each_strategy_with_options() -> None:
    config = request("compare", "N", "R").config()
    assert config["strategies"] == ["N", "R"]
    assert config["R"] == {"k": 1}
    assert "N" not in config


def test_option_is_named_as_the_user_writes_it() -> None:
    assert request("run", "R").option("strategy", "R") == "--strategy"
    assert request("compare", "R").option("strategy", "R") == "--R"
    assert request("compare", "R").option("model") == "--model"
