"""Seed 001, the code of "Training" and "Metrics and Evaluation", as written but for the data."""

from pathlib import Path
from types import SimpleNamespace

import pytest
from torch.nn import CrossEntropyLoss
from torch.optim import SGD

from avalanche.benchmarks.classic import SplitMNIST
from avalanche.benchmarks.utils.data_loader import ReplayDataLoader
from avalanche.evaluation.metrics import (
    accuracy_metrics,
    bwt_metrics,
    cpu_usage_metrics,
    forgetting_metrics,
    gpu_usage_metrics,
    ram_usage_metrics,
)
from avalanche.logging import CSVLogger, InteractiveLogger, TensorboardLogger, TextLogger
from avalanche.models import SimpleMLP
from avalanche.training import Naive, Replay
from avalanche.training.plugins import EvaluationPlugin, EWCPlugin, SupervisedPlugin
from avalanche.training.storage_policy import ExperienceBalancedBuffer


def parts():
    model = SimpleMLP(num_classes=10, hidden_size=32)
    return model, SGD(model.parameters(), lr=0.01, momentum=0.9), CrossEntropyLoss()


# fmt: off

def test_high_level_strategies(mnist, capsys):
    scenario, mem_size = SplitMNIST(5), 20
    model, optimizer, criterion = parts()

    strategy = Replay(model, optimizer,
                      criterion, mem_size)
    if mnist == "real":
        strategy.train_mb_size = 50  # not on the slide: one sample a batch takes a minute
    for train_exp in scenario.train_stream:
        strategy.train(train_exp)
    strategy.eval(scenario.test_stream)

    assert "Top1_Acc_Stream/eval_phase/test_stream" in capsys.readouterr().out
    (plugin,) = (p for p in strategy.plugins if hasattr(p, "storage_policy"))
    assert len(plugin.storage_policy.buffer) == 20
    assert len(set(plugin.storage_policy.buffer.targets)) >= 5


def test_plugin_system_base_strategy(mnist, capsys):
    from avalanche.training.plugins import ReplayPlugin
    from avalanche.training.strategies import BaseStrategy

    benchmark, mem_size, ewc_lambda = SplitMNIST(5), 20, 0.1
    model, optimizer, criterion = parts()

    replay = ReplayPlugin(mem_size)
    ewc = EWCPlugin(ewc_lambda)
    strategy = BaseStrategy(
        model, optimizer,
        criterion, mem_size,
        plugins=[replay, ewc])

    for experience in benchmark.train_stream[:2]:
        strategy.train(experience)
    assert strategy.train_mb_size == mem_size  # what the fourth argument always was
    assert len(replay.storage_policy.buffer) == 20
    assert 0 <= strategy.eval(benchmark.test_stream)[
        "Top1_Acc_Stream/eval_phase/test_stream/Task000"] <= 1


class ReplayPlugin(SupervisedPlugin):
    def __init__(self, mem_size, batch_size_mem):  # "..." on the slide
        super().__init__()
        self.mem_size, self.batch_size_mem = mem_size, batch_size_mem
        self.storage_policy = ExperienceBalancedBuffer(
            max_size=self.mem_size, adaptive_size=True
        )

    def before_training_exp(self, strategy, **kwargs):
        """Override strategy dataloader"""
        if len(self.storage_policy.buffer) == 0:
            # first experience. We don't use the buffer, no need to change
            # the dataloader.
            return
        strategy.dataloader = ReplayDataLoader(
            strategy.adapted_dataset,
            self.storage_policy.buffer,
            oversample_small_tasks=True,
            batch_size=strategy.train_mb_size,
            batch_size_mem=self.batch_size_mem,
            task_balanced_dataloader=True,
        )

    def after_training_exp(self, strategy, **kwargs):
        """Update replay buffer."""
        self.storage_policy.update(strategy, **kwargs)


