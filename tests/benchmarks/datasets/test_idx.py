"""Files in the real IDX format, written here byte by byte, whole and damaged."""

import gzip
import struct

import numpy as np
import pytest

from avalanche.benchmarks.datasets import mnist_tensors, read_idx

NAMES = {
    "train": ("train-images-idx3-ubyte", "train-labels-idx1-ubyte"),
    "test": ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"),
}


def idx_bytes(array):
    header = struct.pack(">BBBB", 0, 0, 8, array.ndim) + struct.pack(
        f">{array.ndim}I", *array.shape
    )
    return header + array.astype(np.uint8).tobytes()


def write_mnist(folder, n=7, compressed=False, labels_short=0):
    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.RandomState(0)
    written = {}
    for stream, (images_name, labels_name) in NAMES.items():
        images = random.randint(0, 256, (n, 28, 28))
        labels = np.arange(n - labels_short) % 10
        written[stream] = images, labels
        for name, array in ((images_name, images), (labels_name, labels)):
            if compressed:
                (folder / f"{name}.gz").write_bytes(gzip.compress(idx_bytes(array)))
            else:
                (folder / name).write_bytes(idx_bytes(array))
    return written


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("below", ["", "raw", "MNIST/raw"])
def test_images_and_labels_are_read_from_every_layout(tmp_path, compressed, below):
    written = write_mnist(tmp_path / below, compressed=compressed)
    for stream, (images, labels) in written.items():
        x, y = mnist_tensors(stream == "train", tmp_path)
        assert (x.shape, str(x.dtype), str(y.dtype)) == (
            (7, 1, 28, 28),
            "torch.uint8",
            "torch.int64",
        )
        assert np.array_equal(x.squeeze(1).numpy(), images)
        assert np.array_equal(y.numpy(), labels)


def test_missing_files_are_named_with_the_folders_and_the_remedy(tmp_path):
    write_mnist(tmp_path / "MNIST" / "raw")
    (tmp_path / "MNIST" / "raw" / "t10k-labels-idx1-ubyte").unlink()
    with pytest.raises(FileNotFoundError) as caught:
        mnist_tensors(True, tmp_path)
    message = str(caught.value)
    assert "\n" not in message
    for piece in ("t10k-labels-idx1-ubyte", str(tmp_path / "MNIST" / "raw"), "dataset_root"):
        assert piece in message
    assert "train-images" not in message


def test_images_and_labels_must_be_as_many(tmp_path):
    write_mnist(tmp_path, labels_short=1)
    with pytest.raises(ValueError, match=r"7 images.*6 labels"):
        mnist_tensors(True, tmp_path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "starts with nothing"),
        (b"\x89PNG....", "no IDX file of unsigned bytes"),
        (b"\x00\x00\x0d\x01" + struct.pack(">I", 1) + b"\x00" * 4, "no IDX file of unsigned bytes"),
        (b"\x00\x00\x08\x03" + struct.pack(">I", 1), "header is cut off"),
        (b"\x00\x00\x08\x01" + struct.pack(">I", 9) + b"\x00" * 4, "4 bytes of data.* 9 for shape"),
        (b"\x00\x00\x08\x01" + struct.pack(">I", 2) + b"\x00" * 4, "4 bytes of data.* 2 for shape"),
    ],
)
def test_damaged_files_are_refused(tmp_path, content, message):
    path = tmp_path / "broken"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=message):
        read_idx(path)


def test_a_file_without_samples_is_read(tmp_path):
    path = tmp_path / "none"
    path.write_bytes(idx_bytes(np.zeros((0, 28, 28))))
    assert read_idx(path).shape == (0, 28, 28)


def test_a_damaged_gzip_file_is_refused(tmp_path):
    path = tmp_path / "broken.gz"
    path.write_bytes(gzip.compress(idx_bytes(np.zeros((3, 2))))[:-9])
    with pytest.raises(ValueError, match="damaged gzip file"):
        read_idx(path)


def test_exchanged_files_are_noticed(tmp_path):
    path = tmp_path / "labels"
    path.write_bytes(idx_bytes(np.zeros(3)))
    with pytest.raises(ValueError, match="1 dimensions, expected 3"):
        read_idx(path, 3)
