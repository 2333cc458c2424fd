"""Penalties and distillation that are known to be wrong elsewhere, row by row."""

import copy
from types import SimpleNamespace

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import TensorDataset

from avalanche.benchmarks import (
    class_incremental_benchmark,
    split_online_stream,
    task_incremental_benchmark,
)
from avalanche.benchmarks.utils import (
    AvalancheDataset,
    TransformGroups,
    _make_taskaware_tensor_classification_dataset,
    as_classification_dataset,
)
from avalanche.core import SupervisedPlugin
from avalanche.models import MTSimpleMLP, avalanche_model_adaptation
from avalanche.testing import streams
from avalanche.testing.strategies import build, learn, weights
from avalanche.training import EWC, MAS, LwF, Naive, SynapticIntelligence
from avalanche.training.plugins import EWCPlugin, LwFPlugin, SynapticIntelligencePlugin
from avalanche.training.regularization import (
    ElasticWeightConsolidation,
    LearningWithoutForgetting,
    MemoryAwareSynapses,
    SynapticIntelligencePenalty,
)

METHODS = {
    "EWC": lambda m, o, **k: EWC(m, o, None, 10.0, **k),
    "EWC online": lambda m, o, **k: EWC(m, o, None, 10.0, "online", 0.9, **k),
    "SI": lambda m, o, **k: SynapticIntelligence(m, o, None, 10.0, **k),
    "MAS": lambda m, o, **k: MAS(m, o, None, 0.01, **k),
    "LwF": lambda m, o, **k: LwF(m, o, None, 2.0, 2.0, **k),
}


def data(count=24, features=5, classes=4):
    x = torch.randn(count, features)
    return _make_taskaware_tensor_classification_dataset(x, torch.arange(count) % classes)


def normed():
    """What careless importance passes disturb: running statistics and dropout."""
    return nn.Sequential(nn.Linear(5, 6), nn.BatchNorm1d(6), nn.Dropout(0.5), nn.Linear(6, 4))


class Watch(SupervisedPlugin):
    """Behind a method: the part of the loss that is not the criterion's, at each iteration."""

    def __init__(self):
        self.extra = []

    def before_backward(self, strategy, **kwargs):
        task = F.cross_entropy(strategy.mb_output, strategy.mb_y)
        self.extra.append((strategy.loss - task).item())


def extra_losses(plugin):
    """The extra loss of every iteration, one list per experience."""
    watch, found = Watch(), []
    strategy = build(lambda m, o, **k: Naive(m, o, plugins=[plugin, watch], **k))
    for experience in streams.class_incremental().train_stream:
        strategy.train(experience)
        found.append(watch.extra)
        watch.extra = []
    return found


# ------------------------------------------------------------------ Synaptic Intelligence


def test_row_01_si_importances_are_not_zero():
    strategy = build(METHODS["SI"])
    learn(strategy, streams.class_incremental())
    importances = strategy.plugins[0].ewc_data[1]
    assert all(t.max() > 0 for t in importances.values())


def test_row_01_si_is_not_naive():
    ends = []
    for factory in (METHODS["SI"], Naive):
        strategy = build(factory)
        learn(strategy, streams.class_incremental())
        ends.append(weights(strategy)["1.weight"])
    assert (ends[0] - ends[1]).abs().max() > 1e-3


def test_row_01_si_keeps_copies_of_weights():
    """The old and the new weights of an update are two tensors."""
    model, syn = nn.Linear(2, 2), {"old_theta": {}, "new_theta": {}}
    SynapticIntelligencePlugin.pre_update(model, syn, set())
    with torch.no_grad():
        model.weight.add_(1.0)
    SynapticIntelligencePlugin.extract_weights(model, syn["new_theta"], set())
    moved = syn["new_theta"]["weight"] - syn["old_theta"]["weight"]
    torch.testing.assert_close(moved, torch.ones(2, 2))


