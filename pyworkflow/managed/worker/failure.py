"""An error of the user's code, as text to be recorded."""

from __future__ import annotations

import inspect
import os
from traceback import TracebackException
from types import TracebackType

from pyworkflow.exceptions import InvalidDecisionException

LONGEST_REASON = 500
LONGEST_TRACEBACK = 8_000


def reason_of(error: BaseException) -> str:
    """`ExcType: message`, in one line of reasonable length."""
    try:
        message = " ".join(str(error).split())
    except KeyboardInterrupt:
        raise
    except BaseException:  # SystemExit too: an error does not end us, and neither does its text
        message = "(its message cannot be read)"
    kind = type(error).__name__
    reason = _unicode(f"{kind}: {message}" if message else kind)
    return reason if len(reason) <= LONGEST_REASON else reason[:LONGEST_REASON] + "…"


def traceback_of(error: BaseException, cls: type) -> str:
    """The traceback from the user's code on, or else without the frame that caught it; a long one loses its middle.

    Of what the class lacks, that is where the class begins.
    """
    begins = _lacking(error, cls)
    if begins is not None:
        return f'  File "{begins[0]}", line {begins[1]}, in {cls.__qualname__}\n{reason_of(error)}'
    trace = error.__traceback__
    text = _unicode(
        "".join(TracebackException(type(error), error, _users(trace) or (trace and trace.tb_next)).format())
    )
    if len(text) <= LONGEST_TRACEBACK:
        return text
    head, tail = LONGEST_TRACEBACK // 4, LONGEST_TRACEBACK * 3 // 4
    return f"{text[:head]}\n… {len(text) - head - tail} characters left out …\n{text[-tail:]}"


def _users(trace: TracebackType | None) -> TracebackType | None:
    """From the first frame on that is none of ours."""
    first = trace
    while first is not None and _is_ours(first):
        first = first.tb_next
    return first


def _is_ours(trace: TracebackType) -> bool:
    return str(trace.tb_frame.f_globals.get("__name__", "")).startswith("pyworkflow.")


def _lacking(error: BaseException, cls: type) -> tuple[str, int] | None:
    """The file and the line where the class begins, if the error is ours about what it lacks, or what it answered."""
    if not isinstance(error, NotImplementedError | InvalidDecisionException) or _users(error.__traceback__) is not None:
        return None
    try:
        return str(inspect.getsourcefile(cls)), inspect.getsourcelines(cls)[1]
    except (OSError, TypeError):  # it has no source
        return None


def where(error: BaseException, cls: type) -> str:
    """The file, relative to this folder if it is below, and the line that raised it; or where the class begins.

    What ours raised is raised by the line that called it.
    """
    last = trace = error.__traceback__
    while trace is not None:
        last, trace = trace, _users(trace.tb_next) or (trace.tb_next if _is_ours(trace) else None)
    place = _lacking(error, cls) or (last and (last.tb_frame.f_code.co_filename, last.tb_lineno))
    if place is None:
        return "?"
    file, line = place
    near = os.path.relpath(file)
    return f"{file if near.startswith(os.pardir) else near}:{line}"


def _unicode(text: str) -> str:
    """Messages can hold file names with bytes that are no text; JSON could not."""
    return text.encode("utf-8", "backslashreplace").decode()
