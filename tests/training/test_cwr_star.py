"""CWR*: consolidated weights by hand, what is frozen, and what can win."""

import copy

import numpy as np
import pytest
import torch
from torch import nn
from torch.optim import SGD

from avalanche.benchmarks import split_online_stream
from avalanche.core import SupervisedPlugin
from avalanche.evaluation.metrics import accuracy_metrics, loss_metrics
from avalanche.models import IncrementalClassifier, MTSimpleMLP, SimpleMLP
from avalanche.testing import streams
from avalanche.training import CWRStar
from avalanche.training.consolidated_head import ConsolidatedHead
from avalanche.training.plugins import CWRStarPlugin, EvaluationPlugin


class Spy(SupervisedPlugin):
    """The output layer as each experience began and as it was trained."""

    def __init__(self, layer):
        self.layer = layer
        self.begun, self.trained = [], []

    def rows(self):
        layer = self.layer()
        columns = [layer.weight.detach()]
        if layer.bias is not None:
            columns.append(layer.bias.detach()[:, None])
        return torch.cat(columns, 1).double().numpy()

    def before_training_epoch(self, strategy, **kwargs):
        self.begun.append(self.rows())

    def after_training_epoch(self, strategy, **kwargs):
        self.trained.append(self.rows())


def body():
    return [nn.Flatten(), nn.Linear(streams.FEATURES, 8), nn.BatchNorm1d(8), nn.ReLU()]


def make(head, spy=None, **options):
    torch.manual_seed(0)
    model = nn.Sequential(*body(), head)
    plugins = [] if spy is None else [spy]
    options = {"train_mb_size": 8, "evaluator": None, "plugins": plugins, **options}
    return CWRStar(model, SGD(model.parameters(), lr=0.1, momentum=0.9), **options)


def by_hand(trained, counts, units, width):
    """Algorithm 2 in numpy: the consolidated weights after each experience."""
    cw, past, after = np.zeros((units, width)), np.zeros(units), []
    for tw, count in zip(trained, counts, strict=True):
        classes = [*count]
        weights = tw[classes, :8]
        mean = np.full(width, weights.mean())
        if width > 8:
            mean[8] = tw[classes, 8].mean()
        for j, cur in count.items():
            w = np.sqrt(past[j] / cur)
            cw[j] = (cw[j] * w + tw[j] - mean) / (w + 1)
            past[j] += cur
        after.append(cw.copy())
    return after, past


@pytest.mark.parametrize("bias", [True, False], ids=["bias", "no bias"])
def test_consolidated_weights_are_those_of_algorithm_2(bias):
    head = nn.Linear(8, streams.CLASSES, bias=bias)
    spy = Spy(lambda: head)
    strategy = make(head, spy)
    # Classes 0 and 1, then 1, 2, 3, then 0 and 3; class 1 comes a second time with fewer samples.
    stream = list(streams.repeated_classes().train_stream)
    second = stream[1].dataset
    kept = [i for i, y in enumerate(second.targets) if y != 1 or i % 4 == 0]
    stream[1].dataset = second.subset(kept)
    counts, ends = [], []
    for experience in stream:
        counts.append(dict(sorted(experience.dataset.targets.count.items())))
        strategy.train(experience)
        ends.append(spy.rows())
    assert counts[1][1] == 5
    after, past = by_hand(spy.trained, counts, streams.CLASSES, 8 + bias)
    for ours, expected in zip(ends, after, strict=True):
        np.testing.assert_allclose(ours, expected, atol=1e-6)
    plugin = strategy.plugins[1]
    assert plugin.head.past["4"].tolist() == past.astype(int).tolist()
    # Each experience begins with the consolidated rows of its classes and zeros.
    for begun, before, count in zip(spy.begun, [after[0] * 0, *after], counts, strict=False):
        expected = np.zeros_like(begun)
        expected[[*count]] = before[[*count]]
        np.testing.assert_allclose(begun, expected, atol=1e-6)


def test_after_the_first_experience_only_the_output_learns():
    strategy = make(nn.Linear(8, streams.CLASSES))
    model, benchmark = strategy.model, streams.class_incremental()
    before = {k: v.clone() for k, v in model.state_dict().items()}
    strategy.train(benchmark.train_stream[0])
    first = {k: v.clone() for k, v in model.state_dict().items()}
    assert not torch.equal(before["1.weight"], first["1.weight"])
    strategy.train(benchmark.train_stream[1:])
    for name, value in model.state_dict().items():
        assert torch.equal(value, first[name]) != name.startswith("4."), name
    assert [m.training for m in model[:4]] == [False] * 4
    assert model[4].training
    assert [n for n, p in model.named_parameters() if p.requires_grad] == ["4.weight", "4.bias"]


