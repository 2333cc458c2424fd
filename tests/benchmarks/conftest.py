"""Small data sets in the layouts of the real ones, written where they are needed."""

import gzip
import io
import pickle
import zipfile
from urllib.error import URLError

import numpy as np
import pytest
from PIL import Image


@pytest.fixture
def no_network(monkeypatch):
    """Every request fails, as without a network."""

    def refuse(request, timeout):
        raise URLError("no network")

    monkeypatch.setattr("avalanche.benchmarks.datasets.download.urlopen", refuse)


def _pixels(*shape, seed=0):
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def _save(path, pixels):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)


@pytest.fixture
def write_idx_files():
    """Write the four files of the MNIST family; returns images and labels by split."""

    def write(folder, compressed=False, n_train=40, n_test=20):
        folder.mkdir(parents=True, exist_ok=True)
        written = {}
        for prefix, count in (("train", n_train), ("t10k", n_test)):
            images, labels = _pixels(count, 28, 28), (np.arange(count) % 10).astype(np.uint8)
            written[prefix == "train"] = (images, labels)
            for kind, values in (("images-idx3", images), ("labels-idx1", labels)):
                header = bytes([0, 0, 8, values.ndim])
                header += b"".join(int(n).to_bytes(4, "big") for n in values.shape)
                content = header + values.tobytes()
                name = f"{prefix}-{kind}-ubyte"
                if compressed:
                    (folder / f"{name}.gz").write_bytes(gzip.compress(content))
                else:
                    (folder / name).write_bytes(content)
        return written

    return write


@pytest.fixture
def write_cifar():
    """Write CIFAR-10 or CIFAR-100 as pickled batches; returns pixels and labels by split."""

    def write(root, n_classes, per_class=2):
        folder = root / ("cifar-10-batches-py" if n_classes == 10 else "cifar-100-python")
        folder.mkdir(parents=True, exist_ok=True)
        labels = np.arange(n_classes * per_class) % n_classes
        if n_classes == 10:
            batches = {True: [f"data_batch_{i}" for i in range(1, 6)], False: ["test_batch"]}
            key, meta, names = "labels", "batches.meta", "label_names"
        else:
            batches = {True: ["train"], False: ["test"]}
            key, meta, names = "fine_labels", "meta", "fine_label_names"
        written = {}
        for split, files in batches.items():
            pieces = []
            for number, name in enumerate(files):
                data = _pixels(len(labels), 3072, seed=number + 10 * split)
                pieces.append(data)
                batch = {"data": data, key: labels.tolist(), "batch_label": name}
                (folder / name).write_bytes(pickle.dumps(batch, protocol=2))
            written[split] = (np.concatenate(pieces), np.tile(labels, len(files)))
        classes = {names: [f"class {i}" for i in range(n_classes)]}
        (folder / meta).write_bytes(pickle.dumps(classes, protocol=2))
        return written

    return write


@pytest.fixture
def write_omniglot():
    """Write a zip archive of Omniglot with some characters per alphabet."""

    def write(path, alphabets, drawers=20):
        path.parent.mkdir(parents=True, exist_ok=True)
        number = 0
        with zipfile.ZipFile(path, "w") as archive:
            for alphabet, characters in alphabets.items():
                for character in range(1, characters + 1):
                    number += 1
                    for drawer in range(1, drawers + 1):
                        paper = np.full((105, 105), 255, dtype=np.uint8)
                        paper[number, : drawer + 1] = 0
                        content = io.BytesIO()
                        Image.fromarray(paper).convert("1").save(content, "PNG")
                        name = f"character{character:02d}/{number:04d}_{drawer:02d}.png"
                        archive.writestr(f"{path.stem}/{alphabet}/{name}", content.getvalue())

    return write


@pytest.fixture
def write_cub():
    """Write CUB-200 with four photographs per species, two of them for training."""

    def write(root, species=12):
        folder = root / "CUB_200_2011"
        lines = {
            name: [] for name in ("images", "image_class_labels", "train_test_split", "classes")
        }
        lines["bounding_boxes"] = []
        number = 0
        for label in range(1, species + 1):
            name = f"{label:03d}.Bird_{label}"
            lines["classes"].append(f"{label} {name}")
            for shot in range(4):
                number += 1
                _save(folder / "images" / name / f"{shot}.jpg", _pixels(30, 40, 3, seed=number))
                lines["images"].append(f"{number} {name}/{shot}.jpg")
                lines["image_class_labels"].append(f"{number} {label}")
                lines["train_test_split"].append(f"{number} {int(shot < 2)}")
                lines["bounding_boxes"].append(f"{number} 5.0 6.0 20.0 10.0")
        for name, content in lines.items():
            (folder / f"{name}.txt").write_text("\n".join(content) + "\n")
        return folder

    return write


@pytest.fixture
def write_tiny_imagenet():
    """Write Tiny ImageNet with two training and one validation image per class."""

    def write(root):
        folder = root / "tiny-imagenet-200"
        wnids = [f"n{(37 * i + 3) % 200:08d}" for i in range(200)]
        annotations = []
        for position, wnid in enumerate(wnids):
            for shot in (1, 0):
                pixels = np.full((64, 64, 3), position, dtype=np.uint8)
                _save(folder / "train" / wnid / "images" / f"{wnid}_{shot}.JPEG", pixels)
            _save(folder / "val" / "images" / f"val_{position}.JPEG", pixels)
        for position in reversed(range(200)):
            annotations.append(f"val_{position}.JPEG\t{wnids[position]}\t0\t0\t62\t62")
        (folder / "wnids.txt").write_text("\n".join(wnids) + "\n")
        (folder / "val" / "val_annotations.txt").write_text("\n".join(annotations) + "\n")
        return wnids

    return write


@pytest.fixture
def write_imagenet():
    """Write class folders of ImageNet with three training and one validation image each."""

    def write(root, wnids):
        for label, wnid in enumerate(wnids):
            for number in (10, 2, 33):
                pixels = np.full((30, 40, 3), label + number, dtype=np.uint8)
                _save(root / "train" / wnid / f"{wnid}_{number}.JPEG", pixels)
            name = f"ILSVRC2012_val_{label:08d}.JPEG"
            _save(root / "val" / wnid / name, np.full((30, 40, 3), label, dtype=np.uint8))

    return write
