"""The rules, called as what they are: functions of what is known, what is asked, and now."""

from __future__ import annotations

from typing import Any

import pytest

from pyworkflow.activity import ActivityCanceled, ActivityCompleted, ActivityTimedOut
from pyworkflow.decision import Timer
from pyworkflow.engine import transitions
from pyworkflow.engine.changes import Changes, TellChildren, TellParent
from pyworkflow.engine.records import ActivityRow, ProcessHead, TimerRow, Worker
from pyworkflow.engine.registry import WorkflowType
from pyworkflow.event import (
    ActivityEvent,
    ActivityLostEvent,
    ActivityStartedEvent,
    CancelRequestedEvent,
    DecisionFailedEvent,
    DecisionStartedEvent,
    DecisionTimedOutEvent,
    ProcessClosedEvent,
    ProcessStartedEvent,
    SignalEvent,
    TimerEvent,
)
from pyworkflow.process import ProcessCanceled, ProcessCompleted, ProcessTimedOut
from pyworkflow.signal import Signal

S = 1_000_000  # a second
NOW = 1000 * S
ANN = Worker("secret", "ann", "lease", "v1")


PROCESS = ProcessHead(
    key=7,
    id="p",
    run=1,
    root="p",
    workflow="Order",
    category="orders",
    parent=None,
    child_policy=None,
    timeout=500 * S,
    decision_timeout=60 * S,
    started_at=NOW - 100 * S,
    timeout_at=NOW + 400 * S,
    last_at=NOW - 50 * S,
    length=5,
)
ACTIVITY = ActivityRow(
    key=3,
    process=7,
    id="a",
    activity="Pay",
    input="[1]",
    category="work",
    scheduled_timeout=30 * S,
    execution_timeout=100 * S,
    heartbeat_timeout=10 * S,
    restart_lost=True,
    since=NOW,
    deadline=NOW + 30 * S,
)


def a_process(**known: Any) -> ProcessHead:
    """An open process that waits for nothing, its history five events long; but for what is said."""
    return PROCESS._replace(**known)


def due(**known: Any) -> ProcessHead:
    """A process whose decision is due."""
    return a_process(decision="due", decision_at=NOW)._replace(**known)


def deciding(**known: Any) -> ProcessHead:
    """A process whose decision was handed out to Ann just now, its last event being the start."""
    head = a_process(decision="running", decision_at=NOW, decision_deadline=NOW + 60 * S, start_number=5)
    return head._replace(**({"secret": "secret", "lease": "lease", "identity": "ann", "code": "v1"} | known))


def an_activity(**known: Any) -> ActivityRow:
    """An activity that waits."""
    return ACTIVITY._replace(**known)


def running(**known: Any) -> ActivityRow:
    """An activity that Ann executes."""
    row = an_activity(state="running", timeout="heartbeat", deadline=NOW + 10 * S, execution_deadline=NOW + 100 * S)
    return row._replace(**({"secret": "secret", "lease": "lease", "identity": "ann"} | known))


def types(changes: Changes) -> list[str]:
    return [event.type for event in changes.events]


# --- processes --------------------------------------------------------------------------------------------------


ORDER = WorkflowType("Order", "orders", 500 * S, 60 * S)


def test_a_new_process_carries_its_types_figures_and_is_its_own_root() -> None:
    head = transitions.new_process(ORDER, "p", NOW)
    assert (head.id, head.run, head.root, head.parent) == ("p", 1, "p", None)
    assert (head.workflow, head.category, head.timeout, head.decision_timeout) == ("Order", "orders", 500 * S, 60 * S)
    assert (head.started_at, head.timeout_at, head.status) == (NOW, NOW + 500 * S, "open")


def test_a_child_has_the_root_of_its_parent() -> None:
    parent = a_process(id="child", root="top")
    head = transitions.new_process(ORDER, "grandchild", NOW, parent=parent, child_policy="TERMINATE")
    assert (head.parent, head.root, head.child_policy) == ("child", "top", "TERMINATE")


def test_a_start_begins_the_history_and_asks_for_a_decision() -> None:
    changes = transitions.start(a_process(length=0), NOW)
    assert changes.events == (ProcessStartedEvent(),)
    assert (changes.head.decision, changes.head.decision_at) == ("due", NOW)


