"""Data sets, read from their original files.

Each is loaded when it is first asked for: ``_HOMES`` says which module has it.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .torchvision_wrapper import TORCHVISION_DATASETS

if TYPE_CHECKING:
    from .archives import extract_archive as extract_archive
    from .cifar import cifar10_source as cifar10_source
    from .cifar import cifar100_source as cifar100_source
    from .clear import CLEARDataset as CLEARDataset
    from .concon import ConConDataset as ConConDataset
    from .core50 import CORe50Dataset as CORe50Dataset
    from .cub200 import CUB200 as CUB200
    from .dataset_utils import default_dataset_location as default_dataset_location
    from .dataset_utils import set_dataset_root as set_dataset_root
    from .digits import digits_tensors as digits_tensors
    from .download import download_file as download_file
    from .downloadable_dataset import DownloadableDataset as DownloadableDataset
    from .downloadable_dataset import SimpleDownloadableDataset as SimpleDownloadableDataset
    from .endless_cl_sim import EndlessCLSimDataset as EndlessCLSimDataset
    from .fashion_mnist import fashion_mnist_tensors as fashion_mnist_tensors
    from .idx import read_idx as read_idx
    from .imagenet import AvalancheImageNet as AvalancheImageNet
    from .inaturalist import INATURALIST2018 as INATURALIST2018
    from .mini_imagenet import MiniImageNetDataset as MiniImageNetDataset
    from .mnist import mnist_dataset as mnist_dataset
    from .mnist import mnist_tensors as mnist_tensors
    from .omniglot import Omniglot as Omniglot
    from .omniglot import omniglot_images as omniglot_images
    from .openloris import OpenLORIS as OpenLORIS
    from .penn_fudan import PennFudanDataset as PennFudanDataset
    from .stream51 import Stream51 as Stream51
    from .tiny_imagenet import TinyImagenet as TinyImagenet

_HOMES = {
    "AvalancheImageNet": "imagenet",
    "cifar100_source": "cifar",
    "cifar10_source": "cifar",
    "CLEARDataset": "clear",
    "ConConDataset": "concon",
    "CORe50Dataset": "core50",
    "CUB200": "cub200",
    "default_dataset_location": "dataset_utils",
    "digits_tensors": "digits",
    "download_file": "download",
    "DownloadableDataset": "downloadable_dataset",
    "EndlessCLSimDataset": "endless_cl_sim",
    "extract_archive": "archives",
    "fashion_mnist_tensors": "fashion_mnist",
    "INATURALIST2018": "inaturalist",
    "MiniImageNetDataset": "mini_imagenet",
    "mnist_dataset": "mnist",
    "mnist_tensors": "mnist",
    "Omniglot": "omniglot",
    "omniglot_images": "omniglot",
    "OpenLORIS": "openloris",
    "PennFudanDataset": "penn_fudan",
    "read_idx": "idx",
    "set_dataset_root": "dataset_utils",
    "SimpleDownloadableDataset": "downloadable_dataset",
    "Stream51": "stream51",
    "TinyImagenet": "tiny_imagenet",
}
_HOMES |= dict.fromkeys(TORCHVISION_DATASETS, "torchvision_wrapper")

__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    """Load a data set when it is first asked for: importing torchvision takes a second."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_HOMES[name]}", __name__), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
