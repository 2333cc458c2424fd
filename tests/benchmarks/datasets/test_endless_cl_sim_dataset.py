import json

import pytest
import torch
from release_files import write_endless, write_endless_video, write_image, write_json

from avalanche.benchmarks.datasets import EndlessCLSimDataset


def test_patches(tmp_path):
    write_endless(tmp_path)
    data = EndlessCLSimDataset(tmp_path, scenario="Classes", download=False)
    assert data.class_names == {"Car": 0, "Tree": 1}
    assert [(a.targets, b.targets) for a, b in data] == [([0, 0],) * 2, ([1, 1],) * 2, ([0, 0, 1, 1],) * 2]  # fmt: skip  # noqa: E501
    image, label = data[2][0][3]
    assert (image.size, image.getpixel((0, 0))[0], label) == ((64, 64), 2, 1)


def test_a_label_map(tmp_path):
    write_endless(tmp_path)
    (tmp_path / "map.json").write_text(json.dumps({"Car": 5, "Tree": 4}))
    options = {"scenario": "Classes", "download": False, "labelmap_path": tmp_path / "map.json"}
    assert EndlessCLSimDataset(tmp_path, **options)[2][1].targets == [5, 5, 4, 4]
    (tmp_path / "map.json").write_text(json.dumps({"Car": 5}))
    with pytest.raises(ValueError, match="class 'Tree' is not one of"):
        EndlessCLSimDataset(tmp_path, **options)


def test_videos_have_a_label_per_pixel(tmp_path):
    write_endless_video(tmp_path)
    data = EndlessCLSimDataset(
        tmp_path, scenario="Weather", semseg=True, download=False, patch_size=(24, 12)
    )
    assert [len(train) for train, _ in data] == [2, 3]
    image, labels = data[1][0][0]
    assert (image.size, image.getpixel((0, 0))[0]) == ((24, 12), 2)
    assert labels.dtype == torch.int64
    assert torch.equal(labels, torch.tensor([5] * 12 + [4] * 12).expand(12, 24))


def test_object_ids_in_colours(tmp_path):
    write_endless_video(tmp_path)
    for half in ("Train", "Test"):
        folder = tmp_path / "IncrementalWeather_Video" / half
        write_image(folder / "Seg" / "0" / "0000.png", 1, (2, 1))  # ids 1 and 1 + 256
        mapping = {"1": "Car", "2": "Tree", "257": "Street"}
        write_json(folder / "Segmentation.json", [{"ObjectClassMapping": mapping}])
    data = EndlessCLSimDataset(
        tmp_path, scenario="Weather", semseg=True, download=False, patch_size=(2, 1)
    )
    assert data[0][0][0][1].tolist() == [[5, 1]]


def test_errors(tmp_path):
    with pytest.raises(ValueError, match="scenario='Rain': expected one of Classes"):
        EndlessCLSimDataset(tmp_path, scenario="Rain")
    with pytest.raises(ValueError, match=r"patch_size=\(3, 4\): expected an int"):
        EndlessCLSimDataset(tmp_path, scenario="Weather", patch_size=(3, 4))
    with pytest.raises(FileNotFoundError, match=r"Train: no such folder.*Classification\.zip"):
        EndlessCLSimDataset(tmp_path, scenario="Illumination", download=False)
    write_endless(tmp_path)
    for image in (tmp_path / "IncrementalClasses_Classification/Test/Seq1/Tree").iterdir():
        image.unlink()
    with pytest.raises(ValueError, match="Seq1: has no images"):
        EndlessCLSimDataset(tmp_path, scenario="Classes", download=False)


def test_damaged_videos(tmp_path):
    write_endless_video(tmp_path)
    folder = tmp_path / "IncrementalWeather_Video" / "Train"
    options = {"scenario": "Weather", "semseg": True, "download": False}
    write_json(folder / "Segmentation.json", [{"ObjectClassMapping": {"1": "Cow"}}])
    with pytest.raises(ValueError, match="object '1' of class 'Cow': expected a number and one of"):
        EndlessCLSimDataset(tmp_path, **options)
    write_json(folder / "Sequence.json", [{"Sequence": {"ImageCounter": 5}}])
    with pytest.raises(ValueError, match=r"start at the frames \[5\], expected ascending numbers"):
        EndlessCLSimDataset(tmp_path, **options)
    write_json(folder / "Sequence.json", [{"Sequence": {}}])
    with pytest.raises(ValueError, match="not found: 'ImageCounter'"):
        EndlessCLSimDataset(tmp_path, **options)
    (folder / "Seg" / "0" / "0000.png").unlink()
    with pytest.raises(ValueError, match="5 images in Color, 4 in Seg"):
        EndlessCLSimDataset(tmp_path, **options)
