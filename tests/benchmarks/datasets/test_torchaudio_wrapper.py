import wave

import numpy as np
import pytest
import torch

from avalanche.benchmarks.datasets.torchaudio_wrapper import SpeechCommands
from avalanche.benchmarks.utils import as_classification_dataset
from avalanche.benchmarks.utils.data_loader import SingleDatasetDataLoader

NAMES = ["bed/a_0.wav", "bed/b_0.wav", "cat/a_0.wav", "cat/c_0.wav", "dog/a_0.wav"]


def write_wav(path, samples, rate=16000, channels=1):
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(np.asarray(samples, "<i2").tobytes())


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "SpeechCommands" / "speech_commands_v0.02"
    for number, name in enumerate(NAMES):
        write_wav(folder / name, [16384, -32768, *[number] * number])
    write_wav(folder / "_background_noise_" / "tap.wav", [0])
    (folder / "validation_list.txt").write_text("bed/b_0.wav\n")
    (folder / "testing_list.txt").write_text("cat/a_0.wav\ndog/a_0.wav\n")
    return folder


@pytest.mark.parametrize(
    ("subset", "expected"),
    [
        (None, NAMES),
        ("training", ["bed/a_0.wav", "cat/c_0.wav"]),
        ("validation", ["bed/b_0.wav"]),
        ("testing", ["cat/a_0.wav", "dog/a_0.wav"]),
    ],
)
def test_subsets(folder, subset, expected):
    data = SpeechCommands(folder.parents[1], subset=subset)
    assert data.paths == expected
    assert data.class_names == ["bed", "cat", "dog"]
    assert data.targets == [data.class_names.index(name[:3]) for name in expected]


def test_recordings(folder):
    recording, label = SpeechCommands(folder.parents[1])[3]
    assert (recording.dtype, recording.shape, label) == (torch.float32, (5, 1), 1)
    assert (recording.flatten() * 32768).tolist() == [16384, -32768, 3, 3, 3]


def test_features(folder):
    def mfcc(x):
        assert x.shape == (1, 5)
        return torch.stack([x, 2 * x, 3 * x], dim=1)  # (1, features, frames)

    features, _ = SpeechCommands(folder.parents[1], mfcc_preprocessing=mfcc)[3]
    assert features.shape == (5, 3)
    assert features[0].tolist() == [0.5, 1.0, 1.5]


def test_loaders_pad(folder):
    data = as_classification_dataset(SpeechCommands(folder.parents[1]))
    x, y = next(iter(SingleDatasetDataLoader(data, batch_size=3)))[:2]
    assert x.shape == (3, 4, 1)
    assert (x[:, 3, 0] * 32768).tolist() == [0, 0, 2]
    assert y.tolist() == [0, 0, 1]


def test_errors(folder, tmp_path):
    root = folder.parents[1]
    with pytest.raises(ValueError, match=r"url='v3': expected one of speech_commands_v0\.01"):
        SpeechCommands(root, "v3")
    with pytest.raises(ValueError, match="subset='test': expected None or one of training"):
        SpeechCommands(root, subset="test")
    with pytest.raises(FileNotFoundError, match=r"no such folder.*speech_commands_v0\.02\.tar\.gz"):
        SpeechCommands(tmp_path / "other", download=False)
    write_wav(folder / NAMES[0], [1, 2], rate=8000)
    write_wav(folder / NAMES[1], [1, 2], channels=2)
    (folder / NAMES[2]).write_bytes(b"text")
    data = SpeechCommands(root)
    with pytest.raises(ValueError, match="a_0.wav: 1 channels of 16 bits at 8000 Hz, expected 1"):
        data[0]
    with pytest.raises(ValueError, match="b_0.wav: 2 channels"):
        data[1]
    with pytest.raises(ValueError, match="a_0.wav: no wav file"):
        data[2]
    (folder / "testing_list.txt").write_text("cow/a.wav\n")
    with pytest.raises(ValueError, match=r"testing_list\.txt: 'cow/a\.wav': expected '<word>/<fil"):
        SpeechCommands(root)
    (folder / "testing_list.txt").unlink()
    with pytest.raises(FileNotFoundError, match=r"testing_list\.txt: no such file"):
        SpeechCommands(root, download=False)
