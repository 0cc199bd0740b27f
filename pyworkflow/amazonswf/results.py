"""How activities and processes end, as Amazon SWF is told and as it tells."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pyworkflow import codec
from pyworkflow.activity import (
    ActivityCanceled,
    ActivityCompleted,
    ActivityFailed,
    ActivityResult,
    ActivityTimedOut,
)
from pyworkflow.amazonswf import limits, payload
from pyworkflow.codec import Json
from pyworkflow.process import ProcessFailed

LONGEST_REASON = 8_000  # characters of JSON: leaves room for the details
LONGEST_DETAILS = 24_000

TIMEOUTS = {
    "SCHEDULE_TO_START": "scheduled",
    "START_TO_CLOSE": "execution",
    "SCHEDULE_TO_CLOSE": "execution",
    "HEARTBEAT": "heartbeat",
}


def response(ending: ActivityResult, *, asked: bool) -> tuple[str, dict[str, str]]:
    """The call that ends an activity so, and its fields. A cancel is reported as one only if it was `asked` for.

    Raises InvalidValueException for what is too long.
    """
    match ending:
        case ActivityFailed(reason=reason, details=details):
            call, fields = "respond_activity_task_failed", payload.failure(_json(reason), _json(details))
        case ActivityTimedOut(details=details, timeout=timeout):
            fields = payload.failure("timed out", _json(details), type="timedout", timeout=_json(timeout))
            call = "respond_activity_task_failed"
        case ActivityCanceled(details=details) if asked:
            call, fields = "respond_activity_task_canceled", _field("details", details)
        case ActivityCanceled(details=details):
            fields = payload.failure("canceled", _json(details), type="canceled")
            call = "respond_activity_task_failed"
        case ActivityCompleted(result=result):
            call, fields = "respond_activity_task_completed", _field("result", result)
        case _:
            raise TypeError(f"{ending!r} has been checked before")
    for name in fields:
        limits.payload(fields[name], name)
    return call, fields


def cut(ending: ActivityResult) -> ActivityResult:
    """A failure whose texts fit, cut with a note where they are too long; any other ending as it is."""
    if not isinstance(ending, ActivityFailed):
        return ending
    return ActivityFailed(_cut(ending.reason, LONGEST_REASON), _cut(ending.details, LONGEST_DETAILS))


def fitted(text: str, longest: int) -> str:
    """Text for a person, that has at most so many characters as JSON; what is not Unicode escaped."""
    whole = str(text).encode("utf-8", "backslashreplace").decode()
    keep = longest
    while len(codec.dumps(shown := _noted(whole, keep))) > longest:
        keep = keep * longest // (len(codec.dumps(shown)) + 1)
    return shown


def activity_failed(attributes: Mapping[str, Any]) -> ActivityResult:
    """What `ActivityTaskFailed` stands for."""
    reason, details, ours = payload.failure_of(attributes)
    match ours.get("type"):
        case "canceled":
            return ActivityCanceled(details)
        case "timedout":
            return ActivityTimedOut(details, ours.get("timeout"))
    return ActivityFailed(reason, details)


def activity_timed_out(attributes: Mapping[str, Any]) -> ActivityTimedOut:
    """What `ActivityTaskTimedOut` stands for."""
    kind = str(attributes.get("timeoutType"))
    return ActivityTimedOut(payload.value(attributes.get("details")), TIMEOUTS.get(kind, kind))


def process_failed(attributes: Mapping[str, Any]) -> ProcessFailed:
    """What the failure of an execution, or of a child, stands for."""
    reason, details, _ = payload.failure_of(attributes)
    return ProcessFailed(reason, details)


def _field(name: str, value: object) -> dict[str, str]:
    text = payload.written(_json(value))
    return {} if text is None else {name: text}


def _json(value: object) -> Json:
    return codec.plain(value, "")


def _cut(value: Any, longest: int) -> Any:
    return fitted(value, longest) if isinstance(value, str) else value


def _noted(text: str, keep: int) -> str:
    if len(text) <= keep:
        return text
    note = f" … ({len(text) - keep} characters cut)"
    return text[: max(0, keep - len(note))] + note