def one_weight_si(gradient_of_penalty, steps=1, **options):
    """SI on one weight under the loss ``theta`` (gradient 1), pulled by a strong penalty."""
    model = nn.Linear(1, 1, bias=False)
    nn.init.zeros_(model.weight)
    si, agent = SynapticIntelligencePenalty(1.0, 0.01, **options), SimpleNamespace(model=model)
    si.quadratic.add(
        {"weight": torch.tensor([[abs(gradient_of_penalty)]])},
        {"weight": torch.tensor([[-1.0 if gradient_of_penalty > 0 else 1.0]])},
    )
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    si.pre_adapt(agent, "e")
    for _ in range(steps):
        optimizer.zero_grad()
        (model.weight.sum() + si(model)).backward()
        si.before_step(model)
        optimizer.step()
        si.after_step(model)
    return si, model, agent


def test_row_02_si_path_is_of_the_gradient_without_the_penalty():
    si, model, _ = one_weight_si(30.0)
    step = -0.01 * (1 + 30.0)
    assert model.weight.item() == pytest.approx(step)
    assert si.path["weight"].item() == pytest.approx(-1 * step)  # not 31 * -step


def test_row_02_si_importances_are_never_negative():
    """The penalty drags the weight uphill: its path says that the loss rose."""
    si, _, agent = one_weight_si(-30.0)
    assert si.path["weight"].item() < 0
    before = si.quadratic.weights["weight"].item()
    si.post_adapt(agent, "e")
    assert si.quadratic.weights["weight"].item() == before


def test_row_02_si_importances_are_damped_and_clipped_on_demand_only():
    si = SynapticIntelligencePenalty(1.0, 0.01)
    model = nn.Linear(1, 1, bias=False)
    si.pre_adapt(SimpleNamespace(model=model), "e")
    si.path["weight"].fill_(5.0)  # and the weight is where it was
    si.post_adapt(SimpleNamespace(model=model), "e")
    assert si.quadratic.weights["weight"].item() == pytest.approx(5 / 0.01)
    limited, _, agent = one_weight_si(30.0, clip=0.001)
    limited.post_adapt(agent, "e")
    assert limited.quadratic.weights["weight"].item() == pytest.approx(0.001)


def test_row_02_si_batch_norm_takes_part_unless_told():
    for takes_part in (True, False):
        plugin = SynapticIntelligencePlugin(1.0, batch_norm=takes_part)
        learn(
            build(lambda m, o, p=plugin, **k: Naive(m, o, plugins=[p], **k)),
            streams.class_incremental(),
        )
        assert ("2.weight" in plugin.ewc_data[1]) is takes_part


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_row_02_si_stays_on_the_device():
    found = []
    for device in ("cpu", "cuda"):
        torch.manual_seed(0)
        model = nn.Linear(streams.FEATURES, streams.CLASSES)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
        strategy = SynapticIntelligence(
            model, optimizer, None, 1.0, train_mb_size=8, evaluator=None, device=device
        )
        for experience in streams.class_incremental().train_stream:
            strategy.train(experience, shuffle=False)
        importances = strategy.plugins[0].ewc_data[1]
        assert all(t.device.type == device for t in importances.values())
        found.append({n: t.cpu() for n, t in importances.items()})
    torch.testing.assert_close(found[0], found[1], rtol=1e-3, atol=1e-4)


# ---------------------------------------------------------------------------------- LwF


def teacher_of(model):
    lwf = LearningWithoutForgetting(1.0, 2.0)
    exp = SimpleNamespace(classes_in_this_experience=[0, 1], task_labels=[0])
    lwf.post_adapt(SimpleNamespace(model=model), exp)
    return lwf


def test_row_06_lwf_teacher_is_in_evaluation_mode():
    model, x = normed().train(), torch.randn(8, 5)
    lwf = teacher_of(model)
    before = copy.deepcopy(lwf.prev_model.state_dict())
    for _ in range(3):
        lwf(x, model(x), model)
    torch.testing.assert_close(lwf.prev_model(x), lwf.prev_model(x), rtol=0, atol=0)
    assert all(torch.equal(before[k], v) for k, v in lwf.prev_model.state_dict().items())


