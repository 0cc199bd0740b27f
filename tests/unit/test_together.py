"""Calls that share a commit, where what one of them left half done must not stay."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pyworkflow.backend import Raised
from pyworkflow.datastore import DatastoreBackend, DictDatastore
from pyworkflow.engine import transitions
from pyworkflow.engine.backend import EngineBackend
from pyworkflow.engine.session import Session
from pyworkflow.event import SignalEvent
from pyworkflow.exceptions import InvalidValueException
from pyworkflow.memory import MemoryBackend
from pyworkflow.process import Process
from pyworkflow.signal import Signal
from pyworkflow.sqlite import SQLiteBackend


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
