import pytest

from avalanche.cli.arguments import Given, merge, read_config, scan
from avalanche.cli.errors import UsageError


def pairs(given):
    return [(item.key, item.value) for item in given]


def test_scan_reads_both_ways_of_writing_and_flags() -> None:
    words = [
        "--strategy",
        "EWC",
        "--strategy.ewc_lambda=3",
        "--seed",
        "-1",
        "--quiet",
        "--out",
        "x",
    ]
    assert pairs(scan(words)) == [
        ("strategy.name", "EWC"),
        ("strategy.ewc_lambda", "3"),
        ("seed", "-1"),
        ("quiet", None),
        ("out", "x"),
    ]
    assert pairs(scan(["-h"])) == [("help", None)]


def test_scan_refuses_a_word_on_its_own() -> None:
    with pytest.raises(UsageError, match="SplitDigits: belongs to no option"):
        scan(["SplitDigits"])


def test_yaml_and_options_become_the_same_pairs(tmp_path) -> None:
    path = tmp_path / "x.yaml"
    path.write_text(
        "benchmark: {name: SplitMNIST, dataset_root: ../data, n_experiences: 5}\n"
        "strategy: EWC\n"
        "epochs: 1\n"
        "strategies: [Naive, LwF]\n"
        "LwF: {alpha: [1, 2]}\n"
        "model: {drop_rate: null}\n"
        "quiet: true\n"
        "provenance: {command: avalanche run}\n"
    )
    assert pairs(read_config(path)) == [
        ("benchmark.name", "SplitMNIST"),
        ("benchmark.dataset_root", "../data"),
        ("benchmark.n_experiences", "5"),
        ("strategy.name", "EWC"),
        ("epochs", "1"),
        ("strategies", "[Naive, LwF]"),
        ("LwF.alpha", "[1, 2]"),
        ("model.drop_rate", "null"),
        ("quiet", "true"),
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a: [1", r"x\.yaml: not valid YAML"),
        (
            "a: 1\nb:\n  c: 2\n  c: 3\n",
            r"x\.yaml: .*c is there twice, lines 3 and 4; leave one out",
        ),
        ("- 1\n", r"x\.yaml: expected keys and values and found list"),
        ("", "found NoneType"),
        (b"\xff\xfe\x00", "cannot be read"),
    ],
)
def test_broken_config(tmp_path, content, message) -> None:
    path = tmp_path / "x.yaml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(UsageError, match=message):
        read_config(path)


def test_missing_config(tmp_path) -> None:
    with pytest.raises(UsageError, match=r"none\.yaml: cannot be read \(No such file"):
        read_config(tmp_path / "none.yaml")


def test_words_win_whatever_their_order() -> None:
    file = [Given("epochs", "1", "f"), Given("seed", "2", "f")]
    assert pairs(merge(file, [Given("epochs", "5")])) == [("seed", "2"), ("epochs", "5")]


def test_options_of_the_same_name_are_kept() -> None:
    file = [Given("strategy.name", "EWC", "f"), Given("strategy.ewc_lambda", "2", "f")]
    merged = merge(file, [Given("strategy.name", "EWC")])
    assert ("strategy.ewc_lambda", "2") in pairs(merged)


@pytest.mark.parametrize("key", ["strategies", "plugins"])
def test_a_shorter_list_drops_the_arguments_of_what_it_leaves_out(key) -> None:
    file = [Given(key, "[Naive, EWC, LwF]", "f"), Given("EWC.ewc_lambda", "2", "f"),
            Given("LwF.alpha", "1", "f"), Given("epochs", "3", "f")]  # fmt: skip
    merged = merge(file, [Given(key, "LwF, Replay"), Given("LwF.alpha", "5")])
    assert pairs(merged) == [("epochs", "3"), (key, "LwF, Replay"), ("LwF.alpha", "5")]
    assert pairs(merge(file, [Given(key, "Replay")])) == [("epochs", "3"), (key, "Replay")]


def test_where_is_as_the_user_wrote_it() -> None:
    assert Given("strategy.name", "X").where == "--strategy=X"
    assert Given("epochs", "x", "f.yaml").where == "f.yaml: epochs: x"
