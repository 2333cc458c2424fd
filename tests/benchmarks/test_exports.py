"""The tables of names: everything in them can be had, and nothing is loaded before it is."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

import avalanche.benchmarks
from avalanche.benchmarks import classic, datasets


@pytest.mark.parametrize(
    ("package", "name"),
    [(package, name) for package in (classic, datasets) for name in package.__all__],
    ids=lambda value: getattr(value, "__name__", value),
)
def test_every_name_of_the_table_is_there(package, name):
    assert getattr(package, name) is not None
    assert name in dir(package)


@pytest.mark.parametrize("package", [classic, datasets])
def test_type_checkers_see_the_names_of_the_table(package):
    source = Path(package.__file__).read_text(encoding="utf-8")
    pattern = r"^    from \.(\w+) import (\w+) as \2$"
    seen = {name: module for module, name in re.findall(pattern, source, re.MULTILINE)}
    table = {n: m for n, m in package._HOMES.items() if m != "torchvision_wrapper"}
    assert seen == table


@pytest.mark.parametrize("name", classic.__all__)
def test_benchmarks_can_be_had_from_the_package_above(name):
    assert getattr(avalanche.benchmarks, name) is getattr(classic, name)
    assert name in avalanche.benchmarks.__all__


@pytest.mark.parametrize("package", [avalanche.benchmarks, classic, datasets])
def test_unknown_names_are_refused(package):
    with pytest.raises(AttributeError, match="has no attribute 'SplitMINST'"):
        _ = package.SplitMINST


def test_importing_them_loads_no_heavy_library():
    code = (
        "import sys, avalanche.benchmarks.classic, avalanche.benchmarks.datasets\n"
        "heavy = {'torchvision', 'sklearn', 'matplotlib', 'pyarrow', 'PIL', 'torchaudio', 'lvis'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)
