"""A4: an activity's three time-outs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from pyworkflow.activity import ActivityCompleted, ActivityTimedOut
from pyworkflow.decision import ScheduleActivity
from pyworkflow.event import ActivityEvent
from pyworkflow.exceptions import UnknownActivityException
from pyworkflow.process import Process
from pyworkflow.testing.contract.base import YEAR, Contract, some
from pyworkflow.testing.roles import PATIENCE

LIMITS = {"scheduled": 10, "execution": 20, "heartbeat": 5}

# What a worker does, on whatever work, that lets a time-out take effect.
TRIGGERS: dict[str, Callable[[Any], object]] = {
    "a poll for decisions": lambda contract: contract.backend.poll_decision_task("nobody's"),
    "a poll for activities": lambda contract: contract.backend.poll_activity_task("nobody's"),
    "a heartbeat": lambda contract: contract.backend.heartbeat_activity_task(contract.bystander),
    "a completed activity": lambda contract: contract.backend.complete_activity_task(contract.bystander),
    "keeping time": lambda contract: contract.backend.apply_due(),
    "a completed decision": lambda contract: contract.backend.complete_decision_task(contract.bystanding, []),
}


class TimeoutRules(Contract):
    """A4."""

    def _brief(self, timeout: str) -> str:
        """A process with an activity whose time is nearly up: which time-out, is given."""
        limits: dict[str, float] = {f"{kind}_timeout": YEAR for kind in LIMITS}
        limits[f"{timeout}_timeout"] = LIMITS[timeout]
        self.backend.register_activity("Brief", **limits)  # type: ignore[arg-type]
        process_id = self.scheduled("Brief")
        if timeout != "scheduled":
            self.brief = some(self.backend.poll_activity_task())
        return process_id

    @pytest.mark.parametrize("timeout", LIMITS)
    @pytest.mark.parametrize("trigger", TRIGGERS)
    def test_A4_each_timeout_ends_the_activity_at_whatever_a_worker_does_next(self, trigger: str, timeout: str) -> None:
        self.bystander = self.running()
        self.start()
        self.bystanding = some(self.backend.poll_decision_task())
        process_id = self._brief(timeout)
        (pending,) = self.backend.pending(process_id).activities
        assert (pending.timeout, pending.deadline) == (timeout, self.clock() + timedelta(seconds=LIMITS[timeout]))
        before = self.types(process_id)
        self.clock.advance(LIMITS[timeout] - 0.001)
        self.backend.poll_decision_task("nobody's")
        assert self.types(process_id) == before
        self.clock.advance(0.001)
        TRIGGERS[trigger](self)
        assert self.types(process_id) == [*before, "activity"]
        assert self.last(process_id) == ActivityEvent(pending.execution, ActivityTimedOut(timeout=timeout))
        assert some(self.backend.pending(process_id).decision).state == "due"

    def test_A4_one_that_waited_too_long_is_not_handed_out_and_never_started(self) -> None:
        process_id = self._brief("scheduled")
        self.clock.advance(10)
        assert self.backend.poll_activity_task() is None
        assert self.types(process_id)[2:] == ["decision", "activity"]

    def test_A4_the_time_in_the_queue_ends_with_the_start(self) -> None:
        process_id = self._brief("scheduled")
        self.clock.advance(9)
        task = some(self.backend.poll_activity_task())
        self.clock.advance(9)
        self.backend.complete_activity_task(task, "done")
        assert self.types(process_id)[-1] == "activity"
        self.clock.advance(1000)
        assert self.decide().process.unseen_events()[-1].result.type == "completed"  # type: ignore[attr-defined]

    def test_A4_the_execution_is_timed_from_the_start(self) -> None:
        self.backend.register_activity("Brief", scheduled_timeout=YEAR, execution_timeout=20)
        process_id = self.scheduled("Brief")
        self.clock.advance(100)
        task = some(self.backend.poll_activity_task())
        self.clock.advance(19)
        self.backend.complete_activity_task(task)
        assert self.last(process_id) == ActivityEvent(task.activity_execution, ActivityCompleted())

    def test_A4_each_heartbeat_gives_new_time(self) -> None:
        process_id = self._brief("heartbeat")
        for _ in range(5):
            self.clock.advance(4)
            self.backend.heartbeat_activity_task(self.brief)
        if self.backend.capabilities.reads_running:
            assert self.open_activity(process_id).deadline == self.clock() + timedelta(seconds=5)
        self.clock.advance(5)
        with pytest.raises(UnknownActivityException):
            self.backend.heartbeat_activity_task(self.brief)
        assert self.last(process_id) == ActivityEvent(
            self.brief.activity_execution, ActivityTimedOut(timeout="heartbeat")
        )

    def test_A4_heartbeats_do_not_put_off_the_end_of_the_execution(self) -> None:
        self.backend.register_activity("Brief", execution_timeout=20, heartbeat_timeout=5)
        task = self.running("Brief")
        for _ in range(4):
            self.clock.advance(4)
            self.backend.heartbeat_activity_task(task)
        self.clock.advance(4)
        with pytest.raises(UnknownActivityException):
            self.backend.heartbeat_activity_task(task)
        ended = ActivityEvent(task.activity_execution, ActivityTimedOut(timeout="execution"))
        assert self.last(some(task.process_id)) == ended

    @pytest.mark.parametrize("timeout", ["execution", "heartbeat"])
    def test_A4_a_completion_that_comes_too_late_is_not_taken(self, timeout: str) -> None:
        process_id = self._brief(timeout)
        self.clock.advance(LIMITS[timeout])
        with pytest.raises(UnknownActivityException):
            self.backend.complete_activity_task(self.brief, "late")
        assert self.last(process_id) == ActivityEvent(self.brief.activity_execution, ActivityTimedOut(timeout=timeout))

    def test_A4_an_activity_that_ended_in_time_does_not_time_out(self) -> None:
        process_id = self._brief("execution")
        self.backend.complete_activity_task(self.brief)
        self.decide()
        self.clock.advance(100)
        assert not self.is_due()
        assert self.types(process_id).count("activity") == 1

    @pytest.mark.parametrize("timeout", LIMITS)
    def test_A4_readers_change_nothing_and_can_tell_that_it_is_overdue(self, timeout: str) -> None:
        self.requires(keeps_time=False)
        process_id = self._brief(timeout)
        self.clock.advance(LIMITS[timeout] + 1)
        with self.nothing_recorded():
            self.backend.process_by_id(process_id)
            list(self.backend.processes())
            self.backend.summaries()
            self.backend.events(process_id)
            pending = self.open_activity(process_id)
        assert pending.deadline < self.clock()

    @pytest.mark.parametrize("timeout", LIMITS)
    def test_A4_a_backend_that_keeps_time_ends_it_in_time_though_nobody_works(self, timeout: str) -> None:
        self.requires(keeps_time=True)
        process_id = self._brief(timeout)
        due = self.clock() + timedelta(seconds=LIMITS[timeout])
        self.clock.advance(LIMITS[timeout] + 100)
        ended = self.last(process_id)
        assert isinstance(ended, ActivityEvent)
        assert (ended.result, ended.datetime) == (ActivityTimedOut(timeout=timeout), due)

    @pytest.mark.parametrize("timeout", LIMITS)
    def test_A4_a_waiting_worker_notices_though_nothing_else_happens(self, timeout: str) -> None:
        backend = self.in_real_time()
        limits: dict[str, float] = {f"{kind}_timeout": YEAR for kind in LIMITS} | {f"{timeout}_timeout": 0.3}
        backend.register_activity("Brief", **limits)  # type: ignore[arg-type]
        process_id = backend.start_process(Process("Order"))
        self.decide(ScheduleActivity("Brief", id="1"))
        if timeout != "scheduled":
            some(backend.poll_activity_task(wait=PATIENCE))
        decision = some(backend.poll_decision_task(wait=PATIENCE))
        (ended,) = [event for event in decision.process.history if isinstance(event, ActivityEvent)]
        assert ended.result == ActivityTimedOut(timeout=timeout)
        waited = ended.datetime - decision.process.history[0].datetime
        assert waited < timedelta(seconds=PATIENCE / 2)  # not only when the poll gave up
        assert decision.process.id == process_id
