"""Loggers: where values go."""

from avalanche.logging.base_logger import BaseLogger
from avalanche.logging.interactive_logging import InteractiveLogger
from avalanche.logging.text_logging import TextLogger

__all__ = ["BaseLogger", "InteractiveLogger", "TextLogger"]
