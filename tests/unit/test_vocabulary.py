"""The words that histories are written in: values, equal by content, that read as the call that makes them."""

from __future__ import annotations

import inspect
from dataclasses import FrozenInstanceError
from datetime import UTC, datetime, timedelta

import pytest

import pyworkflow.activity
import pyworkflow.decision
import pyworkflow.event
import pyworkflow.process
from pyworkflow import ActivityExecution, Process
from pyworkflow.activity import ActivityCanceled, ActivityCompleted, ActivityFailed, ActivityResult, ActivityTimedOut
from pyworkflow.decision import (
    CancelActivity,
    CancelTimer,
    CompleteProcess,
    Decision,
    RecordMarker,
    ScheduleActivity,
    StartChildProcess,
    Timer,
    activity_ids,
)
from pyworkflow.event import ActivityEvent, DecisionStartedEvent, Event, SignalEvent
from pyworkflow.managed import Activity, Workflow
from pyworkflow.process import ProcessFailed, ProcessResult
from pyworkflow.signal import Signal

DATA = {"items": [1, {"a": None}]}
VALUES = [
    ActivityExecution("Pay", "1", DATA),
    ActivityCompleted(DATA),
    ActivityCanceled(DATA),
    ActivityFailed("ValueError: no", "Traceback"),
    ActivityTimedOut(DATA, timeout="heartbeat"),
    ProcessFailed("no", DATA),
    ScheduleActivity("Pay", "1", "heavy", DATA),
    CancelActivity("1"),
    Timer(1.5, DATA, "t"),
    CancelTimer("t"),
    RecordMarker("paid", DATA),
    CompleteProcess(DATA),
    StartChildProcess(Process("Order", "o-1", DATA, ["blue"]), "TERMINATE"),
    Signal("paid", DATA),
]


class PayActivity(Activity):
    pass


class OrderWorkflow(Workflow):
    pass


@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
def test_a_value_reads_as_the_call_that_makes_an_equal_one(value: object) -> None:
    words = vars(pyworkflow.activity) | vars(pyworkflow.decision) | vars(pyworkflow.process)
    again = eval(repr(value), words | {"Signal": Signal})
    assert again == value
    assert again is not value


@pytest.mark.parametrize(
    "value", [value for value in VALUES if isinstance(value, Decision | Signal)], ids=lambda value: type(value).__name__
)
def test_decisions_and_signals_cannot_be_changed(value: object) -> None:
    name = next(iter(vars(value)))
    with pytest.raises(FrozenInstanceError):
        setattr(value, name, "other")


def test_values_of_different_content_or_kind_are_different() -> None:
    assert len({repr(value) for value in VALUES}) == len(VALUES)
    for value in VALUES:
        assert [other for other in VALUES if other == value] == [value]
    assert ActivityCanceled("x") != ActivityFailed("x")
    assert Timer(1) != Timer(2)


def test_events_compare_without_their_time() -> None:
    now = datetime.now(UTC)
    assert SignalEvent(Signal("a"), datetime=now) == SignalEvent(Signal("a"), datetime=now + timedelta(days=1))
    assert SignalEvent(Signal("a"), datetime=now) != SignalEvent(Signal("b"), datetime=now)
    assert DecisionStartedEvent(identity="one") == DecisionStartedEvent(identity="other")


def test_a_time_without_its_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="SignalEvent: datetime= must be aware"):
        SignalEvent(Signal("a"), datetime=datetime(2026, 1, 1))  # noqa: DTZ001


def test_every_kind_of_event_decision_and_result_has_a_type_of_its_own() -> None:
    for module, base in (
        (pyworkflow.event, Event),
        (pyworkflow.decision, Decision),
        (pyworkflow.activity, ActivityResult),
        (pyworkflow.process, ProcessResult),
    ):
        kinds = [
            cls
            for _, cls in inspect.getmembers(module, inspect.isclass)
            if issubclass(cls, base) and "type" in vars(cls)
        ]
        assert len(kinds) >= 4
        assert len({cls.type for cls in kinds}) == len(kinds)


@pytest.mark.parametrize("result", [ActivityCanceled("a"), ActivityFailed("a"), ActivityTimedOut("a")])
def test_an_interrupted_result_can_be_raised(result: Exception) -> None:
    with pytest.raises(type(result)) as raised:
        raise result
    assert raised.value is result
    assert str(result) == repr(result)


def test_names_are_those_of_the_classes_less_what_they_are() -> None:
    class Activity_(Activity):
        pass

    assert (PayActivity.name, OrderWorkflow.name, OrderWorkflow().name) == ("Pay", "Order", "Order")
    assert (Activity.name, Workflow.name, Activity_.name) == ("Activity", "Workflow", "Activity_")


def test_a_name_can_be_given_and_is_inherited() -> None:
    class OldWorkflow(Workflow):
        name = "Order"

    class NewWorkflow(OldWorkflow):
        pass

    assert (OldWorkflow.name, NewWorkflow.name, NewWorkflow().name) == ("Order", "Order", "Order")


def test_activities_and_workflows_can_be_named_by_their_class() -> None:
    assert ScheduleActivity(PayActivity).activity == ScheduleActivity("Pay").activity == "Pay"
    assert Process(OrderWorkflow).workflow == Process(OrderWorkflow()).workflow == Process("Order").workflow == "Order"


def test_an_activity_is_canceled_by_its_id_or_by_what_has_it() -> None:
    scheduled = ScheduleActivity("Pay", id=7)
    execution = ActivityExecution("Pay", 7)  # type: ignore[arg-type]
    assert CancelActivity(7) == CancelActivity(id=7) == CancelActivity(scheduled) == CancelActivity(execution)
    assert CancelActivity(7).id == "7"


def test_a_timer_is_canceled_by_its_id_or_by_an_equal_timer() -> None:
    assert CancelTimer(Timer(5, id="t")) == CancelTimer("t")
    assert CancelTimer(Timer(5, DATA)).timer == Timer(5, DATA)


def test_only_a_scheduled_activity_makes_itself_an_id() -> None:
    assert ScheduleActivity("Pay").id != ScheduleActivity("Pay").id
    assert Timer(5).id is None
    assert StartChildProcess(Process("Order")).process.id is None


def test_within_activity_ids_the_ids_come_in_that_order_and_given_ones_take_none() -> None:
    with activity_ids(iter(["a", "b"])):
        made = [ScheduleActivity("Pay"), ScheduleActivity("Pay", id="x"), ScheduleActivity("Pay")]
    assert [one.id for one in made] == ["a", "x", "b"]
    assert ScheduleActivity("Pay").id not in ("a", "b")


def test_results_can_be_kept_in_sets_though_their_contents_cannot() -> None:
    assert len({ActivityCompleted(DATA), ActivityCompleted(DATA), ActivityFailed(DATA)}) == 2


def test_an_activitys_ending_knows_which_activity_it_was() -> None:
    execution = ActivityExecution("Pay", "1", DATA)
    assert ActivityEvent(execution, ActivityCompleted(1)) != ActivityEvent(execution, ActivityCompleted(2))
    assert ActivityEvent(execution, ActivityCompleted(1)) == ActivityEvent(execution, ActivityCompleted(1))
