"""From the words of a command line to an exit code."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import typer

from pyworkflow.cli.app import app
from pyworkflow.cli.errors import exit_code, one_line
from pyworkflow.cli.output import forget, note

_GLOBAL_OPTIONS = {"--config": True, "--backend": True, "--debug": False}  # does a value follow?


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command that the words (else those of this program) name, and return its exit code.

    An error is one line on stderr; with --debug its traceback comes before.
    """
    if sys.stdin is None or sys.stdout is None or sys.stderr is None:  # a shell can start it with these closed
        nowhere = Path(os.devnull).open("r+")  # noqa: SIM115 - until the end
        sys.stdin, sys.stdout, sys.stderr = sys.stdin or nowhere, sys.stdout or nowhere, sys.stderr or nowhere
    words = _global_options_first(sys.argv[1:] if arguments is None else arguments)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # data that this terminal cannot show is no reason to fail
    try:
        code = app(args=words, prog_name="pyworkflow", standalone_mode=False)
        sys.stdout.flush()
    except BrokenPipeError:
        forget(sys.stdout)
        return 0
    except (KeyboardInterrupt, typer.Abort):
        return 130
    except Exception as error:
        if "--debug" in words:
            import traceback

            traceback.print_exc()
        note(f"pyworkflow: {one_line(error)}")
        return exit_code(error)
    return code if isinstance(code, int) else 0


def _global_options_first(words: Sequence[str]) -> list[str]:
    """The options that every command takes may stand anywhere before `--`."""
    first: list[str] = []
    rest: list[str] = []
    words = list(words)
    while words and words[0] != "--":
        word = words.pop(0)
        name, equals, _ = word.partition("=")
        if name not in _GLOBAL_OPTIONS:
            rest.append(word)
            continue
        first.append(word)
        if _GLOBAL_OPTIONS[name] and not equals and words:
            first.append(words.pop(0))
    return [*first, *rest, *words]
