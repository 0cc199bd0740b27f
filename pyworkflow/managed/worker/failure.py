"""An error of the user's code, as text to be recorded."""

from __future__ import annotations

from traceback import TracebackException

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
    """The traceback without the frame that caught the error; a long one loses its middle."""
    trace = error.__traceback__
    text = "".join(TracebackException(type(error), error, trace and trace.tb_next).format())
    text = _unicode(text)
    if len(text) <= LONGEST_TRACEBACK:
        return text
    head, tail = LONGEST_TRACEBACK // 4, LONGEST_TRACEBACK * 3 // 4
    return f"{text[:head]}\n… {len(text) - head - tail} characters left out …\n{text[-tail:]}"


def where(error: BaseException) -> str:
    """The file and the line that raised it."""
    trace = error.__traceback__
    if trace is None:
        return "?"
    while trace.tb_next is not None:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}"


def _unicode(text: str) -> str:
    """Messages can hold file names with bytes that are no text; JSON could not."""
    return text.encode("utf-8", "backslashreplace").decode()
