import gzip

import numpy as np
import pytest
import torch
from release_files import write_core50

from avalanche.benchmarks import ExMLCIFAR10, ExMLCoRE50, ExMLMNIST, check_experts_accuracy
from avalanche.benchmarks.classic.ex_model import _FOLDER
from avalanche.benchmarks.classic.expert_models import LeNetExpert, mobilenet_expert


@pytest.fixture
def data(tmp_path, monkeypatch):
    monkeypatch.setenv("AVALANCHE_DATA", str(tmp_path))
    return tmp_path


def write_mnist(folder):
    """Two black images of every digit."""
    folder.mkdir(parents=True)
    labels = np.arange(20, dtype=np.uint8) % 10
    for name in ("train", "t10k"):
        for kind, shape, values in (
            ("images-idx3", (20, 28, 28), bytes(20 * 28 * 28)),
            ("labels-idx1", (20,), labels.tobytes()),
        ):
            header = bytes([0, 0, 8, len(shape)]) + np.array(shape, ">u4").tobytes()
            (folder / f"{name}-{kind}-ubyte.gz").write_bytes(gzip.compress(header + values))


def write_experts(data, name, run, models):
    folder = data / _FOLDER / name / f"run{run}"
    folder.mkdir(parents=True)
    for number, model in enumerate(models):
        torch.save(model.state_dict(), folder / f"model_e{number}.pth")


def constant(model, label):
    """A model that always answers with one class."""
    last = model.classifier[-1]
    torch.nn.init.zeros_(last.weight)
    torch.nn.init.zeros_(last.bias)
    last.bias.data[label] = 1
    return model


def test_split_mnist(data):
    write_mnist(data / "mnist" / "MNIST" / "raw")
    order = torch.randperm(10, generator=torch.Generator().manual_seed(2345)).tolist()
    models = [constant(LeNetExpert(), order[2 * i + (i == 4)]) for i in range(5)]
    models[3] = constant(LeNetExpert(), order[0])  # knows nothing of its experience
    write_experts(data, "split_mnist", 1, models)
    benchmark = ExMLMNIST("split", 1)
    assert len(benchmark.expert_models_stream) == 5
    assert benchmark.original_benchmark.classes_order == order
    experience = benchmark.expert_models_stream[2]
    for name, value in models[2].state_dict().items():
        assert torch.equal(value, experience.expert_model.state_dict()[name])
    assert sorted(experience.classes_in_this_experience) == sorted(order[4:6])
    assert check_experts_accuracy(benchmark) == [0.5, 0.5, 0.5, 0.0, 0.5]


def test_joint_core50(data):
    write_core50(data / "core50")
    run0 = data / "core50" / "batches_filelists" / "NC_inc"
    (run0 / "run1").rename(run0 / "run0")
    write_experts(data, "joint_core50", 0, [mobilenet_expert()])
    benchmark = ExMLCoRE50("joint", 0)
    assert len(benchmark.expert_models_stream) == 1
    assert len(benchmark.original_benchmark.train_stream[0].dataset) == 18
    assert len(benchmark.original_benchmark.test_stream) == 1


@pytest.mark.parametrize("maker", [ExMLMNIST, ExMLCoRE50, ExMLCIFAR10])
def test_arguments_are_checked(maker):
    with pytest.raises(ValueError, match="scenario='all': expected one of"):
        maker("all")
    with pytest.raises(ValueError, match="run_id=5: expected an int from 0 to 4"):
        maker(run_id=5)


def test_missing_and_damaged_experts(data, no_network):
    write_mnist(data / "mnist" / "MNIST" / "raw")
    with pytest.raises(RuntimeError, match=r"model_e0\.pth can't be downloaded.*by hand"):
        ExMLMNIST("joint")
    write_experts(data, "joint_mnist", 0, [torch.nn.Linear(2, 2)])
    with pytest.raises(ValueError, match=r"model_e0\.pth: no weights of LeNetExpert.*delete"):
        ExMLMNIST("joint")
