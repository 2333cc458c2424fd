"""Seed 001, the code of "Moodels" and of multi-head training, as written."""

import pytest
import torch
from torch import nn
from torch.nn import CrossEntropyLoss
from torch.optim import SGD

from avalanche import models as library
from avalanche.benchmarks.classic import SplitMNIST
from avalanche.benchmarks.scenarios import CLExperience
from avalanche.evaluation.metrics import accuracy_metrics
from avalanche.models import PNN, SimpleMLP
from avalanche.models.dynamic_modules import DynamicModule, MultiHeadClassifier, MultiTaskModule
from avalanche.models.dynamic_optimizers import update_optimizer
from avalanche.training import Naive
from avalanche.training.plugins import EvaluationPlugin

# fmt: off


class IncrementalClassifier(DynamicModule):
    """Classifier that adds units whenever new classes are
    encountered."""

    def __init__(
        self,
        in_features,
        initial_out_features=2,
    ):
        super().__init__()
        self.classifier = torch.nn.Linear(in_features, initial_out_features)

    @torch.no_grad()
    def adaptation(self, experience: CLExperience):
        """expand if experience contains unseen classes."""
        curr_classes = experience.classes_in_this_experience  # not on the slide
        in_features = self.classifier.in_features
        old_nclasses = self.classifier.out_features
        new_nclasses = max(self.classifier.out_features, max(curr_classes) + 1)

        # update classifier weights
        if old_nclasses == new_nclasses:
            return
        old_w, old_b = self.classifier.weight, self.classifier.bias
        self.classifier = torch.nn.Linear(in_features, new_nclasses)
        self.classifier.weight[:old_nclasses] = old_w
        self.classifier.bias[:old_nclasses] = old_b

    def forward(self, x, **kwargs):
        return self.classifier(x)


class MTSimpleMLP(MultiTaskModule):
    """Multi-layer perceptron with multi-head classifier"""

    def __init__(self, input_size=28 * 28, hidden_size=512):
        super().__init__()

        self.features = nn.Sequential(
            nn.Linear(input_size, hidden_size),
            nn.ReLU(inplace=True),
            nn.Dropout(),
        )
        self.classifier = MultiHeadClassifier(hidden_size)
        self._input_size = input_size

    def forward(self, x, task_labels):
        x = x.contiguous()
        x = x.view(x.size(0), self._input_size)
        x = self.features(x)
        x = self.classifier(x, task_labels)
        return x

# fmt: on


def test_support_for_pytorch_module(mnist):
    # Prepare model, optimizer, criterion (standard pytorch)
    model = SimpleMLP(num_classes=10)
    optimizer = SGD(model.parameters(), lr=0.001, momentum=0.9)
    criterion = CrossEntropyLoss()

    out = model(torch.zeros(2, 1, 28, 28))
    criterion(out, torch.tensor([0, 9])).backward()
    optimizer.step()
    assert out.shape == (2, 10)


def size(mnist, train_epochs):
    """Batches and epochs: the original has 300 times the samples."""
    if mnist == "real":
        return {"train_mb_size": 100, "train_epochs": 1, "eval_mb_size": 500}
    return {"train_mb_size": 10, "train_epochs": train_epochs}


def quiet():
    return EvaluationPlugin(accuracy_metrics(experience=True))


def test_dynamic_modules_incremental_classifier(mnist):
    benchmark = SplitMNIST(5, fixed_class_order=list(range(10)))
    model = nn.Sequential(nn.Flatten(), nn.Linear(784, 32), nn.ReLU(), IncrementalClassifier(32))
    strategy = Naive(
        model,
        SGD(model.parameters(), lr=0.05),
        **size(mnist, train_epochs=2),
        evaluator=quiet(),
    )
    for number, experience in enumerate(benchmark.train_stream):
        head = model[3].classifier
        old = head.weight.detach().clone()
        strategy.train(experience)
        assert model[3].classifier.out_features == 2 * (number + 1)
        parameters = [p for group in strategy.optimizer.param_groups for p in group["params"]]
        assert {id(p) for p in parameters} == {id(p) for p in model.parameters()}
        # The optimizer trains what has grown: old rows have moved on from where they were.
        assert not torch.equal(model[3].classifier.weight[: len(old)], old)
        found = strategy.eval(benchmark.test_stream)
        assert len([name for name in found if name.startswith("Top1_Acc_Exp")]) == 5
    assert found["Top1_Acc_Exp/eval_phase/test_stream/Task000/Exp004"] > 0.95


