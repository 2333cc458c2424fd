"""LwF against the paper's formula, term by term."""

import copy
from io import BytesIO
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn

from avalanche.benchmarks import split_online_stream
from avalanche.core import SupervisedPlugin
from avalanche.models import (
    IncrementalClassifier,
    MTSimpleMLP,
    MultiHeadClassifier,
    MultiTaskModule,
    NCMClassifier,
    TrainEvalModel,
    avalanche_model_adaptation,
)
from avalanche.testing import streams
from avalanche.testing.strategies import KINDS, build, learn
from avalanche.training import LearningWithoutForgetting, LwF, Naive
from avalanche.training.plugins import LwFPlugin

T = 2.0


def experience(*classes, task=0):
    return SimpleNamespace(classes_in_this_experience=list(classes), task_labels=[task])


def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def kl(old, new):
    """Mean over the batch of sum p log(p / q), with numpy."""
    p, q = softmax(old / T), softmax(new / T)
    return float((p * np.log(p / q)).sum(axis=1).mean())


def test_single_head_distils_old_classes_only():
    old, new, x = nn.Linear(5, 4), nn.Linear(5, 4), torch.randn(7, 5)
    lwf = LearningWithoutForgetting(alpha=0.5, temperature=T)
    lwf.post_adapt(SimpleNamespace(model=old), experience(0, 2))
    out = new(x)
    units = [0, 2]
    expected = 0.5 * kl(old(x).detach().numpy()[:, units], out.detach().numpy()[:, units])
    assert lwf(x, out, new).item() == pytest.approx(expected, rel=1e-4)


def test_the_square_of_the_temperature_is_an_option():
    old, new, x = nn.Linear(5, 4), nn.Linear(5, 4), torch.randn(7, 5)
    values = []
    for scaled in (False, True):
        lwf = LearningWithoutForgetting(1.0, T, scale_by_temperature=scaled)
        lwf.post_adapt(SimpleNamespace(model=old), experience(0, 1, 2, 3))
        values.append(lwf(x, new(x), new).item())
    assert values[1] == pytest.approx(values[0] * T**2)


def test_the_softmax_over_all_units_answers_zero_for_new_classes():
    """van de Ven and Tolias: the old answers, padded with zeros, against all new ones."""
    old, new, x = nn.Linear(5, 4), nn.Linear(5, 6), torch.randn(7, 5)
    lwf = LearningWithoutForgetting(2.0, T, softmax_over="all")
    lwf.post_adapt(SimpleNamespace(model=old), experience(0, 2))
    out = new(x)
    targets = np.zeros((7, 6))
    targets[:, [0, 2]] = softmax(old(x).detach().numpy()[:, [0, 2]] / T)
    answers = softmax(out.detach().numpy() / T)
    seen = targets > 0
    expected = (targets[seen] * np.log(targets[seen] / answers[seen])).sum() / 7
    assert lwf(x, out, new).item() == pytest.approx(2 * expected, rel=1e-4)
    out = torch.cat([out[:, :4], torch.full((7, 2), float("-inf"))], 1)  # masked units
    assert lwf(x, out, new).isfinite()


def test_all_units_are_those_of_old_and_current_classes():
    """A head that is wide from the start has units of the future, which share nothing."""
    old, new, x = nn.Linear(5, 10), nn.Linear(5, 10), torch.randn(7, 5)
    lwf = LearningWithoutForgetting(2.0, T, softmax_over="all")
    lwf.post_adapt(SimpleNamespace(model=old), experience(0, 3))
    lwf.pre_adapt(SimpleNamespace(model=new), experience(1, 7))
    out = new(x)
    known = [0, 1, 3, 7]
    targets = np.zeros((7, 4))
    targets[:, [0, 2]] = softmax(old(x).detach().numpy()[:, [0, 3]] / T)
    answers = softmax(out.detach().numpy()[:, known] / T)
    seen = targets > 0
    expected = (targets[seen] * np.log(targets[seen] / answers[seen])).sum() / 7
    term = lwf(x, out, new)
    assert term.item() == pytest.approx(2 * expected, rel=1e-4)
    (gradient,) = torch.autograd.grad(term, out)
    assert gradient[:, known].abs().sum(0).all()
    assert not gradient[:, [2, 4, 5, 6, 8, 9]].any()


