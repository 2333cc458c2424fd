"""Strategies that override pieces of the loop, as scripts for 0.6 do."""

import pytest
import torch
from torch import nn

from avalanche.core import SupervisedPlugin
from avalanche.testing import streams
from avalanche.training import Naive
from avalanche.training.templates import BaseTemplate, SupervisedTemplate


def linear():
    torch.manual_seed(0)
    return nn.Sequential(nn.Flatten(), nn.Linear(streams.FEATURES, streams.CLASSES))


def make(cls, **options):
    model = linear()
    options = {"train_mb_size": 8, "train_epochs": 2, "evaluator": None, **options}
    return cls(model, torch.optim.SGD(model.parameters(), lr=0.1), **options)


def by_hand(experience, epochs=2, size=8):
    """Weights after plain gradient descent over the samples in order."""
    model = linear()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for _ in range(epochs):
        for start in range(0, len(experience.dataset), size):
            rows = range(start, min(start + size, len(experience.dataset)))
            x, y, *_ = experience.dataset.train().batch(rows)
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(x), y).backward()
            optimizer.step()
    return model[1].weight


class OwnBackward(SupervisedTemplate):
    def backward(self):
        self.loss.backward()


class OwnStep(SupervisedTemplate):
    def optimizer_step(self):
        self.optimizer.step()


class OwnBoth(OwnBackward, OwnStep):
    pass


class OwnEpoch(SupervisedTemplate):
    """The epoch of a script for 0.6, with an update of its own."""

    def training_epoch(self, **kwargs):
        for batch in self.dataloader:
            self.mbatch = batch
            self._unpack_minibatch()
            self._before_training_iteration(**kwargs)
            self.optimizer.zero_grad()
            self.loss = self._make_empty_loss()
            self._before_forward(**kwargs)
            self.mb_output = self.forward()
            self._after_forward(**kwargs)
            self.loss += self.criterion()
            self._before_backward(**kwargs)
            self.backward()
            self._after_backward(**kwargs)
            self._before_update(**kwargs)
            self.optimizer.step()
            self._after_update(**kwargs)
            self._after_training_iteration(**kwargs)


class OwnExperience(SupervisedTemplate):
    """Epochs by hand, on the loader and the model that the loop has prepared."""

    def _train_exp(self, experience, eval_streams, **kwargs):
        assert experience is self.experience
        for _ in range(self.train_epochs):
            self._before_training_epoch(**kwargs)
            self.training_epoch(**kwargs)
            self._after_training_epoch(**kwargs)


