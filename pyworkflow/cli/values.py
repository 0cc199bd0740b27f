"""Values from the command line: JSON, written there, in a file, or on standard input; and times."""

from __future__ import annotations

import re
import sys
from datetime import UTC, datetime, timedelta
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


_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 7 * 86_400}  # seconds


def seconds(given: str, option: str) -> float:
    """What a duration such as 90, 30s, 5m, 1.5h, 2d or 1w means in seconds."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([smhdw]?)", given.strip())
    if match is None:
        raise typer.BadParameter(f"{given!r} is no duration, such as 30s, 5m, 1.5h or 2d", param_hint=option)
    return float(match[1]) * _UNITS[match[2] or "s"]


def moment(given: str, option: str) -> datetime:
    """A moment in the past: so long ago (1h), or a time such as 2026-01-31T12:00, local unless it says more."""
    try:
        return datetime.fromisoformat(given).astimezone(UTC)
    except ValueError:
        pass
    try:
        return datetime.now(UTC) - timedelta(seconds=seconds(given, option))
    except typer.BadParameter:
        reason = f"{given!r} is neither a duration, such as 1h or 2d, nor a time, such as 2026-01-31T12:00"
        raise typer.BadParameter(reason, param_hint=option) from None
    except OverflowError:
        raise typer.BadParameter(f"{given!r} is before the beginning of time", param_hint=option) from None


def _text(given: str) -> bytes | str:
    if given == "-":
        return sys.stdin.buffer.read()
    if given.startswith("@"):
        return Path(given[1:]).read_bytes()
    return given
