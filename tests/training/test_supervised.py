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
    with pytest.raises(TypeError, match="has no argument .train_epoch.; did you mean train_epochs"):
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
        ({"plugins": [SupervisedPlugin()]}, TypeError, "implements no event"),
        ({"plugins": SupervisedPlugin()}, TypeError, r"write plugins=\[...\]"),
        ({"criterion": nn.CrossEntropyLoss}, TypeError, "with the brackets"),
        ({"criterion": "ce"}, TypeError, "criterion='ce': expected a function"),
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


def test_stopping_at_the_end_of_an_experience_does_not_skip_the_next():
    class Stop(SupervisedPlugin):
        def after_training_exp(self, strategy, **kwargs):
            strategy.stop_training()

    benchmark = streams.class_incremental()
    plain, stopped = make(), make(plugins=[Stop()])
    plain.train(benchmark.train_stream)
    stopped.train(benchmark.train_stream)
    assert stopped.clock.train_iterations == plain.clock.train_iterations


@pytest.mark.parametrize(
    ("what", "message"),
    [
        (lambda b: b, "a benchmark holds several streams.*benchmark.train_stream"),
        (lambda b: b.train_stream[0].dataset, "a data set is no experience; make a benchmark"),
        (lambda b: 3, "experiences=3: expected an experience"),
    ],
)
@pytest.mark.parametrize("call", ["train", "eval"])
def test_what_is_no_stream_is_refused(call, what, message):
    with pytest.raises(TypeError, match=message):
        getattr(make(), call)(what(streams.class_incremental()))


def test_evaluating_nothing_warns_and_a_generator_is_read_once():
    strategy, benchmark = make(), streams.class_incremental()
    for nothing in ([], benchmark.test_stream[:0]):
        with pytest.warns(UserWarning, match="the stream is empty, nothing is evaluated"):
            assert strategy.eval(nothing) == {}
    assert strategy.eval(exp_list=benchmark.test_stream) == strategy.eval(benchmark.test_stream)
    with pytest.raises(TypeError, match="experiences=None: expected an experience"):
        strategy.eval()
    evaluator = EvaluationPlugin(accuracy_metrics(stream=True), strict_checks=True)
    strategy = make(evaluator=evaluator)
    assert strategy.eval(e for e in benchmark.test_stream)


def test_metrics_loggers_and_the_evaluator_may_be_changed_later():
    benchmark = streams.class_incremental()
    evaluator = EvaluationPlugin(accuracy_metrics(stream=True))
    strategy = make(evaluator=evaluator)
    evaluator.metrics += accuracy_metrics(experience=True)
    results = strategy.eval(benchmark.test_stream)
    assert "Top1_Acc_Exp/eval_phase/test_stream/Task000/Exp000" in results
    strategy.evaluator = EvaluationPlugin(accuracy_metrics(stream=True))
    assert set(strategy.eval(benchmark.test_stream)) == {
        "Top1_Acc_Stream/eval_phase/test_stream/Task000"
    }


def test_a_misspelt_hook_of_a_subclass_is_refused():
    class Typo(SupervisedTemplate):
        def _before_forwad(self, **kwargs):
            pass

    model = nn.Linear(1, 1)
    with pytest.raises(ValueError, match="Typo._before_forwad.*did you mean _before_forward"):
        Typo(model, torch.optim.SGD(model.parameters(), lr=0.1))


def test_label_smoothing_and_a_mask_of_minus_infinity_are_refused_together():
    from avalanche.models import IncrementalClassifier

    criterion = nn.CrossEntropyLoss(label_smoothing=0.1)
    model = nn.Sequential(nn.Flatten(), IncrementalClassifier(streams.FEATURES))
    with pytest.raises(ValueError, match="label_smoothing=0.1.*mask_value=-1000"):
        make(model, criterion=criterion)
    model = nn.Sequential(nn.Flatten(), IncrementalClassifier(streams.FEATURES, mask_value=-1000))
    make(model, criterion=criterion).train(streams.class_incremental().train_stream)


@pytest.mark.parametrize("criterion", [nn.MSELoss(), nn.BCEWithLogitsLoss()])
def test_losses_of_every_unit_and_a_mask_of_minus_infinity_are_refused_together(criterion):
    from avalanche.models import MultiHeadClassifier

    with pytest.raises(ValueError, match=f"{type(criterion).__name__} looks at every unit"):
        make(MultiHeadClassifier(streams.FEATURES), criterion=criterion)
    make(criterion=criterion)

    class KnowsMasks(type(criterion)):
        """A loss of one's own that leaves masked units out."""

    make(MultiHeadClassifier(streams.FEATURES), criterion=KnowsMasks())


def test_metrics_without_an_evaluator_are_told_what_they_need():
    with pytest.raises(TypeError, match=r"write EvaluationPlugin\(accuracy_metrics"):
        make(evaluator=[accuracy_metrics(epoch=True)])


