"""Transforms of whole samples, and transforms that know how to run on a whole batch.

Ordinary transforms are callables on the first element of a sample (a torchvision transform) or
pairs of those for the input and the target. The classes here cover the rest: several elements
at once (:class:`MultiParamTransform`, :class:`TupleTransform`), and the library's own
deterministic image operations, which run on a batch as one tensor operation
(:class:`BatchTransform`).
"""

from __future__ import annotations

import zlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor


class MultiParamTransform(ABC):
    """A transform of all elements of a sample: ``transform(x, y, ...) -> (x, y, ...)``."""

    @abstractmethod
    def __call__(self, *args: Any) -> Any:
        """Transform the elements of one sample; returns as many as it was given."""


class TupleTransform(MultiParamTransform):
    """One transform per element of the sample; ``None`` leaves the element as it is.

    Example:
        >>> TupleTransform([lambda x: x + 1, None])(1, 5)
        [2, 5]
    """

    def __init__(self, transforms: Sequence[Callable[[Any], Any] | None]) -> None:
        for transform in transforms:
            if transform is not None and not callable(transform):
                raise TypeError(
                    f"transforms={list(transforms)!r}: expected callables or None; "
                    "pass one function per element of the sample"
                )
        self.transforms = list(transforms)

    def __call__(self, *args: Any) -> list[Any]:
        values = list(args)
        for position, transform in enumerate(self.transforms[: len(values)]):
            if transform is not None:
                values[position] = transform(values[position])
        return values

    def __repr__(self) -> str:
        return f"TupleTransform({self.transforms!r})"


class BatchTransform(ABC):
    """A deterministic transform of one tensor that can do a whole batch at once.

    Subclasses implement :meth:`batch`; a single sample is a batch of one. User code may subclass
    it too: the loaders then call :meth:`batch` and never the per-sample form.
    """

    @abstractmethod
    def batch(self, values: Tensor) -> Tensor:
        """Transform ``(batch, ...)`` values; must not write into its argument."""

    def __call__(self, value: Any) -> Any:
        if isinstance(value, int):
            return self.batch(torch.tensor([value])).item()
        return self.batch(value.unsqueeze(0)).squeeze(0)


class ScalePixels(BatchTransform):
    """Stored pixels to float32 in [0, 1]: ``value / maximum``. Floats stay as they are.

    Args:
        maximum: the largest stored value; 255 for bytes, 16 for scikit-learn's digits.
    """

    def __init__(self, maximum: int = 255) -> None:
        self.maximum = maximum

    def batch(self, values: Tensor) -> Tensor:
        if values.is_floating_point():
            return values
        return values.to(torch.float32).div_(self.maximum)

    def __repr__(self) -> str:
        return f"ScalePixels({self.maximum})"


class RearrangePixels(BatchTransform):
    """Every output pixel takes the value of one input pixel, or zero.

    A pixel permutation and a rotation by a fixed angle (nearest neighbour) are both this.

    Args:
        index: int64 ``(height * width,)``; output pixel k shows input pixel ``index[k]``, and
            ``-1`` stands for zero.
        label: shown in ``repr``.

    Example:
        >>> flip = RearrangePixels(torch.tensor([1, 0]), "flip")
        >>> flip(torch.tensor([[[3, 7]]])).tolist()
        [[[7, 3]]]
    """

    def __init__(self, index: Tensor, label: str = "pixels") -> None:
        self.index = index.clamp(min=0)
        outside = index < 0
        self.outside = outside if bool(outside.any()) else None
        self.label = label
        self.crc = zlib.crc32(index.numpy().tobytes())

    def batch(self, values: Tensor) -> Tensor:
        flat = values.flatten(-2)  # (batch, channels, height * width)
        out = flat.gather(-1, self.index.expand(flat.shape))  # faster on bytes than index_select
        if self.outside is not None:
            out.masked_fill_(self.outside, 0)
        return out.view(values.shape)

    def __repr__(self) -> str:
        return f"RearrangePixels({self.label}, crc={self.crc:08x})"


class MapClasses(BatchTransform):
    """Replace class labels by new ones through a table.

    Args:
        table: new label of every old label, by position; ``-1`` marks labels that must not occur.
    """

    def __init__(self, table: Sequence[int]) -> None:
        self.table = torch.tensor(table, dtype=torch.int64)

    def batch(self, values: Tensor) -> Tensor:
        return self.table[values]

    def __repr__(self) -> str:
        return f"MapClasses({self.table.tolist()})"


class MapLabels:
    """Replace the class labels in a detection target through a table.

    Args:
        table: new label of every old label, by position.

    Example:
        >>> MapLabels([7, 8])({"labels": torch.tensor([1, 0]), "area": 3})["labels"]
        tensor([8, 7])
    """

    def __init__(self, table: Sequence[int]) -> None:
        self.table = torch.as_tensor(table, dtype=torch.int64)

    def __call__(self, target: dict[str, Any]) -> dict[str, Any]:
        if "labels" not in target:
            raise KeyError(
                f"class_mapping: the target has no 'labels', it holds {sorted(target)}; give the "
                "class labels of its objects under that name"
            )
        return {**target, "labels": self.table[torch.as_tensor(target["labels"])]}

    def __repr__(self) -> str:
        return f"MapLabels({self.table.tolist()})"