@pytest.mark.parametrize("order", [[0, 1, 2, 3, 4, 5], [4, 1, 5, 0, 3, 2]], ids=["sorted", "mixed"])
def test_all_units_of_a_masked_head_are_the_same_ones(order):
    """Where the head masks what was never trained, knowing the classes changes nothing."""
    model = nn.Sequential(IncrementalClassifier(5)).train()
    avalanche_model_adaptation(model, experience(*order[:2]))
    lwf = LearningWithoutForgetting(1.0, T, softmax_over="all")
    lwf.post_adapt(SimpleNamespace(model=model), experience(*order[:2]))
    avalanche_model_adaptation(model, experience(*order[2:4]))
    nn.init.normal_(model[0].classifier.weight)
    x = torch.randn(7, 5)
    unknown = lwf(x, model(x), model)
    lwf.pre_adapt(SimpleNamespace(model=model), experience(*order[2:4]))
    torch.testing.assert_close(lwf(x, model(x), model), unknown, rtol=1e-6, atol=0)


def test_the_plugin_knows_the_classes_of_the_parts_so_far():
    parts = split_online_stream(
        streams.class_incremental().train_stream, 20, access_task_boundaries=True
    )
    strategy = build(lambda m, o, **k: LwF(m, o, None, 1.0, T, softmax_over="all", **k))
    lwf, known = strategy.plugins[0].lwf, set()
    for part in parts:
        known = set() if part.is_first_subexp else known
        known |= set(part.classes_in_this_experience)
        strategy.train(part)
        assert lwf.classes_by_task == ({} if part.is_last_subexp else {0: known})


def test_the_loss_has_a_weight_per_experience():
    benchmark = streams.class_incremental()
    losses = []

    class Note(SupervisedPlugin):
        def before_backward(self, strategy, **kwargs):
            losses.append(strategy.loss.item() / strategy.criterion().item())

    model = nn.Sequential(nn.Flatten(), nn.Linear(streams.FEATURES, streams.CLASSES))
    lwf = LwFPlugin(0.0, T, task_weight=[1, 0.5, 0.25])
    strategy = Naive(
        model,
        torch.optim.SGD(model.parameters(), lr=0.1),
        train_mb_size=1000,
        plugins=[lwf, Note()],
        evaluator=None,
    )
    for exp in benchmark.train_stream:
        strategy.train(exp)
    expected = [1, 0.5, 0.25, 0.25, 0.25][: len(benchmark.train_stream)]
    assert losses == pytest.approx(expected)


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"softmax_over": "new"}, "softmax_over='new': expected 'old' or 'all'"),
        ({"task_weight": [1, -1]}, r"task_weight=\[1, -1\]: expected a weight of 0 or more"),
        ({"alpha": []}, r"alpha=\[\]: expected a weight of 0 or more, or a list with one per"),
    ],
    ids=["units", "weight", "alpha"],
)
def test_wrong_options_are_refused(options, match):
    with pytest.raises(ValueError, match=match):
        LwFPlugin(**options)


def test_one_term_per_earlier_head():
    model = MTSimpleMLP(input_size=5, hidden_size=6)
    lwf, x = LearningWithoutForgetting(2.0, T), torch.randn(7, 5)
    for task, classes in enumerate([(0, 1), (2, 3), (4, 5)]):
        avalanche_model_adaptation(model, experience(*classes, task=task))
        if task < 2:
            lwf.post_adapt(SimpleNamespace(model=model), experience(*classes, task=task))
    teacher = copy.deepcopy(lwf.prev_model)
    model.eval()
    with torch.no_grad():
        for p in model.parameters():
            p.add_(torch.randn_like(p) * 0.3)
    old, new = teacher(x, None), model(x, None)
    expected = 2.0 * sum(
        kl(old[t].detach().numpy()[:, units], new[t].detach().numpy()[:, units])
        for t, units in {0: [0, 1], 1: [2, 3]}.items()
    )
    assert lwf(x, model(x, 2), model).item() == pytest.approx(expected, rel=1e-4)


