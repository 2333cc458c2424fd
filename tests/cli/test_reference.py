import pytest

from avalanche.cli.arguments import read_config
from avalanche.cli.errors import UsageError
from avalanche.cli.reference import Reference

GIVEN = {"title": "EWC", "setting": "an MLP", "published": 95.5, "source": "a paper", "mark": "V"}


def test_the_section_is_read_with_its_defaults() -> None:
    reference = Reference.read({**GIVEN, "setting": "an\n  MLP"}, "x.yaml")
    assert reference.setting == "an MLP"
    assert (reference.published, reference.metric, reference.note) == (
        95.5,
        "average_accuracy",
        "",
    )
    assert Reference.read({"title": "EWC", "setting": "an MLP"}, "x").difference(3.0) is None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"publshed": 3}, r"x\.yaml: reference\.publshed: there is no such key; did you mean publ"),
        ({"published": "95"}, r"reference\.published='95': expected a number or null"),
        ({"published": True}, r"reference\.published=True: expected a number"),
        ({"title": 3}, r"reference\.title=3: expected text"),
        ({"title": ""}, r"reference\.title: is missing; give text"),
        ({"mark": "X"}, r"reference\.mark='X': expected V or R"),
        ({"metric": "bwt"}, r"reference\.metric='bwt': expected average_accuracy or final_acc"),
        ({"source": ""}, r"reference\.source='': a published number needs its source"),
        ({"published": None, "mark": ""}, r"reference\.source='a paper': .* a source its number"),
        ({"published": None, "source": ""}, r"reference\.mark='V': expected none without"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else "",
)
def test_what_cannot_be_is_refused(change, message) -> None:
    with pytest.raises(UsageError, match=message):
        Reference.read({**GIVEN, **change}, "x.yaml")


def test_the_section_has_to_be_one() -> None:
    with pytest.raises(UsageError, match=r"x\.yaml: reference: expected keys and values and found"):
        Reference.read("95", "x.yaml")


@pytest.mark.parametrize(
    ("reached", "missed"), [(93.5, False), (93.44, True), (97.5, False), (97.56, True)]
)
def test_two_points_are_allowed(reached, missed) -> None:
    assert Reference.read(GIVEN, "x").is_missed(reached) is missed
    assert Reference.read({**GIVEN, "mark": "R"}, "x").is_missed(reached) is False


def test_run_checks_the_section_and_leaves_it_out(tmp_path) -> None:
    path = tmp_path / "x.yaml"
    path.write_text("reference: {title: EWC, setting: an MLP}\nepochs: 3\n")
    assert [given.key for given in read_config(path)] == ["epochs"]
    path.write_text("reference: {titel: EWC}\nepochs: 3\n")
    with pytest.raises(UsageError, match=r"x\.yaml: reference\.titel: .*did you mean title"):
        read_config(path)
