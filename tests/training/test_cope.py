"""CoPE: what it sees, what it answers, and what it refuses."""

import copy

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.optim import SGD
from torch.utils.data import TensorDataset

from avalanche.benchmarks.generators import NCScenario
from avalanche.core import SupervisedPlugin
from avalanche.evaluation.metrics import accuracy_metrics
from avalanche.models import IncrementalClassifier, SimpleMLP
from avalanche.testing import streams
from avalanche.training import CoPE, Naive
from avalanche.training.plugins import AGEMPlugin, CoPEPlugin, EvaluationPlugin, GEMPlugin
from avalanche.training.plugins.cope import L2Normalization
from avalanche.training.regularization import diagonal_fisher
from avalanche.training.strategies import FlowNaive

WIDTH = 5


def network():
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Flatten(), nn.Linear(streams.FEATURES, 8), nn.ReLU(), nn.Sequential(nn.Linear(8, WIDTH))
    )


def make(model=None, lr=0.05, **options):
    model = network() if model is None else model
    options = {"mem_size": 30, "n_classes": streams.CLASSES, "p_size": WIDTH, **options}
    options = {"train_mb_size": 8, "evaluator": None, **options}
    return CoPE(model, SGD(model.parameters(), lr=lr), **options)


def plugin_of(strategy):
    return next(p for p in strategy.plugins if isinstance(p, CoPEPlugin))


class Look(SupervisedPlugin):
    """Keeps what evaluation answers."""

    def before_eval(self, strategy, **kwargs):
        self.features, self.answers, self.y, self.losses = [], [], [], []

    def before_training(self, strategy, **kwargs):
        self.y = []

    def after_forward(self, strategy, **kwargs):
        self.y.append(strategy.mb_y.clone())

    def after_eval_forward(self, strategy, **kwargs):
        self.features.append(strategy.mb_output.clone())

    def after_eval_iteration(self, strategy, **kwargs):
        self.answers.append(strategy.mb_output.clone())
        self.losses.append(strategy.loss.clone())
        self.y.append(strategy.mb_y.clone())


def test_answers_are_similarities_and_unseen_classes_never_win():
    strategy, benchmark = make(), streams.class_incremental()
    look = Look()
    strategy.add_plugin(look)
    strategy.train(benchmark.train_stream[:2])
    strategy.eval(benchmark.test_stream)
    answers, features = torch.cat(look.answers), torch.cat(look.features)
    table = plugin_of(strategy).p_mem.table
    torch.testing.assert_close(features.norm(dim=1), torch.ones(len(features)))
    torch.testing.assert_close(answers[:, :4], features @ table[:4].T / 0.1)
    assert set(torch.cat(look.y).tolist()) == set(range(6))
    assert not answers.softmax(1)[:, 4:].any()
    assert answers.argmax(1).max() < 4
    assert torch.stack(look.losses).isfinite().all()


def test_the_loss_of_evaluation_is_that_of_the_features():
    strategy, look = make(eval_mb_size=16), Look()
    strategy.add_plugin(look)
    benchmark = streams.class_incremental()
    strategy.train(benchmark.train_stream)
    strategy.eval(benchmark.test_stream)
    loss = plugin_of(strategy).ppp_loss
    assert [len(y) for y in look.y] == [16, 16, 8] * 3
    for z, y, value in zip(look.features, look.y, look.losses, strict=True):
        torch.testing.assert_close(value, loss(z, y))


def test_it_learns_online_what_naive_training_forgets():
    benchmark, accuracy = streams.class_incremental(), {}
    for kind in (CoPE, Naive):
        look = Look()
        if kind is CoPE:
            strategy = make(train_mb_size=4)
        else:
            model = network()
            model[3][0] = nn.Linear(8, streams.CLASSES)
            options = {"train_mb_size": 4, "evaluator": None}
            strategy = Naive(model, SGD(model.parameters(), lr=0.05), **options)
        strategy.add_plugin(look)
        strategy.train(benchmark.train_stream)
        strategy.eval(benchmark.test_stream)
        correct = torch.cat(look.answers).argmax(1) == torch.cat(look.y)
        accuracy[kind] = float(correct.float().mean())
    assert accuracy[CoPE] > max(0.8, accuracy[Naive] + 0.1)


