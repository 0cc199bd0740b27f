"""A run as it was at one of its events: what was new to its workflow, what was open, and what was decided next."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pyworkflow.activity import ActivityExecution
from pyworkflow.cli.narrate import Narrator, timer_name
from pyworkflow.cli.text import duration, json_text
from pyworkflow.codec import DECISION, EXECUTION, TIMER, Json, time_text
from pyworkflow.decision import Decision, ScheduleActivity, Timer
from pyworkflow.event import DecisionEvent, Event
from pyworkflow.prefix import child_id, open_children, time_passed
from pyworkflow.process import Process
from pyworkflow.replay import as_at
from pyworkflow.unfinished import Unfinished


@dataclass(frozen=True)
class Open:
    """Something that had begun by then and was not over: by which event, and in words."""

    kind: str
    number: int
    text: str
    record: dict[str, Json]


@dataclass(frozen=True)
class Moment:
    """The run at event `number`: the numbers of the `unseen` events, and what was `open`.

    `decided` is what was answered, if the event is a decision_started and that is known; `failed` says why not, if it
    came to nothing.
    """

    run: Process
    number: int
    unseen: frozenset[int]
    open: tuple[Open, ...]
    decided: tuple[Decision, ...] | None
    failed: str | None


def moment(run: Process, number: int) -> Moment:
    """The run as it was at this event, which is there."""
    seen = as_at(run, number)
    new = {id(event) for event in seen.unseen_events()}  # the very events that its history holds
    unseen = frozenset(place for place, event in enumerate(seen.history, start=1) if id(event) in new)
    decided, failed = answered(run, number)
    return Moment(run, number, unseen, tuple(opened(run, number)), decided, failed)


def answered(run: Process, number: int) -> tuple[tuple[Decision, ...] | None, str | None]:
    """What the workflow decided when event `number` asked it, and why that came to nothing; None where unknown."""
    if run.history[number - 1].type != "decision_started":
        return None, None
    made: list[Decision] = []
    for place in range(number, len(run.history)):
        event = run.history[place]
        match event:
            case DecisionEvent(decision=decision):
                made.append(decision)
            case Event(type="decision_failed" | "decision_timed_out"):
                return None, getattr(event, "reason", "it did not come in time")
            case Event(type="decision_started"):
                return tuple(made), None
    return tuple(made) if made else None, None


def opened(run: Process, number: int) -> Iterator[Open]:
    """What had begun by then and was not over."""
    left = Unfinished().after(run.history[:number])
    at = run.history[number - 1].datetime
    for place in left.activities.values():
        event = run.history[place]
        assert isinstance(event, DecisionEvent)
        assert isinstance(event.decision, ScheduleActivity)
        yield _activity(event.decision, place + 1, event.datetime, at)
    for place in left.timers.numbers():
        event = run.history[place]
        assert isinstance(event, DecisionEvent)
        yield _timer(event.decision, place + 1, at, time_passed(run, place, number - 1))
    for place, child in open_children(run, number):
        id = child_id(run, child, place)
        yield Open("child", place, f"{id} ({child.workflow})", {"number": place, "id": id, "workflow": child.workflow})


def _activity(scheduled: ScheduleActivity, number: int, since: datetime, at: datetime) -> Open:
    execution = ActivityExecution(scheduled.activity, scheduled.id, scheduled.input)
    took = duration((at - since).total_seconds())
    text = f"{scheduled.activity} #{number}, scheduled {took} before"
    given = json_text(scheduled.input)
    record = {"number": number, "scheduled_at": time_text(since), **EXECUTION.encode(execution, "")}
    return Open("activity", number, f"{text}: {given}" if given else text, record)


def _timer(timer: Any, number: int, at: datetime, passed: timedelta) -> Open:
    assert isinstance(timer, Timer)
    left = max(timer.delay - passed.total_seconds(), 0)
    due = at + timedelta(seconds=left)
    record = {"number": number, "due_at": time_text(due), **TIMER.encode(timer, "")}
    return Open("timer", number, f"{timer_name(timer)} #{number}, due in {duration(left)}", record)


def told(made: Moment) -> Iterator[str]:
    """What was decided, a line each as the history tells it."""
    narrator = Narrator(made.run)
    for event in made.run.history[: made.number]:
        narrator.tell(event)
    for event in made.run.history[made.number :]:
        words = narrator.tell(event)
        if event.type == "decision_started":
            return
        if event.type == "decision":
            yield f"{words.what}  {words.detail}".rstrip()


def record(made: Moment) -> dict[str, Json]:
    """What was open and what was decided, for a program."""
    by_kind: dict[str, list[Json]] = {"activities": [], "timers": [], "children": []}
    for one in made.open:
        by_kind[{"activity": "activities", "timer": "timers", "child": "children"}[one.kind]].append(one.record)
    decided = None if made.decided is None else [DECISION.encode(one, "") for one in made.decided]
    return {"open": by_kind, "decided": decided, "failed": made.failed}
