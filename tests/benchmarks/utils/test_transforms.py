"""Transforms of whole samples: how many elements they take, composed and taken apart."""

import warnings

import pytest
import torch
from torch.utils.data import TensorDataset
from torchvision import transforms as T

from avalanche.benchmarks import nc_benchmark
from avalanche.benchmarks.utils import (
    AvalancheDataset,
    ComposeMaxParamsWarning,
    MultiParamCompose,
    MultiParamTransform,
    MultiParamTransformCallable,
    TransformGroups,
    TupleTransform,
    flat_transforms_recursive,
    make_classification_dataset,
)
from avalanche.benchmarks.utils import _make_taskaware_tensor_classification_dataset as tensor_set
from avalanche.benchmarks.utils.pipeline import Program
from avalanche.benchmarks.utils.transforms import MapLabels


def one(x):
    return x * 2


def two(x, y):
    return x + 1, y + 1


def three(x, y, t):
    return x, y, t + 1


def default(x, y=3):
    return x, y


def anything(*values):
    return values


@pytest.mark.parametrize(
    ("function", "given", "expected"),
    [
        (one, (1, 2, 3), [2, 2, 3]),
        (one, (4,), 8),
        (two, (1, 2, 3), [2, 3, 3]),
        (default, (1, 2, 3), [1, 2, 3]),
        (anything, (1, 2), [1, 2]),
        (T.Normalize(0.0, 0.5), (torch.ones(1, 1, 1), 5), [torch.full((1, 1, 1), 2.0), 5]),
    ],
)
def test_the_signature_says_how_many_elements_a_function_takes(function, given, expected):
    assert MultiParamTransformCallable(function)(*given) == expected


def test_keyword_only_parameters_are_refused():
    def needs(x, *, factor):
        return x * factor

    with pytest.raises(ValueError, match=r"keyword-only parameter 'factor'.*functools.partial"):
        MultiParamTransformCallable(needs)
    with pytest.raises(TypeError, match="missing 1 required positional argument: 't'"):
        MultiParamTransformCallable(three)(1, 2)


def test_composition_runs_in_order_and_warns_of_different_numbers():
    assert MultiParamCompose([two, two])(1, 5) == [3, 7]
    assert MultiParamCompose([])(1, 2) == [1, 2]
    assert MultiParamCompose([None, one])(1) == 2
    with pytest.warns(ComposeMaxParamsWarning, match=r"transforms take \[1, 2, 3\] elements"):
        mixed = MultiParamCompose([one, two, three])
    assert mixed(1, 2, 3) == [3, 3, 4]
    assert mixed.flat_transforms(0) == [one, two, three]
    assert mixed.flat_transforms(1) == [two, three]
    assert mixed.flat_transforms(2) == [three]


def test_transforms_are_taken_apart_down_to_functions():
    to_tensor, normalize = T.ToTensor(), T.Normalize(0.5, 0.5)
    nested = T.Compose([to_tensor, T.Compose([normalize])])
    assert flat_transforms_recursive(nested, 0) == [to_tensor, normalize]
    assert flat_transforms_recursive([nested, one], 0) == [to_tensor, normalize, one]
    assert flat_transforms_recursive(TupleTransform([nested, one]), 1) == [one]
    assert flat_transforms_recursive(None, 0) == []
    assert TupleTransform([one, None]).flat_transforms(1) == []
    assert TupleTransform([one]).flat_transforms(5) == []
    summed = TransformGroups({"train": one}) + TransformGroups({"train": (one, two)})
    assert flat_transforms_recursive(summed["train"], 0) == [one, one]
    assert flat_transforms_recursive(summed["train"], 1) == [two]


def test_groups_add_up_and_stay_batched():
    first = TransformGroups({"train": T.ConvertImageDtype(torch.float32), "eval": None})
    normalize = T.Normalize(0.5, 0.5)
    second = TransformGroups({"train": normalize, "eval": normalize, "replay": one})
    both = first + second
    assert set(both.names) == {"train", "eval", "replay"}
    assert both["eval"] is second["eval"]
    steps = Program([both["train"]]).by_element
    assert [step.is_batched for step in steps[0]] == [True, True]
    assert both.with_transform("replay").current_group == "replay"
    with pytest.raises(ValueError, match="did you mean 'replay'"):
        both.with_transform("reply")


