"""All metrics together on a real strategy: names, state, copies."""

import copy
import inspect
import io
import pickle

import pytest
import torch
from torch.utils.data import TensorDataset

from avalanche.benchmarks import nc_benchmark
from avalanche.evaluation import PluginMetric, metrics
from avalanche.evaluation.metric_names import MetricKey
from avalanche.training.plugins import EvaluationPlugin
from avalanche.training.supervised import Naive

FIVE = {
    "minibatch": True,
    "epoch": True,
    "epoch_running": True,
    "experience": True,
    "stream": True,
}
FOUR = {name: True for name in FIVE if name != "epoch_running"}
TWO = {"experience": True, "stream": True}
MACHINE = ("Time", "CPUUsage", "MaxRAM", "DiskUsage", "MAC")

TRAIN, TEST = "train_phase/train_stream", "eval_phase/test_stream"


def five(name, running=None):
    running = running or f"Running{name}"
    return [
        *(f"{name}_{at}/{TRAIN}/Task000" for at in ("MB", "Epoch")),
        f"{running}_Epoch/{TRAIN}/Task000",
        f"{name}_Exp/{TEST}/Task000/Exp000",
        f"{name}_Stream/{TEST}/Task000",
    ]


# As observed with avalanche-lib 0.6.0.
NAMES = [
    *five("Top1_Acc", "Top1_RunningAcc"),
    *(f"{name}/0" for name in five("Top1_ClassAcc", "Top1_RunningClassAcc")),
    *five("Topk_2_Acc", "Topk_2_RunningAcc"),
    *(name for of in ("Loss", "Time", "CPUUsage") for name in five(of)),
    *(name for name in five("DiskUsage") if "Running" not in name),
    *(n.replace("_Exp/", "_Experience/") for n in five("MaxRAMUsage") if "Running" not in n),
    *(name for name in five("MAC") if "Running" not in name and "Stream" not in name),
    *(f"{name}_On_Trained_Experiences/{TEST}/Task000" for name in ("Accuracy", "Topk_2_Acc")),
    *(f"Experience{name}/{TEST}/Task000/Exp000" for name in ("BWT", "Forgetting")),
    f"ExperienceForwardTransfer/{TEST}/Task000/Exp001",
    *(f"Stream{name}/{TEST}" for name in ("BWT", "Forgetting", "ForwardTransfer")),
    f"ConfusionMatrix_Stream/{TEST}",
    "EvalStream/Acc_Matrix",
    f"MeanScores/{TEST}",
    *(f"MeanScores/{TEST}/{of}" for of in ("new_classes", "new_old_diff", "old_classes")),
    *(f"MeanScores/{TRAIN}{of}" for of in ("", "/new_classes")),
    *(f"Repartition/{place}/Task_000" for place in (TRAIN, TEST)),
    "Top1_AMCA_Stream/test_stream/Task000",
    f"CumulativeAccuracy/{TEST}/Exp000",
    f"CumulativeForgetting/{TEST}/Exp000",
    f"WeightCheckpoint/{TRAIN}/Exp000",
]


def every_metric(folder):
    return [
        *metrics.accuracy_metrics(**FIVE, trained_experience=True),
        *metrics.class_accuracy_metrics(**FIVE),
        *metrics.topk_acc_metrics(top_k=2, **FIVE, trained_experience=True),
        metrics.amca_metrics(),
        *metrics.loss_metrics(**FIVE),
        *metrics.timing_metrics(**FIVE),
        *metrics.cpu_usage_metrics(**FIVE),
        *metrics.ram_usage_metrics(every=60, **FOUR),
        *metrics.disk_usage_metrics(paths_to_monitor=folder, **FOUR),
        *metrics.MAC_metrics(minibatch=True, epoch=True, experience=True),
        *metrics.forgetting_metrics(**TWO),
        *metrics.forgetting_metrics(**TWO, reference="best"),
        *metrics.bwt_metrics(**TWO),
        *metrics.forward_transfer_metrics(**TWO),
        *metrics.confusion_matrix_metrics(stream=True),
        *metrics.accuracy_matrix_metrics(),
        *metrics.mean_scores_metrics(),
        *metrics.labels_repartition_metrics(on_eval=True),
        metrics.CumulativeAccuracyPluginMetric(),
        metrics.CumulativeForgettingPluginMetric(),
        metrics.WeightCheckpoint(),
        metrics.AccuracyPerTaskPluginMetric("stream", "stream", "eval"),
        metrics.LossPerTaskPluginMetric("stream", "stream", "eval"),
    ]


