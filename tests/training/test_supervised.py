"""The supervised loop: order of events, state at each, what it refuses."""

import pytest
import torch
from torch import nn

from avalanche.core import SupervisedPlugin
from avalanche.core.events import EVAL_EVENTS, TRAIN_EVENTS
from avalanche.evaluation.metrics import accuracy_metrics
from avalanche.testing import streams
from avalanche.training import Naive
from avalanche.training.plugins import EvaluationPlugin
from avalanche.training.templates import SupervisedTemplate

TRAIN = [e.name for e in TRAIN_EVENTS]
ITERATION = TRAIN[5:13]
EVAL = [e.name for e in EVAL_EVENTS]


class Spy(SupervisedPlugin):
    """Notes every event, and which attributes of the strategy were set."""

    def __init__(self):
        self.events, self.kwargs, self.seen = [], [], {}


def _note(name):
    def callback(self, strategy, **kwargs):
        self.events.append(name)
        self.kwargs.append(kwargs)
        fields = ("experience", "adapted_dataset", "dataloader", "mbatch", "mb_output")
        self.seen[name] = {f for f in fields if getattr(strategy, f) not in (None, ())}

    return callback


for event in TRAIN + EVAL:
    setattr(Spy, event, _note(event))


def make(model=None, **options):
    torch.manual_seed(0)
    model = model or nn.Sequential(nn.Flatten(), nn.Linear(streams.FEATURES, streams.CLASSES))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    options = {"evaluator": None, "train_mb_size": 16, "eval_mb_size": 100, **options}
    return Naive(model, optimizer, **options)


@pytest.mark.parametrize("epochs", [1, 2])
def test_order_of_training_events(epochs):
    spy, benchmark = Spy(), streams.class_incremental()
    experience = benchmark.train_stream[0]
    make(plugins=[spy], train_epochs=epochs).train(benchmark.train_stream[:2])
    iterations = -(-len(experience.dataset) // 16)
    epoch = ["before_training_epoch", *ITERATION * iterations, "after_training_epoch"]
    one = [*TRAIN[1:4], *epoch * epochs, "after_training_exp"]
    assert spy.events == ["before_training", *one * 2, "after_training"]


def test_order_of_evaluation_events():
    spy, benchmark = Spy(), streams.class_incremental()
    make(plugins=[spy]).eval(benchmark.test_stream[:2])
    assert spy.events == ["before_eval", *EVAL[1:9] * 2, "after_eval"]


def test_what_is_available_at_each_event():
    spy, benchmark = Spy(), streams.class_incremental()
    make(plugins=[spy]).train(benchmark.train_stream[0])
    assert spy.seen["before_training"] == set()
    assert spy.seen["before_train_dataset_adaptation"] == {"experience"}
    assert spy.seen["after_train_dataset_adaptation"] == {"experience", "adapted_dataset"}
    assert "dataloader" in spy.seen["before_training_exp"]
    assert "mbatch" in spy.seen["before_training_iteration"]
    assert "mb_output" in spy.seen["after_forward"]


def test_keyword_arguments_reach_every_callback():
    class Asks(SupervisedPlugin):
        def before_training(self, strategy, note=None, **kwargs):
            self.note = note

    spy, asks = Spy(), Asks()
    benchmark = streams.class_incremental()
    make(plugins=[spy, asks]).train(benchmark.train_stream[0], note=3, shuffle=False)
    assert asks.note == 3
    assert all(k == {"note": 3, "shuffle": False} for k in spy.kwargs)


def test_a_misspelt_keyword_argument_is_refused():
    benchmark = streams.class_incremental()
    with pytest.raises(TypeError, match="'num_worker'.*did you mean num_workers"):
        make().train(benchmark.train_stream[0], num_worker=4)
    with pytest.raises(TypeError, match="unexpected keyword argument 'train_epoch'"):
        make(train_epoch=3)


def test_it_is_plain_gradient_descent():
    """The weights after an experience equal those of a loop written by hand."""
    benchmark = streams.class_incremental()
    data = benchmark.train_stream[0].dataset
    strategy = make()
    model = nn.Sequential(nn.Flatten(), nn.Linear(streams.FEATURES, streams.CLASSES))
    model.load_state_dict(strategy.model.state_dict())
    strategy.train(benchmark.train_stream[0], shuffle=False)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for start in range(0, len(data), 16):
        samples = [data[i] for i in range(start, min(start + 16, len(data)))]
        x, y = torch.stack([s[0] for s in samples]), torch.tensor([s[1] for s in samples])
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(x), y).backward()
        optimizer.step()
    for a, b in zip(model.parameters(), strategy.model.parameters(), strict=True):
        torch.testing.assert_close(a, b)


def test_positional_arguments_in_the_order_of_0_6():
    model = nn.Linear(2, 2)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    strategy = Naive(model, optimizer, nn.CrossEntropyLoss(), 32, 2, 64, "cpu", None, None, 1)
    assert (strategy.train_mb_size, strategy.train_epochs, strategy.eval_mb_size) == (32, 2, 64)
    assert strategy.peval.eval_every == 1
    assert Naive(model, optimizer, train_mb_size=7).eval_mb_size == 7


