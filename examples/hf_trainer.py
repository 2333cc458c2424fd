"""The components of a continual learner inside a Hugging Face Trainer.

A tiny BERT with random weights learns to name the topic of token sequences; two new topics come
with every experience. Transformers owns the loop, Avalanche the memory, the distillation and the
growing head. Needs the extra ``hf``, and no network:

    pip install "avalanche-lib[hf]"
    python examples/hf_trainer.py
"""

import tempfile

import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import TensorDataset
from transformers import (
    BertConfig,
    BertModel,
    PrinterCallback,
    Trainer,
    TrainerCallback,
    TrainingArguments,
)

from avalanche.benchmarks import split_by_class
from avalanche.benchmarks.utils.data_loader import ReplayDataLoader, SingleDatasetDataLoader
from avalanche.core import Agent
from avalanche.models.dynamic_modules import DynamicModule, IncrementalClassifier
from avalanche.training.regularization import LearningWithoutForgetting
from avalanche.training.storage_policy import ReservoirSamplingBuffer

TOPICS, WORDS, LENGTH = 6, 60, 12


def topics(n_samples, seed):
    """Sequences of tokens, half of them from the ten words of the sequence's topic."""
    generator = torch.Generator().manual_seed(seed)
    labels = torch.arange(n_samples) % TOPICS
    shape = (n_samples, LENGTH)
    own = labels[:, None] * 10 + torch.randint(0, 10, shape, generator=generator)
    other = torch.randint(0, WORDS, shape, generator=generator)
    tokens = torch.where(torch.rand(shape, generator=generator) < 0.5, own, other)
    return TensorDataset(tokens, labels)


class TopicModel(DynamicModule):
    """A small BERT and a head that gains a unit for every new topic."""

    def __init__(self):
        super().__init__()
        config = BertConfig(
            vocab_size=WORDS,
            hidden_size=32,
            num_hidden_layers=1,
            num_attention_heads=2,
            intermediate_size=64,
            max_position_embeddings=LENGTH,
        )
        self.encoder = BertModel(config)
        self.head = IncrementalClassifier(config.hidden_size)

    def forward(self, input_ids):
        return self.head(self.encoder(input_ids=input_ids).pooler_output)


class Named:
    """Batches as the Trainer wants them: with names."""

    def __init__(self, loader):
        self.loader = loader

    def __len__(self):
        return len(self.loader)

    def __iter__(self):
        for tokens, labels in self.loader:
            yield {"input_ids": tokens, "labels": labels}


class Components(TrainerCallback):
    """Tells the components that the experience was learnt."""

    def __init__(self, agent, experience):
        self.agent, self.experience = agent, experience

    def on_train_end(self, args, state, control, **kwargs):
        self.agent.post_adapt(self.experience)


class ContinualTrainer(Trainer):
    """Trains on one experience and the memory, with distillation in the loss."""

    def __init__(self, agent, experience, args):
        # Before the Trainer makes its optimizer, so that it sees the grown head.
        agent.model.train()
        agent.pre_adapt(experience)
        self.agent, self.experience = agent, experience
        super().__init__(agent.model, args, callbacks=[Components(agent, experience)])
        self.remove_callback(PrinterCallback)

    def get_train_dataloader(self):
        return Named(
            ReplayDataLoader(
                self.experience.dataset,
                self.agent.replay.buffer,
                oversample_small_tasks=True,
                batch_size=self.args.train_batch_size,
                batch_size_mem=self.args.train_batch_size,
                shuffle=True,
            )
        )

    def compute_loss(self, model, inputs, return_outputs=False, **kwargs):
        tokens, labels = inputs["input_ids"], inputs["labels"]
        answer = model(tokens)
        loss = F.cross_entropy(answer, labels) + self.agent.distillation(tokens, answer, model)
        return (loss, answer) if return_outputs else loss


@torch.no_grad()
def accuracy(model: nn.Module, experience):
    """Share of the experience's test sequences whose topic is recognised."""
    model.eval()
    ((tokens, labels),) = SingleDatasetDataLoader(experience.dataset, batch_size=10_000)
    return (model(tokens).argmax(1) == labels).float().mean().item()


def main(epochs=8, seed=0):
    """Learn three experiences of two topics; returns the accuracy on each at the end."""
    torch.manual_seed(seed)
    train_stream, test_stream = split_by_class(topics(1200, 1), topics(300, 2), 3, seed=seed)
    agent = Agent()
    agent.model = TopicModel()
    agent.replay = ReservoirSamplingBuffer(max_size=120)
    agent.distillation = LearningWithoutForgetting(alpha=0.5, temperature=2)
    with tempfile.TemporaryDirectory() as folder:
        args = TrainingArguments(
            output_dir=folder,
            num_train_epochs=epochs,
            per_device_train_batch_size=16,
            learning_rate=0.003,
            lr_scheduler_type="constant",
            save_strategy="no",
            logging_strategy="no",
            report_to=[],
            disable_tqdm=True,
            use_cpu=True,
            remove_unused_columns=False,
            seed=seed,
        )
        for experience in train_stream:
            ContinualTrainer(agent, experience, args).train()
    accuracies = [accuracy(agent.model, experience) for experience in test_stream]
    print("Accuracy at the end, by experience:", [round(a, 3) for a in accuracies])
    print(f"Mean accuracy: {sum(accuracies) / len(accuracies):.3f}")
    return accuracies


if __name__ == "__main__":
    main()