def test_the_next_run_has_a_history_and_a_timeout_of_its_own() -> None:
    before = a_process(status="continued", closed_at=NOW - S, parent="q", child_policy="TERMINATE", root="q")
    head = transitions.next_run(before, NOW)
    assert (head.key, head.id, head.run, head.length) == (0, "p", 2, 0)
    assert (head.started_at, head.timeout_at, head.status, head.closed_at) == (NOW, NOW + 500 * S, "open", None)
    assert (head.parent, head.child_policy, head.root) == ("q", "TERMINATE", "q")


@pytest.mark.parametrize(
    ("changes", "result", "by", "status"),
    [
        (transitions.cancel(a_process(), "enough", NOW), ProcessCanceled("enough"), "cancel", "canceled"),
        (transitions.time_out(a_process(), NOW), ProcessTimedOut(), "timeout", "timedout"),
        (
            transitions.parent_closed(a_process(child_policy="TERMINATE"), NOW),
            ProcessCanceled("its parent closed"),
            "parent",
            "canceled",
        ),
    ],
    ids=["cancel", "timeout", "parent"],
)
def test_what_closes_a_process_from_outside_is_recorded_with_its_result(
    changes: Changes, result: object, by: str, status: str
) -> None:
    assert changes.events == (ProcessClosedEvent(result, by),)
    assert (changes.head.status, changes.head.closed_at, changes.withdraw) == (status, NOW, True)


def test_a_closed_process_has_no_decision_left_and_nobody_holds_it() -> None:
    head = transitions.cancel(deciding(attempts=2, error="x", failed_codes=" v1 ", arrived=True), None, NOW).head
    assert head == a_process(status="canceled", closed_at=NOW)


def test_a_process_does_not_close_before_its_last_event() -> None:
    assert transitions.cancel(a_process(last_at=NOW + S), None, NOW).head.closed_at == NOW + S


def test_a_close_is_told_to_the_parent_and_to_the_children() -> None:
    result = ProcessCompleted(1)
    assert transitions.last_messages(a_process(), result) == (TellChildren("p"),)
    assert transitions.last_messages(a_process(parent="q"), result) == (
        TellParent("q", "p", "Order", None, 7, result),
        TellChildren("p"),
    )


def test_a_child_that_is_to_be_asked_gets_a_request_and_decides() -> None:
    changes = transitions.parent_closed(a_process(child_policy="REQUEST_CANCEL"), NOW)
    assert changes.events == (CancelRequestedEvent("its parent closed"),)
    assert (changes.head.status, changes.head.decision) == ("open", "due")


def test_an_abandoned_child_goes_on_as_it_was() -> None:
    child = deciding(child_policy="ABANDON")
    assert transitions.parent_closed(child, NOW) == Changes(child)


# --- decision rounds --------------------------------------------------------------------------------------------


def test_news_makes_a_decision_due_where_there_is_none() -> None:
    head = transitions.receive(a_process(), SignalEvent(Signal("go")), NOW).head
    assert (head.decision, head.decision_at, head.arrived) == ("due", NOW, False)


def test_news_while_a_decision_is_made_is_noted_and_disturbs_nothing() -> None:
    assert transitions.news(deciding(), NOW + S) == deciding(arrived=True)


def test_news_does_not_shorten_the_pause_after_a_failure() -> None:
    pausing = due(decision_at=NOW + 60 * S, attempts=9)
    assert transitions.news(pausing, NOW) == pausing


def test_a_decision_is_handed_out_with_its_start_as_the_last_event() -> None:
    changes = transitions.start_decision(due(decision_at=NOW - S), ANN, NOW)
    assert changes.events == (DecisionStartedEvent("ann", "v1"),)
    assert (changes.events[0].identity, changes.events[0].code) == ("ann", "v1")
    assert changes.head == deciding(start_number=6)


def test_a_round_that_is_over_leaves_nothing_behind() -> None:
    failing = deciding(attempts=3, error="x", failed_codes=" v0 ")
    assert transitions.decision_made(failing, NOW, calls_for_another=False) == a_process()


@pytest.mark.parametrize(("arrived", "calls"), [(True, False), (False, True), (True, True)])
def test_one_more_decision_follows_where_there_is_news(arrived: bool, calls: bool) -> None:
    head = transitions.decision_made(deciding(arrived=arrived, attempts=3), NOW, calls_for_another=calls)
    assert head == due()


def test_a_decision_that_was_lost_is_due_at_once_and_leaves_no_event() -> None:
    changes = transitions.decision_lost(deciding(), NOW + S)
    assert changes == Changes(due(decision_at=NOW + S, start_number=5, error="its worker was lost", code="v1"))


