import pytest
import torch

from avalanche.cli.errors import UsageError
from avalanche.cli.run_options import RUN_OPTIONS, check_run_options

GOOD = {option.name: option.default for option in RUN_OPTIONS}


def test_defaults_are_possible() -> None:
    check_run_options(GOOD)
    check_run_options({**GOOD, "device": "cpu", "eval_every": 0, "seed": 2**63 - 1})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"epochs": 0}, "--epochs=0: expected 1 or more"),
        ({"eval_every": -2}, "--eval_every=-2: expected -1 or more"),
        ({"seed": -1}, "--seed=-1: expected 0 or more"),
        ({"experience_size": 0}, "--experience_size=0: expected 1 or more, or null for whole"),
        ({"device": "gpu"}, "--device=gpu: expected auto, cpu, cuda"),
        ({"device": "mps"}, "--device=mps: expected auto, cpu, cuda or cuda:1"),
        ({"device": "meta"}, "--device=meta: expected auto, cpu, cuda"),
        ({"device": "cpu:0"}, "--device=cpu:0: expected auto, cpu, cuda"),
        ({"seed": 2**63}, r"--seed=9223372036854775808: expected seeds below 2\*\*63"),
        ({"seed": 2**63 - 1, "seeds": 2}, r"--seed=9223372036854775807: expected seeds below 2"),
    ],
)
def test_what_cannot_be_is_refused(change: dict, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        check_run_options({**GOOD, **change})


def test_a_device_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(UsageError, match="no CUDA device is available; use --device cpu"):
        check_run_options({**GOOD, "device": "cuda"})


def test_a_device_beyond_the_last_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    check_run_options({**GOOD, "device": "cuda:1"})
    with pytest.raises(UsageError, match="--device=cuda:2: the last CUDA device is cuda:1"):
        check_run_options({**GOOD, "device": "cuda:2"})


def test_every_option_has_a_text() -> None:
    assert all(option.help for option in RUN_OPTIONS)
