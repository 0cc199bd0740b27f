"""JSON from the command line: written there, in a file, or on standard input."""

from __future__ import annotations

import sys
from pathlib import Path

import typer

from pyworkflow.codec import Json, loads


def json_value(given: str | None, option: str) -> Json:
    """What `option` was given: JSON text, `@file`, or `-` for standard input; None if it was not given."""
    if given is None:
        return None
    try:
        return loads(_text(given))
    except UnicodeDecodeError as error:
        raise typer.BadParameter(f"not UTF-8 text: {error.reason}", param_hint=option) from error
    except (ValueError, RecursionError) as error:
        hint = "" if given == "-" or given.startswith("@") else f"; quote it for the shell: {option} '{{\"a\": 1}}'"
        raise typer.BadParameter(f"not JSON: {error}{hint}", param_hint=option) from error
    except OSError as error:
        raise typer.BadParameter(f"{given[1:]!r} cannot be read: {error.strerror}", param_hint=option) from error


def _text(given: str) -> bytes | str:
    if given == "-":
        return sys.stdin.buffer.read()
    if given.startswith("@"):
        return Path(given[1:]).read_bytes()
    return given
