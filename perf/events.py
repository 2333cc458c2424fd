"""What events cost: one that nobody listens to, and an iteration with five plugins.

python perf/events.py
"""

import statistics
import time

import torch
from torch import nn

from avalanche.core import SupervisedPlugin
from avalanche.core.events import TRAIN_EVENTS
from avalanche.training import Naive

ROUNDS, CALLS = 30, 20_000
ITERATION = [event.name for event in TRAIN_EVENTS[5:13]]


class Busy(SupervisedPlugin):
    """Listens to every event of an iteration and does nothing there."""


for name in ITERATION:
    setattr(Busy, name, lambda self, strategy, **kwargs: None)


def strategy_with(plugins: int) -> Naive:
    model = nn.Linear(1, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    return Naive(model, optimizer, evaluator=None, plugins=[Busy() for _ in range(plugins)])


def nanoseconds(function, calls: int) -> float:
    """Median over rounds of the time of one call."""
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter_ns()
        for _ in range(calls):
            function()
        times.append((time.perf_counter_ns() - start) / calls)
    return statistics.median(times)


def main() -> None:
    torch.set_num_threads(1)
    empty = nanoseconds(lambda: None, CALLS)
    on, arguments = strategy_with(0).events.calls, {}
    silent = nanoseconds(lambda: on.before_forward(arguments), CALLS) - empty

    on5 = strategy_with(5).events.calls
    calls = [getattr(on5, name) for name in ITERATION]

    def iteration() -> None:
        for call in calls:
            call(arguments)

    busy = nanoseconds(iteration, CALLS // 20)
    print(f"an event that nobody listens to: {silent:.0f} ns")
    print(f"events of an iteration with five plugins at all of them: {busy / 1000:.1f} us")


if __name__ == "__main__":
    main()
