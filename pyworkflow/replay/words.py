"""Differences in words: what was new to the workflow, what it decided, and what it would decide."""

from __future__ import annotations

from collections.abc import Iterator

from pyworkflow import decision as decisions
from pyworkflow import event as events
from pyworkflow.decision import Decision
from pyworkflow.event import Event
from pyworkflow.process import Process
from pyworkflow.replay.answer import Raised, TimedOut
from pyworkflow.replay.compare import Difference

_ENDED = {"timedout": "timed out"}


def occasion(process: Process) -> str:
    """What the workflow was asked about: the newest of the events that it had not seen."""
    news = [event for event in process.unseen_events() if event.calls_for_decision]
    return event_words(news[-1]) if news else "nothing new"


def event_words(event: Event) -> str:
    """The event as it is in every process: without its ids and its values."""
    match event:
        case events.ProcessStartedEvent():
            return "start"
        case events.ActivityEvent(activity_execution=execution, result=result):
            return f"activity {execution.activity} {_ended(result)}"
        case events.TimerEvent(timer=timer):
            return "timer" if timer.id is None else f"timer {timer.id}"
        case events.SignalEvent(signal=signal):
            return f"signal {signal.name}"
        case events.ChildProcessEvent(workflow=workflow, result=result):
            return f"child {workflow or 'process'} {_ended(result)}"
    return event.type.replace("_", " ")


def _ended(result: object) -> str:
    kind = str(getattr(result, "type", ""))
    which = getattr(result, "timeout", None)
    return _ENDED.get(kind, kind) + (f" ({which})" if which else "")


def decision_words(decision: Decision) -> str:
    """The decision by its class and the name in it, as `ScheduleActivity(Payment)`."""
    match decision:
        case decisions.ScheduleActivity(activity=name) | decisions.RecordMarker(name=name):
            about = name
        case decisions.Timer(delay=delay, id=id):
            about = _seconds(delay) if id is None else id
        case decisions.CancelTimer(timer=decisions.Timer(delay=delay)):
            about = _seconds(delay)
        case decisions.CancelTimer(timer=id):
            about = str(id)
        case decisions.StartChildProcess(process=child):
            about = str(child.workflow)
        case decisions.SignalProcess(signal=signal):
            about = signal.name
        case _:
            about = ""
    return f"{type(decision).__name__}({about})"


def _seconds(delay: object) -> str:
    return f"{delay:g} s" if isinstance(delay, int | float) else str(delay)


def how_words(how: Difference | Raised | TimedOut) -> tuple[str, ...]:
    """The difference in a few words each: `+` what would be decided besides, `-` what no longer, `~` with a change."""
    match how:
        case Difference():
            return tuple(_parts(how)) or ("the same in another order",)
        case Raised(reason=reason, where=where):
            return (f"decide raises {reason} ({where})",)
        case TimedOut(seconds=seconds):
            return (f"decide takes more than {seconds:g} s",)


def _parts(how: Difference) -> Iterator[str]:
    yield from (f"+ {decision_words(one)}" for one in how.more)
    yield from (f"- {decision_words(one)}" for one in how.fewer)
    yield from (f"~ {decision_words(one.now)} with another {' and '.join(one.fields)}" for one in how.changed)
