"""C1 and C2: processes that processes start."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from pyworkflow.capabilities import CLOSINGS
from pyworkflow.decision import (
    CancelProcess,
    CompleteProcess,
    Decision,
    FailProcess,
    ScheduleActivity,
    StartChildProcess,
)
from pyworkflow.event import CancelRequestedEvent, ChildProcessEvent, DecisionEvent, ProcessClosedEvent
from pyworkflow.process import (
    Process,
    ProcessCanceled,
    ProcessCompleted,
    ProcessFailed,
    ProcessResult,
    ProcessTimedOut,
)
from pyworkflow.testing.contract.base import Contract, some

# How "c" closes; its workflow lasts 100 s, and is decided in the category "young".
CHILD_CLOSINGS: dict[str, tuple[Callable[[Any], object], ProcessResult]] = {
    "completes": (lambda contract: contract.decide(CompleteProcess([1]), category="young"), ProcessCompleted([1])),
    "cancels": (lambda contract: contract.decide(CancelProcess("why"), category="young"), ProcessCanceled("why")),
    "fails": (lambda contract: contract.decide(FailProcess("a", "b"), category="young"), ProcessFailed("a", "b")),
    "is canceled": (lambda contract: contract.backend.cancel_process("c", "why"), ProcessCanceled("why")),
    "times out": (lambda contract: contract.pass_time(100), ProcessTimedOut()),
}
# How "p" closes; its workflow lasts 50 s.
PARENT_CLOSINGS: dict[str, Callable[[Any], object]] = {
    "completes": lambda contract: contract.close_parent(CompleteProcess()),
    "fails": lambda contract: contract.close_parent(FailProcess("why")),
    "is canceled": lambda contract: contract.backend.cancel_process("p"),
    "times out": lambda contract: contract.pass_time(50),
}
BY = {"is canceled": "cancel", "times out": "timeout"}  # otherwise by a decision


class ChildRules(Contract):
    """C1 and C2."""

    def _family(self, policy: str | None = None, *, parent: str = "Order") -> None:
        """A process "p" with a child "c"."""
        self.backend.register_workflow("Young", timeout=100, category="young", decision_timeout=1000)
        self.backend.register_workflow("Brief", timeout=50)
        self.start("p", workflow=parent)
        child = Process("Young", "c", {"n": (1,)}, ["x", "y"])
        self.decide(StartChildProcess(child) if policy is None else StartChildProcess(child, policy))

    def close_parent(self, decision: Decision) -> None:
        """Let "p" decide this."""
        self.backend.signal_process("p", "go")
        self.decide(decision)

    def _holds(self, closing: str) -> bool:
        """Does the policy hold if "p" closes so, by the capabilities?"""
        return BY.get(closing, "decision") in self.backend.capabilities.child_policy_on

    def _policy_holds(self, closing: str) -> None:
        """Where it does not, "c" goes on and has heard nothing."""
        if not self._holds(closing):
            assert self.open_ids() == ["c"]
            assert self.types("c")[-1] in ("decision_started", "decision")
            self.requires(child_policy_on=CLOSINGS)

    def pass_time(self, seconds: float) -> None:
        """Let time pass, and a worker look."""
        self.clock.advance(seconds)
        self.backend.poll_activity_task("nobody's")

    # --- C1 ---

    def test_C1_a_child_is_a_process_with_a_parent(self) -> None:
        self._family()
        child = some(self.backend.poll_decision_task("young")).process
        assert (child.id, child.workflow, child.input, child.tags) == ("c", "Young", {"n": [1]}, ["x", "y"])
        assert (child.parent, self.backend.process_by_id("c").parent) == ("p", "p")
        assert [summary.id for summary in self.backend.pending("p").children] == ["c"]
        assert self.open_ids() == ["p", "c"]
        assert self.types("c") == ["process_started", "decision_started"]

    @pytest.mark.parametrize("closing", CHILD_CLOSINGS)
    def test_C1_however_a_child_closes_its_parent_hears_of_it_once(self, closing: str) -> None:
        self._family()
        close, result = CHILD_CLOSINGS[closing]
        if closing == "is canceled" and not self.backend.capabilities.tells_cancel_details:
            result = ProcessCanceled()
        close(self)
        heard = ChildProcessEvent("c", result, "Young", ["x", "y"])
        assert self.types("p")[3:] == ["child_process"]
        assert self.last("p") == heard
        event = self.last("p")
        assert isinstance(event, ChildProcessEvent)
        assert type(event.result) is type(result)
        assert self.decide().process.unseen_events()[-1] == heard
        self.pass_time(200)
        assert self.types("p").count("child_process") == 1
        assert self.backend.pending("p").children == ()
        if closing == "is canceled":
            self.requires(tells_cancel_details=True)

    def test_C1_a_child_that_its_parents_policy_closes_tells_nobody(self) -> None:
        self._family("TERMINATE")
        self.backend.cancel_process("p")
        assert self.types("p")[3:] == ["process_closed"]

    def test_C1_a_child_can_close_though_its_parent_has(self) -> None:
        self._family()
        self.backend.cancel_process("p")
        before = self.history("p")
        self.decide(CompleteProcess(), category="young")
        assert self.backend.process_by_id("c").result == ProcessCompleted()
        assert self.history("p") == before

    def test_C1_several_children_are_told_apart(self) -> None:
        self.backend.register_workflow("Young", category="young")
        self.start("p")
        self.decide(*(StartChildProcess(Process("Young", f"c{number}", number)) for number in range(3)))
        for _ in range(3):
            task = some(self.backend.poll_decision_task("young"))
            self.backend.complete_decision_task(task, CompleteProcess(task.process.input))
        heard = [event for event in self.history("p") if isinstance(event, ChildProcessEvent)]
        assert [(event.process_id, event.result) for event in heard] == [
            (f"c{number}", ProcessCompleted(number)) for number in range(3)
        ]

    def test_C1_a_child_is_started_with_the_list_that_also_closes_its_parent(self) -> None:
        self.start("p")
        self.decide(StartChildProcess(Process("Order", "c")), CompleteProcess())
        assert self.open_ids() == ["c"]
        assert self.backend.process_by_id("c").parent == "p"

    # --- C2 ---

    @pytest.mark.parametrize("closing", PARENT_CLOSINGS)
    @pytest.mark.parametrize("policy", [None, "ABANDON"])
    def test_C2_an_abandoned_child_goes_on(self, policy: str | None, closing: str) -> None:
        self._family(policy, parent="Brief")
        PARENT_CLOSINGS[closing](self)
        assert self.open_ids() == ["c"]
        assert self.types("c") == ["process_started"]

    @pytest.mark.parametrize("closing", PARENT_CLOSINGS)
    def test_C2_a_child_to_be_terminated_is_closed_at_once(self, closing: str) -> None:
        self._family("TERMINATE", parent="Brief")
        self.decide(ScheduleActivity("Pay"), category="young")
        PARENT_CLOSINGS[closing](self)
        self._policy_holds(closing)
        closed = self.last("c")
        assert isinstance(closed, ProcessClosedEvent)
        assert isinstance(closed.result, ProcessCanceled)
        assert closed.by == "parent"
        assert self.open_ids() == []
        assert self.backend.poll_activity_task() is None

    @pytest.mark.parametrize("closing", PARENT_CLOSINGS)
    def test_C2_a_child_to_be_asked_decides_itself(self, closing: str) -> None:
        self._family("REQUEST_CANCEL", parent="Brief")
        self.decide(category="young")
        PARENT_CLOSINGS[closing](self)
        self._policy_holds(closing)
        assert isinstance(self.last("c"), CancelRequestedEvent)
        assert self.open_ids() == ["c"]
        self.decide(CompleteProcess("tidied up"), category="young")
        assert self.backend.process_by_id("c").result == ProcessCompleted("tidied up")

    def test_C2_a_policy_reaches_every_child_and_only_open_ones(self) -> None:
        self.start("p")
        children = (StartChildProcess(Process("Order", f"c{number}"), "TERMINATE") for number in range(3))
        self.decide(*children, StartChildProcess(Process("Order", "free")))
        self.decide(CompleteProcess("early"))
        self.start("stranger")
        self.backend.cancel_process("p")
        assert self.open_ids() == ["free", "stranger"]
        assert self.history("c0")[-1] == DecisionEvent(CompleteProcess("early"))

    @pytest.mark.parametrize("closing", CHILD_CLOSINGS)
    def test_C2_a_parent_that_has_a_parent_tells_it_and_its_own_children(self, closing: str) -> None:
        self._family()
        self.backend.register_workflow("Grandchild", category="youngest")
        self.backend.signal_process("c", "go")
        self.decide(StartChildProcess(Process("Grandchild", "g"), "TERMINATE"), category="young")
        self.backend.signal_process("c", "go")
        CHILD_CLOSINGS[closing][0](self)
        holds = self._holds(closing)
        assert (self.backend.process_by_id("g").result is not None) == holds
        assert self.types("p").count("child_process") == 1
        assert self.open_ids() == (["p"] if holds else ["p", "g"])
        if not holds:
            self.requires(child_policy_on=CLOSINGS)

    def test_C2_grandchildren_follow_by_their_own_policies(self) -> None:
        self.start("p")
        self.decide(StartChildProcess(Process("Order", "c"), "TERMINATE"))
        grandchildren = [("killed", "TERMINATE"), ("asked", "REQUEST_CANCEL"), ("left", "ABANDON")]
        self.decide(*(StartChildProcess(Process("Order", id), policy) for id, policy in grandchildren))
        self.backend.cancel_process("p")
        assert self.open_ids() == ["asked", "left"]
        assert [self.last(id).type for id in ("killed", "asked", "left")] == [
            *("process_closed", "cancel_requested", "process_started")
        ]
