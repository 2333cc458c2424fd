"""Every example runs as a reader would run it, and learns what it is there to learn."""

import importlib.util
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"
# Modules that an example needs beyond the library's own requirements, and the extra that has them.
EXTRAS = {
    "hf_trainer": (["transformers", "accelerate"], "hf"),
    "lightning_module": (["lightning"], "lightning"),
}
# Accuracy over all experiences that forgetting everything but the last does not reach.
ACCURACY = {"hf_trainer": 0.6, "lightning_module": 0.6, "standalone_loop": 0.6}


def run(name, folder):
    """Run an example in an empty folder, without network; what it printed."""
    for module in EXTRAS.get(name, ([], ""))[0]:
        if importlib.util.find_spec(module) is None:
            pytest.skip(
                f"{module} is not installed: pip install 'avalanche-lib[{EXTRAS[name][1]}]'"
            )
    environment = {
        **os.environ,
        "PYTHONPATH": str(EXAMPLES.parent),
        "OMP_NUM_THREADS": "1",
        "HF_HUB_OFFLINE": "1",
    }
    command = [sys.executable, str(EXAMPLES / f"{name}.py")]
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, f"{name} failed:\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.mark.parametrize("name", sorted(path.stem for path in EXAMPLES.glob("*.py")))
def test_example(name, tmp_path):
    printed = run(name, tmp_path)
    assert printed
    if name in ACCURACY:
        accuracy = float(re.findall(r"accuracy.*: (\d\.\d+)$", printed, re.M | re.I)[-1])
        assert accuracy > ACCURACY[name], printed


def test_every_extra_belongs_to_an_example():
    assert {*EXTRAS, *ACCURACY} <= {path.stem for path in EXAMPLES.glob("*.py")}


@pytest.fixture(scope="module")
def standalone_loop():
    path = EXAMPLES / "standalone_loop.py"
    spec = importlib.util.spec_from_file_location("standalone_loop", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_results_of_the_standalone_loop(standalone_loop, tmp_path, capsys):
    accuracy = standalone_loop.main(tmp_path, parts=10)
    # Parts never mix the five experiences, so there are a few more than asked for.
    assert 10 <= len(accuracy) <= 15
    assert accuracy.shape[1] == 5
    results = json.loads((tmp_path / "results.json").read_text())
    np.testing.assert_array_equal(results["test/accuracy"], accuracy)
    # A class without a unit can't be right, and its loss is infinite.
    unseen = accuracy[0] == 0
    np.testing.assert_array_equal(np.isinf(results["test/cross-entropy"][0]), unseen)
    assert unseen.tolist() == [False, True, True, True, True]
    for name in ("accuracy.png", "forgetting.png"):
        assert (tmp_path / name).read_bytes().startswith(b"\x89PNG")
    np.testing.assert_array_equal(standalone_loop.main(tmp_path, parts=10), accuracy)


def test_the_caller_may_choose_components(standalone_loop):
    from avalanche.benchmarks.classic import SplitDigits
    from avalanche.training.storage_policy import ReservoirSamplingBuffer

    replay = ReservoirSamplingBuffer(max_size=7)
    first, second = SplitDigits(5, seed=0).train_stream[:2]
    agent = standalone_loop.learn(first, replay=replay)
    assert agent.replay is replay
    assert len(replay.buffer) == 7
    assert standalone_loop.learn(second, agent) is agent
    assert agent.replay is replay
    assert agent.distillation.expcount == 2
    units = agent.model.head.classifier.out_features
    assert units == 1 + max(*first.classes_in_this_experience, *second.classes_in_this_experience)