def test_a_model_or_benchmark_that_was_changed_is_evaluated_again():
    evaluator = EvaluationPlugin(accuracy_metrics(stream=True))
    strategy = make(eval_every=0, evaluator=evaluator)
    first, second = streams.class_incremental(), streams.class_incremental()
    initial = {k: v.clone() for k, v in strategy.model.state_dict().items()}
    strategy.train(first.train_stream[0], [first.test_stream])
    strategy.model.load_state_dict(initial)
    strategy.train(first.train_stream[1], [first.test_stream])
    values = [row["value"] for row in evaluator.table()]
    assert len(values) == 4
    assert values[2] == values[0]
    strategy.train(second.train_stream[2], [second.test_stream])
    assert len(evaluator.table()) == 6


def test_experiences_learnt_are_counted_in_evaluations_during_training():
    evaluator = EvaluationPlugin(accuracy_metrics(stream=True))
    strategy = make(eval_every=0, evaluator=evaluator)
    benchmark = streams.class_incremental()
    for experience in benchmark.train_stream:
        strategy.train(experience, [benchmark.test_stream])
    # Before the first experience, and after each; not twice between two of them.
    assert [row["trained_experience"] for row in evaluator.table()] == [0, 1, 2, 3]


def test_joint_training_may_be_called_again_after_a_typo():
    from avalanche.training import AlreadyTrainedError, JointTraining

    benchmark = streams.class_incremental()
    model = nn.Sequential(nn.Flatten(), nn.Linear(streams.FEATURES, streams.CLASSES))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    joint = JointTraining(model, optimizer, train_mb_size=16, evaluator=None)
    with pytest.raises(TypeError, match="num_worker"):
        joint.train(benchmark.train_stream, num_worker=2)
    joint.train(benchmark.train_stream)
    with pytest.raises(AlreadyTrainedError, match="called twice"):
        joint.train(benchmark.train_stream)


def test_cumulative_counts_an_interrupted_experience_once():
    from avalanche.training import Cumulative

    class Interrupt(SupervisedPlugin):
        times = 0

        def after_training_iteration(self, strategy, **kwargs):
            self.times += 1
            if self.times == 2:
                raise KeyboardInterrupt

    benchmark = streams.class_incremental()
    model = nn.Sequential(nn.Flatten(), nn.Linear(streams.FEATURES, streams.CLASSES))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    strategy = Cumulative(model, optimizer, train_mb_size=16, evaluator=None, plugins=[Interrupt()])
    with pytest.raises(KeyboardInterrupt):
        strategy.train(benchmark.train_stream[0])
    strategy.train(benchmark.train_stream[0])
    assert len(strategy.dataset) == len(benchmark.train_stream[0].dataset)


class TwoInputs(nn.Module):
    """Takes its inputs by name."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(4, 2)

    def forward(self, left, right):
        return self.layer(torch.cat([left, right], 1))


@pytest.mark.parametrize("key", ["targets", "labels"])
def test_batches_that_are_dictionaries(key):
    x, y = torch.randn(12, 2), torch.arange(12) % 2

    class Dictionaries(SupervisedTemplate):
        def make_train_dataloader(self, **kwargs):
            self.dataloader = [{"left": x, "right": -x, key: y}]

    model = TwoInputs()
    before = model.layer.weight.detach().clone()
    evaluator = EvaluationPlugin(accuracy_metrics(epoch=True))
    strategy = Dictionaries(model, torch.optim.SGD(model.parameters(), lr=0.1), evaluator=evaluator)
    results = strategy.train(streams.class_incremental().train_stream[0])
    assert not torch.equal(before, model.layer.weight)
    assert 0 <= results["Top1_Acc_Epoch/train_phase/train_stream/Task000"] <= 1


def test_a_dictionary_without_targets_names_its_keys():
    strategy = make()
    strategy.mbatch = {"pixels": 1}
    with pytest.raises(KeyError, match="the keys .'pixels'.*none of targets, labels"):
        strategy.mb_y  # noqa: B018


def test_older_spellings_of_the_loop():
    from avalanche.training import OnlineNaive
    from avalanche.training.templates import OnlineSupervisedTemplate

    benchmark = streams.class_incremental()
    for strategy_type in (OnlineNaive, OnlineSupervisedTemplate):
        model = nn.Sequential(nn.Flatten(), nn.Linear(streams.FEATURES, streams.CLASSES))
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        evaluator = EvaluationPlugin(accuracy_metrics(stream=True))
        strategy = strategy_type(
            model, optimizer, train_passes=3, train_mb_size=40, evaluator=evaluator
        )
        strategy.train(benchmark.train_stream[0])
        assert strategy.clock.train_iterations == 3
        assert strategy.test(benchmark.test_stream) == strategy.eval(benchmark.test_stream)


def test_online_naive_takes_the_passes_fourth():
    from avalanche.training import OnlineNaive

    model = nn.Sequential(nn.Flatten(), nn.Linear(streams.FEATURES, streams.CLASSES))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    strategy = OnlineNaive(model, optimizer, nn.CrossEntropyLoss(), 2, 10, 20, "cpu", None, None)
    sizes = strategy.train_epochs, strategy.train_mb_size, strategy.eval_mb_size
    assert sizes == (2, 10, 20)
    assert strategy.evaluator.metrics == []
    assert OnlineNaive(model, optimizer, train_mb_size=5).eval_mb_size == 5