def test_a_start_that_nothing_followed_serves_again() -> None:
    lost = transitions.decision_lost(deciding(), NOW).head
    changes = transitions.start_decision(lost, ANN, NOW)
    assert (changes.events, changes.head.start_number) == ((), 5)


def test_a_start_does_not_serve_other_code_unless_that_has_failed_in_this_round() -> None:
    lost = transitions.decision_lost(deciding(code="v0"), NOW).head
    changes = transitions.start_decision(lost, ANN, NOW)
    assert [event.type for event in changes.events] == ["decision_failed", "decision_started"]
    failed = lost._replace(failed_codes=" v1 ")
    assert transitions.start_decision(failed, ANN, NOW).events == ()


def test_a_start_that_came_to_nothing_and_was_followed_is_marked_before_the_next() -> None:
    lost = transitions.decision_lost(deciding(), NOW).head._replace(length=6)
    changes = transitions.start_decision(lost, ANN, NOW)
    assert changes.events == (DecisionFailedEvent("its worker was lost"), DecisionStartedEvent())
    assert changes.head.start_number == 8


def test_a_decision_overtaken_by_news_is_made_again_at_once() -> None:
    changes = transitions.decision_overtaken(deciding(arrived=True), NOW)
    reason = "not applied: something arrived while the closing of the process was being decided"
    assert changes.events == (DecisionFailedEvent(reason),)
    assert (changes.head.decision, changes.head.decision_at, changes.head.start_number) == ("due", NOW, None)
    assert types(transitions.start_decision(changes.head, ANN, NOW)) == ["decision_started"]


def test_a_decision_that_came_but_was_overtaken_puts_an_end_to_the_failures_before_it() -> None:
    failing = deciding(arrived=True, attempts=3, error="boom", failed_codes=" v0 ")
    assert transitions.decision_overtaken(failing, NOW).head == due()


@pytest.mark.parametrize(
    ("attempts", "pause"), [(0, 1), (1, 2), (2, 4), (3, 8), (4, 16), (5, 32), (6, 60), (7, 60), (10_000, 60)]
)
def test_a_failure_is_followed_by_a_longer_pause_each_time(attempts: int, pause: int) -> None:
    head = transitions.decision_failed(deciding(attempts=attempts), "boom", None, NOW).head
    assert (head.decision, head.decision_at, head.attempts) == ("due", NOW + pause * S, attempts + 1)
    assert (head.error, head.failed_codes, head.secret, head.lease) == ("boom", " v1 ", None, None)


def test_the_first_failure_of_a_round_is_recorded_and_later_ones_are_counted() -> None:
    first = transitions.decision_failed(deciding(), "boom", "Traceback", NOW)
    assert first.events == (DecisionFailedEvent("boom", "Traceback"),)
    assert first.head.start_number is None
    again = transitions.decision_failed(deciding(attempts=1), "bang", "Traceback", NOW)
    assert again.events == ()
    assert (again.head.start_number, again.head.error) == (5, "bang")


def test_a_code_that_fails_again_and_again_is_remembered_once() -> None:
    head = deciding(failed_codes=" v0 ")
    for _ in range(3):
        head = transitions.decision_failed(head, "boom", None, NOW).head._replace(code="v1")
    assert head.failed_codes.split() == ["v0", "v1"]


def test_a_failure_without_a_code_names_none() -> None:
    assert transitions.decision_failed(deciding(code=None), "boom", None, NOW).head.failed_codes == ""


def test_a_decision_that_does_not_come_in_time_is_offered_again_at_once() -> None:
    changes = transitions.decision_timed_out(deciding(), NOW + 60 * S)
    assert changes.events == (DecisionTimedOutEvent(),)
    assert (changes.head.decision_at, changes.head.attempts, changes.head.start_number) == (NOW + 60 * S, 1, None)
    assert changes.head.error == "it did not come within 60 s"
    assert transitions.decision_timed_out(deciding(attempts=1), NOW).events == ()


def test_a_round_that_keeps_failing_writes_three_events_and_no_more() -> None:
    head, written = due(), []
    for _ in range(5):
        started = transitions.start_decision(head, ANN, NOW)
        head = started.head._replace(length=started.head.length + len(started.events))
        failed = transitions.decision_failed(head, "boom", None, NOW)
        head = failed.head._replace(length=failed.head.length + len(failed.events))
        written += types(started) + types(failed)
    assert written == ["decision_started", "decision_failed", "decision_started"]


# --- activities and timers --------------------------------------------------------------------------------------