def test_the_rest_learns_on_where_nothing_is_frozen():
    strategy = make(nn.Linear(8, streams.CLASSES), freeze_remaining_model=False)
    benchmark = streams.class_incremental()
    strategy.train(benchmark.train_stream[0])
    before = strategy.model[1].weight.detach().clone()
    strategy.train(benchmark.train_stream[1])
    assert not torch.equal(strategy.model[1].weight, before)
    assert all(p.requires_grad for p in strategy.model.parameters())


def test_classes_never_met_cannot_win():
    class Look(SupervisedPlugin):
        def before_eval(self, strategy, **kwargs):
            self.outputs = []

        def after_eval_iteration(self, strategy, **kwargs):
            self.outputs.append(strategy.mb_output.clone())

    strategy, look = make(nn.Linear(8, streams.CLASSES)), Look()
    strategy.add_plugin(look)
    benchmark = streams.class_incremental()
    strategy.train(benchmark.train_stream[:2])
    strategy.eval(benchmark.test_stream)
    outputs = torch.cat(look.outputs)
    assert outputs[:, 4:].isinf().all()
    assert outputs[:, :4].isfinite().all()


def test_growing_heads_are_consolidated_by_the_same_rule():
    head = IncrementalClassifier(8)
    spy = Spy(lambda: head.classifier)
    strategy = make(head, spy)
    ends = []
    for experience in streams.class_incremental().train_stream:
        strategy.train(experience)
        ends.append(spy.rows())
    assert [len(e) for e in ends] == [2, 4, 6]
    padded = [np.pad(t, ((0, 6 - len(t)), (0, 0))) for t in spy.trained]
    counts = [{0: 20, 1: 20}, {2: 20, 3: 20}, {4: 20, 5: 20}]
    after, _ = by_hand(padded, counts, 6, 9)
    for ours, expected in zip(ends, after, strict=True):
        np.testing.assert_allclose(ours, expected[: len(ours)], atol=1e-6)
    assert strategy.plugins[1].get_cwr_layer() is head.classifier


def test_each_head_of_several_tasks_is_consolidated_by_itself():
    torch.manual_seed(0)
    model = MTSimpleMLP(input_size=streams.FEATURES, hidden_size=8)
    strategy = CWRStar(model, SGD(model.parameters(), lr=0.1), train_mb_size=8, evaluator=None)
    benchmark = streams.task_incremental()
    strategy.train(benchmark.train_stream[0])
    first = model.classifier.classifiers["0"].classifier.weight.detach().clone()
    strategy.train(benchmark.train_stream[1:])
    plugin = strategy.plugins[0]
    assert plugin.cwr_layer_name == "classifier"
    assert torch.equal(model.classifier.classifiers["0"].classifier.weight, first)
    assert {sum(past.tolist()) for past in plugin.head.past.values()} == {40}
    assert len(plugin.head.past) == 3


def test_old_classes_survive_where_naive_training_forgets_them():
    strategy = make(nn.Linear(8, streams.CLASSES), train_epochs=5)
    benchmark = streams.class_incremental()
    strategy.train(benchmark.train_stream)
    strategy.model.eval()
    x, y, _ = benchmark.test_stream[0].dataset.batch(range(40))
    assert (strategy.model(x).argmax(1) == y).float().mean() > 0.6


def test_the_output_layer_is_found_or_named():
    model = SimpleMLP()
    assert CWRStarPlugin(model).cwr_layer_name == "classifier"
    assert CWRStarPlugin(model, "features.0").get_cwr_layer() is model.features[0]
    growing = nn.Sequential(nn.Linear(3, 2), nn.Sequential(IncrementalClassifier(2)))
    assert ConsolidatedHead(growing).layer_name == "1.0"
    assert [*ConsolidatedHead(growing).layers()] == ["1.0.classifier"]
    assert [*ConsolidatedHead(nn.Linear(2, 2)).layers()] == [""]
    with pytest.raises(ValueError, match="'head': the model has no such layer"):
        CWRStarPlugin(model, "head")
    with pytest.raises(ValueError, match="'features': the model has a Sequential there"):
        CWRStar(model, SGD(model.parameters(), lr=0.1), None, "features")
    with pytest.raises(TypeError, match=r"model=3: expected the torch.nn.Module"):
        CWRStarPlugin(3)
    with pytest.raises(TypeError, match="freeze_remaining_model='no': expected True or False"):
        CWRStarPlugin(model, None, "no")


