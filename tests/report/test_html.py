import pytest

from avalanche.report.html import Page, number, render
from avalanche.report.rows import Row
from avalanche.report.summary import MeanSd, summarize


@pytest.mark.parametrize(
    ("values", "text"),
    [((1234.5,), "1,234.5"), ((1.0, 3.0), "2.0 ± 1.4"), ((float("nan"),), "-")],
)
def test_number(values: tuple[float, ...], text: str) -> None:
    assert number(MeanSd(values)) == text


def test_names_are_escaped_and_only_learners_are_best(make_rows) -> None:
    summaries = summarize(make_rows(("<b>", "Replay", "JointTraining")))
    text = render(Page("A & B", ["one"], summaries, [], [], {}, {}, ["note <i>"]))
    assert "A &amp; B" in text
    assert "&lt;b&gt;" in text
    assert "note &lt;i&gt;" in text
    assert text.count('class="best"') == 1  # not the upper bound, though it is better
    assert text.count('class="bound"') == 2


def test_gpu_memory_is_shown_only_where_it_was_measured(make_rows) -> None:
    rows = make_rows(("Naive",))
    assert "GPU" not in render(Page("A", [], summarize(rows), [], [], {}, {}))
    rows.append(Row("Naive", 0, 10, 1, "cost", "", None, None, "PeakGpuMemoryMiB", 12.0))
    assert "GPU" in render(Page("A", [], summarize(rows), [], [], {}, {}))
