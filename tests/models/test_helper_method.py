"""as_multitask: the old head is the one of task 0, further tasks get their own."""

import copy
import pickle
from types import SimpleNamespace

import pytest
import torch
from torch import nn

from avalanche.benchmarks.classic import SplitDigits
from avalanche.models import (
    MTSimpleMLP,
    MultiTaskModule,
    SimpleCNN,
    SimpleMLP,
    as_multitask,
    avalanche_model_adaptation,
    is_multi_task_module,
)
from avalanche.training import Naive


def experience(*classes, task=0):
    return SimpleNamespace(classes_in_this_experience=list(classes), task_labels=[task])


def test_task_0_answers_as_before():
    plain = SimpleMLP(num_classes=4, input_size=6, hidden_size=5).eval()
    x = torch.randn(3, 6)
    before = plain(x)
    model = as_multitask(plain, "classifier").eval()
    assert isinstance(model, MultiTaskModule)
    assert is_multi_task_module(model)
    torch.testing.assert_close(model(x, torch.zeros(3, dtype=torch.long)), before)
    torch.testing.assert_close(model.forward_single_task(x, 0), before)


def test_other_tasks_have_heads_of_their_own():
    model = as_multitask(SimpleMLP(num_classes=2, input_size=6, drop_rate=0), "classifier")
    avalanche_model_adaptation(model, experience(0, 1, task=0))
    avalanche_model_adaptation(model, experience(0, 1, task=3))
    x = torch.randn(4, 6)
    out, features = model(x, torch.tensor([0, 3, 3, 0])), model.model.features(x)
    for row, task in enumerate([0, 3, 3, 0]):
        head = model.classifier.classifiers[str(task)].classifier
        torch.testing.assert_close(out[row], features[row] @ head.weight.T + head.bias)
    assert set(model(x, None)) == {0, 3}


@pytest.mark.parametrize(
    ("make", "name", "x"),
    [
        (SimpleCNN, "classifier", torch.zeros(2, 3, 10, 10)),
        (lambda: nn.Sequential(nn.Flatten(), nn.Linear(6, 3, bias=False)), "1", torch.zeros(2, 6)),
        (lambda: nn.Sequential(nn.Sequential(nn.Linear(6, 3))), "0.0", torch.zeros(2, 6)),
    ],
    ids=["sequential", "no bias", "nested"],
)
def test_heads_of_all_kinds(make, name, x):
    plain = make().eval()
    before = plain(x)
    torch.testing.assert_close(as_multitask(plain, name).eval()(x, 0), before)


def test_it_trains_over_tasks():
    model = as_multitask(SimpleMLP(num_classes=2, input_size=64, hidden_size=32), "classifier")
    strategy = Naive(model, torch.optim.SGD(model.parameters(), lr=0.1), train_mb_size=32,
                     evaluator=None)  # fmt: skip
    benchmark = SplitDigits(n_experiences=5, return_task_id=True)
    for exp in benchmark.train_stream[:2]:
        strategy.train(exp)
    strategy.eval(benchmark.test_stream)
    assert model.known_train_tasks_labels == model.classifier.known_train_tasks_labels == {0, 1}


def test_attributes_are_those_of_the_model():
    model = as_multitask(SimpleMLP(input_size=6, hidden_size=5), "classifier")
    assert model.features is model.model.features
    assert model.get_features(torch.zeros(1, 6)).shape == (1, 5)
    with pytest.raises(AttributeError, match="no_such_thing"):
        _ = model.no_such_thing
    for clone in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        torch.testing.assert_close(clone.state_dict()["model.features.0.weight"],
                                   model.features[0].weight)  # fmt: skip


@pytest.mark.parametrize(
    ("make", "name", "error", "message"),
    [
        (SimpleMLP, "clasifier", ValueError, "classifier_name='clasifier': .* mean classifier"),
        (SimpleMLP, "features", NotImplementedError, "classifier_name='features': a Dropout"),
        (MTSimpleMLP, "classifier", ValueError, "model: it is a MTSimpleMLP, which has a head"),
    ],
    ids=["unknown layer", "not linear", "already"],
)
def test_what_cannot_be_done_is_refused_and_the_model_stays(make, name, error, message):
    model = make()
    names = list(model.state_dict())
    with pytest.raises(error, match=message):
        as_multitask(model, name)
    assert list(model.state_dict()) == names


def with_head(name):
    model = nn.Module()
    model.scale = 1.0
    model.features = nn.Linear(6, 4)
    setattr(model, name, nn.Linear(4, 3))
    model.forward = lambda x: getattr(model, name)(model.features(x) * model.scale)
    return model


@pytest.mark.parametrize("name", ["fc", "linear", "classifier"])
def test_the_heads_are_found_and_saved_under_the_name_of_the_old_one(name):
    model = as_multitask(with_head(name), name)
    assert getattr(model, name) is model.classifier
    assert len(list(getattr(model, name).parameters())) == 2
    assert f"{name}.classifiers.0.classifier.weight" in model.state_dict()
    again = as_multitask(with_head(name), name)
    again.load_state_dict(model.state_dict())
    assert torch.equal(
        again.classifier.classifiers["0"].classifier.weight,
        model.classifier.classifiers["0"].classifier.weight,
    )


def test_a_head_whose_name_the_wrapper_needs_is_called_classifier():
    model = as_multitask(with_head("model"), "model")
    assert model(torch.zeros(2, 6), 0).shape == (2, 3)
    assert "classifier.classifiers.0.classifier.weight" in model.state_dict()


def test_what_the_model_has_is_set_there():
    inner = with_head("fc")
    model = as_multitask(inner, "fc")
    model.scale = 0.0
    assert inner.scale == 0.0
    backbone = nn.Linear(6, 4)
    model.features = backbone
    assert inner.features is backbone
    assert "features" not in dict(model.named_children())
    model.note = "mine"
    assert not hasattr(inner, "note")
    model.train(False)
    assert not model.training
    assert not inner.training


def test_weights_whose_heads_were_saved_as_classifier_are_read():
    model = as_multitask(with_head("fc"), "fc")
    earlier = {k.replace("fc.", "classifier.", 1): v for k, v in model.state_dict().items()}
    again = as_multitask(with_head("fc"), "fc")
    again.load_state_dict(earlier)
    heads = again.fc.classifiers["0"].classifier, model.fc.classifiers["0"].classifier
    assert torch.equal(heads[0].weight, heads[1].weight)
