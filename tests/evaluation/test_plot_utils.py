"""Plots: what is drawn, not how it looks."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from avalanche.evaluation.plot_utils import learning_curves_plot, plot_metric_matrix


def test_a_line_per_experience(tmp_path):
    name = "Top1_Acc_Exp/eval_phase/test_stream/Task000/Exp00"
    figure = learning_curves_plot(
        {f"{name}0": ([1, 2], [0.9, 0.5]), f"{name}1": ([2], [0.8]), "Loss_Stream": ([1], [3.0])}
    )
    lines = figure.axes[0].get_lines()
    assert [line.get_label() for line in lines] == ["Exp000", "Exp001"]
    assert list(lines[0].get_ydata()) == [0.9, 0.5]
    figure.savefig(tmp_path / "curves.png")


def test_streams_are_told_apart():
    figure = learning_curves_plot(
        {
            f"Top1_Acc_Exp/eval_phase/{name}_stream/Exp000": ([1], [0.9])
            for name in ("test", "valid")
        }
    )
    labels = [line.get_label() for line in figure.axes[0].get_lines()]
    assert labels == ["test_stream Exp000", "valid_stream Exp000"]


def test_no_accuracy_per_experience():
    with pytest.raises(ValueError, match="no value named Top1_Acc_Exp"):
        learning_curves_plot({"Loss_Stream": ([1], [3.0])})


def test_matrix_has_time_to_the_right(tmp_path):
    matrix = np.array([[0.9, np.nan], [0.5, 0.8], [0.4, 0.7]])  # three times, two experiences
    figure = plot_metric_matrix(matrix, "title")
    axes = figure.axes[0]
    assert axes.get_images()[0].get_array().shape == (2, 3)
    assert [text.get_text() for text in axes.texts] == ["0.90", "0.50", "0.40", "0.80", "0.70"]
    figure.savefig(tmp_path / "matrix.png")


def test_matrix_into_given_axes():
    axes = Figure().add_subplot()
    assert plot_metric_matrix(np.eye(2), "title", ax=axes, text_values=False) is axes.get_figure()
    assert not axes.texts


def test_not_a_matrix():
    with pytest.raises(ValueError, match=r"expected \(times, experiences\)"):
        plot_metric_matrix([1.0, 2.0], "title")
