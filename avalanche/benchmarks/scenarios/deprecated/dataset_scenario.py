"""Benchmarks by definitions of their streams, as 0.6 has them."""

from ..defined_streams import ClassesTimelineCLScenario, DatasetScenario, FactoryBasedStream
from ..stream_definitions import StreamDef, StreamUserDef, TStreamsUserDict

__all__ = [
    "ClassesTimelineCLScenario",
    "DatasetScenario",
    "FactoryBasedStream",
    "StreamDef",
    "StreamUserDef",
    "TStreamsUserDict",
]
