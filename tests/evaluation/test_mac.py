"""Multiplications counted by hand."""

from typing import ClassVar

import pytest
import torch
from fake_loop import FakeLoop, answers, make_stream
from torch import nn

from avalanche.evaluation.metrics import MAC, MAC_metrics
from avalanche.models import MTSimpleMLP
from avalanche.training.plugins.evaluation import EvaluationPlugin


@pytest.mark.parametrize(
    ("layer", "shape", "expected"),
    [
        (nn.Linear(7, 5), (7,), 7 * 5),
        (nn.Linear(7, 5), (3, 7), 3 * 7 * 5),  # a sequence of 3
        (nn.Conv1d(2, 6, 3), (2, 10), 6 * 8 * 2 * 3),
        (nn.Conv2d(4, 8, 3, padding=1), (4, 5, 6), 8 * 5 * 6 * 4 * 9),
        (nn.Conv2d(4, 8, (3, 1), stride=2, groups=2), (4, 7, 7), 8 * 3 * 4 * 2 * 3),
        (nn.Conv2d(4, 4, 3, groups=4), (4, 5, 5), 4 * 3 * 3 * 1 * 9),  # depthwise
        (nn.Conv3d(1, 2, 2), (1, 3, 3, 3), 2 * 8 * 1 * 8),
        (nn.ConvTranspose2d(6, 4, 2, stride=2, groups=2), (6, 3, 3), 6 * 9 * 2 * 4),
    ],
)
@pytest.mark.parametrize("batch", [1, 4])
def test_layers(layer, shape, expected, batch):
    mac = MAC()
    assert mac.result() == 0
    mac.update(nn.Sequential(layer), torch.zeros(batch, *shape))
    assert mac.result() == expected
    mac.update(layer, torch.zeros(batch, *shape))
    assert mac.result() == expected
    mac.reset()
    assert mac.result() == 0


def test_against_a_direct_count_of_multiplications():
    """A convolution is a sum over every combination of output, input channel and kernel."""
    layer, x = nn.Conv2d(4, 6, 3, groups=2, bias=False), torch.randn(1, 4, 6, 5)
    count, out = 0, torch.zeros(1, 6, 4, 3)
    for o in range(6):
        for i in range(2):
            for row in range(3):
                for column in range(3):
                    channel = (o // 3) * 2 + i
                    window = x[0, channel, row : row + 4, column : column + 3]
                    out[0, o] += layer.weight[o, i, row, column].detach() * window
                    count += window.numel()
    torch.testing.assert_close(out, layer(x).detach())
    mac = MAC()
    mac.update(layer, x)
    assert mac.result() == count


def test_a_layer_used_twice_counts_twice_and_others_not():
    layer = nn.Linear(4, 4)
    mac = MAC()
    mac.update(nn.Sequential(layer, nn.ReLU(), nn.BatchNorm1d(4), layer), torch.zeros(2, 4))
    assert mac.result() == 32


def test_the_model_stays_as_it_was():
    model = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Dropout(), nn.Linear(4, 2))
    model[2].eval()
    before = {k: v.clone() for k, v in model.state_dict().items()}
    state = torch.get_rng_state()
    MAC().update(model, torch.randn(5, 3))
    state_after_randn = torch.get_rng_state()
    torch.set_rng_state(state)
    torch.randn(5, 3)
    assert torch.equal(torch.get_rng_state(), state_after_randn)
    assert [m.training for m in model] == [True, True, False, True]
    assert all(torch.equal(v, before[k]) for k, v in model.state_dict().items())
    assert not any(m._forward_hooks for m in model.modules())


def test_hooks_are_removed_when_the_model_fails():
    model = nn.Sequential(nn.Linear(3, 4), nn.Linear(5, 2))
    with pytest.raises(RuntimeError, match="shapes"):
        MAC().update(model, torch.zeros(1, 3))
    assert model.training
    assert not any(m._forward_hooks for m in model.modules())


class Loop(FakeLoop):
    model = nn.Sequential(nn.Flatten(), nn.Linear(6, 2))

    def _set_batch(self, *batch):
        super()._set_batch(*batch)
        self.mb_x = torch.zeros(len(self.mb_y), 2, 3)


def test_every_granularity():
    evaluator = EvaluationPlugin(MAC_metrics(minibatch=True, epoch=True, experience=True))
    loop = Loop(evaluator)
    loop.train(make_stream("train")[0], [[answers(1, 3)] * 2])
    loop.eval(make_stream("test", 1), [[answers(1, 1)]])
    place = "/train_phase/train_stream/Task000"
    assert evaluator.get_all_metrics() == {
        f"MAC_MB{place}": ([0, 1], [12, 12]),
        f"MAC_Epoch{place}": ([2], [12]),
        "MAC_Exp/eval_phase/test_stream/Task000/Exp000": ([2], [12]),
    }


def test_a_model_that_needs_tasks():
    model = MTSimpleMLP(input_size=6, hidden_size=4)
    mac = MAC()
    mac.update(model, torch.zeros(2, 6), torch.zeros(2, dtype=torch.long))
    assert mac.result() == 6 * 4 + 4 * 2


class ByName(nn.Module):
    def __init__(self):
        super().__init__()
        self.left, self.right = nn.Linear(3, 4), nn.Linear(5, 4)

    def forward(self, left, right):
        return self.left(left) + self.right(right)


@pytest.mark.parametrize("size", [1, 4], ids=str)
def test_dictionaries_are_given_by_name(size):
    mac = MAC()
    mac.update(ByName(), {"right": torch.zeros(size, 5), "left": torch.zeros(size, 3)})
    assert mac.result() == 3 * 4 + 5 * 4


def test_one_sample_of_a_dictionary_is_counted_on_a_strategy():
    class Asked(ByName):
        sizes: ClassVar[list[int]] = []

        def forward(self, **inputs):
            self.sizes.append(len(inputs["left"]))
            return super().forward(**inputs)

    class NamedLoop(FakeLoop):
        model = Asked()

        def _set_batch(self, *batch):
            super()._set_batch(*batch)
            n = len(self.mb_y)
            self.mb_x = {"left": torch.zeros(n, 3), "right": torch.zeros(n, 5)}

    evaluator = EvaluationPlugin(MAC_metrics(experience=True))
    NamedLoop(evaluator).eval(make_stream("test", 1), [[answers(1, 6)]])
    assert [*evaluator.get_last_metrics().values()] == [3 * 4 + 5 * 4]
    assert Asked.sizes == [1]