def test_methods_of_the_plugin_act_on_its_layer():
    head = nn.Linear(8, streams.CLASSES)
    strategy = make(head)
    strategy.train(streams.class_incremental().train_stream[:1])
    plugin, kept = strategy.plugins[0], head.weight.detach().clone()
    assert plugin.cur_class == [0, 1]
    plugin.reset_weights([1])
    assert head.weight.any(1).tolist() == [False, True] + [False] * 4
    for classes in ([7], [-1], [0, 6]):
        with pytest.raises(ValueError, match="'4' has 6 units; expected numbers from 0 to 5"):
            plugin.reset_weights(classes)
    with pytest.raises(TypeError, match=r"classes=\[0.5\]: expected whole numbers"):
        plugin.reset_weights([0.5])
    assert head.weight.any(1).tolist() == [False, True] + [False] * 4
    plugin.reset_weights(torch.tensor([0, 5]))
    assert head.weight.any(1).tolist() == [True] + [False] * 5
    plugin.set_consolidate_weights()
    assert torch.equal(head.weight, kept)


def test_wrong_use_is_refused():
    strategy = make(nn.Linear(8, 2))
    with pytest.raises(ValueError, match="4: the layer has 2 units and the experience has class 3"):
        strategy.train(streams.class_incremental().train_stream)
    other = CWRStarPlugin(SimpleMLP())
    strategy = make(nn.Linear(8, streams.CLASSES), other)
    with pytest.raises(ValueError, match="model=SimpleMLP: the strategy trains another model"):
        strategy.train(streams.class_incremental().train_stream)
    with pytest.raises(ValueError, match="'4': the state is of the layer 'classifier'"):
        strategy.plugins[1].check_state_dict(other.state_dict())


def heads(growing):
    return IncrementalClassifier(8) if growing else nn.Linear(8, streams.CLASSES)


