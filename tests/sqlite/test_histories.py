"""Of a history that is known only what is new is read."""

from __future__ import annotations

from typing import Any

import pytest

from pyworkflow.activity import ActivityExecution
from pyworkflow.backend import Backend
from pyworkflow.decision import CancelTimer, RecordMarker, ScheduleActivity, Timer
from pyworkflow.engine.histories import Histories
from pyworkflow.engine.records import EventRecord, ProcessHead
from pyworkflow.event import DecisionEvent
from pyworkflow.process import Process
from pyworkflow.sqlite import SQLiteBackend
from pyworkflow.task import DecisionTask


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


def next_decision(backend: Backend) -> DecisionTask:
    backend.signal_process("p", "go")
    task = backend.poll_decision_task()
    assert task is not None
    return task


def test_nothing_that_was_done_to_an_event_changes_what_is_told_to_be_unfinished(open_backend: Any) -> None:
    first, second = open_backend(), open_backend()  # who has seen it all become, and who is given all of it at once
    first.start_process(Process("Order", "p"))
    first.complete_decision_task(next_decision(first), [ScheduleActivity("Pay", "1", input=[1]), *map(timer, (1, 2))])
    for backend in (first, first, second, second):
        task = next_decision(backend)
        for event in task.process.history:
            if isinstance(event, DecisionEvent) and isinstance(event.decision, Timer):
                event.decision.data.append("changed")
        assert task.process.untriggered_timers()[0].data == [1, "changed"]
        task.process.unfinished_activities()[0].input.append("changed")
        backend.complete_decision_task(task, None)
    for backend in (first, second):
        backend.complete_decision_task(next_decision(backend), CancelTimer(timer(1)))
        task = next_decision(backend)
        assert task.process.untriggered_timers() == [timer(2)]
        assert task.process.unfinished_activities() == [ActivityExecution("Pay", "1", [1])]
        backend.complete_decision_task(task, None)


def timer(number: int) -> Timer:
    return Timer(1000, [number])


HEAD = ProcessHead(1, "p", 1, "p", "Order", "default", None, None, 1, 1, started_at=5, timeout_at=9, last_at=5)


def records(first: int, last: int) -> list[EventRecord]:
    return [EventRecord("signal", number, "{}") for number in range(first, last)]


def test_what_two_threads_add_to_a_history_is_there_once() -> None:
    histories = Histories()
    one, other = histories.of(HEAD), histories.of(HEAD)
    histories.keep(HEAD, one, 0, records(0, 3))
    histories.keep(HEAD, other, 0, records(0, 2))
    known = histories.of(HEAD)
    assert known.records == records(0, len(known.records))
    same = histories.of(HEAD)
    histories.keep(HEAD, known, 2, records(2, 5))
    histories.keep(HEAD, same, 2, records(2, 4))
    assert histories.of(HEAD).records == records(0, 5)


def test_a_key_that_is_given_again_is_another_run() -> None:
    histories = Histories()
    histories.keep(HEAD, histories.of(HEAD), 0, records(0, 3))
    assert histories.of(HEAD._replace(id="q")).records == []
    assert histories.of(HEAD._replace(started_at=6)).records == []


def test_those_that_were_asked_for_last_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pyworkflow.engine.histories.MOST_EVENTS", 10)
    histories = Histories()
    for number in range(5):
        head = HEAD._replace(key=number)
        histories.keep(head, histories.of(head), 0, records(0, 4))
    assert [len(histories.of(HEAD._replace(key=number)).records) for number in range(5)] == [0, 0, 0, 4, 4]
