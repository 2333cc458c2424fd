import copy

import pytest

from avalanche.cli.errors import UsageError
from avalanche.cli.folder import RunFolder
from avalanche.cli.options import parse
from avalanche.cli.request import Request
from avalanche.cli.same_run import check_same_run

RUN = {
    "benchmark": {"name": "B", "n": 2},
    "strategy": {"name": "Naive"},
    "optimizer": {"name": "Adam", "betas": [0.9, 0.99]},
    "epochs": 1,
    "seeds": 1,
    "seed": 0,
}
COMPARE = {
    "benchmark": {"name": "B"},
    "strategies": ["Naive", "EWC"],
    "EWC": {"ewc_lambda": 1.0},
    "epochs": 1,
}


def changed(config: dict, **changes) -> dict:
    return {**copy.deepcopy(config), **changes}


@pytest.mark.parametrize(
    ("before", "now"),
    [
        (RUN, RUN),
        (RUN, changed(RUN, seeds=3, provenance={"command": "x"})),
        (RUN, changed(RUN, optimizer={"name": "Adam", "betas": (0.9, 0.99)})),
        (COMPARE, changed(COMPARE, strategies=["EWC", "Naive", "LwF"], LwF={"alpha": 1})),
    ],
    ids=["same", "more-seeds", "tuple", "more-strategies"],
)
def test_the_same_run_may_grow(before, now, tmp_path) -> None:
    check_same_run(tmp_path, before, now)


PLUGGED = changed(RUN, plugins=["EWCPlugin"], EWCPlugin={"ewc_lambda": 5})


@pytest.mark.parametrize(
    ("before", "now", "message"),
    [
        (RUN, PLUGGED, r"--plugins=EWCPlugin: the run in .* has no plugins; give the same"),
        (PLUGGED, RUN, r"--plugins: the run in .* has plugins=EWCPlugin; give"),
        (
            PLUGGED,
            changed(PLUGGED, EWCPlugin={"ewc_lambda": 6}),
            r"--EWCPlugin\.ewc_lambda=6: the run in .* has EWCPlugin\.ewc_lambda=5; give",
        ),
        (
            COMPARE,
            changed(COMPARE, strategies=["EWC", "LwF"], EWC={"ewc_lambda": 2.0}),
            r"--EWC\.ewc_lambda=2\.0: the run in .* has EWC\.ewc_lambda=1\.0",
        ),
        (
            RUN,
            changed(RUN, benchmark={"name": "B", "n": 2, "k": None}),
            r"--benchmark\.k=None: the run in .* has no benchmark\.k; give",
        ),
        (RUN, changed(RUN, strategy={"name": "LwF"}), r"--strategy=LwF: the run in .*=Naive;"),
        (RUN, COMPARE, "holds a run of `avalanche run`, with which `avalanche compare` cannot"),
        (COMPARE, RUN, "holds a run of `avalanche compare`, with which `avalanche run` cannot"),
        ({}, RUN, r"has no config\.yaml that says what was run there; --overwrite starts"),
    ],
    ids=["plugin", "no-plugin", "of-plugin", "of-strategy", "new", "strategy", "run", "compare",
         "unknown"],
)  # fmt: skip
def test_another_run_is_refused(before, now, message, tmp_path) -> None:
    with pytest.raises(UsageError, match=message):
        check_same_run(tmp_path, before, now)


def config_of(command: str, *words: str) -> dict:
    request = parse(command, words)
    assert isinstance(request, Request)
    return request.config()


def test_a_folder_is_not_taken_over_by_a_run_with_a_plugin_nor_by_a_comparison(tmp_path) -> None:
    folder = RunFolder(tmp_path)
    folder.start(config_of("run"))
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    plugin = config_of("run", "--plugins", "EWCPlugin", "--EWCPlugin.ewc_lambda", "5")
    with pytest.raises(UsageError, match=r"--plugins=EWCPlugin: the run in .* has no plugins"):
        RunFolder(tmp_path).resume({**plugin, "seeds": 2})
    with pytest.raises(UsageError, match="holds a run of `avalanche run`"):
        RunFolder(tmp_path).resume(config_of("compare", "--strategies", "Naive,Replay"))
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_options_with_several_values_are_the_same_after_a_file(tmp_path) -> None:
    config = config_of("run", "--optimizer", "Adam", "--optimizer.betas", "0.8,0.9")
    assert isinstance(config["optimizer"]["betas"], tuple)
    RunFolder(tmp_path).start(config)
    RunFolder(tmp_path).resume(config)
