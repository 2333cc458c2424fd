"""Parquet files as the Hugging Face hub writes them, whole and damaged."""

import builtins
import io
import sys

import numpy as np
import pytest
from PIL import Image

from avalanche.benchmarks.datasets.image_parquet import parquet_class_names, read_image_parquet

RANDOM = np.random.default_rng(0)


def encoded(pixels):
    content = io.BytesIO()
    Image.fromarray(pixels).save(content, "PNG")
    return content.getvalue()


def write(path, images, labels, column="img", metadata=None):
    pa = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    values = [{"bytes": image, "path": None} for image in images]
    kind = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    table = pa.table({column: pa.array(values, kind), "label": pa.array(labels, pa.int64())})
    if metadata is not None:
        table = table.replace_schema_metadata({"huggingface": metadata})
    parquet.write_table(table, path)
    return path


@pytest.mark.parametrize("column", ["img", "image"])
def test_shards_are_read_in_order(tmp_path, column):
    pixels = RANDOM.integers(0, 256, (5, 4, 6, 3), dtype=np.uint8)
    files = [
        write(tmp_path / "0.parquet", [encoded(p) for p in pixels[:3]], [1, 2, 3], column),
        write(tmp_path / "1.parquet", [encoded(p) for p in pixels[3:]], [4, 5], column),
    ]
    images, labels = read_image_parquet(files, "label", (4, 6))
    assert np.array_equal(images.numpy(), pixels.transpose(0, 3, 1, 2))
    assert images.is_contiguous()
    assert labels.tolist() == [1, 2, 3, 4, 5]


def test_grey_images_become_rgb(tmp_path):
    grey = RANDOM.integers(0, 256, (4, 4), dtype=np.uint8)
    file = write(tmp_path / "0.parquet", [encoded(grey)], [0])
    assert np.array_equal(read_image_parquet([file], "label", (4, 4))[0][0].numpy(), [grey] * 3)


def test_class_names_are_read_where_they_are_noted(tmp_path):
    noted = '{"info": {"features": {"label": {"names": ["cat", "dog"]}}}}'
    file = write(tmp_path / "0.parquet", [], [], metadata=noted)
    assert parquet_class_names(file, "label") == ["cat", "dog"]
    assert parquet_class_names(file, "other") is None
    assert parquet_class_names(write(tmp_path / "1.parquet", [], []), "label") is None


def test_mistakes_are_named(tmp_path):
    image = encoded(np.zeros((4, 4, 3), np.uint8))
    file = write(tmp_path / "0.parquet", [image, b"no image"], [0, 1])
    with pytest.raises(ValueError, match=r"0.parquet: row 1 is no image"):
        read_image_parquet([file], "label", (4, 4))
    with pytest.raises(ValueError, match=r"row 0 has \(4, 4\) pixels, expected \(8, 8\)"):
        read_image_parquet([file], "label", (8, 8))
    with pytest.raises(ValueError, match=r"no column 'fine_label', found \['img', 'label'\]"):
        read_image_parquet([write(tmp_path / "1.parquet", [image], [0])], "fine_label", (4, 4))
    with pytest.raises(ValueError, match="no column 'img' or 'image'"):
        read_image_parquet([write(tmp_path / "2.parquet", [image], [0], "x")], "label", (4, 4))
    with pytest.raises(ValueError, match="row 0 of column 'img' has no bytes"):
        read_image_parquet([write(tmp_path / "3.parquet", [None], [0])], "label", (4, 4))
    (tmp_path / "4.parquet").write_bytes(b"PAR1 and more")
    with pytest.raises(ValueError, match=r"4.parquet: no Parquet file"):
        read_image_parquet([tmp_path / "4.parquet"], "label", (4, 4))


def test_without_pyarrow_the_extra_is_named(tmp_path, monkeypatch):
    real = builtins.__import__

    def refuse(name, *args):
        if name.startswith("pyarrow"):
            raise ImportError(name)
        return real(name, *args)

    for name in [m for m in sys.modules if m.split(".")[0] == "pyarrow"]:
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(ImportError, match=r"x.parquet: .*pip install 'avalanche-lib\[hf\]'"):
        read_image_parquet([tmp_path / "x.parquet"], "label", (4, 4))
