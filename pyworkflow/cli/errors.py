"""What an error is to a person and to a script: one line, and an exit code."""

from __future__ import annotations

from pyworkflow.cli.text import safe
from pyworkflow.exceptions import (
    BackendException,
    ConfigurationException,
    InvalidValueException,
    ProcessAlreadyStartedException,
    ProcessClosedException,
    TimedOutException,
    UnknownResourceException,
    UnsupportedException,
    WorkflowException,
)

# The first that fits. 0 is success, 130 Ctrl-C; `run` and `start --wait` exit with 1 for a process that ended other
# than completed.
_CODES: tuple[tuple[type[Exception], int], ...] = (
    (ConfigurationException, 2),
    (InvalidValueException, 2),
    (UnsupportedException, 2),
    (ProcessClosedException, 4),
    (ProcessAlreadyStartedException, 4),
    (UnknownResourceException, 3),
    (BackendException, 5),
    (TimedOutException, 124),
)


def exit_code(error: Exception) -> int:
    """2 usage or configuration, 3 no such thing, 4 conflict, 5 trouble with the backend, 124 too late, 1 any other."""
    if _is_usage(error):
        return 2
    return next((code for cls, code in _CODES if isinstance(error, cls)), 1)


def one_line(error: Exception) -> str:
    """What is wrong, and what its notes say to do about it, without line breaks or control characters."""
    if _is_usage(error):
        return safe(f"{error.format_message().rstrip('.')}{_see_help(error)}")  # type: ignore[attr-defined]
    if isinstance(error, WorkflowException):
        return safe("; ".join([str(error), *getattr(error, "__notes__", ())]))
    if isinstance(error, OSError):
        return safe(str(error))
    return safe(f"unexpected {type(error).__name__}: {error} (--debug shows where)")


def _is_usage(error: Exception) -> bool:
    # The class of typer's own errors has moved from release to release; this they have in common.
    return hasattr(error, "format_message")


def _see_help(error: Exception) -> str:
    context = getattr(error, "ctx", None)
    return f" (see {context.command_path} --help)" if context is not None else ""
