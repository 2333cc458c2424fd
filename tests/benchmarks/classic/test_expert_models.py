import pytest
import torch

from avalanche.benchmarks.classic.expert_models import (
    LeNetExpert,
    SlimResNetExpert,
    mobilenet_expert,
)


@pytest.mark.parametrize(
    ("maker", "shape", "entries", "numbers", "classes"),
    [  # tensors and numbers of the state recorded from avalanche-lib 0.6.0: LeNet5(10, 1) and so on
        (LeNetExpert, (1, 32, 32), 10, 61706, 10),
        (SlimResNetExpert, (3, 32, 32), 122, 1097770, 10),
    ],
)
def test_sizes_are_those_of_the_published_weights(maker, shape, entries, numbers, classes):
    model = maker()
    state = model.state_dict()
    assert (len(state), sum(v.numel() for v in state.values())) == (entries, numbers)
    assert model.eval()(torch.rand(2, *shape)).shape == (2, classes)


def test_mobilenet_leaves_the_random_state_alone():
    before = torch.get_rng_state()
    model = mobilenet_expert()
    assert torch.equal(before, torch.get_rng_state())
    assert model.eval()(torch.rand(1, 3, 64, 64)).shape == (1, 50)
