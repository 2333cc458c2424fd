"""Labels that are no classes end in one clear error, whichever builder gets them."""

import numpy as np
import pytest
import torch
from torch.utils.data import TensorDataset

from avalanche import benchmarks as B

X = torch.arange(20.0).view(10, 2)
Y = torch.arange(10) % 5
BUILDERS = {
    "nc": lambda d, t: B.nc_benchmark(d, t, 5, False, shuffle=False),
    "nc from zero": lambda d, t: B.nc_benchmark(
        d, t, 5, False, class_ids_from_zero_from_first_exp=True, shuffle=False
    ),
    "nc scenario": lambda d, t: B.NCScenario(d, t, 5, False, shuffle=False),
    "ci": lambda d, t: B.class_incremental_benchmark(
        {"train": d, "test": t}, num_experiences=5, class_order=range(5)
    ),
    "ni": lambda d, t: B.ni_benchmark(d, t, 2, shuffle=False),
    "ni scenario": lambda d, t: B.NIScenario(d, t, 2, shuffle=False),
    "new instances": lambda d, t: B.new_instances_benchmark(d, t, 2, shuffle=False),
}
WRONG = {
    "one-hot": (torch.nn.functional.one_hot(Y), r"hold vectors of shape \(5,\)"),
    "fractions": (Y + 0.5, "hold fractions such as 0.5"),
    "nan": (Y / Y.clamp(max=0), "hold fractions such as nan"),
    "negative": (Y - 1, "hold negative numbers such as -1"),
    "negative floats": (Y - 1.0, "hold negative numbers such as -1"),
}


@pytest.mark.parametrize("build", BUILDERS.values(), ids=BUILDERS)
@pytest.mark.parametrize(("labels", "message"), WRONG.values(), ids=WRONG)
def test_labels_that_are_no_classes(build, labels, message):
    wrong, right = TensorDataset(X, labels), TensorDataset(X, Y)
    for train, test in ((wrong, right), (right, wrong)):
        with pytest.raises(ValueError, match=f"targets: {message}, expected whole numbers from 0;"):
            build(train, test)


@pytest.mark.parametrize("build", BUILDERS.values(), ids=BUILDERS)
def test_whole_floats_become_ints(build):
    data = TensorDataset(X, Y.float())
    expected = build(TensorDataset(X, Y), TensorDataset(X, Y))
    benchmark = build(data, data)
    for experience, wanted in zip(benchmark.train_stream, expected.train_stream, strict=True):
        assert repr(experience.dataset.targets) == repr(wanted.dataset.targets)
        assert experience.classes_in_this_experience == wanted.classes_in_this_experience
        y = experience.dataset.batch(range(2))[1]
        assert y.dtype == torch.int64
        assert torch.equal(y, wanted.dataset.batch(range(2))[1])
        assert experience.dataset[1][1] == wanted.dataset[1][1]
    assert benchmark.n_classes == 5
    assert isinstance(benchmark.n_classes, int)


@pytest.mark.parametrize("name", ["nc", "ci", "ni", "new instances"])
@pytest.mark.parametrize("kind", ["tensors", "arrays", "list", "labels as a list"])
def test_a_pair_is_one_dataset(name, kind):
    pair = {
        "tensors": (X, Y),
        "arrays": (X.numpy(), Y.numpy()),
        "list": [X, Y],
        "labels as a list": (X, Y.tolist()),
    }[kind]
    found = BUILDERS[name](pair, pair).train_stream
    expected = BUILDERS[name](TensorDataset(X, Y), TensorDataset(X, Y)).train_stream
    for experience, wanted in zip(found, expected, strict=True):
        assert torch.equal(experience.dataset.batch([0, 1])[0], wanted.dataset.batch([0, 1])[0])
        assert experience.dataset.targets == wanted.dataset.targets


@pytest.mark.parametrize("name", ["nc", "ci", "ni", "new instances"])
def test_other_arrays_are_refused(name):
    with pytest.raises(ValueError, match=r"train.*: a tuple of 3 values \['Tensor', 'Tensor', "):
        BUILDERS[name]((X, Y, Y), (X, Y, Y))
    with pytest.raises(ValueError, match=r"shapes \(10, 2\) and \(9,\); expected one row"):
        BUILDERS[name]((X, Y[:9]), (X, Y))


@pytest.mark.parametrize(
    "labels",
    [
        np.array([3, 4]),
        torch.tensor([3, 4]),
        [np.int64(3), torch.tensor(4)],
        [np.array([3]), torch.tensor([4])],
        [{3}, (4,)],
    ],
)
def test_task_labels_of_any_kind(labels):
    data = TensorDataset(X, Y)
    definitions = {"train": ([data, data], labels), "test": ([data], [0])}
    benchmark = B.ClassificationScenario(stream_definitions=definitions)
    assert benchmark.task_labels == [[3], [4]]
    made = B.tensors_benchmark([[X, Y], [X, Y]], [[X, Y]], task_labels=labels)
    assert [e.task_label for e in made.train_stream] == [3, 4]
    assert {type(label) for e in made.train_stream for label in e.task_labels} == {int}
