"""The flow strategies: what is trained, tested and left alone."""

import copy

import pytest
import torch
from torch import nn
from torch.nn import CrossEntropyLoss
from torch.optim import SGD
from torch.utils.data import TensorDataset

from avalanche.benchmarks.generators import NCScenario, TensorScenario
from avalanche.benchmarks.scenarios import DatasetPart
from avalanche.core import SupervisedPlugin
from avalanche.evaluation.metrics import accuracy_metrics, loss_metrics
from avalanche.extras.models import SimpleMLP
from avalanche.training.plugins import EvaluationPlugin, EWCPlugin, LwFPlugin, ReplayPlugin
from avalanche.training.skeletons import StrategySkeleton, TestingFlow, TrainingFlow
from avalanche.training.strategies import FlowNaive
from avalanche.training.supervised import Naive
from avalanche.training.templates import DeepLearningStrategy, MTDeepLearningStrategy


def scenario(n_steps=2, **options):
    y = torch.arange(80) % 4
    x = nn.functional.one_hot(y).float() + torch.linspace(0, 0.2, 80).view(80, 1)
    data = TensorDataset(x, y)
    return NCScenario(data, data, n_steps, shuffle=False, **options)


def mlp():
    torch.manual_seed(3)
    return SimpleMLP(num_classes=4, input_size=4, hidden_size=6, drop_rate=0)


def naive(model=None, kind=FlowNaive, **options):
    model = mlp() if model is None else model
    options.setdefault("evaluation_protocol", EvaluationPlugin())
    optimizer = SGD(model.parameters(), lr=0.1, momentum=0.9)
    return kind(model, "classifier", optimizer, CrossEntropyLoss(), train_mb_size=10, **options)


class Detached(MTDeepLearningStrategy):
    """The document's way to write an epoch: values are published without their graph."""

    def __init__(self, model, classifier_field, optimizer, criterion, **options):
        super().__init__(model, classifier_field, **options)
        self.optimizer, self.criterion = optimizer, criterion

    @TrainingFlow
    def training_epoch(self, model, train_data_loader, optimizer, criterion):
        for x, y in train_data_loader:
            self.update_namespace(train_mb_x=x, train_mb_y=y)
            optimizer.zero_grad()
            self.before_training_iteration()
            self.before_forward()
            logits = model(x)
            self.update_namespace(logits=logits.detach().cpu())
            self.after_forward()
            loss = criterion(logits, y)
            self.update_namespace(loss=loss.detach().cpu())
            self.before_backward()
            loss.backward()
            self.after_backward()
            optimizer.step()
            self.after_training_iteration()

    @TestingFlow
    def testing_epoch(self):
        """Not needed."""


# ------------------------------------------------------- as in the supervised loop


@pytest.mark.parametrize("kind", [FlowNaive, Detached])
@pytest.mark.parametrize(
    "make",
    [list, lambda: [EWCPlugin(5.0, fisher="empirical")], lambda: [LwFPlugin(2.0)]],
    ids=["none", "ewc", "lwf"],
)
def test_callback_plugins_do_what_they_do_in_the_supervised_loop(make, kind):
    """Same weights as the supervised family, whatever the loop publishes."""
    weights = []
    for family in (kind, Naive):
        model = mlp()
        if family is Naive:
            optimizer = SGD(model.parameters(), lr=0.1, momentum=0.9)
            strategy = Naive(
                model, optimizer, train_mb_size=20, plugins=make(), evaluator=None)  # fmt: skip
            steps = scenario().train_stream
        else:
            strategy = naive(model, family, plugins=make())
            strategy.keep_initial_layer = True
            strategy.train_mb_size = 20
            steps = scenario()
        for step in steps:
            torch.manual_seed(7)
            strategy.train(step)
        weights.append([p.detach().clone() for p in model.parameters()])
    for ours, theirs in zip(*weights, strict=True):
        torch.testing.assert_close(ours, theirs)


def test_replay_adds_the_memory_to_each_batch():
    seen = []

    class Sizes(SupervisedPlugin):
        def before_training_iteration(self, strategy, **kwargs):
            seen.append((strategy.experience.current_experience, len(strategy.mb_x)))
            assert strategy.mb_task_id.tolist() == [0] * len(strategy.mb_x)
            assert (
                strategy.clock.train_epoch_iterations == sum(e == seen[-1][0] for e, _ in seen) - 1
            )

    strategy = naive(plugins=[ReplayPlugin(20), Sizes()])
    for step_info in scenario():
        strategy.train(step_info)
    assert set(seen) == {(0, 10), (1, 20)}
    assert len(seen) == 8


