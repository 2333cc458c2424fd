import re

import matplotlib as mpl
import numpy as np
import pytest
from PIL import Image

from avalanche.report import plots
from avalanche.report.summary import summarize


@pytest.fixture
def summaries(make_rows):
    return summarize(make_rows())


def test_every_picture_is_written_as_png_and_svg(summaries, tmp_path) -> None:
    before = dict(mpl.rcParams)
    written = plots.save(summaries, tmp_path / "plots")
    assert dict(mpl.rcParams) == before
    assert set(written) == set(plots.PLOTS)
    for paths in written.values():
        pixels = np.asarray(Image.open(paths["png"]).convert("L"))
        assert pixels.std() > 5
        assert "<svg" in paths["svg"].read_text(encoding="utf-8")


def test_the_same_numbers_give_the_same_file(summaries, tmp_path) -> None:
    one = plots.save(summaries, tmp_path / "one")["accuracy"]["svg"].read_text()
    two = plots.save(summaries, tmp_path / "two")["accuracy"]["svg"].read_text()
    assert one == two
    assert not re.search(r"<dc:date>", one)


def test_nothing_but_an_upper_bound_draws_no_curves(make_rows, tmp_path) -> None:
    written = plots.save(summarize(make_rows(("JointTraining",))), tmp_path)
    assert set(written) == {"final", "matrices"}


def test_curve_holds_the_mean_accuracy_in_per_cent(summaries) -> None:
    axes = plots.accuracy_over_time(summaries).axes[0]
    line = next(line for line in axes.lines if line.get_label() == "Naive")
    matrices = summaries[0].matrices
    expected = np.mean([[m.values[i, : i + 1].mean() for i in range(3)] for m in matrices], axis=0)
    assert np.allclose(line.get_ydata(), expected * 100)
    assert any("upper bound" in str(line.get_label()) for line in axes.lines)


@pytest.mark.parametrize("strategies", [1, 2, 4, 5, 7])
def test_no_panel_is_empty(make_rows, strategies: int) -> None:
    names = [f"S{place}" for place in range(strategies)]
    figure = plots.per_experience(summarize(make_rows(names, experiences=2)))
    assert len(figure.axes) == strategies
    assert all(axes.lines for axes in figure.axes)


def test_texts_do_not_overlap(make_rows) -> None:
    names = ("Naive", "LwF", "EWC", "Replay", "JointTraining")
    for draw in plots.PLOTS.values():
        figure = draw(summarize(make_rows(names, experiences=5)))
        figure.draw_without_rendering()
        for axes in figure.axes:
            texts = [axes.title, *axes.texts, *_labels(axes.xaxis), *_labels(axes.yaxis)]
            texts = [text for text in texts if text.get_text()]
            boxes = [text.get_window_extent() for text in texts]
            for place, box in enumerate(boxes):
                inner = box.shrunk(0.8, 0.8)
                assert not any(inner.overlaps(other) for other in boxes[place + 1 :]), texts
                assert box.x0 >= -1
                assert box.x1 <= figure.bbox.x1 + 1


def _labels(axis) -> list:
    """Tick labels that are drawn: visible, and within the limits."""
    low, high = sorted(axis.get_view_interval())
    return [
        tick.label1
        for tick in axis.get_major_ticks()
        if tick.label1.get_visible() and low <= tick.get_loc() <= high
    ]
