"""The calls that code from 2013 makes: their names, the order of what they take, and the defaults."""

from __future__ import annotations

import importlib
import inspect
from typing import Any

import pytest

from pyworkflow.backend import Backend
from pyworkflow.defaults import Defaults
from pyworkflow.managed import Activity, ActivityMonitor, Manager
from pyworkflow.managed.worker import ActivityWorker, DecisionWorker, WorkerThread

SIGNATURES = {
    "process.Process": "workflow=None, id=None, input=None, tags=None, history=None, parent=None",
    "process.Process.unseen_events": "self",
    "process.Process.unfinished_activities": "self",
    "process.Process.untriggered_timers": "self, disregard_unseen=False",
    "process.Process.has_event": "self, event",
    "process.Process.has_decision": "self, decision",
    "process.ProcessCompleted": "result=None",
    "process.ProcessCanceled": "details=None",
    "process.ProcessTimedOut": "details=None",
    "activity.ActivityExecution": "activity, id, input=None",
    "activity.ActivityCompleted": "result=None",
    "activity.ActivityCanceled": "details=None",
    "activity.ActivityFailed": "reason=None, details=None",
    "activity.ActivityTimedOut": "details=None, timeout=None",
    "decision.ScheduleActivity": "activity, id=None, category=None, input=None",
    "decision.CancelActivity": "activity_or_id=None, id=None",
    "decision.CompleteProcess": "result=None",
    "decision.CancelProcess": "details=None",
    "decision.StartChildProcess": "process, child_policy='ABANDON'",
    "decision.Timer": "delay, data=None, id=None",
    "decision.FailProcess": "reason=None, details=None",
    "decision.ContinueAsNew": "input=None",
    "decision.SignalProcess": "process_id, signal",
    "decision.RequestCancelProcess": "process_id, details=None",
    "decision.RecordMarker": "name, data=None",
    "decision.CancelTimer": "timer",
    "event.DecisionEvent": "decision, datetime=now",
    "event.ActivityStartedEvent": "activity_execution, identity=None, datetime=now",
    "event.ActivityEvent": "activity_execution, result, datetime=now",
    "event.SignalEvent": "signal, datetime=now",
    "event.TimerEvent": "timer, datetime=now",
    "event.ChildProcessEvent": "process_id, result, workflow=None, tags=None, datetime=now",
    "event.ProcessStartedEvent": "datetime=now",
    "signal.Signal": "name, data=None",
    "task.ActivityTask": "activity_execution, process_id=None, context=None",
    "task.DecisionTask": "process, context=None",
    "managed.Activity": "task, monitor=None",
    "managed.Activity.heartbeat": "self, details=None",
    "managed.ActivityMonitor": "heartbeat_fn=None",
    "managed.Workflow.decide": "self, process",
    "managed.Manager.start_process": "self, process",
    "managed.Manager.signal_process": "self, process_or_id, signal, data=None",
    "managed.Manager.cancel_process": "self, process_or_id, details=None",
    "managed.Manager.heartbeat": "self, task, details=None",
    "managed.Manager.process_by_id": "self, process_id",
    "managed.Manager.processes": "self, workflow=None, tag=None",
    "managed.Manager.workflow_for_task": "self, task",
    "managed.Manager.activity_for_task": "self, task, monitor=None",
    "managed.Manager.complete_task": "self, task, result=None",
    "managed.Manager.copy_with_backend": "self, backend",
    "managed.worker.WorkerThread": "worker, logger=None, delay_on_idle=1",
    "managed.worker.ActivityWorker.step": "self, logger=None",
    "managed.worker.DecisionWorker.step": "self, logger=None",
}


def found(dotted: str) -> Any:
    """What the name stands for: a module's attribute, or one further inside."""
    module, rest = "pyworkflow", dotted.split(".")
    while rest[0].islower():
        module = f"{module}.{rest.pop(0)}"
    thing = importlib.import_module(module)
    for name in rest:
        thing = getattr(thing, name)
    return thing


def written(parameters: list[inspect.Parameter]) -> str:
    defaults = {one.name: "now" if one.name == "datetime" else repr(one.default) for one in parameters}
    return ", ".join(one.name if one.default is one.empty else f"{one.name}={defaults[one.name]}" for one in parameters)


@pytest.mark.parametrize("name", SIGNATURES)
def test_a_call_takes_what_it_took(name: str) -> None:
    parameters = list(inspect.signature(found(name)).parameters.values())
    positional = [one for one in parameters if one.kind is one.POSITIONAL_OR_KEYWORD or one.name == "datetime"]
    assert written(positional) == SIGNATURES[name]


@pytest.mark.parametrize(
    ("call", "names"),
    [
        (Backend.register_workflow, ["name", "category", "timeout", "decision_timeout"]),
        (
            Backend.register_activity,
            ["name", "category", "scheduled_timeout", "execution_timeout", "heartbeat_timeout"],
        ),
        (Backend.start_process, ["process"]),
        (Backend.signal_process, ["process_id", "signal", "data"]),
        (Backend.cancel_process, ["process_id", "details"]),
        (Backend.heartbeat_activity_task, ["task"]),
        (Backend.complete_decision_task, ["task", "decisions"]),
        (Backend.complete_activity_task, ["task", "result"]),
        (Backend.process_by_id, ["process_id"]),
        (Backend.processes, ["workflow", "tag"]),
        (Backend.poll_activity_task, ["category", "identity"]),
        (Backend.poll_decision_task, ["category", "identity"]),
        (Manager.next_decision, ["identity", "category"]),
        (Manager.next_activity, ["identity", "category"]),
        (Manager, ["backend", "workflows"]),
        (ActivityWorker, ["manager", "name", "category"]),
        (DecisionWorker, ["manager", "name", "category"]),
        (WorkerThread, ["worker", "logger", "delay_on_idle"]),
        (Activity, ["task", "monitor"]),
        (ActivityMonitor, ["heartbeat_fn"]),
    ],
)
def test_what_a_call_took_comes_first_and_in_that_order(call: Any, names: list[str]) -> None:
    taken = [name for name in inspect.signature(call).parameters if name != "self"]
    assert taken[: len(names)] == names


def test_the_defaults_are_those_of_2013_but_that_an_activity_waits_for_a_worker_as_long_as_it_takes() -> None:
    year = 365 * 24 * 3600
    assert (year, 60, "default") == (Defaults.WORKFLOW_TIMEOUT, Defaults.DECISION_TIMEOUT, Defaults.DECISION_CATEGORY)
    assert year == Defaults.ACTIVITY_SCHEDULED_TIMEOUT
    assert Defaults.ACTIVITY_EXECUTION_TIMEOUT == Defaults.ACTIVITY_HEARTBEAT_TIMEOUT == year
    assert Defaults.ACTIVITY_CATEGORY == "default"
