import json
import re
from concurrent.futures import ThreadPoolExecutor

import pytest
import yaml

from avalanche.report import build_report
from avalanche.report.build import write_text
from avalanche.report.rows import format_rows


@pytest.fixture
def run(make_rows, tmp_path):
    path = tmp_path / "demo"
    path.mkdir()
    (path / "metrics.csv").write_text(format_rows(make_rows(), header=True))
    config = {
        "benchmark": {"name": "SplitDigits", "n_experiences": 3},
        "seeds": 2,
        "epochs": 1,
        "provenance": {
            "command": "avalanche compare --strategies 'Naive,Replay' --out <demo>",
            "versions": {"torch": "2.0"},
        },
    }
    (path / "config.yaml").write_text(yaml.safe_dump(config))
    return path


def test_the_page_shows_numbers_pictures_cost_command_and_versions(run) -> None:
    report = build_report([run])
    page = report.html.read_text(encoding="utf-8")
    assert report.html == run / "report.html"
    assert "2 strategies compared on SplitDigits" in page
    assert "2 seeds" in page
    assert "1 epoch<" in page
    replay = next(s for s in report.summaries if s.name == "Replay")
    assert replay.final_accuracy.text(1, scale=100) in page
    assert "upper bound" in page
    assert "&lt;demo&gt;" in page, "what the user typed is escaped"
    assert page.count("data:image/svg+xml;base64,") == 4
    assert "2.0" in page


def test_the_page_needs_no_network_and_no_other_file(run) -> None:
    page = build_report([run]).html.read_text(encoding="utf-8")
    assert not re.findall(r"(?:src|href)=\"(?!data:)", page)
    assert "http" not in page
    assert "<script" not in page


def test_runs_side_by_side(run, make_rows, tmp_path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "metrics.csv").write_text(format_rows(make_rows(("EWC",)), header=True))
    report = build_report([run, other])
    assert report.html == tmp_path / "report" / "report.html"
    assert [s.name for s in report.summaries] == ["Naive", "Replay", "JointTraining", "EWC"]
    assert build_report([other], tmp_path / "x").html == tmp_path / "x" / "report.html"


def test_the_page_shows_the_configuration_of_each_of_several_runs(make_rows, tmp_path) -> None:
    folders = [tmp_path / parent / "run" for parent in ("px", "py")]
    for number, folder in enumerate(folders):
        folder.mkdir(parents=True)
        (folder / "metrics.csv").write_text(format_rows(make_rows(("EWC",)), header=True))
        (folder / "config.yaml").write_text(f"EWC: {{ewc_lambda: 77{number}}}\n")
    page = build_report(folders).html.read_text(encoding="utf-8")
    for text in ("px/run", "py/run", "ewc_lambda: 770", "ewc_lambda: 771", "EWC (py/run)"):
        assert text in page


def test_an_interrupted_run_is_marked(run) -> None:
    (run / "summary.json").write_text(json.dumps({"state": "interrupted"}))
    assert "demo was interrupted" in build_report([run]).html.read_text(encoding="utf-8")


def test_a_run_without_values_is_refused(tmp_path) -> None:
    (tmp_path / "metrics.csv").write_text(format_rows([], header=True))
    with pytest.raises(ValueError, match="no value was measured yet"):
        build_report([tmp_path])


def test_writing_leaves_no_half_file(tmp_path) -> None:
    path = tmp_path / "deep" / "file.txt"
    write_text(path, "one\n")
    write_text(path, "two\n")
    assert path.read_text() == "two\n"
    assert [p.name for p in path.parent.iterdir()] == ["file.txt"]


def test_writing_at_the_same_time_leaves_one_whole_file(tmp_path) -> None:
    path = tmp_path / "page.md"
    texts = [letter * 4000 for letter in "abcd"]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda text: [write_text(path, text) for _ in range(20)], texts))
    assert path.read_text() in texts
    assert [p.name for p in tmp_path.iterdir()] == ["page.md"]


def test_a_failed_write_leaves_the_old_file_alone(tmp_path) -> None:
    path = tmp_path / "page.md"
    write_text(path, "old")
    with pytest.raises(UnicodeEncodeError, match="surrogates"):
        write_text(path, "\udc80")
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["page.md"]


def test_others_may_read_what_is_written_as_the_user_allows(tmp_path) -> None:
    (tmp_path / "plain").write_text("x")
    write_text(tmp_path / "written", "x")
    assert (tmp_path / "written").stat().st_mode == (tmp_path / "plain").stat().st_mode
