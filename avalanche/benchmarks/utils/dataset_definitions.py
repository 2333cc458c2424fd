"""What is asked of data, as protocols for annotations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, TypeVar

from torch import Tensor

T_co = TypeVar("T_co", covariant=True)


class IDataset(Protocol[T_co]):
    """Samples by position."""

    def __getitem__(self, index: int, /) -> T_co: ...

    def __len__(self) -> int: ...


class IDatasetWithTargets(IDataset[T_co], Protocol[T_co]):
    """Samples by position, and the target of every one."""

    @property
    def targets(self) -> Sequence[Any]: ...


class IClassificationDataset(IDatasetWithTargets[T_co], Protocol[T_co]):
    """Samples whose targets are whole numbers."""

    @property
    def targets(self) -> Sequence[int]: ...


class ISupportedClassificationDataset(IDatasetWithTargets[T_co], Protocol[T_co]):
    """Samples whose targets are whole numbers, or tensors of them."""

    @property
    def targets(self) -> Sequence[int] | Sequence[Tensor]: ...


class ITensorDataset(IDataset[T_co], Protocol[T_co]):
    """Samples cut from tensors of equal length."""

    tensors: Sequence[Tensor]
