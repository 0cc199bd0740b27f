"""The backend against the server of moto, over HTTP: what moto does as Amazon SWF does.

moto 5 has neither time-outs of activities but that of heartbeats, nor children, requests to cancel, and continuing as
new; its listings know neither pages nor most filters. For all of that see the contract suite on the fake service.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from time import monotonic

import pytest

from pyworkflow import Process
from pyworkflow.activity import ActivityCompleted, ActivityExecution, ActivityFailed, ActivityTimedOut
from pyworkflow.amazonswf import AmazonSWFBackend
from pyworkflow.decision import CancelProcess, CompleteProcess, FailProcess, RecordMarker, ScheduleActivity, Timer
from pyworkflow.event import (
    ActivityEvent,
    ActivityStartedEvent,
    DecisionEvent,
    DecisionStartedEvent,
    Event,
    ProcessClosedEvent,
    ProcessStartedEvent,
    SignalEvent,
    TimerEvent,
)
from pyworkflow.exceptions import (
    ProcessAlreadyStartedException,
    ProcessClosedException,
    UnknownActivityException,
    UnknownDecisionException,
    UnknownProcessException,
)
from pyworkflow.managed import Manager
from pyworkflow.managed.worker import ActivityWorker, DecisionWorker, WorkerThread
from pyworkflow.process import ProcessCanceled, ProcessCompleted, ProcessFailed, ProcessResult
from pyworkflow.signal import Signal
from pyworkflow.task import ActivityTask, DecisionTask
from pyworkflow.testing.trips import AddActivity, SumWorkflow

PATIENCE = 30.0


@pytest.fixture
def another(moto_url: str, domain: str) -> Iterator[Callable[[], AmazonSWFBackend]]:
    """Makes backend objects over this test's domain."""
    made: list[AmazonSWFBackend] = []

    def make() -> AmazonSWFBackend:
        made.append(AmazonSWFBackend("AKIA", "secret", "us-east-1", domain, endpoint_url=moto_url))
        made[-1].register_workflow("Order")
        made[-1].register_activity("Pay", heartbeat_timeout=1)
        return made[-1]

    yield make
    for backend in made:
        backend.close()


@pytest.fixture
def backend(another: Callable[[], AmazonSWFBackend]) -> AmazonSWFBackend:
    return another()


def decision(backend: AmazonSWFBackend) -> DecisionTask:
    task = backend.poll_decision_task(wait=PATIENCE)
    assert task is not None
    return task


def activity(backend: AmazonSWFBackend) -> ActivityTask:
    task = backend.poll_activity_task(wait=PATIENCE)
    assert task is not None
    return task


def test_a_process_lives_from_its_start_to_its_end(
    backend: AmazonSWFBackend, another: Callable[[], AmazonSWFBackend]
) -> None:
    execution, failed = ActivityExecution("Pay", "1", [7]), ActivityFailed("why", {"at": [1]})
    backend.start_process(Process("Order", "p", {"n": 1}))
    backend.signal_process("p", "go", 0)
    scheduled = ScheduleActivity("Pay", id="1", input=[7])
    backend.complete_decision_task(decision(backend), [scheduled, RecordMarker("m", "noted")])
    other = another()
    task = activity(other)
    assert (task.activity_execution, task.process_id) == (execution, "p")
    assert backend.heartbeat_activity_task(task, "alive").cancel_requested is False
    backend.complete_activity_task(ActivityTask.of_token(str(task.context)), failed)
    last = decision(other)
    history: list[Event] = [
        ProcessStartedEvent(),
        SignalEvent(Signal("go", 0)),
        DecisionStartedEvent(),
        DecisionEvent(scheduled),
        DecisionEvent(RecordMarker("m", "noted")),
        ActivityStartedEvent(execution),
        ActivityEvent(execution, failed),
        DecisionStartedEvent(),
    ]
    assert last.process == Process("Order", "p", {"n": 1}, history=history)
    assert other.complete_decision_task(last, CompleteProcess("done")) is True
    assert backend.process_by_id("p").history == [*history, DecisionEvent(CompleteProcess("done"))]
    assert backend.process_by_id("p").result == ProcessCompleted("done")


@pytest.mark.parametrize(
    ("closing", "result"),
    [
        (CompleteProcess([1]), ProcessCompleted([1])),
        (CancelProcess("why"), ProcessCanceled("why")),
        (FailProcess("why", [1]), ProcessFailed("why", [1])),
    ],
)
def test_a_process_closes(
    closing: CompleteProcess | CancelProcess | FailProcess, result: ProcessResult, backend: AmazonSWFBackend
) -> None:
    backend.start_process(Process("Order", "p"))
    task = decision(backend)
    assert backend.complete_decision_task(task, closing) is True
    assert backend.process_by_id("p").result == result
    with pytest.raises(UnknownDecisionException):
        backend.complete_decision_task(task, closing)
    with pytest.raises(ProcessClosedException):
        backend.signal_process("p", "go", 1)