def test_the_model_itself_answers_on_the_unit_sphere_with_its_own_parameters():
    model = network()
    names, parameters = [*model.state_dict()], [*map(id, model.parameters())]
    strategy = make(model)
    strategy.train(streams.class_incremental().train_stream[0])
    answer = model(torch.randn(3, streams.FEATURES))
    torch.testing.assert_close(answer.norm(dim=1), torch.ones(3))
    assert [*model.state_dict()] == names
    assert [*map(id, model.parameters())] == parameters
    first = model[3][0]
    strategy.train(streams.class_incremental().train_stream[1])
    assert model[3][0] is first, "put in place once"


def test_batches_hold_as_many_samples_of_a_balanced_memory():
    strategy, look = make(), Look()
    strategy.add_plugin(look)
    benchmark = streams.class_incremental()
    strategy.train(benchmark.train_stream[0])
    assert [len(y) for y in look.y] == [8] * 5
    strategy.train(benchmark.train_stream[1])
    assert [len(y) for y in look.y] == [16] * 5
    for y in look.y:
        assert set(y[:8].tolist()) <= {2, 3}
        assert set(y[8:].tolist()) <= {0, 1}
    stored = plugin_of(strategy).storage_policy.buffer.targets.count
    assert sum(stored.values()) == 30
    assert max(stored.values()) - min(stored.values()) <= 1


def test_prototypes_are_those_of_the_features_of_each_batch():
    strategy, seen = make(alpha=0.6), []

    class Keep(SupervisedPlugin):
        def before_backward(self, strategy, **kwargs):
            seen.append((strategy.mb_output.detach().clone(), strategy.mb_y.clone()))

    strategy.add_plugin(Keep())
    strategy.train(streams.class_incremental().train_stream)
    expected = {}
    for z, y in seen:
        for c in set(y.tolist()):
            mean = z[y == c].mean(0)
            old = expected.get(c, F.normalize(mean, dim=0))
            expected[c] = F.normalize(0.6 * old + 0.4 * mean, dim=0)
    ours = dict(plugin_of(strategy).p_mem)
    assert ours.keys() == expected.keys()
    for c, prototype in ours.items():
        torch.testing.assert_close(prototype[0], expected[c])


def test_a_growing_head_is_an_embedding_that_grows():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Flatten(), IncrementalClassifier(streams.FEATURES))
    strategy = make(model, p_size=streams.CLASSES)
    benchmark = streams.class_incremental()
    for count, experience in enumerate(benchmark.train_stream, start=1):
        strategy.train(experience)
        assert model[1].classifier.out_features == 2 * count
        assert strategy.loss.isfinite()
    assert len(plugin_of(strategy).p_mem) == streams.CLASSES
    assert plugin_of(strategy).p_mem.table.isfinite().all()


def test_mixed_precision_and_accumulation_train():
    for options in ({"precision": "bf16"}, {"accumulate": 3}, {"clip_grad_norm": 0.1}):
        strategy = make(**options)
        before = copy.deepcopy(strategy.model.state_dict())
        strategy.train(streams.class_incremental().train_stream)
        after = strategy.model.state_dict()
        assert all(v.isfinite().all() for v in after.values())
        assert not torch.equal(before["3.0.weight"], after["3.0.weight"])


def test_training_accuracy_is_that_of_the_nearest_prototype():
    metric = EvaluationPlugin(accuracy_metrics(epoch=True))
    strategy = make(evaluator=metric)
    results = strategy.train(streams.class_incremental().train_stream)
    assert results["Top1_Acc_Epoch/train_phase/train_stream/Task000"] > 0.7


def test_normalization_is_a_module():
    x = torch.randn(4, 3)
    torch.testing.assert_close(L2Normalization()(x), x / x.norm(dim=1, keepdim=True))
    assert not L2Normalization()(torch.zeros(1, 3)).any()


