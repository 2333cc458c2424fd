"""Seed 000, "Plugins": the document's own code, on small data."""

import copy

import pytest
import torch
from torch.nn import CrossEntropyLoss
from torch.optim import SGD
from torch.utils.data import ConcatDataset, DataLoader, TensorDataset
from torchvision.datasets import MNIST
from torchvision.transforms import ToTensor

from avalanche.benchmarks.generators import NCScenario
from avalanche.benchmarks.scenarios import DatasetPart
from avalanche.extras.models import SimpleMLP
from avalanche.training.skeletons import as_plugin
from avalanche.training.supervised import Naive

ADD = r"""
from avalanche.training.plugins import EvaluationPlugin
self.add_module(EvaluationPlugin())
"""

IMPORT = r"""
from avalanche.training.plugins import EvaluationPlugin, ReplayPlugin
"""

PLUGIN = r'''
from avalanche.training.skeletons import StrategySkeleton
from avalanche.training.skeletons import TrainingFlow

class ReplayPlugin(StrategySkeleton):
    """
    An experience replay plugin that can be plugged in a strategy.

    Instances of this class should be used as strategy plugins.

    This simply handles an external memory filled with randomly selected
    patterns and implements the "adapt_train_dataset" callback to add them to
    the training set.

    The :mem_size: params controls the number of patterns to be stored in the
    external memory. We assume the training set to contain at least this
    number of training data points.
    """
    def __init__(self, mem_size=200):

        super().__init__()

        self.mem_size = mem_size
        self.ext_mem = None

    @TrainingFlow
    def adapt_train_dataset(self, step_id, train_dataset, ext_mem):
        """ Before training we make sure to publish in the namespace a copy
            of :mem_size: randomly selected patterns to be used for replay
            in the next batch and we expand the current training set to
            contain also the data from the external memory. """

        # Additional set of the current batch to be concatenated to the ext.
        # memory at the end of the training
        rm_add = None

        # how many patterns to save for next iter
        h = min(self.mem_size // (step_id + 1), len(train_dataset))

        # We recover it as a mini-batch from the shuffled dataset
        # and we publish it in the namespace
        data_loader = DataLoader(
            train_dataset, batch_size=h, shuffle=True
        )
        rm_add = next(iter(data_loader))
        rm_add = TensorDataset(rm_add[0], rm_add[1])
        self.update_namespace(rm_add=rm_add)

        if step_id > 0:
            # We update the train_dataset concatenating the external memory.
            # We assume the user will shuffle the data when creating the data
            # loader.
            train_dataset = ConcatDataset([train_dataset, ext_mem])
            self.update_namespace(train_dataset=train_dataset)

    @TrainingFlow
    def after_training(self, step_id, rm_add):
        """ After training we update the external memory with the patterns of
         the current training batch/task. """

        # replace patterns in random memory
        ext_mem = self.ext_mem
        if step_id == 0:
            ext_mem = copy.deepcopy(rm_add)
        else:
            idxs_2_replace = torch.randperm(
                len(ext_mem.tensors[0]))[:len(rm_add.tensors[0])]
            for j, idx in enumerate(idxs_2_replace):
                ext_mem.tensors[0][idx] = rm_add.tensors[0][j]
                ext_mem.tensors[1][idx] = rm_add.tensors[1][j]
        self.ext_mem = ext_mem


__all__ = ['ReplayPlugin']
'''

USE = r"""
from avalanche.training.strategies import Naive

cl_strategy = Naive(
    model, 'classifier', SGD(model.parameters(), lr=0.001, momentum=0.9),
    CrossEntropyLoss(), train_mb_size=100, train_epochs=4, test_mb_size=100,
    plugins=[ReplayPlugin(mem_size=10000)]
)
"""


def mnist_scenario(n_steps=5):
    """The scenario of the beginner's mode, without augmentation."""
    train = MNIST("./data/mnist", train=True, transform=ToTensor())
    test = MNIST("./data/mnist", train=False, transform=ToTensor())
    return NCScenario(train, test, n_steps, shuffle=True, seed=1234, task_labels=False)


def names():
    """What the document's blocks see."""
    model = SimpleMLP(num_classes=10)
    found = {
        "copy": copy,
        "torch": torch,
        "ConcatDataset": ConcatDataset,
        "CrossEntropyLoss": CrossEntropyLoss,
        "DataLoader": DataLoader,
        "SGD": SGD,
        "TensorDataset": TensorDataset,
        "model": model,
    }
    exec(PLUGIN, found)
    return found


def test_the_plugin_in_the_prebuilt_strategy(small_mnist, capsys):
    found = names()
    exec(USE, found)
    strategy = found["cl_strategy"]
    exec(ADD, {"self": strategy})
    (plugin,) = [p for p in strategy.plugins if isinstance(p, found["ReplayPlugin"])]
    sizes = []
    for step_info in mnist_scenario()[:3]:
        results = strategy.train(step_info)
        results = strategy.test(step_info, DatasetPart.CUMULATIVE)
        sizes.append(len(plugin.ext_mem))
    # 40 samples a step: the memory takes in all of the first, and replaces in it from then on.
    assert sizes == [40, 40, 40]
    assert results["Top1_Acc_Exp/eval_phase/test_stream/Task000/Exp002"] >= 0
    assert len(set(plugin.ext_mem.tensors[1].tolist())) >= 2


def test_the_library_s_own_plugin_in_the_prebuilt_strategy(small_mnist, capsys):
    found = names()
    exec(IMPORT, found)
    exec(USE, found)
    strategy = found["cl_strategy"]
    for step_info in mnist_scenario()[:2]:
        strategy.train(step_info)
    (plugin,) = [p for p in strategy.plugins if isinstance(p, found["ReplayPlugin"])]
    assert len(plugin.storage_policy.buffer) == 80


@pytest.mark.parametrize("epochs", [1, 2])
def test_the_plugin_in_a_supervised_strategy(small_mnist, epochs):
    found = names()
    model, plugin = found["model"], found["ReplayPlugin"](mem_size=20)
    sizes = []

    class Sizes(found["StrategySkeleton"]):
        """What is trained on after the plugin has acted."""

        @found["TrainingFlow"]
        def make_train_dataloader(self, train_dataset):
            sizes.append(len(train_dataset))

    strategy = Naive(
        model, SGD(model.parameters(), lr=0.01), CrossEntropyLoss(), train_mb_size=20,
        train_epochs=epochs, evaluator=None,
        plugins=[as_plugin(plugin), as_plugin(Sizes())])  # fmt: skip
    for experience in mnist_scenario().train_stream[:3]:
        strategy.train(experience)
    # The plugin takes mem_size // (step_id + 1) samples of each step.
    assert sizes == [40, 60, 60]
    assert strategy.clock.train_iterations == epochs * (2 + 3 + 3)
    assert len(plugin.ext_mem) == 20
