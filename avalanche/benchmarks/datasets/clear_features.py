"""The features that the CLEAR releases come with: tensors computed by fixed networks."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from ..utils.file_datasets import default_flist_reader
from .read_files import read_json

if TYPE_CHECKING:
    from .clear import _CLEARFeature

__all__ = ["read_features"]


def read_features(data: _CLEARFeature) -> list[tuple[Tensor, Tensor]]:
    """Per bucket the features and labels of a half of a release.

    Args:
        data: the data set, its metadata read.

    Returns:
        Per bucket float features ``(samples, size)`` and int64 labels ``(samples,)``.

    Raises:
        FileNotFoundError: if a file is missing.
        ValueError: if a file does not fit to the lists of images.
    """
    if data.presplit:
        halves = ["train", "test"] if data.split == "all" else [data.split]
        read = [_half(data, data.root / half) for half in halves]
        return [
            (torch.cat([f for f, _ in parts]), torch.cat([y for _, y in parts]))
            for parts in zip(*read, strict=True)
        ]
    return [_bucket(data, bucket) for bucket in data.buckets]


def _half(data: _CLEARFeature, folder: Path) -> list[tuple[Tensor, Tensor]]:
    index_file = folder / "features" / data.feature_type / "features.json"
    index = read_json(index_file, dict)
    found = []
    for bucket in data.buckets:
        features, labels = [], []
        for label, name in enumerate(data.class_names):
            if name not in index.get(bucket, {}):
                raise ValueError(
                    f"{index_file}: no entry [{bucket!r}][{name!r}], expected the features of "
                    "every class in every bucket; fetch the release again"
                )
            features.append(_load(folder / index[bucket][name]))
            labels.append(torch.full((len(features[-1]),), label))
        found.append((torch.cat(features), torch.cat(labels)))
    return found


def _bucket(data: _CLEARFeature, bucket: str) -> tuple[Tensor, Tensor]:
    """Features come for all images of a bucket; those of the split are found by their path."""
    folder = data.root / "training_folder"
    path = folder / "features" / data.feature_type / bucket / "all.pth"
    features = _load(path)
    entries = default_flist_reader(folder / "filelists" / bucket / "all.txt")
    if len(entries) != len(features):
        raise ValueError(
            f"{path}: {len(features)} features, the list of bucket {bucket!r} has "
            f"{len(entries)} images; expected as many, fetch the release again"
        )
    position = {name: i for i, (name, _) in enumerate(entries)}
    wanted = data.samples[data.buckets.index(bucket)]
    rows = [position.get(name, -1) for name, _ in wanted]
    if -1 in rows:
        raise ValueError(
            f"{folder}: the split names {wanted[rows.index(-1)][0]!r}, which all.txt of bucket "
            f"{bucket!r} does not have; fetch the release again"
        )
    return features[torch.tensor(rows)], torch.tensor([label for _, label in wanted])


def _load(path: Path) -> Tensor:
    """Features as one tensor, whether the file holds a tensor, a list or one entry per image."""
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file; fetch the release again")
    try:
        content: Any = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch.load raises nearly anything for a damaged file
        raise ValueError(f"{path}: no file of tensors ({error}); fetch it again") from error
    if isinstance(content, dict):
        content = list(content.values())
    if isinstance(content, (list, tuple)):
        content = torch.stack([torch.as_tensor(row).flatten() for row in content])
    if not isinstance(content, Tensor) or content.ndim < 2:
        raise ValueError(f"{path}: expected features (samples, size); fetch the file again")
    return content.flatten(1).float()