def test_a_model_of_another_width_is_refused():
    strategy = make(p_size=7)
    with pytest.raises(ValueError, match=r"p_size=7: .*'3.0', has 5 units; pass p_size=5"):
        strategy.train(streams.class_incremental().train_stream)
    with pytest.raises(ValueError, match=r"p_size=7: .*'3.0', has 5 units; pass p_size=5"):
        strategy.eval(streams.class_incremental().test_stream)
    model = nn.Sequential(nn.Flatten(), nn.Linear(streams.FEATURES, WIDTH), nn.ReLU())
    model.add_module("tail", nn.Unflatten(1, (1, WIDTH)))
    model.add_module("pad", nn.ZeroPad1d((0, 3)))
    model.add_module("flat", nn.Flatten())
    with pytest.raises(ValueError, match="p_size=5: the model's answer has 8 values"):
        make(model).train(streams.class_incremental().train_stream)


def test_classes_beyond_n_classes_are_refused():
    strategy = make(n_classes=3)
    benchmark = streams.class_incremental()
    strategy.train(benchmark.train_stream[0])
    with pytest.raises(ValueError, match="n_classes=3: the experience has class 3; .*at least 4"):
        strategy.train(benchmark.train_stream[1])
    with pytest.raises(ValueError, match="n_classes=3: the experience has class 3"):
        strategy.eval(benchmark.test_stream)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"mem_size": -1}, "mem_size=-1: expected a whole number"),
        ({"n_classes": 0}, "n_classes=0: expected"),
        ({"p_size": 1.5}, "p_size=1.5: expected"),
        ({"alpha": 2}, "alpha=2: expected a momentum"),
        ({"T": 0}, "T=0: expected a temperature"),
        ({"T": float("inf")}, "T=inf: expected a temperature"),
        ({"max_it_cnt": 0}, "max_it_cnt=0: expected"),
    ],
    ids=["memory", "classes", "width", "momentum", "temperature", "infinite", "iterations"],
)
def test_impossible_arguments_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        CoPEPlugin(**options)


@pytest.mark.parametrize(("name", "value"), [("T", "0.1"), ("T", True), ("alpha", None)])
def test_what_is_no_number_is_refused(name, value):
    with pytest.raises(TypeError, match=f"{name}={value!r}: expected a number"):
        CoPEPlugin(**{name: value})


@pytest.mark.parametrize("name", ["mem_size", "n_classes", "p_size"])
def test_states_of_other_plugins_are_refused(name):
    options = {"mem_size": 5, "n_classes": 4, "p_size": 3}
    plugin, other = CoPEPlugin(**options), CoPEPlugin(**{**options, name: 9})
    assert (plugin.mem_size, plugin.alpha, plugin.T) == (5, 0.99, 0.1)
    plugin.check_state_dict(CoPEPlugin(**options).state_dict())
    with pytest.raises(ValueError, match=f"{name}={options[name]}: .* {name}=9"):
        plugin.check_state_dict(other.state_dict())


def test_loops_that_compute_their_loss_themselves_are_refused():
    x, y = torch.randn(8, streams.FEATURES), torch.arange(8) % 2
    data = TensorDataset(x, y)
    model = SimpleMLP(num_classes=WIDTH, input_size=streams.FEATURES)
    plugin = CoPEPlugin(n_classes=2, p_size=WIDTH)
    flow = FlowNaive(model, "classifier", SGD(model.parameters(), lr=0.1), plugins=[plugin])
    with pytest.raises(TypeError, match="CoPEPlugin: the loops of flow strategies compute"):
        flow.train(NCScenario(data, data, 1)[0])


TAILS = {"none": nn.Identity, "tanh": nn.Tanh, "batch norm": lambda: nn.BatchNorm1d(WIDTH)}


@pytest.mark.parametrize("tail", TAILS.values(), ids=TAILS)
def test_a_loaded_strategy_evaluates_as_the_saved_one_before_any_training(tail):
    benchmark, results, answers = streams.class_incremental(), [], []
    x = torch.randn(4, streams.FEATURES)
    state = None
    for _ in range(2):
        strategy, look = make(nn.Sequential(network(), tail())), Look()
        strategy.add_plugin(look)
        if state is None:
            strategy.train(benchmark.train_stream[:2])
            state = copy.deepcopy(strategy.state_dict())
        else:
            strategy.load_state_dict(state, benchmark)
        answers.append(strategy.model.eval()(x))
        strategy.eval(benchmark.test_stream)
        results.append(torch.cat(look.answers))
    assert torch.equal(*results)
    assert torch.equal(*answers)