def test_row_06_lwf_teacher_has_no_gradients():
    model, x = normed(), torch.randn(8, 5)
    lwf = teacher_of(model)
    lwf(x, model(x), model).backward()
    assert all(p.grad is None and not p.requires_grad for p in lwf.prev_model.parameters())
    assert model[0].weight.grad is not None


def test_row_06_lwf_temperature_squared_is_an_option():
    old, new, x = normed().eval(), normed().eval(), torch.randn(8, 5)
    exp = SimpleNamespace(classes_in_this_experience=[0, 1, 2, 3], task_labels=[0])
    terms = []
    for scale in (False, True):
        lwf = LearningWithoutForgetting(1.0, 3.0, scale_by_temperature=scale)
        lwf.post_adapt(SimpleNamespace(model=old), exp)
        terms.append(lwf(x, new(x), new).item())
    assert terms[1] == pytest.approx(9 * terms[0], rel=1e-5)


def test_row_06_lwf_works_without_task_labels():
    experience = streams.without_labels().train_stream[0]
    assert len(experience.dataset[0]) == 2
    strategy = build(METHODS["LwF"])
    learn(strategy, streams.without_labels())
    assert strategy.plugins[0].prev_classes == {0: {0, 1, 2, 3, 4, 5}}


def test_fixed_lwf_distils_only_seen_units_825_1013():
    model, old, x = nn.Linear(5, 4), nn.Linear(5, 4), torch.randn(6, 5)
    lwf = teacher_of(old)
    out = model(x)
    (gradient,) = torch.autograd.grad(lwf(x, out, model), out)
    assert gradient[:, [0, 1]].abs().min() > 0
    assert gradient[:, [2, 3]].abs().max() == 0


def test_fixed_lwf_terms_of_heads_are_not_zero_1121():
    """A task's label finds its head, whether it is a number or a string."""
    model, x = MTSimpleMLP(input_size=5, hidden_size=6), torch.randn(6, 5)
    lwf = LearningWithoutForgetting(1.0, 2.0)
    for task in (0, 1):
        exp = SimpleNamespace(classes_in_this_experience=[0, 1], task_labels=[task])
        avalanche_model_adaptation(model, exp)
        lwf.post_adapt(SimpleNamespace(model=model), exp)
    with torch.no_grad():
        for p in model.parameters():
            p.add_(torch.randn_like(p))
    lwf(x, model(x, 1), model).backward()
    heads = model.classifier.classifiers
    assert all(head.classifier.weight.grad.abs().max() > 0 for head in heads.values())


def test_fixed_lwf_a_weight_per_experience_1115():
    model, other, x = nn.Linear(5, 4), nn.Linear(5, 4), torch.randn(6, 5)
    lwf = LearningWithoutForgetting(alpha=[9.0, 1.0, 4.0], temperature=2.0)
    exp = SimpleNamespace(classes_in_this_experience=[0, 1], task_labels=[0])
    values = []
    for _ in range(2):
        lwf.post_adapt(SimpleNamespace(model=model), exp)
        values.append(lwf(x, other(x), other).item())
    assert values[1] == pytest.approx(4 * values[0])


# ---------------------------------------------------------------------------------- EWC


@pytest.mark.parametrize("fisher", ["empirical", "sampled"])
def test_row_08_ewc_importances_do_not_depend_on_the_batch_size(fisher):
    """The square of a batch's mean gradient shrinks with the batch: 8.0, 4.2, 3.9 there."""
    model, samples, found = nn.Linear(5, 4), data(48), []
    for size in (1, 10, 48):
        ewc = ElasticWeightConsolidation(1.0, fisher=fisher)
        torch.manual_seed(0)  # the draws of sampled labels come in the samples' order
        importances = ewc.compute_importances(
            model, nn.CrossEntropyLoss(), samples, "cpu", batch_size=size
        )
        found.append(sum(t.sum().item() for t in importances.values()))
    assert found == pytest.approx([found[0]] * 3, rel=1e-3 if fisher == "empirical" else 0.25)


