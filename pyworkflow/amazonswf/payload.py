"""How our values stand in the texts that Amazon SWF keeps: what has no field of its own is carried beside the value.

Everything is JSON. A value stands there plainly, so that other programs can read it, and start or signal a process with
a value of their own; None is left out; what is not JSON is some other program's text, and is read as text. Where there
is more to keep than the value, it stands in an envelope::

    {"pyworkflow": {"value": <the value>, <what is ours>: …}}

| where | what is ours |
|---|---|
| input of an execution | `run`: which run of the process this is, from the second on |
| details of a failed activity | `reason`, unless it is a short text, which is the `reason` there; `type`, `timeout`: of an ending that is no failure (SWF lets a worker report no time-out, and a cancel only when asked) |
| details of a failed execution | `reason`, in the same way |
| control of an activity | `category`: that of the decision, if it names one |
| control of a timer | `timer`: the decision as it was made: its delay to the microsecond, its data, its own id |
| control of a child | `policy` of the child, unless it is ABANDON; `named`: false if its id was made here |
| a signal `pyworkflow.cancel` | a request to cancel that has details, which SWF's own request cannot carry |
| a marker `pyworkflow.decision` | `decision`: one without an effect, such as cancelling what is over; `closing`: true if it stands in a list that closes the process, and counts only if that is closed |
| a timer `pyworkflow.retry.…` | the pause after a decision that failed |
| a timer `pyworkflow.again.…` | makes SWF ask at once for a decision that was given back |
| context of a completed decision | `outcome` of one that came to nothing: failed, with `reason` and `traceback`; released; overtaken |
| reason of a terminated execution | "its parent closed", where a policy for children did it |
| identity of a decider | `<identity> [<code>]` |
"""  # noqa: E501 - a table

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from pyworkflow import codec
from pyworkflow.amazonswf.limits import MAX_IDENTITY, MAX_REASON
from pyworkflow.codec import Json

OURS = "pyworkflow"
CANCEL = "pyworkflow.cancel"
DECISION = "pyworkflow.decision"
TIMER, RETRY, AGAIN = "pyworkflow.timer.", "pyworkflow.retry.", "pyworkflow.again."
CANCELED, PARENT_CLOSED = "canceled", "its parent closed"  # reasons of terminated executions


def written(value: Json, **ours: Json) -> str | None:
    """The text for a value that is JSON; None if there is nothing to write. What is None of ours is left out."""
    kept = {name: part for name, part in ours.items() if part is not None}
    if kept or (isinstance(value, dict) and value.keys() == {OURS}):
        return codec.dumps({OURS: kept if value is None else {**kept, "value": value}})
    return None if value is None else codec.dumps(value)


def read(text: str | None) -> tuple[Json, dict[str, Json]]:
    """The value that the text stands for, and what is ours beside it."""
    if text is None:
        return None, {}
    try:
        document = codec.loads(text)
    except (ValueError, RecursionError):
        return text, {}
    if isinstance(document, dict) and document.keys() == {OURS} and isinstance(document[OURS], dict):
        ours = dict(document[OURS])
        return ours.pop("value", None), ours
    return document, {}


def value(text: str | None) -> Json:
    """The value that the text stands for."""
    return read(text)[0]


def failure(reason: Json, details: Json, **ours: Json) -> dict[str, str]:
    """The fields `reason` and `details` of a failure: the reason stands in its own, if it is a short plain text."""
    plainly = isinstance(reason, str) and 0 < len(reason) <= MAX_REASON and reason.isprintable()
    text = None if reason is None else _shortened(reason if isinstance(reason, str) else codec.dumps(reason))
    fields = {"reason": text, "details": written(details, reason=None if plainly else reason, **ours)}
    return {name: field for name, field in fields.items() if field is not None}


def failure_of(attributes: Mapping[str, Any]) -> tuple[Json, Json, dict[str, Json]]:
    """Reason, details, and what is ours besides."""
    details, ours = read(attributes.get("details"))
    reason = ours.pop("reason") if "reason" in ours else attributes.get("reason")
    return reason, details, ours


def identity(who: str | None, code: str | None) -> str | None:
    """Who polls for a decision, and with which code, in the one field that there is."""
    if code is None:
        return None if who is None else who[:MAX_IDENTITY]
    suffix = f" [{code}]"
    return f"{(who or '')[: MAX_IDENTITY - len(suffix)]}{suffix}"[-MAX_IDENTITY:]


def identity_of(text: str | None) -> tuple[str | None, str | None]:
    """Who polled, and with which code."""
    found = re.fullmatch(r"(.*) \[([^\[\]]+)\]", text or "", re.DOTALL)
    return (found[1] or None, found[2]) if found else (text, None)


def _shortened(text: str) -> str:
    """In one line, for a person who looks at the history elsewhere."""
    line = "".join(character if character.isprintable() else " " for character in text) or " "
    return line if len(line) <= MAX_REASON else line[: MAX_REASON - 1] + "…"
