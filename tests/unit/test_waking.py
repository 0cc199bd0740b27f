"""Polls that wait are woken by what they wait for: here there is no slow polling behind it that could hide a miss."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from pyworkflow.backend import Backend
from pyworkflow.decision import CompleteProcess, ScheduleActivity, Timer
from pyworkflow.engine import backend as engine
from pyworkflow.exceptions import BackendException
from pyworkflow.memory import MemoryBackend
from pyworkflow.process import Process
from pyworkflow.sqlite import SQLiteBackend

WAIT = 20.0  # what a poll that is not woken takes, to bring nothing


@pytest.fixture(autouse=True)
def _nobody_looks_by_himself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "LONGEST_WAIT", 1000.0)


@pytest.fixture(params=["memory", "sqlite"])
def backend(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Backend]:
    made: Backend = MemoryBackend() if request.param == "memory" else SQLiteBackend(tmp_path / "processes.db")
    made.register_workflow("Order")
    made.register_activity("Pay")
    with made:
        yield made


@pytest.fixture
def waiting() -> Iterator[Callable[..., Any]]:
    """Calls something that waits in a thread of its own, and returns its future when the thread is about to wait."""
    with ThreadPoolExecutor() as pool:

        def begin(call: Callable[[], Any]) -> Any:
            begun = threading.Event()
            future = pool.submit(lambda: (begun.set(), call())[1])
            begun.wait()
            return future

        yield begin


def test_a_decision_that_falls_due_wakes_a_poll(backend: Backend, waiting: Callable[..., Any]) -> None:
    for number in range(20):
        poll = waiting(partial(backend.poll_decision_task, wait=WAIT))
        backend.start_process(Process("Order", str(number)))
        assert poll.result().process.id == str(number)


def test_an_activity_wakes_a_poll(backend: Backend, waiting: Callable[..., Any]) -> None:
    for number in range(20):
        backend.start_process(Process("Order", str(number)))
        task = backend.poll_decision_task()
        poll = waiting(partial(backend.poll_activity_task, wait=WAIT))
        assert task is not None
        backend.complete_decision_task(task, ScheduleActivity("Pay"))
        assert poll.result().process_id == str(number)


def test_a_fork_wakes_polls_for_what_is_due_in_it(backend: Backend, waiting: Callable[..., Any]) -> None:
    backend.start_process(Process("Order", "p"))
    task = backend.poll_decision_task()
    assert task is not None
    backend.complete_decision_task(task, ScheduleActivity("Pay"))
    assert backend.poll_activity_task() is not None
    run = backend.process_by_id("p")
    for number in range(20):
        poll = waiting(partial(backend.poll_decision_task, wait=WAIT))
        backend.fork_process(run, 1, id=f"d{number}")
        assert poll.result().process.id == f"d{number}"
        poll = waiting(partial(backend.poll_activity_task, wait=WAIT))
        backend.fork_process(run, 3, id=f"a{number}")
        assert poll.result().process_id == f"a{number}"


def test_a_timer_wakes_a_poll_when_it_is_due(backend: Backend) -> None:
    backend.start_process(Process("Order", "p"))
    task = backend.poll_decision_task()
    assert task is not None
    backend.complete_decision_task(task, Timer(0.05))
    again = backend.poll_decision_task(wait=WAIT)
    assert again is not None
    assert again.process.history[-2].type == "timer"


def test_a_decision_that_failed_wakes_a_poll_when_it_is_offered_again(backend: Backend) -> None:
    backend.start_process(Process("Order", "p"))
    task = backend.poll_decision_task()
    assert task is not None
    backend.fail_decision_task(task, "bug")
    assert backend.poll_decision_task(wait=WAIT) is not None


def test_an_event_wakes_all_who_wait_for_events(backend: Backend, waiting: Callable[..., Any]) -> None:
    backend.start_process(Process("Order", "p"))
    after = backend.events().items[-1].seq
    polls = [waiting(partial(backend.events, after=after, wait=WAIT)) for _ in range(3)]
    backend.signal_process("p", "go")
    assert [len(poll.result().items) for poll in polls] == [1, 1, 1]


def test_an_interrupt_and_a_close_wake_all(backend: Backend, waiting: Callable[..., Any]) -> None:
    for end in (backend.interrupt, backend.close):
        polls = [waiting(partial(backend.poll_decision_task, wait=WAIT)) for _ in range(3)]
        while not all(poll.done() for poll in polls):
            end()
        for poll in polls:
            # One that began after the close hears so.
            assert isinstance(poll.exception(), BackendException) if poll.exception() else poll.result() is None


def test_what_another_backend_over_the_same_file_brings_wakes_a_poll(
    tmp_path: Path, waiting: Callable[..., Any]
) -> None:
    path = tmp_path / "processes.db"
    with SQLiteBackend(path) as backend, SQLiteBackend(path) as other:
        other.register_workflow("Order")
        for number in range(20):
            poll = waiting(partial(backend.poll_decision_task, wait=WAIT))
            other.start_process(Process("Order", str(number)))
            assert poll.result().process.id == str(number)


def test_more_than_a_pipe_takes_in_one_piece_wakes_everybody(tmp_path: Path, waiting: Callable[..., Any]) -> None:
    path = tmp_path / "processes.db"
    with SQLiteBackend(path) as backend, SQLiteBackend(path) as other:
        for one in (backend, other):
            one.register_workflow("Order")
            one.register_activity("Pay", category="x" * 600)
        backend.start_process(Process("Order"))
        task = backend.poll_decision_task()
        poll = waiting(partial(other.poll_activity_task, "x" * 600, wait=WAIT))
        assert task is not None
        backend.complete_decision_task(task, [ScheduleActivity("Pay") for _ in range(50)])
        assert poll.result() is not None


def test_the_end_of_a_process_wakes_who_waits_for_its_events_in_another(
    tmp_path: Path, waiting: Callable[..., Any]
) -> None:
    with SQLiteBackend(tmp_path / "processes.db") as worker, SQLiteBackend(tmp_path / "processes.db") as client:
        worker.register_workflow("Order")
        for number in range(20):
            worker.start_process(Process("Order", str(number)))
            task = worker.poll_decision_task()
            assert task is not None
            seen = client.events(str(number)).items[-1].seq
            page = waiting(partial(client.events, str(number), after=seen, wait=WAIT))
            worker.complete_decision_task(task, CompleteProcess())
            assert [one.event.type for one in page.result()] == ["decision"]


def test_who_begins_to_wait_for_events_still_hears_of_tasks(tmp_path: Path, waiting: Callable[..., Any]) -> None:
    with SQLiteBackend(tmp_path / "processes.db") as other, SQLiteBackend(tmp_path / "processes.db") as worker:
        other.register_workflow("Order")
        worker.poll_decision_task(wait=0.01)  # it listens
        other.start_process(Process("Order", "first"))  # and the other knows where
        assert worker.poll_decision_task() is not None
        worker.events("first", after=10**6, wait=0.01)
        poll = waiting(partial(worker.poll_decision_task, wait=WAIT))
        other.start_process(Process("Order", "second"))
        assert poll.result().process.id == "second"
