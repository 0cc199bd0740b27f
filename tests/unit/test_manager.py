"""The manager: names on the backend's side, classes on ours."""

from __future__ import annotations

from typing import Any

import pytest

from pyworkflow import ActivityExecution, Process
from pyworkflow.activity import ActivityCompleted
from pyworkflow.decision import CompleteProcess, ScheduleActivity
from pyworkflow.exceptions import ConfigurationException, UnknownProcessException, UnknownWorkflowException
from pyworkflow.managed import Activity, ActivityMonitor, Manager, Workflow
from pyworkflow.memory import MemoryBackend
from pyworkflow.signal import Signal
from pyworkflow.task import ActivityTask, DecisionTask


class PayActivity(Activity):
    category = "payments"
    scheduled_timeout = 1
    execution_timeout = 2
    heartbeat_timeout = 3
    restart_lost = False


class OrderWorkflow(Workflow):
    category = "orders"
    timeout = 4
    decision_timeout = 5
    activities = [PayActivity]


class RefundWorkflow(Workflow):
    activities = (PayActivity,)


@pytest.fixture
def manager() -> Manager:
    return Manager(MemoryBackend(), [OrderWorkflow, RefundWorkflow])


def test_it_knows_its_classes_by_name(manager: Manager) -> None:
    assert manager.workflows == {"Order": OrderWorkflow, "Refund": RefundWorkflow}
    assert manager.activities == {"Pay": PayActivity}


def test_categories_and_time_outs_of_the_classes_are_registered(manager: Manager) -> None:
    process_id = manager.start_process(Process(OrderWorkflow))
    pending = manager.backend.pending(process_id)
    assert pending.decision is not None
    assert pending.decision.category == "orders"
    started = manager.process_by_id(process_id).history[0].datetime
    assert pending.timeout_at is not None
    assert (pending.timeout_at - started).total_seconds() == 4

    task = manager.next_decision(category="orders")
    assert task is not None
    [running] = [manager.backend.pending(process_id).decision]
    assert running is not None
    assert running.deadline is not None
    assert (running.deadline - running.since).total_seconds() == 5

    manager.complete_task(task, ScheduleActivity(PayActivity))
    [activity] = manager.backend.pending(process_id).activities
    assert (activity.category, activity.timeout) == ("payments", "scheduled")
    assert (activity.deadline - activity.since).total_seconds() == 1
    assert manager.next_activity(category="payments") is not None
    [activity] = manager.backend.pending(process_id).activities
    assert (activity.timeout, (activity.deadline - activity.since).total_seconds()) == ("execution", 2)


def test_an_activity_that_must_not_run_twice_is_registered_so(manager: Manager) -> None:
    process_id = manager.start_process(Process(RefundWorkflow))
    decision = manager.next_decision()
    assert decision is not None
    manager.complete_task(decision, ScheduleActivity(PayActivity))
    task = manager.next_activity(category="payments")
    assert task is not None
    manager.backend.release(task)
    last = manager.process_by_id(process_id).history[-1]
    assert "timeout='worker'" in repr(last)


def test_a_process_can_be_named_by_itself_or_its_id(manager: Manager) -> None:
    for make in (lambda process_id: process_id, manager.process_by_id):
        process_id = manager.start_process(Process(OrderWorkflow))
        manager.signal_process(make(process_id), Signal("paid", 5))
        manager.signal_process(make(process_id), "sent", {"to": "me"})
        manager.request_cancel_process(make(process_id), "please")
        manager.cancel_process(make(process_id), "now")
        history = manager.process_by_id(process_id).history
        assert [event.type for event in history[1:]] == ["signal", "signal", "cancel_requested", "process_closed"]
        assert [event.signal for event in history[1:3]] == [Signal("paid", 5), Signal("sent", {"to": "me"})]  # type: ignore[attr-defined]
    with pytest.raises(UnknownProcessException):
        manager.signal_process("nobody", Signal("paid"))


