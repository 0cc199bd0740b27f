"""Calls that share a commit, where what one of them left half done must not stay."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pyworkflow.activity import ActivityCompleted
from pyworkflow.backend import Raised
from pyworkflow.datastore import DatastoreBackend, DictDatastore
from pyworkflow.decision import ScheduleActivity, Timer
from pyworkflow.engine import transitions
from pyworkflow.engine.backend import EngineBackend
from pyworkflow.engine.session import Session
from pyworkflow.event import SignalEvent
from pyworkflow.exceptions import InvalidValueException
from pyworkflow.memory import MemoryBackend
from pyworkflow.process import Process
from pyworkflow.signal import Signal
from pyworkflow.sqlite import SQLiteBackend
from pyworkflow.testing import Clock


@pytest.fixture(params=["memory", "sqlite", "datastore"])
def backend(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[EngineBackend]:
    made: EngineBackend
    match request.param:
        case "memory":
            made = MemoryBackend()
        case "sqlite":
            made = SQLiteBackend(tmp_path / "processes.db")
        case _:
            made = DatastoreBackend(DictDatastore())
    made.register_workflow("Order")
    with made:
        yield made


def test_a_call_that_raises_when_it_has_changed_something_leaves_nothing(backend: EngineBackend) -> None:
    backend.start_process(Process("Order", "p"))

    def half_done(session: Session) -> None:
        head = session.transaction.head("p")
        assert head is not None
        session.record(transitions.receive(head, SignalEvent(Signal("half")), session.now))
        raise InvalidValueException("data", "refused too late")

    def signal(name: str) -> Any:
        return lambda: backend.signal_process("p", name)

    answers = backend.together([signal("a"), lambda: backend._transact(half_done), signal("b")])
    assert [isinstance(answer, Raised) for answer in answers] == [False, True, False]
    names = [event.signal.name for event in backend.process_by_id("p").history[1:]]  # type: ignore[attr-defined]
    assert names == ["a", "b"]


def test_calls_of_calls_and_looks_join_them_too(backend: EngineBackend) -> None:
    backend.start_process(Process("Order", "p"))

    def inner() -> Any:
        return backend.together([lambda: backend.signal_process("p", "b"), lambda: backend.signal_process("p", "c")])

    def look() -> int:
        return len(backend.process_by_id("p").history)

    answers = backend.together(
        [lambda: backend.signal_process("p", "a"), inner, look, backend.apply_due, backend.poll_decision_task]
    )
    assert answers[:4] == [None, [None, None], 4, None]
    assert answers[4].process.id == "p"
    backend.signal_process("p", "d")
    assert look() == 6


def test_what_is_swallowed_after_something_was_changed_undoes_the_commit(backend: EngineBackend) -> None:
    backend.start_process(Process("Order", "p"))

    def half_done(session: Session) -> None:
        head = session.transaction.head("p")
        assert head is not None
        session.record(transitions.receive(head, SignalEvent(Signal("half")), session.now))
        raise OSError("broken")

    def swallows() -> str:
        try:
            backend._transact(half_done)
        except OSError:
            return "swallowed"
        raise AssertionError

    assert backend.together([lambda: backend.signal_process("p", "a"), swallows]) == [None, "swallowed"]
    assert len(backend.process_by_id("p").history) == 2


def test_what_cannot_be_woken_is_done_all_the_same_and_once(
    backend: EngineBackend, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(_: Any) -> None:
        raise OSError("no file descriptor is left")

    monkeypatch.setattr(backend._store, "ring", broken)
    starts = [lambda id=id: backend.start_process(Process("Order", id)) for id in ("a", "b")]  # type: ignore[misc]
    assert backend.together(starts) == ["a", "b"]
    assert [process.id for process in backend.processes()] == ["a", "b"]
    assert "could not be woken" in caplog.text


def test_what_was_told_in_time_together_is_not_late_and_no_timer_is_early() -> None:
    clock = Clock()

    def ticking() -> Any:
        clock.advance(1)
        return clock()

    with MemoryBackend(clock=ticking) as backend:
        backend.register_workflow("Order")
        backend.register_activity("Pay", execution_timeout=8)
        backend.start_process(Process("Order", "p"))
        task = backend.poll_decision_task()
        assert task is not None
        backend.complete_decision_task(task, [ScheduleActivity("Pay"), Timer(14)])
        activity = backend.poll_activity_task()
        assert activity is not None
        signals = [lambda: backend.signal_process("p", "go")] * 10
        *_, ended = backend.together([*signals, lambda: backend.complete_activity_task(activity, "paid")])
        assert ended == ActivityCompleted("paid")
        backend.apply_due()
        history = backend.process_by_id("p").history
        started = next(event for event in history if event.type == "decision")
        for event in history:
            assert event.type != "timer" or (event.datetime - started.datetime).total_seconds() >= 14
