"""A user's script for avalanche 0.6. The same file runs with this library and with the peer."""

import sys
import time
import warnings

import torch
import workloads as w

warnings.filterwarnings("ignore")
from avalanche.benchmarks.classic import SplitMNIST  # noqa: E402
from avalanche.evaluation.metrics import accuracy_metrics, loss_metrics  # noqa: E402
from avalanche.models import SimpleMLP  # noqa: E402
from avalanche.training.plugins import EvaluationPlugin  # noqa: E402
from avalanche.training.supervised import (  # noqa: E402
    AGEM,
    EWC,
    GEM,
    LwF,
    Naive,
    Replay,
    SynapticIntelligence,
)

torch.set_num_threads(1)


def make_strategy(row: w.Row):
    torch.manual_seed(0)
    model = SimpleMLP(
        num_classes=10,
        hidden_size=row.layers[0],
        hidden_layers=len(row.layers),
        drop_rate=row.dropout,
    )
    common = {
        "model": model,
        "optimizer": torch.optim.SGD(model.parameters(), lr=w.LEARNING_RATE),
        "criterion": torch.nn.CrossEntropyLoss(),
        "train_mb_size": row.batch,
        "eval_mb_size": row.batch,
        "evaluator": EvaluationPlugin(
            accuracy_metrics(epoch=True, experience=True, stream=True),
            loss_metrics(epoch=True, experience=True, stream=True),
        ),
    }
    if row.method == "replay":
        return Replay(mem_size=w.MEMORY, **common)
    if row.method == "gem":
        return GEM(patterns_per_exp=w.PATTERNS, memory_strength=w.STRENGTH, **common)
    if row.method == "agem":
        return AGEM(patterns_per_exp=w.AVERAGED_PATTERNS, sample_size=w.SAMPLE, **common)
    if row.method == "ewc":
        return EWC(ewc_lambda=w.EWC_LAMBDA, **common)
    if row.method == "lwf":
        return LwF(alpha=w.ALPHA, temperature=w.TEMPERATURE, **common)
    if row.method == "si":
        return SynapticIntelligence(si_lambda=w.SI_LAMBDA, eps=w.DAMPING, **common)
    return Naive(**common)


def run(row: w.Row) -> tuple[float, int]:
    strategy = make_strategy(row)
    stream = (BENCHMARK.test_stream if row.method == "eval" else BENCHMARK.train_stream)[
        : row.experiences
    ]
    start = time.perf_counter()
    if row.method == "eval":
        strategy.eval(stream)
    else:
        for experience in stream:
            strategy.train(experience)
    seconds = time.perf_counter() - start
    return seconds, sum(len(experience.dataset) for experience in stream)


if __name__ == "__main__":
    BENCHMARK = SplitMNIST(
        5, fixed_class_order=list(range(10)), dataset_root=sys.argv[1], return_task_id=False
    )
    w.serve(run)
