"""Settings that make a run take a second or two."""

import pytest

TINY = [
    "--benchmark", "SplitDigits", "--benchmark.n_experiences", "2", "--epochs", "1",
    "--batch_size", "64", "--model.hidden_size", "8", "--device", "cpu",
]  # fmt: skip


@pytest.fixture
def tiny() -> list[str]:
    """Words of the smallest experiment that is still one."""
    return list(TINY)


@pytest.fixture(autouse=True)
def _plain_output(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
