from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, TypedDict

import pytest
from torch import Tensor, nn
from typing_extensions import Unpack

from avalanche.cli.signatures import REQUIRED, options_of, type_text


class Loop(TypedDict, total=False):
    epochs: int
    plugins: Sequence[Any] | None


class Base:
    """Base.

    Args:
        epochs: passes over the data.
    """


class Method(Base):
    """Method.

    Args:
        model: the model.
        strength: how strong,
            on two lines.
    """

    def __init__(
        self,
        model: nn.Module,
        strength: float | Sequence[float],
        rate: float | Tensor = 0.1,
        mode: Literal["a", "b"] = "a",
        untyped=3,
        betas: tuple[float | Tensor, float] = (0.9, 0.99),
        *args: Any,
        transform: Callable[..., Any] | None = None,
        root: str | Path | None = None,
        per_class: Mapping[int, int] | None = None,
        **base: Unpack[Loop],
    ) -> None:
        pass


def test_arguments_become_options() -> None:
    options = {option.name: option for option in options_of(Method)}
    assert list(options) == [
        "strength", "rate", "mode", "untyped", "betas", "root", "per_class", "epochs",
    ]  # fmt: skip
    assert options["strength"].default is REQUIRED
    assert options["strength"].help == "how strong, on two lines."
    assert options["rate"].type is float
    assert options["untyped"].type is int
    assert options["betas"].type == tuple[float, float]
    assert options["epochs"].help == "passes over the data."
    assert options["epochs"].default is None


def test_skip() -> None:
    assert "rate" not in {option.name for option in options_of(Method, skip=["rate"])}


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (int, "a whole number"),
        (float | None, "a number or null"),
        (Sequence[int], "list of a whole number"),
        (Mapping[int, float], "mapping of a whole number, a number"),
        (Literal["a", "b"], "one of a, b"),
        (bool, "true or false"),
    ],
)
def test_type_text(kind: Any, text: str) -> None:
    assert type_text(kind) == text
