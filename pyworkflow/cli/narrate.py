"""A history in words: what each event tells, and how long what it ends took."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from pyworkflow import decision as decisions
from pyworkflow import event as events
from pyworkflow.activity import ActivityExecution, ActivityResult
from pyworkflow.cli.text import duration, json_text
from pyworkflow.config.settings import shown_path
from pyworkflow.decision import Decision
from pyworkflow.event import Event
from pyworkflow.prefix import child_id
from pyworkflow.process import Process, ProcessResult, closing_result

GOOD, BAD, QUIET = "green", "red", "dim"
_ENDED = {"completed": "completed", "canceled": "canceled", "failed": "failed", "timedout": "timed out"}


@dataclass(frozen=True)
class Told:
    """One event in words: `detail` is its input, result, reason or worker; `took` is in seconds."""

    number: int
    at: datetime
    what: str
    detail: str = ""
    took: float | None = None
    style: str = ""


@dataclass(frozen=True)
class _Words:
    what: str
    detail: str = ""
    began: datetime | None = None
    style: str = ""


class Narrator:
    """Tells the events of one run of a process, in their order: it remembers what they begin."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self._number = 0
        self._started: datetime | None = None
        self._activities: dict[str, tuple[int, datetime]] = {}  # by id: scheduled as event number, started at
        self._children: dict[str, datetime] = {}

    def tell(self, event: Event) -> Told:
        """The next event in words."""
        self._number += 1
        if isinstance(event, events.ProcessStartedEvent) and event.forked_from is not None:
            self._started = event.forked_from.at  # a fork does not live longer than itself
        self._started = self._started or event.datetime
        words = self._words(event)
        took = None if words.began is None else (event.datetime - words.began).total_seconds()
        return Told(self._number, event.datetime, words.what, words.detail, took, words.style)

    def _words(self, event: Event) -> _Words:
        match event:
            case events.ProcessStartedEvent(forked_from=origin):
                what = "process started" if origin is None else f"forked from {origin_name(origin)}"
                return _Words(what, json_text(self._process.input))
            case events.ProcessClosedEvent(result=result, by=by):
                return self._closed(result, f" by {_BY.get(by, by)}")
            case events.DecisionEvent(decision=decision):
                return self._decided(decision, event.datetime)
            case events.ActivityStartedEvent() | events.ActivityLostEvent() | events.ActivityEvent():
                return self._activity(event)
            case events.ChildProcessEvent(process_id=id, result=result, workflow=workflow):
                name = f"child {workflow} {id}" if workflow else f"child {id}"
                return _Words(f"{name} {ended(result)}", outcome(result), self._children.get(id), style_of(result))
        return _simple(event)

    def _decided(self, decision: Decision, at: datetime) -> _Words:
        match decision:
            case decisions.ScheduleActivity(activity=name, id=id, input=given):
                self._activities[id] = (self._number, at)
                return _Words(f"{name} scheduled", json_text(given))
            case decisions.CancelActivity(id=id):
                number = f"#{self._activities[id][0]}" if id in self._activities else id
                return _Words(f"cancel of activity {number} asked for")
            case decisions.StartChildProcess(process=child):
                id = child_id(self._process, child, self._number)
                self._children[id] = at
                return _Words(f"child {child.workflow} {id} to start", json_text(child.input))
            case decisions.ContinueAsNew(input=given):
                return _Words("run ended, to continue as new", json_text(given), self._started)
        result = closing_result(decision)
        return _simple_decision(decision) if result is None else self._closed(result, "")

    def _closed(self, result: ProcessResult, by: str) -> _Words:
        return _Words(f"process {ended(result)}{by}", outcome(result), self._started, style_of(result))

    def _activity(self, event: events.ActivityStartedEvent | events.ActivityLostEvent | events.ActivityEvent) -> _Words:
        execution = event.activity_execution
        name = self._name(execution)
        number, began = self._activities.get(execution.id, (0, None))
        match event:
            case events.ActivityStartedEvent(identity=identity):
                self._activities[execution.id] = (number, event.datetime)
                return _Words(f"{name} started", _by(identity), style=QUIET)
            case events.ActivityLostEvent(identity=identity):
                return _Words(f"{name} lost with its worker", _by(identity), began, BAD)
            case events.ActivityEvent(result=result):
                return _Words(f"{name} {ended(result)}", outcome(result), began, style_of(result))

    def _name(self, execution: ActivityExecution) -> str:
        """Its name, with the number of the event that scheduled it: there may be several."""
        number = self._activities.get(execution.id, (0, None))[0]
        return f"{execution.activity} #{number}" if number else execution.activity


