"""The PPP loss equals its definition, term by term, and stays finite where that overflows."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from avalanche.training.plugins import PPPloss
from avalanche.training.prototypes import Prototypes

BATCHES = {
    "several": [0, 2, 0, 1, 1, 2, 0],
    "one of each": [2, 0, 1],
    "one class": [1, 1, 1],
    "a single sample": [3],
    "two classes": [0, 0, 3, 0],
}


def example(targets, classes=4, width=5, seed=0):
    generator = torch.Generator().manual_seed(seed)
    z = F.normalize(torch.randn(len(targets), width, generator=generator).double(), dim=1)
    p = F.normalize(torch.randn(classes, width, generator=generator).double(), dim=1)
    return z, torch.tensor(targets), dict(enumerate(p))


def by_definition(z, y, protos, T, candidates=None):  # noqa: N803
    """Equations 3 to 8, sample by sample, in numpy.

    ``candidates`` are the features as pseudo-prototypes, ``z`` itself by default.
    """
    candidates = z if candidates is None else candidates

    def probability(c, f, candidate):
        others = sum(np.exp(f @ protos[k] / T) for k in protos if k != c)
        own = np.exp(f @ candidate / T)
        return own / (own + others)

    total, batch = 0.0, range(len(y))
    for i in batch:
        c = y[i]
        attract = [protos[c], *(candidates[j] for j in batch if j != i and y[j] == c)]
        total += np.log(np.mean([probability(c, z[i], p) for p in attract]))
        for j in batch:
            if y[j] != c:
                near = np.mean([probability(c, z[j], p) for p in (protos[c], candidates[i])])
                total += np.log(1 - near)
    return -total / len(y)


@pytest.mark.parametrize("temperature", [0.1, 1.0], ids=["cold", "warm"])
@pytest.mark.parametrize("targets", BATCHES.values(), ids=BATCHES)
def test_it_equals_the_definition(targets, temperature):
    z, y, protos = example(targets)
    expected = by_definition(
        z.numpy(), y.tolist(), {c: p.numpy() for c, p in protos.items()}, temperature
    )
    assert float(PPPloss(protos, temperature)(z, y)) == pytest.approx(expected, abs=1e-9)
    stacked = Prototypes(4, 5)
    stacked.table, stacked.seen = torch.stack([*protos.values()]), torch.ones(4, dtype=torch.bool)
    assert float(PPPloss(stacked, temperature)(z, y)) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("targets", BATCHES.values(), ids=BATCHES)
def test_the_terms_per_class_add_up_to_it_and_so_do_their_gradients(targets):
    z, y, protos = example(targets)
    z.requires_grad_()
    loss = PPPloss({c: p[None] for c, p in protos.items()}, T=0.5)
    total = torch.zeros((), dtype=z.dtype)
    for c in set(targets):
        pk = torch.stack([p for k, p in protos.items() if k != c])
        total = total + loss.attractor(protos[c][None], pk, z[y == c]).sum()
        total = total + loss.repellor(protos[c][None], pk, z[y == c], z[y != c]).sum()
    expected = -total / len(y)
    torch.testing.assert_close(loss(z, y), expected)
    ours, theirs = (torch.autograd.grad(value, z)[0] for value in (loss(z, y), expected))
    torch.testing.assert_close(ours, theirs)


def test_prototypes_and_pseudo_prototypes_are_constants():
    """The gradient is that of moving each sample among candidates that stay where they were."""
    z, y, protos = example(BATCHES["several"])
    candidates, step = z.numpy(), 1e-6
    numpy_protos = {c: p.numpy() for c, p in protos.items()}
    z = z.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(PPPloss(protos, 0.5)(z, y), z)

    def moved(delta):
        return by_definition(candidates + delta, y.tolist(), numpy_protos, 0.5, candidates)

    for index in [(0, 0), (3, 2), (6, 4)]:
        delta = np.zeros_like(candidates)
        delta[index] = step
        slope = (moved(delta) - moved(-delta)) / (2 * step)
        assert slope == pytest.approx(float(gradient[index]), abs=1e-6)
        whole = (
            by_definition(candidates + delta, y.tolist(), numpy_protos, 0.5)
            - by_definition(candidates - delta, y.tolist(), numpy_protos, 0.5)
        ) / (2 * step)
        assert abs(whole - slope) > 1e-3, "moving candidates would make a difference"


def test_extreme_similarities_stay_finite():
    z, y, protos = example(BATCHES["several"])
    z = z.float().requires_grad_()
    loss = PPPloss({c: p.float() for c, p in protos.items()}, T=1e-3)(z, y)
    loss.backward()
    assert loss.isfinite()
    assert z.grad.isfinite().all()


def test_mixed_precision_computes_it_in_full():
    z, y, protos = example(BATCHES["several"])
    loss = PPPloss({c: p.float() for c, p in protos.items()})
    plain = loss(z.bfloat16().float(), y)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        mixed = loss(z.bfloat16(), y)
    assert mixed.dtype == torch.float32
    assert torch.equal(plain, mixed)


def test_samples_of_classes_without_prototype_do_not_count():
    z, y, protos = example([0, 1, 3, 0, 2])
    fewer = {c: protos[c] for c in (0, 1)}
    known = torch.tensor([0, 1, 3])
    expected = PPPloss(fewer)(z[known], y[known])
    torch.testing.assert_close(PPPloss(fewer)(z, y), expected)
    seen = Prototypes(4, 5)
    seen.table[:2] = torch.stack([*fewer.values()])
    seen.seen[:2] = True
    torch.testing.assert_close(PPPloss(seen)(z, y), expected, check_dtype=False)
    assert PPPloss({})(z, y) == 0


@pytest.mark.parametrize("temperature", [0, -1.0, float("nan"), float("inf")])
def test_a_temperature_is_above_0(temperature):
    with pytest.raises(ValueError, match=r"T=.*: expected a temperature above 0"):
        PPPloss({}, temperature)


@pytest.mark.parametrize("temperature", ["0.1", None, True], ids=["text", "none", "bool"])
def test_a_temperature_is_a_number(temperature):
    with pytest.raises(TypeError, match=r"T=.*: expected a number, a temperature"):
        PPPloss({}, temperature)
