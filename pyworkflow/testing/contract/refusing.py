"""D5: decisions that cannot be are refused whole; those that turn out impossible elsewhere come back as events."""

from __future__ import annotations

from typing import Any

import pytest

from pyworkflow.activity import ActivityExecution
from pyworkflow.decision import (
    CancelActivity,
    CancelTimer,
    CompleteProcess,
    ContinueAsNew,
    Decision,
    RecordMarker,
    RequestCancelProcess,
    ScheduleActivity,
    SignalProcess,
    StartChildProcess,
    Timer,
)
from pyworkflow.event import CancelFailedEvent, ChildProcessEvent, DecisionEvent, Event, SignalFailedEvent
from pyworkflow.exceptions import InvalidDecisionException, UnknownProcessException
from pyworkflow.process import Process, ProcessFailed
from pyworkflow.signal import Signal
from pyworkflow.testing.contract.base import Contract, some

NAN = float("nan")
CHILD = Process("Order", "c")

# In a process with a waiting activity "1", a running activity "2" and a timer "t": the list, and which is wrong in it.
WRONG: dict[str, tuple[list[Any], int]] = {
    "an activity that is not registered": ([ScheduleActivity("Nobody")], 0),
    "an activity without a name": ([ScheduleActivity("")], 0),
    "a child of a workflow that is not registered": ([StartChildProcess(Process("Nobody"))], 0),
    "a child of no workflow": ([StartChildProcess(Process())], 0),
    "a child that is no process": ([StartChildProcess("Order")], 0),  # type: ignore[arg-type]
    "a policy that there is not": ([StartChildProcess(CHILD, "KILL")], 0),
    "the id of a waiting activity": ([ScheduleActivity("Pay", id="1")], 0),
    "the id of a running activity": ([ScheduleActivity("Pay", id="2")], 0),
    "an activity id twice": ([ScheduleActivity("Pay", id="3"), ScheduleActivity("Pay", id="3")], 1),
    "an activity id that is empty": ([ScheduleActivity("Pay", id="")], 0),
    "the id of an open timer": ([Timer(1, id="t")], 0),
    "a timer id twice": ([Timer(1, id="u"), Timer(2, id="u")], 1),
    "a delay below zero": ([Timer(-1)], 0),
    "a delay that is no number": ([Timer("1")], 0),  # type: ignore[arg-type]
    "a delay that is a truth value": ([Timer(True)], 0),
    "a delay that is not finite": ([Timer(float("inf"))], 0),
    "something after a closing decision": ([CompleteProcess(), RecordMarker("m")], 1),
    "a closing decision after another": ([ContinueAsNew(), CompleteProcess()], 1),
    "an input that is not JSON": ([ScheduleActivity("Pay", input=NAN)], 0),
    "a result that is not JSON": ([CompleteProcess({"a": {1}})], 0),
    "a marker that is not JSON": ([RecordMarker("m", b"")], 0),
    "timer data that is not JSON": ([Timer(1, NAN)], 0),
    "signal data that is not JSON": ([SignalProcess("other", Signal("s", NAN))], 0),
    "the input of a child that is not JSON": ([StartChildProcess(Process("Order", input=NAN))], 0),
    "cancel details that are not JSON": ([RequestCancelProcess("other", NAN)], 0),
    "a signal that is none": ([SignalProcess("other", "s")], 0),  # type: ignore[arg-type]
    "what is no decision": (["complete"], 0),
    "the last of many": ([RecordMarker("m"), StartChildProcess(CHILD), Timer(1), ScheduleActivity("Nobody")], 3),
}


