"""A process that goes on from the beginning of another: what are its rows, and what is to be done anew?"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import NamedTuple, cast

from pyworkflow.activity import ActivityResult
from pyworkflow.decision import ScheduleActivity, Timer
from pyworkflow.engine import decide, importing, transitions
from pyworkflow.engine.records import ActivityRow, EventRecord, ProcessHead, Start, TimerRow, duration, moment
from pyworkflow.engine.registry import Registry, seconds
from pyworkflow.event import DecisionEvent
from pyworkflow.exceptions import InvalidValueException
from pyworkflow.prefix import as_seen, asks, prefix, time_passed
from pyworkflow.process import Process
from pyworkflow.unfinished import Unfinished


class Fork(NamedTuple):
    """A process as it begins, the first `copied` of its events those of another. Its work knows no key of it yet."""

    head: ProcessHead
    start: Start
    events: list[EventRecord]
    copied: int
    activities: list[ActivityRow]
    timers: list[TimerRow]


def fork(
    run: Process,
    number: int,
    results: Mapping[int, ActivityResult],
    process_id: str,
    registry: Registry,
    now: int,
) -> Fork:
    """The run as it was at event `number`, under this id (P12).

    What the history leaves open is set going anew: activities wait, with the time-outs that are registered now; timers
    take the time that they had left at that event. A decision is due if the workflow has something to answer.
    """
    begun = prefix(run, number, moment(now), results)
    assert begun.forked_from is not None
    copied = begun.forked_from.number
    events = importing.records(begun)
    head = transitions.new_process(registry.workflow(begun.workflow or ""), process_id, now)
    head = head._replace(length=len(events), last_at=events[-1].at)
    if asks(begun):
        head = transitions.due(head, now)
    left = Unfinished().after(begun.history)
    activities = [_activity(_decided(begun, place), registry, now) for place in left.activities.values()]
    timers = [
        _timer(_decided(begun, place), now, elapsed=time_passed(run, place, copied - 1))
        for place in left.timers.numbers()
    ]
    return Fork(head, importing.start(begun), events, copied, activities, timers)


def as_it_is(run: Process, head: ProcessHead | None) -> Process:
    """The run, of which the row tells more than the history: a decision that was started may be yet to be made."""
    if head is None or head.start_number is None or (head.run, head.length) != (run.run, len(run.history)):
        return run
    return as_seen(run)


def _decided(begun: Process, place: int) -> object:
    return cast(DecisionEvent, begun.history[place]).decision


def _activity(decision: object, registry: Registry, now: int) -> ActivityRow:
    assert isinstance(decision, ScheduleActivity)
    type = registry.activities.get(decision.activity)
    if type is None:
        raise InvalidValueException(
            f"activity {decision.activity!r}", "it is open at that event, and is not registered with this backend"
        )
    return decide.activity_row(decision, type, 0, now)


def _timer(decision: object, now: int, *, elapsed: timedelta) -> TimerRow:
    assert isinstance(decision, Timer)
    left = max(seconds(decision.delay, "delay", least=0) - duration(elapsed.total_seconds()), 0)
    return TimerRow(0, 0, now + left, decide.as_stored(decision))
