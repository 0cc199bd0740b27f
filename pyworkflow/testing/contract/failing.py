"""D8 and D9: a decision that fails or does not come is asked for again, and nothing is lost."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any, ClassVar

import pytest

from pyworkflow.decision import CompleteProcess, Decision, RecordMarker, ScheduleActivity
from pyworkflow.event import DecisionEvent, DecisionFailedEvent, DecisionStartedEvent, DecisionTimedOutEvent
from pyworkflow.exceptions import UnknownDecisionException
from pyworkflow.managed import Manager, Workflow
from pyworkflow.managed.worker import DecisionWorker
from pyworkflow.process import Process
from pyworkflow.testing.contract.base import Contract, some

ATTEMPTS = 8


class FickleWorkflow(Workflow):
    """Answers with the next of `answers`; an error is raised."""

    answers: ClassVar[Iterator[Any]] = iter(())

    def decide(self, _: Process) -> Any:
        answer = next(self.answers)
        if isinstance(answer, Exception):
            raise answer
        return answer


class FailingRules(Contract):
    """D8 and D9."""

    def _pauses(self) -> list[float]:
        """Seconds before the second attempt, the third and so on."""
        return [min(2**number, self.backend.capabilities.longest_pause) for number in range(ATTEMPTS)]

    def _fail(self, reason: str = "why", *, code: str | None = None) -> None:
        """Take the decision that is due and fail."""
        self.backend.fail_decision_task(some(self.backend.poll_decision_task(code=code)), reason)

    # --- D8 by a worker ---

    @pytest.mark.parametrize(
        ("answer", "reason"),
        [
            (ZeroDivisionError("by hand"), "ZeroDivisionError: by hand"),
            ("text", "text"),
            (ScheduleActivity("Nobody"), "Nobody"),
        ],
    )
    def test_D8_a_worker_reports_a_decide_that_raises_or_answers_nonsense(self, answer: Any, reason: str) -> None:
        process_id, worker = self._fickle([answer])
        assert worker.step()
        failed = self.last(process_id)
        assert isinstance(failed, DecisionFailedEvent)
        assert reason in failed.reason
        assert reason in some(failed.traceback)
        assert some(self.backend.pending(process_id).decision).attempt == 2

    def test_D8_a_worker_goes_on_after_a_failure_and_the_process_completes(self) -> None:
        process_id, worker = self._fickle([ValueError("once"), ValueError("twice"), CompleteProcess("well")])
        steps = []
        for _ in range(3):
            steps += [worker.step(), worker.step()]
            self.clock.advance(2)
        assert steps == [True, None] * 3
        assert self.types(process_id) == [
            *("process_started", "decision_started", "decision_failed"),
            *("decision_started", "decision"),
        ]

    def _fickle(self, answers: list[Any]) -> tuple[str, DecisionWorker]:
        """A process whose workflow answers so, and its worker."""
        workflow: type[Workflow] = type("FickleWorkflow", (FickleWorkflow,), {"answers": iter(answers)})
        manager = Manager(self.backend, [workflow])
        return manager.start_process(Process(workflow)), DecisionWorker(manager, lease=self.backend.lease())

    # --- D8 in the record ---

    def test_D8_the_first_failure_of_a_round_is_recorded_with_reason_and_traceback(self) -> None:
        process_id = self.start()
        self.backend.fail_decision_task(some(self.backend.poll_decision_task()), "ValueError: no", "Traceback: here")
        assert self.history(process_id)[1:] == [
            DecisionStartedEvent(),
            DecisionFailedEvent("ValueError: no", "Traceback: here"),
        ]

    def test_D8_later_failures_raise_the_attempt_and_the_last_error_only(self) -> None:
        process_id = self.start()
        for number in range(1, 5):
            self._fail(f"error {number}")
            decision = some(self.backend.pending(process_id).decision)
            assert (decision.state, decision.attempt, decision.error) == ("due", number + 1, f"error {number}")
            self.clock.advance(self.backend.capabilities.longest_pause)
        assert self.history(process_id)[2:] == [DecisionFailedEvent("error 1"), DecisionStartedEvent()]

    def test_D8_while_it_is_tried_again_the_attempt_and_the_last_error_are_shown(self) -> None:
        process_id = self.start()
        self._fail("first")
        self.clock.advance(1)
        some(self.backend.poll_decision_task(identity="me"))
        decision = some(self.backend.pending(process_id).decision)
        assert (decision.state, decision.attempt, decision.error) == ("running", 2, "first")
        assert (decision.identity, decision.since) == ("me", self.clock())

    def test_D8_a_round_that_something_arrived_in_is_closed_with_its_last_error(self) -> None:
        process_id = self.start()
        for reason in ("first", "second"):
            self._fail(reason)
            self.clock.advance(2)
        self.backend.signal_process(process_id, "go")
        some(self.backend.poll_decision_task())
        assert self.types(process_id)[2:5] == ["decision_failed", "decision_started", "signal"]
        assert self.history(process_id)[5:] == [DecisionFailedEvent("second"), DecisionStartedEvent()]

    @pytest.mark.parametrize("failures", [0, 1, 2])
    def test_D8_the_history_names_the_code_that_decides_and_not_that_before_it(self, failures: int) -> None:
        process_id = self.start()
        for _ in range(failures):
            self._fail(code="a")
            self.clock.advance(self.backend.capabilities.longest_pause)
        self.backend.release(some(self.backend.poll_decision_task(code="a")))
        task = some(self.backend.poll_decision_task(code="b"))
        self.backend.complete_decision_task(task, CompleteProcess())
        started = [event for event in self.history(process_id) if isinstance(event, DecisionStartedEvent)]
        assert started[-1].code == "b"

    def test_D8_it_is_known_whether_the_decision_that_is_due_was_started_already(self) -> None:
        process_id = self.start()
        for failures in range(3):
            assert some(self.backend.pending(process_id).decision).started == (None, None, 4)[failures]
            self._fail()
            self.clock.advance(self.backend.capabilities.longest_pause)
        task = some(self.backend.poll_decision_task())
        self.backend.signal_process(process_id, "go")
        assert some(self.backend.pending(process_id).decision).started == 4
        self.backend.complete_decision_task(task, [])
        assert some(self.backend.pending(process_id).decision).started is None

    def test_D8_a_decision_that_is_made_ends_the_round(self) -> None:
        process_id = self.start()
        for _ in range(3):
            self._fail()
            self.clock.advance(60)
        self.decide(RecordMarker("m"))
        self.backend.signal_process(process_id, "go")
        assert some(self.backend.pending(process_id).decision).attempt == 1
        self._fail("new")
        assert self.last(process_id) == DecisionFailedEvent("new")
        decision = some(self.backend.pending(process_id).decision)
        assert (decision.attempt, some(decision.due_at) - self.clock()) == (2, timedelta(seconds=1))

    # --- D8 in time ---

    def test_D8_it_is_offered_again_after_longer_and_longer_pauses(self) -> None:
        process_id = self.start()
        for pause in self._pauses():
            self._fail(code="a")
            assert some(self.backend.pending(process_id).decision).due_at == self.clock() + timedelta(seconds=pause)
            self.clock.advance(pause - 0.001)
            assert self.backend.poll_decision_task(code="a") is None
            assert self.backend.poll_decision_task() is None
            self.clock.advance(0.001)
        self.requires(longest_pause=60)

    def test_D8_what_arrives_does_not_shorten_the_pause(self) -> None:
        process_id = self.start()
        self._fail()
        self.clock.advance(1)
        task = some(self.backend.poll_decision_task())
        self.backend.signal_process(process_id, "while deciding")
        self.backend.fail_decision_task(task, "why")
        self.backend.signal_process(process_id, "while waiting")
        self.backend.request_cancel_process(process_id)
        self.clock.advance(1.999)
        assert not self.is_due()
        self.clock.advance(0.001)
        assert len(self.decide().process.unseen_events()) == 4

    def test_D8_it_is_offered_at_once_to_other_code(self) -> None:
        self.requires(retry_now=True)
        self.start()
        for pause in self._pauses():
            self._fail(code="a")
            assert self.backend.poll_decision_task(code="a") is None
            self.clock.advance(pause)
        self._fail(code="a")
        self._fail(code="b")
        for code in ("a", "b", None):
            assert self.backend.poll_decision_task(code=code) is None  # which would go on for ever
        task = some(self.backend.poll_decision_task(code="c"))
        assert self.backend.complete_decision_task(task, CompleteProcess())

    def test_D8_where_it_is_not_offered_at_once_to_other_code_that_waits_as_long(self) -> None:
        self.requires(retry_now=False)
        self.start()
        self._fail(code="a")
        self.clock.advance(0.999)
        assert self.backend.poll_decision_task(code="b") is None
        self.clock.advance(0.001)
        assert self.backend.poll_decision_task(code="b") is not None

    def test_D8_code_is_other_code_again_after_a_decision_was_made(self) -> None:
        self.requires(retry_now=True)
        process_id = self.start()
        self._fail(code="a")
        self.clock.advance(1)
        self.decide()
        self.backend.signal_process(process_id, "go")
        self._fail(code="b")
        assert self.backend.poll_decision_task(code="b") is None
        assert self.backend.poll_decision_task(code="a") is not None

    def test_D8_after_a_failure_with_unknown_code_all_have_to_wait(self) -> None:
        self.start()
        self._fail()
        assert self.backend.poll_decision_task(code="a") is None
        self.clock.advance(1)
        assert self.backend.poll_decision_task(code="a") is not None

    def test_D8_failures_of_one_process_do_not_hold_up_another(self) -> None:
        self.start("bad")
        self._fail()
        self.start("good")
        assert self.decide().process.id == "good"

    def test_D8_a_bug_neither_loses_nor_closes_a_process(self) -> None:
        process_id = self.start()
        for _ in range(50):
            self._fail()
            self.clock.advance(self.backend.capabilities.longest_pause)
        assert self.backend.process_by_id(process_id).result is None
        assert len(self.history(process_id)) == 4
        assert self.decide(CompleteProcess()).process.id == process_id

    # --- D9 ---

    def test_D9_an_unfinished_decision_is_recorded_as_timed_out_and_offered_again(self) -> None:
        self.backend.register_workflow("Brief", decision_timeout=2.5)
        process_id = self.start(workflow="Brief")
        task = some(self.backend.poll_decision_task())
        limit = self.rounded(2.5)
        assert some(self.backend.pending(process_id).decision).deadline == self.clock() + limit
        self.clock.advance(limit.total_seconds() - 0.1)
        assert not self.is_due()
        self.clock.advance(0.1)
        again = some(self.backend.poll_decision_task())
        assert self.history(process_id)[2:] == [DecisionTimedOutEvent(), DecisionStartedEvent()]
        with pytest.raises(UnknownDecisionException):
            self.backend.complete_decision_task(task, RecordMarker("late"))
        assert self.backend.complete_decision_task(again, RecordMarker("in time"))
        assert self.last(process_id) == DecisionEvent(RecordMarker("in time"))

    def test_D9_only_the_first_timeout_of_a_round_is_recorded(self) -> None:
        process_id = self.start()
        for _ in range(3):
            some(self.backend.poll_decision_task())
            self.clock.advance(60)
        some(self.backend.poll_decision_task())
        assert self.history(process_id)[2:] == [DecisionTimedOutEvent(), DecisionStartedEvent()]
        decision = some(self.backend.pending(process_id).decision)
        assert decision.attempt == 4
        assert "60 s" in some(decision.error)

    @pytest.mark.parametrize("decision", [RecordMarker("m"), CompleteProcess()])
    def test_D9_a_decision_in_time_does_not_time_out(self, decision: Decision) -> None:
        process_id = self.start()
        task = some(self.backend.poll_decision_task())
        self.clock.advance(59.999)
        assert self.backend.complete_decision_task(task, decision)
        self.clock.advance(100)
        assert not self.is_due()
        assert self.last(process_id) == DecisionEvent(decision)
