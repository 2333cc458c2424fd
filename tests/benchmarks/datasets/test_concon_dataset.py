import pytest
from release_files import write_concon

from avalanche.benchmarks.datasets import ConConDataset


@pytest.mark.parametrize("folder", ["strict", "case_strict_main", "ConCon/strict"])
def test_images_of_a_task(tmp_path, folder):
    write_concon(tmp_path, "strict", folder)
    train = ConConDataset("strict", 2, tmp_path)
    assert train.targets == [0, 0, 0, 1, 1, 1]
    assert train[3][0].getpixel((0, 0))[0] == 2
    assert ConConDataset("strict", 0, tmp_path, train=False).targets == [0, 1]


def test_unconfounded_may_lie_in_images_directly(tmp_path):
    write_concon(tmp_path, "unconfounded")
    for half in ("train", "test"):
        images = tmp_path / "unconfounded" / half / "images"
        for label in "01":
            (images / "t0" / label).rename(images / label)
    assert len(ConConDataset("unconfounded", 0, tmp_path)) == 6


def test_errors(tmp_path):
    with pytest.raises(ValueError, match="variant='loose': expected one of disjoint"):
        ConConDataset("loose", 0, tmp_path)
    with pytest.raises(ValueError, match=r"scenario=1: expected one of \[0\] for variant='unconf"):
        ConConDataset("unconfounded", 1, tmp_path)
    with pytest.raises(RuntimeError, match=r"by hand: fetch the archives of https://zenodo"):
        ConConDataset("strict", 0, tmp_path)
    write_concon(tmp_path, "strict")
    for image in (tmp_path / "strict/train/images/t1/0").iterdir():
        image.unlink()
    with pytest.raises(ValueError, match="t1/0: has no images"):
        ConConDataset("strict", 1, tmp_path)
