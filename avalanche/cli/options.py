"""Makes the options of `avalanche run` and `compare` from typed signatures, and reads them.

Two steps: the names (benchmark, strategies, model, optimizer) are read first, then the parser is
built from the signatures of what they name, so that each of their arguments is an option with its
type and help, and nothing else is accepted.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, Optional

from avalanche.cli import registry
from avalanche.cli.arguments import NAMED, Given, merge, names_in, read_config, scan
from avalanche.cli.defaults import CHOICES, DEFAULTS, RUN_OWNED
from avalanche.cli.errors import UsageError, nearest
from avalanche.cli.fit import SIZES
from avalanche.cli.request import Choice, Request
from avalanche.cli.run_options import RUN_OPTIONS, check_run_options
from avalanche.cli.signatures import REQUIRED, Option, options_of, type_text

__all__ = ["OptionTable", "parse"]

_SKIP = {
    "benchmark": (),
    "strategy": ("model", "optimizer", "criterion", "plugins", "evaluator", *RUN_OWNED),
    "model": (),
    "optimizer": ("params",),
    "plugin": (),
}

_TRANSFORMS = ("train_transform", "eval_transform")

# Arguments that a run can find out by itself when nothing is given, and what they become.
_FOUND_OUT = {
    ("benchmark", "seed"): "by default the seed of the run, so that means are over class orders",
    **{("model", name): "by default as the benchmark has" for name in SIZES},
}


def parse(command: str, words: Sequence[str]) -> Request | str:
    """Read a command line.

    Args:
        command: ``"run"`` or ``"compare"``.
        words: what follows the command.

    Returns:
        What was asked for; the text to print where that is help.

    Raises:
        UsageError: anything wrong, in one line.

    Example:
        >>> request = parse("run", ["--strategy", "Replay", "--strategy.mem_size", "50"])
        >>> request.strategies[0].options["mem_size"]
        50
    """
    given = scan(words)
    files = [g for g in given if g.key == "config"]
    given = [g for g in given if g.key != "config"]
    from_files: list[Given] = []
    for file in files:
        if not file.value:
            raise UsageError("--config: expects a YAML file; give --config FILE")
        from_files = merge(from_files, read_config(Path(file.value)))
    given = merge(from_files, given)
    _check_named(given)
    wants_help = any(g.key == "help" for g in given)
    table = OptionTable(command, {g.key: g.value or "" for g in given})
    if wants_help:
        return table.help()
    return table.read(given)


class OptionTable:
    """All options of a command, given the names chosen.

    Args:
        command: ``"run"`` or ``"compare"``.
        given: text of what the user gave, by key; only names are read from it.
    """

    def __init__(self, command: str, given: dict[str, str]) -> None:
        self.command = command
        self.names = {
            kind: given.get(f"{kind}.name") or default
            for kind, default in CHOICES.items()
            if kind != "strategy"
        }
        if command == "run":
            self.strategies = [given.get("strategy.name") or CHOICES["strategy"]]
        else:
            self.strategies = names_in(given.get("strategies") or "Naive,JointTraining")
        self.plugins = names_in(given.get("plugins", ""))
        _check_once("strategies", self.strategies,
                    "make a run of each and put them together with `avalanche report`")  # fmt: skip
        _check_once("plugins", self.plugins, "a strategy has each plugin once")
        self.groups: dict[str, tuple[str, str, list[Option]]] = {}
        several = {"plugin": "plugins"} | ({"strategy": "strategies"} if command != "run" else {})
        for kind in CHOICES:
            for name in self.strategies if kind == "strategy" else [self.names[kind]]:
                group = name if kind == "strategy" and command == "compare" else kind
                self.groups[group] = (kind, name, _options(kind, name, several.get(kind)))
        for name in self.plugins:
            self.groups[name] = ("plugin", name, _options("plugin", name, several["plugin"]))
        self.options = {option.name: option for option in RUN_OPTIONS}
        for group, (_, _, options) in self.groups.items():
            self.options |= {f"{group}.{option.name}": option for option in options}
        for kind in self.names:
            self.options[f"{kind}.name"] = Option("name", str, CHOICES[kind], "")
        chooser = "strategy.name" if command == "run" else "strategies"
        self.options[chooser] = Option("name", str, ",".join(self.strategies), "")
        self.options["plugins"] = Option("plugins", str, ",".join(self.plugins), "")

    def read(self, given: Sequence[Given]) -> Request:
        """Check and convert what the user gave.

        Raises:
            UsageError: an unknown option, a wrong type, a missing or impossible value.
        """
        last: dict[str, Given] = {}
        for item in given:
            if item.key not in self.options:
                raise UsageError(self._unknown(item))
            last[item.key] = item
        words = [f"--{key}={self._text(item)}" for key, item in last.items()]
        values = self._convert(words, last)
        check_run_options(values)
        choices: dict[str, Any] = {
            group: self._choice(group, kind, name, options, values)
            for group, (kind, name, options) in self.groups.items()
        }
        plain: dict[str, Any] = {o.name: values[o.name] for o in RUN_OPTIONS}
        of_strategies = ["strategy"] if self.command == "run" else self.strategies
        return Request(
            command=self.command,
            strategies=tuple(choices[group] for group in of_strategies),
            plugins=tuple(choices[name] for name in self.plugins),
            **{kind: choices[kind] for kind in self.names},
            **plain,
        )

    def help(self) -> str:
        """The help text: every option, and the arguments of what was not chosen."""
        text = str(self._parser().format_help())
        text = re.sub(r"--(benchmark|strategy|model|optimizer)\.name\b", r"--\1", text)
        flags = "|".join(option.name for option in RUN_OPTIONS if option.type is bool)
        text = re.sub(rf"(--(?:{flags})) {{true,false}}", r"\1", text)
        lines = ["", "Arguments of the other strategies (give --strategy NAME --help for more):"]
        for name in registry.find("strategies"):
            if name not in self.strategies:
                own = [option.name for option in _options("strategy", name)]
                lines.append(f"  {name}: {', '.join(own) or 'none'}")
        if self.command == "compare":
            lines[1] = "Arguments of the other strategies (--NAME.ARGUMENT VALUE, once chosen):"
        return text + "\n".join(lines) + "\n"

    def _parser(self) -> Any:
        from jsonargparse import ArgumentParser

        parser = ArgumentParser(prog=f"avalanche {self.command}", exit_on_error=False,
                                description=_DESCRIPTIONS[self.command])  # fmt: skip
        general = parser.add_argument_group("options of the run")
        general.add_argument("--config", type=str, help="YAML file of options; options win over "
                             "it, and the later of several files over the earlier")  # fmt: skip
        for option in RUN_OPTIONS:
            _add(general, option.name, option)
        if self.command == "compare":
            general.add_argument("--strategies", type=str, help="names, separated by commas",
                                 default=",".join(self.strategies))  # fmt: skip
        general.add_argument("--plugins", type=str, default=",".join(self.plugins),
                             help="plugins beside the strategy's own, separated by commas; their "
                             "arguments are --NAME.ARGUMENT")  # fmt: skip
        for group, (kind, name, options) in self.groups.items():
            section = parser.add_argument_group(
                f"{kind} {name}", registry.describe(registry.lookup(_plural(kind), name))
            )
            if group == kind:
                section.add_argument(f"--{kind}.name", type=str, default=name,
                                     help=f"name of the {kind}")  # fmt: skip
            for option in options:
                _add(section, f"{group}.{option.name}", option)
        return parser

    def _convert(self, words: list[str], last: dict[str, Given]) -> dict[str, Any]:
        from argparse import ArgumentError

        try:
            namespace = self._parser().parse_args(words)
        except ArgumentError as error:
            found = re.search(r'key "([^"]+)"', str(error)) or re.search(
                r"argument --([^\s:]+)", str(error)
            )
            key = found.group(1) if found else ""
            if key in last:
                wanted = type_text(self.options[key].type)
                raise UsageError(f"{last[key].where}: expected {wanted}") from error
            raise UsageError(" ".join(str(error).split())) from error
        return {key: namespace[key] for key in self.options}

    def _text(self, item: Given) -> str:
        option = self.options[item.key]
        if item.value is None:
            if option.type is bool:
                return "true"
            raise UsageError(f"{item.where}: expects a value ({type_text(option.type)})")
        is_list = re.search(r"list|tuple|Sequence", str(option.type)) is not None
        if is_list and "," in item.value and item.value[0] not in "[{(":
            return f"[{item.value}]"
        return item.value

    def _unknown(self, item: Given) -> str:
        group, _, rest = item.key.rpartition(".")
        owned = RUN_OWNED.get(rest)
        if owned:
            return f"{item.where}: this belongs to the whole run; use --{owned}"
        pool = [key.removesuffix(".name") for key in self.options]
        close = nearest(item.key, [key for key in pool if "." in key or not group] or pool)
        hint = f"did you mean {' or '.join(f'--{name}' for name in close)}?" if close else ""
        if group in self.groups:
            _, name, options = self.groups[group]
            near = nearest(rest, [option.name for option in options])
            own = ", ".join(option.name for option in options) or "none"
            hint = f"{name} takes: {own}"
            if near:
                hint = "did you mean " + " or ".join(f"--{group}.{n}" for n in near) + f"? {hint}"
        elif group in registry.find("strategies"):
            hint = f"{group} is not among --strategies {','.join(self.strategies)}; add it there"
        elif group in registry.find("plugins"):
            hint = f"{group} is not among --plugins; add it there"
        elif item.key in ("strategy.name", "strategies"):
            other = "compare" if self.command == "run" else "run"
            hint = f"`avalanche {other}` takes it, `avalanche {self.command}` does not"
        elif group and (similar := nearest(group, self._group_names(), count=1)):
            hint = f"did you mean --{self._in_group(similar[0], rest)}?"
        return f"{item.where}: there is no such option; " + (
            hint or f"`avalanche {self.command} --help` shows all"
        )

    def _group_names(self) -> list[str]:
        return [*self.groups, *(["strategies"] if self.command == "compare" else [])]

    def _in_group(self, group: str, rest: str) -> str:
        """The option of a group that looks most like one of another group."""
        if group not in self.groups or (rest == "name" and f"{group}.name" in self.options):
            return group
        own = [option.name for option in self.groups[group][2]]
        return f"{group}.{next(iter(nearest(rest, own, count=1)), rest)}"

    def _choice(
        self, group: str, kind: str, name: str, options: list[Option], values: dict[str, Any]
    ) -> Choice:
        own = {option.name: values[f"{group}.{option.name}"] for option in options}
        arguments = {}
        for option in options:
            value = own[option.name]
            if value is None and option.default is REQUIRED:
                raise UsageError(
                    f"--{group}.{option.name}: {name} needs it "
                    f"({type_text(option.type)}); {option.help or 'give a value'}"
                )
            if option.name in _TRANSFORMS and value == "default":
                continue
            if value is not None or option.default is not None:
                arguments[option.name] = value
        return Choice(name, own, arguments)


_DESCRIPTIONS = {
    "run": "Train one strategy over a stream of experiences, and report what it keeps and forgets.",
    "compare": "Train several strategies on the same stream, side by side, and report on them.",
}


def _options(kind: str, name: str, chooser: str | None = None) -> list[Option]:
    """Options of one named thing, with what the command line fills in.

    ``chooser`` is the option that gave the name, where it is not called as the kind is.
    """
    import dataclasses

    target = registry.lookup(_plural(kind), name, chooser)
    filled = DEFAULTS.get(kind, {}).get(name, {})
    options = _switches(target) if kind == "benchmark" else []
    for option in options_of(target, skip=_SKIP[kind]):
        found_out = _FOUND_OUT.get((kind, option.name))
        if option.name in filled:
            option = dataclasses.replace(option, default=filled[option.name])
        elif found_out:
            help_text = f"{option.help} ({found_out})".strip()
            option = dataclasses.replace(
                option,
                type=Optional[option.type],  # noqa: UP045 - built from a runtime value
                default=None,
                help=help_text,
            )
        options.append(option)
    return options


def _check_named(given: Sequence[Given]) -> None:
    """Refuse an empty name: it is no way to ask for the default."""
    for item in given:
        is_name = item.key == "strategies" or item.key.removesuffix(".name") in NAMED
        if is_name and item.value is not None and not names_in(item.value):
            raise UsageError(f"{item.where}: expected a name; leave it out for the default")


def _check_once(option: str, names: list[str], remedy: str) -> None:
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise UsageError(
            f"--{option}={','.join(names)}: {', '.join(repeated)} is there twice; {remedy}"
        )


def _switches(target: Any) -> list[Option]:
    """Transforms of a benchmark: only Python can express one, but they can be left out."""
    kind, text = Optional[Literal["default"]], "the benchmark's own by default; null for none"  # noqa: UP045 - a value
    parameters = inspect.signature(target).parameters
    return [
        Option(name, kind, "default", text)
        for name in _TRANSFORMS
        if name in parameters and parameters[name].default is not None
    ]


def _add(group: Any, key: str, option: Option) -> None:
    kind, default = option.type, option.default
    if default is REQUIRED:
        kind, default = Optional[kind], None  # noqa: UP045 - built from a runtime value
    # torch states its own defaults in the text; the one that counts here is added at the end.
    text = re.sub(r"\s*\(default: [^)]*\)$", "", option.help) or f"argument {option.name}"
    text = text if len(text) < 400 else text[:397] + "..."
    group.add_argument(f"--{key}", type=kind, default=default, help=text.replace("%", "%%"))


def _plural(kind: str) -> str:
    return {"strategy": "strategies"}.get(kind, f"{kind}s")
