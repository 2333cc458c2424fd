"""Speech Commands: one-second recordings of single words.

Layout of the release::

    SpeechCommands/<version>/<word>/*.wav                      mono, 16 bits, 16 kHz
    SpeechCommands/<version>/{validation,testing}_list.txt     "<word>/<file>" per line
    SpeechCommands/<version>/_background_noise_/               not used

The module keeps the name under which users import it; torchaudio is not needed.
"""

from __future__ import annotations

import wave
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from .dataset_utils import default_dataset_location
from .downloadable_dataset import DownloadableDataset
from .image_files import read_lines

__all__ = ["SUBSETS", "SpeechCommands", "SpeechCommandsData", "speech_commands_collate"]

SUBSETS = ("training", "validation", "testing")
_VERSIONS = ("speech_commands_v0.01", "speech_commands_v0.02")
_HOST = "http://download.tensorflow.org/data"
_LISTS = {"validation": "validation_list.txt", "testing": "testing_list.txt"}
_FULL_SCALE = 32768.0  # 16-bit samples to [-1, 1)


def speech_commands_collate(batch: Sequence[Sequence[Any]]) -> list[Tensor]:
    """Make a batch of recordings of different lengths, padded with zeros at the end.

    Args:
        batch: samples ``(recording (time, features), label, ...)``.

    Returns:
        ``[recordings (batch, time, features), labels (batch,), ...]``.

    Example:
        >>> x, y = speech_commands_collate([(torch.ones(2, 1), 0), (torch.ones(3, 1), 4)])
        >>> x.shape, x[0].flatten().tolist(), y.tolist()
        (torch.Size([2, 3, 1]), [1.0, 1.0, 0.0], [0, 4])
    """
    recordings, *others = zip(*batch, strict=True)
    padded = pad_sequence(list(recordings), batch_first=True)
    return [padded, *(torch.as_tensor(values) for values in others)]


