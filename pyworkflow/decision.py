"""What a workflow can decide."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar
from uuid import uuid4

from pyworkflow.naming import name_of, text_of
from pyworkflow.signal import Signal

if TYPE_CHECKING:
    from pyworkflow.process import Process

CHILD_POLICIES = ("ABANDON", "TERMINATE", "REQUEST_CANCEL")

_activity_ids: ContextVar[Callable[[], str]] = ContextVar("activity_ids")


@contextmanager
def activity_ids(ids: Iterator[str]) -> Iterator[None]:
    """Within this block a ScheduleActivity without an id takes the next of `ids`.

    A worker decides in such a block, so that the same question gets the same answer; elsewhere ids are random.
    """
    token = _activity_ids.set(lambda: next(ids))
    try:
        yield
    finally:
        _activity_ids.reset(token)


def _new_activity_id() -> str:
    try:
        return _activity_ids.get()()
    except LookupError:
        return str(uuid4())


class Decision:
    """One thing that a workflow decided. `type` tells which; `closes` whether it ends the run."""

    type: ClassVar[str]
    closes: ClassVar[bool] = False


@dataclass(frozen=True)
class ScheduleActivity(Decision):
    """Execute an activity, given by its class or its name.

    `id` is text, unique among the process's open activities. `category` overrides the registered one.
    """

    type: ClassVar[str] = "schedule_activity"
    activity: str
    id: str
    category: str | None
    input: Any

    def __init__(self, activity: object, id: object = None, category: str | None = None, input: Any = None) -> None:
        object.__setattr__(self, "activity", name_of(activity))
        object.__setattr__(self, "id", _new_activity_id() if id is None else text_of(id))
        object.__setattr__(self, "category", category)
        object.__setattr__(self, "input", input)


@dataclass(frozen=True)
class CancelActivity(Decision):
    """Cancel an activity, given by its id or by anything that has it: an execution, the decision.

    One that waits ends at once, one that runs is asked; what is over or unknown is left alone.
    """

    type: ClassVar[str] = "cancel_activity"
    id: str

    def __init__(self, activity_or_id: object = None, id: object = None) -> None:
        given = activity_or_id if id is None else id
        object.__setattr__(self, "id", text_of(getattr(given, "id", given)))


@dataclass(frozen=True)
class Timer(Decision):
    """Append a `timer` event after `delay` seconds. `id`, if given, is unique among the open timers."""

    type: ClassVar[str] = "timer"
    delay: float
    data: Any = None
    id: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "id", None if self.id is None else text_of(self.id))


@dataclass(frozen=True)
class CancelTimer(Decision):
    """Cancel a timer, given by its id, or by an equal timer (the oldest such); what is over is left alone."""

    type: ClassVar[str] = "cancel_timer"
    timer: Timer | str

    def __post_init__(self) -> None:
        if not isinstance(self.timer, Timer):
            object.__setattr__(self, "timer", text_of(self.timer))
        elif self.timer.id is not None:
            object.__setattr__(self, "timer", self.timer.id)


@dataclass(frozen=True)
class StartChildProcess(Decision):
    """Start another process, of which this one is the parent and hears the end.

    `child_policy` says what happens to it when this one closes: ABANDON (nothing), TERMINATE or REQUEST_CANCEL.
    """

    type: ClassVar[str] = "start_child_process"
    process: Process
    child_policy: str = "ABANDON"


@dataclass(frozen=True)
class SignalProcess(Decision):
    """Send a signal to another process. If it is unknown or closed, `signal_failed` comes back."""

    type: ClassVar[str] = "signal_process"
    process_id: str
    signal: Signal


@dataclass(frozen=True)
class RequestCancelProcess(Decision):
    """Ask another process to cancel itself. If it is unknown or closed, `cancel_failed` comes back."""

    type: ClassVar[str] = "request_cancel_process"
    process_id: str
    details: Any = None


@dataclass(frozen=True)
class RecordMarker(Decision):
    """Write a note into the history; nothing else happens."""

    type: ClassVar[str] = "record_marker"
    name: str
    data: Any = None


@dataclass(frozen=True)
class CompleteProcess(Decision):
    """Close the process with a result."""

    type: ClassVar[str] = "complete_process"
    closes: ClassVar[bool] = True
    result: Any = None


@dataclass(frozen=True)
class CancelProcess(Decision):
    """Close the process as canceled."""

    type: ClassVar[str] = "cancel_process"
    closes: ClassVar[bool] = True
    details: Any = None


@dataclass(frozen=True)
class FailProcess(Decision):
    """Close the process as failed: `reason` in one line, `details` at length."""

    type: ClassVar[str] = "fail_process"
    closes: ClassVar[bool] = True
    reason: Any = None
    details: Any = None


@dataclass(frozen=True)
class ContinueAsNew(Decision):
    """Close this run and start the next one of the same process, with a new input and an empty history.

    Id, workflow, tags and parent stay; open activities and timers are withdrawn; children stay.
    """

    type: ClassVar[str] = "continue_as_new"
    closes: ClassVar[bool] = True
    input: Any = None
