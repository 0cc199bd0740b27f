"""Replay: today's code against what is recorded."""

from __future__ import annotations

import itertools
import threading
import weakref
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest

from pyworkflow import Process
from pyworkflow.activity import ActivityCompleted
from pyworkflow.decision import (
    CancelTimer,
    CompleteProcess,
    ContinueAsNew,
    Decision,
    RecordMarker,
    ScheduleActivity,
    SignalProcess,
    StartChildProcess,
    Timer,
)
from pyworkflow.event import ActivityEvent, DecisionEvent
from pyworkflow.managed import Activity, Manager, Workflow
from pyworkflow.managed.worker import ActivityWorker, DecisionWorker
from pyworkflow.memory import MemoryBackend
from pyworkflow.prefix import unanswered
from pyworkflow.replay import (
    Answer,
    Difference,
    Raised,
    TimedOut,
    answer,
    as_at,
    difference,
    questions,
    replay,
)
from pyworkflow.replay.words import how_words, occasion


class Charge(Activity):
    def execute(self) -> Any:
        return {"charged": self.input}


class OrderWorkflow(Workflow):
    """Charges twice, waits for a signal, and completes."""

    activities = [Charge]

    def decide(self, process: Process) -> Any:
        ended = [event for event in process.history if event.type == "activity"]
        if any(event.type == "signal" for event in process.history):
            return CompleteProcess("shipped")
        return ScheduleActivity(Charge, input=len(ended)) if len(ended) < 2 else None


@pytest.fixture
def manager() -> Iterator[Manager]:
    with MemoryBackend() as backend:
        yield Manager(backend, [OrderWorkflow])


@pytest.fixture
def run(manager: Manager) -> Process:
    """A process that has completed: four questions, the third of which was answered with nothing."""
    manager.start_process(Process(OrderWorkflow, "p", {"amount": [30]}))
    drain(manager)
    manager.signal_process("p", "ship")
    drain(manager)
    return manager.process_by_id("p")


def drain(manager: Manager) -> None:
    workers = [DecisionWorker(manager), ActivityWorker(manager)]
    while any(worker.step() for worker in workers):
        pass


def written(decide: Callable[[Process], Any]) -> type[Workflow]:
    """OrderWorkflow as it is today."""
    return type("OrderWorkflow", (OrderWorkflow,), {"decide": lambda _, process: decide(process)})


def then(process: Process) -> Any:
    """What was decided when the history was made."""
    return OrderWorkflow().decide(process)


def test_the_code_that_made_a_history_decides_the_same(run: Process) -> None:
    done = replay(OrderWorkflow, run)
    assert (done.questions, done.asked, done.divergences) == (4, 4, ())


def test_each_question_is_what_the_workflow_saw_and_what_it_decided(run: Process) -> None:
    held = list(questions(run))
    assert [len(one.process.history) for one in held] == [one.number for one in held]
    assert all(one.process.history == run.history[: one.number] for one in held)
    assert {one.process.history[-1].type for one in held} == {"decision_started"}
    assert [[type(made) for made in one.recorded] for one in held] == [
        [ScheduleActivity],
        [ScheduleActivity],
        [],
        [CompleteProcess],
    ]
    assert held[0].process.input == {"amount": [30]}


def test_the_first_difference_ends_a_replay_unless_it_is_to_go_to_the_end(run: Process) -> None:
    today = written(lambda process: [RecordMarker("new"), *([made] if (made := then(process)) else [])])
    done = replay(today, run)
    assert (done.questions, done.asked, len(done.divergences)) == (4, 1, 1)
    assert done.divergences[0].question.number == 2
    done = replay(today, run, to_the_end=True)
    assert (done.asked, len(done.divergences)) == (4, 4)


def test_questions_are_not_kept_once_they_have_been_asked(run: Process) -> None:
    seen: list[weakref.ref[Process]] = []

    def decide(process: Process) -> Any:
        assert all(one() is None for one in seen)
        seen.append(weakref.ref(process))
        return then(process)

    assert replay(written(decide), run).asked == len(seen) == 4


@pytest.mark.parametrize(
    ("made", "reason"),
    [
        (StartChildProcess("Order"), "process: 'Order' is not a Process"),  # type: ignore[arg-type]
        (CompleteProcess(float("nan")), "nan is not a JSON number"),
        (SignalProcess("x", "go"), "signal: 'go' is not a Signal"),  # type: ignore[arg-type]
    ],
)
def test_what_cannot_be_recorded_is_no_answer(run: Process, made: Decision, reason: str) -> None:
    (divergence,) = replay(written(lambda _: made), run).divergences
    assert isinstance(divergence.how, Raised)
    assert divergence.how.reason.startswith("InvalidDecisionException: ")
    assert reason in divergence.how.reason


