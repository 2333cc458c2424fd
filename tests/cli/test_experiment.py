from collections.abc import Iterator

import pytest
import torch

from avalanche.cli.errors import UsageError
from avalanche.cli.experiment import (
    build_benchmark,
    build_trial,
    check,
    found_out,
    is_upper_bound,
    run_all,
    run_trial,
)
from avalanche.cli.folder import RunFolder
from avalanche.cli.options import parse
from avalanche.cli.progress import Lines
from avalanche.cli.request import Request
from avalanche.report.rows import Row, read_rows


@pytest.fixture
def request_of(tiny):
    def make(*words: str) -> Request:
        request = parse("run", [*tiny, *words])
        assert isinstance(request, Request)
        return request

    return make


def orders(benchmark) -> list[list[int]]:
    return [sorted(e.classes_in_this_experience) for e in benchmark.train_stream]


def test_the_seed_of_the_run_orders_the_classes_unless_one_is_given(request_of) -> None:
    free, fixed = request_of(), request_of("--benchmark.seed", "3")
    assert orders(build_benchmark(free, 0)) != orders(build_benchmark(free, 1))
    assert orders(build_benchmark(fixed, 0)) == orders(build_benchmark(fixed, 1))
    assert orders(build_benchmark(fixed, 0)) == orders(build_benchmark(free, 3))


def test_sizes_of_the_model_come_from_the_benchmark_unless_given(request_of) -> None:
    benchmark = build_benchmark(request_of(), 0)
    assert found_out(request_of().model, benchmark) == {"num_classes": 10, "input_size": 64}
    assert found_out(request_of("--model.num_classes", "12").model, benchmark) == {"input_size": 64}


def test_joint_training_is_the_upper_bound() -> None:
    assert is_upper_bound("JointTraining")
    assert not is_upper_bound("Cumulative")


def test_rows_of_each_experience(request_of) -> None:
    request = request_of("--epochs", "2")
    benchmark = build_benchmark(request, 0)
    trial = build_trial(request, request.strategies[0], 0, benchmark)
    blocks = run_trial(trial)
    assert isinstance(blocks, Iterator)
    first, second = blocks

    def cost(block: list[Row]) -> dict[str, float]:
        return {row.metric: row.value for row in block if row.phase == "cost"}

    assert {row.trained_experience for row in first if row.phase == "eval"} == {1}
    assert {row.trained_experience for row in second if row.phase == "eval"} == {2}
    tested = [row for row in second if row.metric == "Top1_Acc_Exp"]
    assert sorted(row.experience for row in tested) == [0, 1]
    samples = cost(first)["SamplesPerSecond"] * cost(first)["TrainSeconds"]
    assert samples == pytest.approx(2 * len(benchmark.train_stream[0].dataset))
    assert cost(second)["Parameters"] == 64 * 8 + 8 + 8 * 10 + 10
    assert cost(second)["PeakMemoryMiB"] > 1


def test_evaluation_during_training_is_written_too(request_of) -> None:
    request = request_of("--eval_every", "1")
    trial = build_trial(request, request.strategies[0], 0, build_benchmark(request, 0))
    first = next(run_trial(trial))
    assert 0 in {row.trained_experience for row in first if row.phase == "eval"}


def test_check_builds_everything_and_trains_nothing(request_of) -> None:
    check(request_of())
    with pytest.raises(UsageError, match=r"--model\.hidden_layers=0|--model SimpleMLP: "):
        check(request_of("--model.hidden_layers", "0"))


def test_run_all_leaves_out_what_is_done(request_of, tmp_path) -> None:
    request = request_of("--seeds", "2")
    folder = RunFolder(tmp_path)
    folder.start(request.config())
    folder.finish("Naive", 0)
    run_all(request, folder, Lines(1, quiet=True))
    assert folder.finished == [("Naive", 0), ("Naive", 1)]
    assert {row.seed for row in read_rows(folder.metrics)} == {1}


def test_weights_come_from_the_seed_not_from_what_ran_before(request_of, tmp_path) -> None:
    request = request_of()
    found = []
    for name in ("a", "b"):
        torch.rand(len(found) + 1)
        folder = RunFolder(tmp_path / name)
        folder.start(request.config())
        run_all(request, folder, Lines(1, quiet=True))
        rows = read_rows(folder.metrics)
        found.append([row.value for row in rows if row.metric.startswith("Loss")])
    assert found[0]
    assert found[0] == found[1]


def test_an_online_stream_is_evaluated_after_each_experience_of_the_benchmark(request_of) -> None:
    request = request_of("--experience_size", "10")
    benchmark = build_benchmark(request, 0)
    trial = build_trial(request, request.strategies[0], 0, benchmark)
    parts = [len(part.dataset) for part in trial.lessons[0]]
    assert set(parts[:-1]) == {10}
    assert sum(parts) == len(benchmark.train_stream[0].dataset)
    first, second = run_trial(trial)
    assert trial.strategy.clock.train_exp_counter == sum(len(lesson) for lesson in trial.lessons)
    assert {row.trained_experience for row in first if row.phase == "eval"} == {1}
    assert {row.trained_experience for row in second if row.phase in ("eval", "cost")} == {2}
    assert {row.trained_experience for row in second if row.phase == "train"} == {1}
    tested = [row for row in second if row.metric == "Top1_Acc_Exp"]
    assert sorted(row.experience for row in tested) == [0, 1]


def test_joint_training_takes_no_online_stream(request_of) -> None:
    with pytest.raises(UsageError, match="--experience_size=10: JointTraining learns all data at"):
        check(request_of("--experience_size", "10", "--strategy", "JointTraining"))


def test_plugins_join_those_of_the_strategy(request_of) -> None:
    words = ["--strategy", "Replay", "--plugins", "EWCPlugin", "--EWCPlugin.ewc_lambda", "3"]
    request = request_of(*words)
    benchmark = build_benchmark(request, 0)
    trial = build_trial(request, request.strategies[0], 0, benchmark)
    kinds = {type(plugin).__name__ for plugin in trial.strategy.plugins}
    assert {"EWCPlugin", "ReplayPlugin"} <= kinds
    with pytest.raises(UsageError, match=r"--EWCPlugin\.ewc_lambda=-1.0: expected a strength"):
        check(request_of(*words[:-1], "-1"))
