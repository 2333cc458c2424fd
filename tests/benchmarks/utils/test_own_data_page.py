"""The page about own data: what its mistakes print is what it quotes."""

import re
import shutil
from pathlib import Path

import pytest
from torchvision.transforms import ToTensor

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "own-data.md").read_text()
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
PARQUET = ROOT.parent / "shared/data/cifar10/test-00000-of-00001.parquet"


def run(kind, namespace, capsys):
    """Run the page's blocks of one kind; the quoted output and the output, pair by pair."""
    pairs, printed = [], None
    for language, text in BLOCK.findall(PAGE):
        if language == kind:
            capsys.readouterr()
            exec(compile(text, "own-data.md", "exec"), namespace)
            printed = capsys.readouterr().out
        elif language == "text" and printed is not None:
            pairs.append((text, printed))
        if language != kind:
            printed = None
    return pairs


def test_quoted_messages_are_what_the_library_says(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    pairs = run("python", {}, capsys)
    assert len(pairs) == 4
    for quoted, printed in pairs:
        assert printed == quoted


def test_the_hugging_face_blocks_run(tmp_path, monkeypatch, capsys):
    datasets = pytest.importorskip("datasets", reason="needs the extra 'hf'")
    if not hasattr(datasets, "Dataset"):  # a folder of that name was found instead
        pytest.skip("needs the extra 'hf'")
    if not PARQUET.exists():
        pytest.skip("needs CIFAR-10 as parquet in ../shared/data/cifar10")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path)
    datasets.disable_progress_bars()
    table = datasets.Dataset.from_parquet(str(PARQUET)).select(range(100))
    table.to_parquet("test-00000-of-00001.parquet")
    shutil.copy("test-00000-of-00001.parquet", "train-00000-of-00001.parquet")
    namespace = {"ToTensor": ToTensor}
    (pair,) = run("py", namespace, capsys)
    assert pair[1] == pair[0]
    x, _, _ = namespace["benchmark"].train_stream[0].dataset.batch([0, 1])
    assert tuple(x.shape) == (2, 3, 32, 32)
