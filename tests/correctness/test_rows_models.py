"""Models and optimizers that are known to be wrong elsewhere, row by row."""

from time import perf_counter
from types import SimpleNamespace

import pytest
import torch
from torch import nn

from avalanche.evaluation.metrics import accuracy_metrics
from avalanche.models import (
    PNN,
    IncrementalClassifier,
    MTSimpleCNN,
    MTSimpleMLP,
    MultiHeadClassifier,
    MultiTaskModule,
    SimpleCNN,
    SimpleMLP,
    avalanche_model_adaptation,
)
from avalanche.models.dynamic_optimizers import OptimizerSync
from avalanche.testing.streams import (
    FEATURES,
    class_incremental,
    domain_incremental,
    task_incremental,
)
from avalanche.training import Naive
from avalanche.training.plugins import EvaluationPlugin


def loop(model, optimizer, **options):
    return Naive(model, optimizer, **{"train_mb_size": 8, "evaluator": None, **options})


def growing():
    return nn.Sequential(nn.Flatten(), nn.Linear(FEATURES, 8), nn.ReLU(), IncrementalClassifier(8))


class MultiHead(MultiTaskModule):
    def __init__(self):
        super().__init__()
        self.heads = MultiHeadClassifier(FEATURES)

    def forward(self, x, task_labels):
        return self.heads(x, task_labels)


def experience(*classes, task=0):
    return SimpleNamespace(classes_in_this_experience=list(classes), task_labels=[task])


# Row 27


def test_row_27_what_the_user_left_out_of_the_optimizer_is_never_trained():
    model = SimpleMLP(6, FEATURES, hidden_size=8)
    backbone = [p.clone() for p in model.features.parameters()]
    head = model.classifier.weight.clone()
    strategy = loop(model, torch.optim.SGD(model.classifier.parameters(), lr=0.5))
    for exp in class_incremental().train_stream:
        strategy.train(exp)
    pairs = zip(backbone, model.features.parameters(), strict=True)
    assert all(torch.equal(before, after) for before, after in pairs)
    assert not torch.equal(head, model.classifier.weight)


def test_row_27_a_growing_head_is_trained_and_its_backbone_is_not():
    model = growing()
    backbone = model[1].weight.clone()
    strategy = loop(model, torch.optim.SGD(model[3].parameters(), lr=0.5))
    for exp in class_incremental().train_stream:
        before = model[3].classifier.weight.clone()
        strategy.train(exp)
        assert not torch.equal(model[3].classifier.weight[: len(before)], before)
    assert model[3].classifier.out_features == 6
    assert torch.equal(model[1].weight, backbone)


def test_row_27_heads_that_were_left_out_stay_out_when_they_grow():
    model = MTSimpleMLP(FEATURES, hidden_size=8)
    optimizer = torch.optim.SGD(model.features.parameters(), lr=0.5)
    strategy = loop(model, optimizer)
    for exp in task_incremental().train_stream:
        strategy.train(exp)
    assert len(model.classifier.classifiers) == 3
    held = [id(p) for p in optimizer.param_groups[0]["params"]]
    assert held == [id(p) for p in model.features.parameters()]


@pytest.mark.parametrize(
    ("make", "key"),
    [
        (lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9), "momentum_buffer"),
        (lambda p: torch.optim.Adam(p, lr=0.01), "exp_avg_sq"),
    ],
    ids=["SGD", "Adam"],
)
def test_row_27_grown_tensors_keep_their_state(make, key):
    model = growing()
    strategy = loop(model, make(model.parameters()))
    first, second, _ = class_incremental().train_stream
    strategy.train(first)
    before = strategy.optimizer.state[model[3].classifier.weight][key].clone()
    found = []

    class Look:
        def before_training_epoch(self, strategy, **kwargs):
            found.append(strategy.optimizer.state[model[3].classifier.weight][key].clone())

    strategy.add_plugin(Look())
    strategy.train(second)
    assert before.abs().sum() > 0
    assert torch.equal(found[0][:2], before)
    assert found[0][2:].eq(0).all()
    assert len(found[0]) == 4


def test_row_27_following_is_linear_in_the_number_of_parameters():
    def seconds(count):
        model = nn.ModuleList([nn.Linear(1, 1, bias=False) for _ in range(count)])
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        best = float("inf")
        for _ in range(5):
            sync = OptimizerSync(optimizer, model)
            for layer in model:
                layer.weight = nn.Parameter(torch.zeros(1, 1))
            start = perf_counter()
            sync.sync(optimizer, model)
            best = min(best, perf_counter() - start)
        return best

    # Eight times the parameters; a quadratic search would take 64 times as long.
    assert seconds(2000) < 30 * seconds(250)


# Row 28


