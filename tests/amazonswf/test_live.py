"""Against Amazon SWF itself, or another service that speaks as it does: only where somebody asks for it.

PYWORKFLOW_SWF_DOMAIN names a domain that is meant for this, and is made if it is missing; PYWORKFLOW_SWF_REGION the
region (us-east-1), PYWORKFLOW_SWF_ENDPOINT another service. The credentials are those that boto3 finds. It takes a
minute or two, since polls that find nothing are held so long, and leaves closed processes behind::

    PYWORKFLOW_SWF_DOMAIN=pyworkflow-tests pytest tests/amazonswf/test_live.py
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from uuid import uuid4

import pytest

from pyworkflow import Process
from pyworkflow.activity import ActivityCanceled, ActivityCompleted, ActivityTimedOut
from pyworkflow.amazonswf import AmazonSWFBackend
from pyworkflow.decision import (
    CancelActivity,
    CompleteProcess,
    ContinueAsNew,
    RecordMarker,
    ScheduleActivity,
    StartChildProcess,
    Timer,
)
from pyworkflow.event import ActivityEvent, CancelRequestedEvent, ChildProcessEvent, SignalEvent, TimerEvent
from pyworkflow.exceptions import ProcessAlreadyStartedException, ProcessClosedException
from pyworkflow.process import ProcessCanceled, ProcessCompleted
from pyworkflow.signal import Signal
from pyworkflow.task import ActivityTask, DecisionTask

DOMAIN = os.environ.get("PYWORKFLOW_SWF_DOMAIN", "")
REGION = os.environ.get("PYWORKFLOW_SWF_REGION", "us-east-1")
PATIENCE = 120.0

pytestmark = [
    pytest.mark.skipif(not DOMAIN, reason="PYWORKFLOW_SWF_DOMAIN names no domain of Amazon SWF"),
    pytest.mark.timeout(600),
]


@pytest.fixture
def category() -> str:
    """A task list of this test's own."""
    return f"pyworkflow-{uuid4()}"


@pytest.fixture
def backend(category: str) -> Iterator[AmazonSWFBackend]:
    endpoint = os.environ.get("PYWORKFLOW_SWF_ENDPOINT")
    with AmazonSWFBackend(region=REGION, domain=DOMAIN, endpoint_url=endpoint) as backend:
        backend.register_workflow("PyworkflowOrder", category=category)
        backend.register_activity("PyworkflowPay", category=category, heartbeat_timeout=30)
        backend.register_activity("PyworkflowNap", category=category, execution_timeout=2)
        yield backend


@pytest.fixture
def process_id(backend: AmazonSWFBackend) -> str:
    return backend.start_process(Process("PyworkflowOrder", str(uuid4()), {"n": [0, "漢字😀"]}, ["x", "y"]))


def decided(backend: AmazonSWFBackend, category: str) -> DecisionTask:
    task = backend.poll_decision_task(category, wait=PATIENCE)
    assert task is not None
    return task


def taken(backend: AmazonSWFBackend, category: str) -> ActivityTask:
    task = backend.poll_activity_task(category, wait=PATIENCE)
    assert task is not None
    return task


def test_activities_timers_signals_and_cancels(backend: AmazonSWFBackend, category: str, process_id: str) -> None:
    with pytest.raises(ProcessAlreadyStartedException):
        backend.start_process(Process("PyworkflowOrder", process_id))
    task = decided(backend, category)
    assert (task.process.input, task.process.tags) == ({"n": [0, "漢字😀"]}, ["x", "y"])
    work = [ScheduleActivity("PyworkflowPay", id="1", input=7), RecordMarker("m", [1]), Timer(1, "wake up")]
    assert backend.complete_decision_task(task, work)
    activity = taken(backend, category)
    assert backend.heartbeat_activity_task(activity, "alive").cancel_requested is False
    assert decided_timer(backend, category)
    backend.complete_activity_task(activity, 49)
    task = decided(backend, category)
    assert task.process.unseen_events()[-1] == ActivityEvent(activity.activity_execution, ActivityCompleted(49))
    backend.signal_process(process_id, "late")
    assert backend.complete_decision_task(task, CompleteProcess("early")) is False  # the signal overtook it
    task = decided(backend, category)
    assert task.process.unseen_events()[-1] == SignalEvent(Signal("late"))
    assert backend.complete_decision_task(task, CompleteProcess("done")) is True
    assert backend.process_by_id(process_id).result == ProcessCompleted("done")
    with pytest.raises(ProcessClosedException):
        backend.signal_process(process_id, "go")


def decided_timer(backend: AmazonSWFBackend, category: str) -> bool:
    """Take the decision that the timer leads to, and decide nothing."""
    task = decided(backend, category)
    return TimerEvent(Timer(1, "wake up")) in task.process.unseen_events() and backend.complete_decision_task(task, [])


def test_an_activity_is_asked_to_cancel_and_another_times_out(
    backend: AmazonSWFBackend, category: str, process_id: str
) -> None:
    backend.complete_decision_task(decided(backend, category), ScheduleActivity("PyworkflowPay", id="1"))
    activity = taken(backend, category)
    backend.request_cancel_process(process_id)
    task = decided(backend, category)
    assert task.process.unseen_events()[-1] == CancelRequestedEvent()
    backend.complete_decision_task(task, CancelActivity("1"))
    assert backend.heartbeat_activity_task(activity).cancel_requested is True
    backend.complete_activity_task(activity, ActivityCanceled("half"))
    task = decided(backend, category)
    assert task.process.unseen_events()[-1] == ActivityEvent(activity.activity_execution, ActivityCanceled("half"))
    backend.complete_decision_task(task, ScheduleActivity("PyworkflowNap", id="1"))
    nap = taken(backend, category)
    ended = ActivityEvent(nap.activity_execution, ActivityTimedOut(timeout="execution"))
    assert decided(backend, category).process.unseen_events()[-1] == ended
    backend.cancel_process(process_id, "enough")
    assert backend.process_by_id(process_id).result == ProcessCanceled("enough")


def test_children_and_runs(backend: AmazonSWFBackend, category: str, process_id: str) -> None:
    child = StartChildProcess(Process("PyworkflowOrder", f"{process_id}-child", 1, ["t"]), "TERMINATE")
    backend.complete_decision_task(decided(backend, category), child)
    task = decided(backend, category)
    assert (task.process.id, task.process.parent) == (f"{process_id}-child", process_id)
    backend.complete_decision_task(task, ContinueAsNew(2))
    task = decided(backend, category)
    assert (task.process.input, task.process.run) == (2, 2)
    backend.complete_decision_task(task, CompleteProcess(3))
    task = decided(backend, category)
    heard = ChildProcessEvent(f"{process_id}-child", ProcessCompleted(3), "PyworkflowOrder", ["t"])
    assert task.process.unseen_events()[-1] == heard
    assert backend.complete_decision_task(task, CompleteProcess()) is True
