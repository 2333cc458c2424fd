"""Growing heads: growth in training only, masks of -inf, one head per task."""

import copy
from io import BytesIO
from types import SimpleNamespace

import pytest
import torch
from torch import nn

from avalanche.benchmarks.classic import SplitDigits
from avalanche.models import (
    PNN,
    DynamicModule,
    IncrementalClassifier,
    IncrementalMLP,
    MTSimpleMLP,
    MultiHeadClassifier,
    MultiHeadMLP,
    MultiTaskModule,
    avalanche_forward,
    avalanche_model_adaptation,
    is_multi_task_module,
)
from avalanche.testing.streams import FEATURES, class_incremental, task_incremental
from avalanche.training import Naive

INF = float("inf")


def experience(*classes, task=0):
    return SimpleNamespace(classes_in_this_experience=list(classes), task_labels=[task])


def test_adaptation_in_the_forms_of_earlier_releases():
    class Older(DynamicModule):
        def __init__(self):
            super().__init__()
            self.head, self.calls = nn.Linear(FEATURES, 1), []

        def train_adaptation(self, dataset):
            self.calls.append("train")
            if self.head.out_features <= max(dataset.targets):
                self.head = nn.Linear(FEATURES, max(dataset.targets) + 1)

        def eval_adaptation(self, experience):
            self.calls.append(("eval", experience.classes_in_this_experience))

        def forward(self, x):
            return self.head(x)

    class Noting(DynamicModule):
        def adaptation(self, dataset):
            self.seen = len(dataset)

    stream = class_incremental().train_stream
    older, noting = Older(), Noting()
    model = nn.Sequential(nn.Flatten(), older, noting)
    noting.forward = lambda x: x
    strategy = Naive(model, torch.optim.SGD(model.parameters(), lr=0.1), evaluator=None)
    for number, experience in enumerate(stream, start=1):
        strategy.train(experience)
        assert older.head.out_features == max(experience.dataset.targets) + 1
        assert older.calls == ["train"] * number
        assert noting.seen == len(experience.dataset)
    strategy.eval(stream)
    assert older.calls == ["train"] * len(stream)
    older.eval()
    avalanche_model_adaptation(model, stream[0])
    assert older.calls[-1] == ("eval", stream[0].classes_in_this_experience)
    fresh = Older()
    fresh.load_state_dict(older.state_dict())
    assert fresh.head.out_features == older.head.out_features


class HeadsOf02(MultiTaskModule):
    """One head per task as releases 0.2 to 0.4 wrote it."""

    def __init__(self):
        super().__init__()
        self.body, self.heads = nn.Linear(FEATURES, 4), nn.ModuleDict()

    def train_adaptation(self, experience):
        super().train_adaptation(experience)
        for task in self.known_train_tasks_labels:
            if str(task) not in self.heads:
                self.heads[str(task)] = nn.Linear(4, self.max_class_label)

    def forward_single_task(self, x, task_label):
        return self.heads[str(task_label)](self.body(x.flatten(1)))


def test_train_adaptation_of_multi_task_modules_knows_tasks_and_classes():
    model = HeadsOf02()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    strategy = Naive(model, optimizer, evaluator=None, train_mb_size=8)
    stream = task_incremental().train_stream
    for number, experience in enumerate(stream, start=1):
        before = copy.deepcopy(model.heads)
        strategy.train(experience)
        assert sorted(model.heads) == [str(t) for t in range(number)]
        largest = max(experience.classes_in_this_experience)
        assert model.heads[str(number - 1)].out_features >= largest + 1
        assert all(torch.equal(before[t].weight, model.heads[t].weight) for t in before)


