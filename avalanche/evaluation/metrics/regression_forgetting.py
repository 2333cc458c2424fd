"""Forgetting measured by the metrics of regression."""

from typing import Any

from avalanche.evaluation.metric_definitions import PluginMetric
from avalanche.evaluation.metrics import granularity as at
from avalanche.evaluation.metrics.forgetting_bwt import (
    GenericExperienceForgetting,
    GenericStreamForgetting,
)
from avalanche.evaluation.metrics.r2 import R2
from avalanche.evaluation.metrics.rmse import RMSE

__all__ = [
    "ExperienceR2Forgetting",
    "ExperienceRMSEForgetting",
    "StreamR2Forgetting",
    "StreamRMSEForgetting",
    "r2_forgetting_metrics",
    "rmse_forgetting_metrics",
]


class ExperienceRMSEForgetting(GenericExperienceForgetting):
    """Error right after learning minus error now: ``ExperienceRMSEForgetting``.

    The difference is the same as for accuracy, so it is negative where the error has grown.
    """

    def __init__(self) -> None:
        super().__init__(RMSE())

    def __str__(self) -> str:
        return "ExperienceRMSEForgetting"


class StreamRMSEForgetting(GenericStreamForgetting):
    """Mean over the stream of :class:`ExperienceRMSEForgetting`: ``StreamRMSEForgetting``."""

    def __init__(self) -> None:
        super().__init__(RMSE())

    def __str__(self) -> str:
        return "StreamRMSEForgetting"


class ExperienceR2Forgetting(GenericExperienceForgetting):
    """Coefficient right after learning minus coefficient now: ``ExperienceR2Forgetting``."""

    def __init__(self) -> None:
        super().__init__(R2())

    def __str__(self) -> str:
        return "ExperienceR2Forgetting"


class StreamR2Forgetting(GenericStreamForgetting):
    """Mean over the stream of :class:`ExperienceR2Forgetting`: ``StreamR2Forgetting``."""

    def __init__(self) -> None:
        super().__init__(R2())

    def __str__(self) -> str:
        return "StreamR2Forgetting"


def rmse_forgetting_metrics(
    *, experience: bool = False, stream: bool = False
) -> list[PluginMetric[Any]]:
    """Forgetting measured by the root mean squared error.

    Args:
        experience: of every experience evaluated.
        stream: mean over the stream.
    """
    return at.switched_on([(experience, ExperienceRMSEForgetting), (stream, StreamRMSEForgetting)])


def r2_forgetting_metrics(
    *, experience: bool = False, stream: bool = False
) -> list[PluginMetric[Any]]:
    """Forgetting measured by the coefficient of determination.

    Args:
        experience: of every experience evaluated.
        stream: mean over the stream.
    """
    return at.switched_on([(experience, ExperienceR2Forgetting), (stream, StreamR2Forgetting)])
