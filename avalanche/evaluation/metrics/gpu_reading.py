"""Where the use of a GPU is read: NVIDIA's management library, if it is there."""

import logging
import os
from collections.abc import Callable
from functools import cache
from typing import Any

__all__ = ["gpu_reader"]

_log = logging.getLogger("avalanche")

Reader = Callable[[], float]


@cache
def gpu_reader(gpu_id: int) -> Reader | None:
    """A function that reads the use of a GPU in percent; None, with one log record, without one.

    Args:
        gpu_id: number among the GPUs that ``CUDA_VISIBLE_DEVICES`` leaves visible. With GPUs of
            different kinds set ``CUDA_DEVICE_ORDER=PCI_BUS_ID``, the order of the library.
    """
    if gpu_id < 0:
        return _nothing(gpu_id, "no GPU was asked for")
    try:
        import pynvml
    except ModuleNotFoundError:
        return _nothing(gpu_id, "pynvml is missing: pip install 'avalanche-lib[gpu]'")
    try:
        pynvml.nvmlInit()
        handle = _handle(pynvml, gpu_id)
        pynvml.nvmlDeviceGetUtilizationRates(handle)
    except pynvml.NVMLError as error:
        return _nothing(gpu_id, str(error))
    except IndexError:
        return _nothing(gpu_id, "there is no GPU of that number")
    return lambda: float(pynvml.nvmlDeviceGetUtilizationRates(handle).gpu)


def _handle(pynvml: Any, gpu_id: int) -> Any:
    """The library's handle of a visible GPU.

    Raises:
        IndexError: no visible GPU has that number.
    """
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is None:
        if gpu_id >= pynvml.nvmlDeviceGetCount():
            raise IndexError(gpu_id)
        return pynvml.nvmlDeviceGetHandleByIndex(gpu_id)
    device = [name.strip() for name in visible.split(",") if name.strip()][gpu_id]
    if device.lstrip("-").isdigit():
        if not 0 <= int(device) < pynvml.nvmlDeviceGetCount():
            raise IndexError(gpu_id)
        return pynvml.nvmlDeviceGetHandleByIndex(int(device))
    return pynvml.nvmlDeviceGetHandleByUUID(device)


def _nothing(gpu_id: int, reason: str) -> Reader | None:
    _log.warning("gpu_id=%s: GPU usage is not measured (%s)", gpu_id, reason)
    return None
