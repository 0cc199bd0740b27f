"""Z6: calls made together are what they are alone, and several tasks can be taken at once."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from pyworkflow.activity import ActivityCanceled, ActivityTimedOut
from pyworkflow.backend import Raised
from pyworkflow.decision import CancelActivity, CompleteProcess, Decision, RecordMarker, ScheduleActivity
from pyworkflow.event import ActivityEvent
from pyworkflow.exceptions import (
    InvalidDecisionException,
    ProcessAlreadyStartedException,
    UnknownActivityException,
    UnknownDecisionException,
    UnknownProcessException,
)
from pyworkflow.process import Process
from pyworkflow.testing.contract.base import YEAR, Contract, some


class TogetherRules(Contract):
    """Z6."""

    # --- Z6 ---

    def test_Z6_calls_are_made_in_order_and_each_returns_what_it_returns_alone(self) -> None:
        backend = self.backend
        starts = [partial(backend.start_process, Process("Order", id)) for id in ("b", "a", "c")]
        assert backend.together(starts) == ["b", "a", "c"]
        assert self.open_ids() == ["b", "a", "c"]
        assert (
            backend.together([partial(backend.signal_process, "a", str(number)) for number in range(3)]) == [None] * 3
        )
        assert [event.signal.name for event in self.history("a")[1:]] == ["0", "1", "2"]  # type: ignore[attr-defined]
        assert backend.together([]) == []

    def test_Z6_what_one_raises_is_told_and_the_others_are_done(self) -> None:
        backend = self.backend
        self.start("p")
        calls: list[Callable[[], Any]] = [
            partial(backend.signal_process, "nobody", "go"),
            partial(backend.signal_process, "p", "go"),
            partial(backend.start_process, Process("Order", "p")),
            partial(backend.start_process, Process("Order", "q")),
        ]
        unknown, signalled, started, new = backend.together(calls)
        assert isinstance(unknown, Raised)
        assert isinstance(unknown.error, UnknownProcessException)
        assert isinstance(started, Raised)
        assert isinstance(started.error, ProcessAlreadyStartedException)
        assert (signalled, new) == (None, "q")
        assert self.types("p") == ["process_started", "signal"]

    def test_Z6_one_that_breaks_does_not_break_the_others(self) -> None:
        backend = self.backend

        def starts_and_breaks() -> None:
            backend.start_process(Process("Order", "b"))
            raise ZeroDivisionError

        calls: list[Callable[[], Any]] = [
            partial(backend.start_process, Process("Order", "a")),
            starts_and_breaks,
            partial(backend.start_process, Process("Order", "c")),
        ]
        first, broken, last = backend.together(calls)
        assert (first, last) == ("a", "c")
        assert isinstance(broken, Raised)
        assert isinstance(broken.error, ZeroDivisionError)
        assert self.open_ids() == ["a", "b", "c"]
        assert self.types("a") == self.types("c") == ["process_started"]

    def test_Z6_tasks_can_be_ended_together(self) -> None:
        backend = self.backend
        for number in range(4):
            self.start(str(number))
        tasks = [some(backend.poll_decision_task()) for _ in range(4)]
        wanted: list[list[Decision]] = [
            [ScheduleActivity("Pay", id="1")],
            [ScheduleActivity("Nobody")],
            [CompleteProcess()],
            [RecordMarker("m")],
        ]
        backend.complete_decision_task(tasks[3], [])
        answers = backend.together(
            [partial(backend.complete_decision_task, *one) for one in zip(tasks, wanted, strict=True)]
        )
        assert answers[0] is answers[2] is True
        assert [type(one.error) for one in answers if isinstance(one, Raised)] == [
            InvalidDecisionException,
            UnknownDecisionException,
        ]
        assert self.types("1") == ["process_started", "decision_started"]
        activity = some(backend.poll_activity_task())
        again = [partial(backend.complete_activity_task, activity, result) for result in ("paid", "paid twice")]
        ended, refused = backend.together(again)
        assert isinstance(refused, Raised)
        assert isinstance(refused.error, UnknownActivityException)
        assert self.last("0").result == ended  # type: ignore[attr-defined]

    def test_Z6_what_is_due_is_applied_before_calls_made_together(self) -> None:
        backend = self.backend
        backend.register_activity("Brief", scheduled_timeout=YEAR, execution_timeout=20)
        task = self.running("Brief")
        self.clock.advance(20)
        calls: list[Callable[[], Any]] = [
            partial(backend.complete_activity_task, task, "paid"),
            partial(backend.signal_process, str(task.process_id), "go"),
        ]
        late, signalled = backend.together(calls)
        assert isinstance(late, Raised)
        assert signalled is None
        assert self.types(str(task.process_id))[-2:] == ["activity", "signal"]

    def test_Z6_several_tasks_can_be_taken_at_once_those_that_waited_longest_first(self) -> None:
        backend = self.backend
        for number in range(5):
            self.start(str(number))
        taken = backend.poll_decision_tasks(3)
        assert 1 <= len(taken) <= 3
        assert [task.process.id for task in taken] == [str(number) for number in range(len(taken))]
        while tasks := backend.poll_decision_tasks(3):
            taken += tasks
        assert [task.process.id for task in taken] == ["0", "1", "2", "3", "4"]
        assert len({task.context for task in taken}) == 5
        for task in taken:
            backend.complete_decision_task(task, [ScheduleActivity("Pay", id=str(task.process.id))])
        activities = []
        while some_more := backend.poll_activity_tasks(3):
            activities += some_more
        assert [task.activity_execution.id for task in activities] == ["0", "1", "2", "3", "4"]
        for activity in activities:
            backend.complete_activity_task(activity)

    def test_Z6_an_activity_that_was_put_back_waits_in_its_place_as_if_it_had_not_been_taken(self) -> None:
        self.requires(restarts_lost=True)
        self.start("p")
        self.decide(ScheduleActivity("Pay", id="1"), ScheduleActivity("Pay", id="2"))
        task = some(self.backend.poll_activity_task())
        length = len(self.history("p"))
        with self.nothing_recorded():
            self.backend.put_back(task)
            self.backend.put_back(task)
        first, _ = self.backend.pending("p").activities
        assert (first.execution.id, first.state, first.losses, first.identity) == ("1", "waiting", 0, None)
        with pytest.raises(UnknownActivityException):
            self.backend.complete_activity_task(task)
        again = some(self.backend.poll_activity_task())
        assert again.activity_execution == task.activity_execution
        assert again.context != task.context
        self.backend.complete_activity_task(again, "paid")
        assert self.types("p")[length:] == ["activity_started", "activity"]

    def test_Z6_an_activity_that_was_put_back_waits_as_long_as_one_that_was_just_scheduled(self) -> None:
        self.requires(restarts_lost=True)
        self.backend.register_activity("Brief", scheduled_timeout=10, execution_timeout=20)
        task = self.running("Brief")
        self.clock.advance(15)
        self.backend.put_back(task)
        self.clock.advance(9)
        assert self.backend.poll_decision_task() is None
        self.clock.advance(1)
        ended = ActivityEvent(task.activity_execution, ActivityTimedOut(timeout="scheduled"))
        assert self.decide().process.unseen_events()[-1] == ended

    def test_Z6_an_activity_that_is_put_back_is_canceled_if_that_was_asked_for(self) -> None:
        self.requires(restarts_lost=True)
        task = self.running("Pay")
        self.backend.signal_process(str(task.process_id), "go")
        self.decide(CancelActivity(task.activity_execution.id))
        self.backend.put_back(task)
        assert self.last(str(task.process_id)) == ActivityEvent(task.activity_execution, ActivityCanceled())
        assert self.backend.poll_activity_task() is None
        assert self.is_due()

    def test_Z6_a_decision_that_is_put_back_is_offered_again_at_once(self) -> None:
        self.start("p")
        task = some(self.backend.poll_decision_task())
        self.backend.put_back(task)
        pending = some(self.backend.pending("p").decision)
        assert (pending.state, pending.attempt) == ("due", 1)
        assert pending.error is None or not self.backend.capabilities.restarts_lost
        assert some(self.backend.poll_decision_task()).process.id == "p"

    def test_Z6_activities_that_cannot_wait_for_others_come_alone(self) -> None:
        backend = self.backend
        backend.register_activity("Once", restart_lost=False)
        backend.register_activity("Brief", execution_timeout=5)
        backend.register_activity("Lively", heartbeat_timeout=5)
        self.start("p")
        names = ("Pay", "Once", "Pay", "Brief", "Pay", "Lively", "Pay")
        self.decide(*[ScheduleActivity(name, id=str(number)) for number, name in enumerate(names)])
        batches = []
        while tasks := backend.poll_activity_tasks(10):
            batches.append([task.activity_execution.activity for task in tasks])
        assert batches == [[name] for name in names]

    def test_Z6_only_activities_that_are_known_as_quick_come_together(self) -> None:
        backend = self.backend
        backend.register_activity("Ship")
        self.start("p")
        names = ("Pay", "Pay", "Ship", "Ship", "Pay")
        self.decide(*[ScheduleActivity(name, id=str(number)) for number, name in enumerate(names)])
        batches = []
        while tasks := backend.poll_activity_tasks(10, quick=["Pay", "Walk"]):
            batches.append([task.activity_execution.activity for task in tasks])
        assert [name for batch in batches for name in batch] == list(names)
        assert all(len(batch) == 1 or set(batch) == {"Pay"} for batch in batches)

    def test_Z6_an_activity_that_was_lost_comes_alone(self) -> None:
        self.requires(restarts_lost=True)
        self.start("p")
        self.decide(*[ScheduleActivity("Pay", id=str(number)) for number in range(3)])
        first, second = some(self.backend.poll_activity_task()), some(self.backend.poll_activity_task())
        self.backend.release(second)
        self.backend.complete_activity_task(first)
        batches = []
        while tasks := self.backend.poll_activity_tasks(3):
            batches.append([task.activity_execution.id for task in tasks])
        assert sorted(batches) == [["1"], ["2"]]
