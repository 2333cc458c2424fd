"""Seed 000, "Intermediate mode": the document's own code, on small data."""

import pytest
import torch
from torch.nn import CrossEntropyLoss, Module
from torch.optim import SGD, Optimizer
from torchvision.datasets import MNIST
from torchvision.transforms import ToTensor

from avalanche.benchmarks.generators import NCScenario
from avalanche.benchmarks.scenarios import DatasetPart
from avalanche.evaluation.metrics import accuracy_metrics, loss_metrics
from avalanche.extras.models import SimpleMLP
from avalanche.training.plugins import EvaluationPlugin, EWCPlugin, LwFPlugin, ReplayPlugin

CODE = r'''
from avalanche.training.templates import MTDeepLearningStrategy
from avalanche.training.skeletons import TrainingFlow, TestingFlow

class Naive(MTDeepLearningStrategy):
    """
    The simplest (and least effective) Continual Learning strategy. Naive just
    incrementally fine tunes a single model without employing any method
    to contrast the catastrophic forgetting of previous knowledge.

    Naive is easy to set up and its results are commonly used to show the worst
    performing baseline.
    """
    def __init__(self, model, classifier_field,
                 optimizer, criterion,
                 train_mb_size=1, train_epochs=1,
                 test_mb_size=None, device=None,
                 evaluation_protocol=None):
        """
        Creates an instance of the Naive strategy.

        :param model: The model.
        :param classifier_field: The name of the classifier field. Used when
            managing heads in Multi-Task scenarios.
        :param optimizer: The optimizer to use.
        :param criterion: The loss criterion to use.
        :param train_mb_size: The train minibatch size. Defaults to 1.
        :param train_epochs: The number of training epochs. Defaults to 1.
        :param test_mb_size: The test minibatch size. Defaults to 1.
        :param device: The device to use. Defaults to None (cpu).
        :param evaluation_protocol: The evaluation protocol. Defaults to None.
        """
        super(Naive, self).__init__(
            model, classifier_field, train_mb_size=train_mb_size,
            train_epochs=train_epochs, test_mb_size=test_mb_size,
            evaluation_protocol=evaluation_protocol, device=device)

        self.optimizer = optimizer
        self.criterion = criterion
        self.model = model

    @TrainingFlow
    def training_epoch(self, model: Module, train_data_loader,
                       optimizer: Optimizer, criterion: Module, device=None):
        # Number of iterations to run
        epoch_iterations = len(train_data_loader)
        self.update_namespace(epoch_iterations=epoch_iterations)

        # Move model to device
        self.model = model.to(device)
        model = self.model

        # Run an epoch
        for iteration, (train_mb_x, train_mb_y) in enumerate(train_data_loader):
            # Publish some relevant data to the global namespace
            self.update_namespace(iteration=iteration,
                                  train_mb_x=train_mb_x,
                                  train_mb_y=train_mb_y)
            optimizer.zero_grad()

            # Iteration begins
            self.before_training_iteration()

            # Move mini-batch data to device
            train_mb_x = train_mb_x.to(device)
            train_mb_y = train_mb_y.to(device)

            # Forward
            self.before_forward()
            logits = model(train_mb_x)
            self.update_namespace(logits=logits.detach().cpu())
            self.after_forward()

            # Loss
            loss = criterion(logits, train_mb_y)
            self.update_namespace(loss=loss.detach().cpu())

            # Backward
            self.before_backward()
            loss.backward()
            self.after_backward()

            # Update
            self.before_update()
            optimizer.step()
            self.after_update()

            # Iteration end
            self.after_training_iteration()

    @TestingFlow
    def testing_epoch(self, model: Module, test_data_loader,
                      criterion: Module, device=None):
        epoch_iterations = len(test_data_loader)
        self.model = model = model.to(device)
        self.update_namespace(epoch_iterations=epoch_iterations)

        for iteration, (test_mb_x, test_mb_y) in enumerate(test_data_loader):
            self.update_namespace(iteration=iteration,
                                  test_mb_x=test_mb_x,
                                  test_mb_y=test_mb_y)
            # Iteration begins
            self.before_test_iteration()

            # Move mini-batch data to device
            test_mb_x = test_mb_x.to(device)
            test_mb_y = test_mb_y.to(device)

            # Forward
            self.before_test_forward()
            test_logits = model(test_mb_x)
            self.update_namespace(test_logits=test_logits.detach().cpu())
            self.after_test_forward()

            # Loss
            test_loss = criterion(test_logits, test_mb_y)
            self.update_namespace(test_loss=test_loss.detach().cpu())

            # Iteration end
            self.after_test_iteration()
'''


