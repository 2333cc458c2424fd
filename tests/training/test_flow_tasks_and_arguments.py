"""Flow strategies: memories next to task labels, and arguments in the places they used to have."""

import pytest
import torch
from torch import nn
from torch.utils.data import TensorDataset

from avalanche.benchmarks.generators import NCScenario
from avalanche.benchmarks.scenarios import DatasetPart
from avalanche.evaluation.metrics import accuracy_metrics
from avalanche.models import SimpleMLP
from avalanche.training import plugins, strategies
from avalanche.training.plugins import EvaluationPlugin


def scenario(n_steps=2, **options):
    y = torch.arange(80) % 4
    data = TensorDataset(nn.functional.one_hot(y).float(), y)
    return NCScenario(data, data, n_steps, shuffle=False, **options)


def sgd(model):
    return torch.optim.SGD(model.parameters(), lr=0.1)


LOOKING_BACK = {
    "FlowCumulative": lambda m, o: strategies.FlowCumulative(m, "classifier", o),
    "GreedyMemory": lambda m, o: strategies.FlowGDumb(m, "classifier", o),
    "ReplayPlugin": lambda m, o: strategies.FlowReplay(m, "classifier", o),
    **{
        name: lambda m, o, plugin=plugin: strategies.FlowNaive(m, "classifier", o, plugins=[plugin])
        for name, plugin in (
            ("AGEMPlugin", plugins.AGEMPlugin(5, 5)),
            ("GDumbPlugin", plugins.GDumbPlugin(5)),
            ("GEMPlugin", plugins.GEMPlugin(5, 0.5)),
            ("LwFPlugin", plugins.LwFPlugin()),
        )
    },
}


@pytest.mark.parametrize("name", LOOKING_BACK)
def test_samples_of_earlier_tasks_never_go_through_the_layer_of_another(name):
    model = SimpleMLP(num_classes=4, input_size=4, hidden_size=8)
    strategy = LOOKING_BACK[name](model, sgd(model))
    with pytest.raises(ValueError, match=rf"{name} trains on samples of earlier.*as_multitask"):
        strategy.train(scenario(task_labels=True)[0])
    assert strategy.clock.train_iterations == 0
    LOOKING_BACK[name](model, sgd(model)).train(scenario()[0])


def test_the_part_of_a_test_under_its_other_name():
    model = SimpleMLP(num_classes=4, input_size=4, hidden_size=8)
    protocol = EvaluationPlugin(accuracy_metrics(experience=True))
    optimizer = sgd(model)
    strategy = strategies.FlowNaive(model, "classifier", optimizer, evaluation_protocol=protocol)
    steps = scenario()
    strategy.train(steps[1])
    assert len(strategy.test(steps[1], test_part=DatasetPart.CURRENT)) == 1
    protocol.reset_last_metrics()
    assert len(strategy.test(steps[1], dataset_part=DatasetPart.COMPLETE)) == len(steps)


@pytest.mark.parametrize("kind", [strategies.FlowReplay, strategies.FlowGDumb])
def test_the_size_of_the_memory_by_position(kind):
    model = SimpleMLP(num_classes=4, input_size=4, hidden_size=8)
    strategy = kind(model, "classifier", sgd(model), None, 30, 8, 2)
    assert (strategy.train_mb_size, strategy.train_epochs) == (8, 2)
    memory = strategy.plugins[0]
    held = memory.memory if kind is strategies.FlowGDumb else memory.storage_policy
    assert held.max_size == 30