def test_row_08_ewc_penalty_has_the_half():
    ewc, model = ElasticWeightConsolidation(6.0), nn.Linear(1, 1, bias=False)
    nn.init.zeros_(model.weight)
    ewc.consolidate(model, {"weight": torch.tensor([[5.0]])})
    nn.init.constant_(model.weight, 2.0)
    assert ewc(model).item() == pytest.approx(6.0 / 2 * 5.0 * 2.0**2)


def test_row_08_ewc_sees_evaluation_transforms():
    asked = []

    def seen_in_training(x):
        asked.append(True)
        return x

    x, y = torch.randn(12, 5), torch.arange(12) % 4
    source = TensorDataset(x, y)
    source.targets = y
    samples = as_classification_dataset(
        source, transform_groups=TransformGroups({"train": seen_in_training, "eval": None})
    )
    assert isinstance(samples, AvalancheDataset)
    exp = SimpleNamespace(dataset=samples.train())
    samples.train()[0]
    assert asked.pop()
    of_batches = ElasticWeightConsolidation(1.0, fisher="batch")
    for method in (ElasticWeightConsolidation(1.0), of_batches, MemoryAwareSynapses()):
        method.post_adapt(SimpleNamespace(model=nn.Linear(5, 4)), exp)
    assert asked == []


@pytest.mark.parametrize(
    "device",
    [
        "cpu",
        pytest.param(
            "cuda", marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
        ),
    ],
)
@pytest.mark.parametrize("kind", [nn.RNN, nn.LSTM, nn.GRU], ids=["rnn", "lstm", "gru"])
def test_row_09_ewc_of_recurrent_models_on_any_device(kind, device):
    """cuDNN has no backward pass in evaluation mode; the guard for it compared wrongly."""

    class Recurrent(nn.Module):
        def __init__(self):
            super().__init__()
            self.rnn, self.last = kind(1, 6, batch_first=True), nn.Linear(6, 4)

        def forward(self, x):
            return self.last(self.rnn(x.unsqueeze(-1))[0][:, -1])

    model = Recurrent().to(device).train()
    for method in (ElasticWeightConsolidation(1.0), MemoryAwareSynapses()):
        method.post_adapt(SimpleNamespace(model=model), SimpleNamespace(dataset=data(6)))
        assert all(t.sum() > 0 for t in method.quadratic.weights.values())
    assert all(m.training for m in model.modules())


def test_fixed_ewc_compares_present_weights_with_saved_ones_1099():
    """The penalty is 0 at the first step of an experience and above 0 later."""
    first, second, third = extra_losses(EWCPlugin(10.0, fisher="empirical"))
    assert max(map(abs, first)) < 1e-6
    assert abs(second[0]) < 1e-6
    assert min(second[1:]) > 0
    assert min(third[1:]) > 0


def test_fixed_ewc_online_penalty_is_applied_728():
    plugin = EWCPlugin(10.0, mode="online", decay_factor=0.5, fisher="empirical")
    _, second, third = extra_losses(plugin)
    assert min(second[1:] + third[1:]) > 0


@pytest.mark.parametrize(
    "method", [ElasticWeightConsolidation(1.0), MemoryAwareSynapses()], ids=["EWC", "MAS"]
)
def test_fixed_ewc_importance_pass_leaves_statistics_and_modes_723_1409(method):
    """And row 10: MAS moved running statistics by 0.18."""
    model = normed().train()
    model[2].eval()
    before = copy.deepcopy(model.state_dict())
    method.post_adapt(SimpleNamespace(model=model), SimpleNamespace(dataset=data()))
    assert all(torch.equal(before[k], v) for k, v in model.state_dict().items())
    assert [m.training for m in model.children()] == [True, True, False, True]


