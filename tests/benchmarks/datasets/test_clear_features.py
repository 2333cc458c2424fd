import pytest
import torch
from release_files import write_clear, write_clear_public

from avalanche.benchmarks.datasets.clear import _CLEARFeature


@pytest.mark.parametrize("form", [list, torch.stack, lambda rows: dict(enumerate(rows))])
def test_every_form_of_file_is_read(tmp_path, form):
    write_clear_public(tmp_path)
    rows = [torch.tensor([k, k + 1, k + 2]) for k in range(6)]
    for bucket in ("1", "2"):
        folder = tmp_path / "training_folder" / "features" / "moco_b0" / bucket
        torch.save(form(rows), folder / "all.pth")
    data = _CLEARFeature(tmp_path, "clear10_neurips2021", feature_type="moco_b0")
    for x, _ in data.bucket_data():
        assert x.dtype == torch.float32
        assert torch.equal(x, torch.stack(rows).float())


def test_missing_features_are_named(tmp_path):
    write_clear(tmp_path)
    options = {"split": "test", "seed": 0, "feature_type": "imagenet", "download": False}
    (tmp_path / "test" / "features" / "imagenet" / "2" / "bus.pth").unlink()
    with pytest.raises(FileNotFoundError, match=r"2/bus\.pth: no such file"):
        _CLEARFeature(tmp_path, **options)
    (tmp_path / "test" / "features" / "imagenet" / "features.json").write_text("{}")
    with pytest.raises(ValueError, match=r"features\.json: no entry \['1'\]\['BACKGROUND'\]"):
        _CLEARFeature(tmp_path, **options)
