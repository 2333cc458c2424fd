"""EvalProtocol and its metrics, as scripts of the first releases use them."""

import torch
from avalanche.evaluation.eval_protocol import EvalProtocol
from torch import nn
from torch.optim import SGD
from torch.utils.data import TensorDataset

from avalanche.benchmarks.generators import NCScenario
from avalanche.evaluation.metrics import (
    ACC,
    CF,
    CM,
    MAC,
    RAMU,
    CPUUsage,
    DiskUsage,
    GPUUsage,
    TimeUsage,
)
from avalanche.models import SimpleMLP
from avalanche.training.strategies import Naive


def scenario():
    y = torch.arange(40) % 4
    data = TensorDataset(nn.functional.one_hot(y).float(), y)
    return NCScenario(data, data, 2, shuffle=False)


def test_a_script_of_2020(tmp_path):
    (tmp_path / "watched").mkdir()
    (tmp_path / "watched" / "file").write_bytes(bytes(2048))
    protocol = EvalProtocol(
        metrics=[ACC(num_class=4), CF(num_class=4), RAMU(), CM(num_class=4), CPUUsage(),
                 GPUUsage(-1), TimeUsage(), DiskUsage(tmp_path / "watched"), MAC()],
        tb_logdir=tmp_path / "logs")  # fmt: skip
    torch.manual_seed(0)
    model = SimpleMLP(num_classes=4, input_size=4, hidden_size=16, drop_rate=0)
    strategy = Naive(
        model, "classifier", SGD(model.parameters(), lr=0.5), nn.CrossEntropyLoss(),
        train_mb_size=4, train_epochs=4, evaluation_protocol=protocol)  # fmt: skip
    for step_info in scenario():
        strategy.train(step_info)
        results = strategy.test(step_info)
    protocol.close()
    names = {name.split("/")[0] for name in results}
    assert names == {
        *("Top1_Acc_Exp", "Top1_Acc_Stream", "ExperienceForgetting", "StreamForgetting"),
        *("MaxRAMUsage_Experience", "ConfusionMatrix_Stream", "CPUUsage_Exp", "DiskUsage_Exp"),
        *("Time_Epoch", "Time_Exp", "MAC_Exp"),
    }
    value = {name.split("/")[0]: value for name, value in results.items()}
    assert value["DiskUsage_Exp"] == 2
    assert value["ConfusionMatrix_Stream"].shape == (4, 4)
    assert int(value["ConfusionMatrix_Stream"].sum()) == 40
    assert 0.5 <= value["Top1_Acc_Stream"] <= 1  # the later classes at least
    assert list((tmp_path / "logs").iterdir())


def test_accuracy_is_measured_where_nothing_is_said(tmp_path):
    protocol = EvalProtocol(tb_logdir=tmp_path)
    protocol.close()
    assert [str(metric) for metric in protocol.metrics] == ["Top1_Acc_Exp", "Top1_Acc_Stream"]
