"""Lists of decisions, applied to a process by a plain function call."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from pyworkflow.activity import ActivityCanceled, ActivityExecution
from pyworkflow.decision import (
    CancelActivity,
    CancelProcess,
    CancelTimer,
    CompleteProcess,
    ContinueAsNew,
    Decision,
    FailProcess,
    RecordMarker,
    RequestCancelProcess,
    ScheduleActivity,
    SignalProcess,
    StartChildProcess,
    Timer,
)
from pyworkflow.engine import decide
from pyworkflow.engine.changes import Changes, SendCancel, SendSignal, StartChild, TellChildren, TellParent
from pyworkflow.engine.records import ActivityRow, ProcessHead, Start, TimerRow
from pyworkflow.engine.registry import Registry
from pyworkflow.event import ActivityEvent, DecisionEvent
from pyworkflow.exceptions import InvalidDecisionException
from pyworkflow.process import Process, ProcessCanceled, ProcessCompleted, ProcessFailed, ProcessResult
from pyworkflow.signal import Signal

S = 1_000_000  # a second
NOW = 1000 * S

REGISTRY = Registry()
REGISTRY.add_workflow("Order", "orders", 500, 60)
REGISTRY.add_activity("Pay", "work", 30, 100, 10, False)
REGISTRY.add_activity("Ship", "default", 60, 100, 10, True)

DECIDING = ProcessHead(
    key=7,
    id="p",
    run=1,
    root="top",
    workflow="Order",
    category="orders",
    parent="top",
    child_policy=None,
    timeout=500 * S,
    decision_timeout=60 * S,
    started_at=NOW,
    timeout_at=NOW + 500 * S,
    last_at=NOW,
    length=5,
    decision="running",
    decision_at=NOW,
    decision_deadline=NOW + 60 * S,
    start_number=5,
    secret="secret",
)


def activity(id: str, key: int, **known: Any) -> ActivityRow:
    """An open activity of the process; it waits, unless it is said to do something else."""
    waiting = ActivityRow(key, 7, id, "Pay", "null", "work", 30 * S, 100 * S, 10 * S, True, NOW, NOW + 30 * S)
    return waiting._replace(**known)


def timer(key: int, timer: Timer) -> TimerRow:
    """An open timer of the process."""
    return TimerRow(key, 7, NOW + 60 * S, timer)


def decided(
    *decisions: Decision,
    activities: Sequence[ActivityRow] = (),
    timers: Sequence[TimerRow] = (),
    head: ProcessHead = DECIDING,
) -> Changes:
    """What these decisions change."""
    return decide.apply(head, decisions, REGISTRY, {row.id: row for row in activities}, timers, ("tag",), NOW)


def recorded(changes: Changes) -> list[object]:
    """The decisions among the events as they are, the other events as themselves."""
    return [event.decision if isinstance(event, DecisionEvent) else event for event in changes.events]


def canceled(id: str) -> ActivityEvent:
    """A Pay without input that ended because it was canceled."""
    return ActivityEvent(ActivityExecution("Pay", id), ActivityCanceled())


# --- each decision ----------------------------------------------------------------------------------------------


def test_no_decision_at_all_ends_the_round() -> None:
    changes = decided()
    assert (changes.events, changes.head.decision, changes.head.secret) == ((), "idle", None)


def test_decisions_are_recorded_as_they_were_given_and_in_order() -> None:
    given = [RecordMarker("a", 1), ScheduleActivity("Pay", id="1"), Timer(5), RecordMarker("b")]
    assert recorded(decided(*given)) == given


def test_a_scheduled_activity_waits_with_the_figures_of_its_type() -> None:
    (row,) = decided(ScheduleActivity("Pay", id="a", input={"n": (1, 2)})).activities
    assert row == ActivityRow(
        key=0,
        process=7,
        id="a",
        activity="Pay",
        input='{"n":[1,2]}',
        category="work",
        scheduled_timeout=30 * S,
        execution_timeout=100 * S,
        heartbeat_timeout=10 * S,
        restart_lost=False,
        since=NOW,
        deadline=NOW + 30 * S,
    )


def test_a_decision_can_choose_another_category() -> None:
    rows = decided(ScheduleActivity("Pay", "1", category="fast"), ScheduleActivity("Pay", "2")).activities
    assert [row.category for row in rows] == ["fast", "work"]


def test_a_waiting_activity_that_is_canceled_ends_at_once_and_the_workflow_hears_of_it() -> None:
    changes = decided(CancelActivity("a"), activities=[activity("a", 3)])
    assert recorded(changes) == [CancelActivity("a"), canceled("a")]
    assert (changes.ended, changes.head.decision, changes.head.decision_at) == ((3,), "due", NOW)


@pytest.mark.parametrize("state", ["running", "handed_off"])
def test_an_activity_in_other_hands_is_asked_once(state: str) -> None:
    row = activity("a", 3, state=state)
    changes = decided(CancelActivity("a"), CancelActivity("a"), activities=[row])
    assert recorded(changes) == [CancelActivity("a"), CancelActivity("a")]
    assert changes.activities == (row._replace(cancel_requested=True),)
    assert (changes.ended, changes.head.decision) == ((), "idle")


def test_to_cancel_what_is_unknown_or_over_changes_nothing() -> None:
    changes = decided(CancelActivity("a"), CancelTimer("t"), CancelTimer(Timer(5)))
    assert (changes.ended, changes.fired, changes.head.decision) == ((), (), "idle")


def test_an_activity_can_be_scheduled_canceled_and_scheduled_again_in_one_list() -> None:
    changes = decided(
        ScheduleActivity("Pay", "a"), CancelActivity("a"), ScheduleActivity("Ship", "a"), RecordMarker("end")
    )
    assert [row.activity for row in changes.activities] == ["Ship"]
    assert recorded(changes)[2] == canceled("a")
    assert (changes.ended, changes.head.decision) == ((), "due")


def test_a_waiting_activity_can_be_replaced_by_one_with_the_same_id() -> None:
    changes = decided(CancelActivity("a"), ScheduleActivity("Ship", "a"), activities=[activity("a", 3)])
    assert (changes.ended, [row.activity for row in changes.activities]) == ((3,), ["Ship"])


def test_a_timer_is_due_after_its_delay_and_not_to_the_whole_second() -> None:
    rows = decided(Timer(1.5, {"x": (1,)}), Timer(0)).timers
    assert rows == (TimerRow(0, 7, NOW + 1_500_000, Timer(1.5, {"x": [1]})), TimerRow(0, 7, NOW, Timer(0)))


@pytest.mark.parametrize(
    ("wanted", "key"),
    [(Timer(9, "x"), 2), ("t", 3), (Timer(1, id="t"), 3), (Timer(9), None), ("u", None)],
    ids=["the oldest equal one", "by its id", "an equal one with an id", "unequal", "unknown"],
)
def test_a_timer_is_canceled_by_its_id_or_by_an_equal_one(wanted: Timer | str, key: int | None) -> None:
    timers = [
        timer(1, Timer(8, "x")),
        timer(2, Timer(9, "x")),
        timer(3, Timer(9, "x", id="t")),
        timer(4, Timer(9, "x")),
    ]
    assert decided(CancelTimer(wanted), timers=timers).fired == (() if key is None else (key,))


def test_a_timer_without_an_id_is_not_canceled_by_no_id() -> None:
    assert decided(CancelTimer("None"), timers=[timer(1, Timer(9))]).fired == ()


def test_to_cancel_a_timer_that_cannot_be_is_to_cancel_an_unknown_one() -> None:
    wrong = CancelTimer(Timer([1]))  # type: ignore[arg-type]
    assert decided(wrong, timers=[timer(1, Timer(9))]).fired == ()


def test_many_timers_are_canceled_without_a_look_at_each_for_each(monkeypatch: pytest.MonkeyPatch) -> None:
    timers = [timer(key, Timer(9, id=f"t-{key}")) for key in range(1, 101)]
    cancel = [CancelTimer(row.timer) for row in reversed(timers)]
    looks: list[object] = []
    equal = Timer.__eq__
    monkeypatch.setattr(Timer, "__eq__", lambda one, other: looks.append(other) or equal(one, other))
    assert decided(*cancel, timers=timers).fired == tuple(range(100, 0, -1))
    assert len(looks) <= 300


def test_equal_timers_are_canceled_one_by_one_and_then_those_of_the_same_list() -> None:
    changes = decided(Timer(9), *[CancelTimer(Timer(9))] * 3, Timer(9), timers=[timer(1, Timer(9)), timer(2, Timer(9))])
    assert (changes.fired, len(changes.timers)) == ((1, 2), 1)


def test_an_id_of_a_timer_is_free_again_once_it_is_canceled() -> None:
    changes = decided(
        CancelTimer("t"), Timer(1, id="t"), CancelTimer("t"), Timer(2, id="t"), timers=[timer(1, Timer(9, id="t"))]
    )
    assert (changes.fired, [row.timer.delay for row in changes.timers]) == ((1,), [2])


def test_a_child_without_an_id_is_called_after_its_decision_event() -> None:
    child = StartChildProcess(Process("Order"))
    children = [
        message.head
        for message in decided(
            RecordMarker("sixth"), child, CancelActivity("a"), child, activities=[activity("a", 3)]
        ).messages
        if isinstance(message, StartChild)
    ]
    assert [head.id for head in children] == ["p-7", "p-10"]  # events 8 and 9: the cancelling, and what came of it


def test_a_child_of_a_later_run_is_called_after_the_run_too() -> None:
    (message,) = decided(StartChildProcess(Process("Order")), head=DECIDING._replace(run=3)).messages
    assert isinstance(message, StartChild)
    assert message.head.id == "p-3.6"


def test_a_child_is_started_with_what_its_decision_says() -> None:
    child = Process("Order", "c", input=(1,), tags=["x", "y"])
    (message,) = decided(StartChildProcess(child, "TERMINATE")).messages
    assert isinstance(message, StartChild)
    head = message.head
    assert (head.id, head.parent, head.root, head.child_policy) == ("c", "p", "top", "TERMINATE")
    assert (head.category, head.timeout, message.start) == ("orders", 500 * S, Start("[1]", ("x", "y")))


def test_signals_and_requests_become_messages_in_order() -> None:
    signal = Signal("go", 1)
    changes = decided(RequestCancelProcess("q", "why"), SignalProcess("r", signal))
    assert changes.messages == (SendCancel("q", "why", "p"), SendSignal("r", signal, "p"))


@pytest.mark.parametrize(
    ("closing", "result"),
    [
        (CompleteProcess(1), ProcessCompleted(1)),
        (CancelProcess("why"), ProcessCanceled("why")),
        (FailProcess("why", "more"), ProcessFailed("why", "more")),
    ],
    ids=["complete", "cancel", "fail"],
)
def test_a_closing_decision_withdraws_what_is_open_and_is_told_around(closing: Decision, result: ProcessResult) -> None:
    changes = decided(RecordMarker("last"), closing)
    assert recorded(changes) == [RecordMarker("last"), closing]
    assert (changes.head.status, changes.head.closed_at, changes.withdraw) == (result.type, NOW, True)
    assert changes.messages == (TellParent("top", "p", "Order", None, 7, result), TellChildren("p"))


def test_messages_of_a_list_that_closes_go_out_before_the_close_is_told() -> None:
    changes = decided(SignalProcess("q", Signal("bye")), StartChildProcess(Process("Order")), CompleteProcess())
    assert [type(message) for message in changes.messages] == [SendSignal, StartChild, TellParent, TellChildren]


def test_to_continue_as_new_starts_the_next_run_and_tells_nobody() -> None:
    changes = decided(ContinueAsNew((2,)))
    assert (changes.head.status, changes.withdraw, changes.messages) == ("continued", True, ())
    assert changes.successor is not None
    head, start = changes.successor
    assert (head.id, head.run, head.status, head.parent) == ("p", 2, "open", "top")
    assert start == Start("[2]", ("tag",))


@pytest.mark.parametrize("arrived", [True, False])
def test_another_decision_follows_if_something_arrived(arrived: bool) -> None:
    head = decided(ScheduleActivity("Pay"), head=DECIDING._replace(arrived=arrived)).head
    assert head.decision == ("due" if arrived else "idle")


# --- each refusal -----------------------------------------------------------------------------------------------

OPEN = [activity("a", 3)]
TIMING = [timer(1, Timer(9, id="t"))]
NAN = float("nan")


@pytest.mark.parametrize(
    ("decisions", "reason"),
    [
        ([ScheduleActivity("Fly")], "activity 'Fly' is not registered with this backend (registered: Pay, Ship)"),
        ([ScheduleActivity("Pay", "a")], "an activity with the id 'a' is still open"),
        ([ScheduleActivity("Pay", "b"), ScheduleActivity("Pay", "b")], "an activity with the id 'b' is still open"),
        ([ScheduleActivity("Pay", "")], "id must be text that is not empty, not ''"),
        ([ScheduleActivity("Pay", category="")], "category must be text that is not empty, not ''"),
        ([ScheduleActivity("Pay", input={"x": [NAN]})], 'input["x"][0]: nan is not a JSON number'),
        ([Timer(1, id="t")], "a timer with the id 't' is still open"),
        ([Timer(1, id="u"), Timer(2, id="u")], "a timer with the id 'u' is still open"),
        ([Timer(-1)], "delay: -1 is not a time in seconds (0 or more, at most 100 years)"),
        ([Timer("1")], "delay: '1' is not a time in seconds (0 or more, at most 100 years)"),  # type: ignore[arg-type]
        ([Timer(1e12)], "delay: 1000000000000.0 is not a time in seconds (0 or more, at most 100 years)"),
        ([StartChildProcess(Process("Trip"))], "workflow 'Trip' is not registered with this backend"),
        ([StartChildProcess(Process())], "process.workflow: None is not text, or is empty"),
        (
            [StartChildProcess(Process("Order"), "KILL")],
            "child_policy must be one of ABANDON, TERMINATE, REQUEST_CANCEL",
        ),
        ([StartChildProcess(Process("Order", input={1: 2}))], "process.input: the key 1 is not text"),
        ([SignalProcess("", Signal("go"))], "process_id must be text that is not empty, not ''"),
        ([SignalProcess("q", Signal(""))], "signal.name must be text that is not empty, not ''"),
        ([SignalProcess("q", Signal("go", {1}))], None),
        ([SignalProcess("q", "go")], "signal: 'go' is not a Signal"),  # type: ignore[arg-type]
        ([RequestCancelProcess("")], "process_id must be text that is not empty, not ''"),
        ([RecordMarker("")], "name must be text that is not empty, not ''"),
        ([CompleteProcess(object)], None),
        ([CompleteProcess(), RecordMarker("x")], "nothing can follow CompleteProcess, which closes it"),
        ([ContinueAsNew(), ContinueAsNew()], "nothing can follow ContinueAsNew, which closes it"),
        ([Decision()], None),
    ],
    ids=lambda given: "-".join(type(one).__name__ for one in given) if isinstance(given, list) else "",
)
def test_what_the_workflow_could_have_known_to_be_wrong_is_refused(
    decisions: list[Decision], reason: str | None
) -> None:
    with pytest.raises(InvalidDecisionException) as refused:
        decided(RecordMarker("before"), *decisions, activities=OPEN, timers=TIMING)
    assert refused.value.decision is decisions[-1]
    assert reason is None or refused.value.reason == reason
    assert "\n" not in str(refused.value)


def test_only_what_the_decisions_name_has_to_be_looked_up() -> None:
    assert decide.named_activities([ScheduleActivity("Pay", "1"), RecordMarker("x"), CancelActivity("2")]) == ["1", "2"]
    assert not decide.names_timers([Timer(1), RecordMarker("x")])
    assert decide.names_timers([Timer(1, id="t")])
    assert decide.names_timers([CancelTimer("t")])