@pytest.mark.parametrize("growing", [False, True], ids=["linear", "growing"])
@pytest.mark.parametrize("mode", ["epoch", "iteration"])
def test_evaluation_during_training_sees_the_classes_that_are_being_learnt(growing, mode):
    class Look(SupervisedPlugin):
        def after_eval_forward(self, strategy, **kwargs):
            answers.append((strategy.mb_y.clone(), strategy.mb_output.clone()))

    benchmark = streams.class_incremental()
    strategy = make(heads(growing), eval_every=1, peval_mode=mode, train_epochs=2, eval_mb_size=40)
    strategy.add_plugin(Look())
    met = 0
    for experience in benchmark.train_stream:
        met += 2
        answers = []
        strategy.train(experience, eval_streams=[benchmark.test_stream])
        per_evaluation = sum(len(e.dataset) // 40 for e in benchmark.test_stream)
        during = answers[per_evaluation:] if met == 2 else answers
        for _, output in during:
            assert output[:, :met].isfinite().all()
            assert output[:, met:].isinf().all()
    assert len(during) > per_evaluation


def test_metrics_of_evaluation_during_training_are_those_of_the_temporary_weights():
    metrics = accuracy_metrics(experience=True), loss_metrics(experience=True)
    evaluator = EvaluationPlugin(*metrics)
    benchmark = streams.class_incremental()
    strategy = make(
        nn.Linear(8, streams.CLASSES), evaluator=evaluator, eval_every=1, train_epochs=3
    )
    strategy.train(benchmark.train_stream[0])
    strategy.train(benchmark.train_stream[1])
    name = "Top1_Acc_Exp/eval_phase/test_stream/Task000/Exp001"
    # After each of three epochs, and of the consolidated weights.
    accuracy = evaluator.get_all_metrics()[name][1][-4:]
    loss = evaluator.get_all_metrics()[name.replace("Top1_Acc", "Loss")][1][-4:]
    assert accuracy[2] > 0.6
    assert np.isfinite(loss).all()
    final = loss[-1]
    assert final not in loss[:-1]
    strategy.eval(benchmark.test_stream)
    assert evaluator.get_all_metrics()[name.replace("Top1_Acc", "Loss")][1][-1] == final


class Interrupt(SupervisedPlugin):
    """Ctrl-C after the first update."""

    on = False

    def after_update(self, strategy, **kwargs):
        if self.on:
            raise KeyboardInterrupt


def interrupted(benchmark, learnt):
    interrupt = Interrupt()
    strategy = make(nn.Linear(8, streams.CLASSES), interrupt, train_epochs=3)
    strategy.train(benchmark.train_stream[:learnt])
    before = [strategy.model[4].weight.detach().clone(), strategy.model[4].bias.detach().clone()]
    interrupt.on = True
    with pytest.raises(KeyboardInterrupt):
        strategy.train(benchmark.train_stream[learnt])
    interrupt.on = False
    return strategy, before


def same(head, weights):
    return torch.equal(head.weight, weights[0]) and torch.equal(head.bias, weights[1])


@pytest.mark.parametrize("way", ["evaluation", "by hand", "saved and loaded"])
def test_an_interrupted_experience_is_given_up_by_the_next_evaluation(way):
    benchmark = streams.class_incremental()
    strategy, before = interrupted(benchmark, learnt=2)
    assert not same(strategy.model[4], before)
    if way == "saved and loaded":
        state = strategy.state_dict()
        strategy = make(nn.Linear(8, streams.CLASSES), Interrupt(), train_epochs=3)
        strategy.load_state_dict(state, benchmark)
    if way == "by hand":
        strategy.plugins[1].discard_experience()
    else:
        strategy.eval(benchmark.test_stream)
    assert same(strategy.model[4], before)
    assert strategy.plugins[1].head.past["4"].tolist() == [20] * 4 + [0] * 2
    strategy.train(benchmark.train_stream[2])
    assert strategy.plugins[1].head.past["4"].tolist() == [20] * 6


def test_an_interruption_of_the_first_experience_leaves_the_weights_that_there_are():
    benchmark = streams.class_incremental()
    strategy, _ = interrupted(benchmark, learnt=0)
    kept = [strategy.model[4].weight.detach().clone(), strategy.model[4].bias.detach().clone()]
    strategy.eval(benchmark.test_stream)
    assert same(strategy.model[4], kept)


def test_training_again_after_an_interruption_is_as_if_there_had_been_none():
    benchmark, ends = streams.class_incremental(), []
    for evaluate in (False, True):
        strategy, _ = interrupted(benchmark, learnt=1)
        if evaluate:
            strategy.eval(benchmark.test_stream)
        strategy.optimizer.state.clear()
        torch.manual_seed(3)
        strategy.train(benchmark.train_stream[1])
        ends.append(strategy.model[4].weight.detach().clone())
    assert torch.equal(*ends)


@pytest.mark.parametrize("known", [True, False], ids=["known boundaries", "hidden boundaries"])
def test_online_streams_are_consolidated_where_an_experience_ends(known):
    class Features(SupervisedPlugin):
        def after_training_exp(self, strategy, **kwargs):
            self.seen = [*getattr(self, "seen", []), strategy.model[1].weight.detach().clone()]

    features, spy = Features(), Spy(lambda: strategy.model[4])
    strategy = make(nn.Linear(8, streams.CLASSES), spy)
    strategy.add_plugin(features)
    stream = streams.class_incremental().train_stream
    parts = split_online_stream(stream, 8, access_task_boundaries=known, seed=0)
    strategy.train(parts)
    plugin = strategy.plugins[1]
    assert plugin.head.past["4"].tolist() == [20] * 6
    assert plugin._experiences == (3 if known else 15)
    frozen = [torch.equal(a, b) for a, b in zip(features.seen, features.seen[1:], strict=False)]
    assert frozen == ([False] * 4 + [True] * 10 if known else [True] * 14)
    if known:
        ends = [spy.trained[i] for i in (4, 9, 14)]
        after, _ = by_hand(ends, [{c: 20, c + 1: 20} for c in (0, 2, 4)], streams.CLASSES, 9)
        np.testing.assert_allclose(spy.rows(), after[-1], atol=1e-6)
        for i in range(15):  # a part goes on where the one before it ended
            if i % 5:
                np.testing.assert_array_equal(spy.begun[i], spy.trained[i - 1])


def test_saving_between_the_parts_of_an_experience_changes_nothing():
    benchmark = streams.class_incremental()

    def parts():
        return list(
            split_online_stream(benchmark.train_stream, 8, access_task_boundaries=True, seed=0)
        )

    whole = make(nn.Linear(8, streams.CLASSES))
    for part in parts()[:7]:
        whole.train(part)
    whole.eval(benchmark.test_stream)  # between parts: nothing is given up
    state = copy.deepcopy(whole.state_dict())
    resumed = make(nn.Linear(8, streams.CLASSES))
    resumed.load_state_dict(state, benchmark)
    for strategy in (whole, resumed):
        torch.manual_seed(1)
        for part in parts()[7:]:
            strategy.train(part)
    assert torch.equal(whole.model[4].weight, resumed.model[4].weight)
    assert whole.plugins[0].head.past["4"].tolist() == [20] * 6
    assert resumed.plugins[0].head.past["4"].tolist() == [20] * 6
