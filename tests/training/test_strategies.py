"""Older paths: one name, both generations of its constructor."""

import copy
import pickle

import pytest
import torch
from torch.nn import CrossEntropyLoss
from torch.optim import SGD
from torch.utils.data import TensorDataset

import avalanche.extras.models
import avalanche.models
from avalanche.benchmarks.generators import NCScenario
from avalanche.benchmarks.scenarios import DatasetPart
from avalanche.core import SupervisedPlugin
from avalanche.evaluation.metrics import accuracy_metrics
from avalanche.extras.models import SimpleMLP
from avalanche.training import strategies, supervised
from avalanche.training.plugins import EvaluationPlugin, EWCPlugin
from avalanche.training.strategies import FlowGDumb, FlowNaive

FAMILIES = ["Naive", "Cumulative", "Replay", "GDumb"]


def parts():
    model = SimpleMLP(num_classes=4, input_size=4, hidden_size=8, drop_rate=0)
    return model, SGD(model.parameters(), lr=0.1)


def scenario(n_steps=2, **options):
    y = torch.arange(40) % 4
    data = TensorDataset(torch.nn.functional.one_hot(y).float(), y)
    return NCScenario(data, data, n_steps, shuffle=False, **options)


@pytest.mark.parametrize("name", FAMILIES)
def test_a_field_name_gives_the_flow_generation(name):
    model, optimizer = parts()
    strategy = getattr(strategies, name)(
        model, "classifier", optimizer, CrossEntropyLoss(), train_mb_size=5,
        evaluation_protocol=EvaluationPlugin())  # fmt: skip
    assert isinstance(strategy, FlowNaive)
    for step_info in scenario():
        strategy.train(step_info)
        strategy.test(step_info, DatasetPart.COMPLETE)
    assert strategy.clock.train_exp_counter == 2


@pytest.mark.parametrize("name", FAMILIES)
def test_an_optimizer_gives_the_later_generation(name):
    model, optimizer = parts()
    strategy = getattr(strategies, name)(
        model, optimizer, CrossEntropyLoss(), train_mb_size=5, eval_mb_size=5, evaluator=None,
        **({"mem_size": 10} if name in ("Replay", "GDumb") else {}))  # fmt: skip
    assert isinstance(strategy, getattr(supervised, name))
    strategy.train(scenario().train_stream)
    assert strategy.clock.train_exp_counter == 2


@pytest.mark.parametrize(
    "keywords",
    [{"classifier_field": "classifier"}, {"test_mb_size": 3}, {"evaluation_protocol": 0}],
)
def test_keywords_of_the_flow_generation(keywords):
    model, optimizer = parts()
    if "evaluation_protocol" in keywords:
        keywords = {"evaluation_protocol": EvaluationPlugin()}
    strategy = strategies.Naive(
        model, optimizer=optimizer, criterion=CrossEntropyLoss(), **keywords
    )
    assert isinstance(strategy, FlowNaive)
    assert strategy.classifier_field == "classifier"
    if "classifier_field" not in keywords:
        again = strategies.Naive(model, optimizer, CrossEntropyLoss(), **keywords)
        assert isinstance(again, FlowNaive)


def test_other_strategies_are_those_of_today():
    assert issubclass(strategies.EWC, supervised.EWC)
    assert issubclass(strategies.EWC, strategies.BaseStrategy)
    assert strategies.AlreadyTrainedError is supervised.AlreadyTrainedError
    assert set(supervised.__all__) <= {*strategies.__all__, *FAMILIES}
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        strategies.Nothing  # noqa: B018


def test_a_strategy_of_the_later_generation_can_be_copied():
    model, optimizer = parts()
    strategy = strategies.Naive(model, optimizer, evaluator=None)
    assert type(copy.deepcopy(strategy)) is strategies.Naive


def test_cumulative_flows_see_all_data_so_far():
    model, optimizer = parts()
    strategy = strategies.Cumulative(
        model, "classifier", optimizer, CrossEntropyLoss(), train_mb_size=5,
        evaluation_protocol=EvaluationPlugin())  # fmt: skip
    for step_info in scenario():
        strategy.train(step_info)
    assert strategy.clock.train_iterations == 4 + 8


def test_gdumb_begins_anew_and_trains_on_its_memory():
    model, optimizer = parts()
    fresh = copy.deepcopy(model.features[0].weight)
    strategy = FlowGDumb(
        model, "classifier", optimizer, CrossEntropyLoss(), train_mb_size=4, mem_size=8,
        evaluation_protocol=EvaluationPlugin())  # fmt: skip
    for step_info in scenario():
        strategy.train(step_info)
    assert strategy.clock.train_iterations == 2 + 2
    strategy.before_training(model=model)
    assert torch.equal(model.features[0].weight, fresh)
    strategy.reinit_function = lambda m: torch.nn.init.zeros_(m.features[0].weight)
    strategy.before_training(model=model)
    assert not model.features[0].weight.any()