def test_modules_adapt_to_the_data_themselves():
    """``module.adaptation(experience.dataset)``, as loops of release 0.1 call it."""
    multi, plain = task_incremental().train_stream[1], class_incremental().train_stream[1]
    for adapt in (lambda m, d: m.adaptation(d), avalanche_model_adaptation):
        head = IncrementalClassifier(3)
        adapt(head, plain.dataset)
        assert head.classifier.out_features == max(plain.classes_in_this_experience) + 1
        heads = MultiHeadClassifier(3)
        adapt(heads, multi.dataset)
        assert heads.known_train_tasks_labels == {1}
        assert heads.active_units == {1: multi.classes_in_this_experience}

    class Older(DynamicModule):
        def train_adaptation(self, dataset):
            self.seen = len(dataset)

    older = Older()
    older.adaptation(plain.dataset)
    assert older.seen == len(plain.dataset)


def test_weights_of_a_multi_head_model_of_0_6_can_be_loaded():
    """Names and shapes as avalanche-lib 0.6.0 saves them after three tasks of two classes."""
    generator = torch.Generator().manual_seed(0)
    saved = {}
    for task, mask in enumerate(([1, 1], [0, 0, 1, 1], [0, 0, 0, 0, 1, 1])):
        saved[f"active_units_T{task}"] = torch.tensor(mask, dtype=torch.int8)
        saved[f"classifiers.{task}.active_units"] = torch.zeros(2, dtype=torch.int8)
        weight = torch.randn(len(mask), 3, generator=generator)
        saved[f"classifiers.{task}.classifier.weight"] = weight
        saved[f"classifiers.{task}.classifier.bias"] = torch.zeros(len(mask))
    names = list(saved)
    heads = MultiHeadClassifier(3)
    heads.load_state_dict(saved)
    assert list(saved) == names
    assert heads.active_units == {0: [0, 1], 1: [2, 3], 2: [4, 5]}
    assert (heads.known_train_tasks_labels, heads.max_class_label) == ({0, 1, 2}, 6)
    x = torch.randn(4, 3, generator=generator)
    out = heads(x, torch.tensor([1, 1, 1, 1]))
    expected = x @ saved["classifiers.1.classifier.weight"].T
    torch.testing.assert_close(out[:, 2:4], expected[:, 2:])
    assert out[:, :2].eq(-INF).all()
    del saved["classifiers.1.classifier.weight"]
    with pytest.raises(RuntimeError, match=r"Missing key.*classifiers\.1\.classifier\.weight"):
        MultiHeadClassifier(3).load_state_dict(saved)
    model = MTSimpleMLP(input_size=3, hidden_size=5)
    fresh = {k: v for k, v in model.state_dict().items() if "extra" not in k}
    fresh["classifier.active_units_T0"] = torch.zeros(2, dtype=torch.int8)
    MTSimpleMLP(input_size=3, hidden_size=5).load_state_dict(fresh)


@pytest.mark.parametrize(
    "make", [lambda: MultiHeadClassifier(3), lambda: MTSimpleMLP(input_size=3)]
)
def test_all_that_is_saved_are_tensors_and_earlier_states_load(make):
    model = make()
    avalanche_model_adaptation(model, experience(0, 4))
    avalanche_model_adaptation(model, experience(1, task=3))
    copied = {name: value.clone() for name, value in model.state_dict().items()}
    averaged = {name: value.float() for name, value in copied.items()}
    earlier = dict(copied)
    for name in copied:
        if name.endswith("_extra_state"):
            earlier[name] = {"tasks": [0, 3], "classes": 5}
    for state in (copied, averaged, earlier):
        other = make()
        other.load_state_dict(state)
        assert (other.known_train_tasks_labels, other.max_class_label) == ({0, 3}, 5)
        assert str(other) == str(model)


def test_the_head_grows_and_keeps_its_rows():
    head = IncrementalClassifier(3)
    weight, bias = head.classifier.weight.clone(), head.classifier.bias.clone()
    head.adaptation(experience(0, 4))
    assert head.classifier.out_features == 5
    torch.testing.assert_close(head.classifier.weight[:2], weight)
    torch.testing.assert_close(head.classifier.bias[:2], bias)


def test_growth_is_idempotent():
    head = IncrementalClassifier(3)
    head.adaptation(experience(0, 4))
    parameter = head.classifier.weight
    head.adaptation(experience(0, 4))
    assert head.classifier.weight is parameter


