"""What a process has not finished: the same whether its history is walked anew or known, and known at the same cost."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest

from pyworkflow import ActivityExecution, Process, codec
from pyworkflow.activity import ActivityCanceled, ActivityCompleted
from pyworkflow.decision import (
    CancelActivity,
    CancelTimer,
    ContinueAsNew,
    Decision,
    RecordMarker,
    ScheduleActivity,
    Timer,
)
from pyworkflow.engine import reading
from pyworkflow.engine.histories import Histories
from pyworkflow.engine.records import EventRecord, ProcessHead, Start
from pyworkflow.event import (
    ActivityEvent,
    ActivityStartedEvent,
    DecisionEvent,
    DecisionFailedEvent,
    DecisionStartedEvent,
    DecisionTimedOutEvent,
    Event,
    ProcessStartedEvent,
    SignalEvent,
    TimerEvent,
)
from pyworkflow.memory import MemoryBackend
from pyworkflow.memory.rows import Rows
from pyworkflow.signal import Signal
from pyworkflow.task import DecisionTask
from pyworkflow.testing import Clock
from pyworkflow.unfinished import OpenTimers

HEAD = ProcessHead(0, "p", 1, "p", "Order", "default", None, None, 1, 1, started_at=5, timeout_at=9, last_at=5)


# --- what is to come out, as it is read off a list of events from the first to the last ---


def activities_of(history: Sequence[Event]) -> list[ActivityExecution]:
    found: dict[str, ActivityExecution] = {}
    for event in history:
        match event:
            case DecisionEvent(decision=ScheduleActivity(activity=activity, id=id, input=given)):
                found[id] = ActivityExecution(activity, id, given)
            case ActivityEvent(activity_execution=execution):
                found.pop(execution.id, None)
    return list(found.values())[::-1]


def timers_of(history: Sequence[Event], unseen: Sequence[Event] = ()) -> list[Timer]:
    found: list[Timer] = []
    for event in history:
        match event:
            case DecisionEvent(decision=Timer() as timer):
                found.append(timer)
            case DecisionEvent(decision=CancelTimer(timer=over)):
                drop(found, over)
            case TimerEvent(timer=over) if not any(event is one for one in unseen):
                drop(found, over)
    return found


def drop(timers: list[Timer], over: Timer | str) -> None:
    for place, timer in enumerate(timers):
        if timer == over or (timer.id is not None and timer.id == over):
            del timers[place]
            return


def check(process: Process, history: Sequence[Event]) -> None:
    """The process tells what a walk through these events tells."""
    fresh = list(history)
    unseen = Process(history=fresh).unseen_events()
    assert process.unfinished_activities() == activities_of(fresh)
    assert process.untriggered_timers() == timers_of(fresh)
    assert process.untriggered_timers(disregard_unseen=True) == timers_of(fresh, unseen)
    assert process.unseen_events() == unseen


# --- any history ---


def any_timer(chance: random.Random) -> Timer:
    return Timer(chance.choice([1, 1.0, 2]), chance.choice([None, {"a": [1]}, "x"]), chance.choice([None, "1", "x"]))


def any_event(chance: random.Random) -> Event:
    """Of few activities and timers, so that they meet again; and more may follow than a backend would let follow."""
    id, timer = chance.choice("abcd"), any_timer(chance)
    kinds: list[Callable[[], Event]] = [
        lambda: DecisionEvent(ScheduleActivity("Pay", id, input={"n": chance.random()})),
        lambda: ActivityStartedEvent(ActivityExecution("Pay", id)),
        lambda: ActivityEvent(ActivityExecution("Pay", id), chance.choice([ActivityCompleted(), ActivityCanceled()])),
        lambda: DecisionEvent(timer),
        lambda: DecisionEvent(CancelTimer(chance.choice([timer, "1", "x", "y"]))),
        lambda: TimerEvent(timer),
        lambda: SignalEvent(Signal("go")),
        lambda: DecisionEvent(CancelActivity(id)),
        DecisionStartedEvent,
        DecisionStartedEvent,
        lambda: DecisionFailedEvent("no"),
        DecisionTimedOutEvent,
    ]
    return chance.choice(kinds)()


def any_history(chance: random.Random, length: int) -> list[Event]:
    return [ProcessStartedEvent(), *(any_event(chance) for _ in range(length - 1))]


@pytest.mark.parametrize("seed", range(20))
def test_a_list_of_events_is_told_as_it_is_at_the_moment(seed: int) -> None:
    chance = random.Random(seed)
    history: list[Event] = [ProcessStartedEvent()]
    process = Process("Order", history=history)
    for event in any_history(chance, 60):
        history.append(event)
        check(process, history)
    history.clear()
    check(process, history)


@pytest.mark.parametrize("seed", range(20))
def test_what_is_known_of_a_history_is_told_like_a_walk_through_all_of_it(seed: int) -> None:
    chance = random.Random(seed)
    history, rows, histories = any_history(chance, 60), Rows(), Histories()
    head = HEAD._replace(key=rows.add_process(HEAD, Start("null", ())))
    rows.append(head.key, 1, [EventRecord(one.type, 5, codec.dumps(codec.encode_event(one))) for one in history])
    length = 1
    while length <= len(history):
        late = chance.randint(1, length)  # a thread that was held up with what has been taken from it
        for so_many in (length, late):
            process = reading.task(rows, head._replace(length=so_many), histories)()
            check(process, history[:so_many])
        length += chance.randint(1, 5)


def test_an_answer_stays_as_it_was() -> None:
    decided = [DecisionEvent(ScheduleActivity("Pay", "1")), DecisionEvent(Timer(1))]
    history = [ProcessStartedEvent(), DecisionStartedEvent(), *decided, DecisionStartedEvent(), DecisionStartedEvent()]
    process = Process(history=history)
    activities, timers = process.unfinished_activities(), process.untriggered_timers()
    history.clear()
    assert (activities, timers) == ([ActivityExecution("Pay", "1")], [Timer(1)])


# --- histories as they come about ---


@pytest.fixture
def backend() -> Iterator[MemoryBackend]:
    with MemoryBackend(clock=Clock()) as backend:
        backend.register_workflow("Order", decision_timeout=60)
        backend.register_activity("Pay", scheduled_timeout=1000)
        yield backend


def asked(backend: MemoryBackend) -> DecisionTask | None:
    """The next decision, if one is due; asked for, it tells what a walk through its history tells."""
    task = backend.poll_decision_task()
    if task is not None:
        whole = backend.process_by_id("p", run=task.process.run).history
        check(task.process, whole)
    return task


def any_decisions(chance: random.Random, process: Process) -> list[Decision]:
    """Some that a backend does not refuse."""
    open_ids = {one.id for one in process.unfinished_activities()}
    timer_ids = {one.id for one in process.untriggered_timers()}
    decisions: list[Decision] = [
        ScheduleActivity("Pay", id, input=[id]) for id in set("abc") - open_ids if chance.random() < 0.4
    ]
    decisions += [Timer(chance.choice([0, 3, 100]), [id], id) for id in {"x", "y"} - timer_ids if chance.random() < 0.4]
    decisions += [
        Timer(chance.choice([0, 3, 100]), chance.choice([None, {"b": 1}])) for _ in range(chance.randint(0, 2))
    ]
    decisions += [CancelTimer(timer) for timer in process.untriggered_timers() if chance.random() < 0.2]
    decisions += [CancelActivity(id) for id in open_ids if chance.random() < 0.2]
    return [*decisions, ContinueAsNew()] if chance.random() < 0.03 else decisions


def any_step(chance: random.Random, backend: MemoryBackend, clock: Clock) -> None:
    """Something else that can happen to it."""
    kind = chance.randrange(4)
    if kind == 0:
        backend.signal_process("p", "go")
    elif kind == 1:
        clock.advance(chance.choice([1, 5, 70]))
    else:
        task = backend.poll_activity_task()
        if task is not None and kind == 2:
            backend.complete_activity_task(task, {"done": True})
        elif task is not None:
            backend.release(task)


@pytest.mark.parametrize("seed", range(10))
def test_each_decision_is_told_what_is_unfinished(seed: int, backend: MemoryBackend) -> None:
    chance = random.Random(seed)
    clock: Any = backend._clock
    backend.start_process(Process("Order", "p"))
    for _ in range(300):
        any_step(chance, backend, clock)
        task = asked(backend)
        if task is None:
            continue
        kind = chance.random()
        if kind < 0.1:
            backend.fail_decision_task(task, "no")
        elif kind < 0.15:
            clock.advance(61)  # it is late
        elif kind < 0.2:
            backend.release(task)
        else:
            decisions = any_decisions(chance, task.process)
            if chance.random() < 0.2:
                backend.signal_process("p", "go")
            backend.complete_decision_task(task, decisions)


# --- what it costs, and what it does not remember ---


@contextmanager
def decoded(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The types of the events that are made meanwhile."""
    made: list[str] = []
    make = codec.decode_event

    def make_in_sight(type: str, *given: Any) -> Event:
        made.append(type)
        return make(type, *given)

    with monkeypatch.context() as patch:
        patch.setattr(codec, "decode_event", make_in_sight)
        yield made