def test_stopping_ends_the_experience_only():
    class Stop(SupervisedPlugin):
        iterations = 0

        def after_training_iteration(self, strategy, **kwargs):
            self.iterations += 1
            if strategy.clock.train_exp_iterations == 0:
                strategy.stop_training()

    stop = Stop()
    strategy = make(plugins=[stop], train_epochs=3)
    strategy.train(streams.class_incremental().train_stream)
    assert stop.iterations == 3  # one for each of the three experiences
    assert strategy.clock.train_exp_counter == 3


def test_overridden_hooks_and_own_event_methods_are_called():
    class Mine(SupervisedTemplate):
        before, own = 0, 0

        def _before_forward(self, **kwargs):
            self.before += 1
            super()._before_forward(**kwargs)

        def after_training(self, **kwargs):
            self.own += 1

    spy = Spy()
    model = nn.Sequential(nn.Flatten(), nn.Linear(streams.FEATURES, streams.CLASSES))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    strategy = Mine(model, optimizer, train_mb_size=16, evaluator=None, plugins=[spy])
    strategy.train(streams.class_incremental().train_stream[0])
    assert strategy.before == spy.events.count("before_forward") > 0
    assert strategy.own == 1


def test_a_plugin_may_be_appended_later():
    spy = Spy()
    strategy = make()
    strategy.plugins.append(spy)
    strategy.train(streams.class_incremental().train_stream[0])
    assert spy.events[0] == "before_training"


def test_one_experience_a_list_a_stream_or_a_generator():
    for form in (lambda s: s[0], list, lambda s: s, lambda s: (e for e in s)):
        strategy = make()
        strategy.train(form(streams.class_incremental().train_stream))
        assert strategy.clock.train_exp_counter in (1, 3)


def test_periodic_evaluation_after_every_nth_epoch_on_the_test_stream():
    evaluator = EvaluationPlugin(accuracy_metrics(stream=True))
    strategy = make(train_epochs=4, eval_every=2, evaluator=evaluator)
    strategy.train(streams.class_incremental().train_stream[0])
    rows = evaluator.table()
    assert {r["stream"] for r in rows} == {"test"}
    per_epoch = strategy.clock.train_iterations // 4
    # Before training, after epochs 2 and 4; the last one is not repeated at the end.
    assert [r["step"] for r in rows] == [0, per_epoch * 2, per_epoch * 4]


def test_modes_and_batch_are_restored_after_an_evaluation_during_training():
    class Checks(SupervisedPlugin):
        def after_training_exp(self, strategy, **kwargs):
            self.state = strategy.is_training, strategy.model[0].training, strategy.mbatch

        def after_training_iteration(self, strategy, **kwargs):
            self.last = strategy.mbatch

    checks = Checks()
    frozen = nn.Sequential(nn.Flatten(), nn.Linear(streams.FEATURES, streams.CLASSES))
    strategy = make(frozen, eval_every=1)
    strategy.plugins.append(checks)  # after the periodic evaluation
    strategy.train(streams.class_incremental().train_stream[0])
    assert checks.state == (True, True, checks.last)


def test_classes_unknown_to_a_growing_head_count_as_wrong():
    from avalanche.models import IncrementalClassifier

    model = nn.Sequential(nn.Flatten(), IncrementalClassifier(streams.FEATURES))
    evaluator = EvaluationPlugin(accuracy_metrics(experience=True))
    strategy = make(model, evaluator=evaluator)
    benchmark = streams.class_incremental()
    strategy.train(benchmark.train_stream[0])
    shapes = [p.shape for p in strategy.model.parameters()]
    results = strategy.eval(benchmark.test_stream)
    assert results["Top1_Acc_Exp/eval_phase/test_stream/Task000/Exp002"] == 0
    assert [p.shape for p in strategy.model.parameters()] == shapes


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"train_mb_size": 0}, ValueError, "train_mb_size=0: expected a whole number"),
        ({"train_epochs": -1}, ValueError, "train_epochs=-1"),
        ({"eval_every": -2}, ValueError, "eval_every=-2: expected -1"),
        ({"peval_mode": "epochs"}, ValueError, "peval_mode='epochs': expected one of epoch"),
        ({"plugins": [SupervisedPlugin]}, TypeError, "SupervisedPlugin is a class; pass an inst"),
        ({"plugins": [object()]}, TypeError, "implements no event"),
        ({"evaluator": lambda: 3}, TypeError, "evaluator=.*expected an EvaluationPlugin"),
    ],
)
def test_wrong_options_are_refused_at_construction(options, error, message):
    with pytest.raises(error, match=message):
        make(**options)


def test_wrong_objects_are_refused_at_construction():
    model = nn.Linear(1, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with pytest.raises(TypeError, match="model=.*pass an instance"):
        Naive(nn.Linear, optimizer)
    with pytest.raises(TypeError, match="optimizer=.*expected a torch.optim.Optimizer"):
        Naive(model, torch.optim.SGD)


def test_an_event_of_another_template_is_a_warning():
    class Meta(SupervisedPlugin):
        def before_inner_updates(self, strategy, **kwargs):
            pass

    with pytest.warns(UserWarning, match="Meta: before_inner_updates will never be called"):
        make(plugins=[Meta()])
