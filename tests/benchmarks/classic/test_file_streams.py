import torch
from release_files import write_image
from torch.utils.data import TensorDataset

from avalanche.benchmarks.classic.file_streams import dataset_per_list, views_of


def test_views_of_one_source(tmp_path):
    for value in range(3):
        write_image(tmp_path / f"{value}.png", value)
    lists = [[("2.png", 7), ("0.png", 1)], [("1.png", 7)]]
    first, second = dataset_per_list(tmp_path, lists, [4, 5])
    assert [x.getpixel((0, 0))[0] for x, _, _ in (first[0], first[1], second[0])] == [2, 0, 1]
    assert (list(first.targets), list(second.targets)) == ([7, 1], [7])
    assert (first[1][1:], second[0][1:]) == ([1, 4], [7, 5])
    assert first.parts[0] is second.parts[0]


def test_cuts():
    data = TensorDataset(torch.arange(5.0), torch.arange(5))
    cuts = views_of(data, [2, 0, 3])
    assert [list(c.targets) for c in cuts] == [[0, 1], [], [2, 3, 4]]
    assert [list(c.targets_task_labels) for c in cuts] == [[0, 0], [], [0, 0, 0]]
