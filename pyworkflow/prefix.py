"""The beginning of a run, up to an event: where it can be cut, and what goes on from there as another process."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import NamedTuple

from pyworkflow.activity import ActivityCanceled, ActivityExecution, ActivityResult
from pyworkflow.decision import (
    CancelActivity,
    RequestCancelProcess,
    ScheduleActivity,
    SignalProcess,
    StartChildProcess,
)
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


def unanswered(run: Process) -> Process:
    """The run, whose last decision is being made, or is to be made again, as one in which it is still due."""
    last = run.history[-1]
    is_new = last.type == "decision_started"
    history = run.history[:-1] if is_new else [*run.history, came_to_nothing(last.datetime)]
    return Process(run.workflow, run.id, run.input, run.tags, history, run.parent, run=run.run)


def as_seen(run: Process) -> Process:
    """The same, to be looked at or forked: what came since that decision was started is asked about with it."""
    return run if run.history[-1].type == "decision_started" else unanswered(run)


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
    length = _with_consequences(run, length)
    events = list(run.history[:length])
    now = max(now, events[-1].datetime)
    origin = Origin(str(run.id), run.run, length, now, run.forked_from)
    events[0] = ProcessStartedEvent(forked_from=origin, datetime=events[0].datetime)
    if unanswered:
        events.append(came_to_nothing(now))
    _end_activities(events, length, now, dict(results or {}))
    events.extend(replace(event, datetime=now) for event in _ends_of_children(run, length))
    return Process(run.workflow, run.id, run.input, run.tags, events)


def asks(begun: Process) -> bool:
    """Is there something in this history that its workflow has not answered yet?"""
    asked = Process(history=[*begun.history, DecisionStartedEvent(datetime=begun.history[-1].datetime)])
    return any(event.calls_for_decision for event in asked.unseen_events())


def time_passed(run: Process, place: int, until: int) -> timedelta:
    """How long the process lived from the event at `place` (from 0) to that at `until`.

    Between the event that a fork was cut after, and the fork, it did not.
    """
    passed = run.history[until].datetime - run.history[place].datetime
    origin = run.forked_from
    while origin is not None:
        if place < origin.number <= until and origin.at is not None:
            passed -= origin.at - run.history[origin.number - 1].datetime
        origin = origin.origin
    return max(passed, timedelta())


def _with_consequences(run: Process, length: int) -> int:
    """What decisions come to at once is recorded with them: that a message did not arrive, or arrived at itself."""
    last = run.history[length - 1]
    if not isinstance(last, DecisionEvent):
        return length
    while (
        length < len(run.history)
        and _is_at_once(run, run.history[length])
        and (run.history[length].datetime == last.datetime)
    ):
        length += 1
    return length


def _is_at_once(run: Process, event: Event) -> bool:
    if event.type in ("signal_failed", "cancel_failed"):
        return True
    kind = {"signal": SignalProcess, "cancel_requested": RequestCancelProcess}.get(event.type)
    if kind is None:
        return False
    sent = (one.decision for one in run.history if isinstance(one, DecisionEvent) and one.datetime == event.datetime)
    return any(isinstance(one, kind) and getattr(one, "process_id", None) == run.id for one in sent)


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
        if isinstance(event, ChildProcessEvent) and (key := _key_of(run, event, counts)) is not None:
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
            case ChildProcessEvent() as event if (key := _key_of(run, event, counts)) is not None:
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


def _key_of(run: Process, event: ChildProcessEvent, counts: Counter[Hashable]) -> Hashable | None:
    """Which of the open children it is about."""
    made = re.search(r"[-.](\d+)\Z", event.process_id)
    number = int(made[1]) if made else None
    is_made = number is not None and _made_id(run, number) == event.process_id
    keys: tuple[Hashable, ...] = (event.process_id, number if is_made else None)
    return next((key for key in keys if counts[key] > 0), None)


def child_id(parent: Process, child: Process, number: int) -> str:
    """The id of a child that event `number` of its parent decided on: rule V6 of the contract."""
    return _made_id(parent, number) if child.id is None else child.id


def _made_id(parent: Process, number: int) -> str:
    """What was decided before the parent was forked, was decided by another, and has an id of that one."""
    id, run, origin = parent.id, parent.run, parent.forked_from
    while origin is not None and number <= origin.number:
        id, run, origin = origin.process_id, origin.run, origin.origin
    return f"{id}-{number}" if run == 1 else f"{id}-{run}.{number}"
