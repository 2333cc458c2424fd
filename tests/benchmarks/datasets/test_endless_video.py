import numpy as np
import torch
from PIL import Image
from release_files import write_endless_video, write_image

from avalanche.benchmarks.datasets.endless_video import VideoSubSequence, video_sequences


def test_sequences_start_where_the_file_says(tmp_path):
    folder = write_endless_video(tmp_path) / "IncrementalWeather_Video" / "Train"
    first, second = video_sequences(folder, (48, 27), {"Car": 1, "Tree": 9}, None, None)
    assert [p.name for p, _ in first.files] == ["0000.png", "0001.png"]
    assert [p.name for p, _ in second.files] == ["0002.png", "0003.png", "0004.png"]
    assert first.labels == {1: 1, 2: 9}


def test_frames_and_labels_are_scaled_and_transformed(tmp_path):
    write_image(tmp_path / "frame.png", 3, (4, 2))
    Image.fromarray(np.array([[0, 7], [200, 7]], np.uint8)).save(tmp_path / "ids.png")
    video = VideoSubSequence(
        [(tmp_path / "frame.png", tmp_path / "ids.png")],
        {7: 2, 200: 5},
        patch_size=(4, 4),
        transform=lambda image: image.size,
        target_transform=lambda labels: labels + 10,
    )
    size, labels = video[0]
    expected = torch.tensor([[10, 12], [15, 12]])  # id 0 has no label: 0
    assert size == (4, 4)
    assert torch.equal(labels, expected.repeat_interleave(2, 0).repeat_interleave(2, 1))