def test_compositions_and_wrapped_functions_are_used_by_datasets():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ComposeMaxParamsWarning)
        chain = MultiParamCompose([one, two])
    data = tensor_set(torch.arange(4.0), torch.arange(4), transform_groups={"train": chain})
    assert [float(data[3][0]), data[3][1]] == [7.0, 4]
    x, y, t = data.batch([3, 0])
    assert (x.tolist(), y.tolist(), t.tolist()) == ([7, 1], [4, 1], [0, 0])


def test_a_transform_of_the_whole_sample_runs_per_sample():
    class Swap(MultiParamTransform):
        def __call__(self, x, y, *rest):
            return (float(y), int(x), *rest)

    data = tensor_set(torch.arange(3.0), torch.arange(3) + 5, transform_groups={"train": Swap()})
    x, y, _ = data.batch([2, 1])
    assert (x.tolist(), y.tolist()) == ([7.0, 6.0], [2, 1])


def test_wrong_transforms_are_refused():
    with pytest.raises(TypeError, match="pass one function per element"):
        TupleTransform([3])
    with pytest.raises(KeyError, match=r"the target has no 'labels', it holds \['boxes'\]"):
        MapLabels([0])({"boxes": []})


def plus(n):
    return lambda x: x + n


def test_the_transforms_of_a_group_are_replaced_together():
    """Those that came with the data and those that a benchmark added; not those of other groups."""
    source = TensorDataset(torch.zeros(4, 1), torch.arange(4) % 2)
    own = AvalancheDataset(source, transform_groups={"train": plus(1), "eval": plus(2)})
    benchmark = nc_benchmark(
        own, own, 2, False, train_transform=plus(10), eval_transform=plus(20), shuffle=False
    )
    data = benchmark.train_stream[0].dataset
    assert data[0][0].item() == 11
    removed = data.remove_current_transform_group()
    assert (removed[0][0].item(), removed.eval()[0][0].item()) == (0, 22)
    assert data.replace_current_transform_group(plus(5))[0][0].item() == 5
    assert data.batch([0])[0].item() == 11
    later = nc_benchmark(own, own, 2, False, eval_transform=plus(20)).train_stream[0].dataset
    assert later.remove_current_transform_group().batch([0])[0].item() == 0


def test_replacing_the_transforms_of_inputs_leaves_labels_alone():
    source = TensorDataset(torch.zeros(8, 1), torch.arange(8) % 4)
    turned = make_classification_dataset(source, target_transform=[3, 2, 1, 0].__getitem__)
    pairs = AvalancheDataset(
        source, transform_groups={"train": (plus(1), plus(4)), "eval": (plus(1), plus(4))}
    )
    for data, expected in ((turned, [3, 2, 1, 0]), (pairs, [4, 5, 6, 7])):
        for train_transform in (None, plus(10)):
            benchmark = nc_benchmark(
                data, data, 1, False, shuffle=False, train_transform=train_transform
            )
            experience = benchmark.train_stream[0].dataset
            for transform in (None, plus(5)):
                new = experience.replace_current_transform_group(transform)
                labels = [int(new[i][1]) for i in range(8)]
                assert labels == list(new.targets) == sorted(2 * expected)
                assert new.batch([0, 5])[1].tolist() == [labels[0], labels[5]]
                assert float(new[0][0]) == (0 if transform is None else 5)
                again = new.replace_current_transform_group(plus(7))
                assert (float(again[0][0]), int(again[0][1])) == (7, labels[0])
    both = pairs.replace_current_transform_group((plus(2), plus(20)))
    assert (float(both[1][0]), int(both[1][1])) == (2, 21)


def test_a_group_for_evaluation_alone_leaves_training_as_it_is():
    source = TensorDataset(torch.zeros(1, 1), torch.zeros(1, dtype=torch.int64))
    data = AvalancheDataset(source, transform_groups=TransformGroups({"eval": plus(7)}))
    assert (data[0][0].item(), data.eval()[0][0].item()) == (0, 7)
    data = AvalancheDataset(source, transform_groups=TransformGroups({"train": plus(7)}))
    assert (data[0][0].item(), data.eval()[0][0].item()) == (7, 7)
