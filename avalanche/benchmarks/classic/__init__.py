"""Benchmarks from the literature, ready to use.

Each is loaded when it is first asked for: ``_HOMES`` says which module has it.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .ccifar10 import SplitCIFAR10 as SplitCIFAR10
    from .ccifar100 import SplitCIFAR100 as SplitCIFAR100
    from .ccifar100 import SplitCIFAR110 as SplitCIFAR110
    from .ccub200 import SplitCUB200 as SplitCUB200
    from .cfashion_mnist import SplitFMNIST as SplitFMNIST
    from .cimagenet import SplitImageNet as SplitImageNet
    from .clear import CLEAR as CLEAR
    from .clear import CLEARMetric as CLEARMetric
    from .cmnist import PermutedMNIST as PermutedMNIST
    from .cmnist import RotatedMNIST as RotatedMNIST
    from .cmnist import SplitMNIST as SplitMNIST
    from .comniglot import PermutedOmniglot as PermutedOmniglot
    from .comniglot import RotatedOmniglot as RotatedOmniglot
    from .comniglot import SplitAlphabetOmniglot as SplitAlphabetOmniglot
    from .comniglot import SplitOmniglot as SplitOmniglot
    from .concon import ConConDisjoint as ConConDisjoint
    from .concon import ConConStrict as ConConStrict
    from .concon import ConConUnconfounded as ConConUnconfounded
    from .core50 import CORe50 as CORe50
    from .ctiny_imagenet import SplitTinyImageNet as SplitTinyImageNet
    from .endless_cl_sim import EndlessCLSim as EndlessCLSim
    from .ex_model import ExMLCIFAR10 as ExMLCIFAR10
    from .ex_model import ExMLCoRE50 as ExMLCoRE50
    from .ex_model import ExMLMNIST as ExMLMNIST
    from .ex_model import check_experts_accuracy as check_experts_accuracy
    from .inaturalist import SplitInaturalist as SplitInaturalist
    from .openloris import OpenLORIS as OpenLORIS
    from .split_digits import SplitDigits as SplitDigits
    from .stream51 import CLStream51 as CLStream51

_HOMES = {
    "check_experts_accuracy": "ex_model",
    "CLEAR": "clear",
    "CLEARMetric": "clear",
    "CLStream51": "stream51",
    "ConConDisjoint": "concon",
    "ConConStrict": "concon",
    "ConConUnconfounded": "concon",
    "CORe50": "core50",
    "EndlessCLSim": "endless_cl_sim",
    "ExMLCIFAR10": "ex_model",
    "ExMLCoRE50": "ex_model",
    "ExMLMNIST": "ex_model",
    "OpenLORIS": "openloris",
    "PermutedMNIST": "cmnist",
    "PermutedOmniglot": "comniglot",
    "RotatedMNIST": "cmnist",
    "RotatedOmniglot": "comniglot",
    "SplitAlphabetOmniglot": "comniglot",
    "SplitCIFAR10": "ccifar10",
    "SplitCIFAR100": "ccifar100",
    "SplitCIFAR110": "ccifar100",
    "SplitCUB200": "ccub200",
    "SplitDigits": "split_digits",
    "SplitFMNIST": "cfashion_mnist",
    "SplitImageNet": "cimagenet",
    "SplitInaturalist": "inaturalist",
    "SplitMNIST": "cmnist",
    "SplitOmniglot": "comniglot",
    "SplitTinyImageNet": "ctiny_imagenet",
}

__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    """Load a benchmark when it is first asked for: importing torchvision takes a second."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_HOMES[name]}", __name__), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