def test_evaluation_does_not_grow_the_head():
    """Row 28: the parameters after evaluating on unseen classes are the same objects."""
    head = IncrementalClassifier(3)
    head.adaptation(experience(0, 1))
    before = list(head.parameters())
    head.eval()
    head.adaptation(experience(6, 9))
    assert all(a is b for a, b in zip(before, head.parameters(), strict=True))
    assert head.active_units.tolist() == [1, 1]


def test_untrained_units_have_probability_zero():
    """Row 29: a masked unit neither wins the argmax nor enters the softmax."""
    head = IncrementalClassifier(3, initial_out_features=4)
    head.adaptation(experience(1, 3))
    nn.init.constant_(head.classifier.weight, -50.0)
    out = head(torch.ones(2, 3))
    assert out[:, [0, 2]].eq(-INF).all()
    assert set(out.argmax(1).tolist()) <= {1, 3}
    torch.testing.assert_close(out.softmax(1)[:, [1, 3]], out[:, [1, 3]].softmax(1))


def test_an_untrained_head_is_not_masked():
    assert IncrementalClassifier(3)(torch.ones(1, 3)).isfinite().all()


def test_the_mask_of_avalanche_0_6_is_an_option():
    head = IncrementalClassifier(3, 3, mask_value=-1000)
    head.adaptation(experience(0))
    assert head(torch.ones(1, 3))[0, 1:].tolist() == [-1000, -1000]


def test_a_saved_head_loads_into_a_smaller_one():
    head = IncrementalClassifier(3)
    head.adaptation(experience(0, 5))
    other = IncrementalClassifier(3)
    other.load_state_dict(head.state_dict())
    x = torch.randn(4, 3)
    torch.testing.assert_close(other(x), head(x))


def test_one_head_per_task_and_padding_with_minus_infinity():
    heads = MultiHeadClassifier(3)
    heads.adaptation(experience(0, 1, task=0))
    heads.adaptation(experience(2, 3, 4, task=7))
    x, tasks = torch.randn(4, 3), torch.tensor([0, 7, 7, 0])
    out = heads(x, tasks)
    assert out.shape == (4, 5)
    for i, task in enumerate(tasks.tolist()):
        alone = heads.classifiers[str(task)](x[i : i + 1])
        torch.testing.assert_close(out[i : i + 1, : alone.shape[1]], alone)
    assert out[tasks == 0][:, 2:].eq(-INF).all()
    assert out[tasks == 7][:, :2].eq(-INF).all()
    assert heads.active_units == {0: [0, 1], 7: [2, 3, 4]}


def test_no_task_labels_gives_the_answers_of_all_tasks():
    model = MTSimpleMLP(input_size=3, hidden_size=5)
    for task in (0, 1):
        avalanche_model_adaptation(model, experience(0, 1, task=task))
    answers = model.eval()(torch.randn(2, 3), None)
    assert {t: tuple(a.shape) for t, a in answers.items()} == {0: (2, 2), 1: (2, 2)}


def test_an_unknown_task_gets_equal_logits():
    heads = MultiHeadClassifier(3)
    heads.adaptation(experience(0, 1))
    assert heads.forward_single_task(torch.randn(2, 3), 9).tolist() == [[0, 0], [0, 0]]


def test_saved_heads_load_into_a_new_module():
    heads = MultiHeadClassifier(3)
    heads.adaptation(experience(0, 1, task=0))
    heads.adaptation(experience(2, 3, task=1))
    other = MultiHeadClassifier(3)
    other.load_state_dict(heads.state_dict())
    x, tasks = torch.randn(4, 3), torch.tensor([0, 1, 1, 0])
    torch.testing.assert_close(other(x, tasks), heads(x, tasks))
    assert other.known_train_tasks_labels == {0, 1}


def test_a_module_of_the_slides():
    """Seed 001: a multi-task module only needs ``forward_single_task``."""

    class PerTask(MultiTaskModule):
        def forward_single_task(self, x, task_label):
            return x * task_label

    x = torch.ones(3, 2)
    out = PerTask()(x, torch.tensor([1, 2, 1]))
    assert out.tolist() == [[1, 1], [2, 2], [1, 1]]


