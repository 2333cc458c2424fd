"""Seed 000, "Beginner mode": the document's own code, on small data."""

import pytest
import torch
import torchvision.transforms as transforms
from torch.nn import CrossEntropyLoss
from torch.optim import SGD
from torch.utils.data import DataLoader
from torchvision.datasets import MNIST
from torchvision.transforms import RandomCrop, ToTensor

STRATEGY = r'''
class MyStrategy():
    """My Basic Strategy"""

    def __init__(self, model, optimizer, criterion):
        self.model = model
        self.optimizer = optimizer
        self.criterion = criterion

    def train(self, step_info):
        # here you can implement your own training loop for each step (i.e.
        # batch or task).

        train_dataset, t = step_info.current_training_set()
        train_data_loader = DataLoader(
            train_dataset, num_workers=4, batch_size=128
        )

        for epoch in range(1):
            for mb in train_data_loader:
                # you magin here...
                pass

    def test(self, step_info):
        # here you can implement your own test loop for each step (i.e.
        # batch or task).

        test_dataset, t = step_info.step_specific_test_set(0)
        test_data_loader = DataLoader(
            test_dataset, num_workers=4, batch_size=128
        )

        # test here
'''

USE = r"""
from avalanche.benchmarks.scenarios import DatasetPart, NCBatchInfo
from avalanche.benchmarks.generators import NCScenario
from avalanche.extras.models import SimpleMLP

# --- CONFIG
device = torch.device("cuda:0" if torch.cuda.is_available() else "cpu")
n_batches = 5
# ---------

# --- TRANSFORMATIONS
train_transform = transforms.Compose([
    RandomCrop(28, padding=4),
    ToTensor(),
    transforms.Normalize((0.1307,), (0.3081,))
    ])
test_transform = transforms.Compose([
    ToTensor(),
    transforms.Normalize((0.1307,), (0.3081,))
])
# ---------

# --- SCENARIO CREATION
mnist_train = MNIST('./data/mnist', train=True,
                    download=True, transform=train_transform)
mnist_test = MNIST('./data/mnist', train=False,
                       download=True, transform=test_transform)
nc_scenario = NCScenario(
    mnist_train, mnist_test, n_batches, shuffle=True, seed=1234,
    task_labels=False)
# ---------

# MODEL CREATION
model = SimpleMLP(num_classes=nc_scenario.n_classes)

# CREATE THE STRATEGY INSTANCE (NAIVE)
cl_strategy = MyStrategy(
    model, SGD(model.parameters(), lr=0.001, momentum=0.9),
    CrossEntropyLoss())

# TRAINING LOOP
print('Starting experiment...')
results = []
batch_info: NCBatchInfo
for batch_info in nc_scenario:
    print("Start of step ", batch_info.current_step)

    cl_strategy.train(batch_info)
    print('Training completed')

    print('Computing accuracy on the whole test set')
    results.append(cl_strategy.test(batch_info))
"""

NAMES = {
    "torch": torch,
    "transforms": transforms,
    "CrossEntropyLoss": CrossEntropyLoss,
    "SGD": SGD,
    "DataLoader": DataLoader,
    "MNIST": MNIST,
    "RandomCrop": RandomCrop,
    "ToTensor": ToTensor,
}


# The document asks for four workers, whatever the machine has.
@pytest.mark.filterwarnings("ignore:This DataLoader will create")
def test_a_plain_class_over_the_steps(small_mnist, capsys):
    names = dict(NAMES)
    exec(STRATEGY, names)
    exec(USE, names)
    printed = capsys.readouterr().out
    assert [f"Start of step  {k}" in printed for k in range(6)] == [True] * 5 + [False]
    assert names["results"] == [None] * 5
    assert names["model"].classifier.out_features == 10
