"""A process driven by hand: what is given, when something happens, then what is decided."""

# ruff: noqa: ARG002 - the hooks are given more than they need

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from pyworkflow.activity import ActivityCompleted, ActivityExecution, ActivityFailed
from pyworkflow.decision import (
    CancelActivity,
    CompleteProcess,
    FailProcess,
    RecordMarker,
    ScheduleActivity,
    SignalProcess,
    StartChildProcess,
    Timer,
)
from pyworkflow.event import (
    ActivityEvent,
    ActivityStartedEvent,
    DecisionStartedEvent,
    ProcessClosedEvent,
    SignalFailedEvent,
    TimerEvent,
)
from pyworkflow.exceptions import InvalidDecisionException
from pyworkflow.managed import Activity, DefaultWorkflow, Workflow
from pyworkflow.process import Process, ProcessCanceled, ProcessFailed
from pyworkflow.signal import Signal
from pyworkflow.testing import (
    WorkflowDriver,
    cancel_requested,
    canceled,
    child_ended,
    completed,
    failed,
    fired,
    signaled,
    timed_out,
)


class Pay(Activity):
    def execute(self) -> Any:
        raise AssertionError("a driver executes nothing")


class Ship(Pay):
    pass


class OrderWorkflow(DefaultWorkflow):
    """Decides something of its own for each kind of event."""

    activities = [Pay, Ship]

    def initiate(self, process: Process) -> Any:
        return Pay

    def respond_to_completed_activity(
        self, process: Process, activity_execution: ActivityExecution, result: Any
    ) -> Any:
        return CompleteProcess(result)

    def respond_to_interrupted_activity(self, process: Process, activity_execution: Any, details: Any) -> Any:
        which = getattr(details, "timeout", None) or getattr(details, "reason", None)
        return Timer(60, data=[activity_execution.activity, details.type, which])

    def respond_to_signal(self, process: Process, signal: Signal) -> Any:
        return [ScheduleActivity(Ship, id=f"ship {item}", input=item) for item in signal.data or ()]

    def respond_to_timer(self, process: Process, timer: Timer) -> Any:
        return RecordMarker("due", process.history[-2].datetime.isoformat())

    def respond_to_child_process(self, process: Process, child: str, workflow: Any, result: Any, tags: Any) -> Any:
        return RecordMarker(child, [workflow, result.type, tags])

    def respond_to_signal_failed(self, process: Process, process_id: str, signal: Signal, reason: str) -> Any:
        return FailProcess(reason)


@pytest.fixture
def order() -> WorkflowDriver:
    return WorkflowDriver(OrderWorkflow, {"amount": 30}, tags=["red"])


def written(decide: Any) -> type[Workflow]:
    return type("OrderWorkflow", (OrderWorkflow,), {"decide": lambda _, process: decide(process)})


# --- each kind of event ---


def test_at_first_the_start_is_what_is_new(order: WorkflowDriver) -> None:
    order.when().then(ScheduleActivity(Pay, input={"amount": 30}))
    order.then(Pay)


@pytest.mark.parametrize(
    ("happening", "decided"),
    [
        (completed(Pay, [1]), CompleteProcess([1])),
        (completed("Pay"), CompleteProcess()),
        (failed(Pay, "no money"), Timer(60, data=["Pay", "failed", "no money"])),
        (failed(Pay, ValueError("no money")), Timer(60, data=["Pay", "failed", "ValueError: no money"])),
        (timed_out(Pay), Timer(60, data=["Pay", "timedout", "execution"])),
        (timed_out(Pay, "scheduled"), Timer(60, data=["Pay", "timedout", "scheduled"])),
        (canceled(Pay), Timer(60, data=["Pay", "canceled", None])),
        (signaled("items", ["book"]), ScheduleActivity(Ship, id="ship book", input="book")),
        (fired(), RecordMarker("due", "2026-01-01T12:05:00.123456+00:00")),
        (fired("late"), RecordMarker("due", "2026-01-01T12:05:00.123456+00:00")),
        (child_ended("Parcel", 1), RecordMarker("driven-5", ["Parcel", "completed", ["heavy"]])),
        (child_ended("Parcel", ProcessFailed("lost")), RecordMarker("driven-5", ["Parcel", "failed", ["heavy"]])),
    ],
)
def test_every_kind_of_event_is_made_of_what_is_open(happening: Any, decided: Any) -> None:
    order = WorkflowDriver(OrderWorkflow, id="driven")
    order.given(Pay, Timer(300, id="late"), StartChildProcess(Process("Parcel", tags=["heavy"])))
    order.when(happening).then(decided)


