"""Entry point of the command `avalanche`; light, so that `avalanche --help` answers at once."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable, Sequence

from avalanche.cli.errors import UsageError, nearest

__all__ = ["main"]

_HELP = """\
usage: avalanche COMMAND [OPTIONS]

Continual learning from the command line.

commands:
  run      train one strategy over a stream of experiences
           avalanche run --benchmark SplitDigits --strategy Replay --strategy.mem_size 200
  compare  train several strategies on the same stream, side by side
           avalanche compare --strategies Naive,Replay,JointTraining --seeds 3
  list     what there is: benchmarks, strategies, plugins, metrics, models
           avalanche list strategies
  events   what plugins can act at: every event, its moment, what is set by then
           avalanche events
  reproduce  run configurations that reproduce published results, and write the page of them
           avalanche reproduce configs --data data
  report   build the report of one run, or of several together, from what they wrote
           avalanche report runs/a runs/b --out runs/both

`avalanche COMMAND --help` shows all options of a command.

options:
  -h, --help  show this
  --version   show the version
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command line.

    Args:
        argv: the words after ``avalanche``; those of this process by default.

    Returns:
        0 when all went well, 1 for a failure or an interruption, 2 for wrong use.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    command = words[0] if words and not words[0].startswith("-") else ""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # "±" shall not end a run where it has no code
            stream.reconfigure(errors="replace")
    try:
        code = _dispatch(words)
        sys.stdout.flush()  # here, where a reader that is gone can still be seen
        return code
    except BrokenPipeError:  # `avalanche list metrics | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except UsageError as error:
        _complain(command, str(error))
        return 2
    except KeyboardInterrupt:
        _complain(command, "interrupted")
        return 1
    except Exception as error:  # the last resort: a line instead of a page of traceback
        if "--debug" in words:
            raise
        reason = " ".join(str(error).split()) or "no message"
        hint = "--debug shows where" if command in ("run", "compare") else ""
        _complain(command, f"{type(error).__name__}: {reason}" + (f" ({hint})" if hint else ""))
        return 1


def _dispatch(words: list[str]) -> int:
    if not words or words[0] in ("-h", "--help", "help"):
        sys.stdout.write(_HELP)
        return 0
    if words[0] == "--version":
        from avalanche import __version__

        sys.stdout.write(f"avalanche {__version__}\n")
        return 0
    if words[0] not in _COMMANDS:
        close = nearest(words[0], _COMMANDS)
        hint = f"did you mean {' or '.join(close)}?" if close else f"choose {', '.join(_COMMANDS)}"
        raise UsageError(f"{words[0]}: there is no such command; {hint}")
    return _COMMANDS[words[0]](words[1:])


def _run(words: list[str]) -> int:
    from avalanche.cli.commands import experiment_command

    return experiment_command("run", words)


def _compare(words: list[str]) -> int:
    from avalanche.cli.commands import experiment_command

    return experiment_command("compare", words)


def _list(words: list[str]) -> int:
    from avalanche.cli.commands import list_command

    return list_command(words)


def _report(words: list[str]) -> int:
    from avalanche.cli.commands import report_command

    return report_command(words)


def _reproduce(words: list[str]) -> int:
    from avalanche.cli.reproduce import reproduce_command

    return reproduce_command(words)


def _events(words: list[str]) -> int:
    from avalanche.core.events import events_table

    if words and words[0] not in ("-h", "--help"):
        raise UsageError(f"{words[0]}: events takes no options")
    sys.stdout.write(events_table())
    return 0


_COMMANDS: dict[str, Callable[[list[str]], int]] = {
    "run": _run,
    "compare": _compare,
    "list": _list,
    "events": _events,
    "report": _report,
    "reproduce": _reproduce,
}


def _complain(command: str, message: str) -> None:
    sys.stderr.write(f"avalanche{' ' + command if command else ''}: {message}\n")


if __name__ == "__main__":
    raise SystemExit(main())
