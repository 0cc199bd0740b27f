"""D6 and D7: news that arrives while a decision is made is neither lost nor overlooked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from pyworkflow.decision import (
    CancelActivity,
    CancelProcess,
    CompleteProcess,
    ContinueAsNew,
    Decision,
    FailProcess,
    RecordMarker,
    ScheduleActivity,
    SignalProcess,
    StartChildProcess,
    Timer,
)
from pyworkflow.event import (
    DecisionEvent,
    DecisionFailedEvent,
    DecisionStartedEvent,
    Event,
    ProcessStartedEvent,
    SignalEvent,
)
from pyworkflow.process import Process
from pyworkflow.signal import Signal
from pyworkflow.task import DecisionTask
from pyworkflow.testing.contract.base import Contract, some

CLOSINGS: list[Decision] = [CompleteProcess(), CancelProcess(), FailProcess("why"), ContinueAsNew()]

# What can arrive at "p", which has the running activity "1", a timer of 5 s, and the child "c" (whose task is at hand).
NEWS: dict[str, Callable[[Any], object]] = {
    "signal": lambda contract: contract.backend.signal_process("p", "go"),
    "cancel_requested": lambda contract: contract.backend.request_cancel_process("p"),
    "activity": lambda contract: contract.backend.complete_activity_task(contract.activity),
    "child_process": lambda contract: contract.backend.cancel_process("c"),
    "timer": lambda contract: contract.clock.advance(5),
}
GO = SignalEvent(Signal("go"))


class OvertakingRules(Contract):
    """D6 and D7."""

    def _deciding(self) -> DecisionTask:
        """The second decision of "p", with something old and something that its round has seen behind it."""
        self.start("p")
        self.decide(ScheduleActivity("Pay", id="1"), Timer(5), StartChildProcess(Process("Order", "c")))
        self.activity = some(self.backend.poll_activity_task())
        self.decide()
        self.backend.signal_process("p", "old")
        return some(self.backend.poll_decision_task())

    # --- D6 ---

    @pytest.mark.parametrize("news", NEWS)
    @pytest.mark.parametrize("closing", CLOSINGS, ids=lambda decision: str(decision.type))
    def test_D6_a_closing_that_news_overtook_is_not_applied_nor_its_list(self, closing: Decision, news: str) -> None:
        task = self._deciding()
        length = len(task.process.history)
        NEWS[news](self)
        assert self.backend.complete_decision_task(task, [RecordMarker("m"), Timer(1), closing]) is False
        assert self.types("p")[length:] == [news, "decision_failed"]
        assert self.backend.process_by_id("p").run == 1
        assert len(self.backend.pending("p").timers) == (0 if news == "timer" else 1)
        again = some(self.backend.poll_decision_task())
        unseen = again.process.unseen_events()
        assert SignalEvent(Signal("old")) in unseen
        assert unseen[-1].type == news
        assert self.backend.complete_decision_task(again, closing) is True

    def test_D6_the_reason_is_in_the_history(self) -> None:
        task = self._deciding()
        self.backend.signal_process("p", "go")
        self.backend.complete_decision_task(task, CompleteProcess())
        failed = self.last("p")
        assert isinstance(failed, DecisionFailedEvent)
        assert "arrived" in failed.reason

    def test_D6_being_overtaken_is_no_failure_that_is_counted_or_waited_for(self) -> None:
        task = self._deciding()
        for _ in range(5):
            self.backend.signal_process("p", "go")
            assert self.backend.complete_decision_task(task, CompleteProcess()) is False
            assert some(self.backend.pending("p").decision).attempt == 1
            task = some(self.backend.poll_decision_task())
        assert task.process.unseen_events().count(GO) == 5

    def test_D6_a_decision_that_was_overtaken_ends_the_failures_before_it(self) -> None:
        task = self._deciding()
        self.backend.fail_decision_task(task, "why")
        self.clock.advance(1)
        task = some(self.backend.poll_decision_task())
        self.backend.signal_process("p", "go")
        assert self.backend.complete_decision_task(task, CompleteProcess()) is False
        decision = some(self.backend.pending("p").decision)
        assert (decision.attempt, decision.error) == (1, None)
        assert SignalEvent(Signal("old")) in self.decide(CompleteProcess()).process.unseen_events()

    def test_D6_the_start_of_an_activity_is_no_reason_to_decide_again(self) -> None:
        self.scheduled()
        self.backend.signal_process(some(self.open_ids()[0]), "go")
        task = some(self.backend.poll_decision_task())
        some(self.backend.poll_activity_task())
        assert self.backend.complete_decision_task(task, CompleteProcess()) is True

    def test_D6_the_loss_of_an_activity_is_no_reason_to_decide_again(self) -> None:
        self.requires(restarts_lost=True)
        task = self._deciding()
        self.backend.release(self.activity)
        assert self.types("p")[-1] == "activity_lost"
        assert self.backend.complete_decision_task(task, CompleteProcess()) is True

    def test_D6_what_the_list_itself_brings_about_is_no_reason_to_decide_again(self) -> None:
        process_id = self.scheduled(id="1")
        self.backend.signal_process(process_id, "go")
        lost_signal = SignalProcess("nobody", Signal("s"))
        self.decide(
            CancelActivity("1"), StartChildProcess(Process("Order", process_id)), lost_signal, CompleteProcess()
        )
        assert self.backend.process_by_id(process_id).result is not None

    def test_D6_a_list_that_closes_nothing_is_applied_and_another_decision_follows(self) -> None:
        task = self._deciding()
        self.backend.signal_process("p", "go")
        assert self.backend.complete_decision_task(task, RecordMarker("m")) is True
        assert self.history("p")[-2:] == [GO, DecisionEvent(RecordMarker("m"))]
        assert self.decide().process.unseen_events() == [GO, DecisionEvent(RecordMarker("m"))]

    def test_D6_what_was_seen_does_not_stand_in_the_way_of_closing(self) -> None:
        self._deciding()
        self.backend.signal_process("p", "go")
        self.clock.advance(60)
        task = some(self.backend.poll_decision_task())
        assert GO in task.process.unseen_events()
        assert self.backend.complete_decision_task(task, CompleteProcess()) is True

    # --- D7 ---

    def test_D7_unseen_is_everything_at_the_first_decision(self) -> None:
        self.backend.signal_process(self.start(), "go")
        assert self.decide().process.unseen_events() == [ProcessStartedEvent(), GO]

    def test_D7_unseen_is_what_followed_the_last_decision_with_what_it_decided(self) -> None:
        process_id = self.start()
        self.decide(RecordMarker("m"))
        self.backend.signal_process(process_id, "go")
        assert self.decide().process.unseen_events() == [DecisionEvent(RecordMarker("m")), GO]
        self.backend.signal_process(process_id, "again")
        assert self.decide().process.unseen_events() == [SignalEvent(Signal("again"))]

    def test_D7_what_arrived_during_a_decision_is_unseen_by_the_next(self) -> None:
        process_id = self.start()
        task = some(self.backend.poll_decision_task())
        self.backend.signal_process(process_id, "go")
        self.backend.complete_decision_task(task, RecordMarker("m"))
        assert self.decide().process.unseen_events() == [GO, DecisionEvent(RecordMarker("m"))]

    @pytest.mark.parametrize("times", [1, 2, 3])
    @pytest.mark.parametrize("end", ["failed", "timed out", "lost", "overtaken"])
    def test_D7_a_decision_that_came_to_nothing_has_seen_nothing(self, end: str, times: int) -> None:
        process_id = self.start()
        self.decide(RecordMarker("m"))
        self.backend.signal_process(process_id, "go", 0)
        for number in range(1, times + 1):
            task = some(self.backend.poll_decision_task())
            self.backend.signal_process(process_id, "go", number)
            self._come_to_nothing(task, end)
        unseen = self.decide().process.unseen_events()
        signals: list[Event] = [SignalEvent(Signal("go", number)) for number in range(times + 1)]
        assert unseen == [DecisionEvent(RecordMarker("m")), *signals]
        self.backend.signal_process(process_id, "new")
        assert self.decide().process.unseen_events() == [SignalEvent(Signal("new"))]

    def _come_to_nothing(self, task: DecisionTask, end: str) -> None:
        if end == "failed":
            self.backend.fail_decision_task(task, "why")
            self.clock.advance(60)
        elif end == "timed out":
            self.clock.advance(60)
        elif end == "lost":
            self.backend.release(task)
        else:
            assert self.backend.complete_decision_task(task, CompleteProcess()) is False

    def test_D7_the_last_event_is_left_out_whatever_it_is(self) -> None:
        history: list[Event] = [ProcessStartedEvent(), DecisionStartedEvent(), GO, DecisionEvent(RecordMarker("m"))]
        assert Process(history=history).unseen_events() == [GO]
