"""An error of the user's code, as text to be recorded."""

from __future__ import annotations

import inspect
import os
from traceback import TracebackException
from types import TracebackType

LONGEST_REASON = 500
LONGEST_TRACEBACK = 8_000


def reason_of(error: BaseException) -> str:
    """`ExcType: message`, in one line of reasonable length."""
    try:
        message = " ".join(str(error).split())
    except Exception:
        message = "(its message cannot be read)"
    kind = type(error).__name__
    reason = _unicode(f"{kind}: {message}" if message else kind)
    return reason if len(reason) <= LONGEST_REASON else reason[:LONGEST_REASON] + "…"


def traceback_of(error: BaseException) -> str:
    """The traceback from the user's code on, or else without the frame that caught it; a long one loses its middle."""
    text = _unicode("".join(TracebackException(type(error), error, _users(error.__traceback__)).format()))
    if len(text) <= LONGEST_TRACEBACK:
        return text
    head, tail = LONGEST_TRACEBACK // 4, LONGEST_TRACEBACK * 3 // 4
    return f"{text[:head]}\n… {len(text) - head - tail} characters left out …\n{text[-tail:]}"


def _users(trace: TracebackType | None) -> TracebackType | None:
    """From the first frame on that is none of ours."""
    first = trace
    while first is not None and first.tb_frame.f_globals.get("__name__", "").startswith("pyworkflow."):
        first = first.tb_next
    return first or (trace and trace.tb_next)


def defined_at(cls: type) -> str:
    """The file and the line where a class begins, as a traceback tells them; nothing if it has no source."""
    try:
        file, (_, line) = inspect.getsourcefile(cls), inspect.getsourcelines(cls)
    except (OSError, TypeError):
        return ""
    return f'  File "{file}", line {line}, in {cls.__qualname__}\n'


def where(error: BaseException) -> str:
    """The file, relative to this folder if it is below, and the line that raised it."""
    trace = error.__traceback__
    if trace is None:
        return "?"
    while trace.tb_next is not None:
        trace = trace.tb_next
    file = trace.tb_frame.f_code.co_filename
    near = os.path.relpath(file)
    return f"{file if near.startswith(os.pardir) else near}:{trace.tb_lineno}"


def _unicode(text: str) -> str:
    """Messages can hold file names with bytes that are no text; JSON could not."""
    return text.encode("utf-8", "backslashreplace").decode()