@pytest.mark.parametrize("cls", [OwnBackward, OwnStep, OwnBoth, OwnEpoch, OwnExperience])
def test_it_is_plain_gradient_descent_whatever_is_overridden(cls):
    class Count(SupervisedPlugin):
        updates = 0

        def after_update(self, strategy, **kwargs):
            self.updates += 1

    experience, count = streams.class_incremental().train_stream[0], Count()
    strategy = make(cls, plugins=[count])
    strategy.train(experience, shuffle=False)
    torch.testing.assert_close(strategy.model[1].weight, by_hand(experience))
    assert count.updates == 2 * -(-len(experience.dataset) // 8)


def test_accumulated_batches_with_an_update_of_ones_own():
    experience = streams.class_incremental().train_stream[0]
    strategy = make(OwnStep, accumulate=2, train_mb_size=10)
    strategy.train(experience, shuffle=False)
    torch.testing.assert_close(strategy.model[1].weight, by_hand(experience, size=20))


def test_streams_for_evaluation_reach_an_own_experience():
    given = []

    class Own(SupervisedTemplate):
        def _train_exp(self, experience, eval_streams=None, **kwargs):
            given.append([[e.current_experience for e in s] for s in eval_streams])
            super()._train_exp(experience, eval_streams, **kwargs)

    benchmark = streams.class_incremental()
    strategy = make(Own, eval_every=0)
    strategy.train(benchmark.train_stream[0], eval_streams=[benchmark.test_stream[:2]])
    assert given == [[[0, 1]]]


def test_the_model_is_adapted_by_the_method_for_it():
    class Own(SupervisedTemplate):
        asked = ()

        def check_model_and_optimizer(self, reset_optimizer_state=False, **kwargs):
            self.asked += (reset_optimizer_state,)
            super().check_model_and_optimizer(reset_optimizer_state, **kwargs)

    strategy, benchmark = make(Own), streams.class_incremental()
    strategy.optimizer = torch.optim.Adam(strategy.model.parameters())
    strategy.train(benchmark.train_stream[0])
    steps = next(iter(strategy.optimizer.state.values()))["step"]
    strategy.train(benchmark.train_stream[1], reset_optimizer_state=True)
    assert strategy.asked == (False, True)
    assert next(iter(strategy.optimizer.state.values()))["step"] == steps


@pytest.mark.parametrize("signature", ["kwargs", "named"])
def test_options_of_the_loader_pass_an_override(signature):
    class Own(SupervisedTemplate):
        if signature == "kwargs":

            def make_train_dataloader(self, **kwargs):
                super().make_train_dataloader(**kwargs)
        else:

            def make_train_dataloader(self, num_workers=0, shuffle=True, **kwargs):
                super().make_train_dataloader(num_workers, shuffle, **kwargs)

    class Sizes(SupervisedPlugin):
        seen = ()

        def after_training_iteration(self, strategy, **kwargs):
            self.seen += (len(strategy.mb_y),)

    sizes, experience = Sizes(), streams.class_incremental().train_stream[0]
    assert len(experience.dataset) == 40
    strategy = make(Own, plugins=[sizes], train_mb_size=16, train_epochs=1)
    strategy.train(experience, drop_last=True, shuffle=False)
    assert sizes.seen == (16, 16)
    with pytest.raises(TypeError, match="unknown keyword argument 'drop_lst'.*did you mean drop_l"):
        strategy.train(experience, drop_lst=True)


@pytest.mark.parametrize(
    "method",
    ["train_dataset_adaptation", "training_epoch", "_before_training_exp", "before_training_epoch"],
)
def test_arguments_of_one_s_own_methods_reach_them(method):
    seen = []

    def own(self, my_flag=None, **kwargs):
        seen.append(my_flag)
        if hasattr(SupervisedTemplate, method):
            getattr(SupervisedTemplate, method)(self, **kwargs)

    cls = type("Own", (SupervisedTemplate,), {method: own})
    strategy = make(cls, train_epochs=1)
    strategy.train(streams.class_incremental().train_stream[0], my_flag=7)
    assert seen == [7]
    with pytest.raises(TypeError, match="unknown keyword argument 'my_flak'.*did you mean my_flag"):
        strategy.train(streams.class_incremental().train_stream[0], my_flak=7)
    with pytest.raises(TypeError, match="unknown keyword argument 'my_flag'"):
        make(SupervisedTemplate).train(streams.class_incremental().train_stream[0], my_flag=7)


def test_the_message_on_an_unknown_argument_names_parameters_only():
    class Reads(SupervisedPlugin):
        def before_training(self, strategy, *values, own=None, **anything):
            """Has names of its own for what it does not name."""

    with pytest.raises(TypeError, match="unknown keyword argument 'zzz'") as caught:
        make(Naive, plugins=[Reads()]).train(streams.class_incremental().train_stream[0], zzz=1)
    assert "own" in str(caught.value)
    assert not {"values", "anything", "kwargs", "self"} & set(str(caught.value).split())


def test_data_may_be_prepared_before_the_hook_of_an_experience():
    class Own(SupervisedTemplate):
        def _before_training_exp(self, **kwargs):
            assert self.adapted_dataset is None
            self.noted = len(self.experience.dataset)
            super()._before_training_exp(**kwargs)
            assert len(self.adapted_dataset) == self.noted

    strategy = make(Own)
    strategy.train(streams.class_incremental().train_stream[0])
    assert strategy.noted == 40


class NearestMean(BaseTemplate):
    """A learner without gradients: class means."""

    def _train_exp(self, experience, eval_streams=None, scale=1.0, **kwargs):
        x, y, *_ = experience.dataset.train().batch(range(len(experience.dataset)))
        for label in y.unique().tolist():
            self.model.means[label] = scale * x[y == label].flatten(1).mean(0)

    def _eval_exp(self, **kwargs):
        x, y, *_ = self.experience.dataset.eval().batch(range(len(self.experience.dataset)))
        self.right = (torch.cdist(x.flatten(1), self.model.means).argmin(1) == y).float().mean()


class Means(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("means", torch.full((streams.CLASSES, streams.FEATURES), 1e3))


def test_a_learner_without_gradients_gets_the_outer_loop():
    events = []

    class Spy(SupervisedPlugin):
        def before_training(self, strategy, **kwargs):
            events.append(("before_training", strategy.is_training))

        def after_training_exp(self, strategy, **kwargs):
            events.append(("after_training_exp", strategy.experience.current_experience))

        def after_eval_exp(self, strategy, **kwargs):
            events.append(("after_eval_exp", strategy.experience.current_experience))

    benchmark = streams.class_incremental()
    strategy = NearestMean(Means(), plugins=[Spy()])
    strategy.train(benchmark.train_stream[:2], scale=1.0)
    strategy.eval(benchmark.test_stream[1:2])
    assert events == [
        ("before_training", True),
        ("after_training_exp", 0),
        ("after_training_exp", 1),
        ("after_eval_exp", 1),
    ]
    assert strategy.right > 0.5
    assert strategy.experience is None
    assert not strategy.is_training


def test_what_an_outer_loop_without_a_learner_says():
    with pytest.raises(NotImplementedError, match="BaseTemplate must define _train_exp"):
        BaseTemplate(Means()).train(streams.class_incremental().train_stream)


def test_cleaning_up_may_be_overridden_and_happens_after_an_error_too():
    class Own(SupervisedTemplate):
        cleaned = ()

        def _train_cleanup(self):
            self.cleaned += ("train",)
            super()._train_cleanup()

        def _eval_cleanup(self):
            self.cleaned += ("eval",)
            super()._eval_cleanup()

        def training_epoch(self, **kwargs):
            raise KeyboardInterrupt

    strategy, benchmark = make(Own), streams.class_incremental()
    strategy.eval(benchmark.test_stream)
    with pytest.raises(KeyboardInterrupt):
        strategy.train(benchmark.train_stream)
    assert strategy.cleaned == ("eval", "train")
    assert strategy.experience is None


def test_no_batch_outside_of_an_iteration():
    strategy = make(Naive)
    for name in ("mb_x", "mb_y", "mb_task_id"):
        with pytest.raises(AttributeError, match=f"{name}: no batch is being processed"):
            getattr(strategy, name)


def test_the_interval_of_evaluations_is_an_attribute():
    assert make(Naive, eval_every=3).eval_every == 3


def test_a_refused_call_leaves_no_streams_behind():
    strategy = make(Naive, eval_every=0)
    with pytest.raises(TypeError, match="unknown keyword argument 'nonsense'"):
        strategy.train(streams.class_incremental().train_stream[0], nonsense=3)
    assert not strategy._eval_streams