def test_adaptation_walks_through_plain_modules_once_per_dynamic_one():
    class Counting(DynamicModule):
        calls = 0

        def adaptation(self, experience):
            self.calls += 1

    shared, manual = Counting(), Counting(auto_adapt=False)
    avalanche_model_adaptation(nn.Sequential(shared, nn.Sequential(shared, manual)), None)
    assert (shared.calls, manual.calls) == (1, 0)
    manual.pre_adapt(None, None)
    assert manual.calls == 1


def test_task_labels_reach_multi_task_models_only():
    assert is_multi_task_module(MTSimpleMLP())
    assert not is_multi_task_module(nn.Linear(1, 1))
    assert avalanche_forward(nn.Identity(), 3, None) == 3


def test_several_tasks_need_the_data():
    head = MultiHeadClassifier(2)
    both = SimpleNamespace(classes_in_this_experience=[0], task_labels=[0, 1])
    with pytest.raises(ValueError, match=r"task_labels=\[0, 1\].*needs a dataset"):
        head.adaptation(both)


class OfTheSlides(DynamicModule):
    """Grows as in seed 001, with nothing about saving."""

    def __init__(self):
        super().__init__()
        self.classifier = nn.Linear(3, 2)

    @torch.no_grad()
    def adaptation(self, experience):
        old = self.classifier
        units = max(old.out_features, max(experience.classes_in_this_experience) + 1)
        if units == old.out_features:
            return
        self.classifier = nn.Linear(3, units)
        self.classifier.weight[: old.out_features] = old.weight
        self.classifier.bias[: old.out_features] = old.bias

    def forward(self, x):
        return self.classifier(x)


def test_a_growing_module_that_says_nothing_about_saving_loads_into_a_new_one():
    model = nn.Sequential(nn.Linear(3, 3), OfTheSlides())
    avalanche_model_adaptation(model, experience(0, 4))
    other = nn.Sequential(nn.Linear(3, 3), OfTheSlides())
    other.load_state_dict(model.state_dict())
    x = torch.randn(2, 3)
    assert torch.equal(other(x), model(x))
    avalanche_model_adaptation(other, experience(6))
    assert other[1].classifier.out_features == 7


def test_other_architectures_are_still_refused():
    with pytest.raises(RuntimeError, match="size mismatch for features.0.weight"):
        MTSimpleMLP(3, 4).load_state_dict(MTSimpleMLP(3, 5).state_dict())


def test_growth_keeps_what_is_frozen_frozen_and_the_dtype():
    head = IncrementalClassifier(3).double().requires_grad_(False)
    head.adaptation(experience(0, 4))
    assert not any(p.requires_grad for p in head.parameters())
    heads = MultiHeadClassifier(3).double()
    heads.adaptation(experience(0, 4, task=2))
    assert {p.dtype for p in (*head.parameters(), *heads.parameters())} == {torch.float64}


@pytest.mark.parametrize("stop", [1, 2])
def test_a_run_with_a_growing_module_of_the_slides_resumes_to_the_bit(stop):
    def strategy(seed):
        torch.manual_seed(seed)
        body = [nn.Flatten(), nn.Linear(FEATURES, 3), nn.ReLU()]
        model = nn.Sequential(*body, OfTheSlides())
        optimizer = torch.optim.Adam(model.parameters(), lr=0.05)
        return Naive(model, optimizer, train_mb_size=8, evaluator=None)

    stream = class_incremental().train_stream
    whole, resumed = strategy(0), strategy(9)
    for exp in stream[:stop]:
        whole.train(exp)
    file = BytesIO()
    torch.save(whole.state_dict(), file)
    file.seek(0)
    for exp in stream[stop:]:
        whole.train(exp)
    resumed.load_state_dict(torch.load(file, weights_only=True))
    for exp in stream[stop:]:
        resumed.train(exp)
    for name, value in whole.model.state_dict().items():
        assert torch.equal(resumed.model.state_dict()[name], value), name


