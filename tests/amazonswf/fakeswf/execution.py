"""What the service keeps of one execution."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from fakeswf.validation import check_event


@dataclass
class Activity:
    """An open activity task."""

    scheduled_id: int
    asked: dict[str, Any]
    scheduled_at: datetime
    state: str = "scheduled"
    started_id: int = 0
    token: str = ""
    details: str | None = None
    beat_at: datetime | None = None
    cancel_id: int = 0

    @property
    def id(self) -> str:
        return str(self.asked["activityId"])


@dataclass
class Parent:
    """Which execution started this one, and the number of the event that says so there."""

    workflow_id: str
    run_id: str
    initiated_id: int
    started_id: int = 0


@dataclass(eq=False)
class Execution:
    """One execution. `asked` is how it was started; `news` tells that a started decision task has been overtaken."""

    workflow_id: str
    run_id: str
    asked: dict[str, Any]
    started_at: datetime
    number: int
    parent: Parent | None = None
    events: list[dict[str, Any]] = field(default_factory=list)
    close_status: str | None = None
    closed_at: datetime | None = None
    decision: str = "none"
    decision_scheduled_id: int = 0
    decision_started_id: int = 0
    decision_token: str = ""
    previous_started_id: int = 0
    news: bool = False
    cancel_requested: bool = False
    activities: dict[str, Activity] = field(default_factory=dict)
    timers: dict[str, int] = field(default_factory=dict)
    settled: int = 0  # events that also one who reads a lagging history sees

    @property
    def is_open(self) -> bool:
        return self.close_status is None

    @property
    def name(self) -> dict[str, str]:
        """How it is named in requests and events."""
        return {"workflowId": self.workflow_id, "runId": self.run_id}

    def record(self, kind: str, at: datetime, **attributes: Any) -> int:
        """Append an event; its number."""
        last = self.events[-1]["eventTimestamp"] if self.events else 0.0
        # To the millisecond, as the service tells times.
        timestamp = max(last, int(at.timestamp() * 1000) / 1000)
        key = f"{kind[0].lower()}{kind[1:]}EventAttributes"
        given = {name: value for name, value in attributes.items() if value is not None}
        event = {"eventTimestamp": timestamp, "eventType": kind, "eventId": len(self.events) + 1, key: given}
        check_event(event)
        self.events.append(event)
        return len(self.events)

    def info(self, *, closed: bool) -> dict[str, Any]:
        """As it is listed."""
        info: dict[str, Any] = {
            "execution": self.name,
            "workflowType": self.asked["workflowType"],
            "startTimestamp": int(self.started_at.timestamp() * 1000) / 1000,
            "executionStatus": "CLOSED" if closed else "OPEN",
            "cancelRequested": self.cancel_requested,
        }
        if self.asked.get("tagList"):
            info["tagList"] = self.asked["tagList"]
        if self.parent is not None:
            info["parent"] = {"workflowId": self.parent.workflow_id, "runId": self.parent.run_id}
        if closed and self.closed_at is not None:
            info["closeStatus"] = self.close_status
            info["closeTimestamp"] = int(self.closed_at.timestamp() * 1000) / 1000
        return info