def test_older_models():
    assert set(avalanche.extras.models.__all__) == set(avalanche.models.__all__)
    assert avalanche.extras.models.SimpleMLP is avalanche.models.SimpleMLP


def test_counters_of_the_older_base_strategy():
    seen = []

    class Own(strategies.BaseStrategy):
        def after_training_epoch(self, **kwargs):
            seen.append((self.training_exp_counter, self.epoch))

    model, optimizer = parts()
    strategy = Own(model, optimizer, CrossEntropyLoss(), 5, 2, evaluator=None)
    strategy.train(scenario().train_stream)
    assert seen == [(0, 0), (0, 1), (1, 0), (1, 1)]  # the epoch that ends, as then
    assert (strategy.training_exp_counter, strategy.epoch) == (2, 1)


@pytest.mark.parametrize("kind", [strategies.BaseStrategy, strategies.Naive, strategies.Replay])
def test_own_methods_of_older_strategies_call_those_above(kind):
    seen = []

    class Plugin(SupervisedPlugin):
        def before_training_exp(self, strategy, **kwargs):
            seen.append("plugin")

    class Own(kind):
        def before_training_exp(self, **kwargs):
            super().before_training_exp(**kwargs)
            seen.append(len(self.dataloader))

        def after_eval_iteration(self, **kwargs):
            super().after_eval_iteration(**kwargs)
            seen.append("evaluated")

    model, optimizer = parts()
    strategy = Own(
        model, optimizer, CrossEntropyLoss(), train_mb_size=5, eval_mb_size=10,
        plugins=[Plugin()], evaluator=None)  # fmt: skip
    experience = scenario().train_stream[0]  # 20 samples
    strategy.train(experience)
    assert seen == ["plugin", 4]
    strategy.eval(experience)
    assert seen[2:] == ["evaluated", "evaluated"]


class OlderLoop(strategies.BaseStrategy):
    """The loops of release 0.1 written out, as code of the time overrides them."""

    def train_exp(self, experience, eval_streams=None, **kwargs):
        self.before_train_dataset_adaptation(**kwargs)
        self.train_dataset_adaptation(**kwargs)
        self.after_train_dataset_adaptation(**kwargs)
        self.make_train_dataloader(**kwargs)
        self.model = self.model_adaptation()
        self.make_optimizer()
        self.before_training_exp(**kwargs)
        for self.epoch in range(self.train_epochs):  # noqa: B020
            self.before_training_epoch(**kwargs)
            self.training_epoch(**kwargs)
            self.after_training_epoch(**kwargs)
        self.after_training_exp(**kwargs)

    def training_epoch(self, **kwargs):
        for self.mb_it, self.mbatch in enumerate(self.dataloader):  # noqa: B020
            self._unpack_minibatch()
            self.before_training_iteration(**kwargs)
            self.optimizer.zero_grad()
            self.loss = 0
            self.before_forward(**kwargs)
            self.mb_output = self.forward()
            self.after_forward(**kwargs)
            self.loss += self.criterion()
            self.before_backward(**kwargs)
            self.loss.backward()
            self.after_backward(**kwargs)
            self.before_update(**kwargs)
            self.optimizer.step()
            self.after_update(**kwargs)
            self.after_training_iteration(**kwargs)


class OlderEpoch(OlderLoop):
    train_exp = strategies.BaseStrategy.train_exp


class Wrapped(strategies.Naive):
    def train_exp(self, experience, eval_streams=None, **kwargs):
        self.calls = [*getattr(self, "calls", ()), experience.current_experience]
        super().train_exp(experience, eval_streams, **kwargs)


@pytest.mark.parametrize("kind", [OlderLoop, OlderEpoch, Wrapped])
def test_loops_of_0_1_train_as_ours_with_their_plugins(kind):
    ends = []
    for used in (supervised.Naive, kind):
        torch.manual_seed(0)
        model, optimizer = parts()
        options = {"train_mb_size": 5, "train_epochs": 2, "eval_mb_size": 5}
        strategy = used(
            model, optimizer, CrossEntropyLoss(), plugins=[EWCPlugin(ewc_lambda=10)],
            evaluator=EvaluationPlugin(accuracy_metrics(epoch=True, experience=True)),
            **options)  # fmt: skip
        strategy.train(scenario().train_stream)
        strategy.eval(scenario().test_stream)
        ends.append((strategy.evaluator.get_last_metrics(), vars(strategy.clock), model))
    assert ends[0][:2] == ends[1][:2]
    assert ends[1][1]["train_iterations"] == 16
    for ours, theirs in zip(ends[0][2].parameters(), ends[1][2].parameters(), strict=True):
        assert torch.equal(ours, theirs)
    if kind is Wrapped:
        assert strategy.calls == [0, 1]
        assert isinstance(strategy, strategies.BaseStrategy)


