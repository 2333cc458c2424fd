"""Detection, streams of models, environments, and the summary of any benchmark."""

import io
import sys
import types

import numpy as np
import pytest
import torch
from torch.utils.data import Dataset, TensorDataset

from avalanche import benchmarks as B
from avalanche.benchmarks.scenarios.detection_scenario import DetectionScenario


class Boxes(Dataset):
    def __init__(self, labels):
        self.targets = [
            {"labels": torch.tensor(own), "boxes": torch.zeros(len(own), 4)} for own in labels
        ]

    def __len__(self):
        return len(self.targets)

    def __getitem__(self, i):
        return torch.zeros(3, 4, 4), self.targets[i]


def nc(task_labels=True):
    numbers = torch.arange(20)
    data = TensorDataset(numbers.float(), numbers % 4)
    return B.nc_benchmark(data, data, 2, task_labels, seed=0)


def test_detection_classes_are_those_of_the_boxes():
    data = [Boxes([[1, 2], [1]]), Boxes([[3], []])]
    bm = DetectionScenario({"train": (data,), "test": (data[:1],)})
    assert [e.classes_in_this_experience for e in bm.train_stream] == [[1, 2], [3]]
    assert bm.train_stream[1].previous_classes == [1, 2]
    assert bm.n_classes == 4
    assert DetectionScenario({"train": (data,), "test": (data[:1],)}, n_classes=9).n_classes == 9
    assert torch.equal(bm.train_stream[0].dataset[0][1]["labels"], torch.tensor([1, 2]))
    bad = Boxes([[0]])
    bad.targets = [3]
    wrong = DetectionScenario({"train": ([bad],), "test": (data,)})
    with pytest.raises(ValueError, match=r"targets\[0\]=int: expected a dictionary with 'labels'"):
        _ = wrong.train_stream[0].classes_in_this_experience


def test_a_stream_of_models():
    bm = B.ExModelCLScenario(nc(), ["first", "second"])
    assert [e.expert_model for e in bm.expert_models_stream] == ["first", "second"]
    assert [e.classes_in_this_experience for e in bm.expert_models_stream] == [
        e.classes_in_this_experience for e in nc().train_stream
    ]
    assert bm.expert_models_stream[1].current_experience == 1
    lazy = B.ExModelCLScenario(nc(), (m for m in ["first", "second"]))
    assert [e.expert_model for e in lazy.expert_models_stream] == ["first", "second"]
    with pytest.raises(ValueError, match="has 1 models, the train stream 2 experiences"):
        B.ExModelCLScenario(nc(), ["first"])


class Env:
    def __init__(self, name="made"):
        self.name = name

    def step(self, action):
        return action


@pytest.fixture
def gym(monkeypatch):
    module = types.ModuleType("gymnasium")
    module.make = Env
    vector = types.ModuleType("gymnasium.vector")
    vector.SyncVectorEnv = lambda makers: [make() for make in makers]
    monkeypatch.setitem(sys.modules, "gymnasium", module)
    monkeypatch.setitem(sys.modules, "gymnasium.vector", vector)


@pytest.mark.usefixtures("gym")
def test_environments_are_made_when_they_are_read():
    made = Env("mine")
    bm = B.RLScenario(
        ["CartPole", made, "CartPole"],
        [1, 1, 3],
        wrappers_generators={"CartPole": [lambda env: ("wrapped", env)]},
    )
    first, second, third = bm.train_stream
    assert [e.task_labels for e in bm.train_stream] == [[0], [1], [0]]
    assert first.environment[1].name == "CartPole"
    assert first.environment is first.environment
    assert second.environment is made
    assert len(third.environment) == 3
    assert [e.task_label for e in bm.eval_stream] == [0, 1]
    assert (bm.n_experiences, len(bm.eval_stream)) == (3, 2)
    unlabelled = B.RLScenario(["a"], 1, eval_envs=["b"], task_labels=False)
    assert unlabelled.eval_stream[0].environment.name == "b"
    assert unlabelled.train_stream[0].task_labels == []


@pytest.mark.usefixtures("gym")
def test_wrong_environments_are_refused():
    with pytest.raises(ValueError, match=r"envs=\[\]: expected at least one"):
        B.RLScenario([], 1)
    with pytest.raises(ValueError, match=r"n_parallel_envs=\[1\]: expected a number"):
        B.RLScenario(["a", "b"], [1])
    with pytest.raises(ValueError, match="n_envs=2 with one made environment"):
        B.RLExperience(0, None, Env(), 2)


def test_without_gym_the_error_says_what_to_install(monkeypatch):
    for name in ("gymnasium", "gym"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ModuleNotFoundError, match="pip install"):
        B.RLScenario(["CartPole"], 1)


def test_a_summary_counts_and_prints():
    summary = nc().summary()
    first, second = (r for r in summary.rows if r.stream == "train")
    assert (first.samples, first.new, first.overlap, first.task_labels) == (10, 2, 0, (0,))
    assert first.classes == tuple(sorted(nc().train_stream[0].classes_in_this_experience))
    assert second.task_labels == (1,)
    assert summary.totals() == {"train": (2, 20, 4), "test": (2, 20, 4)}
    assert "train: 2 experiences, 20 samples and 4 classes" in str(summary)
    assert str(summary).splitlines()[0].split() == [
        "stream",
        "experience",
        "samples",
        "classes",
        "new",
        "seen",
        "before",
        "task",
        "labels",
    ]
    numbers = torch.arange(12)
    same = TensorDataset(numbers.float(), numbers % 3)
    repeated = B.dataset_benchmark([same, same], [same]).summary()
    assert [r.overlap for r in repeated.rows] == [0, 3, 0]


def test_a_summary_of_a_long_stream_looks_at_its_start_only():
    made = []

    def experience(i):
        made.append(i)
        return B.DatasetExperience(dataset=B.AvalancheDataset(TensorDataset(torch.zeros(2))))

    bm = B.CLScenario([B.LazyCLStream("train", experience, 10_000)])
    text = str(bm.summary(max_experiences=3))
    assert made == [0, 1, 2]
    assert "train: 10,000 experiences, 6 samples and 0 classes in the first 3" in text
    assert text.splitlines()[1].split() == ["train", "0", "2", "-", "-", "-", "-"]
    with pytest.raises(ValueError, match="max_experiences=0"):
        bm.summary(0)
    with pytest.raises(ValueError, match="experience 0 of the stream has no class labels"):
        bm.picture()


def test_rich_prints_a_table():
    from rich.console import Console

    console = Console(width=120, file=io.StringIO(), record=True)
    console.print(nc().summary())
    text = console.export_text()
    assert "task labels" in text
    assert "4 classes" in text


def test_a_picture_has_one_column_per_experience():
    figure = nc().picture()
    image = figure.axes[0].get_images()[0]
    shown = np.ma.filled(image.get_array(), 0)
    assert shown.shape == (4, 2)
    assert shown.sum(0).tolist() == [10, 10]
    labels = [int(t.get_text()) for t in figure.axes[0].get_yticklabels()]
    order = [sorted(e.classes_in_this_experience) for e in nc().train_stream]
    assert labels == order[0] + order[1]
    with pytest.raises(ValueError, match="stream='odd': the benchmark has no such stream"):
        nc().picture("odd")
