"""The configurations that `avalanche reproduce` runs: ``<benchmark>/<scenario>/<method>.yaml``."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from avalanche.cli.arguments import load_yaml
from avalanche.cli.errors import UsageError
from avalanche.cli.reference import Reference

__all__ = ["Config", "find_configs", "select"]

# What is no part of the settings: which seeds, where data and results are, what is shown.
_ASIDE = ("reference", "provenance", "seeds", "seed", "device", "out", "resume", "overwrite",
          "quiet", "debug", "print_config")  # fmt: skip


@dataclass(frozen=True)
class Config:
    """One file ``<benchmark>/<scenario>/<method>.yaml``.

    Args:
        path: the file.
        reference: what it reproduces.
        settings: what decides the numbers, as the file says it.
        seeds: how many seeds it asks for.
        first_seed: the first of them.
    """

    path: Path
    reference: Reference
    settings: dict[str, Any]
    seeds: int = 3
    first_seed: int = 0

    @classmethod
    def read(cls, path: Path) -> Config:
        """Read a file.

        Raises:
            UsageError: it cannot be read, or has no section ``reference``.
        """
        content = load_yaml(path)
        if "reference" not in content:
            raise UsageError(
                f"{path}: has no section reference, so there is nothing to reproduce; "
                "`avalanche run --config` runs it"
            )
        settings = {key: value for key, value in content.items() if key not in _ASIDE}
        benchmark = settings.get("benchmark")
        if isinstance(benchmark, dict):
            settings["benchmark"] = {k: v for k, v in benchmark.items() if k != "dataset_root"}
        reference = Reference.read(content["reference"], str(path))
        numbers = {"seeds": content.get("seeds", 3), "first_seed": content.get("seed", 0)}
        for key, value in numbers.items():
            if not isinstance(value, int) or value < (key == "seeds"):
                raise UsageError(f"{path}: {key}: {value}: expected a whole number")
        return cls(path, reference, settings, **numbers)

    @property
    def name(self) -> str:
        """``split-mnist/class-incremental/ewc``."""
        return "/".join((*self.path.resolve().parts[-3:-1], self.path.stem))

    @property
    def place(self) -> str:
        """``configs/split-mnist/class-incremental/ewc.yaml``, wherever the command is given."""
        return "/".join(self.path.resolve().parts[-4:])


def find_configs(paths: Sequence[Path]) -> tuple[list[Config], list[Config]]:
    """Read the configurations that are meant, and all those beside them.

    Args:
        paths: files, or folders of any level.

    Returns:
        Those below `paths`, and all of the folders that these lie in, which share one page.

    Raises:
        UsageError: nothing is there, a file cannot be used, or two share a name.
    """
    files: list[Path] = []
    for path in paths:
        if not path.exists():
            raise UsageError(
                f"{path}: there is no such file or folder; give a configuration "
                "<benchmark>/<scenario>/<method>.yaml or a folder of them"
            )
        files += [path] if path.is_file() else sorted(path.rglob("*.yaml"))
    if not files:
        raise UsageError(f"{', '.join(map(str, paths))}: no configuration (*.yaml) in there")
    meant = list(dict.fromkeys(file.resolve() for file in files))
    roots = dict.fromkeys(file.parents[min(2, len(file.parents) - 1)] for file in meant)
    beside = (file for root in roots for file in sorted(root.glob("*/*/*.yaml")))
    page = [file for file in beside if file in meant or _is_config(file)]
    read = {file: Config.read(_as_given(file)) for file in dict.fromkeys([*meant, *page])}
    by_name: dict[str, Path] = {}
    for file, config in read.items():
        other = by_name.setdefault(config.name, file)
        if other != file:
            raise UsageError(
                f"{config.path}: has the name {config.name}, as {other} has, and results are kept "
                "by name; rename one"
            )
    return [read[file] for file in meant], [read[file] for file in page]


def _is_config(file: Path) -> bool:
    """Whether a file that was not asked for is one; other YAML files may lie there."""
    text = file.read_text(encoding="utf-8", errors="replace")
    return re.search(r"^reference *:", text, re.MULTILINE) is not None


def _as_given(file: Path) -> Path:
    """The short path where the file lies below the folder that the command was given in."""
    here = Path.cwd().resolve()
    return file.relative_to(here) if file.is_relative_to(here) else file


def select(configs: Sequence[Config], only: str) -> list[Config]:
    """Keep the configurations whose name matches one of the patterns, given with commas.

    A pattern is a part of the name (``ewc``, ``class-incremental``) or has wildcards
    (``*/class-incremental/*``).

    Raises:
        UsageError: a pattern matches none, or there is none between the commas.
    """
    kept: list[Config] = []
    patterns = list(filter(None, (part.strip() for part in only.split(","))))
    names = ", ".join(config.name for config in configs)
    if only and not patterns:
        raise UsageError(f"--only={only}: expected names or parts of names; there are {names}")
    for pattern in patterns:
        found = [c for c in configs if pattern in c.name or fnmatch(c.name, pattern)]
        if not found:
            raise UsageError(f"--only={pattern}: matches no configuration; there are {names}")
        kept += found
    return [config for config in configs if config in kept] if only else list(configs)