@pytest.mark.parametrize("kind", ["one head", "head per task", "columns"])
def test_row_28_evaluating_unseen_classes_changes_nothing(kind):
    if kind == "one head":
        model, labels = growing(), False
    else:
        model, labels = (MultiHead() if kind == "head per task" else PNN(1, FEATURES, 4)), True
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    benchmark = task_incremental() if labels else class_incremental()
    strategy = loop(model, optimizer)
    strategy.train(benchmark.train_stream[0])
    before = dict(model.named_parameters())
    values = {name: p.detach().clone() for name, p in before.items()}
    strategy.eval(benchmark.test_stream)
    avalanche_model_adaptation(model.eval(), benchmark.test_stream[2])
    after = dict(model.named_parameters())
    assert list(before) == list(after)
    assert all(after[name] is p for name, p in before.items())
    assert all(torch.equal(after[name], value) for name, value in values.items())
    held = {id(p) for group in optimizer.param_groups for p in group["params"]}
    assert held == {id(p) for p in after.values()}


def test_row_28_an_unseen_class_is_never_predicted():
    model = growing()
    strategy = loop(model, torch.optim.SGD(model.parameters(), lr=0.1),
                    evaluator=EvaluationPlugin(accuracy_metrics(experience=True)))  # fmt: skip
    benchmark = class_incremental()
    strategy.train(benchmark.train_stream[0])
    found = strategy.eval(benchmark.test_stream)
    accuracies = [found[name] for name in sorted(found) if name.startswith("Top1_Acc_Exp")]
    assert accuracies[0] > 0.5
    assert accuracies[1:] == [0.0, 0.0]


# Row 29


def test_row_29_missing_units_of_small_heads_neither_win_nor_enter_the_softmax():
    heads = MultiHeadClassifier(FEATURES)
    heads.adaptation(experience(0, 1, task=0))
    heads.adaptation(experience(2, 3, 4, 5, 6, task=1))
    for head in heads.classifiers.values():
        nn.init.zeros_(head.classifier.weight)
        nn.init.constant_(head.classifier.bias, -10.0)  # below the 0 that others pad with
    tasks = torch.tensor([0, 1, 0])
    out = heads(torch.randn(3, FEATURES), tasks)
    assert out.shape == (3, 7)
    chosen = out.argmax(1)
    assert ((chosen < 2) == (tasks == 0)).all()
    expected = torch.zeros(3, 7)
    expected[tasks == 0, :2] = 1 / 2
    expected[tasks == 1, 2:] = 1 / 5
    torch.testing.assert_close(out.softmax(1), expected)


def test_row_29_the_loss_is_that_of_the_own_units_alone():
    heads = MultiHeadClassifier(FEATURES)
    heads.adaptation(experience(0, 1, task=0))
    heads.adaptation(experience(0, 1, 2, task=1))
    x, y, tasks = torch.randn(4, FEATURES), torch.tensor([1, 2, 0, 1]), torch.tensor([0, 1, 0, 1])
    loss = nn.functional.cross_entropy(heads(x, tasks), y)
    alone = [
        nn.functional.cross_entropy(heads.classifiers[str(t)].classifier(x[i])[None], y[i][None])
        for i, t in enumerate(tasks.tolist())
    ]
    torch.testing.assert_close(loss, torch.stack(alone).mean())
    loss.backward()
    assert all(p.grad.isfinite().all() for p in heads.parameters())


# Once wrong elsewhere


def test_fixed_optimizer_keeps_adam_state_between_experiences_725():
    model = SimpleMLP(6, FEATURES, hidden_size=8)
    strategy = loop(model, torch.optim.Adam(model.parameters()))
    steps = []
    for exp in domain_incremental().train_stream:
        strategy.train(exp)
        steps.append(int(strategy.optimizer.state[model.classifier.weight]["step"]))
    assert steps == [5, 10, 15]


def test_fixed_periodic_eval_leaves_a_frozen_norm_frozen_772():
    model = nn.Sequential(nn.Flatten(), nn.BatchNorm1d(FEATURES), nn.Linear(FEATURES, 6))
    modes = []

    class Freeze:
        def before_training_epoch(self, strategy, **kwargs):
            strategy.model[1].eval()

        def before_forward(self, strategy, **kwargs):
            modes.append([m.training for m in strategy.model])

    strategy = loop(model, torch.optim.SGD(model.parameters(), lr=0.1), plugins=[Freeze()],
                    eval_every=1, peval_mode="iteration")  # fmt: skip
    benchmark = class_incremental()
    running = model[1].running_mean.clone()
    strategy.train(benchmark.train_stream[0], eval_streams=[benchmark.test_stream])
    assert len(modes) == 5
    assert all(mode == [True, False, True] for mode in modes)
    assert torch.equal(model[1].running_mean, running)


def test_fixed_a_batch_of_one_image_is_still_a_batch():
    image = torch.zeros(1, 3, 32, 32)
    assert SimpleCNN()(image).shape == (1, 10)
    assert MTSimpleCNN()(image, torch.tensor([0])).shape == (1, 2)
