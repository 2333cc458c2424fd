"""Split CUB-200 on files in the real layout."""

import pytest

from avalanche.benchmarks import SplitCUB200


@pytest.fixture
def root(tmp_path, write_cub):
    write_cub(tmp_path)
    return tmp_path


def test_the_first_experience_is_larger(root):
    benchmark = SplitCUB200(3, classes_first_batch=6, dataset_root=root)
    assert benchmark.n_classes_per_exp == [6, 3, 3]
    assert benchmark.classes_order == list(range(12))
    assert [len(e.dataset) for e in benchmark.train_stream] == [12, 6, 6]
    assert benchmark.train_stream[0].dataset.batch([0, 3])[0].shape == (2, 3, 224, 224)


def test_the_shuffled_order_is_that_of_avalanche_lib(root):
    benchmark = SplitCUB200(3, classes_first_batch=6, shuffle=True, seed=2, dataset_root=root)
    assert benchmark.classes_order == [0, 9, 3, 2, 10, 5, 6, 7, 8, 1, 4, 11]  # recorded from 0.6.0


def test_the_first_experience_may_be_as_large_as_the_others(root):
    benchmark = SplitCUB200(4, classes_first_batch=None, dataset_root=root)
    assert benchmark.n_classes_per_exp == [3, 3, 3, 3]


def test_a_split_that_does_not_fit_is_named(root):
    with pytest.raises(ValueError, match="per_exp_classes"):
        SplitCUB200(dataset_root=root)