def test_the_teacher_is_at_rest():
    """Row 6: evaluation mode, no gradients, and the same answer twice."""
    model = nn.Sequential(nn.Linear(5, 8), nn.BatchNorm1d(8), nn.Dropout(0.5), nn.Linear(8, 4))
    lwf, x = LearningWithoutForgetting(), torch.randn(7, 5)
    lwf.post_adapt(SimpleNamespace(model=model), experience(0, 1))
    assert model.training
    assert all(p.requires_grad for p in model.parameters())
    before = copy.deepcopy(lwf.prev_model.state_dict())
    torch.testing.assert_close(lwf.prev_model(x), lwf.prev_model(x), rtol=0, atol=0)
    lwf(x, model(x), model).backward()
    assert all(torch.equal(before[k], v) for k, v in lwf.prev_model.state_dict().items())
    assert all(p.grad is None for p in lwf.prev_model.parameters())


def test_a_weight_per_experience_the_last_one_staying():
    model, x = nn.Linear(5, 4), torch.randn(3, 5)
    other = nn.Linear(5, 4)
    lwf = LearningWithoutForgetting(alpha=[0.0, 1.0, 3.0], temperature=T)
    values = []
    for _ in range(3):
        lwf.post_adapt(SimpleNamespace(model=model), experience(0, 1, 2, 3))
        values.append(lwf(x, other(x), other).item())
    assert values[1] == pytest.approx(3 * values[0])
    assert values[2] == values[1]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"temperature": 0}, "temperature=0: expected"),
        ({"alpha": []}, "alpha=.*a list with one per experience"),
        ({"alpha": -1}, "alpha=-1: expected a weight of 0 or more"),
        ({"alpha": [1, "x"]}, "alpha=.*expected a weight"),
    ],
)
def test_wrong_options(options, message):
    with pytest.raises(ValueError, match=message):
        LearningWithoutForgetting(**options)


def test_penalty_has_a_weight_of_its_own():
    """Seed 004: ``penalty(out, x, alpha)``, whatever the plugin's own weight is."""
    old, new, x = nn.Linear(5, 4), nn.Linear(5, 4), torch.randn(7, 5)
    for own in (0.0, 3.0):
        plugin = LwFPlugin(own, T)
        assert plugin.penalty(new(x), x, 0.5).item() == 0
        plugin.lwf.post_adapt(SimpleNamespace(model=old), experience(0, 2))
        expected = 0.5 * kl(old(x).detach().numpy()[:, [0, 2]], new(x).detach().numpy()[:, [0, 2]])
        assert plugin.penalty(new(x), x, 0.5).item() == pytest.approx(expected, rel=1e-4)
    assert (plugin.alpha, plugin.temperature, plugin.prev_classes) == (3.0, T, {0: {0, 2}})


def test_penalty_of_several_heads_needs_the_model_in_training():
    model, plugin = MTSimpleMLP(input_size=5, hidden_size=6), LwFPlugin()
    avalanche_model_adaptation(model, experience(0, 1))
    plugin.lwf.post_adapt(SimpleNamespace(model=model), experience(0, 1))
    x = torch.randn(3, 5)
    with pytest.raises(RuntimeError, match=r"penalty needs the answers of all heads.*lwf.penalty"):
        plugin.penalty(model(x, 0), x, 1.0)


def test_a_subclass_can_choose_the_penalty():
    class Constant(LwFPlugin):
        def penalty(self, out, x, alpha):
            seen.append((out.shape[1], len(x), alpha))
            return out.sum() * 0

    seen = []
    strategy = build(lambda m, o, **k: Naive(m, o, plugins=[Constant([0.0, 2.0, 5.0])], **k))
    learn(strategy, streams.class_incremental())
    assert {alpha for _, _, alpha in seen} == {2.0, 5.0}


def test_asking_all_heads_counts_no_batch_twice():
    """Running statistics move once per batch, as without distillation."""

    class Heads(MultiTaskModule):
        def __init__(self):
            super().__init__()
            self.body = nn.Sequential(nn.Linear(5, 6), nn.BatchNorm1d(6))
            self.heads = MultiHeadClassifier(6)

        def forward(self, x, task_labels):
            return self.heads(self.body(x), task_labels)

    torch.manual_seed(0)
    model, x = Heads(), torch.randn(9, 5)
    lwf = LearningWithoutForgetting()
    for task, classes in enumerate([(0, 1), (0, 1, 2)]):
        avalanche_model_adaptation(model, experience(*classes, task=task))
        lwf.post_adapt(SimpleNamespace(model=model), experience(*classes, task=task))
    out = model(x, 1)
    before = {k: v.clone() for k, v in model.body[1].state_dict().items()}
    term = lwf(x, out, model)
    assert all(torch.equal(before[k], v) for k, v in model.body[1].state_dict().items())
    assert model.body[1].track_running_stats
    old, body = lwf.prev_model(x, None), model.body(x)  # this forward moves the statistics
    expected = sum(
        kl(old[t].detach().numpy(), model.heads(body, None)[t].detach().numpy()) for t in (0, 1)
    )
    assert term.item() == pytest.approx(expected, rel=1e-3)