def test_a_request_to_cancel(order: WorkflowDriver) -> None:
    order.given(Pay).when(cancel_requested("mind changed"))
    assert order.decisions[0].type == "cancel_process"


def test_events_can_be_given_as_they_are(order: WorkflowDriver) -> None:
    order.given(ScheduleActivity(Pay, id="p"), SignalProcess("other", Signal("hi")))
    order.given(ActivityEvent(ActivityExecution("Pay", "p"), ActivityCompleted(1)), [])
    order.when(SignalFailedEvent("other", Signal("hi"), "unknown")).then(FailProcess("unknown"))


# --- the history that is made ---


def test_a_history_is_as_the_engine_would_have_made_it(order: WorkflowDriver) -> None:
    order.given(Pay, failed(Pay, "no money"), Timer(60), fired(), [])
    assert [event.type for event in order.process.history] == [
        "process_started",
        "decision_started",
        "decision",
        "activity_started",
        "activity",
        "decision_started",
        "decision",
        "timer",
        "decision_started",
    ]
    order.when(signaled("items"))
    assert order.process.history[-1].type == "decision_started"


def test_an_activity_that_waited_too_long_was_never_started(order: WorkflowDriver) -> None:
    order.given(Pay, timed_out(Pay, "scheduled"))
    assert "activity_started" not in [event.type for event in order.process.history]


def test_what_no_decision_follows_is_new_together_with_what_happens(order: WorkflowDriver) -> None:
    order.given(Pay, signaled("items", ["book"])).when(signaled("items", ["lamp"]))
    order.then(ScheduleActivity(Ship, "ship book", input="book"), ScheduleActivity(Ship, "ship lamp", input="lamp"))
    order.when(signaled("items", ["vase"]), signaled("items", ["cup"]))
    order.then(ScheduleActivity(Ship, input="vase"), ScheduleActivity(Ship, input="cup"))


def test_a_story_can_go_on_with_what_was_decided(order: WorkflowDriver) -> None:
    order.when().then(Pay)
    order.when(failed(Pay, "no money")).then(Timer(60, data=["Pay", "failed", "no money"]))
    order.when(fired()).then(RecordMarker("due", (order.clock()).isoformat()))
    assert order.clock() - order.process.history[0].datetime == timedelta(minutes=1)


def test_of_several_open_activities_the_oldest_ends_unless_one_is_named(order: WorkflowDriver) -> None:
    order.given(signaled("items", ["a", "b", "c"]), [ScheduleActivity(Ship, one, input=one) for one in "abc"])
    order.given(failed(Ship, id="b"), failed(Ship))
    assert [one.id for one in order.process.unfinished_activities()] == ["c"]


def test_a_workflow_sees_values_as_json_brings_them_back_and_cannot_change_what_happened() -> None:
    def decide(process: Process) -> Any:
        process.input["amount"] += 1
        data = process.history[-2].signal.data  # type: ignore[attr-defined]
        data.append(2)
        return RecordMarker(type(data).__name__, data)

    order = WorkflowDriver(written(decide), {"amount": 30})
    for _ in range(2):
        order.when(signaled("items", (1,))).then(RecordMarker("list", [1, 2]))
    assert order.process.input == {"amount": 30}


# --- what cannot be ---


