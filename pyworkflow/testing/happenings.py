"""What can happen to a process that is driven by hand, in a word each: `when(failed(Pay, "declined"))`.

Each makes an event of what the process has open: the oldest activity of that name, unless its id is given. Activities
are given by their class or their name.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pyworkflow.activity import (
    ActivityCanceled,
    ActivityCompleted,
    ActivityFailed,
    ActivityResult,
    ActivityTimedOut,
)
from pyworkflow.decision import StartChildProcess, Timer
from pyworkflow.event import (
    ActivityEvent,
    CancelRequestedEvent,
    ChildProcessEvent,
    DecisionEvent,
    Event,
    SignalEvent,
    TimerEvent,
)
from pyworkflow.managed.worker.failure import reason_of
from pyworkflow.naming import name_of
from pyworkflow.process import Process, ProcessCompleted, ProcessResult
from pyworkflow.signal import Signal

TIME_OUTS = ("execution", "scheduled", "heartbeat", "worker")
Happening = Callable[[Process], Event]
"""Makes the event, for a process as it is; raises AssertionError if it cannot happen to it."""


def completed(activity: object, result: Any = None, *, id: str | None = None) -> Happening:
    """The activity completed with this result."""
    return _ended(activity, id, ActivityCompleted(result))


def failed(
    activity: object, reason: str | BaseException | None = None, details: Any = None, *, id: str | None = None
) -> Happening:
    """The activity failed, for a reason, or as it does when it raises this."""
    why = reason_of(reason) if isinstance(reason, BaseException) else reason
    return _ended(activity, id, ActivityFailed(why, details))


def timed_out(activity: object, timeout: str = "execution", details: Any = None, *, id: str | None = None) -> Happening:
    """The activity's time was up: `timeout` is execution, scheduled, heartbeat or worker."""
    if timeout not in TIME_OUTS:
        raise AssertionError(f"there is no time-out {timeout!r}: there are {', '.join(TIME_OUTS)}")
    return _ended(activity, id, ActivityTimedOut(details, timeout))


def canceled(activity: object, details: Any = None, *, id: str | None = None) -> Happening:
    """The activity gave up."""
    return _ended(activity, id, ActivityCanceled(details))


def fired(timer: Timer | str | None = None) -> Happening:
    """The timer is due: the one with this id, or equal to this one; none need be named if only one is open."""

    def make(process: Process) -> Event:
        opened = process.untriggered_timers()
        found = [one for one in opened if timer is None or timer in (one, one.id)]
        if not found or (timer is None and len(found) > 1):
            which = "one timer" if timer is None else f"the timer {timer!r}"
            raise AssertionError(f"{which} was to fire, but the open timers are: {_all(map(repr, opened))}")
        return TimerEvent(found[0])

    return make


def signaled(name: str, data: Any = None) -> Happening:
    """A signal came."""
    return lambda _: SignalEvent(Signal(name, data))


def cancel_requested(details: Any = None) -> Happening:
    """Somebody asks the process to cancel itself."""
    return lambda _: CancelRequestedEvent(details)


def child_ended(workflow: object, result: Any = None, *, id: str | None = None) -> Happening:
    """The child of that workflow ended, with a ProcessResult; what is none is the result of one that completed."""

    def make(process: Process) -> Event:
        name, opened = name_of(workflow), open_children(process)
        for child in opened:
            if child.workflow == name and id in (None, child.id):
                end = result if isinstance(result, ProcessResult) else ProcessCompleted(result)
                return ChildProcessEvent(str(child.id), end, child.workflow, child.tags)
        known = _all(f"{child.workflow} {child.id}" for child in opened)
        raise AssertionError(f"{_named('a child', name, id)} was to end, but the open children are: {known}")

    return make


def open_children(process: Process) -> list[Process]:
    """The children that were started and have not ended, with the ids that they get; oldest first."""
    opened: dict[str, Process] = {}
    for number, event in enumerate(process.history, start=1):
        match event:
            case DecisionEvent(decision=StartChildProcess(process=child)):
                id = child.id or f"{process.id}-{number}"
                opened[id] = child.copy_with_id(id)
            case ChildProcessEvent(process_id=id):
                opened.pop(id, None)
    return list(opened.values())


def _ended(activity: object, id: str | None, result: ActivityResult) -> Happening:
    def make(process: Process) -> Event:
        name, opened = name_of(activity), list(reversed(process.unfinished_activities()))
        for execution in opened:
            if execution.activity == name and id in (None, execution.id):
                return ActivityEvent(execution, result)
        known = _all(f"{one.activity} {one.id}" for one in opened)
        raise AssertionError(f"{_named('activity', name, id)} was to end, but the open activities are: {known}")

    return make


def _named(what: str, name: str, id: str | None) -> str:
    return f"{what} {name}" if id is None else f"{what} {name} {id}"


def _all(found: Any) -> str:
    return ", ".join(found) or "none"
