"""P1 to P4: how a process begins, and that it is found."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from pyworkflow.decision import CompleteProcess, ContinueAsNew, StartChildProcess
from pyworkflow.event import ProcessClosedEvent, ProcessStartedEvent, SignalEvent
from pyworkflow.exceptions import (
    InvalidValueException,
    ProcessAlreadyStartedException,
    UnknownProcessException,
    UnknownWorkflowException,
)
from pyworkflow.process import Process, ProcessTimedOut
from pyworkflow.signal import Signal
from pyworkflow.testing.contract.base import Contract, some

ENDINGS: dict[str, Callable[[Any], object]] = {
    "open": lambda contract: contract.decide(),
    "completed": lambda contract: contract.decide(CompleteProcess()),
    "canceled": lambda contract: contract.backend.cancel_process("a"),
    "continued": lambda contract: contract.decide(ContinueAsNew()),
    "continued and completed": lambda contract: (contract.decide(ContinueAsNew()), contract.decide(CompleteProcess())),
}


class StartingRules(Contract):
    """P1 to P4."""

    # --- P1 ---

    def test_P1_a_start_records_the_process_and_returns_the_given_id(self) -> None:
        assert self.start("mine", input=[1], tags=["x", "y"]) == "mine"
        assert self.another().process_by_id("mine") == Process("Order", "mine", [1], ["x", "y"])

    def test_P1_a_process_without_an_id_gets_a_new_uuid(self) -> None:
        ids = {self.start() for _ in range(3)}
        assert len({UUID(id) for id in ids}) == 3
        assert set(self.open_ids()) == ids

    def test_P1_the_history_and_the_parent_of_what_is_given_are_not_taken_over(self) -> None:
        self.start("other")
        given = Process("Order", "mine", parent="other", history=[SignalEvent(Signal("old"))])
        self.backend.start_process(given)
        begun = self.backend.process_by_id("mine")
        assert (begun.history, begun.parent) == ([ProcessStartedEvent()], None)

    @pytest.mark.parametrize("id", ["a/b:c|d e", "漢字😀", "'; DROP TABLE process; --", "a" * 300, "%_*?[a]"])
    def test_P1_any_text_can_be_an_id(self, id: str) -> None:
        self.start("decoy")
        capabilities = self.backend.capabilities
        if self.allowed(id) != id or len(id) > (capabilities.max_id or len(id)):
            with self.nothing_recorded(), pytest.raises(InvalidValueException):
                self.start(id)
            self.requires(refused_in_ids="", max_id=None)
        assert self.start(id) == id
        self.backend.signal_process(id, "go")
        assert self.types(id) == ["process_started", "signal"]
        assert self.types("decoy") == ["process_started"]

    # --- P2 ---

    @pytest.mark.parametrize("state", ENDINGS)
    def test_P2_an_id_is_taken_for_good_whatever_became_of_its_process(self, state: str) -> None:
        self.start("a")
        ENDINGS[state](self)
        if self.backend.capabilities.ids_unique == "open" and list(self.backend.processes()) == []:
            self.start("a", input="next")
            assert self.backend.process_by_id("a").input == "next"
            self.requires(ids_unique="always")
        with self.nothing_recorded(), pytest.raises(ProcessAlreadyStartedException) as caught:
            self.another().start_process(Process("Order", "a", input="other"))
        assert caught.value.process_id == "a"
        assert self.backend.process_by_id("a").input is None

    def test_P2_the_id_of_a_child_is_taken_as_well(self) -> None:
        self.start("p")
        self.decide(StartChildProcess(Process("Order", "c")))
        with self.nothing_recorded(), pytest.raises(ProcessAlreadyStartedException):
            self.start("c")

    # --- P3 ---

    def test_P3_the_history_begins_and_a_decision_is_due(self) -> None:
        process_id = self.start()
        assert self.history(process_id) == [recorded.event for recorded in self.log()] == [ProcessStartedEvent()]
        assert some(self.backend.pending(process_id).decision).state == "due"
        assert some(self.backend.poll_decision_task()).process.id == process_id

    def test_P3_the_decision_is_due_in_the_category_of_the_workflow_only(self) -> None:
        self.backend.register_workflow("Heavy", category="big")
        process_id = self.start(workflow="Heavy")
        assert self.backend.poll_decision_task() is None
        assert self.backend.poll_decision_task("bi") is None
        assert some(self.backend.poll_decision_task("big")).process.id == process_id

    def test_P3_the_category_and_the_timeouts_are_carried_into_the_record_at_the_start(self) -> None:
        self.backend.register_workflow("Heavy", category="big", timeout=100, decision_timeout=10)
        process_id = self.start(workflow="Heavy")
        self.backend.register_workflow("Heavy", category="other", timeout=5, decision_timeout=5)
        self.clock.advance(6)
        assert not self.is_due("other")
        assert some(self.backend.poll_decision_task("big")).process.id == process_id
        self.clock.advance(6)
        assert self.backend.poll_decision_task("big") is None
        self.clock.advance(4)
        assert self.is_due("big")
        self.clock.advance(84)
        assert not self.is_due("big")
        assert self.last(process_id) == ProcessClosedEvent(ProcessTimedOut(), "timeout")

    def test_P3_a_decision_is_served_by_an_object_with_which_nothing_is_registered(self) -> None:
        process_id = self.start()
        bare = self.construct_backend(self.clock) if self.backend.capabilities.several_processes else self.backend
        with bare:
            assert some(bare.poll_decision_task()).process.id == process_id

    def test_P3_registration_belongs_to_a_backend_object_and_writes_nothing(self) -> None:
        with self.nothing_recorded():
            self.backend.register_workflow("Mine")
            self.backend.register_activity("Mine")
        with self.construct_backend(self.clock) as other:
            other.register_workflow("Order")
            with pytest.raises(UnknownWorkflowException):
                other.start_process(Process("Mine"))
        self.start(workflow="Mine")

    @pytest.mark.parametrize("workflow", ["Nobody", "order", "OrderWorkflow", "", None])
    def test_P3_a_name_that_is_not_registered_is_unknown_and_nothing_is_recorded(self, workflow: str | None) -> None:
        with self.nothing_recorded(), pytest.raises(UnknownWorkflowException):
            self.start("mine", workflow=workflow)
        self.start("mine")

    # --- P4 ---

    def test_P4_open_and_closed_processes_are_found(self) -> None:
        for id in ("open", "closed"):
            self.start(id, input=id)
        self.backend.cancel_process("closed")
        assert [self.backend.process_by_id(id).input for id in ("open", "closed")] == ["open", "closed"]

    def test_P4_an_unknown_id_raises(self) -> None:
        self.start("mine")
        for id in ("", "min", "mine ", "Mine"):
            with pytest.raises(UnknownProcessException):
                self.backend.process_by_id(id)
            with pytest.raises(UnknownProcessException):
                self.backend.pending(id)
            with pytest.raises(UnknownProcessException):
                self.backend.events(id)

    @pytest.mark.parametrize("run", [0, 2, -1])
    def test_P4_an_unknown_run_raises(self, run: int) -> None:
        self.start("mine")
        with pytest.raises(UnknownProcessException):
            self.backend.process_by_id("mine", run=run)
