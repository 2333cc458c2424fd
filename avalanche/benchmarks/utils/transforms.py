"""Transforms of whole samples, and transforms that know how to run on a whole batch.

Ordinary transforms are callables on the first element of a sample (a torchvision transform) or
pairs of those for the input and the target. The classes here cover the rest: several elements
at once (:class:`MultiParamTransform`, :class:`TupleTransform`), and the library's own
deterministic image operations, which run on a batch as one tensor operation
(:class:`BatchTransform`).
"""

from __future__ import annotations

import inspect
import numbers
import warnings
import zlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor


class ComposeMaxParamsWarning(Warning):
    """Composed transforms take different numbers of elements of the sample.

    Args:
        message: what differs.
    """

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class MultiParamTransform(ABC):
    """A transform of all elements of a sample: ``transform(x, y, ...) -> (x, y, ...)``."""

    @abstractmethod
    def __call__(self, *args: Any) -> Any:
        """Transform the elements of one sample; returns as many as it was given."""

    def flat_transforms(self, position: int) -> list[Any]:
        """The functions that the element at ``position`` goes through, in order."""
        return [self]


class MultiParamTransformCallable(MultiParamTransform):
    """A plain function of the first few elements of a sample; the others pass unchanged.

    How many elements it takes is read from its signature; torchvision's transforms take one.

    Args:
        transform: ``f(x)``, ``f(x, y)``, ...; returns as many values as it takes.

    Raises:
        ValueError: if the function has keyword-only parameters.

    Example:
        >>> MultiParamTransformCallable(lambda x, y: (x + y, -y))(1, 2, 7)
        [3, -2, 7]
    """

    def __init__(self, transform: Callable[..., Any]) -> None:
        self.transform = transform
        self.min_params, self.max_params = count_params(transform)

    def __call__(self, *args: Any) -> Any:
        count = len(args) if self.max_params < 0 else min(len(args), self.max_params)
        out = self.transform(*args[:count])
        values = list(out) if isinstance(out, (tuple, list)) and count != 1 else [out]
        values += args[count:]
        return values[0] if len(values) == 1 else values

    def flat_transforms(self, position: int) -> list[Any]:
        takes = self.max_params < 0 or position < self.max_params
        return flat_transforms_recursive(self.transform, position) if takes else []

    def __repr__(self) -> str:
        return f"MultiParamTransformCallable({self.transform!r})"


class MultiParamCompose(MultiParamTransform):
    """Several transforms of a sample, one after the other.

    Args:
        transforms: transforms of all elements, or plain functions of the first few (see
            :class:`MultiParamTransformCallable`); None is skipped.

    Warns:
        ComposeMaxParamsWarning: if they take different numbers of elements, which is fine where
            samples always have enough of them.

    Example:
        >>> MultiParamCompose([lambda x, y: (x + 1, y), lambda x, y: (x, y * 2)])(1, 5)
        [2, 10]
    """

    def __init__(self, transforms: Sequence[Callable[..., Any] | None]) -> None:
        self.transforms: list[MultiParamTransform] = [
            t if isinstance(t, MultiParamTransform) else MultiParamTransformCallable(t)
            for t in transforms
            if t is not None
        ]
        counts = {
            t.max_params for t in self.transforms if isinstance(t, MultiParamTransformCallable)
        }
        if len(counts) > 1:
            warnings.warn(
                ComposeMaxParamsWarning(
                    f"transforms take {sorted(counts)} elements of the sample (-1: any number): "
                    "expected the same number in all; samples with fewer elements than the "
                    "largest will fail"
                ),
                stacklevel=2,
            )

    def __call__(self, *args: Any) -> Any:
        values = list(args)
        for transform in self.transforms:
            out = transform(*values)
            values = list(out) if isinstance(out, (tuple, list)) else [out]
        return values[0] if len(values) == 1 else values

    def flat_transforms(self, position: int) -> list[Any]:
        return flat_transforms_recursive(self.transforms, position)

    def __repr__(self) -> str:
        return f"MultiParamCompose({self.transforms!r})"


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

    def flat_transforms(self, position: int) -> list[Any]:
        if position >= len(self.transforms):
            return []
        return flat_transforms_recursive(self.transforms[position], position)

    def __repr__(self) -> str:
        return f"TupleTransform({self.transforms!r})"


