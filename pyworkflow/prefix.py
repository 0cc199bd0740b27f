"""The beginning of a run, up to an event: where it can be cut, and what goes on from there as another process."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from pyworkflow.activity import ActivityCanceled, ActivityExecution, ActivityResult
from pyworkflow.decision import CancelActivity, ScheduleActivity, StartChildProcess
from pyworkflow.event import (
    ActivityEvent,
    ChildProcessEvent,
    DecisionEvent,
    DecisionFailedEvent,
    DecisionStartedEvent,
    Event,
    Origin,
    ProcessClosedEvent,
    ProcessStartedEvent,
)
from pyworkflow.exceptions import InvalidValueException
from pyworkflow.process import Process

_CAME_TO_NOTHING = {"decision_failed", "decision_timed_out"}
NOT_MADE = "the history was cut before it was made"


class Cut(NamedTuple):
    """So many events go before. `unanswered`: a decision was started and something followed, but not yet its answer."""

    length: int
    unanswered: bool


def cut(history: Sequence[Event], number: int) -> Cut:
    """Where the history is cut to be as it was at event `number` (from 1).

    A list of decisions is recorded whole: within one, that is before the first of it. Raises ValueError for a number
    that no event has.
    """
    if not 0 < number <= len(history):
        raise ValueError(f"there is no event {number}: the history has {len(history)}")
    begun = next((n for n in range(number, 0, -1) if history[n - 1].type == "decision_started"), 0)
    since = [history[place].type for place in range(begun, number)]
    to_come = set(_types_of_round(history, number))
    length = begun + since.index("decision") if "decision" in to_come and "decision" in since else number
    unanswered = "decision" in to_come or bool(_CAME_TO_NOTHING & to_come)
    return Cut(length, unanswered and length > begun)


def _types_of_round(history: Sequence[Event], after: int) -> Iterator[str]:
    """What follows the first `after` events until the next decision is started."""
    for place in range(after, len(history)):
        if history[place].type == "decision_started":
            return
        yield history[place].type


def came_to_nothing(at: datetime) -> DecisionFailedEvent:
    """What tells that a decision which had been started was not made: so all it was asked about is still unseen."""
    return DecisionFailedEvent(NOT_MADE, datetime=at)


def prefix(run: Process, number: int, now: datetime, results: Mapping[int, ActivityResult] | None = None) -> Process:
    """The run as it was at event `number` (from 1), for another process to go on from: its first event says so.

    `results` are other ends of activities, by the numbers of the events that scheduled them. What had not ended ends
    now; so does what was asked to cancel, and a child that was open ends as it did later. Activities and timers that
    the history then leaves open are to be set going again.

    Raises InvalidValueException for a number that no event has, or that closes the run; for an activity that was not
    scheduled by then; and for a child that is still open, since it will tell its own parent, and never this process.
    """
    length, unanswered = _whole(run, number)
    if run.history[length - 1].type == "decision_started":
        length -= 1  # another asks, at another time: his own start will say so
    events = list(run.history[:length])
    events[0] = ProcessStartedEvent(forked_from=Origin(str(run.id), run.run, length), datetime=events[0].datetime)
    now = max(now, events[-1].datetime)
    if unanswered:
        events.append(came_to_nothing(now))
    _end_activities(events, length, now, dict(results or {}))
    events.extend(replace(event, datetime=now) for event in _ends_of_children(run, length))
    return Process(run.workflow, run.id, run.input, run.tags, events)


def asks(begun: Process) -> bool:
    """Is there something in this history that its workflow has not answered yet?"""
    asked = Process(history=[*begun.history, DecisionStartedEvent(datetime=begun.history[-1].datetime)])
    return any(event.calls_for_decision for event in asked.unseen_events())


def _whole(run: Process, number: int) -> Cut:
    try:
        made = cut(run.history, number)
    except ValueError as error:
        raise InvalidValueException("number", str(error)) from None
    if run.history[0].type != "process_started":
        raise InvalidValueException(f"process {run.id!r}", "its history does not begin with process_started")
    for place in range(made.length):
        event = run.history[place]
        if isinstance(event, ProcessClosedEvent) or (isinstance(event, DecisionEvent) and event.decision.closes):
            raise InvalidValueException(f"event {place + 1}", "it closes the run: go on from one before it")
    return made


def _end_activities(events: list[Event], length: int, now: datetime, results: dict[int, ActivityResult]) -> None:
    """Give the activities their other ends, where they ended or now; those that were asked to cancel end too."""
    scheduled: dict[str, tuple[int, ActivityExecution]] = {}
    canceled: set[str] = set()
    for place in range(length):
        match events[place]:
            case DecisionEvent(decision=ScheduleActivity(activity=name, id=id, input=given)):
                scheduled[id] = place + 1, ActivityExecution(name, id, given)
                canceled.discard(id)
            case DecisionEvent(decision=CancelActivity(id=id)):
                canceled.add(id)
            case ActivityEvent(activity_execution=execution) as ended if execution.id in scheduled:
                number, _ = scheduled.pop(execution.id)
                if number in results:
                    events[place] = replace(ended, result=results.pop(number))
    for id, (number, execution) in scheduled.items():
        if number in results:
            events.append(ActivityEvent(execution, results.pop(number), datetime=now))
        elif id in canceled:
            events.append(ActivityEvent(execution, ActivityCanceled(), datetime=now))
    for number in results:
        raise InvalidValueException(
            "results", f"event {number} is none of those, up to {length}, that schedule activities"
        )


def _ends_of_children(run: Process, length: int) -> list[ChildProcessEvent]:
    """How the children ended later that were open then, in that order."""
    children = open_children(run, length)
    counts = Counter(_key(child, number) for number, child in children)
    ends = []
    for place in range(length, len(run.history)):
        event = run.history[place]
        if isinstance(event, ChildProcessEvent) and (key := _key_of(event, counts)) is not None:
            counts[key] -= 1
            ends.append(event)
    for number, child in children:
        if counts[_key(child, number)] > 0:
            name = child.id or f"{child.workflow} of event {number}"
            raise InvalidValueException(
                f"child {name}", "it is still open, and will tell only its own parent how it ends: go on from before it"
            )
    return ends


def open_children(run: Process, length: int) -> list[tuple[int, Process]]:
    """The children that the first `length` events start and do not end, with the numbers of those events."""
    children: list[tuple[int, Process]] = []
    counts: Counter[Hashable] = Counter()
    for place in range(length):
        match run.history[place]:
            case DecisionEvent(decision=StartChildProcess(process=child)):
                children.append((place + 1, child))
                counts[_key(child, place + 1)] += 1
            case ChildProcessEvent() as event if (key := _key_of(event, counts)) is not None:
                counts[key] -= 1
    left = []
    for number, child in children:
        if counts[_key(child, number)] > 0:  # of two with one id it is the second that could not be started
            counts[_key(child, number)] -= 1
            left.append((number, child))
    return left


def _key(child: Process, number: int) -> Hashable:
    """Its id, or the number that an id which was made for it ends with (V6), whoever in a line of forks started it."""
    return number if child.id is None else child.id


def _key_of(event: ChildProcessEvent, counts: Counter[Hashable]) -> Hashable | None:
    """Which of the open children it is about."""
    made = re.search(r"[-.](\d+)\Z", event.process_id)
    keys: tuple[Hashable, ...] = (event.process_id, int(made[1]) if made else None)
    return next((key for key in keys if counts[key] > 0), None)


def child_id(parent: Process, child: Process, number: int) -> str:
    """The id of a child that event `number` of its parent decided on: rule V6 of the contract.

    What was decided before the parent was forked, was decided by another: its id is that of the child's end.
    """
    if child.id is not None:
        return child.id
    origin = parent.forked_from
    if origin is not None and number <= origin.number:
        made = re.compile(rf"[-.]{number}\Z")
        for event in parent.history:
            if isinstance(event, ChildProcessEvent) and made.search(event.process_id):
                return event.process_id
    return f"{parent.id}-{number}" if parent.run == 1 else f"{parent.id}-{parent.run}.{number}"