def test_what_is_not_open_cannot_end(order: WorkflowDriver) -> None:
    order.given(Pay)
    for happening, message in [
        (completed(Ship), "activity Ship was to end, but the open activities are: Pay "),
        (completed(Pay, id="x"), "activity Pay x was to end, but the open activities are: Pay "),
        (fired(), "one timer was to fire, but the open timers are: none"),
        (fired("late"), "the timer 'late' was to fire, but the open timers are: none"),
        (child_ended("Parcel"), "a child Parcel was to end, but the open children are: none"),
        (TimerEvent(Timer(1)), r"Timer\(.*\) cannot fire: it is not open"),
        (ActivityEvent(ActivityExecution("Pay", "x"), ActivityFailed()), "activity Pay x cannot end: it is not open"),
    ]:
        with pytest.raises(AssertionError, match=message):
            order.when(happening)


def test_a_child_ends_once(order: WorkflowDriver) -> None:
    order.given(StartChildProcess(Process("Parcel")), child_ended("Parcel"))
    with pytest.raises(AssertionError, match="a child Parcel was to end, but the open children are: none"):
        order.given(child_ended("Parcel"))


def test_which_of_two_timers_fires_must_be_said(order: WorkflowDriver) -> None:
    order.given(Timer(1, id="a"), Timer(2, id="b"))
    with pytest.raises(AssertionError, match=r"one timer was to fire, but the open timers are: Timer\(.*'a'.*'b'"):
        order.when(fired())


def test_nothing_follows_the_end(order: WorkflowDriver) -> None:
    order.given(Pay).when(completed(Pay)).then(CompleteProcess())
    with pytest.raises(AssertionError, match="the process has ended, with CompleteProcess"):
        order.when(signaled("items"))


@pytest.mark.parametrize("given", [[[]], [Pay], [DecisionStartedEvent()]])
def test_without_news_the_workflow_is_not_asked(order: WorkflowDriver, given: list[Any]) -> None:
    with pytest.raises(AssertionError, match="`when` comes first"):
        order.then()
    order.given(*given)
    with pytest.raises(AssertionError, match="nothing has happened that the workflow has not seen"):
        order.when()


def test_what_decide_raises_is_raised_and_the_process_is_as_it_was(order: WorkflowDriver) -> None:
    with pytest.raises(NotImplementedError, match="must override initiate"):
        WorkflowDriver(DefaultWorkflow).when()
    order.given(Pay)
    before = list(order.process.history)
    with pytest.raises(TypeError):
        order.when(signaled("items", 17))
    assert order.process.history[:-1] == before


@pytest.mark.parametrize(
    "decided",
    [
        ScheduleActivity("Unknown"),
        [ScheduleActivity(Pay, id="p"), ScheduleActivity(Pay, id="p")],
        RecordMarker("set", {1, 2}),
        [CompleteProcess(), RecordMarker("late")],
    ],
)
def test_what_a_backend_would_refuse_is_refused(decided: Any) -> None:
    order = WorkflowDriver(written(lambda _: decided))
    with pytest.raises(InvalidDecisionException):
        order.when()
    with pytest.raises(InvalidDecisionException):
        order.given(*(decided if isinstance(decided, list) else [decided]))


def test_an_id_that_is_open_is_refused(order: WorkflowDriver) -> None:
    order.given(ScheduleActivity(Pay, id="ship book"))
    with pytest.raises(InvalidDecisionException, match="is still open"):
        order.when(signaled("items", ["book"]))


# --- how a failure reads ---


def test_a_failure_shows_what_was_expected_what_was_decided_and_the_difference(order: WorkflowDriver) -> None:
    order.given(Pay).when(failed(Pay, "no money"))
    with pytest.raises(AssertionError) as raised:
        order.then(Timer(61, data=["Pay", "failed", "no money"]))
    assert str(raised.value).splitlines() == [
        'OrderWorkflow, at "activity Pay failed", was expected to decide:',
        "    Timer(delay=61, data=['Pay', 'failed', 'no money'])",
        "and decided:",
        "    Timer(delay=60, data=['Pay', 'failed', 'no money'])",
        "in short: ~ Timer(60 s) with another delay",
    ]