@pytest.mark.parametrize("masking", [True, False], ids=["masked", "plain"])
def test_a_saved_head_loads_into_a_larger_one(masking):
    head = IncrementalClassifier(3, masking=masking)
    head.adaptation(experience(0, 2))
    other = IncrementalClassifier(3, masking=masking)
    other.adaptation(experience(5, 7))
    other.load_state_dict(head.state_dict())
    x = torch.randn(4, 3)
    assert torch.equal(other(x), head(x))
    assert other.active_units.tolist() == [1, 0, 1]
    other.adaptation(experience(4))
    assert other(x).shape == (4, 5)


def test_heads_of_a_saved_state_replace_those_of_other_tasks():
    heads = MultiHeadClassifier(3)
    heads.adaptation(experience(0, 1, task=0))
    state = {name: copy.deepcopy(value) for name, value in heads.state_dict().items()}
    x, tasks = torch.randn(4, 3), torch.tensor([0, 0, 1, 1])
    before = heads(x, tasks)
    heads.adaptation(experience(2, 3, task=1))
    heads.adaptation(experience(0, 4, task=0))
    heads.load_state_dict(state)
    assert set(heads.classifiers) == {"0"}
    assert heads.known_train_tasks_labels == {0}
    assert torch.equal(heads(x, tasks), before)


def test_a_state_without_heads_leaves_them():
    heads = MultiHeadClassifier(3)
    heads.adaptation(experience(0, 1, task=5))
    heads.load_state_dict({}, strict=False)
    assert set(heads.classifiers) == {"0", "5"}


def test_heads_made_while_loading_are_of_the_type_of_the_model():
    heads = MultiHeadClassifier(3)
    heads.adaptation(experience(0, 1, task=5))
    other = MultiHeadClassifier(3).double()
    other.load_state_dict(heads.state_dict())
    assert {p.dtype for p in other.parameters()} == {torch.float64}


def test_linear_layers_of_a_users_module_take_the_saved_units_and_stay_frozen():
    class Own(DynamicModule):
        def __init__(self, units):
            super().__init__()
            self.head = nn.Linear(3, units)

        def adaptation(self, experience):
            """Grows in some way."""

    for saved in (2, 6):
        state = Own(saved).state_dict()
        other = Own(4).requires_grad_(False)
        other.load_state_dict(state)
        assert torch.equal(other.head.weight, state["head.weight"])
        assert other.head.out_features == saved
        assert not any(p.requires_grad for p in other.parameters())


@pytest.mark.parametrize("make", [IncrementalMLP, MultiHeadMLP, PNN], ids=lambda m: m.__name__)
def test_a_strategy_that_grew_goes_back_to_an_earlier_state(make):
    """Training on from the earlier state is bit-equal to training on from it at once."""
    sizes = {"in_features": 64} if make is PNN else {"input_size": 64, "hidden_size": 8}
    if make is IncrementalMLP:
        sizes["num_classes"] = 2
    stream = SplitDigits(
        5, seed=0, return_task_id=make is not IncrementalMLP, fixed_class_order=list(range(10))
    )
    torch.manual_seed(0)
    model = make(**sizes)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    strategy = Naive(model, optimizer, train_mb_size=128, evaluator=None)
    strategy.train(stream.train_stream[0])
    state = copy.deepcopy(strategy.state_dict())
    strategy.train(stream.train_stream[1])
    want = {name: p.detach().clone() for name, p in model.named_parameters()}
    strategy.train(stream.train_stream[2])
    strategy.load_state_dict(state, stream)
    held = {id(p) for group in optimizer.param_groups for p in group["params"]}
    assert held == {id(p) for p in model.parameters()}
    strategy.train(stream.train_stream[1])
    assert {name: p.shape for name, p in model.named_parameters()} == {
        name: p.shape for name, p in want.items()
    }
    assert all(torch.equal(p, want[name]) for name, p in model.named_parameters())