def test_fixed_si_penalty_is_in_the_loss_734():
    _, second, third = extra_losses(SynapticIntelligencePlugin(10.0))
    assert min(second[1:] + third[1:]) > 0


# ---------------------------------------------------------------------------------- MAS


def test_row_10_mas_importances_do_not_depend_on_the_batch_size():
    """The magnitude of a batch's mean gradient: 22.5, 17.9, 16.8 there."""
    model, samples = nn.Linear(5, 4), data(48)
    found = [
        MemoryAwareSynapses().compute_importances(model, samples, batch_size=size)
        for size in (1, 10, 48)
    ]
    for other in found[1:]:
        torch.testing.assert_close(other, found[0], rtol=1e-4, atol=1e-4)


def test_row_10_mas_of_answers_that_are_all_zero():
    """A squared norm of exactly 0 is a value, not a missing one."""
    model = nn.Linear(5, 4)
    nn.init.zeros_(model.weight)
    nn.init.zeros_(model.bias)
    found = MemoryAwareSynapses().compute_importances(model, data())
    assert all((t == 0).all() for t in found.values())


def test_row_10_mas_importances_add_up_as_in_the_paper():
    model, ones = nn.Linear(1, 1, bias=False), {"weight": torch.ones(1, 1)}
    for options, expected in (({}, 3.0), ({"mode": "average"}, 1.0)):
        mas = MemoryAwareSynapses(**options)
        for _ in range(3):
            mas.consolidate(model, ones)
        assert mas.quadratic.weights["weight"].item() == pytest.approx(expected)


# ------------------------------------------------------------------------ every builder


def tensors(seed):
    x, y = streams._points(range(streams.CLASSES), seed=seed)
    source = TensorDataset(x, y)
    source.targets = y
    return source


def by_class():
    sets = {name: as_classification_dataset(tensors(s)) for name, s in (("train", 0), ("test", 9))}
    return class_incremental_benchmark(sets, num_experiences=3)


BUILDERS = {
    "class_incremental_benchmark": by_class,
    "task_incremental_benchmark": lambda: task_incremental_benchmark(by_class()),
    "without task labels": streams.without_labels,
    "nc_benchmark": streams.class_incremental,
    "nc_benchmark with tasks": streams.task_incremental,
}


@pytest.mark.parametrize("builder", BUILDERS)
@pytest.mark.parametrize("method", METHODS)
def test_row_38_39_penalties_on_every_builder(method, builder):
    benchmark = BUILDERS[builder]()
    for kind in ("plain", "growing", "multi-head"):
        strategy = build(METHODS[method], kind, train_epochs=1)
        learn(strategy, benchmark)
        strategy.eval(benchmark.test_stream)
        assert all(v.isfinite().all() for v in weights(strategy).values()), kind


@pytest.mark.parametrize("known", [True, False], ids=["boundaries", "no boundaries"])
@pytest.mark.parametrize("method", METHODS)
def test_row_38_39_penalties_on_online_streams(method, known):
    benchmark = by_class()
    online = split_online_stream(benchmark.train_stream, 10, access_task_boundaries=known)
    strategy = build(METHODS[method], "growing", train_epochs=1)
    strategy.train(online)
    component = next(
        c
        for p in strategy.plugins
        for a in ("ewc", "si", "mas", "lwf")
        if (c := getattr(p, a, None)) is not None
    )
    count = component.expcount if method == "LwF" else component.experiences
    assert count == (3 if known else 12)


def test_row_38_39_lwf_distils_on_class_incremental_benchmark():
    """Not only no crash: the term is there and of the classes seen."""
    plugin, watch = LwFPlugin(1.0, 2.0), Watch()
    strategy = build(lambda m, o, **k: Naive(m, o, plugins=[plugin, watch], **k))
    benchmark = by_class()
    strategy.train(benchmark.train_stream[0])
    assert max(map(abs, watch.extra)) == 0
    watch.extra = []
    strategy.train(benchmark.train_stream[1])
    assert max(watch.extra) > 0.01
