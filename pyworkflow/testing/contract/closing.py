"""P6 to P8: how a process ends, and what becomes of its work."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from pyworkflow.backend import Pending
from pyworkflow.decision import (
    CancelProcess,
    CompleteProcess,
    ContinueAsNew,
    Decision,
    FailProcess,
    ScheduleActivity,
    StartChildProcess,
    Timer,
)
from pyworkflow.event import DecisionEvent, ProcessClosedEvent
from pyworkflow.exceptions import UnknownActivityException, UnknownDecisionException
from pyworkflow.process import (
    Process,
    ProcessCanceled,
    ProcessCompleted,
    ProcessFailed,
    ProcessResult,
    ProcessTimedOut,
)
from pyworkflow.testing.contract.base import Contract, some

DECIDED: list[tuple[Decision, ProcessResult]] = [
    (CompleteProcess([1]), ProcessCompleted([1])),
    (CancelProcess("why"), ProcessCanceled("why")),
    (FailProcess("why", {"where": 1}), ProcessFailed("why", {"where": 1})),
]

# Ways to close the process "c", a child of "p"; both are of a workflow that lasts 100 s.
CLOSINGS: dict[str, Callable[[Any], object]] = {
    "its own decision": lambda contract: contract.close_by(CompleteProcess()),
    "its own failure": lambda contract: contract.close_by(FailProcess("why")),
    "an outside cancel": lambda contract: contract.backend.cancel_process("c"),
    "its time-out": lambda contract: contract.let_time_out(),
    "its parent's policy": lambda contract: contract.backend.cancel_process("p"),
    "its next run": lambda contract: contract.close_by(ContinueAsNew()),
}


class ClosingRules(Contract):
    """P6 to P8."""

    def _child_at_work(self) -> None:
        """A child "c" of "p", with an activity that runs, one that waits, a timer, and nothing to decide."""
        self.backend.register_workflow("Brief", timeout=100, decision_timeout=500, category="brief")
        self.start("p")
        self.decide(StartChildProcess(Process("Brief", "c"), "TERMINATE"))
        work = (ScheduleActivity("Pay", id="running"), ScheduleActivity("Pay", id="waiting"), Timer(200))
        self.decide(*work, category="brief")

    def close_by(self, decision: Decision) -> None:
        """Let "c" decide this."""
        self.backend.signal_process("c", "go")
        self.decide(decision, category="brief")

    def let_time_out(self) -> None:
        """Let the time of "c" be up, and a worker look."""
        self.clock.advance(100)
        self.backend.poll_decision_task("nobody's")

    # --- P6 ---

    def test_P6_the_result_is_none_while_the_process_is_open(self) -> None:
        process_id = self.start()
        assert self.backend.process_by_id(process_id).result is None
        self.decide(ScheduleActivity("Pay"))
        self.work()
        assert self.backend.process_by_id(process_id).result is None

    @pytest.mark.parametrize(("decision", "result"), DECIDED, ids=lambda given: type(given).__name__)
    def test_P6_a_decision_closes_the_process_with_its_result(self, decision: Decision, result: ProcessResult) -> None:
        process_id = self.start()
        self.decide(decision)
        process = self.backend.process_by_id(process_id)
        assert process.result == result
        assert process.history[-1] == DecisionEvent(decision)
        assert self.open_ids() == []
        assert [summary.status for summary in self.backend.summaries()] == [result.type]

    def test_P6_the_result_follows_from_the_history_alone(self) -> None:
        self._child_at_work()
        self.backend.cancel_process("c", "why")
        read = self.backend.process_by_id("c")
        assert Process(history=read.history).result == read.result == ProcessCanceled("why")

    # --- P7 ---

    @pytest.mark.parametrize(
        ("closing", "by", "kind"),
        [
            ("an outside cancel", "cancel", ProcessCanceled),
            ("its time-out", "timeout", ProcessTimedOut),
            ("its parent's policy", "parent", ProcessCanceled),
        ],
    )
    def test_P7_a_closing_that_was_not_decided_says_by_what(self, closing: str, by: str, kind: type) -> None:
        self._child_at_work()
        CLOSINGS[closing](self)
        process = self.backend.process_by_id("c")
        closed = process.history[-1]
        assert isinstance(closed, ProcessClosedEvent)
        assert (closed.by, type(closed.result), process.result) == (by, kind, closed.result)
        assert "c" not in self.open_ids()

    def test_P7_a_process_is_not_closed_before_its_time_is_up(self) -> None:
        self._child_at_work()
        self.clock.advance(99.999999)
        self.backend.poll_decision_task("nobody's")
        assert self.backend.process_by_id("c").result is None
        assert self.backend.pending("c").timeout_at is not None

    def test_P7_the_timeout_takes_effect_though_nobody_works_on_the_process(self) -> None:
        self.backend.register_workflow("Brief", timeout=5)
        process_id = self.start(workflow="Brief")
        self.clock.advance(5)
        assert self.backend.poll_activity_task() is None
        assert self.types(process_id) == ["process_started", "process_closed"]

    # --- P8 ---

    @pytest.mark.parametrize("closing", CLOSINGS)
    def test_P8_however_a_process_closes_its_waiting_work_is_withdrawn(self, closing: str) -> None:
        self._child_at_work()
        assert some(self.backend.poll_activity_task()).activity_execution.id == "running"
        CLOSINGS[closing](self)
        ended = self.backend.process_by_id("c", run=1)
        assert self.backend.poll_activity_task() is None
        self.clock.advance(250)
        self.backend.poll_decision_task("nobody's")
        assert self.backend.process_by_id("c", run=1) == ended
        if closing != "its next run":
            assert self.backend.pending("c") == Pending(None, (), (), (), None)
            assert self.backend.poll_decision_task("brief") is None

    @pytest.mark.parametrize("closing", CLOSINGS)
    def test_P8_running_code_learns_of_the_close_at_its_next_heartbeat(self, closing: str) -> None:
        self._child_at_work()
        task = some(self.backend.poll_activity_task())
        CLOSINGS[closing](self)
        with self.nothing_recorded():
            with pytest.raises(UnknownActivityException):
                self.backend.heartbeat_activity_task(task)
            with pytest.raises(UnknownActivityException):
                self.backend.complete_activity_task(task, "done")
            with pytest.raises(UnknownActivityException):
                self.backend.hand_off(task)
            self.backend.release(task)

    @pytest.mark.parametrize("closing", ["an outside cancel", "its time-out", "its parent's policy"])
    def test_P8_a_decision_that_is_being_made_comes_too_late(self, closing: str) -> None:
        self._child_at_work()
        self.backend.signal_process("c", "go")
        task = some(self.backend.poll_decision_task("brief"))
        CLOSINGS[closing](self)
        with self.nothing_recorded(), pytest.raises(UnknownDecisionException):
            self.backend.complete_decision_task(task, ScheduleActivity("Pay", id="more"))