def test_an_activity_is_handed_out_with_the_nearer_of_its_timeouts() -> None:
    changes = transitions.start_activity(deciding(), an_activity(details='"old"'), ANN, NOW)
    assert changes.activities == (running(),)
    assert changes.events == (ActivityStartedEvent(an_activity().execution),)
    assert changes.head == deciding()  # a start calls for no decision


def test_an_activity_without_a_shorter_heartbeat_timeout_is_ended_by_the_execution_timeout() -> None:
    row = an_activity(heartbeat_timeout=100 * S)
    (taken,) = transitions.start_activity(a_process(), row, ANN, NOW).activities
    assert (taken.timeout, taken.deadline) == ("execution", NOW + 100 * S)


@pytest.mark.parametrize(
    ("after", "timeout", "deadline"), [(50, "heartbeat", 60), (90, "execution", 100), (95, "execution", 100)]
)
def test_a_heartbeat_moves_its_own_deadline_and_never_that_of_the_execution(
    after: int, timeout: str, deadline: int
) -> None:
    row = transitions.heartbeat(running(), None, NOW + after * S)
    assert (row.timeout, row.deadline, row.heartbeat_at) == (timeout, NOW + deadline * S, NOW + after * S)


def test_a_heartbeat_without_details_keeps_the_last_ones() -> None:
    row = transitions.heartbeat(running(), "[1]", NOW)
    assert transitions.heartbeat(row, None, NOW).details == "[1]"
    assert transitions.heartbeat(row, "[2]", NOW).details == "[2]"


def test_an_activity_that_is_handed_off_is_held_by_no_lease_and_keeps_its_token() -> None:
    row = transitions.hand_off(running(), NOW + S)
    assert row == running(state="handed_off", since=NOW + S, lease=None)


def test_an_ending_is_told_and_a_decision_is_due() -> None:
    changes = transitions.end_activity(a_process(), running(), ActivityCompleted(2), NOW)
    assert changes.events == (ActivityEvent(running().execution, ActivityCompleted(2)),)
    assert (changes.ended, changes.head.decision) == ((3,), "due")


@pytest.mark.parametrize("which", ["scheduled", "execution", "heartbeat"])
def test_a_timeout_ends_the_activity_with_its_name_and_the_last_details(which: str) -> None:
    changes = transitions.activity_timed_out(a_process(), running(timeout=which, details='"half"'), NOW)
    assert changes.events == (ActivityEvent(running().execution, ActivityTimedOut("half", which)),)
    assert (changes.ended, changes.head.decision) == ((3,), "due")


@pytest.mark.parametrize("losses", [0, 1])
def test_a_lost_activity_waits_again_with_the_scheduled_timeout_anew(losses: int) -> None:
    changes = transitions.activity_lost(deciding(), running(losses=losses), NOW + 5 * S)
    assert changes.events == (ActivityLostEvent(running().execution),)
    assert changes.events[0].identity == "ann"
    assert changes.activities == (an_activity(since=NOW + 5 * S, deadline=NOW + 35 * S, losses=losses + 1),)
    assert (changes.ended, changes.head) == ((), deciding())  # the workflow need not decide about it


def test_the_third_loss_ends_the_activity() -> None:
    changes = transitions.activity_lost(a_process(), running(losses=2, details='"half"'), NOW)
    execution = running().execution
    assert changes.events == (
        ActivityLostEvent(execution),
        ActivityEvent(execution, ActivityTimedOut("half", "worker")),
    )
    assert (changes.ended, changes.activities, changes.head.decision) == ((3,), (), "due")


def test_an_activity_that_may_not_run_twice_ends_at_the_first_loss() -> None:
    changes = transitions.activity_lost(a_process(), running(restart_lost=False), NOW)
    assert types(changes) == ["activity_lost", "activity"]
    assert changes.events[1] == ActivityEvent(running().execution, ActivityTimedOut(None, "worker"))


def test_an_activity_that_was_asked_to_stop_and_is_lost_is_canceled() -> None:
    changes = transitions.activity_lost(a_process(), running(cancel_requested=True, details="1"), NOW)
    assert types(changes) == ["activity_lost", "activity"]
    assert changes.events[1] == ActivityEvent(running().execution, ActivityCanceled(1))
    assert changes.ended == (3,)


def test_a_timer_that_is_due_is_told_and_a_decision_is_due() -> None:
    changes = transitions.fire(a_process(), TimerRow(4, 7, NOW, Timer(5, "x")), NOW)
    assert changes.events == (TimerEvent(Timer(5, "x")),)
    assert (changes.fired, changes.head.decision) == ((4,), "due")
