import pytest
from release_files import write_inaturalist, write_json

from avalanche.benchmarks.datasets import INATURALIST2018


def test_species_of_super_categories(tmp_path):
    write_inaturalist(tmp_path)
    data = INATURALIST2018(tmp_path, supcats=["Fungi", "Aves"], download=False)
    assert data.targets == [0, 0, 4, 4, 7, 7]
    assert data.cats_per_supcat == {"Fungi": [0, 7], "Aves": [4]}
    image, label = data[4]
    assert (image.shape, label) == ((3, 8, 8), 7)
    assert round(float(image[0, 0, 0]) * 255) == 7
    test = INATURALIST2018(tmp_path, "val", None, supcats=["Bacteria"], download=False)
    assert test.targets == [9]
    assert test[0][0].getpixel((0, 0))[0] == 9


def test_errors(tmp_path):
    with pytest.raises(ValueError, match="split='test': expected 'train' or 'val'"):
        INATURALIST2018(tmp_path, "test")
    with pytest.raises(FileNotFoundError, match=r"train2018\.json: no such file.*train_val2018"):
        INATURALIST2018(tmp_path, download=False)
    write_inaturalist(tmp_path)
    with pytest.raises(ValueError, match="supcats has 'Insects': expected.*Aves, Bacteria, Fungi"):
        INATURALIST2018(tmp_path, supcats=["Insects"], download=False)
    write_json(tmp_path / "train2018.json", {"images": []})
    with pytest.raises(ValueError, match=r"train2018\.json: expected 'images'.*not found: 'anno"):
        INATURALIST2018(tmp_path, supcats=["Aves"], download=False)
    content = {
        "images": [],
        "annotations": [{"image_id": 1, "category_id": 0}],
        "categories": [{"id": 0, "supercategory": "Aves"}],
    }
    write_json(tmp_path / "train2018.json", content)
    with pytest.raises(ValueError, match="an annotation has image 1 and category 0"):
        INATURALIST2018(tmp_path, supcats=["Aves"], download=False)
    (tmp_path / "train2018.json").write_text("{")
    with pytest.raises(ValueError, match=r"train2018\.json: damaged"):
        INATURALIST2018(tmp_path, supcats=["Aves"], download=False)