def test_names_of_0_1_for_the_present_batch():
    seen = []

    class Plugin(SupervisedPlugin):
        def after_forward(self, strategy, **kwargs):
            seen.append((strategy.epoch, strategy.mb_it, strategy.logits is strategy.mb_output))

    for kind in (strategies.Naive, OlderLoop):
        model, optimizer = parts()
        strategy = kind(
            model, optimizer, CrossEntropyLoss(), train_mb_size=10, train_epochs=2,
            plugins=[Plugin()], evaluator=None)  # fmt: skip
        strategy.train(scenario().train_stream[0])
        assert seen == [(0, 0, True), (0, 1, True), (1, 0, True), (1, 1, True)]
        seen.clear()


OLDER = [n for n in strategies.__all__ if not n.startswith("Flow") and n != "AlreadyTrainedError"]
NEEDED = {
    "AGEM": {"patterns_per_exp": 5},
    "CoPE": {"n_classes": 4, "p_size": 4},
    "CWRStar": {"cwr_layer_name": "classifier"},
    "EWC": {"ewc_lambda": 1.0},
    "GEM": {"patterns_per_exp": 5},
    "LwF": {"alpha": 1.0, "temperature": 2.0},
    "MAS": {"lambda_reg": 0.01},
    "SynapticIntelligence": {"si_lambda": 1.0},
}


@pytest.mark.parametrize("name", OLDER)
def test_every_strategy_of_the_older_path_has_its_methods(name):
    base = getattr(strategies, name)
    assert base is getattr(strategies, name)
    assert base is strategies.BaseStrategy or issubclass(base, getattr(supervised, name))

    class Own(base):
        seen = ()

        def train_exp(self, experience, eval_streams=None, **kwargs):
            self.seen = (*self.seen, "exp")
            super().train_exp(experience, eval_streams, **kwargs)

        def before_forward(self, **kwargs):
            super().before_forward(**kwargs)
            self.seen = (*self.seen, "forward")

    torch.manual_seed(0)
    model, optimizer = parts()
    if name == "PNNStrategy":
        model = avalanche.models.PNN(num_layers=1, in_features=4, hidden_features_per_column=4)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    strategy = Own(
        model, optimizer, **NEEDED.get(name, {}), train_mb_size=10, train_epochs=1, evaluator=None
    )
    strategy.train(scenario().train_stream)
    experiences = strategy.seen.count("exp")
    assert experiences == (1 if name == "JointTraining" else 2)
    assert strategy.seen.count("forward") >= 2 * experiences
    pickle.dumps(base)


def test_a_loop_that_names_what_the_model_answers_logits():
    class Loop(OlderLoop):
        def forward(self):
            self.logits = super().forward()
            return self.logits

    model, optimizer = parts()
    strategy = Loop(model, optimizer, CrossEntropyLoss(), train_mb_size=10, evaluator=None)
    strategy.train(scenario().train_stream[0])
    assert strategy.clock.train_iterations == 2


def test_batches_of_an_evaluation_are_counted_apart():
    seen = []

    class Own(strategies.BaseStrategy):
        def eval_epoch(self, **kwargs):
            for self.mb_it, self.mbatch in enumerate(self.dataloader):  # noqa: B020
                self._unpack_minibatch()
                self.before_eval_iteration(**kwargs)
                self.mb_output = self.forward()
                self.loss = self.criterion()
                self.after_eval_iteration(**kwargs)

        def after_training_iteration(self, **kwargs):
            seen.append(self.mb_it)

    model, optimizer = parts()
    strategy = Own(
        model, optimizer, CrossEntropyLoss(), train_mb_size=10, eval_mb_size=1, train_epochs=2,
        eval_every=1, evaluator=None)  # fmt: skip
    strategy.train(scenario().train_stream[0], [scenario().test_stream])
    assert seen == [0, 1, 0, 1]


def test_paths_of_0_6_for_templates_and_strategies():
    from avalanche.training.strategies.base_strategy import BaseStrategy
    from avalanche.training.supervised.strategy_wrappers import PNNStrategy
    from avalanche.training.templates import BaseSGDTemplate, SupervisedTemplate, base_sgd
    from avalanche.training.templates import common_templates as common

    assert BaseStrategy is strategies.BaseStrategy
    assert PNNStrategy is supervised.PNNStrategy
    assert common.SupervisedTemplate is SupervisedTemplate
    assert base_sgd.BaseSGDTemplate is BaseSGDTemplate