def flat_transforms_recursive(transforms: Any, position: int) -> list[Any]:
    """The functions that the element at ``position`` of a sample goes through, in order.

    torchvision's ``Compose``, the transforms of this module and lists of any of them are taken
    apart; what can't be taken apart is one function.

    Example:
        >>> from torchvision import transforms as T
        >>> nested = T.Compose([T.ToTensor(), T.Compose([T.Normalize(0.5, 0.5)])])
        >>> [type(t).__name__ for t in flat_transforms_recursive(nested, 0)]
        ['ToTensor', 'Normalize']
    """
    if transforms is None:
        return []
    if isinstance(transforms, (list, tuple)):
        return [flat for t in transforms for flat in flat_transforms_recursive(t, position)]
    if isinstance(transforms, MultiParamTransform):
        return transforms.flat_transforms(position)
    if _is_compose(transforms):
        return flat_transforms_recursive(list(transforms.transforms), position)
    return [transforms]


def count_params(transform: Callable[..., Any]) -> tuple[int, int]:
    """The least and the largest number of elements that a function takes; -1: any number.

    Raises:
        ValueError: if the function has keyword-only parameters.
    """
    if type(transform).__module__.startswith("torchvision.transforms"):
        return 1, 1
    if isinstance(transform, torch.nn.Module):
        transform = transform.forward
    try:
        parameters = inspect.signature(transform).parameters.values()
    except (TypeError, ValueError):  # built-in functions tell nothing
        return 1, 1
    least = most = 0
    for parameter in parameters:
        if parameter.kind is parameter.KEYWORD_ONLY:
            raise ValueError(
                f"transform={transform!r}: has the keyword-only parameter {parameter.name!r}, "
                "which nobody could pass; bind it with functools.partial, or make it positional"
            )
        if parameter.kind is parameter.VAR_POSITIONAL:
            return least, -1
        if parameter.kind is not parameter.VAR_KEYWORD:
            most += 1
            least += parameter.default is parameter.empty
    return least, most


def _is_compose(transform: Any) -> bool:
    kind = type(transform)
    return kind.__name__ == "Compose" and kind.__module__.startswith("torchvision.transforms")


class BatchTransform(ABC):
    """A deterministic transform of one tensor that can do a whole batch at once.

    Subclasses implement :meth:`batch`; a single sample is a batch of one. User code may subclass
    it too: the loaders then call :meth:`batch` and never the per-sample form.
    """

    @abstractmethod
    def batch(self, values: Tensor) -> Tensor:
        """Transform ``(batch, ...)`` values; must not write into its argument."""

    def __call__(self, value: Any) -> Any:
        if isinstance(value, numbers.Number):
            return self.batch(torch.tensor([value])).item()
        return self.batch(torch.as_tensor(value).unsqueeze(0)).squeeze(0)


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

    Raises:
        ValueError: when used, for a label that is negative or beyond the table.
    """

    def __init__(self, table: Sequence[int]) -> None:
        self.table = torch.tensor(table, dtype=torch.int64)

    def batch(self, values: Tensor) -> Tensor:
        if values.numel():
            low, high = (int(v) for v in torch.aminmax(values))
            if low < 0 or high >= len(self.table):
                raise ValueError(
                    f"label={low if low < 0 else high}: the mapping of classes has new labels for "
                    f"0 to {len(self.table) - 1}; number the classes from 0 on, e.g. with "
                    "names = sorted(set(labels)); y = [names.index(label) for label in labels]"
                )
        return self.table[values.long()]

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
