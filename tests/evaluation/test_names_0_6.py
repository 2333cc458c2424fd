"""Names and values equal those of avalanche-lib 0.6.0; see fixtures/observe_names.py."""

import importlib.util
import json
from pathlib import Path

import pytest

FIXTURES = Path(__file__).parent / "fixtures"


@pytest.fixture(scope="module")
def observe():
    spec = importlib.util.spec_from_file_location("observe_names", FIXTURES / "observe_names.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.observe


@pytest.mark.parametrize("case", ["one_task", "task_per_experience"])
def test_same_names_and_values(observe, case):
    expected = json.loads((FIXTURES / "names_0_6.json").read_text())[case]
    found = observe(task_labels=case == "task_per_experience")
    assert sorted(found) == sorted(expected)
    for name, (steps, values) in expected.items():
        assert found[name][0] == steps, name
        if values is not None:
            flat = [found[name][1], values]
            if "Matrix" not in name:
                flat[1] = pytest.approx(values, abs=2e-5)
            assert flat[0] == flat[1], name