@pytest.mark.parametrize("name", ["the slide's", "the library's"])
def test_multi_head_training(mnist, name):
    benchmark = SplitMNIST(5, return_task_id=True)
    train_stream, test_stream = benchmark.train_stream, benchmark.test_stream
    if name == "the library's":
        from avalanche.models import MTSimpleMLP as Model
    else:
        Model = MTSimpleMLP  # noqa: N806

    # a multi-head model
    model = Model()
    # Choose a CL strategy
    strategy = Naive(
        model=model,
        optimizer=SGD(model.parameters(), lr=0.1),
        criterion=CrossEntropyLoss(),
        **size(mnist, train_epochs=3),
        evaluator=quiet(),
    )

    # train and test loop
    for train_task in train_stream:
        strategy.train(train_task)
        strategy.eval(test_stream)

    found = strategy.evaluator.get_last_metrics()
    for k in range(5):
        # each task keeps its head: nothing is forgotten down to chance
        assert found[f"Top1_Acc_Exp/eval_phase/test_stream/Task{k:03}/Exp{k:03}"] > 0.6


def test_multitask_models_forward_single_task():
    """ "Inherit from MultiTaskModule, forward single task for examples of the same label"."""

    class Scaled(MultiTaskModule):
        def forward_single_task(self, x, task_label):
            return x * (task_label + 1)

    out = Scaled()(torch.ones(4, 2), torch.tensor([0, 2, 0, 1]))
    assert out.tolist() == [[1, 1], [3, 3], [1, 1], [2, 2]]


def test_naive_finetuning_with_a_progressive_network(small_mnist):
    """ "Naive finetuning + a dynamic model (PNN, Multi-head classifier)", without a plugin."""
    benchmark = SplitMNIST(5, return_task_id=True)
    model = PNN(num_layers=1, in_features=28 * 28, hidden_features_per_column=50)
    strategy = Naive(
        model, SGD(model.parameters(), lr=0.1), CrossEntropyLoss(), train_mb_size=10,
        train_epochs=3, evaluator=quiet(),
    )  # fmt: skip
    answers, x = {}, torch.rand(3, 1, 28, 28)
    for task, experience in enumerate(benchmark.train_stream):
        strategy.train(experience)
        found = strategy.eval(benchmark.test_stream)
        answers[task] = model(x, task).detach()
        assert model.layers[0].num_columns == task + 1
    for task in range(5):
        assert torch.equal(model(x, task), answers[task])  # nothing is forgotten, to the bit
        assert found[f"Top1_Acc_Exp/eval_phase/test_stream/Task{task:03}/Exp{task:03}"] > 0.6


@pytest.mark.parametrize("make", [PNN, library.MTSimpleMLP], ids=["PNN", "MTSimpleMLP"])
def test_dynamic_models_outside_of_the_loops(small_mnist, make):
    """ "Easy to use outside of Avalanche loops": adapt, update the optimizer, train."""
    model = make()
    optimizer = SGD(model.parameters(), lr=0.1)
    known = None
    for experience in SplitMNIST(5, return_task_id=True).train_stream[:3]:
        model.pre_adapt(None, experience)
        known = update_optimizer(optimizer, dict(model.named_parameters()), known)
        held = {id(p) for group in optimizer.param_groups for p in group["params"]}
        assert held == {id(p) for p in model.parameters()}
        x, y, tasks = experience.dataset.batch(range(10))
        before = CrossEntropyLoss()(model(x, tasks), y)
        for _ in range(10):
            optimizer.zero_grad()
            CrossEntropyLoss()(model(x, tasks), y).backward()
            optimizer.step()
        assert CrossEntropyLoss()(model(x, tasks), y) < before
