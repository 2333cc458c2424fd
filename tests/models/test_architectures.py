"""Networks of the literature against plain torch, closed forms and published sizes."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from avalanche.models import (
    IcarlNet,
    LeNet5,
    MTSimpleSequenceClassifier,
    MTSlimResNet18,
    SimpleMLP_TinyImageNet,
    SimpleSequenceClassifier,
    SlimResNet18,
    initialize_icarl_net,
    make_icarl_net,
)


def size(model):
    return sum(p.numel() for p in model.parameters())


def test_lenet5_is_the_network_it_says():
    model, x = LeNet5(10, 1), torch.randn(2, 1, 32, 32)
    state = model.state_dict()
    h = x
    for i, pooled in ((0, True), (3, True), (6, False)):
        h = F.conv2d(h, *(state[f"feature_extractor.{i}.{k}"] for k in ("weight", "bias"))).tanh()
        h = F.avg_pool2d(h, 2) if pooled else h
    h = F.linear(h.flatten(1), state["ff.0.weight"], state["ff.0.bias"]).tanh()
    expected = F.linear(h, state["classifier.0.weight"], state["classifier.0.bias"])
    torch.testing.assert_close(model(x), expected)
    assert h.shape == (2, 84)


@pytest.mark.parametrize(
    ("model", "shape", "message"),
    [
        (LeNet5(2, 1), (2, 1, 28, 28), "28 x 28 and the network needs at least 32 x 32"),
        (LeNet5(2, 1), (2, 1, 64, 64), "64 x 64 and the network takes at most 35 x 35"),
        (LeNet5(2, 1), (2, 3, 32, 32), "input_channels=1: .*build it with input_channels=3"),
        (SlimResNet18(2, 2), (2, 1, 32, 32), r"^expected images .* got shape \(2, 1, 32, 32\)$"),
    ],
    ids=["small", "large", "colour", "grey"],
)
def test_other_inputs_are_refused(model, shape, message):
    with pytest.raises(ValueError, match=message):
        model(torch.zeros(shape))


def test_resnet_18_with_all_channels_has_the_published_size():
    assert size(SlimResNet18(10, nf=64)) == 11_173_962
    assert size(SlimResNet18(10)) == size(MTSlimResNet18(10)) == 1_094_750


def test_a_block_of_the_resnet():
    block = SlimResNet18(10, nf=4).eval().layer2[0]
    x = torch.randn(2, 4, 8, 8)
    h = F.relu(block.bn1(F.conv2d(x, block.conv1.weight, stride=2, padding=1)))
    h = block.bn2(F.conv2d(h, block.conv2.weight, padding=1))
    short = block.shortcut[1](F.conv2d(x, block.shortcut[0].weight, stride=2))
    torch.testing.assert_close(block(x), F.relu(h + short))


def test_names_that_methods_look_for():
    model = SlimResNet18(10, nf=2)
    assert isinstance(model.linear, nn.Linear)
    assert {"conv1.weight", "layer4.1.bn2.running_var", "layer2.0.shortcut.0.weight"} <= set(
        model.state_dict()
    )
    net = IcarlNet(10, n=2)
    assert {"feature_extractor.0.0.weight", "feature_extractor.3.1.direct.4.bias"} <= set(
        net.state_dict()
    )


def test_the_network_of_icarl_has_32_layers():
    net = make_icarl_net(100)
    layers = [m for m in net.modules() if isinstance(m, (nn.Conv2d, nn.Linear))]
    assert len(layers) == 32
    out = net.eval().feature_extractor(torch.randn(3, 3, 32, 32))
    assert out.shape == (3, 64)
    assert (out < 0).any()  # no ReLU after the last block


def test_shortcuts_of_icarl_have_no_weights_and_pad_with_zeros():
    block = IcarlNet(10, n=1).feature_extractor[2][0]
    assert not list(block.shortcut.parameters())
    x = torch.randn(2, 16, 8, 8)
    short = block.shortcut(x)
    assert short.shape == (2, 32, 4, 4)
    assert torch.equal(short[:, 8:24], x[:, :, ::2, ::2])
    assert short[:, :8].eq(0).all()
    assert short[:, 24:].eq(0).all()


def test_initial_weights_of_icarl():
    torch.manual_seed(0)
    net = IcarlNet(10)
    net.apply(initialize_icarl_net)
    conv = net.feature_extractor[3][1].direct[0].weight
    assert conv.std().item() == pytest.approx((2 / (64 * 9)) ** 0.5, rel=0.02)
    assert net.classifier.weight.std().item() == pytest.approx(1 / 8, rel=0.1)
    assert net.classifier.bias.eq(0).all()


def test_the_last_step_of_a_sequence_is_classified():
    model, x = SimpleSequenceClassifier(3, 4, 5, rnn_layers=2), torch.randn(2, 6, 3)
    _, (hidden, _) = model.rnn(x)
    torch.testing.assert_close(model(x), model.classifier(hidden[-1]))
    steps_first = SimpleSequenceClassifier(3, 4, 5, rnn_layers=2, batch_first=False)
    steps_first.load_state_dict(model.state_dict())
    torch.testing.assert_close(steps_first(x.transpose(0, 1)), model(x))


def test_sequences_of_several_tasks():
    model, x = MTSimpleSequenceClassifier(3, 4), torch.randn(2, 6, 3)
    _, (hidden, _) = model.rnn(x)
    head = model.classifier.classifiers["0"].classifier
    torch.testing.assert_close(model(x, torch.zeros(2, dtype=torch.long)), head(hidden[-1]))


def test_a_perceptron_for_tiny_imagenet():
    model = SimpleMLP_TinyImageNet()
    assert model.eval()(torch.zeros(1, 3, 64, 64)).shape == (1, 200)
    assert size(model) == 12_288 * 1024 + 1024 + 1024 * 200 + 200
