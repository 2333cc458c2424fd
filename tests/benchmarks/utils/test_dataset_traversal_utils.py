"""Back from benchmarks and views to the data behind them."""

import torch
from torch.utils.data import ConcatDataset, Subset, TensorDataset

from avalanche.benchmarks import SplitDigits
from avalanche.benchmarks.utils import (
    AvalancheDataset,
    dataset_list_from_benchmark,
    flat_datasets_from_benchmark,
    leaf_datasets,
    single_flat_dataset,
)


def test_a_benchmark_leads_to_its_data():
    benchmark = SplitDigits(5, seed=0)
    datasets = dataset_list_from_benchmark(benchmark)
    assert len(datasets) == sum(len(stream) for stream in benchmark.streams.values())
    leaves = flat_datasets_from_benchmark(benchmark)
    assert sum(len(rows) for _, rows, _ in leaves) == sum(len(d) for d in datasets)


def test_views_lead_to_the_wrapped_datasets():
    one, two = TensorDataset(torch.arange(5)), TensorDataset(torch.arange(3))
    joined = ConcatDataset([Subset(one, [4, 2]), two, Subset(one, [0])])
    data = AvalancheDataset(joined)
    assert len(data.parts) == 2
    assert leaf_datasets(data) == {
        one: [(4, []), (2, []), (0, [])],
        two: [(0, []), (1, []), (2, [])],
    }
    assert single_flat_dataset(data) is None
    wrapped, rows, chain = single_flat_dataset(
        data.subset([5, 0]).replace_current_transform_group(abs)
    )
    assert (wrapped, rows, [t.transforms for t in chain]) == (one, [0, 4], [[abs]])
