"""The rows of a process that goes on from another, as the rule makes them."""

from __future__ import annotations

import pytest

from pyworkflow import Process
from pyworkflow.activity import ActivityCompleted
from pyworkflow.decision import Decision, RecordMarker, ScheduleActivity, Timer
from pyworkflow.engine.forking import Fork, fork
from pyworkflow.engine.records import moment
from pyworkflow.engine.registry import Registry
from pyworkflow.event import DecisionEvent, DecisionStartedEvent, Event, ProcessStartedEvent, SignalEvent
from pyworkflow.exceptions import InvalidValueException, UnknownWorkflowException
from pyworkflow.signal import Signal

S = 1_000_000  # a second
BEGAN, NOW = 1000 * S, 5000 * S


@pytest.fixture
def registry() -> Registry:
    registry = Registry()
    registry.add_workflow("Order", "orders", 500, 60)
    registry.add_activity("Pay", "work", 30, 100, 10, restart_lost=True)
    return registry


def run(*decisions: Decision) -> Process:
    """Started, asked, decided this, an event a second; and a signal an hour before now."""
    events: list[Event] = [
        ProcessStartedEvent(datetime=moment(BEGAN)),
        DecisionStartedEvent(datetime=moment(BEGAN + S)),
        *(DecisionEvent(one, datetime=moment(BEGAN + (2 + n) * S)) for n, one in enumerate(decisions)),
        SignalEvent(Signal("go"), datetime=moment(NOW - 3600 * S)),
    ]
    return Process("Order", "p", {"n": 1}, ["t"], events)


def forked(registry: Registry, run: Process, number: int) -> Fork:
    return fork(run, number, {}, "fork", registry, NOW)


def test_the_head_is_that_of_a_process_that_starts_now_with_a_history(registry: Registry) -> None:
    made = forked(registry, run(RecordMarker("x")), 4)
    assert (made.head.id, made.head.root, made.head.parent, made.head.run, made.head.key) == (
        "fork",
        "fork",
        None,
        1,
        0,
    )
    assert (made.head.started_at, made.head.timeout_at, made.head.last_at) == (NOW, NOW + 500 * S, NOW - 3600 * S)
    assert (made.head.length, made.copied, len(made.events)) == (4, 4, 4)
    assert (
        made.events[0].body
        == '{"forked_from":{"process_id":"p","run":1,"number":4,"at":"1970-01-01T01:23:20.000000Z"}}'
    )
    assert (made.start.input, made.start.tags) == ('{"n":1}', ("t",))


@pytest.mark.parametrize(
    ("number", "length", "decision"), [(1, 1, "due"), (2, 1, "due"), (3, 3, "idle"), (4, 4, "due")]
)
def test_a_decision_is_due_where_something_is_unanswered(
    registry: Registry, number: int, length: int, decision: str
) -> None:
    head = forked(registry, run(RecordMarker("x")), number).head
    assert (head.length, head.decision, head.start_number) == (length, decision, None)
    assert head.decision_at == (NOW if decision == "due" else None)


@pytest.mark.parametrize(("number", "left"), [(3, 100), (4, 0)])
def test_a_timer_has_the_time_left_that_it_had_then(registry: Registry, number: int, left: int) -> None:
    (timer,) = forked(registry, run(Timer(100, {"k": 1}, "t")), number).timers
    assert (timer.due_at, timer.timer) == (NOW + left * S, Timer(100, {"k": 1}, "t"))


def test_an_activity_waits_with_what_is_registered_or_was_decided(registry: Registry) -> None:
    made = forked(registry, run(ScheduleActivity("Pay", "1", input=[1]), ScheduleActivity("Pay", "2", "far")), 5)
    assert [(row.id, row.category, row.input) for row in made.activities] == [
        ("1", "work", "[1]"),
        ("2", "far", "null"),
    ]
    assert {(row.state, row.since, row.deadline, row.losses) for row in made.activities} == {
        ("waiting", NOW, NOW + 30 * S, 0)
    }


def test_results_leave_nothing_open(registry: Registry) -> None:
    made = fork(run(ScheduleActivity("Pay", "1")), 3, {3: ActivityCompleted()}, "fork", registry, NOW)
    assert (made.activities, made.copied, len(made.events)) == ([], 3, 4)
    assert made.head.decision == "due"
    assert made.head.last_at == made.events[-1].at == NOW


def test_what_is_not_registered_or_no_history_is_refused(registry: Registry) -> None:
    with pytest.raises(InvalidValueException, match="activity 'Ship': it is open at that event"):
        forked(registry, run(ScheduleActivity("Ship", "1")), 3)
    with pytest.raises(UnknownWorkflowException):
        forked(Registry(), run(), 1)
    backwards = Process("Order", "p", history=[*run().history, SignalEvent(Signal("go"), datetime=moment(0))])
    with pytest.raises(InvalidValueException, match="the times in its history decrease"):
        forked(registry, backwards, len(backwards.history))
    with pytest.raises(InvalidValueException, match="does not begin with process_started"):
        forked(registry, Process("Order", "p", history=[DecisionStartedEvent()]), 1)