def test_errors_are_answers_and_whatever_is_raised(run: Process) -> None:
    class Odd(BaseException):
        pass

    class Rude(Exception):
        def __str__(self) -> str:
            raise SystemExit(4)

    for error in (KeyError("amount"), SystemExit(3), RecursionError("deep"), Odd("odd"), Rude()):
        (divergence,) = replay(written(raising(error)), run).divergences
        assert isinstance(divergence.how, Raised)
        assert divergence.how.reason.startswith(type(error).__name__)
        assert "test_replay.py:" in divergence.how.where
    (divergence,) = replay(written(lambda _: "nonsense"), run).divergences
    assert isinstance(divergence.how, Raised)
    with pytest.raises(KeyboardInterrupt):
        replay(written(raising(KeyboardInterrupt())), run)


def raising(error: BaseException) -> Callable[[Process], Any]:
    def decide(_: Process) -> Any:
        raise error

    return decide


def test_a_decide_that_does_not_end_is_ended_also_if_it_swallows_exceptions(run: Process) -> None:
    def stubborn(_: Process) -> Any:
        while True:
            try:
                for _number in itertools.count():
                    pass
            except Exception:
                continue

    (divergence,) = replay(written(stubborn), run, longest=0.02).divergences
    assert divergence.how == TimedOut(0.02)
    assert replay(OrderWorkflow, run, longest=0.02).divergences == ()


def test_it_can_be_asked_from_a_thread_where_nothing_can_be_ended(run: Process) -> None:
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.append(replay(OrderWorkflow, run)))
    thread.start()
    thread.join(timeout=30)
    assert found[0].divergences == ()


def test_what_a_decide_does_to_the_history_is_not_seen_by_the_next(run: Process) -> None:
    def vandal(process: Process) -> Any:
        made = then(process)
        process.input["amount"].append(0)
        for event in process.history:
            if isinstance(event, ActivityEvent) and isinstance(event.result, ActivityCompleted):
                assert event.result.result["charged"] != "broken"
                event.result.result["charged"] = "broken"
        return made

    assert replay(written(vandal), run).divergences == ()
    assert run.input == {"amount": [30]}
    assert "broken" not in repr(run.history)


def test_rounds_that_came_to_nothing_are_no_questions(manager: Manager) -> None:
    backend = manager.backend
    manager.start_process(Process(OrderWorkflow, "p"))
    task = backend.poll_decision_task(code="old")
    assert task is not None
    backend.fail_decision_task(task, "a bug")
    assert [one.recorded for one in questions(backend.process_by_id("p"))] == [None]
    task = backend.poll_decision_task(code="new")
    assert task is not None
    backend.complete_decision_task(task, [CompleteProcess()])
    (question,) = questions(backend.process_by_id("p"))
    assert (question.number, question.recorded) == (4, (CompleteProcess(),))
    assert [event.type for event in question.process.unseen_events()] == ["process_started"]


def test_the_last_question_counts_unless_it_is_yet_to_be_answered(manager: Manager) -> None:
    backend = manager.backend
    manager.start_process(Process(OrderWorkflow, "p"))
    assert [(one.number, one.recorded) for one in questions(backend.process_by_id("p"))] == [(1, None)]
    task = backend.poll_decision_task()
    assert task is not None
    running = backend.process_by_id("p")
    assert [(one.number, one.recorded) for one in questions(running)] == [(2, ())]
    assert [(one.number, one.recorded) for one in questions(unanswered(running))] == [(1, None)]
    backend.signal_process("p", "ship")
    running = unanswered(backend.process_by_id("p"))
    (question,) = questions(running)
    assert (question.recorded, occasion(question.process)) == (None, "signal ship")
    assert [event.type for event in question.process.unseen_events()] == ["process_started", "signal"]
    backend.complete_decision_task(task, [])
    assert [one.recorded for one in questions(backend.process_by_id("p"))] == [(), None]


def test_to_the_question_that_is_due_any_answer_will_do_but_none(manager: Manager) -> None:
    manager.start_process(Process(OrderWorkflow, "p"))
    run = manager.process_by_id("p")
    for decide in (then, lambda _: [CompleteProcess("at once")], lambda _: None):
        done = replay(written(decide), run)
        assert (done.questions, done.asked, done.divergences) == (1, 1, ())
    (divergence,) = replay(written(raising(KeyError("amount"))), run).divergences
    assert (divergence.question.number, type(divergence.how)) == (1, Raised)
    done = replay(written(raising(KeyError("amount"))), run, due=False)
    assert (done.questions, done.asked, done.divergences) == (0, 0, ())


def test_nothing_is_due_in_a_run_that_continued_as_new(manager: Manager) -> None:
    manager.start_process(Process(OrderWorkflow, "p"))
    task = manager.backend.poll_decision_task()
    assert task is not None
    manager.backend.complete_decision_task(task, [ContinueAsNew(2)])
    assert [one.recorded for one in questions(manager.backend.process_by_id("p", run=1))] == [(ContinueAsNew(2),)]


def test_a_question_that_the_end_from_outside_left_open_does_not_count(manager: Manager) -> None:
    backend = manager.backend
    manager.start_process(Process(OrderWorkflow, "p"))
    backend.poll_decision_task()
    backend.cancel_process("p")
    assert list(questions(backend.process_by_id("p"))) == []


