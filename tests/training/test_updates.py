"""Clipping, accumulation and mixed precision, against loops written by hand."""

import copy

import pytest
import torch
from torch import nn

from avalanche.core import SupervisedPlugin
from avalanche.testing import streams
from avalanche.training import Naive


def make(**options):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Flatten(), nn.Linear(streams.FEATURES, streams.CLASSES))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    return Naive(model, optimizer, train_mb_size=8, evaluator=None, **options)


def batches(experience, size):
    data = experience.dataset
    for start in range(0, len(data), size):
        yield data.batch(range(start, min(start + size, len(data))))


def test_clipping_limits_the_norm_of_all_gradients():
    experience = streams.class_incremental().train_stream[0]
    strategy = make(clip_grad_norm=0.01)
    model = copy.deepcopy(strategy.model)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    strategy.train(experience, shuffle=False)
    for x, y, _ in batches(experience, 8):
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(x), y).backward()
        norm = torch.cat([p.grad.flatten() for p in model.parameters()]).norm()
        for p in model.parameters():
            p.grad *= min(1.0, 0.01 / (norm.item() + 1e-6))
        optimizer.step()
    for a, b in zip(model.parameters(), strategy.model.parameters(), strict=True):
        torch.testing.assert_close(a, b)


def test_accumulated_batches_equal_one_large_batch():
    """Five batches of 8 in twos: two updates of 16, and one of the 8 that are left."""
    experience = streams.class_incremental().train_stream[0]
    assert len(experience.dataset) == 40

    class Count(SupervisedPlugin):
        updates = 0

        def after_update(self, strategy, **kwargs):
            self.updates += 1

    count = Count()
    strategy = make(accumulate=2, plugins=[count])
    model = copy.deepcopy(strategy.model)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    strategy.train(experience, shuffle=False)
    for x, y, _ in batches(experience, 16):
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(x), y).backward()
        optimizer.step()
    assert count.updates == 3
    for a, b in zip(model.parameters(), strategy.model.parameters(), strict=True):
        torch.testing.assert_close(a, b)


def test_mixed_precision_runs_the_model_in_bfloat16_and_keeps_float32_weights():
    class Look(SupervisedPlugin):
        def after_forward(self, strategy, **kwargs):
            self.output = strategy.mb_output.dtype

        def before_update(self, strategy, **kwargs):
            self.gradient = strategy.model[1].weight.grad.dtype

    look = Look()
    strategy = make(precision="bf16", plugins=[look])
    strategy.train(streams.class_incremental().train_stream)
    assert (look.output, look.gradient) == (torch.bfloat16, torch.float32)
    assert strategy.model[1].weight.dtype == torch.float32


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"clip_grad_norm": 0}, "clip_grad_norm=0: expected a number above 0"),
        ({"accumulate": 0}, "accumulate=0: expected a number of batches"),
        ({"precision": "half"}, "precision='half': expected one of fp32, bf16, fp16"),
        ({"precision": "fp16"}, "precision='fp16': needs a CUDA device.*use 'bf16' here"),
    ],
)
def test_wrong_options(options, message):
    with pytest.raises(ValueError, match=message):
        make(**options)


class Interrupt(SupervisedPlugin):
    """Ctrl-C after the second batch of four that make an update."""

    on = True

    def after_backward(self, strategy, **kwargs):
        if self.on and strategy.clock.train_exp_iterations == 1:
            raise KeyboardInterrupt


def test_batches_accumulated_before_an_interruption_are_forgotten():
    """The next training is the one of a strategy that never saw them."""
    stream = streams.class_incremental().train_stream
    interrupt = Interrupt()
    strategy, fresh = make(accumulate=4, plugins=[interrupt]), make(accumulate=4)
    with pytest.raises(KeyboardInterrupt):
        strategy.train(stream[1])
    interrupt.on = False
    for each in (strategy, fresh):
        each.train(stream[0], shuffle=False)
    for a, b in zip(strategy.model.parameters(), fresh.model.parameters(), strict=True):
        assert torch.equal(a, b)


def test_an_interruption_leaves_nothing_in_the_scale_of_losses():
    """Gradients are unscaled once for each update, by a scaler that remembers it did so."""
    if not torch.cuda.is_available():
        pytest.skip("fp16 needs a CUDA device")
    stream = streams.class_incremental().train_stream
    interrupt = Interrupt()
    strategy = make(precision="fp16", device="cuda", plugins=[interrupt])
    with pytest.raises(KeyboardInterrupt):
        strategy.train(stream[0])
    interrupt.on = False
    strategy.train(stream[0])


def test_an_update_of_the_last_batches_is_as_long_as_any():
    """One batch of the four that would be averaged is averaged alone."""
    experience = streams.class_incremental().train_stream[0]
    ends = []
    for accumulate in (1, 4):
        strategy = make(accumulate=accumulate)
        strategy.train_mb_size = 40
        strategy.train(experience, shuffle=False)
        ends.append([p.detach().clone() for p in strategy.model.parameters()])
    for a, b in zip(*ends, strict=True):
        torch.testing.assert_close(a, b)


@pytest.mark.parametrize("error", [TypeError, NotImplementedError, AttributeError])
@pytest.mark.parametrize("accumulate", [1, 2])
def test_a_loader_that_does_not_know_its_length(error, accumulate):
    class Unknown:
        def __init__(self, loader):
            self.loader = loader

        def __iter__(self):
            return iter(self.loader)

        def __len__(self):
            raise error

    class Wraps(SupervisedPlugin):
        updates = 0

        def before_training_exp(self, strategy, **kwargs):
            strategy.dataloader = Unknown(strategy.dataloader)

        def after_update(self, strategy, **kwargs):
            self.updates += 1

    wraps = Wraps()
    strategy = make(accumulate=accumulate, plugins=[wraps])
    strategy.train(streams.class_incremental().train_stream[0])
    assert wraps.updates == (5 if accumulate == 1 else 3)
