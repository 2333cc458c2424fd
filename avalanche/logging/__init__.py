"""Loggers: where values go."""

from avalanche.logging.base_logger import BaseLogger
from avalanche.logging.csv_logger import CSVLogger
from avalanche.logging.interactive_logging import InteractiveLogger
from avalanche.logging.strategy_logger import StrategyLogger
from avalanche.logging.tensorboard_logger import TensorboardLogger
from avalanche.logging.text_logging import TextLogger
from avalanche.logging.wandb_logger import WandBLogger

__all__ = [
    "BaseLogger",
    "CSVLogger",
    "InteractiveLogger",
    "StrategyLogger",
    "TensorboardLogger",
    "TextLogger",
    "WandBLogger",
]
