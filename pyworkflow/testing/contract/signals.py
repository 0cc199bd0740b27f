"""S1, X1 and X2: what reaches a process from outside."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from pyworkflow.backend import Backend
from pyworkflow.decision import (
    CancelProcess,
    CompleteProcess,
    Decision,
    FailProcess,
    RequestCancelProcess,
    SignalProcess,
    StartChildProcess,
)
from pyworkflow.event import CancelRequestedEvent, ChildProcessEvent, ProcessClosedEvent, SignalEvent
from pyworkflow.exceptions import (
    InvalidValueException,
    ProcessClosedException,
    UnknownDecisionException,
    UnknownProcessException,
)
from pyworkflow.process import Process, ProcessCanceled
from pyworkflow.signal import Signal
from pyworkflow.testing.contract.base import Contract, some

CALLS: dict[str, Callable[[Backend, str], object]] = {
    "S1 signal": lambda backend, id: backend.signal_process(id, "go"),
    "X1 cancel": lambda backend, id: backend.cancel_process(id, "why"),
    "X2 request cancel": lambda backend, id: backend.request_cancel_process(id, "why"),
}
CLOSINGS: list[tuple[Decision, str]] = [
    (CompleteProcess(), "completed"),
    (CancelProcess(), "canceled"),
    (FailProcess(), "failed"),
]


class SignalRules(Contract):
    """S1, X1 and X2."""

    @pytest.mark.parametrize("call", CALLS)
    @pytest.mark.parametrize(("closing", "status"), CLOSINGS)
    def test_S1_X1_X2_a_closed_process_takes_nothing_and_says_so(
        self, closing: Decision, status: str, call: str
    ) -> None:
        process_id = self.start()
        self.decide(closing)
        with self.nothing_recorded(), pytest.raises(ProcessClosedException) as caught:
            CALLS[call](self.backend, process_id)
        assert (caught.value.process_id, caught.value.status) == (process_id, status)
        assert isinstance(caught.value, UnknownProcessException)

    @pytest.mark.parametrize("call", CALLS)
    def test_S1_X1_X2_a_process_whose_time_is_up_is_closed_though_no_worker_looked(self, call: str) -> None:
        self.backend.register_workflow("Brief", timeout=5)
        process_id = self.start(workflow="Brief")
        self.clock.advance(5)
        with pytest.raises(ProcessClosedException):
            CALLS[call](self.backend, process_id)
        assert self.types(process_id) == ["process_started", "process_closed"]

    @pytest.mark.parametrize("call", CALLS)
    def test_S1_X1_X2_an_unknown_process_takes_nothing_and_says_so(self, call: str) -> None:
        self.start("mine")
        with self.nothing_recorded(), pytest.raises(UnknownProcessException) as caught:
            CALLS[call](self.backend, "nobody")
        assert caught.value.process_id == "nobody"
        assert not isinstance(caught.value, ProcessClosedException)

    # --- S1 ---

    def test_S1_a_signal_is_appended_and_a_decision_is_due(self) -> None:
        process_id = self.start()
        self.decide()
        self.another().signal_process(process_id, "go", {"n": 1})
        assert self.last(process_id) == SignalEvent(Signal("go", {"n": 1}))
        assert self.decide().process.unseen_events() == [SignalEvent(Signal("go", {"n": 1}))]

    def test_S1_a_signal_can_be_given_as_one_or_by_name_and_data(self) -> None:
        process_id = self.start()
        self.backend.signal_process(process_id, Signal("go", [1]))
        self.backend.signal_process(process_id, "go", [1])
        self.backend.signal_process(process_id, "go", data=[1])
        self.backend.signal_process(process_id, "go")
        signals = [event.signal for event in self.history(process_id) if isinstance(event, SignalEvent)]
        assert signals == [Signal("go", [1])] * 3 + [Signal("go")]

    @pytest.mark.parametrize("name", ["", None, 7])
    def test_S1_a_signal_has_a_name(self, name: Any) -> None:
        process_id = self.start()
        with self.nothing_recorded(), pytest.raises(InvalidValueException):
            self.backend.signal_process(process_id, name)

    def test_S1_signals_keep_their_order_and_none_is_lost(self) -> None:
        process_id = self.start()
        task = some(self.backend.poll_decision_task())
        for number in range(20):
            self.backend.signal_process(process_id, "go", number)
            if number == 10:
                self.backend.complete_decision_task(task, [])
        data = [event.signal.data for event in self.history(process_id) if isinstance(event, SignalEvent)]
        assert data == list(range(20))

    def test_S1_a_process_can_signal_another_and_itself(self) -> None:
        self.start("other")
        self.decide()
        self.start("me")
        self.decide(SignalProcess("other", Signal("hello", (1,))), SignalProcess("me", Signal("note")))
        assert self.last("other") == SignalEvent(Signal("hello", [1]))
        assert self.last("me") == SignalEvent(Signal("note"))
        assert {self.decide().process.id, self.decide().process.id} == {"me", "other"}

    # --- X1 ---

    def test_X1_a_cancel_closes_at_once(self) -> None:
        process_id = self.start()
        self.another().cancel_process(process_id, {"why": (1,)})
        process = self.backend.process_by_id(process_id)
        assert process.history[1:] == [ProcessClosedEvent(ProcessCanceled({"why": [1]}), "cancel")]
        assert process.result == ProcessCanceled({"why": [1]})
        assert self.open_ids() == []
        assert not self.is_due()

    def test_X1_a_cancel_does_not_wait_for_the_decision_that_is_being_made(self) -> None:
        process_id = self.start()
        task = some(self.backend.poll_decision_task())
        self.backend.cancel_process(process_id)
        with self.nothing_recorded(), pytest.raises(UnknownDecisionException):
            self.backend.complete_decision_task(task, CompleteProcess())
        assert self.backend.process_by_id(process_id).result == ProcessCanceled()

    def test_X1_the_parent_is_told(self) -> None:
        self.start("p")
        self.decide(StartChildProcess(Process("Order", "c")))
        self.backend.cancel_process("c", "why")
        told = ProcessCanceled("why") if self.backend.capabilities.tells_cancel_details else ProcessCanceled()
        assert self.last("p") == ChildProcessEvent("c", told, "Order", [])
        self.requires(tells_cancel_details=True)

    # --- X2 ---

    def test_X2_a_request_is_appended_and_the_workflow_decides(self) -> None:
        process_id = self.start()
        self.decide()
        self.another().request_cancel_process(process_id, {"why": (1,)})
        assert self.last(process_id) == CancelRequestedEvent({"why": [1]})
        assert self.backend.process_by_id(process_id).result is None
        assert self.decide().process.unseen_events() == [CancelRequestedEvent({"why": [1]})]
        assert self.open_ids() == [process_id]

    def test_X2_a_process_can_ask_another(self) -> None:
        self.start("other")
        self.decide()
        self.start("me")
        self.decide(RequestCancelProcess("other", "why"))
        assert self.last("other") == CancelRequestedEvent("why")
        assert self.decide(CancelProcess("as asked")).process.id == "other"
        assert self.backend.process_by_id("other").result == ProcessCanceled("as asked")