def rounds(backend: MemoryBackend, many: int, decide: Callable[[Process], object] = lambda _: None) -> None:
    """Decisions, each of which has one activity and one timer come and go."""
    for _ in range(many):
        task = backend.poll_decision_task()
        assert task is not None
        decide(task.process)
        backend.complete_decision_task(task, [ScheduleActivity("Pay"), Timer(0), Timer(9, id="t"), CancelTimer("t")])
        activity = backend.poll_activity_task()
        assert activity is not None
        backend.complete_activity_task(activity)


def ask_all(process: Process) -> None:
    assert not process.unfinished_activities()
    assert not process.untriggered_timers()
    assert not process.is_new


def test_a_decision_in_a_long_history_makes_no_more_events_than_in_a_short_one(
    backend: MemoryBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend.start_process(Process("Order", "p"))
    made: list[list[str]] = []
    for many in (5, 100):
        rounds(backend, many)
        rounds(backend, 1, ask_all)  # which knows it then
        with decoded(monkeypatch) as events:
            rounds(backend, 1, ask_all)
        made.append(events)
    assert made[0] == made[1] != []


def test_to_ask_whether_any_of_many_is_unfinished_does_not_make_all_of_them(
    backend: MemoryBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend.start_process(Process("Order", "p"))
    task = backend.poll_decision_task()
    assert task is not None
    backend.complete_decision_task(task, [ScheduleActivity("Pay", str(number)) for number in range(500)])
    for _ in range(3):  # the third time nothing of it is new
        backend.signal_process("p", "go")
        with decoded(monkeypatch) as made:
            task = backend.poll_decision_task()
            assert task is not None
            assert len(task.process.unfinished_activities()) == 500
            assert task.process.unfinished_activities()[0].id == "499"
        backend.complete_decision_task(task, RecordMarker("heard"))
    assert len(made) < 10


@pytest.mark.parametrize("make", [lambda number: Timer(9, id=f"t-{number}"), Timer], ids=["by its id", "by its delay"])
def test_a_timer_is_found_without_a_look_at_all_others(
    make: Callable[[int], Timer], monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[Timer] = []
    equal = Timer.__eq__

    def equal_in_sight(one: Timer, other: object) -> bool:
        looks.append(one)
        return equal(one, other)

    timers = OpenTimers()
    for number in range(100):
        timers.add(number, make(number))
    monkeypatch.setattr(Timer, "__eq__", equal_in_sight)
    for number in reversed(range(100)):
        assert timers.pop(make(number)) == number
    assert len(looks) == 100
    assert timers.numbers() == []
