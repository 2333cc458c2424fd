import pytest
import torch
from release_files import write_concon

from avalanche.benchmarks import ConConDisjoint, ConConStrict, ConConUnconfounded


def tasks(stream):
    """Which task the images of every experience are of: its number is their red value."""
    shown = [e.dataset.batch(range(len(e.dataset)))[0][:, 0] for e in stream]
    return [sorted({round((float(v) + 1) / 2 * 255) for v in x.unique()}) for x in shown]


@pytest.mark.parametrize(
    ("maker", "variant"), [(ConConDisjoint, "disjoint"), (ConConStrict, "strict")]
)
def test_one_task_per_experience(tmp_path, maker, variant):
    write_concon(tmp_path, variant)
    benchmark = maker(3, dataset_root=tmp_path)
    for stream, copies in ((benchmark.train_stream, 3), (benchmark.test_stream, 1)):
        assert tasks(stream) == [[0], [1], [2]]
        assert [list(e.dataset.targets) for e in stream] == [[0] * copies + [1] * copies] * 3
        assert [e.task_labels for e in stream] == [[0]] * 3


def test_all_tasks_in_one_experience(tmp_path):
    write_concon(tmp_path)
    benchmark = ConConDisjoint(1, dataset_root=tmp_path)
    assert tasks(benchmark.train_stream) == [[0, 1, 2]]
    assert len(benchmark.train_stream[0].dataset) == 18
    assert len(benchmark.test_stream[0].dataset) == 6


def test_the_seed_decides_the_order(tmp_path):
    write_concon(tmp_path)
    orders = {}
    for seed in range(6):
        before = torch.get_rng_state()
        benchmark = ConConDisjoint(3, seed=seed, shuffle_order=True, dataset_root=tmp_path)
        assert torch.equal(before, torch.get_rng_state())
        orders[seed] = tasks(benchmark.train_stream)
        assert orders[seed] == tasks(benchmark.test_stream)
        again = ConConDisjoint(3, seed=seed, shuffle_order=True, dataset_root=tmp_path)
        assert orders[seed] == tasks(again.train_stream)
    assert len({str(order) for order in orders.values()}) > 1


def test_unconfounded(tmp_path):
    write_concon(tmp_path, "unconfounded")
    benchmark = ConConUnconfounded(dataset_root=tmp_path)
    assert [len(e.dataset) for e in benchmark.train_stream] == [6]


def test_errors(tmp_path):
    with pytest.raises(ValueError, match="n_experiences=2: expected 3, one per task, or 1"):
        ConConStrict(2, dataset_root=tmp_path)