def test_events_of_callback_plugins_in_order():
    log = []

    class Spy(SupervisedPlugin):
        """Notes every event."""

    def note(event):
        return lambda self, strategy, **kwargs: log.append(event)

    from avalanche.core.events import EVAL_EVENTS, TRAIN_EVENTS

    for event in (*TRAIN_EVENTS, *EVAL_EVENTS):
        setattr(Spy, event.name, note(event.name))
    spies = [Spy(), Spy()]
    flow = naive(plugins=[spies[0]], train_epochs=2)
    step_info = scenario()[0]
    flow.train(step_info)
    flow.test(step_info, DatasetPart.COMPLETE)
    in_flow, log[:] = list(log), []
    model = mlp()
    loop = Naive(
        model, SGD(model.parameters(), lr=0.1), train_mb_size=10, train_epochs=2,
        eval_mb_size=10, plugins=[spies[1]], evaluator=None)  # fmt: skip
    loop.train(step_info)
    loop.eval(step_info.benchmark.test_stream)
    assert in_flow == log


def test_assignments_of_callback_plugins_reach_the_flow():
    class Replace(SupervisedPlugin):
        def after_train_dataset_adaptation(self, strategy, **kwargs):
            strategy.adapted_dataset = strategy.adapted_dataset.subset(range(6))

        def before_training_iteration(self, strategy, **kwargs):
            x, y, _ = strategy.mbatch
            strategy.mbatch = [x[:2], y[:2]]

        def after_forward(self, strategy, **kwargs):
            strategy.mb_output = strategy.mb_output * 0
            assert strategy.mb_output.shape[0] == 2

        def before_backward(self, strategy, **kwargs):
            assert strategy.loss.item() == pytest.approx(torch.tensor(2.0).log().item())
            strategy.loss = strategy.loss * 2

        def after_training_iteration(self, strategy, **kwargs):
            strategy.stop_training()

    strategy = naive(plugins=[Replace()], train_epochs=5)
    strategy.train(scenario()[0])
    assert strategy.clock.train_iterations == 1


# ------------------------------------------------------------------ task layers


def test_layers_by_task_label():
    strategy = naive()
    steps = scenario(task_labels=True)
    for step_info in steps:
        strategy.train(step_info)
    assert sorted(strategy.task_layers) == [0, 1]
    first, second = strategy.task_layers[0], strategy.task_layers[1]
    assert strategy.model.classifier is second
    assert (first.out_features, second.out_features) == (2, 4)
    before = copy.deepcopy(second.state_dict())
    trained = first.weight.detach().clone()
    strategy.train(steps[0])
    assert strategy.model.classifier is first
    assert not torch.equal(first.weight, trained)
    assert all(torch.equal(before[k], v) for k, v in second.state_dict().items())
    params = [id(p) for g in strategy.optimizer.param_groups for p in g["params"]]
    assert params == [id(p) for p in strategy.model.parameters()]


def test_a_layer_grows_and_keeps_its_rows():
    strategy = naive()
    small = nn.Linear(6, 2)
    wide = strategy.expand_task_layer(small, 5)
    assert torch.equal(wide.weight[:2], small.weight)
    assert torch.equal(wide.bias[:2], small.bias)
    assert wide.out_features == 5


def test_the_initial_layer_may_stay():
    model = mlp()
    initial = model.classifier
    strategy = naive(model, Detached, keep_initial_layer=True)
    strategy.train(scenario()[0])
    assert strategy.task_layers == {0: initial}


def test_hooks_of_task_layers():
    made, seen = [], []

    class Zero(FlowNaive):
        def initialize_new_task_layer(self, new_layer):
            made.append(new_layer)
            nn.init.zeros_(new_layer.weight)

        @TrainingFlow
        def training_epoch(self, model):
            seen.append(model.classifier)
            assert not model.classifier.weight.any()

    strategy = naive(kind=Zero, train_epochs=2)
    for step_info in scenario(task_labels=True):
        strategy.train(step_info)
    assert len(made) == 2
    assert seen == [made[0]] * 2 + [made[1]] * 2


def test_models_without_the_field():
    with pytest.raises(ValueError, match="classifier_field='clasifier': SimpleMLP has no such"):
        FlowNaive(mlp(), "clasifier", SGD(mlp().parameters(), lr=0.1))
    odd = nn.Sequential()
    odd.add_module("classifier", nn.Sequential(nn.Linear(4, 4)))
    with pytest.raises(ValueError, match="output layer is a Sequential.*override create_task"):
        naive(odd).train(scenario()[0])


def test_a_field_inside_a_submodule():
    model = nn.Sequential()
    model.add_module("head", nn.Sequential())
    model.head.add_module("fc", nn.Linear(4, 4))
    strategy = FlowNaive(
        model, "head.fc", SGD(model.parameters(), lr=0.1), train_mb_size=10,
        evaluation_protocol=EvaluationPlugin())  # fmt: skip
    strategy.train(scenario()[0])
    assert model.head.fc.out_features == 2


# ---------------------------------------------------------------------- testing


def test_a_test_changes_nothing():
    strategy = naive()
    steps = scenario(task_labels=True)
    strategy.train(steps[0])
    model = strategy.model
    before = copy.deepcopy(model.state_dict()), torch.get_rng_state(), model.classifier
    model.features.eval()
    modes = [m.training for m in model.modules()]
    strategy.test(steps[0], DatasetPart.COMPLETE)
    assert model.classifier is before[2]
    assert list(strategy.task_layers) == [0]
    assert torch.equal(torch.get_rng_state(), before[1])
    assert all(torch.equal(before[0][k], v) for k, v in model.state_dict().items())
    assert [m.training for m in model.modules()] == modes
    assert all(p.grad is None or p.grad.isfinite().all() for p in model.parameters())


