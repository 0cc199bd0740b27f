"""The vocabulary as JSON, and JSON as the vocabulary: the only place that knows both.

Nothing is ever unpickled or evaluated: a stored document names its kind by `type`, and the tables below say
which class that is and what each of its fields holds.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import fields
from datetime import UTC, datetime
from functools import cache
from typing import Any, NamedTuple

from pyworkflow import activity, decision, event, process, signal
from pyworkflow.exceptions import BackendException, InvalidValueException
from pyworkflow.naming import text_of

MAX_DEPTH = 200  # well below what the standard library's encoder and decoder recurse through

Json = Any  # None, bool, int, float, str, list or dict of such


# --- values -----------------------------------------------------------------------------------------------------


def plain(value: object, where: str) -> Json:
    """The value as JSON would bring it back: a copy, tuples as lists.

    Raises InvalidValueException, saying where in the value, for what JSON would refuse or change: NaN and the
    infinities, keys that are not text, objects, text that is not Unicode, and what is nested too deeply.
    """
    try:
        return _plain(value, 0)
    except _Refused as refused:
        raise InvalidValueException(where + refused.path(), refused.reason) from None


class _Refused(Exception):
    def __init__(self, reason: str) -> None:
        self.reason = reason
        self.steps: list[object] = []  # innermost first: each level adds its own on the way out

    def path(self) -> str:
        steps = [f"[{json.dumps(step) if isinstance(step, str) else step}]" for step in reversed(self.steps)]
        return "".join(steps if len(steps) <= 8 else [*steps[:4], " … ", *steps[-2:]])


def _plain(value: object, depth: int) -> Json:
    if value is None or value is True or value is False or (type(value) is str and value.isascii()):
        return value
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, int):
        return _integer(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            raise _Refused(f"{value!r} is not a JSON number")
        return float(value)
    if depth >= MAX_DEPTH:
        raise _Refused(f"is nested more than {MAX_DEPTH} levels deep")
    if isinstance(value, list | tuple):
        return [_inside(item, position, depth) for position, item in enumerate(value)]
    if isinstance(value, dict):
        return {_key(key): _inside(item, key, depth) for key, item in value.items()}
    raise _Refused(f"{_kind(value)} is not a JSON value (text, number, true, false, null, list or object)")


def _inside(value: object, step: object, depth: int) -> Json:
    try:
        return _plain(value, depth + 1)
    except _Refused as refused:
        refused.steps.append(step)
        raise


def _key(key: object) -> str:
    if not isinstance(key, str):
        raise _Refused(f"the key {key!r} is not text")
    return _text(key)


def _text(value: str) -> str:
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError as error:
            raise _Refused(f"holds a lone surrogate at character {error.start}, which is not Unicode text") from None
    return text_of(value)


def _integer(value: int) -> int:
    try:
        int.__repr__(value)
    except ValueError:
        raise _Refused("is an integer of too many digits") from None
    return int(value)


def _kind(value: object) -> str:
    name = type(value).__qualname__
    module = type(value).__module__
    return f"an object of {name}" if module == "builtins" else f"an object of {module}.{name}"


def text(value: object, where: str) -> str:
    """The value, if it is text that is not empty; InvalidValueException otherwise."""
    if not isinstance(value, str) or not value:
        raise InvalidValueException(where, f"{value!r} is not text, or is empty")
    return text_of(plain(value, where))


def dumps(document: Json) -> str:
    """JSON text, compact. Its argument has been through `plain`, or is made of such."""
    return _ENCODER.encode(document)


def loads(text: str | bytes) -> Json:
    """What the JSON text says. Raises ValueError for what is not JSON, NaN and the infinities included."""
    whole = text if isinstance(text, str) else text.decode()
    try:
        document, end = _DECODER.raw_decode(whole)
    except ValueError:
        end = -1
    return document if end == len(whole) else _DECODER.decode(whole)  # which allows white space around it


def _constant(name: str) -> Json:
    raise ValueError(f"{name} is not JSON")


_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"), check_circular=False)
_DECODER = json.JSONDecoder(parse_constant=_constant)


def time_text(at: datetime) -> str:
    """The moment as text: UTC, to the microsecond, such as 2026-01-01T12:00:00.123456Z."""
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def time_of(given: object) -> datetime:
    """The moment that the text says, aware and in UTC. Raises ValueError for what is no time, or has no offset."""
    if not isinstance(given, str):
        raise ValueError(f"{given!r} is not a time, such as 2026-01-01T12:00:00.123456Z")
    at = datetime.fromisoformat(given)
    if at.tzinfo is None:
        raise ValueError(f"{given!r} does not say its offset from UTC")
    return at.astimezone(UTC)


# --- the vocabulary ---------------------------------------------------------------------------------------------


class _Part(NamedTuple):
    """How one kind of thing that a field can hold is written and read."""

    encode: Callable[[Any, str], Json]
    decode: Callable[[Json], Any]


def _tagged(base: type, *classes: type) -> _Part:
    """Things told apart by their `type`; one of a subclass is written as what it is a kind of."""
    by_type = {cls.type: cls for cls in classes}  # type: ignore[attr-defined]

    def encode(value: Any, where: str) -> Json:
        cls = type(value) if type(value) in classes else next((one for one in classes if isinstance(value, one)), None)
        if cls is None:
            raise InvalidValueException(where, f"{value!r} is not a {base.__name__}")
        return {"type": cls.type, **_encode_fields(cls, value, where)}  # type: ignore[attr-defined]

    def decode(document: Json) -> Any:
        kind = document["type"]
        if kind not in by_type:
            raise BackendException(f"the record holds a {kind!r}, which this version of pyworkflow does not know")
        return _decode_fields(by_type[kind], document)

    return _Part(encode, decode)


def _one(cls: type) -> _Part:
    """Things of one class only."""

    def encode(value: Any, where: str) -> Json:
        if not isinstance(value, cls):
            raise InvalidValueException(where, f"{value!r} is not a {cls.__name__}")
        return _encode_fields(cls, value, where)

    return _Part(encode, lambda document: _decode_fields(cls, document))


def _encode_fields(cls: type, value: Any, where: str) -> dict[str, Json]:
    written: dict[str, Json] = {}
    for name, encode in _writers(cls):
        part = getattr(value, name)
        if part is not None:  # None is the default of every field that can be None
            written[name] = encode(part, f"{where}.{name}" if where else name)
    return written


def _decode_fields(cls: type, document: Json) -> Any:
    parts = _PARTS.get(cls, {})
    given = {name: document.get(name) for name in _names(cls)}
    for name, part in parts.items():
        if given[name] is not None:
            given[name] = part.decode(given[name])
    return cls(**given)


@cache
def _names(cls: type) -> tuple[str, ...]:
    return tuple(field.name for field in fields(cls) if field.name != "datetime")


@cache
def _writers(cls: type) -> list[tuple[str, Callable[[Any, str], Json]]]:
    parts = _PARTS.get(cls, {})
    return [(name, parts[name].encode if name in parts else plain) for name in _names(cls)]


def _encode_start(started: process.Process, where: str) -> Json:
    if not isinstance(started, process.Process):
        raise InvalidValueException(where, f"{started!r} is not a Process")
    return {
        "workflow": text(started.workflow, f"{where}.workflow"),
        "id": None if started.id is None else text(started.id, f"{where}.id"),
        "input": plain(started.input, f"{where}.input"),
        "tags": [text(tag, f"{where}.tags[{position}]") for position, tag in enumerate(started.tags)],
        "parent": None if started.parent is None else text(started.parent, f"{where}.parent"),
    }


EXECUTION = _one(activity.ActivityExecution)
ACTIVITY_RESULT = _tagged(
    activity.ActivityResult,
    activity.ActivityCompleted,
    activity.ActivityCanceled,
    activity.ActivityFailed,
    activity.ActivityTimedOut,
)
PROCESS_RESULT = _tagged(
    process.ProcessResult,
    process.ProcessCompleted,
    process.ProcessCanceled,
    process.ProcessFailed,
    process.ProcessTimedOut,
)
SIGNAL = _one(signal.Signal)
ORIGIN = _one(event.Origin)
_TIME = _Part(lambda at, _: time_text(at), time_of)
TIMER = _one(decision.Timer)
START = _Part(_encode_start, lambda document: process.Process(**document))
DECISION = _tagged(
    decision.Decision,
    decision.ScheduleActivity,
    decision.CancelActivity,
    decision.Timer,
    decision.CancelTimer,
    decision.StartChildProcess,
    decision.SignalProcess,
    decision.RequestCancelProcess,
    decision.RecordMarker,
    decision.CompleteProcess,
    decision.CancelProcess,
    decision.FailProcess,
    decision.ContinueAsNew,
)
_TIMER_OR_ID = _Part(
    lambda value, where: value if isinstance(value, str) else TIMER.encode(value, where),
    lambda document: document if isinstance(document, str) else TIMER.decode(document),
)

_EVENTS: dict[str, type[event.Event]] = {
    cls.type: cls
    for cls in (
        event.ProcessStartedEvent,
        event.ProcessClosedEvent,
        event.DecisionStartedEvent,
        event.DecisionEvent,
        event.DecisionFailedEvent,
        event.DecisionTimedOutEvent,
        event.ActivityStartedEvent,
        event.ActivityLostEvent,
        event.ActivityEvent,
        event.TimerEvent,
        event.SignalEvent,
        event.SignalFailedEvent,
        event.ChildProcessEvent,
        event.CancelRequestedEvent,
        event.CancelFailedEvent,
    )
}

# The fields that hold something other than plain JSON.
_PARTS: dict[type, dict[str, _Part]] = {
    event.Origin: {"at": _TIME, "origin": ORIGIN},
    event.ProcessStartedEvent: {"forked_from": ORIGIN},
    event.ProcessClosedEvent: {"result": PROCESS_RESULT},
    event.DecisionEvent: {"decision": DECISION},
    event.ActivityStartedEvent: {"activity_execution": EXECUTION},
    event.ActivityLostEvent: {"activity_execution": EXECUTION},
    event.ActivityEvent: {"activity_execution": EXECUTION, "result": ACTIVITY_RESULT},
    event.TimerEvent: {"timer": TIMER},
    event.SignalEvent: {"signal": SIGNAL},
    event.SignalFailedEvent: {"signal": SIGNAL},
    event.ChildProcessEvent: {"result": PROCESS_RESULT},
    decision.CancelTimer: {"timer": _TIMER_OR_ID},
    decision.StartChildProcess: {"process": START},
    decision.SignalProcess: {"signal": SIGNAL},
}


def as_recorded(part: _Part, value: Any) -> Any:
    """The value as it would be recorded now, whatever becomes of what is in it; itself if it cannot be recorded."""
    try:
        return part.decode(part.encode(value, ""))
    except InvalidValueException:
        return value


def encode_event(recorded: event.Event) -> Json:
    """The event without its type and its time, which stores keep beside it."""
    return _encode_fields(_EVENTS[recorded.type], recorded, "")


def decode_event(type: str, at: datetime, document: Json) -> event.Event:
    """The event of this type, at this time. Raises BackendException for a type that this version does not know."""
    if type not in _EVENTS:
        raise BackendException(f"the history holds a {type!r} event, which this version of pyworkflow does not know")
    cls = _EVENTS[type]
    parts = _PARTS.get(cls, {})
    given = {name: parts[name].decode(value) if name in parts else value for name, value in document.items()}
    return cls(**given, datetime=at)
