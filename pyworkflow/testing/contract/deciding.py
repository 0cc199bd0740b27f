"""D1 to D4: a decision is offered, made, and made once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import pytest

from pyworkflow.backend import Backend
from pyworkflow.decision import CompleteProcess, Decision, RecordMarker, ScheduleActivity, StartChildProcess, Timer
from pyworkflow.event import (
    ActivityEvent,
    CancelRequestedEvent,
    DecisionEvent,
    DecisionStartedEvent,
    DecisionTimedOutEvent,
    ProcessStartedEvent,
    SignalEvent,
)
from pyworkflow.exceptions import UnknownDecisionException, UnsupportedException
from pyworkflow.process import Process
from pyworkflow.signal import Signal
from pyworkflow.task import DecisionTask
from pyworkflow.testing.contract.base import Contract, some

ENDS: dict[str, Callable[[Backend, DecisionTask], object]] = {
    "complete": lambda backend, task: backend.complete_decision_task(task, RecordMarker("late")),
    "complete with nothing": lambda backend, task: backend.complete_decision_task(task, None),
    "close": lambda backend, task: backend.complete_decision_task(task, CompleteProcess()),
    "fail": lambda backend, task: backend.fail_decision_task(task, "late"),
}


class DecidingRules(Contract):
    """D1 to D4."""

    # --- D1 ---

    def test_D1_a_poll_that_names_workflows_is_given_no_others(self) -> None:
        self.requires(polls_by_name=True)
        self.backend.register_workflow("Parcel")
        for name in ("Order", "Parcel"):
            self.start(workflow=name)
        for names, found in (([], None), (["Bill"], None), (["Parcel", "Bill"], "Parcel"), ({"Order": 1}, "Order")):
            task = self.backend.poll_decision_task(names=names)
            assert (task and task.process.workflow) == found

    def test_D1_a_process_has_at_most_one_decision_task_at_a_time(self) -> None:
        process_id = self.start()
        some(self.backend.poll_decision_task())
        self.backend.signal_process(process_id, "go")
        assert self.backend.poll_decision_task() is None
        assert self.another().poll_decision_task() is None

    def test_D1_however_many_events_arrive_meanwhile_one_more_follows(self) -> None:
        process_id = self.start()
        task = some(self.backend.poll_decision_task())
        for number in range(3):
            self.backend.signal_process(process_id, "go", number)
        self.backend.request_cancel_process(process_id)
        assert self.backend.complete_decision_task(task, [])
        follows = self.decide()
        assert [event.type for event in follows.process.unseen_events()] == ["signal"] * 3 + ["cancel_requested"]
        assert self.backend.poll_decision_task() is None

    def test_D1_however_many_events_arrive_before_it_is_taken_one_decision_sees_them_all(self) -> None:
        process_id = self.start()
        self.decide(ScheduleActivity("Pay", id="1"), ScheduleActivity("Pay", id="2"), Timer(5))
        self.work()
        self.work()
        self.clock.advance(5)
        self.backend.signal_process(process_id, "go")
        news = [event.type for event in self.decide().process.unseen_events() if event.calls_for_decision]
        assert news == ["activity", "activity", "timer", "signal"]
        assert not self.is_due()

    def test_D1_nothing_new_means_no_decision(self) -> None:
        self.scheduled()
        assert not self.is_due()
        some(self.backend.poll_activity_task())
        assert not self.is_due()

    def test_D1_decisions_of_different_processes_are_made_at_the_same_time(self) -> None:
        ids = {self.start(), self.start()}
        tasks = [some(self.backend.poll_decision_task()) for _ in range(2)]
        assert {task.process.id for task in tasks} == ids

    # --- D2 ---

    def test_D2_a_poll_hands_out_the_whole_history_with_the_start_of_this_decision_last(self) -> None:
        process_id = self.start(input=1, tags=["t"])
        self.backend.signal_process(process_id, "go")
        first = some(self.backend.poll_decision_task(identity="me", code="c0de"))
        begun = [ProcessStartedEvent(), SignalEvent(Signal("go")), DecisionStartedEvent()]
        assert first.process == Process("Order", process_id, 1, ["t"], begun)
        assert first.process == self.backend.process_by_id(process_id)
        started = first.process.history[-1]
        assert isinstance(started, DecisionStartedEvent)
        assert (started.identity, started.code, started.datetime) == ("me", "c0de", self.clock())

    def test_D2_the_history_is_that_of_all_rounds(self) -> None:
        process_id = self.scheduled(input=2)
        activity = self.work(4).activity_execution
        task = some(self.backend.poll_decision_task())
        assert task.process == self.backend.process_by_id(process_id)
        assert [event.type for event in task.process.history] == [
            *("process_started", "decision_started", "decision"),
            *("activity_started", "activity", "decision_started"),
        ]
        ended = task.process.history[-2]
        assert isinstance(ended, ActivityEvent)
        assert ended.activity_execution == activity

    def test_D2_a_poll_without_work_returns_none_and_records_nothing(self) -> None:
        with self.nothing_recorded():
            assert self.backend.poll_decision_task() is None
        self.start()
        self.decide()
        with self.nothing_recorded():
            assert self.backend.poll_decision_task() is None
            assert self.backend.poll_decision_task("category that nobody ever named") is None

    def test_D2_the_decision_that_has_been_due_longest_is_offered_first(self) -> None:
        self.requires(fifo=True)
        ids = []
        for _ in range(3):
            ids.append(self.start())
            self.clock.advance(1)
        assert [self.decide().process.id for _ in range(3)] == ids
        for process_id in (ids[2], ids[0], ids[1]):
            self.clock.advance(1)
            self.backend.signal_process(process_id, "go")
        assert [self.decide().process.id for _ in range(3)] == [ids[2], ids[0], ids[1]]

    def test_D2_with_a_root_only_that_process_and_its_descendants_are_served(self) -> None:
        if not self.backend.capabilities.polls_of_root:
            for poll in (self.backend.poll_decision_task, self.backend.poll_activity_task):
                with pytest.raises(UnsupportedException):
                    poll(root="root")
        self.requires(polls_of_root=True)
        self.start("stranger")
        self.start("root")
        task = some(self.backend.poll_decision_task(root="root"))
        child = StartChildProcess(Process("Order", "child"))
        self.backend.complete_decision_task(task, [ScheduleActivity("Pay", id="mine"), child])
        task = some(self.backend.poll_decision_task(root="root"))
        assert task.process.id == "child"
        self.backend.complete_decision_task(task, StartChildProcess(Process("Order", "grandchild")))
        assert some(self.backend.poll_decision_task(root="root")).process.id == "grandchild"
        assert self.backend.poll_decision_task(root="root") is None
        assert self.backend.poll_activity_task(root="stranger") is None
        assert some(self.backend.poll_activity_task(root="root")).activity_execution.id == "mine"
        assert self.decide().process.id == "stranger"

    # --- D3 ---

    @pytest.mark.parametrize("none", [None, [], ()])
    def test_D3_no_decision_records_nothing_and_waits_for_the_next_event(self, none: Iterable[Decision] | None) -> None:
        process_id = self.start()
        assert self.backend.complete_decision_task(some(self.backend.poll_decision_task()), none) is True
        assert self.types(process_id) == ["process_started", "decision_started"]
        assert not self.is_due()
        self.backend.signal_process(process_id, "go")
        assert self.is_due()

    @pytest.mark.parametrize("form", [list, tuple, iter, lambda decisions: (decision for decision in decisions)])
    def test_D3_a_list_is_recorded_and_applied_in_order(self, form: Callable[[Any], Iterable[Decision]]) -> None:
        decisions = [RecordMarker("a"), *(ScheduleActivity("Pay", id=id) for id in "cab"), Timer(1), RecordMarker("z")]
        process_id = self.start()
        assert self.backend.complete_decision_task(some(self.backend.poll_decision_task()), form(decisions)) is True
        assert self.history(process_id)[2:] == [DecisionEvent(decision) for decision in decisions]
        assert [self.work().activity_execution.id for _ in range(3)] == ["c", "a", "b"]

    def test_D3_a_single_decision_needs_no_list(self) -> None:
        process_id = self.start()
        assert self.backend.complete_decision_task(some(self.backend.poll_decision_task()), RecordMarker("m")) is True
        assert self.last(process_id) == DecisionEvent(RecordMarker("m"))

    def test_D3_decisions_are_kept_when_a_closing_one_ends_the_list(self) -> None:
        process_id = self.start()
        self.decide(RecordMarker("m"), CompleteProcess())
        assert self.history(process_id)[2:] == [DecisionEvent(RecordMarker("m")), DecisionEvent(CompleteProcess())]

    # --- D4 ---

    def test_D4_a_token_is_text_and_all_that_is_needed(self) -> None:
        process_id = self.start()
        task = some(self.backend.poll_decision_task())
        assert isinstance(task.context, str)
        assert self.another().complete_decision_task(DecisionTask(Process(), task.context), RecordMarker("m"))
        assert self.last(process_id) == DecisionEvent(RecordMarker("m"))

    @pytest.mark.parametrize("end", ENDS)
    def test_D4_a_token_works_once(self, end: str) -> None:
        process_id = self.start()
        task = self.decide()
        self._decision_is_over(task, end)
        self.backend.signal_process(process_id, "go")
        self._decision_is_over(task, end)
        following = some(self.backend.poll_decision_task())
        self._decision_is_over(task, end)
        assert self.backend.complete_decision_task(following, [])

    @pytest.mark.parametrize("end", ENDS)
    def test_D4_a_token_of_a_failed_decision_is_over(self, end: str) -> None:
        self.start()
        task = some(self.backend.poll_decision_task())
        self.backend.fail_decision_task(task, "why")
        self._decision_is_over(task, end)
        self.clock.advance(1)
        assert self.backend.complete_decision_task(some(self.backend.poll_decision_task()), [])

    @pytest.mark.parametrize("end", ENDS)
    def test_D4_after_its_timeout_nothing_but_that_is_recorded(self, end: str) -> None:
        process_id = self.start()
        task = some(self.backend.poll_decision_task())
        self.clock.advance(60)
        with pytest.raises(UnknownDecisionException):
            ENDS[end](self.backend, task)
        assert self.history(process_id)[2:] == [DecisionTimedOutEvent()]
        again = some(self.backend.poll_decision_task())
        self._decision_is_over(task, end)
        assert self.backend.complete_decision_task(again, [])

    @pytest.mark.parametrize("end", ENDS)
    def test_D4_after_the_close_of_its_process_a_token_is_over(self, end: str) -> None:
        process_id = self.start()
        task = some(self.backend.poll_decision_task())
        self.backend.cancel_process(process_id)
        self._decision_is_over(task, end)

    @pytest.mark.parametrize("token", [None, "", "nonsense", "1", "1:", ":", "1:2:3", "-1:x", "漢:字", "9" * 50 + ":x"])
    def test_D4_what_never_was_a_token_is_unknown(self, token: str | None) -> None:
        process = self.backend.process_by_id(self.start())
        some(self.backend.poll_decision_task())
        for end in ENDS:
            self._decision_is_over(DecisionTask(process, token), end)

    def test_D4_a_task_of_the_other_kind_is_no_decision(self) -> None:
        process_id = self.start()
        self.decide(ScheduleActivity("Pay"))
        activity = some(self.backend.poll_activity_task())
        self.backend.request_cancel_process(process_id)
        some(self.backend.poll_decision_task())
        self._decision_is_over(DecisionTask(Process(), activity.context), "complete")
        assert CancelRequestedEvent() in self.history(process_id)

    def _decision_is_over(self, task: DecisionTask, end: str) -> None:
        with self.nothing_recorded(), pytest.raises(UnknownDecisionException):
            ENDS[end](self.backend, task)
