"""Ex-model continual learning: learn from a stream of trained models, without their data."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torchvision.transforms import (
    CenterCrop,
    Compose,
    Normalize,
    RandomCrop,
    RandomHorizontalFlip,
    RandomRotation,
    Resize,
    ToTensor,
)

from ..datasets.dataset_utils import default_dataset_location
from ..datasets.download import download_file
from ..scenarios import dataset_benchmark
from ..scenarios.exmodel_scenario import ExModelCLScenario
from ..utils.data_loader import SingleDatasetDataLoader
from .expert_models import LeNetExpert, SlimResNetExpert, mobilenet_expert

__all__ = [
    "SEED_BENCHMARK_RUNS",
    "ExMLCIFAR10",
    "ExMLCoRE50",
    "ExMLMNIST",
    "check_experts_accuracy",
]

SEED_BENCHMARK_RUNS = (1234, 2345, 3456, 5678, 6789)  # run i was made with seed i of these
_FOLDER = "EXML_CLVISION22_PRETRAINED_EXPERTS"
_HOST = f"http://131.114.50.174/data/{_FOLDER}"

_mnist_transform = Compose([Resize(32), Normalize((0.1307,), (0.3081,))])
_normalize = Normalize(mean=[0.485, 0.456, 0.406], std=[0.229, 0.224, 0.225])
_core50_train_transform = Compose(
    [
        RandomHorizontalFlip(p=0.5),
        RandomCrop(size=128, padding=1),
        RandomRotation(degrees=15),
        ToTensor(),
        _normalize,
    ]
)
_core50_eval_transform = Compose([CenterCrop(size=128), ToTensor(), _normalize])


class ExMLMNIST(ExModelCLScenario):
    """Experts on MNIST: LeNet-5, one per experience of Split MNIST, or one of all classes.

    The data of the experts is in ``original_benchmark``. Missing experts are downloaded, without a
    checksum, to ``default_dataset_location("EXML_CLVISION22_PRETRAINED_EXPERTS")``.

    Args:
        scenario: ``split`` (5 experts of 2 classes) or ``joint`` (one of all).
        run_id: which of the five runs, 0 to 4.

    Raises:
        ValueError: if ``scenario`` or ``run_id`` is unknown, or an expert's file is damaged.
        RuntimeError: if an expert is missing and can't be downloaded.

    References:
        Carta, Cossu, Lomonaco, Bacciu: Ex-Model: Continual Learning From a Stream of Trained
        Models, CVPR Workshops 2022.
    """

    def __init__(self, scenario: str = "split", run_id: int = 0) -> None:
        from .cmnist import SplitMNIST

        _check(scenario, ("split", "joint"), run_id)
        n_experiences = 5 if scenario == "split" else 1
        benchmark = SplitMNIST(
            n_experiences,
            seed=SEED_BENCHMARK_RUNS[run_id],
            train_transform=_mnist_transform,
            eval_transform=_mnist_transform,
        )
        super().__init__(
            benchmark, _experts(f"{scenario}_mnist", run_id, n_experiences, LeNetExpert)
        )


class ExMLCoRE50(ExModelCLScenario):
    """Experts on CORe50: MobileNetV2, one per experience, or one of all of them.

    See :class:`ExMLMNIST`. For ``joint`` the original benchmark has the batches of ``nc`` in one
    experience.

    Args:
        scenario: ``ni`` (8 experts), ``nc`` (9) or ``joint`` (one of all).
        run_id: which of the five runs, 0 to 4.

    Raises:
        ValueError: if ``scenario`` or ``run_id`` is unknown, or an expert's file is damaged.
        RuntimeError: if an expert is missing and can't be downloaded.
    """

    def __init__(self, scenario: str = "ni", run_id: int = 0) -> None:
        from .core50 import CORe50

        _check(scenario, ("ni", "nc", "joint"), run_id)
        transforms: dict[str, Any] = {
            "train_transform": _core50_train_transform,
            "eval_transform": _core50_eval_transform,
        }
        if scenario == "joint":
            plain = CORe50(scenario="nc", train_transform=None, eval_transform=None)
            benchmark = dataset_benchmark(*_joined(plain), **transforms)
        else:
            benchmark = CORe50(scenario=scenario, run=run_id, **transforms)
        n_experts = len(benchmark.train_stream)
        super().__init__(
            benchmark, _experts(f"{scenario}_core50", run_id, n_experts, mobilenet_expert)
        )


class ExMLCIFAR10(ExModelCLScenario):
    """Experts on CIFAR-10: a slim ResNet-18, one per experience of Split CIFAR-10, or one of all.

    See :class:`ExMLMNIST`.

    Args:
        scenario: ``split`` (5 experts of 2 classes) or ``joint`` (one of all).
        run_id: which of the five runs, 0 to 4.

    Raises:
        ValueError: if ``scenario`` or ``run_id`` is unknown, or an expert's file is damaged.
        RuntimeError: if an expert is missing and can't be downloaded.
    """

    def __init__(self, scenario: str = "split", run_id: int = 0) -> None:
        from .ccifar10 import SplitCIFAR10

        _check(scenario, ("split", "joint"), run_id)
        n_experiences = 5 if scenario == "split" else 1
        benchmark = SplitCIFAR10(n_experiences, seed=SEED_BENCHMARK_RUNS[run_id])
        super().__init__(
            benchmark, _experts(f"{scenario}_cifar10", run_id, n_experiences, SlimResNetExpert)
        )


@torch.no_grad()
def check_experts_accuracy(exml_benchmark: Any) -> list[float]:
    """The accuracy of every expert on the training data of its experience, with test transforms.

    Tells whether experts and data belong together: published experts reach far more than chance.

    Args:
        exml_benchmark: a benchmark with ``expert_models_stream`` and ``original_benchmark``.

    Returns:
        One accuracy per expert, from 0 to 1, in the order of the stream.
    """
    accuracies = []
    originals = exml_benchmark.original_benchmark.train_stream
    for expert, original in zip(exml_benchmark.expert_models_stream, originals, strict=True):
        model = expert.expert_model.eval()
        right, total = 0, 0
        for batch in SingleDatasetDataLoader(original.dataset.eval(), batch_size=256):
            right += int((model(batch[0]).argmax(dim=1) == batch[1]).sum())
            total += len(batch[1])
        accuracies.append(right / max(total, 1))
    return accuracies


def _check(scenario: str, known: tuple[str, ...], run_id: int) -> None:
    if scenario not in known:
        raise ValueError(f"scenario={scenario!r}: expected one of {', '.join(known)}")
    if run_id not in range(len(SEED_BENCHMARK_RUNS)):
        raise ValueError(
            f"run_id={run_id!r}: expected an int from 0 to {len(SEED_BENCHMARK_RUNS) - 1}"
        )


def _joined(benchmark: Any) -> tuple[list[Any], list[Any]]:
    """All training data in one dataset, and the test data."""
    from ..utils.utils import concat_datasets

    train = concat_datasets([experience.dataset for experience in benchmark.train_stream])
    return [train], [experience.dataset for experience in benchmark.test_stream]


def _experts(
    name: str, run_id: int, n_experts: int, architecture: Callable[[], nn.Module]
) -> list[nn.Module]:
    """The published experts of one run."""
    folder = default_dataset_location(_FOLDER) / name / f"run{run_id}"
    experts = []
    for number in range(n_experts):
        file = f"model_e{number}.pth"
        path = download_file(f"{_HOST}/{name}/run{run_id}/{file}", folder / file)
        experts.append(_load_expert(path, architecture()))
    return experts


def _load_expert(path: Path, model: nn.Module) -> nn.Module:
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
        model.load_state_dict(state)
    except Exception as error:  # torch.load and load_state_dict raise nearly anything
        reason = " ".join(str(error).split())
        raise ValueError(
            f"{path}: no weights of {type(model).__name__} ({reason}); delete the file and "
            "fetch it again"
        ) from error
    return model.eval()