def test_evaluation_before_training_has_the_layer_of_training_and_changes_no_mode():
    model = nn.Sequential(network(), nn.Tanh())
    strategy, look = make(model), Look()
    strategy.add_plugin(look)
    modes, names = [m.training for m in model.modules()], [*model.state_dict()]
    strategy.eval(streams.class_incremental().test_stream[0])
    assert [m.training for m in model.modules()] == modes
    assert [*model.state_dict()] == names
    x = next(iter(streams.class_incremental().test_stream)).dataset.batch(range(1))[0]
    body, last = model[0][:3], model[0][3][0]
    plain = F.linear(body(x), last.weight, last.bias)
    expected = F.normalize(F.normalize(plain, dim=1).tanh(), dim=1)
    torch.testing.assert_close(look.features[0][:1], expected)


def test_a_model_that_is_one_linear_layer_is_an_embedding_too():
    model = nn.Linear(3, WIDTH)
    plugin = CoPEPlugin(p_size=WIDTH)
    for _ in range(2):
        plugin.normalize_last_layer(model)
    x = torch.randn(2, 3)
    torch.testing.assert_close(model(x), F.normalize(F.linear(x, model.weight, model.bias), dim=1))
    copied = copy.deepcopy(model)
    plugin.normalize_last_layer(copied)
    assert torch.equal(copied(x), model(x))
    assert len(copied._forward_hooks) == 1


@pytest.mark.parametrize(
    "options",
    [{"pin_memory": True}, {"num_workers": 1, "persistent_workers": True}],
    ids=["pinned", "persistent"],
)
def test_options_of_the_loader_are_passed_on(options):
    class Keep(SupervisedPlugin):
        def before_training_exp(self, strategy, **kwargs):
            self.loader = strategy.dataloader

    keep = Keep()
    strategy = make()
    strategy.add_plugin(keep)
    strategy.train(streams.class_incremental().train_stream[0], **options)
    assert keep.loader.num_workers == options.get("num_workers", 0)
    assert keep.loader.pin_memory == options.get("pin_memory", False)
    persistent = keep.loader._worker_options["persistent_workers"]
    assert persistent == options.get("persistent_workers", False)


def growing():
    return nn.Sequential(nn.Flatten(), IncrementalClassifier(streams.FEATURES))


def with_a_tail():
    layers = [nn.Flatten(), nn.Linear(streams.FEATURES, streams.CLASSES), nn.Softplus()]
    return nn.Sequential(*layers)


MEMORIES = {"GEM": lambda: GEMPlugin(10, 0.5), "A-GEM": lambda: AGEMPlugin(10, 8)}
MODELS = {"growing head": growing, "layers after the last linear one": with_a_tail}


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
@pytest.mark.parametrize("memory", MEMORIES.values(), ids=MEMORIES)
def test_other_plugins_get_the_loss_of_the_embedding(memory, model):
    torch.manual_seed(0)
    strategy = make(model(), p_size=streams.CLASSES, plugins=[memory()])
    strategy.train(streams.class_incremental().train_stream)
    assert all(p.isfinite().all() for p in strategy.model.parameters())
    answer = torch.randn(3, streams.CLASSES - 2)
    y = torch.tensor([0, 1, 0])
    embedded = F.normalize(F.pad(answer, (0, 2)), dim=1)
    expected = plugin_of(strategy).ppp_loss(embedded, y)
    torch.testing.assert_close(strategy._criterion(answer, y), expected)


def test_importances_of_an_embedding_are_those_of_its_loss():
    strategy = make()
    benchmark = streams.class_incremental()
    strategy.train(benchmark.train_stream[:2])
    data, model = benchmark.train_stream[1].dataset, strategy.model
    found = diagonal_fisher(model, data, criterion=strategy._criterion, sampled=False)
    expected = {n: torch.zeros_like(p) for n, p in model.named_parameters()}
    model.eval()
    x, y, _ = data.batch(range(len(data)))
    for i in range(len(y)):
        loss = plugin_of(strategy).ppp_loss(model(x[i : i + 1]), y[i : i + 1])
        gradients = torch.autograd.grad(loss, list(model.parameters()))
        for total, gradient in zip(expected.values(), gradients, strict=True):
            total += gradient**2 / len(y)
    for name, value in expected.items():
        torch.testing.assert_close(found[name], value, rtol=1e-3, atol=1e-6)
