"""Torchvision's folders of images, with the names that the library uses."""

from __future__ import annotations

from typing import Any


def ImageFolder(*args: Any, **kwargs: Any) -> Any:
    """Images in one folder per class: torchvision's ``ImageFolder``, with the same arguments.

    Raises:
        FileNotFoundError: if the folder does not exist, or a class has no image.
    """
    from torchvision.datasets import ImageFolder as Folder

    return Folder(*args, **kwargs)


def DatasetFolder(*args: Any, **kwargs: Any) -> Any:
    """Files in one folder per class: torchvision's ``DatasetFolder``, with the same arguments.

    Raises:
        FileNotFoundError: if the folder does not exist, or a class has no file.
    """
    from torchvision.datasets import DatasetFolder as Folder

    return Folder(*args, **kwargs)