def test_open_processes_are_found_by_class_and_by_tag(manager: Manager) -> None:
    for id, workflow, tags in (("1", OrderWorkflow, ["a"]), ("2", OrderWorkflow, []), ("3", RefundWorkflow, ["a"])):
        manager.start_process(Process(workflow, id, tags=tags))
    assert [one.id for one in manager.processes()] == ["1", "2", "3"]
    assert [one.id for one in manager.processes(workflow=OrderWorkflow)] == ["1", "2"]
    assert [one.id for one in manager.processes("Refund")] == ["3"]
    assert [one.id for one in manager.processes(workflow=OrderWorkflow, tag="a")] == ["1"]


def test_tasks_find_their_classes(manager: Manager) -> None:
    monitor = ActivityMonitor()
    task = ActivityTask(ActivityExecution("Pay", "1", {"euro": 5}))
    activity = manager.activity_for_task(task, monitor)
    assert activity == PayActivity(task, monitor)
    assert (activity.input, activity.task, activity.monitor) == ({"euro": 5}, task, monitor)
    assert manager.workflow_for_task(DecisionTask(Process("Order"))) == OrderWorkflow()


def test_tasks_for_classes_that_are_not_there_are_errors_that_name_them(manager: Manager) -> None:
    with pytest.raises(UnknownWorkflowException, match="Parcel"):
        manager.workflow_for_task(DecisionTask(Process("Parcel")))
    with pytest.raises(ConfigurationException, match="names an activity 'Parcel' in its `activities`"):
        manager.activity_for_task(ActivityTask(ActivityExecution("Parcel", "1")))


def test_completing_goes_by_the_kind_of_task(manager: Manager) -> None:
    process_id = manager.start_process(Process(RefundWorkflow))
    decision = manager.next_decision()
    assert decision is not None
    assert manager.complete_task(decision, [ScheduleActivity(PayActivity, "1")]) is True
    activity = manager.next_activity(category="payments")
    assert activity is not None
    assert manager.complete_task(activity, 7) is True
    last: Any = manager.process_by_id(process_id).history[-1]
    assert last.result == ActivityCompleted(7)
    decision = manager.next_decision()
    assert decision is not None
    manager.signal_process(process_id, "late")
    assert manager.complete_task(decision, CompleteProcess()) is False


def test_a_copy_on_another_backend_has_the_same_classes(manager: Manager) -> None:
    other = manager.copy_with_backend(MemoryBackend())
    assert other.backend is not manager.backend
    assert (other.workflows, other.activities) == (manager.workflows, manager.activities)
    other.start_process(Process(OrderWorkflow))
    assert list(manager.processes()) == []


def test_two_classes_of_one_name_are_refused_and_the_same_class_twice_is_not() -> None:
    class Other(Workflow):
        name = "Order"

    class OtherPay(Activity):
        name = "Pay"

    class ParcelWorkflow(Workflow):
        activities = (OtherPay,)

    Manager(MemoryBackend(), [OrderWorkflow, OrderWorkflow])
    with pytest.raises(ConfigurationException, match=r"OrderWorkflow and .*Other are both named 'Order'"):
        Manager(MemoryBackend(), [OrderWorkflow, Other])
    with pytest.raises(ConfigurationException, match=r"PayActivity and .*OtherPay are both named 'Pay'"):
        Manager(MemoryBackend(), [OrderWorkflow, ParcelWorkflow])


def test_what_is_no_workflow_or_no_activity_is_refused_and_named() -> None:
    class WrongWorkflow(Workflow):
        activities = ("Pay",)  # type: ignore[assignment]

    with pytest.raises(ConfigurationException, match=r"WrongWorkflow\.activities: 'Pay' is not a subclass of Activity"):
        Manager(MemoryBackend(), [WrongWorkflow])
    with pytest.raises(ConfigurationException, match="workflows: 'Order' is not a subclass of Workflow"):
        Manager(MemoryBackend(), ["Order"])  # type: ignore[list-item]
