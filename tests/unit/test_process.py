"""What a process can tell of its history."""

from __future__ import annotations

import pytest

from pyworkflow import ActivityExecution, Process
from pyworkflow.activity import ActivityCompleted
from pyworkflow.decision import (
    CancelProcess,
    CancelTimer,
    CompleteProcess,
    ContinueAsNew,
    Decision,
    FailProcess,
    ScheduleActivity,
    Timer,
)
from pyworkflow.event import (
    ActivityEvent,
    DecisionEvent,
    DecisionFailedEvent,
    DecisionStartedEvent,
    DecisionTimedOutEvent,
    Event,
    ProcessClosedEvent,
    ProcessStartedEvent,
    SignalEvent,
    TimerEvent,
)
from pyworkflow.process import ProcessCanceled, ProcessCompleted, ProcessFailed, ProcessResult, ProcessTimedOut
from pyworkflow.signal import Signal

START, ASKED = ProcessStartedEvent(), DecisionStartedEvent()
A, B, C = (SignalEvent(Signal(name)) for name in "abc")


def process(*history: Event) -> Process:
    return Process("Order", "o-1", history=list(history))


def scheduled(id: str, input: object = None) -> DecisionEvent:
    return DecisionEvent(ScheduleActivity("Pay", id, input=input))


def ended(id: str, input: object = None) -> ActivityEvent:
    return ActivityEvent(ActivityExecution("Pay", id, input), ActivityCompleted())


def test_a_new_process_has_been_started_and_nothing_else() -> None:
    assert Process("Order").history == [START]
    assert Process("Order").history is not Process("Order").history


def test_the_history_is_the_callers_own_list() -> None:
    history: list[Event] = [START]
    one = Process("Order", history=history)
    history.append(A)
    assert one.history is history


def test_processes_are_equal_by_content_whatever_their_run() -> None:
    assert process(START, A) == process(START, A)
    assert process(START, A) != process(START, B)
    assert Process("Order", "1") != Process("Order", "2")
    assert Process("Order", tags=["a"]) != Process("Order")
    assert Process("Order", run=2) == Process("Order")
    assert Process("Order") != "Order"


def test_a_copy_under_another_id_begins_anew() -> None:
    one = Process("Order", "1", {"a": 1}, ["blue"], [START, A], "parent")
    assert one.copy_with_id("2") == Process("Order", "2", {"a": 1}, ["blue"], [START], "parent")
    assert one.copy_with_id("2", input=5).input == 5


def test_what_has_happened_and_was_decided_can_be_asked_for() -> None:
    one = process(START, A, DecisionEvent(Timer(5)))
    assert one.has_event(A)
    assert not one.has_event(B)
    assert one.has_decision(Timer(5))
    assert not one.has_decision(Timer(6))


DECIDED = DecisionEvent(Timer(1))
FAILED, TIMED_OUT = DecisionFailedEvent("no"), DecisionTimedOutEvent()


@pytest.mark.parametrize(
    ("history", "unseen"),
    [
        ([START, ASKED], [START]),
        ([START, A, ASKED], [START, A]),
        ([START, ASKED, DECIDED, A, ASKED], [DECIDED, A]),
        ([START, ASKED, A, DECIDED, ASKED], [A, DECIDED]),
        ([START, ASKED, DECIDED, ASKED, DECIDED, B, ASKED], [DECIDED, B]),
        ([START, ASKED, FAILED, ASKED], [START]),
        ([START, ASKED, TIMED_OUT, ASKED], [START]),
        ([START, A, ASKED, B, FAILED, C, ASKED], [START, A, B, C]),
        ([START, ASKED, DECIDED, A, ASKED, FAILED, B, ASKED, FAILED, C, ASKED], [DECIDED, A, B, C]),
        ([START, ASKED, FAILED, ASKED, DECIDED, A, ASKED], [DECIDED, A]),
        ([START, ASKED, DECIDED, A], [DECIDED]),
        ([START, ASKED, DECIDED, ASKED], [DECIDED]),
        ([START], []),
    ],
)
def test_unseen_is_all_since_the_last_decision_that_was_made(history: list[Event], unseen: list[Event]) -> None:
    assert process(*history).unseen_events() == unseen


def test_unfinished_activities_come_newest_first() -> None:
    one = process(START, scheduled("1"), scheduled("2", "x"), scheduled("3"), ended("3"))
    assert one.unfinished_activities() == [ActivityExecution("Pay", "2", "x"), ActivityExecution("Pay", "1")]


def test_an_id_that_is_used_again_is_unfinished_again() -> None:
    assert process(START, scheduled("1"), ended("1")).unfinished_activities() == []
    assert process(START, scheduled("1"), ended("1"), scheduled("1")).unfinished_activities() != []


def test_untriggered_timers_are_those_neither_fired_nor_canceled() -> None:
    one, two, three = Timer(1), Timer(2, {"a": []}), Timer(3, id="three")
    decided = [DecisionEvent(timer) for timer in (one, two, three)]
    assert process(START, *decided).untriggered_timers() == [one, two, three]
    assert process(START, *decided, TimerEvent(two)).untriggered_timers() == [one, three]
    assert process(START, *decided, DecisionEvent(CancelTimer("three"))).untriggered_timers() == [one, two]


def test_of_equal_timers_each_firing_takes_one() -> None:
    decided = DecisionEvent(Timer(1))
    assert process(START, decided, decided, TimerEvent(Timer(1))).untriggered_timers() == [Timer(1)]


def test_a_timer_that_fired_unseen_counts_as_waiting_if_that_is_asked() -> None:
    one = process(START, ASKED, DecisionEvent(Timer(1)), DecisionEvent(Timer(2)), TimerEvent(Timer(1)), ASKED)
    assert one.untriggered_timers() == [Timer(2)]
    assert one.untriggered_timers(disregard_unseen=True) == [Timer(1), Timer(2)]


@pytest.mark.parametrize(
    ("last", "result"),
    [
        (CompleteProcess([1]), ProcessCompleted([1])),
        (CancelProcess("why"), ProcessCanceled("why")),
        (FailProcess("why", "how"), ProcessFailed("why", "how")),
        (ContinueAsNew(1), None),
        (Timer(1), None),
    ],
)
def test_the_result_follows_from_the_last_decision(last: Decision, result: ProcessResult | None) -> None:
    assert process(START, ASKED, DecisionEvent(last)).result == result


def test_the_result_follows_from_a_closing_that_was_not_decided() -> None:
    assert process(START, ProcessClosedEvent(ProcessTimedOut(), "timeout")).result == ProcessTimedOut()
    assert process(START).result is None


def test_it_reads_as_the_call_that_starts_it() -> None:
    assert repr(Process("Order", "1", tags=["blue"])) == "Process(workflow='Order', id='1', tags=['blue'])"