# Not among them, with the reason.
ELSEWHERE = {
    "Generic": "a base for metrics of one's own",
    "RMSE": "of regression: test_regression.py",
    "R2": "of regression: test_regression.py",
    "GPU": "needs a fake library: test_gpu_usage.py",
    "WandB": "needs a fake package: test_wandb_matrix.py",
    "ImagesSample": "needs pictures: test_images_samples.py",
}


def test_no_metric_is_left_out(tmp_path):
    public = (getattr(metrics, name) for name in metrics.__all__)
    plugins = {c.__name__ for c in public if inspect.isclass(c) and issubclass(c, PluginMetric)}
    here = {type(metric).__name__ for metric in every_metric(tmp_path)}
    missing = plugins - here
    assert {name for name in missing if not any(word in name for word in ELSEWHERE)} == set()


@pytest.fixture(scope="module")
def benchmark():
    generator = torch.Generator().manual_seed(0)
    targets = torch.arange(48) % 6
    data = TensorDataset(torch.randn(48, 4, generator=generator) + targets[:, None], targets)
    data.targets = targets.tolist()
    return nc_benchmark(data, data, 3, task_labels=False, shuffle=False)


class Run:
    """A run that can be stopped after an experience."""

    def __init__(self, folder):
        torch.manual_seed(0)
        self.model = torch.nn.Linear(4, 6)
        self.evaluator = EvaluationPlugin(*every_metric(folder), loggers=[])
        self.strategy = Naive(
            self.model,
            torch.optim.SGD(self.model.parameters(), lr=0.1),
            torch.nn.CrossEntropyLoss(),
            train_mb_size=8,
            train_epochs=2,
            eval_mb_size=5,
            evaluator=self.evaluator,
        )

    def learn(self, benchmark, experiences):
        if 0 in experiences:
            self.strategy.eval(benchmark.test_stream)
        for k in experiences:
            torch.manual_seed(k)
            self.strategy.train(benchmark.train_stream[k])
            self.strategy.eval(benchmark.test_stream)

    def plain(self):
        """What does not depend on the machine."""
        return {
            name: (steps, [plain(value) for value in values])
            for name, (steps, values) in self.evaluator.get_all_metrics().items()
            if not name.replace("Running", "").startswith((*MACHINE, "Weight"))
        }


def plain(value):
    if hasattr(value, "alternatives"):
        value = value.best_supported_value(torch.Tensor, dict)
    return str(value.tolist()) if isinstance(value, torch.Tensor) else value


@pytest.fixture(scope="module")
def whole(benchmark, tmp_path_factory):
    run = Run(tmp_path_factory.mktemp("disk"))
    run.learn(benchmark, [0, 1, 2])
    return run


def test_all_names(whole):
    found = set(whole.evaluator.get_all_metrics())
    assert set(NAMES) - found == set()


def test_names_can_be_read_back(whole):
    for name in whole.evaluator.get_all_metrics():
        assert str(MetricKey.parse(name)) == name


@pytest.mark.parametrize("after", [1, 2], ids=str)
def test_stopped_and_resumed(whole, benchmark, tmp_path, after):
    first, second = Run(tmp_path), Run(tmp_path)
    first.learn(benchmark, range(after))
    file = io.BytesIO()
    state = {"strategy": first.strategy.state_dict(), "evaluator": first.evaluator.state_dict()}
    torch.save(state, file)
    file.seek(0)
    state = torch.load(file, weights_only=True)
    second.model.load_state_dict(first.model.state_dict())
    second.strategy.load_state_dict(state["strategy"])
    second.evaluator.load_state_dict(state["evaluator"])
    second.learn(benchmark, range(after, 3))
    found, expected = second.plain(), whole.plain()
    assert found.keys() == expected.keys()
    for name, (steps, values) in expected.items():
        assert found[name][0] == steps, name
        new = -1 if not isinstance(values[-1], float) else slice(None)  # pictures are not saved
        assert found[name][1][new] == values[new], name


def test_copies_are_independent(whole, benchmark):
    before = whole.plain()
    for twin in (copy.deepcopy(whole.evaluator), pickle.loads(pickle.dumps(whole.evaluator))):
        twin.reset_last_metrics()
        for metric in twin.metrics:
            metric.reset()
    assert whole.plain() == before


def test_reset_forgets(whole, tmp_path):
    """After a run, a reset metric is as a new one."""
    used, new = copy.deepcopy(whole.evaluator).metrics, every_metric(tmp_path)
    for metric, fresh in zip(used, new, strict=True):
        name = str(metric)
        if name.startswith(("MaxRAM", "DiskUsage")):  # a reset looks at what is in use now
            continue
        assert str(metric.result()) != str(fresh.result()), f"{name} measured nothing"
        metric.reset()
        assert str(metric.result()) == str(fresh.result()), name