def test_a_process_is_canceled_from_outside(backend: AmazonSWFBackend) -> None:
    backend.start_process(Process("Order", "p"))
    backend.cancel_process("p", {"why": 1})
    assert backend.process_by_id("p").history[1:] == [ProcessClosedEvent(ProcessCanceled({"why": 1}), "cancel")]
    with pytest.raises(UnknownProcessException):
        backend.cancel_process("nobody")


def test_an_id_is_taken_while_its_process_is_open(backend: AmazonSWFBackend) -> None:
    backend.start_process(Process("Order", "p", 1))
    with pytest.raises(ProcessAlreadyStartedException):
        backend.start_process(Process("Order", "p", 2))
    backend.complete_decision_task(decision(backend), CompleteProcess())
    backend.start_process(Process("Order", "p", 3))
    assert backend.process_by_id("p").input == 3


def test_a_signal_that_comes_while_deciding_is_for_the_next_decision(backend: AmazonSWFBackend) -> None:
    backend.start_process(Process("Order", "p"))
    task = decision(backend)
    backend.signal_process("p", "go", 1)
    assert backend.poll_decision_task() is None
    assert backend.complete_decision_task(task, [RecordMarker("m"), CompleteProcess()]) is False
    again = decision(backend)
    assert again.process.unseen_events() == [ProcessStartedEvent(), SignalEvent(Signal("go", 1))]
    assert backend.complete_decision_task(again, []) is True


def test_a_timer_fires(backend: AmazonSWFBackend) -> None:
    backend.start_process(Process("Order", "p"))
    backend.complete_decision_task(decision(backend), Timer(0.1, "wake up"))
    assert decision(backend).process.history[-2] == TimerEvent(Timer(0.1, "wake up"))


def test_an_activity_without_a_sign_of_life_times_out(backend: AmazonSWFBackend) -> None:
    backend.start_process(Process("Order", "p"))
    backend.complete_decision_task(decision(backend), ScheduleActivity("Pay", id="1"))
    task = activity(backend)
    ended = ActivityEvent(task.activity_execution, ActivityTimedOut(timeout="heartbeat"))
    assert decision(backend).process.history[-2] == ended


def test_an_activity_ends_once(backend: AmazonSWFBackend) -> None:
    backend.start_process(Process("Order", "p"))
    backend.complete_decision_task(decision(backend), ScheduleActivity("Pay", id="1"))
    task = activity(backend)
    backend.complete_activity_task(task, 1)
    with pytest.raises(UnknownActivityException):
        backend.complete_activity_task(task, 2)
    assert backend.process_by_id("p").history[-1] == ActivityEvent(task.activity_execution, ActivityCompleted(1))


def test_open_and_closed_processes_are_listed(backend: AmazonSWFBackend) -> None:
    for id in ("a", "b", "c"):
        backend.start_process(Process("Order", id))
    backend.cancel_process("b")
    assert {process.id for process in backend.processes()} == {"a", "c"}
    assert [process.id for process in backend.processes(status="closed")] == ["b"]
    assert {(summary.id, summary.status) for summary in backend.summaries()} == {
        ("a", "open"),
        ("b", "canceled"),
        ("c", "open"),
    }


def test_many_pollers_do_every_activity_once(another: Callable[[], AmazonSWFBackend]) -> None:
    backend = another()
    backend.register_activity("Pay", heartbeat_timeout=600)  # nothing times out on a busy machine
    backend.start_process(Process("Order", "p"))
    backend.complete_decision_task(decision(backend), [ScheduleActivity("Pay", id=number) for number in range(20)])
    done: list[str] = []
    until = monotonic() + PATIENCE

    def serve(worker: AmazonSWFBackend) -> None:
        while len(done) < 20 and monotonic() < until:
            task = worker.poll_activity_task(wait=1)
            if task is not None:
                worker.complete_activity_task(task)
                done.append(task.activity_execution.id)

    threads = [threading.Thread(target=serve, args=(another(),)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert sorted(done, key=int) == [str(number) for number in range(20)]


def test_workers_in_threads_bring_a_process_to_its_end(another: Callable[[], AmazonSWFBackend]) -> None:
    manager = Manager(another(), workflows=[SumWorkflow])
    executing = ActivityWorker(manager.copy_with_backend(another()), category=AddActivity.category)
    threads = [WorkerThread(DecisionWorker(manager)), WorkerThread(executing)]
    for thread in threads:
        thread.start()
    try:
        process_id = manager.start_process(Process(SumWorkflow, input=[4, 5]))
        after: int | None = None
        while manager.process_by_id(process_id).result is None:
            cursor = manager.backend.events(process_id, after=after, wait=PATIENCE).cursor
            assert cursor is not None, "the process does not go on"
            after = int(cursor)
    finally:
        for timeout in (0, PATIENCE):
            for thread in threads:
                thread.join(timeout)
    ended = [event.result for event in manager.process_by_id(process_id).history if isinstance(event, ActivityEvent)]
    assert ended == [ActivityCompleted(9)]