def test_ids_that_nobody_gave_are_not_shown_and_do_not_count(order: WorkflowDriver) -> None:
    order.when()
    with pytest.raises(AssertionError) as raised:
        order.then(ScheduleActivity(Pay, input={"amount": 31}))
    assert str(raised.value).splitlines()[1:] == [
        "    ScheduleActivity(activity='Pay', input={'amount': 31})",
        "and decided:",
        "    ScheduleActivity(activity='Pay', input={'amount': 30})",
        "in short: ~ ScheduleActivity(Pay) with another input",
    ]
    with pytest.raises(AssertionError, match="with another id"):
        order.then(ScheduleActivity(Pay, id="mine", input={"amount": 30}))


def test_an_activity_expected_without_an_id_may_have_any(order: WorkflowDriver) -> None:
    order.when().when(signaled("items", ["book", "lamp"]))
    book, lamp = ScheduleActivity(Ship, input="book"), ScheduleActivity(Ship, input="lamp")
    order.then(book, lamp)
    order.then(book, ScheduleActivity(Ship, "ship lamp", input="lamp"))
    for wrong in ([book], [book, book], [lamp, book], [book, lamp, lamp], [book, lamp, CancelActivity("ship lamp")]):
        with pytest.raises(AssertionError, match="was expected to decide"):
            order.then(*wrong)
    with pytest.raises(AssertionError, match="the same in another order"):
        order.then(lamp, book)
    twice = [ScheduleActivity(Ship, "1"), ScheduleActivity(Ship, "2")]
    WorkflowDriver(written(lambda _: twice)).when().then(ScheduleActivity(Ship), ScheduleActivity(Ship))


def test_nothing_is_expected_by_saying_nothing(order: WorkflowDriver) -> None:
    order.given(Pay).when(signaled("items")).then()
    with pytest.raises(AssertionError) as raised:
        order.then(Pay)
    assert "and decided:\n    nothing\nin short: - ScheduleActivity(Pay)" in str(raised.value)


def test_nothing_follows_an_end_from_outside_either(order: WorkflowDriver) -> None:
    with pytest.raises(AssertionError, match="has ended, with ProcessCanceled"):
        order.given(Pay, ProcessClosedEvent(ProcessCanceled(), "cancel"), completed(Pay))


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (lambda order: order.when(Pay), "is decided, and does not happen"),
        (lambda order: order.when(failed), "is nothing that can have happened"),
        (lambda order: order.given("paid"), "'paid' is nothing that can have happened"),
        (lambda order: order.when(timed_out(Pay, "hartbeat")), "no time-out 'hartbeat'"),
    ],
)
def test_what_is_no_happening_is_told(
    order: WorkflowDriver, given: Callable[[WorkflowDriver], Any], reason: str
) -> None:
    with pytest.raises(AssertionError, match=reason):
        given(order)
    order.when().then(Pay)  # and the driver is as it was


def test_of_two_equal_timers_the_older_fires_at_its_time() -> None:
    class Waits(Workflow):
        def decide(self, process: Process) -> Any:
            return Timer(60) if len(process.unseen_events()) and process.history[-2].type != "timer" else None

    waits = WorkflowDriver(Waits)
    began = waits.clock()
    waits.when().then(Timer(60))
    waits.clock.advance(30)
    waits.when(signaled("go")).then(Timer(60))
    waits.when(fired(Timer(60)))
    assert waits.clock() - began == timedelta(seconds=60)
    waits.when(fired(Timer(60)))
    assert waits.clock() - began == timedelta(seconds=90)


def test_an_activity_that_is_asked_to_cancel_is_started_once(order: WorkflowDriver) -> None:
    order.given(ScheduleActivity(Pay, id="1"), ActivityStartedEvent(ActivityExecution("Pay", "1")))
    order.given(signaled("stop"), CancelActivity("1"), canceled(Pay))
    assert [event.type for event in order.process.history].count("activity_started") == 1