class RefusingRules(Contract):
    """D5."""

    def _busy(self) -> str:
        """A process with a waiting activity "1", a running one "2", a timer "t", and news; and a process "other"."""
        process_id = self.start()
        self.decide(ScheduleActivity("Pay", id="2"), ScheduleActivity("Pay", id="1"), Timer(10, id="t"))
        some(self.backend.poll_activity_task())
        self.start("other")
        self.decide()
        self.backend.signal_process(process_id, "go")
        return process_id

    @pytest.mark.parametrize("wrong", WRONG)
    def test_D5_what_decide_could_have_known_to_be_wrong_is_refused_whole(self, wrong: str) -> None:
        process_id = self._busy()
        decisions, position = WRONG[wrong]
        task = some(self.backend.poll_decision_task())
        before = self.backend.pending(process_id)
        with self.nothing_recorded(), pytest.raises(InvalidDecisionException) as caught:
            self.backend.complete_decision_task(task, decisions)
        assert caught.value.decision is decisions[position]
        assert caught.value.reason
        assert self.backend.pending(process_id) == before
        with pytest.raises(UnknownProcessException):
            self.backend.process_by_id("c")
        assert self.backend.complete_decision_task(task, RecordMarker("better")) is True
        assert self.last(process_id) == DecisionEvent(RecordMarker("better"))

    def test_D5_the_message_names_the_decision_and_what_is_wrong(self) -> None:
        self.start()
        task = some(self.backend.poll_decision_task())
        with pytest.raises(InvalidDecisionException, match=r"ScheduleActivity.*Nobody.*not registered"):
            self.backend.complete_decision_task(task, [RecordMarker("m"), ScheduleActivity("Nobody")])

    def test_D5_a_list_is_refused_though_news_would_keep_it_from_being_applied(self) -> None:
        process_id = self.start()
        task = some(self.backend.poll_decision_task())
        self.backend.signal_process(process_id, "go")
        with self.nothing_recorded(), pytest.raises(InvalidDecisionException):
            self.backend.complete_decision_task(task, [ScheduleActivity("Nobody"), CompleteProcess()])

    @pytest.mark.parametrize("wrong", [7, "text", ScheduleActivity])
    def test_D5_what_is_no_list_of_decisions_is_refused(self, wrong: Any) -> None:
        self.start()
        task = some(self.backend.poll_decision_task())
        with self.nothing_recorded(), pytest.raises(InvalidDecisionException):
            self.backend.complete_decision_task(task, wrong)
        assert self.backend.complete_decision_task(task, [])

    # --- ids that are free again ---

    def test_D5_the_id_of_an_ended_activity_can_be_used_again(self) -> None:
        process_id = self.scheduled(id="1")
        self.work("once")
        self.decide(ScheduleActivity("Pay", id="1"))
        self.work("twice")
        results = [event.result.result for event in self.history(process_id) if event.type == "activity"]  # type: ignore[attr-defined]
        assert results == ["once", "twice"]

    def test_D5_the_id_of_a_timer_that_fired_can_be_used_again(self) -> None:
        process_id = self.start()
        for _ in range(2):
            self.decide(Timer(1, id="t"))
            self.clock.advance(1)
        self.decide()
        assert self.types(process_id).count("timer") == 2

    def test_D5_an_id_is_free_for_what_follows_its_cancelling_in_the_list(self) -> None:
        process_id = self._busy()
        self.decide(CancelTimer("t"), Timer(99, id="t"), CancelActivity("1"), ScheduleActivity("Pay", "1", input="new"))
        pending = self.backend.pending(process_id)
        assert [timer.timer for timer in pending.timers] == [Timer(99, id="t")]
        assert [one.execution.input for one in pending.activities if one.execution.id == "1"] == ["new"]

    def test_D5_different_processes_can_use_the_same_ids(self) -> None:
        for process_id in ("a", "b"):
            self.start(process_id)
            self.decide(ScheduleActivity("Pay", id="1"), Timer(1, id="t"))
        ended = [self.work().process_id for _ in range(2)]
        assert ended == ["a", "b"]

    # --- what depends on another process ---

    @pytest.mark.parametrize("state", ["unknown", "closed"])
    @pytest.mark.parametrize(
        ("decision", "kind"),
        [
            (SignalProcess("other", Signal("s", 1)), SignalFailedEvent),
            (RequestCancelProcess("other", "why"), CancelFailedEvent),
        ],
    )
    def test_D5_what_cannot_reach_another_process_comes_back(
        self, decision: Decision, kind: type[Event], state: str
    ) -> None:
        if state == "closed":
            self.start("other")
            self.decide(CompleteProcess())
        process_id = self.start()
        self.decide(decision)
        came_back = self.last(process_id)
        assert isinstance(came_back, SignalFailedEvent | CancelFailedEvent)
        assert type(came_back) is kind
        assert came_back.process_id == "other"
        assert ("closed" if state == "closed" else "no such") in came_back.reason
        if isinstance(came_back, SignalFailedEvent):
            assert came_back.signal == Signal("s", 1)
        assert came_back in self.decide().process.unseen_events()

    @pytest.mark.parametrize("state", ["open", "closed"])
    def test_D5_a_child_whose_id_is_taken_comes_back_as_failed(self, state: str) -> None:
        if state == "closed":
            self.requires(ids_unique="always")
        self.start("c", input="first")
        self.decide(*([] if state == "open" else [CompleteProcess()]))
        process_id = self.start()
        self.decide(StartChildProcess(Process("Order", "c", input="second", tags=["t"])))
        came_back = self.last(process_id)
        assert isinstance(came_back, ChildProcessEvent)
        assert (came_back.process_id, came_back.workflow, came_back.tags) == ("c", "Order", ["t"])
        assert isinstance(came_back.result, ProcessFailed)
        assert self.backend.process_by_id("c").input == "first"
        assert self.is_due()

    # --- cancelling what is over ---

    @pytest.mark.parametrize(
        "decision",
        [CancelActivity("9"), CancelActivity(ActivityExecution("Pay", "9")), CancelTimer("9"), CancelTimer(Timer(9))],
    )
    def test_D5_cancelling_what_is_unknown_does_nothing(self, decision: Decision) -> None:
        process_id = self._busy()
        before = self.backend.pending(process_id)
        self.decide(decision)
        assert self.last(process_id) == DecisionEvent(decision)
        after = self.backend.pending(process_id)
        assert (after.activities, after.timers) == (before.activities, before.timers)
        assert not self.is_due()

    def test_D5_cancelling_what_is_over_does_nothing(self) -> None:
        process_id = self.start()
        self.decide(ScheduleActivity("Pay", id="1"), Timer(1, id="t"))
        self.work()
        self.clock.advance(1)
        self.decide(CancelActivity("1"), CancelTimer("t"))
        assert [event.type for event in self.history(process_id)[-2:]] == ["decision", "decision"]
        assert not self.is_due()
