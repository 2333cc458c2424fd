"""The components of a continual learner inside a Lightning module.

Lightning owns the loop, Avalanche the memory, the distillation and the growing head. Needs the
extra ``lightning``:

    pip install "avalanche-lib[lightning]"
    python examples/lightning_module.py
"""

import logging

import lightning
import torch
from torch import nn
from torch.nn import functional as F

from avalanche.benchmarks.classic import SplitDigits
from avalanche.benchmarks.utils.data_loader import ReplayDataLoader, SingleDatasetDataLoader
from avalanche.core import Agent
from avalanche.models.dynamic_modules import DynamicModule, IncrementalClassifier
from avalanche.training.regularization import LearningWithoutForgetting
from avalanche.training.storage_policy import ReservoirSamplingBuffer


class GrowingMLP(DynamicModule):
    """One hidden layer and a head that gains a unit for every new class."""

    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(nn.Flatten(), nn.Linear(64, 64), nn.ReLU())
        self.head = IncrementalClassifier(64)

    def forward(self, x):
        return self.head(self.features(x))


class ContinualModule(lightning.LightningModule):
    """Learns one experience per ``fit``; the components hear of its beginning and its end."""

    def __init__(self, mem_size=200, alpha=0.5):
        super().__init__()
        self.model = GrowingMLP()
        self.agent = Agent()
        self.agent.model = self.model
        self.agent.replay = ReservoirSamplingBuffer(max_size=mem_size)
        self.agent.distillation = LearningWithoutForgetting(alpha=alpha, temperature=2)
        self.experience = None

    def setup(self, stage):
        # Called before configure_optimizers, so the new optimizer sees the grown head.
        if stage == "fit":
            self.agent.pre_adapt(self.experience)

    def train_dataloader(self):
        return ReplayDataLoader(
            self.experience.dataset,
            self.agent.replay.buffer,
            oversample_small_tasks=True,
            batch_size=16,
            batch_size_mem=16,
            shuffle=True,
        )

    def training_step(self, batch, batch_idx):
        x, y, _ = batch
        answer = self.model(x)
        return F.cross_entropy(answer, y) + self.agent.distillation(x, answer, self.model)

    def configure_optimizers(self):
        return torch.optim.Adam(self.parameters(), lr=0.003)

    def on_train_end(self):
        self.agent.post_adapt(self.experience)

    def test_step(self, batch, batch_idx):
        x, y, _ = batch
        accuracy = (self.model(x).argmax(1) == y).float().mean()
        self.log("accuracy", accuracy, on_epoch=True, batch_size=len(y))


def make_trainer(max_epochs):
    return lightning.Trainer(
        max_epochs=max_epochs,
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )


def main(max_epochs=4, seed=0):
    """Learn Split Digits; returns the accuracy on each experience at the end."""
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    lightning.seed_everything(seed, verbose=False)
    benchmark = SplitDigits(5, seed=seed)
    module = ContinualModule()
    for experience in benchmark.train_stream:
        module.experience = experience
        make_trainer(max_epochs).fit(module)
    accuracies = []
    for experience in benchmark.test_stream:
        loader = SingleDatasetDataLoader(experience.dataset, batch_size=256)
        (logged,) = make_trainer(1).test(module, loader, verbose=False)
        accuracies.append(logged["accuracy"])
    print("Accuracy at the end, by experience:", [round(a, 3) for a in accuracies])
    print(f"Mean accuracy: {sum(accuracies) / len(accuracies):.3f}")
    return accuracies


if __name__ == "__main__":
    main()
