"""What is open in a run: activities, timers, children, and messages whose arrival is not known."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from pyworkflow.activity import ActivityExecution
from pyworkflow.decision import Timer
from pyworkflow.signal import Signal


@dataclass
class OpenActivity:
    """An activity that has not ended; of one that runs, `started_id` is the number of SWF's event that says so."""

    execution: ActivityExecution
    category: str
    scheduled_at: datetime
    scheduled_timeout: int | None = None
    execution_timeout: int | None = None
    heartbeat_timeout: int | None = None
    started_id: int | None = None
    started_at: datetime | None = None
    identity: str | None = None
    cancel_requested: bool = False


@dataclass(frozen=True)
class OpenTimer:
    """A timer that has not fired, and its id at SWF."""

    timer: Timer
    id: str
    due_at: datetime


@dataclass
class OpenChild:
    """A child that has not closed; `run_id` is that of its first run, once it is known."""

    process_id: str
    workflow: str
    tags: tuple[str, ...]
    policy: str
    run_id: str | None = None


@dataclass(frozen=True)
class Sent:
    """A signal to another process; without one, a request to cancel."""

    process_id: str
    signal: Signal | None = None
