"""Prototypes: first ones, momentum, and what has none."""

import numpy as np
import pytest
import torch

from avalanche.training.prototypes import Prototypes


def unit(x):
    return x / np.linalg.norm(x, axis=-1, keepdims=True)


def test_prototypes_follow_the_means_of_their_classes():
    random = np.random.default_rng(0)
    prototypes, expected = Prototypes(5, 3, alpha=0.7), {}
    for _ in range(4):
        sums, counts = {}, {}
        for _ in range(2):  # two iterations on a batch: one update
            features = unit(random.normal(size=(6, 3)))
            targets = random.integers(0, 4, 6)
            for z, c in zip(features, targets, strict=True):
                sums[c] = sums.get(c, 0) + z
                counts[c] = counts.get(c, 0) + 1
            for c in set(targets) - set(expected):
                expected[c] = unit(features[targets == c].mean(0))
            prototypes.observe(torch.from_numpy(features), torch.from_numpy(targets))
        for c in sums:
            expected[c] = unit(0.7 * expected[c] + 0.3 * sums[c] / counts[c])
        prototypes.update()
        prototypes.update()  # nothing new: nothing moves
        assert set(prototypes) == set(expected)
        assert len(prototypes) == len(expected)
        for c, prototype in prototypes.items():
            assert prototype.shape == (1, 3)
            np.testing.assert_allclose(prototype[0].numpy(), expected[c], atol=1e-6)


def test_classes_without_prototype_are_no_keys_and_have_no_probability():
    prototypes = Prototypes(4, 2)
    features = torch.nn.functional.normalize(torch.randn(5, 2), dim=1)
    assert not prototypes.similarities(features).any()
    prototypes.observe(features, torch.tensor([1, 1, 3, 3, 3]))
    similar = prototypes.similarities(features)
    assert similar.isinf().all(0).tolist() == [True, False, True, False]
    assert not similar.softmax(1)[:, [0, 2]].any()
    torch.testing.assert_close(similar[:, 3], features @ prototypes[3][0])
    for key in (0, 2, 4, "1"):
        with pytest.raises(KeyError, match=str(key)):
            prototypes[key]


def test_state_goes_on_between_observation_and_update():
    first, second = Prototypes(3, 2, 0.5), Prototypes(3, 2, 0.5)
    first.observe(torch.eye(2), torch.tensor([0, 2]))
    second.load_state_dict(first.state_dict())
    for prototypes in (first, second):
        prototypes.observe(torch.eye(2), torch.tensor([2, 2]))
        prototypes.update()
    assert torch.equal(first.table, second.table)
    assert set(first) == set(second) == {0, 2}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0, 3), "n_classes=0: expected a whole number of at least 1"),
        ((3, 2.0), r"p_size=2.0: expected a whole number"),
        ((3, 2, 1.5), "alpha=1.5: expected a momentum between 0 and 1"),
    ],
    ids=["classes", "size", "momentum"],
)
def test_impossible_arguments_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        Prototypes(*arguments)


@pytest.mark.parametrize("alpha", ["x", None, True], ids=["text", "none", "bool"])
def test_a_momentum_is_a_number(alpha):
    with pytest.raises(TypeError, match=r"alpha=.*: expected a number, a momentum"):
        Prototypes(3, 2, alpha)
