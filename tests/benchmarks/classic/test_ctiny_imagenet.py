"""Split Tiny ImageNet on files in the real layout."""

import pytest
import torch

from avalanche.benchmarks import SplitTinyImageNet


def test_classes_are_dealt_out(tmp_path, write_tiny_imagenet):
    write_tiny_imagenet(tmp_path)
    benchmark = SplitTinyImageNet(dataset_root=tmp_path)
    expected = torch.randperm(200, generator=torch.Generator().manual_seed(0)).tolist()
    assert benchmark.classes_order == expected
    assert [len(e.dataset) for e in benchmark.train_stream] == [40] * 10
    assert [len(e.dataset) for e in benchmark.test_stream] == [20] * 10
    images, labels, tasks = benchmark.train_stream[2].dataset.batch([0, 5, 9])
    assert (images.shape, images.dtype) == ((3, 3, 64, 64), torch.float32)
    assert set(labels.tolist()) <= set(benchmark.train_stream[2].classes_in_this_experience)
    assert tasks.tolist() == [0, 0, 0]


def test_making_it_opens_no_image(tmp_path, write_tiny_imagenet):
    write_tiny_imagenet(tmp_path)
    for image in tmp_path.rglob("*.JPEG"):
        image.write_bytes(b"")
    benchmark = SplitTinyImageNet(5, return_task_id=True, seed=1, dataset_root=tmp_path)
    assert len(benchmark.train_stream[4].dataset.targets) == 80


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="TinyImagenet is not there"):
        SplitTinyImageNet(dataset_root=tmp_path)
