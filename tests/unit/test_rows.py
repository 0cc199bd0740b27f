"""The rows in memory, and the queues that they stand in: what is over is not kept."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pyworkflow import Process
from pyworkflow.backend import Backend
from pyworkflow.datastore import DatastoreBackend, FileSystemDatastore
from pyworkflow.decision import CompleteProcess, Decision, ScheduleActivity, Timer
from pyworkflow.memory import MemoryBackend
from pyworkflow.memory.rows import SPARE, Rows
from pyworkflow.testing import Clock

LONG = 3e7  # seconds: about a year


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def backend(clock: Clock) -> Iterator[MemoryBackend]:
    with MemoryBackend(clock=clock) as backend:
        ready(backend)
        yield backend


def ready(backend: Backend) -> None:
    backend.register_workflow("Order")
    backend.register_activity("Pay")


def decide(backend: Backend, *decisions: Decision) -> None:
    task = backend.poll_decision_task()
    assert task is not None
    assert backend.complete_decision_task(task, decisions)


def run_one(backend: Backend, process_id: str) -> None:
    """A process that leaves a timer of a year behind."""
    backend.start_process(Process("Order", process_id))
    decide(backend, Timer(LONG), ScheduleActivity("Pay"))
    task = backend.poll_activity_task()
    assert task is not None
    backend.complete_activity_task(task)
    decide(backend, CompleteProcess())


def test_processes_that_are_over_and_forgotten_leave_nothing(backend: MemoryBackend, clock: Clock) -> None:
    backend.start_process(Process("Order", "stays open"))
    decide(backend)
    for number in range(2 * SPARE):
        run_one(backend, str(number))
    clock.advance(1)
    assert backend.prune(clock()) == 2 * SPARE
    rows = backend._store._rows  # type: ignore[attr-defined]
    assert len(rows._work) == 0
    assert all(len(entries) <= 2 * SPARE for entries in rows._queues.values())


def test_what_is_still_to_come_comes_when_the_queue_was_cleared(backend: MemoryBackend, clock: Clock) -> None:
    backend.start_process(Process("Order", "p"))
    decide(backend, *(Timer(1 + number, id=str(number)) for number in range(2 * SPARE)))
    for number in range(2 * SPARE):
        backend.start_process(Process("Order", str(number)))
        backend.cancel_process(str(number))
    clock.advance(2 * SPARE)
    backend.apply_due()
    fired = [event for event in backend.process_by_id("p").history if event.type == "timer"]
    assert len(fired) == 2 * SPARE


def test_who_follows_the_changes_of_others_keeps_each_row_once(tmp_path: Path) -> None:
    with (
        DatastoreBackend(FileSystemDatastore(tmp_path)) as writer,
        DatastoreBackend(FileSystemDatastore(tmp_path)) as watcher,
    ):
        ready(writer)
        writer.start_process(Process("Order", "p"))
        decide(writer, *(Timer(LONG, id=str(number)) for number in range(10)))
        for _ in range(SPARE):
            writer.signal_process("p", "go")
            watcher.process_by_id("p")
        for backend in (writer, watcher):
            rows = backend._store._mirror  # type: ignore[attr-defined]
            assert isinstance(rows, Rows)
            assert all(len(entries) <= 2 * SPARE for entries in rows._queues.values())