def test_the_process_at_any_event_is_as_a_decide_would_see_it(run: Process) -> None:
    numbers = range(1, len(run.history) + 1)
    for number in numbers:
        seen = as_at(run, number)
        assert seen.history[-1].type == "decision_started"
        assert seen.history[:number] == run.history[:number]
        assert len(seen.history) == number + (run.history[number - 1].type != "decision_started")
        by_hand = Process(run.workflow, run.id, run.input, run.tags, list(seen.history))
        assert seen.unfinished_activities() == by_hand.unfinished_activities()
        assert seen.unseen_events() == by_hand.unseen_events()
    for number in (0, -1, len(run.history) + 1):
        with pytest.raises(ValueError, match=f"there is no event {number}"):
            as_at(run, number)


# --- comparing ---


def now(*decisions: Decision, made: str = "") -> Answer:
    return Answer(decisions, frozenset([made]))


def test_ids_that_were_made_do_not_count_and_given_ones_do() -> None:
    uuid, other = "3f2c9a1e-0000-4000-8000-0123456789ab", "11111111-0000-4000-8000-0123456789ab"
    before = [ScheduleActivity("Pay", uuid, input=1)]
    assert difference(before, now(ScheduleActivity("Pay", other, input=1), made=other)) is None
    assert difference(before, now(ScheduleActivity("Pay", "mine", input=1))) is not None
    assert difference([ScheduleActivity("Pay", "a")], now(ScheduleActivity("Pay", "b"))) is not None
    assert difference([Timer(5, id=uuid)], now(Timer(5, id=other))) is not None
    assert difference([ScheduleActivity("Pay", uuid)], now(ScheduleActivity("Pay", uuid))) is None
    assert difference([ScheduleActivity("Pay", uuid)], now(ScheduleActivity("Pay", other))) is not None


def test_ids_that_were_made_are_matched_where_else_they_stand() -> None:
    def decided(*ids: str) -> list[Decision]:
        one, two = ids
        return [
            ScheduleActivity("Pay", one, input=1),
            ScheduleActivity("Pay", two, input=[one]),
            Timer(5, id=f"late-{two}"),
            RecordMarker("first", {"id": one}),
        ]

    then, ids = decided(str(uuid4()), str(uuid4())), [str(uuid4()), str(uuid4())]
    assert difference(then, Answer(tuple(decided(*ids)), frozenset(ids))) is None
    exchanged = [*decided(*ids)[:2], *decided(*reversed(ids))[2:]]
    found = difference(then, Answer(tuple(exchanged), frozenset(ids)))
    assert found is not None
    assert [one.fields for one in found.changed] == [("id",), ("data",)]


def test_values_are_compared_as_they_are_recorded() -> None:
    assert difference([CompleteProcess([1, 2])], now(CompleteProcess((1, 2)))) is None
    assert difference([CompleteProcess({"a": 1, "b": 2})], now(CompleteProcess({"b": 2, "a": 1}))) is None
    for one, other in ((1, True), (0, False), (1, 1.0), ({"a": 1}, {"a": True})):
        assert difference([CompleteProcess(one)], now(CompleteProcess(other))) is not None


def test_a_difference_says_what_comes_goes_and_changes() -> None:
    pay, ship, check = ScheduleActivity("Pay", "1"), ScheduleActivity("Ship", "2"), ScheduleActivity("Check", "3")
    assert difference([pay, ship], now(pay, check)) == Difference((check,), (ship,))
    assert difference([pay, ship], now(ship, pay)) == Difference()
    dearer = ScheduleActivity("Pay", "1", input=2)
    found = difference([pay], now(dearer, ship))
    assert found is not None
    assert (found.more, found.fewer) == ((ship,), ())
    assert [(one.then, one.now, one.fields) for one in found.changed] == [(pay, dearer, ("input",))]
    twice = difference([ship], now(ship, ship))
    assert twice == Difference((ship,))
    assert difference([], now(StartChildProcess(Process("Order")))) is not None
    assert difference([ContinueAsNew(1)], now(ContinueAsNew(1))) is None
    assert difference([CancelTimer("t")], now(CancelTimer("t"))) is None


def test_in_words(run: Process) -> None:
    pay, ship = ScheduleActivity("Pay", "1"), ScheduleActivity("Ship", "2")
    assert how_words(Difference((ship,), (pay,))) == ("+ ScheduleActivity(Ship)", "- ScheduleActivity(Pay)")
    assert how_words(Difference()) == ("the same in another order",)
    changed = difference([pay], now(ScheduleActivity("Pay", "1", input=2)))
    assert changed is not None
    assert how_words(changed) == ("~ ScheduleActivity(Pay) with another input",)
    assert [occasion(one.process) for one in questions(run)] == [
        "start",
        "activity Charge completed",
        "activity Charge completed",
        "signal ship",
    ]


def test_an_answer_is_what_a_worker_would_have_sent(run: Process) -> None:
    first = next(questions(run))
    asked = answer(OrderWorkflow, first.process)
    assert isinstance(asked, Answer)
    recorded = [event.decision for event in run.history if isinstance(event, DecisionEvent)]
    assert asked.decisions == (recorded[0],)  # its id too: the same question gets the same ids
