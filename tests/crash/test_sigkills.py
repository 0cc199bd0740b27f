"""200 processes killed with -9 at random, workers and senders: what was acknowledged is there, and all ends well."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from itertools import count
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from redis import Redis

from pyworkflow.activity import ActivityCompleted
from pyworkflow.backend import Backend
from pyworkflow.datastore import DatastoreBackend, FileSystemDatastore, RedisDatastore
from pyworkflow.decision import CompleteProcess, Decision, ScheduleActivity, StartChildProcess, Timer
from pyworkflow.event import ActivityEvent, ChildProcessEvent, SignalEvent
from pyworkflow.exceptions import ProcessClosedException
from pyworkflow.process import Process
from pyworkflow.sqlite import SQLiteBackend
from pyworkflow.testing.elsewhere import Elsewhere

KILLS = 200
AT_A_TIME = 4
PROCESSES = 12
ACTIVITIES = 6


def in_folder(folder: Path) -> Backend:
    return DatastoreBackend(FileSystemDatastore(folder))


def on_redis(socket: Path) -> Backend:
    return DatastoreBackend(RedisDatastore(Redis(unix_socket_path=str(socket)), prefix="crash:"))


@pytest.fixture(params=["sqlite", "folder", "redis"])
def factory(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], Backend]:
    """What opens the backend, in whichever process."""
    if request.param == "sqlite":
        return partial(SQLiteBackend, tmp_path / "processes.db")
    if request.param == "folder":
        return partial(in_folder, tmp_path / "store")
    return partial(on_redis, request.getfixturevalue("redis_socket"))


def decide(process: Process) -> list[Decision]:
    """Some activities, again and again until each has completed, and a while to be signalled; a child, then the end."""
    if process.parent is not None:
        return [CompleteProcess("child")]
    if process.is_new:
        activities = [ScheduleActivity("Pay", id=str(number), input=number) for number in range(ACTIVITIES)]
        return [Timer(0.5), *activities]
    news = process.unseen_events()
    again = [
        ScheduleActivity("Pay", id=event.activity_execution.id, input=event.activity_execution.input)
        for event in news
        if isinstance(event, ActivityEvent) and not isinstance(event.result, ActivityCompleted)
    ]
    if again:
        return list(again)
    if any(isinstance(event, ChildProcessEvent) for event in process.history):
        return [CompleteProcess("parent")]
    completed = [
        event for event in process.history if isinstance(event, ActivityEvent) and event.result.type == "completed"
    ]
    started = any(
        event.type == "decision" and event.decision.type == "start_child_process" for event in process.history
    )  # type: ignore[attr-defined]
    is_over = any(event.type == "timer" for event in process.history)
    if len(completed) == ACTIVITIES and is_over and not started:
        return [StartChildProcess(Process("Order", f"{process.id}-child"))]
    return []


def work(backend: Backend) -> Iterator[str]:
    """Decide and execute, until killed."""
    with backend.lease("worker") as lease:
        yield "working"
        while True:
            decisions = backend.poll_decision_tasks(8, lease=lease, wait=0.02)
            backend.together([partial(backend.complete_decision_task, one, decide(one.process)) for one in decisions])
            activities = backend.poll_activity_tasks(8, lease=lease)
            backend.together(
                [partial(backend.complete_activity_task, one, one.activity_execution.input) for one in activities]
            )


def send(backend: Backend, sender: int) -> Iterator[Any]:
    """Signal whatever is open, and say what was acknowledged, until killed."""
    number, pause = 0, Event()
    while True:
        for process in backend.processes():
            number += 1
            pause.wait(0.01)  # or histories would be of nothing else
            try:
                backend.signal_process(str(process.id), "go", [sender, number])
            except ProcessClosedException:
                continue
            yield [process.id, sender, number]


@pytest.mark.crash
@pytest.mark.timeout(300)
def test_nothing_is_lost_though_200_processes_are_killed(factory: Callable[[], Backend]) -> None:
    chance, pause = random.Random(2026), Event()
    acknowledged: list[list[Any]] = []
    with factory() as backend:
        backend.register_workflow("Order")
        backend.register_activity("Pay")
        waiting = [f"p{number}" for number in range(PROCESSES)]
        running: list[Elsewhere] = []
        spare = [Elsewhere(factory, work) for _ in range(2)]  # they take a while to begin
        numbers = count()
        for kill in range(KILLS):
            if waiting and kill % (KILLS // PROCESSES) == 0:
                backend.start_process(Process("Order", waiting.pop()))
            while len(running) < AT_A_TIME:
                number = next(numbers)
                spare.append(Elsewhere(factory, *((send, number) if number % 4 == 0 else (work,))))
                running.append(spare.pop(0).begin())
            pause.wait(chance.uniform(0, 0.1))
            doomed = running.pop(chance.randrange(len(running)))
            doomed.kill()
            acknowledged += _acknowledged(doomed)
        for one in (*running, *spare):
            one.kill()
            acknowledged += _acknowledged(one)
        for process_id in waiting:
            backend.start_process(Process("Order", process_id))
        _finish(backend)
        _check(backend, acknowledged)


def _acknowledged(killed: Elsewhere) -> list[list[Any]]:
    """The signals that a process said were acknowledged, before it was killed."""
    said = []
    with killed:
        try:
            while True:
                said.append(killed.hear())
        except (EOFError, ValueError):  # it ended, or its last line was cut short
            return [one for one in said if isinstance(one, list)]


def _finish(backend: Backend) -> None:
    """Do what is left to do, once what the dead held is found."""
    with backend.lease("last") as lease:
        while list(backend.processes()):
            task = backend.poll_decision_task(lease=lease, wait=0.1)
            if task is not None:
                backend.complete_decision_task(task, decide(task.process))
            activity = backend.poll_activity_task(lease=lease)
            if activity is not None:
                backend.complete_activity_task(activity, activity.activity_execution.input)


def _check(backend: Backend, acknowledged: list[list[Any]]) -> None:
    processes = {str(process.id): process for process in backend.processes(status=None)}
    assert set(processes) == {f"p{number}{child}" for number in range(PROCESSES) for child in ("", "-child")}
    signals = Counter(
        (process_id, *event.signal.data)
        for process_id, process in processes.items()
        for event in process.history
        if isinstance(event, SignalEvent)
    )
    assert max(signals.values()) == 1
    assert {tuple(one) for one in acknowledged} <= set(signals)
    assert acknowledged
    for process_id, process in processes.items():
        is_child = process_id.endswith("-child")
        assert process.result.result == ("child" if is_child else "parent")  # type: ignore[union-attr]
        completed = [
            event.activity_execution.input
            for event in process.history
            if isinstance(event, ActivityEvent) and isinstance(event.result, ActivityCompleted)
        ]
        assert sorted(completed) == ([] if is_child else list(range(ACTIVITIES)))
        assert [event.datetime for event in process.history] == sorted(event.datetime for event in process.history)
