"""Benchmarks described by their datasets: task labels, laziness, custom streams, errors."""

import pytest
import torch
from torch.utils.data import TensorDataset

from avalanche import benchmarks as B
from avalanche.benchmarks.utils import _make_taskaware_tensor_classification_dataset


def data(i, n=4):
    return TensorDataset(torch.arange(n) + 10.0 * i, torch.tensor([i, i + 1] * (n // 2)))


def labelled(labels):
    x = torch.arange(len(labels)).float()
    return _make_taskaware_tensor_classification_dataset(x, x.long() % 2, task_labels=labels)


def scenario(train, test=None, **options):
    definitions = {"train": train, "test": test or ([data(0)],)}
    return B.ClassificationScenario(stream_definitions=definitions, **options)


def samples(experience):
    return [int(s[0]) for s in experience.dataset]


def test_task_labels_come_from_the_definition_or_the_data():
    assert scenario(([data(0), data(1)], [5, 7])).task_labels == [[5], [7]]
    assert scenario(([data(0), data(1)],)).task_labels == [[0], [0]]
    assert scenario(([labelled([1, 1]), labelled([2, 3, 3])],)).task_labels == [[1], [2, 3]]
    mixed = scenario(([labelled([2, 3, 3])], [[3, 2]])).train_stream[0]
    assert mixed.task_labels == [2, 3]
    assert list(mixed.dataset.targets_task_labels) == [2, 3, 3]
    given = scenario(([labelled([2, 3, 3])], [9])).train_stream[0]
    assert [s[2] for s in given.dataset] == [9, 9, 9]


def test_class_lists_with_repetition():
    benchmark = scenario(([data(0), data(2), data(1)],))
    assert [e.classes_in_this_experience for e in benchmark.train_stream] == [
        [0, 1],
        [2, 3],
        [1, 2],
    ]
    assert benchmark.get_classes_timeline(1) == ([2, 3], [0, 1], [0, 1, 2, 3], [1, 2])
    assert benchmark.get_classes_timeline(-1) == ([1, 2], [0, 1, 2, 3], [0, 1, 2, 3], [])
    assert benchmark.classes_in_experience["train"] == [{0, 1}, {2, 3}, {1, 2}]
    assert benchmark.n_classes == 4


def test_other_streams_and_their_groups():
    benchmark = B.dataset_benchmark(
        [data(0)],
        data(1),
        other_streams_datasets={"ood": [data(2), data(3)]},
        train_transform=lambda x: x + 100,
        eval_transform=lambda x: x + 1000,
        eval_target_transform=lambda y: y + 7,
        other_streams_transforms={"ood": (lambda x: -x, None)},
    )
    assert list(benchmark.streams) == ["train", "test", "ood"]
    assert samples(benchmark.train_stream[0]) == [100, 101, 102, 103]
    assert samples(benchmark.test_stream[0]) == [1010, 1011, 1012, 1013]
    assert benchmark.test_stream[0].dataset.targets == [8, 9, 8, 9]
    assert [s[1] for s in benchmark.test_stream[0].dataset] == [8, 9, 8, 9]
    assert samples(benchmark.ood_stream[1]) == [-30, -31, -32, -33]
    assert benchmark.ood_stream[0].classes_in_this_experience == [2, 3]
    assert benchmark.train_stream[0].dataset.eval()[0][0] == 1000


def test_generators_are_read_as_far_as_needed_and_can_be_dropped():
    made = []

    def days():
        for i in range(4):
            made.append(i)
            yield data(i)

    stream = B.LazyStreamDefinition(days(), 4, [0, 1, 2, 3])
    benchmark = B.lazy_benchmark(stream, (iter([data(0)]), 1, [0]))
    assert made == []
    assert benchmark.train_stream[1].task_label == 1
    assert made == []
    assert samples(benchmark.train_stream[1]) == [10, 11, 12, 13]
    assert benchmark.train_stream[1].previous_classes == [0, 1]
    assert made == [0, 1]
    assert benchmark.train_stream[0].future_classes == [1, 2, 3, 4]
    assert made == [0, 1, 2, 3]
    benchmark.train_stream.drop_previous_experiences(1)
    with pytest.raises(RuntimeError, match=r"experience 1 was dropped"):
        _ = benchmark.train_stream[1].dataset
    assert samples(benchmark.train_stream[2]) == [20, 21, 22, 23]
    assert benchmark.train_stream[0].classes_in_this_experience == [0, 1]
    assert [len(s) for s in (benchmark.train_stream, benchmark.test_stream)] == [4, 1]


def test_own_factories_make_streams_and_experiences():
    class Own(B.ClassificationExperience):
        pass

    benchmark = scenario(
        ([data(0)],), experience_factory=Own, stream_factory=B.ClassificationStream
    )
    assert type(benchmark.train_stream[0]) is Own
    assert benchmark.stream_definitions["train"].is_lazy is False
    assert benchmark.stream_definitions["train"].exps_task_labels[0] == [0]
    assert benchmark.get_reproducibility_data() == {}
    whole = data(0)
    origin = scenario(B.StreamUserDef([data(0)], None, whole)).original_train_dataset
    assert origin is whole


@pytest.mark.parametrize(
    ("definitions", "message"),
    [
        ({"train": ([data(0)],)}, "stream 'test' is missing"),
        ({"train": [data(0)], "test": ([data(0)],)}, "expected a StreamUserDef or a tuple"),
        ({"train": ([data(0)], [0, 1]), "test": ([data(0)],)}, "2 task labels for 1 experiences"),
        ({"train": ((iter([]), 2),), "test": ([data(0)],)}, "exps_task_labels=None"),
        ({"train": (iter([]),), "test": ([data(0)],)}, "neither a list of datasets nor a dataset"),
        ({"1x": ([data(0)],), "train": ([data(0)],), "test": ([data(0)],)}, "stream name '1x'"),
    ],
)
def test_bad_definitions_are_refused(definitions, message):
    with pytest.raises(ValueError, match=message):
        B.ClassificationScenario(stream_definitions=definitions)


def test_a_generator_that_ends_early_says_so():
    benchmark = B.lazy_benchmark((iter([data(0)]), 3, [0, 0, 0]), (iter([data(0)]), 1, [0]))
    with pytest.raises(ValueError, match=r"stream_length=3: the generator ended after 1"):
        _ = benchmark.train_stream[2].dataset


def test_builders_refuse_what_does_not_fit():
    with pytest.raises(ValueError, match="complete_test_set_only=True: the test stream has 2"):
        B.dataset_benchmark([data(0)], [data(0), data(1)], complete_test_set_only=True)
    with pytest.raises(ValueError, match=r"the names \['train'\] are taken"):
        B.dataset_benchmark([data(0)], [data(0)], other_streams_datasets={"train": [data(0)]})
    x, y = torch.zeros(3, 2), torch.tensor([0, 1, 0])
    with pytest.raises(ValueError, match="task_labels has 1 entries, the train stream has 2"):
        B.tensors_benchmark([[x, y], [x, y]], [[x, y]], task_labels=[0])
    with pytest.raises(ValueError, match=r"train_tensors\[1\]=list: expected a list of at least"):
        B.tensors_benchmark([[x, y], [x]], [[x, y]], task_labels=[0, 0])
    with pytest.raises(ValueError, match=r"tensors of \[3, 2\] rows"):
        B.tensors_benchmark([[x, y[:2]]], [[x, y]], task_labels=[0])


def test_files(tmp_path):
    from PIL import Image

    paths = []
    for i in range(4):
        Image.new("RGB", (3, 2), (i, 0, 0)).save(tmp_path / f"{i}.png")
        paths.append(tmp_path / f"{i}.png")
    lists = [[(str(p), i % 2) for i, p in enumerate(paths[:3])], [(str(paths[3]), 4)]]
    benchmark = B.paths_benchmark(lists, lists[1:], task_labels=[0, 1], train_transform=red)
    assert [[s[:3] for s in e.dataset] for e in benchmark.train_stream] == [
        [[0, 0, 0], [1, 1, 0], [2, 0, 0]],
        [[3, 4, 1]],
    ]
    assert benchmark.train_stream[1].classes_in_this_experience == [4]
    for name, own in zip(("a.txt", "b.txt"), lists, strict=True):
        lines = [f"{p.rsplit('/', 1)[-1]} {label}" for p, label in own]
        (tmp_path / name).write_text("\n".join(lines))
    flists = [tmp_path / "a.txt", tmp_path / "b.txt"]
    listed = B.filelist_benchmark(
        tmp_path, flists, flists[1:], task_labels=[0, 1], train_transform=red
    )
    assert [list(e.dataset) for e in listed.train_stream] == [
        list(e.dataset) for e in benchmark.train_stream
    ]
    with pytest.raises(FileNotFoundError, match="no such file"):
        B.filelist_benchmark(tmp_path, [tmp_path / "c.txt"], flists, task_labels=[0, 1])


def red(image):
    return image.getpixel((0, 0))[0]
