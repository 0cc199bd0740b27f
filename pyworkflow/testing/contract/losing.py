"""A5: what a worker held is given up with its lease, and handed out again."""

from __future__ import annotations

import pytest

from pyworkflow.activity import ActivityCompleted, ActivityTimedOut
from pyworkflow.decision import RecordMarker, ScheduleActivity
from pyworkflow.event import ActivityEvent, ActivityLostEvent, ActivityStartedEvent, DecisionEvent
from pyworkflow.exceptions import UnknownActivityException, UnknownDecisionException
from pyworkflow.task import ActivityTask
from pyworkflow.testing.contract.base import YEAR, Contract, some

WAYS = ["lease", "release"]


class LosingRules(Contract):
    """A5, as far as one operating-system process shows it."""

    def _lose_activity(self, way: str) -> ActivityTask:
        """Take the activity that waits and lose it: by the end of the lease, or by giving it back."""
        lease = self.backend.lease("me")
        task = some(self.backend.poll_activity_task(identity="me", lease=lease))
        if way == "lease":
            lease.close()
        else:
            self.backend.release(task)
        return task

    # --- activities ---

    @pytest.mark.parametrize("way", WAYS)
    def test_A5_a_lost_activity_is_recorded_and_handed_out_again_with_a_new_token(self, way: str) -> None:
        self.requires(restarts_lost=True)
        process_id = self.scheduled(input=[1])
        lost = self._lose_activity(way)
        execution = lost.activity_execution
        event = self.last(process_id)
        assert event == ActivityLostEvent(execution)
        assert isinstance(event, ActivityLostEvent)
        assert event.identity == "me"
        waiting = self.open_activity(process_id)
        assert (waiting.state, waiting.losses, waiting.identity) == ("waiting", 1, None)
        again = some(self.backend.poll_activity_task())
        assert again.activity_execution == execution
        assert again.context != lost.context
        assert self.last(process_id) == ActivityStartedEvent(execution)

    @pytest.mark.parametrize("way", WAYS)
    def test_A5_a_result_is_taken_once_and_not_from_the_worker_that_was_lost(self, way: str) -> None:
        self.requires(restarts_lost=True)
        process_id = self.scheduled()
        lost = self._lose_activity(way)
        self._is_lost(lost)
        again = some(self.backend.poll_activity_task())
        self._is_lost(lost)
        self.backend.complete_activity_task(again, "taken")
        self._is_lost(lost)
        ended = [event for event in self.history(process_id) if isinstance(event, ActivityEvent)]
        assert [event.result for event in ended] == [ActivityCompleted("taken")]

    def _is_lost(self, task: ActivityTask) -> None:
        with self.nothing_recorded():
            with pytest.raises(UnknownActivityException):
                self.backend.complete_activity_task(task, "from the dead")
            with pytest.raises(UnknownActivityException):
                self.backend.heartbeat_activity_task(task)
            self.backend.release(task)

    def test_A5_a_loss_calls_for_no_decision(self) -> None:
        self.requires(restarts_lost=True)
        self.scheduled()
        self._lose_activity("release")
        assert not self.is_due()

    @pytest.mark.parametrize("way", WAYS)
    def test_A5_the_third_loss_ends_it(self, way: str) -> None:
        self.requires(restarts_lost=True)
        process_id = self.scheduled()
        for losses in (1, 2):
            self._lose_activity(way)
            assert self.open_activity(process_id).losses == losses
        execution = self._lose_activity(way).activity_execution
        ended = ActivityEvent(execution, ActivityTimedOut(timeout="worker"))
        assert self.history(process_id)[-2:] == [ActivityLostEvent(execution), ended]
        assert self.backend.poll_activity_task() is None
        assert self.decide().process.unseen_events()[-1] == ended

    @pytest.mark.parametrize("way", WAYS)
    def test_A5_the_first_loss_ends_one_that_may_not_run_twice(self, way: str) -> None:
        self.backend.register_activity("Once", restart_lost=False)
        process_id = self.scheduled("Once")
        execution = self._lose_activity(way).activity_execution
        ended = ActivityEvent(execution, ActivityTimedOut(timeout="worker"))
        restarts = self.backend.capabilities.restarts_lost
        assert self.history(process_id)[4:] == ([ActivityLostEvent(execution), ended] if restarts else [ended])
        assert self.backend.poll_activity_task() is None

    @pytest.mark.parametrize("way", WAYS)
    def test_A5_where_nothing_is_restarted_the_first_loss_ends_any_activity(self, way: str) -> None:
        self.requires(restarts_lost=False)
        process_id = self.scheduled()
        lost = self._lose_activity(way)
        self._is_lost(lost)
        assert self.last(process_id) == ActivityEvent(lost.activity_execution, ActivityTimedOut(timeout="worker"))
        assert self.backend.poll_activity_task() is None
        assert self.is_due()

    def test_A5_the_details_of_the_last_heartbeat_are_in_the_ending(self) -> None:
        self.backend.register_activity("Once", restart_lost=False)
        task = self.running("Once")
        self.backend.heartbeat_activity_task(task, {"done": 7})
        self.backend.release(task)
        ended = ActivityEvent(task.activity_execution, ActivityTimedOut({"done": 7}, timeout="worker"))
        assert self.last(some(task.process_id)) == ended

    def test_A5_its_timeouts_begin_anew(self) -> None:
        self.requires(restarts_lost=True)
        self.backend.register_activity("Brief", scheduled_timeout=10, execution_timeout=20)
        process_id = self.scheduled("Brief")
        self.clock.advance(9)
        task = some(self.backend.poll_activity_task())
        self.clock.advance(19)
        self.backend.release(task)
        self.clock.advance(9)
        task = some(self.backend.poll_activity_task())
        self.clock.advance(19)
        self.backend.complete_activity_task(task, "in time")
        assert self.last(process_id) == ActivityEvent(task.activity_execution, ActivityCompleted("in time"))

    @pytest.mark.parametrize("way", WAYS)
    def test_A5_one_whose_time_was_up_before_has_timed_out_and_is_not_lost(self, way: str) -> None:
        self.backend.register_activity("Brief", scheduled_timeout=YEAR, execution_timeout=20)
        process_id = self.scheduled("Brief")
        with self.backend.lease() as lease:
            task = some(self.backend.poll_activity_task(lease=lease))
            self.clock.advance(3600)
            lease.close() if way == "lease" else self.backend.release(task)
        ended = ActivityEvent(task.activity_execution, ActivityTimedOut(timeout="execution"))
        assert self.history(process_id)[-1:] == [ended]
        assert "activity_lost" not in self.types(process_id)

    def test_A5_losses_are_counted_for_one_schedule(self) -> None:
        self.requires(restarts_lost=True)
        process_id = self.scheduled(id="1")
        self._lose_activity("release")
        self._lose_activity("release")
        self.work()
        self.decide(ScheduleActivity("Pay", id="1"))
        self._lose_activity("release")
        assert self.open_activity(process_id).losses == 1

    # --- decisions ---

    @pytest.mark.parametrize("way", WAYS)
    def test_A5_a_lost_decision_keeps_the_error_of_the_one_before(self, way: str) -> None:
        process_id = self.start()
        self.backend.fail_decision_task(some(self.backend.poll_decision_task()), "a bug")
        self.clock.advance(1)
        lease = self.backend.lease("me")
        lost = some(self.backend.poll_decision_task(lease=lease))
        lease.close() if way == "lease" else self.backend.release(lost)
        assert some(self.backend.pending(process_id).decision).error == "a bug"

    @pytest.mark.parametrize("way", WAYS)
    def test_A5_a_lost_decision_is_offered_again_at_once_and_nothing_is_recorded(self, way: str) -> None:
        process_id = self.start()
        lease = self.backend.lease("me")
        lost = some(self.backend.poll_decision_task(lease=lease))
        with self.nothing_recorded():
            lease.close() if way == "lease" else self.backend.release(lost)
            again = some(self.backend.poll_decision_task())
        assert again.process == lost.process
        with self.nothing_recorded(), pytest.raises(UnknownDecisionException):
            self.backend.complete_decision_task(lost, RecordMarker("from the dead"))
        assert self.backend.complete_decision_task(again, RecordMarker("m"))
        assert self.history(process_id)[2:] == [DecisionEvent(RecordMarker("m"))]

    def test_A5_a_lost_decision_is_no_failure(self) -> None:
        process_id = self.start()
        for _ in range(5):
            self.backend.release(some(self.backend.poll_decision_task()))
        assert some(self.backend.pending(process_id).decision).attempt == 1
        assert self.is_due()

    # --- leases ---

    def test_A5_only_what_a_lease_holds_is_lost_with_it(self) -> None:
        self.requires(restarts_lost=True)
        mine, yours = self.backend.lease("me"), self.another().lease("you")
        held = self.running(lease=yours)
        free = self.running()
        self.start()
        deciding = some(self.backend.poll_decision_task(lease=yours))
        lost = self.running(lease=mine)
        mine.close()
        for task in (held, free):
            self.backend.complete_activity_task(task)
        assert self.backend.complete_decision_task(deciding, [])
        assert some(self.backend.poll_activity_task()).activity_execution == lost.activity_execution

    def test_A5_a_living_lease_loses_nothing_however_long_it_takes(self) -> None:
        lease = self.backend.lease("me")
        task = self.running(lease=lease)
        self.clock.advance(86_400)
        with self.another().lease("you") as other:
            for wait in (None, 1.5):  # some look for dead workers now and then only
                assert self.another().poll_activity_task(lease=other, wait=wait) is None
        self.backend.complete_activity_task(task)

    def test_A5_what_has_ended_is_not_lost_with_the_lease(self) -> None:
        lease = self.backend.lease("me")
        task = self.running(lease=lease)
        self.backend.complete_activity_task(task)
        self.backend.complete_decision_task(some(self.backend.poll_decision_task(lease=lease)), [])
        with self.nothing_recorded():
            lease.close()
            lease.close()
        assert not self.is_due()

    def test_A5_a_lease_is_a_context_manager_with_an_id_of_its_own(self) -> None:
        process_id = self.scheduled()
        with self.backend.lease() as one, self.backend.lease() as other:
            assert isinstance(one.id, str)
            assert one.id != other.id
            some(self.backend.poll_activity_task(lease=one))
        lost = "activity_lost" if self.backend.capabilities.restarts_lost else "activity"
        assert self.types(process_id)[-1] == lost

    def test_A5_releasing_what_is_over_does_nothing(self) -> None:
        task = self.running()
        self.backend.complete_activity_task(task)
        decision = self.decide()
        with self.nothing_recorded():
            self.backend.release(task)
            self.backend.release(decision)
            self.backend.release(ActivityTask(task.activity_execution, context="nonsense"))
        assert self.backend.poll_activity_task() is None
        assert not self.is_due()
