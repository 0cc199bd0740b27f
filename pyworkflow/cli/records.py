"""What programs are given: stored things as plain JSON, times in UTC."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from datetime import datetime

from pyworkflow.cli.text import utc_time
from pyworkflow.codec import PROCESS_RESULT, Json, encode_event
from pyworkflow.event import Event
from pyworkflow.process import Process


def plain_record(value: object) -> Json:
    """A dataclass such as Summary or Pending as a JSON object of its fields, and so for all that is in it."""
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain_record(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, tuple | list):
        return [plain_record(item) for item in value]
    return utc_time(value) if isinstance(value, datetime) else value


def event_record(number: int, event: Event) -> dict[str, Json]:
    """An event with its number (from 1), time and type, and then its own fields."""
    return {"number": number, "time": utc_time(event.datetime), "type": event.type, **encode_event(event)}


def process_record(process: Process) -> dict[str, Json]:
    """A process without its history."""
    result = process.result
    closed_at = None if result is None else utc_time(process.history[-1].datetime)
    return {
        "id": process.id,
        "run": process.run,
        "workflow": process.workflow,
        "status": "open" if result is None else result.type,
        "started_at": utc_time(process.history[0].datetime),
        "closed_at": closed_at,
        "parent": process.parent,
        "tags": process.tags,
        "events": len(process.history),
        "input": process.input,
        "result": None if result is None else PROCESS_RESULT.encode(result, "result"),
    }
