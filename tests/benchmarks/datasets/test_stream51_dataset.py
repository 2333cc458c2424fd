import json
from itertools import pairwise
from pathlib import Path

import pytest
from release_files import write_stream51

from avalanche.benchmarks.datasets import Stream51


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return write_stream51(tmp_path_factory.mktemp("stream51"))


def test_frames_are_cropped_to_the_object(root):
    data = Stream51(root, download=False)
    assert data.targets == [k // 6 for k in range(24)]
    image, label = data[7]
    # recorded from avalanche-lib 0.6.0: 27x25 pixels, from column 6 and row 4 on
    assert image.size == (27, 25)
    assert (image.getpixel((0, 0)), image.getpixel((26, 24))) == ((7, 6, 4), (7, 32, 28))
    assert label == 1
    data.bbox_crop = False
    assert data[7][0].size == (40, 30)


def test_test_frames_have_novel_classes(root):
    assert Stream51(root, train=False, download=False).targets == [0] * 6 + [1] * 6 + [5]


@pytest.mark.parametrize(
    ("ordering", "expected"),
    [  # recorded from avalanche-lib 0.6.0: Stream51.make_dataset(frames, ordering, seed=10)
        ("instance", [22, 23, 16, 17, 8, 9, 4, 5, 10, 11, 6, 7, 2, 3, 20, 21, 14, 15, 12, 13, 0, 1,
                      18, 19]),
        ("class_instance", [20, 21, 18, 19, 22, 23, 14, 15, 12, 13, 16, 17, 8, 9, 6, 7, 10, 11, 2,
                            3, 0, 1, 4, 5]),
        ("class_iid", [20, 23, 19, 21, 18, 22, 14, 17, 13, 15, 12, 16, 8, 11, 7, 9, 6, 10, 2, 5, 1,
                       3, 0, 4]),
        ("iid", [16, 3, 9, 17, 11, 22, 12, 5, 7, 8, 19, 2, 10, 4, 21, 20, 14, 6, 0, 23, 15, 13, 1,
                 18]),
    ],
)  # fmt: skip
def test_orders_are_those_of_the_original_code(root, ordering, expected):
    frames = Stream51(root, download=False).samples
    made = Stream51.make_dataset(frames, ordering, seed=10)
    assert [int(Path(frame[-1]).stem) for frame in made] == expected


@pytest.mark.parametrize("ordering", ["iid", "class_iid", "instance", "class_instance"])
def test_orders_are_permutations_with_their_structure(root, ordering):
    frames = Stream51(root, download=False).samples
    made = Stream51.make_dataset(frames, ordering, seed=3)
    assert sorted(f[-1] for f in made) == sorted(f[-1] for f in frames)
    assert made == Stream51.make_dataset(frames, ordering, seed=3)
    labels = [f[0] for f in made]
    if ordering.startswith("class"):
        assert sum(a != b for a, b in pairwise(labels)) == 3
    if ordering.endswith("instance"):
        assert [f[3] for f in made] == [0, 1] * 12
        assert all(made[i][2] == made[i + 1][2] for i in range(0, 24, 2))


def test_errors(root, tmp_path):
    with pytest.raises(ValueError, match="ordering='random': expected one of iid"):
        Stream51.make_dataset([], "random")
    with pytest.raises(FileNotFoundError, match=r"Stream-51_meta_train\.json: no such file"):
        Stream51(tmp_path, download=False)
    path = tmp_path / "Stream-51_meta_train.json"
    path.write_text(json.dumps([[0, 0, 0, 0, [1, 2], [1, 2, 3, 4], "a.jpg"], [1, "b.jpg"]]))
    with pytest.raises(ValueError, match=r"train\.json, entry 1: .*b\.jpg.*expected \[class"):
        Stream51(tmp_path, download=False)
    path.write_text("[")
    with pytest.raises(ValueError, match="damaged"):
        Stream51(tmp_path, download=False)
