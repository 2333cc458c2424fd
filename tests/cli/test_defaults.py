import inspect

import pytest

from avalanche.cli import registry
from avalanche.cli.defaults import CHOICES, DEFAULTS, RUN_OWNED
from avalanche.cli.options import parse
from avalanche.cli.request import Request
from avalanche.cli.signatures import options_of

PLURALS = {singular: plural for plural, singular in registry.SINGULAR.items()}


@pytest.mark.parametrize("kind", CHOICES)
def test_what_is_used_where_nothing_is_named_exists(kind: str) -> None:
    registry.lookup(PLURALS[kind], CHOICES[kind])


@pytest.mark.parametrize("kind", DEFAULTS)
def test_every_value_filled_in_belongs_to_an_argument(kind: str) -> None:
    for name, values in DEFAULTS[kind].items():
        options = options_of(registry.lookup(PLURALS[kind], name))
        assert set(values) <= {option.name for option in options}


@pytest.mark.parametrize("name", registry.find("strategies"))
def test_every_strategy_can_be_chosen_without_more(name: str) -> None:
    request = parse("run", ["--strategy", name])
    assert isinstance(request, Request)
    assert not set(request.strategies[0].options) & set(RUN_OWNED)


@pytest.mark.parametrize("name", registry.find("benchmarks"))
def test_every_benchmark_can_be_chosen_without_more(name: str) -> None:
    # Some data cannot be downloaded: their folder has to be named.
    parameters = inspect.signature(registry.lookup("benchmarks", name)).parameters
    folder = parameters.get("dataset_root")
    more = [] if folder is None or folder.default is None else ["--benchmark.dataset_root", "data"]
    request = parse("run", ["--benchmark", name, *more])
    assert isinstance(request, Request)
    assert set(request.benchmark.arguments) <= set(parameters)
