from pathlib import Path

from avalanche.cli.configs import Config, find_configs
from avalanche.cli.record import Record, SeedResult
from avalanche.cli.reference import Reference
from avalanche.cli.results_page import missing_reasons, results_page

ROOT = Path(__file__).parents[2]
SETTINGS = {"benchmark": {"name": "SplitMNIST"}, "epochs": 2}


def config(name: str = "naive", **reference) -> Config:
    given = {"title": name, "setting": "an MLP", "published": 90.0, "source": "P", "mark": "V"}
    return Config(
        Path(f"configs/split/class/{name}.yaml"), Reference(**{**given, **reference}), SETTINGS
    )


def record(*accuracies: float, settings=None) -> Record:
    return Record(
        settings or SETTINGS,
        {
            seed: SeedResult(a, a / 2, [a], 20.0 + seed, 1.0, "abc123", "today", {"torch": "2.1"})
            for seed, a in enumerate(accuracies)
        },
    )


def page(*rows) -> str:
    return results_page(rows, Path("docs/results.md"))


def line(text: str, name: str = "naive") -> str:
    return next(row for row in text.splitlines() if row.startswith(f"| [{name}]"))


def test_a_row_has_what_was_reached() -> None:
    text = page((config(), record(0.88, 0.90, 0.92)))
    assert line(text) == (
        "| [naive](../configs/split/class/naive.yaml) | 90.0 ± 2.0 (3) | 90 [V] | +0.0 | 22 "
        "| abc123 |"
    )
    assert "## SplitMNIST, class\n" in text
    assert "**naive**: an MLP. Published: P." in text
    assert "`avalanche reproduce configs/split/class/naive.yaml`" in text
    assert "Measured with torch 2.1." in text


def test_a_row_without_results_says_so() -> None:
    assert "| not run | 90 [V] |" in line(page((config(), None)))


def test_results_of_other_settings_are_not_shown() -> None:
    text = page((config(), record(0.9, settings={"epochs": 3})))
    assert "| not run |" in line(text)
    assert "The kept results are of other settings and are not shown." in text
    assert "Measured with" not in text


def test_a_missed_reference_is_bold_and_needs_a_reason() -> None:
    missed = (config(), record(0.8, 0.8))
    assert "**\N{MINUS SIGN}10.0** (no reason given)" in line(page(missed))
    assert missing_reasons([missed]) == [(missed[0], 2)]
    explained = (config(note="Fewer epochs"), record(0.8, 0.8))
    assert "| **\N{MINUS SIGN}10.0** |" in line(page(explained))
    assert "Note: Fewer epochs." in page(explained)
    assert missing_reasons([explained]) == []
    recalled = (config(mark="R"), record(0.8))
    assert "| \N{MINUS SIGN}10.0 |" in line(page(recalled))
    assert missing_reasons([recalled]) == []


def test_the_page_of_the_repository_is_what_its_kept_results_give() -> None:
    file = ROOT / "docs/results.md"
    configs, on_page = find_configs([ROOT / "configs"])
    kept = {path.relative_to(ROOT / "docs/results").with_suffix("").as_posix(): Record.load(path)
            for path in (ROOT / "docs/results").glob("*/*/*.json")}  # fmt: skip
    assert set(kept) <= {config.name for config in on_page}
    rows = [(config, kept.get(config.name)) for config in on_page]
    assert file.read_text(encoding="utf-8") == results_page(rows, file), (
        "`avalanche reproduce --no_run` writes it again"
    )
    assert len(configs) == len(on_page)


def test_the_legend_explains_the_commit() -> None:
    assert "`+` after\n  it where files of the package were changed" in page((config(), None))


def test_no_published_number_and_another_metric() -> None:
    row = config(published=None, source="", mark="", metric="final_accuracy")
    text = page((row, record(0.8)))
    assert "| 40.0 (1) | - | - | 21 |" in line(text)
    assert "Reached is the accuracy on all test samples after the last experience." in text
