"""The first look at a benchmark."""

import io

import pytest

from avalanche.benchmarks import SplitCIFAR10, SplitDigits
from avalanche.benchmarks.classic.classic_benchmarks_utils import check_vision_benchmark


@pytest.mark.parametrize("as_stored", [True, False])
def test_experiences_are_written_and_images_drawn(tmp_path, write_cifar, as_stored):
    write_cifar(tmp_path, 10)
    benchmark = SplitCIFAR10(5, shuffle=False, return_task_id=True, dataset_root=tmp_path)
    out = io.StringIO()
    figure = check_vision_benchmark(benchmark, as_stored, out=out, show=False)
    lines = out.getvalue().splitlines()
    assert lines[1] == "train stream, experience 1: 20 samples, classes [2, 3], task labels [1]"
    assert lines[5] == "test stream, experience 0: 4 samples, classes [0, 1], task labels [0]"
    assert lines[-1] == "a batch of the first experience: (20, 3, 32, 32), torch.float32"
    assert len(lines) == 11
    assert len(figure.axes[0].images) == 1


def test_the_text_goes_to_standard_output_by_default(capsys):
    check_vision_benchmark(SplitDigits(5, seed=1), show=False)
    assert "classes [5, 6]" in capsys.readouterr().out
