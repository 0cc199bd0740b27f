"""What a store keeps: plain rows. Times are microseconds since 1970 (UTC), payloads are JSON text."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from pyworkflow import codec
from pyworkflow.activity import ActivityExecution
from pyworkflow.decision import Timer

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def micros(moment: datetime) -> int:
    """The moment in microseconds since 1970."""
    return (moment - _EPOCH) // _MICROSECOND


def moment(micros: int) -> datetime:
    """The moment, aware and in UTC."""
    return _EPOCH + timedelta(microseconds=micros)


def duration(seconds: float) -> int:
    """Seconds as microseconds."""
    return round(seconds * 1_000_000)


class ProcessHead(NamedTuple):
    """One run of a process: all but its input, its tags and its history. `key` is the store's own, 0 while unstored.

    The decision round: `decision` is idle, due (offered from `decision_at`) or running (since `decision_at`, given up
    at `decision_deadline`). `attempts` counts how often the round has come to nothing, `error` says why the last did,
    `failed_codes` with which codes, a space on both sides of each. `start_number` is the event number of a
    decision_started that nothing in the history says came to nothing yet. `arrived`: has something called for a
    decision since this one was handed out? `code` is that of the worker who has it, or who had it last.
    """

    key: int
    id: str
    run: int
    root: str  # the id of its topmost ancestor; its own if it has none
    workflow: str
    category: str
    parent: str | None
    child_policy: str | None
    timeout: int
    decision_timeout: int
    started_at: int
    timeout_at: int
    last_at: int
    status: str = "open"
    closed_at: int | None = None
    length: int = 0
    decision: str = "idle"
    decision_at: int | None = None
    decision_deadline: int | None = None
    attempts: int = 0
    error: str | None = None
    failed_codes: str = ""
    start_number: int | None = None
    arrived: bool = False
    secret: str | None = None
    lease: str | None = None
    identity: str | None = None
    code: str | None = None


class Start(NamedTuple):
    """What a run was started with: `input` as JSON text."""

    input: str
    tags: tuple[str, ...]


class ActivityRow(NamedTuple):
    """One open activity. `key` is the store's own, 0 while unstored, and rises with arrival.

    `state` is waiting, running or handed_off, since `since`. `timeout` names the time-out that will end it at
    `deadline`. `input` and `details` are JSON text.
    """

    key: int
    process: int
    id: str
    activity: str
    input: str
    category: str
    scheduled_timeout: int
    execution_timeout: int
    heartbeat_timeout: int
    restart_lost: bool
    since: int
    deadline: int
    timeout: str = "scheduled"
    state: str = "waiting"
    execution_deadline: int | None = None
    heartbeat_at: int | None = None
    details: str | None = None
    losses: int = 0
    cancel_requested: bool = False
    secret: str | None = None
    lease: str | None = None
    identity: str | None = None

    @property
    def execution(self) -> ActivityExecution:
        """It, as the workflow knows it."""
        return ActivityExecution(self.activity, self.id, codec.loads(self.input))


class TimerRow(NamedTuple):
    """One open timer. `key` is the store's own, 0 while unstored, and rises with arrival."""

    key: int
    process: int
    due_at: int
    timer: Timer


class EventRecord(NamedTuple):
    """One event as it is kept; `body` is JSON text."""

    type: str
    at: int
    body: str


class StoredEvent(NamedTuple):
    """One event, and where it stands: `seq` in the commit order of the store, `number` in its run."""

    seq: int
    process_id: str
    run: int
    number: int
    record: EventRecord


class Due(NamedTuple):
    """The next thing whose time is up: a timer, or a time-out of an activity, a decision or a process."""

    at: int
    kind: str  # timer, activity, decision, process
    key: int


class Worker(NamedTuple):
    """Who takes a task: `secret` becomes part of the task's token."""

    secret: str
    identity: str | None
    lease: str | None
    code: str | None = None
