"""Lower layers never import higher ones, and importing the package stays light."""

import ast
import subprocess
import sys
from pathlib import Path

import avalanche

ROOT = Path(avalanche.__file__).parent
# Bottom to top; packages of one set may not import each other.
LAYERS = [
    {"core"},
    {"distributed"},
    {"benchmarks"},
    {"models"},
    {"evaluation", "extras"},
    {"logging", "checkpointing"},
    {"training"},
    {"report", "testing"},
    {"cli"},
]
RANK = {package: rank for rank, layer in enumerate(LAYERS) for package in layer}
HEAVY = ("sklearn", "matplotlib", "tensorboard", "rich", "jsonargparse", "jinja2", "pandas")


def imported_packages(path: Path) -> set[str]:
    """Avalanche packages that a file imports anywhere, but for type checking only."""
    tree = ast.parse(path.read_text())
    skipped = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    names = set()
    for node in ast.walk(tree):
        if id(node) in skipped:
            continue
        if isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
        elif isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
    return {n.split(".")[1] for n in names if n.startswith("avalanche.")}


def test_every_package_has_a_layer():
    packages = {p.parent.name for p in ROOT.glob("*/__init__.py")}
    assert packages <= set(RANK)


def test_arrows_point_down_only():
    wrong = []
    for path in ROOT.rglob("*.py"):
        parts = path.relative_to(ROOT).parts
        if len(parts) < 2:
            continue
        own = parts[0]
        for other in imported_packages(path):
            if other != own and RANK[other] >= RANK[own]:
                wrong.append(f"{path.relative_to(ROOT)} imports avalanche.{other}")
    assert not wrong, "\n".join(wrong)


def test_importing_training_loads_nothing_heavy():
    code = (
        "import torch, torchvision, sys\n"
        "before = set(sys.modules)\n"
        "import avalanche, avalanche.training, avalanche.benchmarks.classic, avalanche.evaluation\n"
        "new = {name.split('.')[0] for name in set(sys.modules) - before}\n"
        f"print(sorted(new & set({HEAVY!r})))"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "[]"
