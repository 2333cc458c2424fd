"""Seed 000, "Strategies": the document's own code, on small data."""

from torch.nn import CrossEntropyLoss
from torch.optim import SGD
from torchvision.datasets import MNIST
from torchvision.transforms import ToTensor

from avalanche.benchmarks.generators import NCScenario
from avalanche.benchmarks.scenarios import DatasetPart

CODE = r"""
from avalanche.extras.models import SimpleMLP
from avalanche.training.strategies import Naive

model = SimpleMLP(num_classes=10)
cl_strategy = Naive(
    model, 'classifier', SGD(model.parameters(), lr=0.001, momentum=0.9),
    CrossEntropyLoss(), train_mb_size=100, train_epochs=4, test_mb_size=100
)
"""


def mnist_scenario(n_steps=5):
    """The scenario of the beginner's mode, without augmentation."""
    train = MNIST("./data/mnist", train=True, transform=ToTensor())
    test = MNIST("./data/mnist", train=False, transform=ToTensor())
    return NCScenario(train, test, n_steps, shuffle=True, seed=1234, task_labels=False)


def test_a_prebuilt_strategy(small_mnist, capsys):
    names = {"SGD": SGD, "CrossEntropyLoss": CrossEntropyLoss}
    exec(CODE, names)
    cl_strategy = names["cl_strategy"]
    for step_info in mnist_scenario()[:2]:
        cl_strategy.train(step_info)
        results = cl_strategy.test(step_info, DatasetPart.CUMULATIVE)
    for step in range(2):
        assert 0 <= results[f"Top1_Acc_Exp/eval_phase/test_stream/Task000/Exp{step:03}"] <= 1
        assert results[f"Loss_Exp/eval_phase/test_stream/Task000/Exp{step:03}"] > 0
    assert "Exp002" not in "".join(results)
    assert cl_strategy.test_mb_size == 100
    assert cl_strategy.clock.train_exp_counter == 2
    assert "Top1_Acc_Stream" in capsys.readouterr().out
