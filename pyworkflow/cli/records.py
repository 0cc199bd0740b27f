"""What programs are given: stored things as plain JSON, times in UTC."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from datetime import datetime

from pyworkflow.codec import ORIGIN, PROCESS_RESULT, Json, time_text
from pyworkflow.process import Process


def plain_record(value: object) -> Json:
    """A dataclass such as Summary or Pending as a JSON object of its fields, and so for all that is in it."""
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain_record(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, tuple | list):
        return [plain_record(item) for item in value]
    return time_text(value) if isinstance(value, datetime) else value


def process_record(process: Process) -> dict[str, Json]:
    """A process without its history."""
    result = process.result
    closed_at = None if result is None else time_text(process.history[-1].datetime)
    return {
        "id": process.id,
        "run": process.run,
        "workflow": process.workflow,
        "status": "open" if result is None else result.type,
        "started_at": time_text(process.started_at or process.history[0].datetime),
        "closed_at": closed_at,
        "parent": process.parent,
        "forked_from": None if process.forked_from is None else ORIGIN.encode(process.forked_from, ""),
        "tags": process.tags,
        "events": len(process.history),
        "input": process.input,
        "result": None if result is None else PROCESS_RESULT.encode(result, "result"),
    }
