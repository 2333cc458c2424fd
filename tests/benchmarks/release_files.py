"""Small files in the layouts of real data sets, written by the tests that read them."""

import json
import pickle
from pathlib import Path

import numpy as np
import torch
from PIL import Image

CORE50_BATCHES = {
    "ni": ("batches_filelists/NI_inc", 8),
    "nc": ("batches_filelists/NC_inc", 9),
    "nic": ("batches_filelists/NIC_inc", 79),
    "nicv2_79": ("NIC_v2_79", 79),
    "nicv2_196": ("NIC_v2_196", 196),
    "nicv2_391": ("NIC_v2_391", 391),
}


def write_image(path, value=0, size=(8, 8)):
    """An image whose red channel is ``value``, its green the column and its blue the row."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.zeros((size[1], size[0], 3), np.uint8)
    pixels[..., 0] = value
    pixels[..., 1] = np.arange(size[0])
    pixels[..., 2] = np.arange(size[1])[:, None]
    Image.fromarray(pixels).save(path, format="PNG")


def write_json(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))


def write_core50(root, mini=False):
    """18 images: objects 1, 6 and 50 in the sessions 1 to 3; batches of two, six for test.

    In the scenario ``nc`` labels are numbered backwards, as if other objects had come first.
    """
    root = Path(root)
    names = [
        f"s{s}/o{o}/C_{s:02d}_{o:02d}_{i:03d}.png" for s in (1, 2, 3) for o in (1, 6, 50)
        for i in range(2)
    ]  # fmt: skip
    for number, name in enumerate(names):
        write_image(root / ("core50_32x32" if mini else "core50_128x128") / name, number)
    objects = [int(name.split("/")[1][1:]) - 1 for name in names]
    positions, labels = {}, {}
    for scenario, (folder, n_batches) in CORE50_BATCHES.items():
        batches = [[b % 12, (b + 5) % 12] for b in range(n_batches)] + [list(range(12, 18))]
        kept = [[49 - objects[p] if scenario == "nc" else objects[p] for p in b] for b in batches]
        positions[scenario] = {run: batches for run in range(10)}
        labels[scenario] = {run: kept for run in range(10)}
        run = root / folder / "run1"
        run.mkdir(parents=True)
        for number, (rows, values) in enumerate(zip(batches, kept, strict=True)):
            last = number == n_batches
            file = run / ("test_filelist.txt" if last else f"train_batch_{number:02d}_filelist.txt")
            lines = [f"{names[p]} {label}\n" for p, label in zip(rows, values, strict=True)]
            file.write_text("".join(lines))
    for file, content in [("paths.pkl", names), ("LUP.pkl", positions), ("labels.pkl", labels)]:
        (root / file).write_bytes(pickle.dumps(content))
    return root


def write_openloris(root):
    """Per factor nine (or twelve) batches of one image and a test set of one."""
    root = Path(root)
    names = [f"train/a{i}.jpg" for i in range(12)] + ["test/t.jpg"]
    for number, name in enumerate(names):
        write_image(root / name, number)
    batches = [[b] for b in range(9)] + [[12]]
    (root / "Paths.pkl").write_bytes(pickle.dumps(names))
    (root / "LUP.pkl").write_bytes(pickle.dumps({"domain": [batches] * 4}))
    labels = [[[10 * factor + b] for b in range(9)] + [[99]] for factor in range(4)]
    (root / "Labels.pkl").write_bytes(pickle.dumps({"domain": labels}))
    for folder, count in {"clutter": 9, "illumination": 9, "occlusion": 9, "iros": 12}.items():
        lists = root / "batches_filelists" / "domain" / folder
        lists.mkdir(parents=True)
        for b in range(count):
            (lists / f"train_batch_{b:02d}.txt").write_text(f"train/a{b}.jpg {b}\n")
        (lists / "test.txt").write_text("test/t.jpg 3\n")
    return root


def write_stream51(root):
    """24 frames of 4 classes in clips of two; test images of classes 0 and 1, and of a novel one.

    Entries are ``[class, clip, video, frame, size, box, path]``.
    """
    root = Path(root)

    def entries(count, half):
        return [
            [k // 6, (k // 2) % 3, k // 2, k % 2, [40, 30], [32, 8, 28, 6],
             f"{half}/c{k // 6}/{k}.jpg"]
            for k in range(count)
        ]  # fmt: skip

    train = entries(24, "train")
    test = [*entries(12, "test"), [5, 9, 9, 0, [40, 30], [32, 8, 28, 6], "test/novel/x.jpg"]]
    for number, entry in enumerate(train + test):
        write_image(root / entry[-1], number, (40, 30))
    write_json(root / "Stream-51_meta_train.json", train)
    write_json(root / "Stream-51_meta_test.json", test)
    return root


def write_inaturalist(root):
    """Three super-categories with 2, 1 and 1 species of two images; one in validation."""
    root = Path(root)
    species = {0: "Fungi", 4: "Aves", 7: "Fungi", 9: "Bacteria"}
    categories = [{"id": c, "name": str(c), "supercategory": s} for c, s in species.items()]
    for half, count in (("train", 2), ("val", 1)):
        images, annotations = [], []
        for category, name in species.items():
            for copy in range(count):
                number = len(images) + 100
                file = f"train_val2018/{name}/{category}/{half}{copy}.jpg"
                write_image(root / file, category)
                images.append({"id": number, "file_name": file})
                annotations.append({"id": number, "image_id": number, "category_id": category})
        content = {"images": images, "annotations": annotations, "categories": categories}
        write_json(root / f"{half}2018.json", content)
    return root


def write_concon(root, variant="disjoint", folder=None):
    """Per task three training and one test image of either class; red says which task."""
    root = Path(root)
    for half, count in (("train", 3), ("test", 1)):
        for task in range(1 if variant == "unconfounded" else 3):
            for label in (0, 1):
                for k in range(count):
                    base = root / (folder or variant) / half / "images"
                    write_image(base / f"t{task}" / str(label) / f"{k}.png", task)
    return root


def write_clear(root):
    """Three buckets of two classes: two training images of each, one test image; features.

    The red value of an image is its bucket; features are ``[label, 0, 0]``.
    """
    root = Path(root)
    for half, count in (("train", 2), ("test", 1)):
        folder = root / half
        index, features = {}, {}
        for bucket in ("10", "1", "2"):
            for label, name in enumerate(("BACKGROUND", "bus")):
                paths = [f"labeled_images/{bucket}/{name}/{k}.png" for k in range(count)]
                for path in paths:
                    write_image(folder / path, int(bucket))
                entries = {str(k): {"IMG_PATH": path} for k, path in enumerate(paths)}
                index.setdefault(bucket, {})[name] = f"labeled_metadata/{bucket}/{name}.json"
                write_json(folder / index[bucket][name], entries)
                file = f"features/imagenet/{bucket}/{name}.pth"
                features.setdefault(bucket, {})[name] = file
                (folder / file).parent.mkdir(parents=True, exist_ok=True)
                torch.save(
                    {str(k): torch.tensor([label, 0, 0]) for k in range(count)}, folder / file
                )
        write_json(folder / "labeled_metadata.json", index)
        write_json(folder / "features" / "imagenet" / "features.json", features)
        (folder / "class_names.txt").write_text("BACKGROUND\nbus\n")
    return root


def write_clear_public(root):
    """Two buckets of two classes and three images of each, and the split 3; ``moco_b0`` features.

    Features are ``[bucket, number of the image, 0]``.
    """
    root = Path(root)
    folder = root / "training_folder"
    write_json(folder / "bucket_indices.json", ["1", "2"])
    (root / "class_names.txt").write_text("BACKGROUND\nbus\n")
    for bucket in ("1", "2"):
        entries = [
            (f"labeled_images/{bucket}/{name}/{3 * label + k}.png", label)
            for label, name in enumerate(("BACKGROUND", "bus"))
            for k in range(3)
        ]
        for path, label in entries:
            write_image(root / path, label)
        split = folder / "testset_ratio_0.3" / "split_3" / bucket
        lists = folder / "filelists" / bucket
        for place in (split, lists, folder / "features" / "moco_b0" / bucket):
            place.mkdir(parents=True)
        lines = [f"{path} {label}\n" for path, label in entries]
        (lists / "all.txt").write_text("".join(lines))
        (split / "train.txt").write_text("".join([lines[4], *lines[:2], lines[5]]))
        (split / "test.txt").write_text("".join([lines[3], lines[2]]))
        features = [torch.tensor([float(bucket), float(k), 0.0]) for k in range(6)]
        torch.save(features, folder / "features" / "moco_b0" / bucket / "all.pth")
    return root


def write_endless(root, archive="IncrementalClasses_Classification"):
    """Three sequences of two images of one or two classes, the last one with another size."""
    root = Path(root)
    for half in ("Train", "Test"):
        for sequence, classes in enumerate((["Car"], ["Tree"], ["Car", "Tree"])):
            for name in classes:
                for k in range(2):
                    path = root / archive / half / f"Seq{sequence}" / name / f"{k}.png"
                    write_image(path, sequence, (32, 32) if sequence == 2 else (64, 64))
    return root


def write_endless_video(root, archive="IncrementalWeather_Video"):
    """Five frames in two sequences; objects 1 (car) and 2 (tree) fill the left and the right."""
    root = Path(root)
    for half in ("Train", "Test"):
        folder = root / archive / half
        for k in range(5):
            write_image(folder / "Color" / "0" / f"{k:04d}.png", k, (48, 27))
            ids = np.ones((27, 48), np.uint8)
            ids[:, 24:] = 2
            (folder / "Seg" / "0").mkdir(parents=True, exist_ok=True)
            Image.fromarray(ids).save(folder / "Seg" / "0" / f"{k:04d}.png")
        starts = [{"Sequence": {"ImageCounter": start}} for start in (0, 2)]
        write_json(folder / "Sequence.json", starts)
        mapping = [{"ObjectClassMapping": {"1": "Car", "2": "Tree"}}] * 2
        write_json(folder / "Segmentation.json", mapping)
    return root