def mnist_scenario(n_steps=5):
    """The scenario of the beginner's mode, without augmentation."""
    train = MNIST("./data/mnist", train=True, transform=ToTensor())
    test = MNIST("./data/mnist", train=False, transform=ToTensor())
    return NCScenario(train, test, n_steps, shuffle=True, seed=1234, task_labels=False)


def naive(**options):
    """The class of the document, ready to train."""
    names = {"Module": Module, "Optimizer": Optimizer}
    exec(CODE, names)
    model = SimpleMLP(num_classes=10)
    plugins = options.pop("plugins", [])
    protocol = EvaluationPlugin(
        accuracy_metrics(minibatch=True, experience=True, stream=True),
        loss_metrics(epoch=True, experience=True),
    )
    strategy = names["Naive"](
        model, "classifier", SGD(model.parameters(), lr=0.05, momentum=0.9), CrossEntropyLoss(),
        train_mb_size=10, evaluation_protocol=protocol, **options)  # fmt: skip
    for plugin in plugins:
        strategy.add_module(plugin)
    return strategy


TRAINING = """\
- BeforeTraining (group)
--- set_initial_epoch
--- before_training
--- make_train_dataset
--- adapt_train_dataset
--- make_train_dataloader
- ModelTraining (group)
--- TrainingModelAdaptation (group)
----- set_task_layer
--- TrainingLoop (loop)
----- before_training_epoch
----- TrainingEpoch (group)
------- training_epoch
----- after_training_epoch
----- next_training_epoch
- AfterTraining (group)
--- after_training"""

TESTING = """\
- BeforeTesting (group)
--- before_testing
--- set_initial_test_step_id
- MultiStepTestLoop (loop)
--- before_step_testing
--- TestingModelAdaptation (group)
----- set_task_layer
--- StepTesting (group)
----- make_test_dataset
----- adapt_test_dataset
----- make_test_dataloader
----- ModelTesting (group)
------- before_testing_epoch
------- TestingEpoch (group)
--------- testing_epoch
------- after_testing_epoch
--- after_step_testing
--- next_testing_step
- AfterTesting (group)
--- after_testing"""


def test_the_standard_flows():
    strategy = naive()
    assert str(strategy.training_flow) == TRAINING
    assert str(strategy.testing_flow) == TESTING


def test_naive_by_difference_learns(small_mnist):
    strategy = naive(train_epochs=3)
    steps = mnist_scenario()
    results = {}
    for step_info in steps[:2]:
        strategy.train(step_info)
        results = strategy.test(step_info, DatasetPart.CURRENT)
    assert results["Top1_Acc_Exp/eval_phase/test_stream/Task000/Exp001"] > 0.6
    assert strategy.clock.train_iterations == 3 * 2 * 4


@pytest.mark.parametrize(
    "plugins",
    [[ReplayPlugin(mem_size=20)], [EWCPlugin(ewc_lambda=1.0), LwFPlugin()]],
    ids=["replay", "ewc-lwf"],
)
def test_callback_plugins_change_what_is_learnt(small_mnist, plugins):
    weights = []
    for attached in ([], plugins):
        torch.manual_seed(1)
        strategy = naive(plugins=attached)
        for step_info in mnist_scenario()[:2]:
            torch.manual_seed(2)
            strategy.train(step_info)
        weights.append(strategy.model.features[0].weight.detach().clone())
    assert not torch.equal(*weights)
    assert weights[1].isfinite().all()