class SpeechCommandsData(DownloadableDataset[tuple[Tensor, int]]):
    """The recordings of Speech Commands: samples ``(recording, label)``.

    The recording is float32 ``(time, 1)`` with values in [-1, 1), or ``(frames, features)`` where
    ``mfcc_preprocessing`` is given. Recordings differ in length: batches are made with
    :func:`speech_commands_collate`, which the loaders take from ``collate_fn``. The archive is
    downloaded without a checksum.

    Args:
        root: the folder that holds, or will hold, ``SpeechCommands``.
        url: the version, ``speech_commands_v0.01`` or ``speech_commands_v0.02``.
        download: whether to fetch the files if they are missing.
        subset: ``training``, ``validation`` or ``testing``; all of them for None.
        mfcc_preprocessing: makes features of a recording: float ``(1, time)`` to
            ``(1, features, frames)``, as ``torchaudio.transforms.MFCC`` does.

    Attributes:
        class_names: the words, in the order of their labels.
        targets: the label of every recording, known without reading it.
        sample_rate: of the recordings, in hertz.

    Raises:
        ValueError: if ``url`` or ``subset`` is unknown, or a file has another form.
        FileNotFoundError: if files are missing and ``download`` is off.
        RuntimeError: if the download fails.

    References:
        Warden: Speech Commands: A Dataset for Limited-Vocabulary Speech Recognition, 2018.
    """

    sample_rate = 16000

    def __init__(
        self,
        root: str | Path | None = None,
        url: str = "speech_commands_v0.02",
        download: bool = True,
        subset: str | None = None,
        mfcc_preprocessing: Callable[[Tensor], Tensor] | None = None,
    ) -> None:
        if url not in _VERSIONS:
            raise ValueError(f"url={url!r}: expected one of {', '.join(_VERSIONS)}")
        if subset is not None and subset not in SUBSETS:
            raise ValueError(f"subset={subset!r}: expected None or one of {', '.join(SUBSETS)}")
        self.version = url
        self.subset = subset
        self.mfcc_preprocessing = mfcc_preprocessing
        self.collate_fn = speech_commands_collate
        self.class_names: list[str] = []
        self.paths: list[str] = []
        self.targets: list[int] = []
        super().__init__(
            default_dataset_location("speech_commands") if root is None else root, download
        )
        self._load_dataset()

    @property
    def folder(self) -> Path:
        """Where the words are."""
        return self.root / "SpeechCommands" / self.version

    def _download_dataset(self) -> None:
        name = f"{self.version}.tar.gz"
        self._download_and_extract_archive(
            f"{_HOST}/{name}", name, None, f"SpeechCommands/{self.version}"
        )

    def _download_error_message(self) -> str:
        return f"unpack {_HOST}/{self.version}.tar.gz into {self.folder}"

    def _load_metadata(self) -> bool:
        if not self.folder.is_dir():
            raise FileNotFoundError(f"{self.folder}: no such folder")
        words = sorted(
            p.name for p in self.folder.iterdir() if p.is_dir() and not p.name.startswith("_")
        )
        if not words:
            raise FileNotFoundError(f"{self.folder}: has no folders of words")
        label = {word: number for number, word in enumerate(words)}
        listed = {part: read_lines(self.folder / name) for part, name in _LISTS.items()}
        for part, names in listed.items():
            for name in names:
                if name.split("/")[0] not in label:
                    raise ValueError(
                        f"{self.folder / _LISTS[part]}: {name!r}: expected '<word>/<file>' with "
                        "one of the words there are; unpack the archive again"
                    )
        if self.subset in listed:
            self.paths = listed[str(self.subset)]
        else:
            held_out = set() if self.subset is None else {n for ns in listed.values() for n in ns}
            every = (
                f"{w}/{p.name}" for w in words for p in sorted((self.folder / w).glob("*.wav"))
            )
            self.paths = [name for name in every if name not in held_out]
        self.class_names = words
        self.targets = [label[name.split("/")[0]] for name in self.paths]
        return True

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        recording = _read_wav(self.folder / self.paths[index], self.sample_rate)
        if self.mfcc_preprocessing is None:
            return recording.unsqueeze(1), self.targets[index]
        features = self.mfcc_preprocessing(recording.unsqueeze(0))
        return features.squeeze(0).transpose(0, 1), self.targets[index]


def SpeechCommands(
    root: str | Path | None = None,
    url: str = "speech_commands_v0.02",
    download: bool = True,
    subset: str | None = None,
    mfcc_preprocessing: Callable[[Tensor], Tensor] | None = None,
) -> SpeechCommandsData:
    """Speech Commands; see :class:`SpeechCommandsData`.

    Args:
        root: the folder that holds, or will hold, ``SpeechCommands``; by default
            ``default_dataset_location("speech_commands")``.
        url: the version.
        download: whether to fetch the files if they are missing.
        subset: ``training``, ``validation`` or ``testing``; all of them for None.
        mfcc_preprocessing: makes features of a recording.
    """
    return SpeechCommandsData(root, url, download, subset, mfcc_preprocessing)


def _read_wav(path: Path, rate: int) -> Tensor:
    """A mono recording as float32 ``(time,)``."""
    try:
        with wave.open(str(path), "rb") as file:
            form = (file.getnchannels(), file.getsampwidth(), file.getframerate())
            content = file.readframes(file.getnframes())
    except FileNotFoundError as error:
        raise FileNotFoundError(
            f"{path}: no such recording, a list names it; unpack the archive again"
        ) from error
    except (wave.Error, EOFError) as error:
        raise ValueError(f"{path}: no wav file ({error}); unpack the archive again") from error
    if form != (1, 2, rate):
        raise ValueError(
            f"{path}: {form[0]} channels of {8 * form[1]} bits at {form[2]} Hz, expected 1 of 16 "
            f"bits at {rate} Hz; unpack the archive again"
        )
    samples = np.frombuffer(content, dtype="<i2").astype(np.float32)
    return torch.from_numpy(samples / _FULL_SCALE)
