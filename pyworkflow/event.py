"""What has happened to a process, in order."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, ClassVar

from pyworkflow.activity import ActivityExecution, ActivityResult
from pyworkflow.decision import Decision, Timer
from pyworkflow.signal import Signal


def utcnow() -> datetime:
    """The time, aware and to the microsecond."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Event:
    """One thing that happened. `type` tells which; events compare without their time."""

    type: ClassVar[str]
    calls_for_decision: ClassVar[bool] = True  # does the workflow get to decide, once this is recorded?

    datetime: datetime = field(default_factory=utcnow, compare=False, kw_only=True)

    def __post_init__(self) -> None:
        if self.datetime.tzinfo is None:
            raise ValueError(f"{type(self).__name__}: datetime= must be aware, such as datetime.now(timezone.utc)")


@dataclass(frozen=True)
class Origin:
    """Where a process was forked: its history begins as that of this one, this run of it, up to event `number`.

    `at` is when that was, and `origin` where that one had been forked itself; both take no part in equality.
    """

    process_id: str
    run: int
    number: int
    at: datetime | None = field(default=None, compare=False)
    origin: Origin | None = field(default=None, compare=False)


@dataclass(frozen=True)
class ProcessStartedEvent(Event):
    """The process was started, or this run of it. From which it was forked, if it was, takes no part in equality."""

    type: ClassVar[str] = "process_started"
    forked_from: Origin | None = field(default=None, compare=False, kw_only=True)


@dataclass(frozen=True)
class ProcessClosedEvent(Event):
    """It was closed by something else than its own decision: `by` is cancel, timeout or parent."""

    type: ClassVar[str] = "process_closed"
    calls_for_decision: ClassVar[bool] = False
    result: Any  # a ProcessResult
    by: str


@dataclass(frozen=True)
class DecisionStartedEvent(Event):
    """A worker was asked to decide. Who, and with which code, takes no part in equality."""

    type: ClassVar[str] = "decision_started"
    calls_for_decision: ClassVar[bool] = False
    identity: str | None = field(default=None, compare=False)
    code: str | None = field(default=None, compare=False)


@dataclass(frozen=True)
class DecisionEvent(Event):
    """The workflow decided this, exactly as it was given."""

    type: ClassVar[str] = "decision"
    calls_for_decision: ClassVar[bool] = False
    decision: Decision


@dataclass(frozen=True)
class DecisionFailedEvent(Event):
    """The decision that was started came to nothing; it is asked for again."""

    type: ClassVar[str] = "decision_failed"
    calls_for_decision: ClassVar[bool] = False
    reason: str
    traceback: str | None = None


@dataclass(frozen=True)
class DecisionTimedOutEvent(Event):
    """The decision that was started did not come in time; it is asked for again."""

    type: ClassVar[str] = "decision_timed_out"
    calls_for_decision: ClassVar[bool] = False


@dataclass(frozen=True)
class ActivityStartedEvent(Event):
    """A worker has taken the activity. Who takes no part in equality."""

    type: ClassVar[str] = "activity_started"
    calls_for_decision: ClassVar[bool] = False
    activity_execution: ActivityExecution
    identity: str | None = field(default=None, compare=False)


@dataclass(frozen=True)
class ActivityLostEvent(Event):
    """The worker that executed it is gone; it waits to be executed again."""

    type: ClassVar[str] = "activity_lost"
    calls_for_decision: ClassVar[bool] = False
    activity_execution: ActivityExecution
    identity: str | None = field(default=None, compare=False)


@dataclass(frozen=True)
class ActivityEvent(Event):
    """The activity ended with `result`."""

    type: ClassVar[str] = "activity"
    activity_execution: ActivityExecution
    result: ActivityResult


@dataclass(frozen=True)
class TimerEvent(Event):
    """The timer is due."""

    type: ClassVar[str] = "timer"
    timer: Timer


@dataclass(frozen=True)
class SignalEvent(Event):
    """A signal came."""

    type: ClassVar[str] = "signal"
    signal: Signal


@dataclass(frozen=True)
class SignalFailedEvent(Event):
    """A signal that this process sent did not arrive."""

    type: ClassVar[str] = "signal_failed"
    process_id: str
    signal: Signal
    reason: str


@dataclass(frozen=True)
class ChildProcessEvent(Event):
    """A child ended with `result`, or could not be started."""

    type: ClassVar[str] = "child_process"
    process_id: str
    result: Any  # a ProcessResult
    workflow: str | None = None
    tags: list[str] | None = None


@dataclass(frozen=True)
class CancelRequestedEvent(Event):
    """Somebody asks the process to cancel itself; what that means is the workflow's to decide."""

    type: ClassVar[str] = "cancel_requested"
    details: Any = None


@dataclass(frozen=True)
class CancelFailedEvent(Event):
    """A request to cancel that this process sent did not arrive."""

    type: ClassVar[str] = "cancel_failed"
    process_id: str
    reason: str
