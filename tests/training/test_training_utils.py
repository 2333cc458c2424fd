"""Helpers of avalanche.training.utils."""

import itertools

import pytest
import torch
from torch import nn
from torch.utils.data import TensorDataset

from avalanche.core import SupervisedPlugin
from avalanche.models import SimpleMLP
from avalanche.training import Naive, utils


@pytest.fixture
def model():
    return SimpleMLP(num_classes=4, input_size=5, hidden_size=3)


def test_param_data_grows_with_the_old_block_in_the_corner():
    data = utils.ParamData("w", init_tensor=torch.ones(2, 3))
    grown = data.expand(torch.Size([3, 4]))
    assert grown is data.data
    assert data.shape == (3, 4)
    assert grown.sum() == 6
    assert (grown[:2, :3] == 1).all()


def test_param_data_starts_anew():
    data = utils.ParamData("w", torch.Size([2]), init_function=torch.ones)
    data.data = torch.tensor([3.0, 4.0])
    data.reset_like()
    assert data.data.tolist() == [1.0, 1.0]
    data.reset_like(torch.Size([3]), torch.zeros)
    assert data.data.tolist() == [0.0, 0.0, 0.0]
    assert "w" in str(data)


@pytest.mark.parametrize("shape", [(1, 3), (2, 3, 1)], ids=["smaller", "other-dimensions"])
def test_param_data_refuses_what_is_no_growth(shape):
    data = utils.ParamData("w", torch.Size([2, 3]))
    with pytest.raises(ValueError, match="only growth"):
        data.expand(torch.Size(shape))


def test_param_data_refuses_wrong_shapes():
    with pytest.raises(ValueError, match="expected a shape"):
        utils.ParamData("w")
    with pytest.raises(ValueError, match="leave one out"):
        utils.ParamData("w", torch.Size([2]), init_tensor=torch.ones(3))
    with pytest.raises(ValueError, match="call expand"):
        utils.ParamData("w", torch.Size([2])).data = torch.ones(3)


def test_copies_of_parameters_and_gradients(model):
    model(torch.ones(2, 5)).sum().backward()
    values = utils.copy_params_dict(model)
    gradients = utils.copy_params_dict(model, copy_grad=True)
    zeros = utils.zerolike_params_dict(model)
    for name, p in model.named_parameters():
        assert torch.equal(values[name].data, p)
        assert values[name].data.data_ptr() != p.data_ptr()
        assert torch.equal(gradients[name].data, p.grad)
        assert zeros[name].data.abs().sum() == 0


def test_layers_are_found_once_each(model):
    found = utils.get_layers_and_params(model)
    assert [i.parameter_name for i in found] == [n for n, _ in model.named_parameters()]
    assert all(getattr(i.layer, i.parameter_name.split(".")[-1]) is i.parameter for i in found)
    assert utils.get_layers_and_params(model, "net.")[0].layer_name == "net.features.0"
    assert utils.get_layer_by_name(model, "classifier") is model.classifier
    assert utils.get_layer_by_name(model, "nothing") is None


def test_last_linear_layer_is_found_and_replaced(model):
    assert utils.get_last_fc_layer(model) == ("classifier", model.classifier)
    new = nn.Linear(3, 7)
    utils.swap_last_fc_layer(model, new)
    assert model.classifier is new
    name, layer = utils.adapt_classification_layer(model, 9)
    assert (name, layer.out_features, layer.bias is not None) == ("classifier", 9, True)
    assert utils.adapt_classification_layer(model, 9, bias=False)[1].bias is None


def test_model_without_linear_layer_is_refused():
    with pytest.raises(ValueError, match="no torch.nn.Linear"):
        utils.get_last_fc_layer(nn.Sequential(nn.ReLU()))


def test_freezing_everything_and_back(model):
    utils.freeze_everything(model)
    assert not model.training
    assert not any(p.requires_grad for p in model.parameters())
    utils.unfreeze_everything(model)
    assert model.training
    assert all(p.requires_grad for p in model.parameters())


def test_freezing_up_to_a_layer(model):
    layers, parameters = utils.freeze_up_to(model, "classifier")
    assert layers == ["features.0"]
    assert parameters == ["features.0.weight", "features.0.bias"]
    assert not model.features[0].training
    assert model.classifier.training
    assert [p.requires_grad for p in model.parameters()] == [False, False, True, True]