def test_inputs_by_name():
    class Named(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Linear(5, 4)

        def forward(self, pixels):
            return self.layer(pixels)

    model, other, x = Named(), Named(), torch.randn(3, 5)
    lwf = LearningWithoutForgetting(1.0, T)
    lwf.post_adapt(SimpleNamespace(model=model), experience(0, 1, 2, 3))
    expected = kl(model(x).detach().numpy(), other(x).detach().numpy())
    found = lwf({"pixels": x}, other(x), other).item()
    assert found == pytest.approx(expected, rel=1e-4)


def test_the_parts_of_an_online_stream_are_one_experience_where_boundaries_are_known():
    benchmark = streams.class_incremental()
    for known, count in ((True, 3), (False, 6)):
        online = split_online_stream(benchmark.train_stream, 20, access_task_boundaries=known)
        strategy = build(lambda m, o, **k: LwF(m, o, None, 1.0, T, **k))
        strategy.train(online)
        assert strategy.plugins[0].lwf.expcount == count
        assert strategy.plugins[0].prev_classes == {0: {0, 1, 2, 3, 4, 5}}


@pytest.mark.parametrize("softmax_over", ["old", "all"])
@pytest.mark.parametrize("kind", ["growing", "multi-head"])
def test_resumed_after_any_part_of_an_experience(kind, softmax_over):
    """The teacher is of the experience before, with fewer units or heads than the model has."""

    def fresh():
        return build(
            lambda m, o, **k: LwF(m, o, None, 1.0, T, softmax_over=softmax_over, **k), kind
        )

    benchmark = KINDS[kind]()
    parts = list(split_online_stream(benchmark.train_stream, 20, access_task_boundaries=True))
    whole, states = fresh(), []
    for part in parts:
        whole.train(part)
        memory = BytesIO()
        torch.save(whole.state_dict(), memory)
        states.append(memory)
    expected = whole.model.state_dict()
    for count, memory in enumerate(states, start=1):
        memory.seek(0)
        resumed = fresh()
        resumed.load_state_dict(torch.load(memory, weights_only=True), benchmark)
        for part in parts[count:]:
            resumed.train(part)
        found = resumed.model.state_dict()
        assert all(torch.equal(found[k], v) for k, v in expected.items() if torch.is_tensor(v))


@pytest.mark.parametrize("kind", ["growing", "multi-head"])
def test_mixed_precision_holds_for_all_answers(kind):
    """The teacher and the second answer of several heads run as the model does."""
    seen = []
    strategy = build(lambda m, o, **k: LwF(m, o, None, 1.0, T, **k), kind, precision="bf16")
    stream = KINDS[kind]().train_stream
    strategy.train(stream[0])
    layer = next(m for m in strategy.model.modules() if isinstance(m, nn.Linear))
    teacher = next(m for m in strategy.plugins[0].prev_model.modules() if isinstance(m, nn.Linear))
    for module in (layer, teacher):
        module.register_forward_hook(lambda *call: seen.append(call[2].dtype))
    strategy.train(stream[1])
    assert seen
    assert set(seen) == {torch.bfloat16}


def test_the_teacher_answers_with_the_classifier_that_is_trained():
    """Not with the nearest means that evaluation asks."""
    body, head = nn.Linear(5, 6), nn.Linear(6, 4)
    model, x = TrainEvalModel(body, head, NCMClassifier()), torch.randn(7, 5)
    lwf = LearningWithoutForgetting(1.0, T)
    lwf.post_adapt(SimpleNamespace(model=model), experience(0, 1))
    assert torch.equal(lwf.prev_model(x), head(body(x)))
    assert lwf(x, model(x), model).item() == pytest.approx(0, abs=1e-6)


def test_update_is_the_older_form_of_post_adapt():
    model = nn.Linear(5, 4)
    lwf = LearningWithoutForgetting()
    lwf.update(experience(0, 1), model)
    assert (lwf.expcount, lwf.prev_classes_by_task) == (1, {0: {0, 1}})
