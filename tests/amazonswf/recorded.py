"""Histories as Amazon SWF tells them, written short: kinds and attributes; numbers and times are added here."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from fakeswf.validation import check_event

BEGAN = datetime(2026, 1, 1, 12, 0, 0, 123_000, tzinfo=UTC)

Short = tuple[str, dict[str, Any]]

ORDER = {"name": "Order", "version": "1.0"}
PAY = {"name": "Pay", "version": "1.0"}
DEFAULT = {"name": "default"}
CHILD = {"workflowId": "c", "runId": "run of c"}

STARTED: Short = (
    "WorkflowExecutionStarted",
    {
        "workflowType": ORDER,
        "taskList": DEFAULT,
        "childPolicy": "ABANDON",
        "input": '{"n":1}',
        "tagList": ["x", "y"],
        "executionStartToCloseTimeout": "1000",
        "taskStartToCloseTimeout": "60",
        "parentInitiatedEventId": 0,
    },
)
SIGNALED: Short = ("WorkflowExecutionSignaled", {"signalName": "go", "input": "[1]", "externalInitiatedEventId": 0})


def asked(scheduled_id: int, identity: str = "me [c0de]") -> list[Short]:
    """A decision task is scheduled, as event number `scheduled_id`, and taken."""
    return [
        ("DecisionTaskScheduled", {"taskList": DEFAULT, "startToCloseTimeout": "60"}),
        ("DecisionTaskStarted", {"scheduledEventId": scheduled_id, "identity": identity}),
    ]


def answered(scheduled_id: int, context: str | None = None) -> list[Short]:
    """The same, and it is answered."""
    told = {"scheduledEventId": scheduled_id, "startedEventId": scheduled_id + 1}
    more = {} if context is None else {"executionContext": context}
    return [*asked(scheduled_id), ("DecisionTaskCompleted", told | more)]


def begun(*more: Short) -> list[dict[str, Any]]:
    """An execution that was started and has decided once, in event 4, and what followed."""
    return events(STARTED, *answered(2), *more)


def events(*short: Short) -> list[dict[str, Any]]:
    """The events at length, a second after one another; the model of the service has all of them."""
    return [_event(number, *one) for number, one in enumerate(short, start=1)]


def _event(number: int, kind: str, attributes: dict[str, Any]) -> dict[str, Any]:
    at = BEGAN + timedelta(seconds=number - 1)
    event = {"eventType": kind, "eventId": number, f"{kind[0].lower()}{kind[1:]}EventAttributes": attributes}
    check_event({**event, "eventTimestamp": at.timestamp()})
    return {**event, "eventTimestamp": at}
