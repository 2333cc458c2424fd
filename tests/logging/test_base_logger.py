"""The base logger."""

import torch

from avalanche.core.events import EVENTS, implements
from avalanche.evaluation.metric_results import MetricValue
from avalanche.logging import BaseLogger


class Remember(BaseLogger):
    def __init__(self):
        self.seen = []

    def log_single_metric(self, name, value, x_plot):
        self.seen.append((name, value, x_plot))


def test_every_value_becomes_a_call():
    logger = Remember()
    logger.log_metrics(
        [MetricValue(None, "a", torch.tensor(0.5), 1), MetricValue(None, "b", {"x": 1, "y": 2}, 2)]
    )
    assert logger.seen == [("a", 0.5, 1), ("b/x", 1, 2), ("b/y", 2, 2)]


def test_the_base_class_does_nothing_and_listens_to_nothing():
    logger = BaseLogger()
    logger.log_metrics([MetricValue(None, "a", 0.5, 1)])
    logger.on_checkpoint_resume()
    logger.close()
    logger.close()
    assert not any(implements(logger, event.name) for event in EVENTS)
