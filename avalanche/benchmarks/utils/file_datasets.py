"""Images named by lists of files: one sample per path, read when it is asked for."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from torch.utils.data import Dataset

from .classification_dataset import (
    TaskAwareSupervisedClassificationDataset,
    _make_taskaware_classification_dataset,
)
from .transform_groups import TransformGroups

PathLike: TypeAlias = str | os.PathLike[str]
Entry: TypeAlias = Sequence[Any]  # (path, label) or (path, label, (top, left, height, width))
Transform: TypeAlias = Callable[[Any], Any] | None
Datasets: TypeAlias = list[TaskAwareSupervisedClassificationDataset]


def default_image_loader(path: PathLike) -> Any:
    """The image of a file as a PIL image in RGB."""
    from PIL import Image

    with Image.open(path) as image:
        return image.convert("RGB")


def default_flist_reader(flist: PathLike) -> list[tuple[str, int]]:
    """Read a file list: one ``path label`` per line, as Caffe writes them.

    The label is what follows the last blank or tab, so paths may contain blanks. Empty lines are
    skipped.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: for a line that does not end with a whole number, naming file and line.
    """
    path = Path(flist)
    if not path.is_file():
        raise FileNotFoundError(
            f"flist={str(flist)!r}: no such file; expected a text file with one "
            "'path label' per line"
        )
    entries = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if not line.strip():
            continue
        name, *rest = line.strip().rsplit(maxsplit=1)
        label = rest[0] if rest else ""
        if not label.lstrip("-").isdigit():
            raise ValueError(
                f"{path}, line {number}: {line.strip()!r}: expected 'path label' with a whole "
                "number as label; pass flist_reader= to read another format"
            )
        entries.append((name.strip(), int(label)))
    return entries


class PathsDataset(Dataset[Any]):
    """Images given by path, with their labels.

    Args:
        root: folder that the paths are relative to; None if they are complete.
        files: per sample ``(path, label)``, or ``(path, label, box)`` where only the box
            ``(top, left, height, width)``, in pixels, is the sample.
        transform: applied to the image.
        target_transform: applied to the label.
        loader: reads one image from its path.

    Raises:
        ValueError: for an entry of another form.

    Example:
        >>> dataset = PathsDataset("images", [("a.png", 0), ("b.png", 1)])
        >>> len(dataset), dataset.targets
        (2, [0, 1])
    """

    def __init__(
        self,
        root: PathLike | None,
        files: Sequence[Entry],
        transform: Transform = None,
        target_transform: Transform = None,
        loader: Callable[[Any], Any] = default_image_loader,
    ) -> None:
        for position, entry in enumerate(files):
            if isinstance(entry, (str, os.PathLike)) or len(entry) not in (2, 3):
                raise ValueError(
                    f"files[{position}]={entry!r}: expected (path, label) or "
                    "(path, label, (top, left, height, width)); add the label"
                )
        self.root = None if root is None else Path(root)
        self.imgs = [tuple(entry) for entry in files]
        self.targets = [entry[1] for entry in files]
        self.transform = transform
        self.target_transform = target_transform
        self.loader = loader

    def __len__(self) -> int:
        return len(self.imgs)

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        name, target, *box = self.imgs[index]
        path = name if self.root is None else self.root / name
        try:
            image = self.loader(path)
        except FileNotFoundError as error:
            raise FileNotFoundError(
                f"files[{index}]={str(path)!r}: no such file; check root={str(self.root)!r}"
            ) from error
        if box and box[0] is not None:
            top, left, height, width = (int(v) for v in box[0])
            image = image.crop((left, top, left + width, top + height))
        if self.transform is not None:
            image = self.transform(image)
        if self.target_transform is not None:
            target = self.target_transform(target)
        return image, target


class FilelistDataset(PathsDataset):
    """Images named by a file list.

    Args:
        root: folder that the paths in the list are relative to.
        flist: the file list.
        transform: applied to the image.
        target_transform: applied to the label.
        flist_reader: reads the list; returns ``(path, label)`` per sample.
        loader: reads one image from its path.
    """

    def __init__(
        self,
        root: PathLike | None,
        flist: PathLike,
        transform: Transform = None,
        target_transform: Transform = None,
        flist_reader: Callable[[Any], Sequence[Entry]] = default_flist_reader,
        loader: Callable[[Any], Any] = default_image_loader,
    ) -> None:
        self.flist = str(flist)
        super().__init__(root, flist_reader(flist), transform, target_transform, loader)


def common_paths_root(exp_list: Sequence[Entry]) -> tuple[str, list[tuple[Any, ...]]]:
    """The deepest folder that all files are in, and the entries relative to it.

    Args:
        exp_list: ``(path, label, ...)`` per sample.

    Example:
        >>> common_paths_root([("data/a/1.png", 0), ("data/b/2.png", 1)])
        ('data', [('a/1.png', 0), ('b/2.png', 1)])
    """
    if not exp_list:
        return "", []
    paths = [str(entry[0]) for entry in exp_list]
    root = os.path.commonpath([os.path.dirname(path) for path in paths])
    relative = [os.path.relpath(path, root or ".") for path in paths]
    return root, [(path, *entry[1:]) for path, entry in zip(relative, exp_list, strict=True)]


def datasets_from_filelists(
    root: PathLike,
    train_filelists: Sequence[PathLike] | PathLike,
    test_filelists: Sequence[PathLike] | PathLike,
    complete_test_set_only: bool = False,
    train_transform: Transform = None,
    train_target_transform: Transform = None,
    test_transform: Transform = None,
    test_target_transform: Transform = None,
) -> tuple[Datasets, Datasets]:
    """One dataset per file list, for training and for test.

    Args:
        root: folder that the paths in the lists are relative to.
        train_filelists: file lists of the training sets, in the order of the experiences.
        test_filelists: file lists of the test sets.
        complete_test_set_only: whether there is one test set for all experiences.
        train_transform: applied to images in training.
        train_target_transform: applied to labels in training.
        test_transform: applied to images in evaluation; also of the training sets, in ``eval()``.
        test_target_transform: applied to labels in evaluation.

    Returns:
        ``(training sets, test sets)``.

    Raises:
        ValueError: if the numbers of lists do not fit together.
    """
    train = [FilelistDataset(root, flist) for flist in _as_paths(train_filelists)]
    test = [FilelistDataset(root, flist) for flist in _as_paths(test_filelists)]
    _check_counts("filelists", len(train), len(test), complete_test_set_only)
    groups = _groups(train_transform, train_target_transform, test_transform, test_target_transform)
    return _in_group(train, groups, "train"), _in_group(test, groups, "eval")


def datasets_from_paths(
    train_list: Sequence[Sequence[Entry]],
    test_list: Sequence[Any],
    complete_test_set_only: bool = False,
    train_transform: Transform = None,
    train_target_transform: Transform = None,
    test_transform: Transform = None,
    test_target_transform: Transform = None,
) -> tuple[Datasets, Datasets]:
    """One dataset per list of paths, for training and for test.

    Args:
        train_list: per experience, a list of ``(path, label)`` or ``(path, label, box)``.
        test_list: the same for test; with ``complete_test_set_only`` the list of the only set
            will do.
        complete_test_set_only: as for :func:`datasets_from_filelists`, as the rest.
        train_transform: as there.
        train_target_transform: as there.
        test_transform: as there.
        test_target_transform: as there.

    Returns:
        ``(training sets, test sets)``.
    """
    if complete_test_set_only and len(test_list) and isinstance(test_list[0][0], (str, Path)):
        test_list = [test_list]
    train = [PathsDataset(*common_paths_root(entries)) for entries in train_list]
    test = [PathsDataset(*common_paths_root(entries)) for entries in test_list]
    _check_counts("list", len(train), len(test), complete_test_set_only)
    groups = _groups(train_transform, train_target_transform, test_transform, test_target_transform)
    return _in_group(train, groups, "train"), _in_group(test, groups, "eval")


def _as_paths(filelists: Sequence[PathLike] | PathLike) -> list[PathLike]:
    return [filelists] if isinstance(filelists, (str, os.PathLike)) else list(filelists)


def _check_counts(kind: str, n_train: int, n_test: int, complete_test: bool) -> None:
    expected = 1 if complete_test else n_train
    if n_test != expected:
        raise ValueError(
            f"train_{kind} has {n_train} and test_{kind} {n_test} entries, "
            f"complete_test_set_only={complete_test}: expected {expected} for test; pass one test "
            "set per training set, or complete_test_set_only=True and a single one"
        )


def _groups(train: Transform, train_y: Transform, test: Transform, test_y: Transform) -> Any:
    return TransformGroups({"train": (train, train_y), "eval": (test, test_y)})


def _in_group(datasets: Sequence[PathsDataset], groups: Any, group: str) -> Datasets:
    of_label = groups[group][1] if groups[group] is not None else None
    return [
        _make_taskaware_classification_dataset(
            dataset,
            transform_groups=groups,
            initial_transform_group=group,
            targets=None if of_label is None else [of_label(t) for t in dataset.targets],
        )
        for dataset in datasets
    ]
