"""torchvision's data sets under their own names."""

import pytest
import torchvision.datasets

from avalanche.benchmarks import datasets
from avalanche.benchmarks.datasets import torchvision_wrapper


@pytest.mark.parametrize("name", torchvision_wrapper.TORCHVISION_DATASETS)
def test_names_are_torchvisions_classes(name):
    expected = getattr(torchvision.datasets, name)
    assert getattr(torchvision_wrapper, name) is expected
    assert getattr(datasets, name) is expected
    assert name in dir(datasets)


@pytest.mark.parametrize("module", [datasets, torchvision_wrapper, datasets.external_datasets])
def test_unknown_names_are_refused(module):
    with pytest.raises(AttributeError, match="has no attribute 'MNITS'"):
        _ = module.MNITS


def test_a_data_set_of_torchvision_works():
    data = datasets.FakeData(size=3, image_size=(1, 4, 4))
    assert len(data) == 3