def test_freezing_passes_over_what_the_filter_leaves_out(model):
    only_biases = lambda item: item.parameter_name.endswith("bias")  # noqa: E731
    _, parameters = utils.freeze_up_to(model, layer_filter=only_biases, set_eval_mode=False)
    assert parameters == ["features.0.bias", "classifier.bias"]
    assert model.features[0].training


class Nested(nn.Module):
    """A model with parameters of its own beside its layers."""

    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(1))
        norm = nn.BatchNorm1d(3, affine=False)
        self.body = nn.Sequential(nn.Linear(3, 3), norm, nn.Dropout(0.5))
        self.top = nn.Sequential(nn.ReLU(), nn.Linear(3, 3), nn.Dropout(0.5), nn.Linear(3, 2))


def in_evaluation_mode(model):
    return [name for name, m in model.named_modules() if not m.training]


BODY = ["body", "body.0", "body.1", "body.2"]


@pytest.mark.parametrize(
    ("limit", "expected"),
    [
        ("top", BODY),
        ("top.3", [*BODY, "top.0", "top.1", "top.2"]),
        ("top.2", [*BODY, "top.0", "top.1"]),
        ("body.1", ["body.0"]),
        (None, ["", *BODY, "top", "top.0", "top.1", "top.2", "top.3"]),
    ],
    ids=["container", "inside", "without parameters", "first container", "all"],
)
def test_freezing_reaches_layers_without_parameters_and_none_after_the_limit(limit, expected):
    model = Nested()
    _, parameters = utils.freeze_up_to(model, limit)
    assert in_evaluation_mode(model) == expected
    frozen = [n for n, p in model.named_parameters() if not p.requires_grad]
    assert frozen == parameters
    layers = {n.rpartition(".")[0] for n in frozen} - {""}
    assert layers == {n for n in expected if n in {"body.0", "top.1", "top.3"}}
    prefixed = Nested()
    limit = limit and f"net.{limit}"
    assert utils.freeze_up_to(prefixed, limit, module_prefix="net.")[1] == [
        f"net.{name}" for name in parameters
    ]
    assert in_evaluation_mode(prefixed) == expected


def test_freezing_keeps_modes_where_asked_to():
    model = Nested()
    utils.freeze_up_to(model, "top", set_eval_mode=False)
    assert in_evaluation_mode(model) == []
    utils.freeze_up_to(model, "top", layer_filter=lambda item: isinstance(item.layer, nn.Linear))
    assert in_evaluation_mode(model) == ["body.0"]


def test_a_model_that_is_one_layer_cannot_have_it_replaced():
    model = nn.Linear(3, 2)
    for change in (
        lambda: utils.adapt_classification_layer(model, 5),
        lambda: utils.swap_last_fc_layer(model, nn.Linear(3, 5)),
    ):
        with pytest.raises(
            ValueError, match=r"model=Linear.*: the model itself .*wrap it, torch.nn.Seq"
        ):
            change()
    wrapped = nn.Sequential(model)
    assert utils.adapt_classification_layer(wrapped, 5) == ("0", wrapped[0])
    assert wrapped[0].out_features == 5


def test_freezing_up_to_an_unknown_layer_changes_nothing(model):
    with pytest.raises(ValueError, match="did you mean classifier"):
        utils.freeze_up_to(model, "clasifier")
    assert all(p.requires_grad for p in model.parameters())


def test_examples_per_class():
    counts = utils.examples_per_class(torch.tensor([0, 2, 2]))
    assert counts == {0: 1, 2: 2}
    assert counts[1] == 0


def test_whole_data_set():
    x, y = torch.rand(5, 2), torch.arange(5)
    got_x, got_y = utils.load_all_dataset(TensorDataset(x, y))
    assert torch.equal(got_x, x)
    assert torch.equal(got_y, y)


def test_cycle_goes_round_and_ends_when_empty():
    assert list(itertools.islice(utils.cycle([1, 2]), 5)) == [1, 2, 1, 2, 1]
    assert list(utils.cycle([])) == []


def test_trigger_plugins_fires_an_event(model):
    seen = []

    class Spy(SupervisedPlugin):
        def before_forward(self, strategy, word, **kwargs):
            seen.append(word)

    strategy = Naive(model, torch.optim.SGD(model.parameters(), 0.1), plugins=[Spy()])
    utils.trigger_plugins(strategy, "before_forward", word="hello")
    assert seen == ["hello"]
    with pytest.raises(ValueError, match="did you mean before_forward"):
        utils.trigger_plugins(strategy, "before_forwrd")
