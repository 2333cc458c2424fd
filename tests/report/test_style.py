import re

from avalanche.report.style import colours


def test_neighbours_look_different_and_ten_strategies_have_ten_colours() -> None:
    look = colours([str(place) for place in range(10)])
    assert len({colour for colour, _ in look.values()}) == 10
    assert len({marker for _, marker in look.values()}) == 10
    assert all(re.fullmatch(r"#[0-9A-F]{6}", colour) for colour, _ in look.values())
