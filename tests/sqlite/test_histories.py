"""A history that is made as it is looked at reads as a list does; and of one that is known only what is new is read."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest

from pyworkflow.backend import Backend
from pyworkflow.decision import RecordMarker
from pyworkflow.engine.histories import Histories
from pyworkflow.engine.records import EventRecord, ProcessHead
from pyworkflow.event import Event, SignalEvent, utcnow
from pyworkflow.history import History
from pyworkflow.process import Process
from pyworkflow.signal import Signal
from pyworkflow.sqlite import SQLiteBackend

EVENTS: list[Event] = [SignalEvent(Signal(str(number)), datetime=utcnow()) for number in range(5)]


def test_it_reads_as_a_list_does() -> None:
    history: Any = History(5, EVENTS.__getitem__)
    assert (len(history), history[0], history[-1], history[-2]) == (5, EVENTS[0], EVENTS[4], EVENTS[3])
    assert history[1:3] == EVENTS[1:3]
    assert history[-2::-1] == EVENTS[-2::-1]
    assert history == EVENTS
    assert history == EVENTS
    assert history != EVENTS[1:]
    assert list(history) == EVENTS
    assert list(reversed(history)) == EVENTS[::-1]
    assert history + [EVENTS[0]] == [*EVENTS, EVENTS[0]]  # noqa: RUF005 - the sum is what is tried
    assert [EVENTS[0]] + history == [EVENTS[0], *EVENTS]  # noqa: RUF005
    assert EVENTS[3] in history
    assert history.index(EVENTS[3]) == 3
    assert repr(history) == repr(EVENTS)
    for other in (copy.copy(history), copy.deepcopy(history), pickle.loads(pickle.dumps(history))):
        assert type(other) is list
        assert other == EVENTS
    with pytest.raises(IndexError):
        history[5]
    with pytest.raises(TypeError, match="unhashable"):
        hash(history)


def test_an_event_is_made_once_and_only_when_it_is_looked_at() -> None:
    made: list[int] = []

    def make(place: int) -> Event:
        made.append(place)
        return EVENTS[place]

    history = History(5, make)
    assert history[-1] is history[4]
    assert made == [4]


def of_task(backend: Backend) -> Process:
    task = backend.poll_decision_task()
    assert task is not None
    assert backend.complete_decision_task(task, RecordMarker("m", {"seen": len(task.process.history)}))
    return task.process


def test_only_what_is_new_is_read_and_nothing_that_was_done_to_an_event_is_seen_later(
    backend: SQLiteBackend, seen: Any
) -> None:
    backend.start_process(Process("Order", "p"))
    for number in range(3):
        backend.signal_process("p", "go", {"number": number})
    first = of_task(backend)
    first.history[1].signal.data["number"] = "changed"  # type: ignore[attr-defined]
    backend.signal_process("p", "go", {"number": 3})
    seen.clear()
    second = of_task(backend)
    assert [one for one in seen.statements if "FROM event" in one and "number > 5 AND number <= 8" in one]
    assert second.history == backend.process_by_id("p").history[:8]
    assert second.history[1].signal.data == {"number": 0}  # type: ignore[attr-defined]


HEAD = ProcessHead(1, "p", 1, "p", "Order", "default", None, None, 1, 1, started_at=5, timeout_at=9, last_at=5)


def records(first: int, last: int) -> list[EventRecord]:
    return [EventRecord("signal", number, "{}") for number in range(first, last)]


def test_what_two_threads_add_to_a_history_is_there_once() -> None:
    histories = Histories()
    one, other = histories.of(HEAD), histories.of(HEAD)
    histories.keep(HEAD, one, 0, records(0, 3))
    histories.keep(HEAD, other, 0, records(0, 2))
    known = histories.of(HEAD)
    assert known == records(0, len(known))
    same = histories.of(HEAD)
    histories.keep(HEAD, known, 2, records(2, 5))
    histories.keep(HEAD, same, 2, records(2, 4))
    assert histories.of(HEAD) == records(0, 5)


def test_a_key_that_is_given_again_is_another_run() -> None:
    histories = Histories()
    histories.keep(HEAD, histories.of(HEAD), 0, records(0, 3))
    assert histories.of(HEAD._replace(id="q")) == []
    assert histories.of(HEAD._replace(started_at=6)) == []


def test_those_that_were_asked_for_last_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pyworkflow.engine.histories.MOST_EVENTS", 10)
    histories = Histories()
    for number in range(5):
        head = HEAD._replace(key=number)
        histories.keep(head, histories.of(head), 0, records(0, 4))
    assert [len(histories.of(HEAD._replace(key=number))) for number in range(5)] == [0, 0, 0, 4, 4]