_BY = {"cancel": "a cancel from outside", "timeout": "its time-out", "parent": "its parent's end"}


def _simple(event: Event) -> _Words:  # noqa: PLR0911 - one for each kind of event
    """An event that needs no memory of others."""
    match event:
        case events.DecisionStartedEvent(identity=identity):
            return _Words("decision started", _by(identity), style=QUIET)
        case events.DecisionFailedEvent(reason=reason, traceback=traceback):
            return _Words("decision failed", reason + place(traceback), style=BAD)
        case events.DecisionTimedOutEvent():
            return _Words("decision timed out", style=BAD)
        case events.TimerEvent(timer=timer):
            return _Words(f"timer {timer_name(timer)} fired", json_text(timer.data))
        case events.SignalEvent(signal=signal):
            return _Words(f"signal {signal.name}", json_text(signal.data))
        case events.SignalFailedEvent(process_id=id, signal=signal, reason=reason):
            return _Words(f"signal {signal.name} did not reach {id}", reason, style=BAD)
        case events.CancelRequestedEvent(details=details):
            return _Words("cancel requested", json_text(details))
        case events.CancelFailedEvent(process_id=id, reason=reason):
            return _Words(f"cancel request did not reach {id}", reason, style=BAD)
    return _Words(event.type.replace("_", " "))


def place(traceback: str | None) -> str:
    """The last line that the traceback names, which is where it went wrong."""
    places = re.findall(r'^ *File "(.+)", line (\d+)', traceback or "", re.MULTILINE)
    return f" ({shown_path(places[-1][0])}:{places[-1][1]})" if places else ""


def _simple_decision(decision: Decision) -> _Words:
    match decision:
        case decisions.Timer(data=data):
            return _Words(f"timer {timer_name(decision)} set", json_text(data))
        case decisions.CancelTimer(timer=timer):
            return _Words(f"timer {timer if isinstance(timer, str) else timer_name(timer)} canceled")
        case decisions.SignalProcess(process_id=id, signal=signal):
            return _Words(f"signal {signal.name} to {id}", json_text(signal.data))
        case decisions.RequestCancelProcess(process_id=id, details=details):
            return _Words(f"cancel of {id} requested", json_text(details))
        case decisions.RecordMarker(name=name, data=data):
            return _Words(f"marker {name}", json_text(data))
    return _Words(decision.type.replace("_", " "))


def timer_name(timer: decisions.Timer) -> str:
    """Its id, or how long it takes."""
    return duration(timer.delay) if timer.id is None else timer.id


def origin_name(origin: events.Origin) -> str:
    """The process (and its run, from the second on), and the number of the event."""
    run = "" if origin.run == 1 else f" run {origin.run}"
    return f"{origin.process_id}{run} #{origin.number}"


def _by(identity: str | None) -> str:
    return "" if identity is None else f"by {identity}"


def ended(result: ActivityResult | ProcessResult) -> str:
    """How it ended, in words."""
    which = getattr(result, "timeout", None)
    return _ENDED[result.type] + (f" ({which})" if which else "")


def style_of(result: ActivityResult | ProcessResult) -> str:
    """GOOD or BAD."""
    return GOOD if result.type == "completed" else BAD


def outcome(result: ActivityResult | ProcessResult) -> str:
    """What it ended with: the result, or the reason (text as it is) and otherwise the details."""
    for name in ("result", "reason", "details"):
        value = getattr(result, name, None)
        if value is not None:
            return value if isinstance(value, str) and name == "reason" else json_text(value)
    return ""