def test_results_are_those_of_each_step():
    protocol = EvaluationPlugin(
        accuracy_metrics(experience=True, stream=True), loss_metrics(experience=True)
    )
    strategy = naive(evaluation_protocol=protocol, train_epochs=20)
    steps = scenario()
    for step_info in steps:
        strategy.train(step_info)
    results = strategy.test(steps[1])
    correct = []
    model = strategy.model.eval()
    for step, experience in enumerate(steps.test_stream):
        data = experience.dataset.eval()
        x, y = torch.stack([s[0] for s in data]), torch.tensor([s[1] for s in data])
        with torch.no_grad():
            logits = model(x)
        key = f"eval_phase/test_stream/Task000/Exp{step:03}"
        right = (logits.argmax(1) == y).float()
        assert results[f"Top1_Acc_Exp/{key}"] == pytest.approx(right.mean().item())
        loss = nn.functional.cross_entropy(logits, y).item()
        assert results[f"Loss_Exp/{key}"] == pytest.approx(loss, rel=1e-4)
        correct.append(right)
    stream = torch.cat(correct).mean().item()
    assert results["Top1_Acc_Stream/eval_phase/test_stream/Task000"] == pytest.approx(stream)


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        (DatasetPart.CURRENT, [1]),
        (DatasetPart.CUMULATIVE, [0, 1]),
        (DatasetPart.OLD, [0]),
        (DatasetPart.FUTURE, [2, 3]),
        (DatasetPart.COMPLETE, [0, 1, 2, 3]),
    ],
)
def test_parts(part, expected):
    strategy, seen = naive(), []

    class Steps(StrategySkeleton):
        @TestingFlow
        def before_step_testing(self, step_id, test_part):
            assert test_part is part
            seen.append(step_id)

    strategy.add_plugin(Steps())
    strategy.test(scenario(4)[1], part)
    assert seen == expected


def test_parts_without_steps():
    strategy = naive()
    with pytest.raises(ValueError, match="seen from step 0 of 2 it holds no step to test"):
        strategy.test(scenario()[0], DatasetPart.OLD)
    with pytest.raises(ValueError, match="dataset_part='all': expected one of"):
        strategy.test(scenario()[0], "all")


def test_a_single_test_set_is_tested_once():
    x, y = torch.zeros(8, 4), torch.arange(8) % 2
    steps = TensorScenario([x, x], [y, y], x, y, complete_test_set_only=True)
    protocol = EvaluationPlugin(accuracy_metrics(experience=True))
    strategy = naive(evaluation_protocol=protocol)
    strategy.train(steps[1])
    assert [k for k in strategy.test(steps[1]) if "eval_phase" in k] == [
        "Top1_Acc_Exp/eval_phase/test_stream/Task000/Exp000"
    ]


def test_a_test_inside_training():
    strategy, seen = naive(), []

    class Check(StrategySkeleton):
        @TrainingFlow
        def after_training_epoch(self, step_info, step_id):
            strategy.test(step_info)
            seen.append(step_id)

        @TrainingFlow
        def after_training(self, step_id, train_dataset):
            seen.append((step_id, len(train_dataset), strategy.model.training))

    strategy.add_plugin(Check())
    strategy.train(scenario()[0])
    assert seen == [0, (0, 40, True)]


# --------------------------------------------------------------------- mistakes


def test_epochs_must_be_written():
    with pytest.raises(TypeError, match="abstract.*testing_epoch"):
        DeepLearningStrategy(mlp())


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"train_epochs": 0}, ValueError, "train_epochs=0: expected a whole number"),
        ({"test_mb_size": 0}, ValueError, "test_mb_size=0"),
        ({"plugins": EWCPlugin(1.0)}, TypeError, "write plugins="),
        ({"plugins": [EWCPlugin]}, TypeError, "EWCPlugin is a class"),
        ({"evaluation_protocol": 3}, TypeError, "evaluation_protocol=3: expected"),
    ],
)
def test_wrong_arguments(options, error, message):
    with pytest.raises(error, match=message):
        naive(**options)


def test_wrong_model_and_optimizer():
    with pytest.raises(TypeError, match="optimizer=.*expected a torch.optim.Optimizer"):
        FlowNaive(mlp(), "classifier", "sgd")
    with pytest.raises(ValueError, match="optimizer: it holds no parameter of this model"):
        FlowNaive(mlp(), "classifier", SGD(mlp().parameters(), lr=0.1))


def test_arguments_of_train():
    with pytest.raises(TypeError, match="'num_worker'.*did you mean num_workers"):
        naive().train(scenario()[0], num_worker=2)
    naive().train(scenario()[0], num_workers=0)