@pytest.mark.parametrize("return_task_id", [False, True])
def test_example_replay(mnist, return_task_id):
    class Sizes(SupervisedPlugin):
        """Notes what is in every batch: current samples, remembered ones."""

        def __init__(self):
            super().__init__()
            self.batches = []

        def after_training_iteration(self, strategy, **kwargs):
            now = strategy.experience.classes_in_this_experience
            current = sum(y in now for y in strategy.mb_y.tolist())
            self.batches.append((current, len(strategy.mb_y) - current))

    benchmark = SplitMNIST(5, return_task_id=return_task_id)
    model, optimizer, criterion = parts()
    replay, sizes = ReplayPlugin(20, 8), Sizes()
    strategy = Naive(
        model, optimizer, criterion, train_mb_size=10, plugins=[replay, sizes],
        evaluator=EvaluationPlugin())
    for experience in benchmark.train_stream:
        strategy.train(experience)
    per_experience = [-(-len(e.dataset) // 10) for e in benchmark.train_stream]
    full = [batch for batch in sizes.batches if batch[0] == 10]
    assert len(sizes.batches) == sum(per_experience)
    assert len(sizes.batches) - len(full) <= 5  # the last of an experience may be smaller
    assert full[: per_experience[0] - 1] == [(10, 0)] * (per_experience[0] - 1)
    remembered = [old for _, old in sizes.batches[per_experience[0] :]]
    assert set(remembered) <= set(range(1, 9)), "never more than its share of the batch"
    rounds = [8, 8, 4]  # 20 samples that are read again and again, none twice in a batch
    second = per_experience[1]
    assert remembered[:second] == [rounds[i % 3] for i in range(second)]
    assert len(replay.storage_policy.buffer) == 20


def test_regularization_methods_outside_avalanche(mnist):
    """"Many of them can be used outside Avalanche by wrapping your training state"."""
    from avalanche.training.regularization import (
        ElasticWeightConsolidation,
        LearningWithoutForgetting,
    )

    first, second = SplitMNIST(5).train_stream[:2]
    model, optimizer, criterion = parts()
    state = SimpleNamespace(model=model)
    ewc, lwf = ElasticWeightConsolidation(ewc_lambda=10), LearningWithoutForgetting()
    for component in (ewc, lwf):
        component.post_adapt(state, first)
    x, y, _ = second.dataset.batch(range(40))
    penalties = []
    for _ in range(3):
        optimizer.zero_grad()
        answer = model(x)
        penalties.append((ewc(model).item(), lwf(x, answer, model).item()))
        (criterion(answer, y) + ewc(model) + lwf(x, answer, model)).backward()
        optimizer.step()
    assert penalties[0][0] == 0
    assert all(after > penalties[0][0] for after, _ in penalties[1:])


@pytest.mark.parametrize("cuda", [-1, 0])
def test_metrics_and_evaluation(mnist, capsys, request, cuda):
    args, benchmark = SimpleNamespace(cuda=cuda), SplitMNIST(2)

    text_logger = TextLogger(open("log.txt", "a"))  # noqa: SIM115
    interactive_logger = InteractiveLogger()
    csv_logger = CSVLogger()
    tb_logger = TensorboardLogger()
    request.addfinalizer(text_logger.file.close)  # the slide leaves it open

    eval_plugin = EvaluationPlugin(
        accuracy_metrics(
            minibatch=True,
            epoch=True,
            epoch_running=True,
            experience=True,
            stream=True,
        ),
        forgetting_metrics(experience=True, stream=True),
        bwt_metrics(experience=True, stream=True),
        cpu_usage_metrics(epoch=True),
        ram_usage_metrics(every=0.5, experience=True),
        gpu_usage_metrics(args.cuda, every=0.5, minibatch=True),
        loggers=[interactive_logger, text_logger, csv_logger, tb_logger],
        collect_all=True,
    ) # collect all metrics (set to True by default)

    # CREATE THE STRATEGY INSTANCE (NAIVE)
    cl_strategy = Naive(*parts(), train_mb_size=50, evaluator=eval_plugin)

    results = []
    for i, experience in enumerate(benchmark.train_stream):
        # train returns a dictionary containing last recorded value
        # for each metric.
        res = cl_strategy.train(experience,
                               eval_streams=[benchmark.test_stream])

        # test returns a dictionary with the last metric collected during
        # evaluation on that stream
        results.append(cl_strategy.eval(benchmark.test_stream))

        place = "train_phase/train_stream/Task000"
        assert {f"{name}/{place}" for name in TRAIN_METRICS} <= {*res}, i

    # Dict. Each entry is a (x, metric value) tuple.
    all_metrics = cl_strategy.evaluator.get_all_metrics()
    print(f"Stored metrics: {list(all_metrics.keys())}")

    # fmt: on
    printed = capsys.readouterr().out
    assert "Stored metrics: ['Top1_Acc_MB/train_phase/train_stream/Task000'" in printed
    test, first = "eval_phase/test_stream", "eval_phase/test_stream/Task000/Exp000"
    iterations, values = all_metrics[f"Top1_Acc_Stream/{test}/Task000"]
    batches = [-(-len(e.dataset) // 50) for e in benchmark.train_stream]
    assert (iterations, len(values)) == ([batches[0], sum(batches)], 2)
    before, after = (r[f"Top1_Acc_Exp/{first}"] for r in results)
    assert results[1][f"ExperienceForgetting/{first}"] == pytest.approx(before - after)
    assert results[1][f"StreamForgetting/{test}"] == pytest.approx(before - after)
    assert results[1][f"ExperienceBWT/{first}"] == pytest.approx(after - before)
    assert results[1][f"StreamBWT/{test}"] == pytest.approx(after - before)
    assert results[1][f"MaxRAMUsage_Experience/{first}"] > 10
    cl_strategy.evaluator.close()
    text_logger.file.flush()
    folder = Path.cwd()
    assert "Top1_Acc_Stream" in (folder / "log.txt").read_text()
    assert list((folder / "csvlogs").glob("*.csv"))
    assert list((folder / "tb_data").rglob("events.*"))


TRAIN_METRICS = ["Top1_Acc_MB", "Top1_Acc_Epoch", "Top1_RunningAcc_Epoch", "CPUUsage_Epoch"]
