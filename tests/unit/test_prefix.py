"""Where a history can be cut, and what another process goes on from."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from pyworkflow import Process, codec
from pyworkflow.activity import ActivityCanceled, ActivityCompleted, ActivityExecution, ActivityFailed
from pyworkflow.archive import lines, read
from pyworkflow.cli.output import json_lines
from pyworkflow.decision import (
    CancelActivity,
    CompleteProcess,
    ContinueAsNew,
    Decision,
    RecordMarker,
    ScheduleActivity,
    StartChildProcess,
    Timer,
)
from pyworkflow.event import (
    ActivityEvent,
    ActivityStartedEvent,
    ChildProcessEvent,
    DecisionEvent,
    DecisionFailedEvent,
    DecisionStartedEvent,
    Event,
    Origin,
    ProcessClosedEvent,
    ProcessStartedEvent,
    SignalEvent,
)
from pyworkflow.exceptions import InvalidValueException
from pyworkflow.prefix import NOT_MADE, asks, child_id, cut, prefix
from pyworkflow.process import ProcessCanceled, ProcessCompleted
from pyworkflow.replay import as_at
from pyworkflow.signal import Signal

BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
NOW = BEGAN + timedelta(days=1)
ASKED = DecisionStartedEvent()
GO = SignalEvent(Signal("go"))
FAILED = DecisionFailedEvent("bug")


def decided(*decisions: Decision) -> list[Event]:
    return [DecisionEvent(one) for one in decisions]


def run(*events: Event, id: str = "p", number: int = 1) -> Process:
    """A process with this history after its start, an event a second."""
    history = [ProcessStartedEvent(), *events]
    timed = [type(one)(**{**vars(one), "datetime": BEGAN + timedelta(seconds=n)}) for n, one in enumerate(history)]
    return Process("Order", id, {"n": 1}, ["t"], timed, "parent", run=number)


def a(id: str) -> ScheduleActivity:
    return ScheduleActivity("Pay", id, input=id)


def ended(id: str, result: Any) -> ActivityEvent:
    return ActivityEvent(ActivityExecution("Pay", id, id), result)


# --- cutting ---

MARKS = decided(RecordMarker("x"), RecordMarker("y"))


@pytest.mark.parametrize(
    ("events", "number", "length", "unanswered"),
    [
        ([ASKED, *MARKS], 1, 1, False),
        ([ASKED, *MARKS], 2, 2, False),  # the question itself
        ([ASKED, *MARKS], 3, 2, False),  # in the midst of the answer
        ([ASKED, *MARKS], 4, 4, False),
        ([ASKED, GO, *MARKS], 3, 3, True),  # while it was being made
        ([ASKED, GO, *MARKS], 4, 3, True),
        ([ASKED, GO, *MARKS], 5, 5, False),
        ([ASKED, GO, FAILED], 3, 3, True),
        ([ASKED, GO, FAILED], 4, 4, False),
        ([ASKED, FAILED, GO, ASKED, *MARKS], 4, 4, False),
        ([ASKED, FAILED, GO, ASKED, *MARKS], 6, 5, False),
        ([ASKED, GO, ASKED, *MARKS], 3, 3, False),  # which was answered with nothing
        ([ASKED, GO], 3, 3, False),
        ([GO, GO], 2, 2, False),
    ],
)
def test_a_history_is_cut_where_nothing_is_half_done(
    events: list[Event], number: int, length: int, unanswered: bool
) -> None:
    assert cut(run(*events).history, number) == (length, unanswered)


def test_what_was_asked_for_and_not_answered_yet_is_unseen_in_either_view() -> None:
    history = run(ASKED, GO, *MARKS)
    for number in (3, 4):
        begun = prefix(history, number, NOW)
        for seen in (as_at(history, number), as_at(begun, len(begun.history))):
            assert seen.unseen_events() == [ProcessStartedEvent(), GO]
            assert seen.is_new
    assert begun.history[3:] == [DecisionFailedEvent(NOT_MADE)]


@pytest.mark.parametrize("number", [0, -1, 3])
def test_an_event_that_is_not_there_is_refused(number: int) -> None:
    with pytest.raises(InvalidValueException, match=f"there is no event {number}: the history has 2"):
        prefix(run(ASKED), number, NOW)


@pytest.mark.parametrize(
    "closing",
    [
        DecisionEvent(CompleteProcess()),
        DecisionEvent(ContinueAsNew()),
        ProcessClosedEvent(ProcessCanceled(), "cancel"),
    ],
)
def test_nothing_goes_on_from_a_close(closing: Event) -> None:
    history = run(ASKED, *decided(RecordMarker("x")), closing)
    with pytest.raises(InvalidValueException, match="event 4: it closes the run"):
        prefix(history, 4, NOW)
    assert prefix(history, 2, NOW).result is None


# --- what goes on ---


def test_it_is_the_same_up_to_there_and_says_where_it_is_from() -> None:
    history = run(ASKED, *decided(a("1")), number=3)
    begun = prefix(history, 3, NOW)
    assert (begun.workflow, begun.input, begun.tags) == ("Order", {"n": 1}, ["t"])
    assert (begun.parent, begun.run) == (None, 1)
    assert begun.history == history.history
    assert [event.datetime for event in begun.history] == [event.datetime for event in history.history]
    assert begun.forked_from == Origin("p", 3, 3)
    assert history.forked_from is None


def test_a_question_that_nothing_follows_is_left_out_since_another_will_ask() -> None:
    begun = prefix(run(ASKED, *decided(RecordMarker("x")), ASKED), 4, NOW)
    assert [event.type for event in begun.history] == ["process_started", "decision_started", "decision"]
    assert begun.forked_from == Origin("p", 1, 3)


def test_where_it_is_from_is_kept_and_takes_no_part_in_equality() -> None:
    begun = prefix(run(ASKED), 1, NOW)
    ((written,),) = read(json_lines(lines(begun)))
    assert written == begun == run().copy_with_id("p", history=run().history, parent=None)
    assert written.forked_from == begun.forked_from
    assert codec.encode_event(ProcessStartedEvent()) == {}


def test_a_fork_of_a_fork_is_from_the_fork() -> None:
    first = prefix(run(ASKED), 2, NOW)
    second = prefix(Process("Order", "fork", history=first.history), 1, NOW)
    assert second.forked_from == Origin("fork", 1, 1)


def test_whether_there_is_something_to_answer() -> None:
    history = run(ASKED, *decided(a("1")), ended("1", ActivityCompleted()), ASKED)
    assert [asks(prefix(history, number, NOW)) for number in range(1, 6)] == [True, True, False, True, True]


def test_an_end_is_replaced_where_it_stood_or_comes_at_once() -> None:
    history = run(ASKED, *decided(a("1"), a("2")), ended("1", ActivityFailed("no")), GO)
    begun = prefix(history, 6, NOW, {3: ActivityCompleted("yes"), 4: ActivityCompleted("too")})
    assert begun.history[4:] == [ended("1", ActivityCompleted("yes")), GO, ended("2", ActivityCompleted("too"))]
    assert begun.history[4].datetime == history.history[4].datetime
    assert begun.history[-1].datetime == NOW
    assert history.history[4] == ended("1", ActivityFailed("no"))
    assert begun.forked_from == Origin("p", 1, 6)
    assert begun.unfinished_activities() == []


def test_an_id_that_is_used_again_is_another_activity() -> None:
    history = run(ASKED, *decided(a("1")), ended("1", ActivityCompleted(1)), ASKED, *decided(a("1")))
    begun = prefix(history, 6, NOW, {6: ActivityCompleted(2)})
    assert [event.result for event in begun.history if isinstance(event, ActivityEvent)] == [
        ActivityCompleted(1),
        ActivityCompleted(2),
    ]


@pytest.mark.parametrize("number", [1, 3, 4, 99])
def test_a_result_for_what_no_event_schedules_is_refused(number: int) -> None:
    history = run(ASKED, *decided(RecordMarker("x")), ASKED, *decided(a("1")))
    with pytest.raises(InvalidValueException, match=f"event {number} is none of those, up to 3"):
        prefix(history, 4, NOW, {number: ActivityCompleted()})


def test_what_was_asked_to_cancel_ends_at_once() -> None:
    asked = decided(a("1"), a("2"), CancelActivity("1"))
    history = run(ASKED, *asked, ActivityStartedEvent(ActivityExecution("Pay", "2", "2")))
    begun = prefix(history, 6, NOW)
    assert begun.history[6:] == [ended("1", ActivityCanceled())]
    assert [one.id for one in begun.unfinished_activities()] == ["2"]


def test_what_ended_after_it_was_asked_to_cancel_is_over_and_its_id_is_free() -> None:
    history = run(ASKED, *decided(a("1")), ASKED, *decided(CancelActivity("1")), ended("1", ActivityCanceled()))
    assert len(prefix(history, 6, NOW).history) == 6
    again = run(*history.history[1:], ASKED, *decided(a("1")))
    assert [one.id for one in prefix(again, 8, NOW).unfinished_activities()] == ["1"]


def test_times_do_not_decrease_where_the_history_is_from_a_clock_ahead() -> None:
    begun = prefix(run(ASKED, *decided(a("1"))), 3, BEGAN, {3: ActivityCompleted()})
    assert begun.history[-1].datetime == BEGAN + timedelta(seconds=2)


# --- children ---

CHILDREN = decided(StartChildProcess(Process("Order")), StartChildProcess(Process("Order", "c")))
FIRST = ChildProcessEvent("p-3", ProcessCompleted(1), "Order", [])
SECOND = ChildProcessEvent("c", ProcessCanceled(), "Order", [])


def test_what_became_of_children_since_is_told_at_once_and_in_order() -> None:
    history = run(ASKED, *CHILDREN, GO, SECOND, FIRST)
    begun = prefix(history, 4, NOW)
    assert begun.history[4:] == [SECOND, FIRST]
    assert {event.datetime for event in begun.history[4:]} == {NOW}
    assert prefix(history, 6, NOW).history[6:] == [FIRST]
    assert asks(begun)


def test_a_child_that_is_still_open_is_named_and_refused() -> None:
    with pytest.raises(InvalidValueException, match="child c: it is still open"):
        prefix(run(ASKED, *CHILDREN, FIRST), 5, NOW)
    with pytest.raises(InvalidValueException, match="child Order of event 3: it is still open"):
        prefix(run(ASKED, *CHILDREN, SECOND), 5, NOW)
    assert prefix(run(ASKED, *CHILDREN, SECOND), 2, NOW).history == run().history


def test_a_second_child_of_one_name_that_could_not_start_leaves_the_first_open() -> None:
    twice = decided(StartChildProcess(Process("Order", "c")), StartChildProcess(Process("Order", "c")))
    with pytest.raises(InvalidValueException, match="child c"):
        prefix(run(ASKED, *twice, SECOND), 5, NOW)
    assert prefix(run(ASKED, *twice, SECOND, SECOND), 5, NOW).history[5:] == [SECOND]


def test_children_keep_the_ids_that_they_had_when_their_parent_is_forked() -> None:
    begun = prefix(run(ASKED, *CHILDREN, FIRST, SECOND), 6, NOW)
    for id in ("fork", "fork of the fork"):
        history = begun.history
        fork = Process("Order", id, history=history)
        assert child_id(fork, Process("Order"), 3) == "p-3"
        assert child_id(fork, Process("Order"), 7) == f"{id}-7"
        begun = prefix(fork, 6, NOW)
        assert begun.history == history
    later = run(ASKED, *CHILDREN[:1], ChildProcessEvent("p-2.3", ProcessCompleted(), "Order"), number=2)
    assert len(prefix(later, 3, NOW).history) == 4


def test_timers_and_what_is_recorded_otherwise_stay() -> None:
    begun = prefix(run(ASKED, *decided(Timer(10, id="t"))), 3, NOW)
    assert [timer.id for timer in begun.untriggered_timers()] == ["t"]
