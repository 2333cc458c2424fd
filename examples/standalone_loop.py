"""Continual learning in a training loop of your own, with no strategy and no plugin.

A growing model, a replay memory, distillation and an optimizer that follows the model: each is a
component that is told when an experience begins and when it ends, and nothing else. The stream is
online: the five experiences of Split Digits arrive in 60 small parts, each seen once.

    python examples/standalone_loop.py --out runs/standalone_loop
"""

import argparse
from pathlib import Path

import numpy as np
import torch
from matplotlib.figure import Figure
from torch import nn
from torch.nn import functional as F

from avalanche.benchmarks import ocl_split
from avalanche.benchmarks.classic import SplitDigits
from avalanche.benchmarks.utils.data_loader import ReplayDataLoader, SingleDatasetDataLoader
from avalanche.core import Agent, maybe_init
from avalanche.evaluation import AvlAccuracy, AvlCE
from avalanche.evaluation.collector import MetricCollector
from avalanche.evaluation.functional import forgetting_matrix
from avalanche.evaluation.plot_utils import plot_metric_matrix
from avalanche.models.dynamic_modules import DynamicModule, IncrementalClassifier
from avalanche.models.dynamic_optimizers import DynamicOptimizer
from avalanche.training.regularization import LearningWithoutForgetting
from avalanche.training.storage_policy import ReservoirSamplingBuffer


class GrowingMLP(DynamicModule):
    """One hidden layer and a head that gains a unit for every new class."""

    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(nn.Flatten(), nn.Linear(64, 128), nn.ReLU())
        self.head = IncrementalClassifier(128)

    def forward(self, x):
        return self.head(self.features(x))


def learn(experience, agent=None, **chosen):
    """Learn one experience; the first call makes the agent, from what the caller chose."""
    if agent is None:
        agent = Agent()
        for name, component in chosen.items():
            setattr(agent, name, component)
        agent.replay = maybe_init(ReservoirSamplingBuffer(max_size=200))
        agent.distillation = maybe_init(LearningWithoutForgetting(alpha=0.5, temperature=2))
        agent.model = maybe_init(GrowingMLP())
        # Depends on the model, so it is not a default of its own.
        agent.optimizer = DynamicOptimizer(
            torch.optim.SGD(agent.model.parameters(), lr=0.1), agent.model
        )

    agent.model.train()
    agent.pre_adapt(experience)
    loader = ReplayDataLoader(
        experience.dataset, agent.replay.buffer, batch_size=8, batch_size_mem=24, shuffle=True
    )
    for x, y, _ in loader:
        agent.optimizer.zero_grad()
        answer = agent.model(x)
        loss = F.cross_entropy(answer, y)
        loss = loss + agent.distillation(x, answer, agent.model)
        loss.backward()
        agent.optimizer.step()
    agent.post_adapt(experience)
    return agent


@torch.no_grad()
def evaluate(stream, model, metrics):
    """Evaluate a whole stream; the metrics keep a value per experience."""
    model.eval()
    for metric in metrics:
        metric.before_stream(stream)
    for experience in stream:
        for x, y, _ in SingleDatasetDataLoader(experience.dataset, batch_size=256):
            answer = model(x)
            for metric in metrics:
                metric.update(answer, y)
        for metric in metrics:
            metric.step()
    for metric in metrics:
        metric.after_stream(stream)


def draw(accuracy, folder):
    """Accuracy over time, and what was forgotten of it."""
    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.add_subplot(xlabel="Parts learnt", ylabel="Accuracy", ylim=(-0.02, 1.02))
    axes.plot(accuracy, label=[f"Experience {k}" for k in range(accuracy.shape[1])])
    axes.legend(loc="upper left", bbox_to_anchor=(1.01, 1.0), frameon=False)
    figure.savefig(folder / "accuracy.png")
    forgetting = forgetting_matrix(accuracy)
    plot_metric_matrix(forgetting, "Forgetting", text_values=False).savefig(
        folder / "forgetting.png"
    )


def main(out="runs/standalone_loop", parts=60, seed=0):
    """Learn the stream, evaluate after each part, write results and plots; returns accuracies."""
    torch.manual_seed(seed)
    benchmark = SplitDigits(5, seed=seed)
    stream = ocl_split(benchmark.train_stream, parts, seed=seed)
    test_stream = benchmark.test_stream

    metrics = [AvlAccuracy(), AvlCE()]
    collector = MetricCollector()
    agent = None
    for experience in stream:
        agent = learn(experience, agent)
        evaluate(test_stream, agent.model, metrics)
        collector.update(
            {"accuracy": metrics[0].result(), "cross-entropy": metrics[1].result()},
            stream=test_stream,
        )

    accuracy = metrics[0].result_all()
    folder = Path(out)
    folder.mkdir(parents=True, exist_ok=True)
    collector.to_json(folder / "results.json")
    draw(accuracy, folder)
    final = collector.get(
        "accuracy", time_reduce="last", exp_reduce="sample_mean", stream=test_stream
    )
    print(f"{len(accuracy)} parts learnt in one pass, memory of {len(agent.replay.buffer)} samples")
    print(f"Accuracy at the end, by experience: {np.round(accuracy[-1], 3).tolist()}")
    print(f"Accuracy at the end, all test samples: {final:.3f}")
    print(f"Results and plots are in {folder}")
    return accuracy


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--out", default="runs/standalone_loop", help="folder of the results")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    main(arguments.out, seed=arguments.seed)
