"""A6 to A8: cancelling an activity, handing one off, and signs of life."""

from __future__ import annotations

from typing import Any

import pytest

from pyworkflow.activity import (
    ActivityCanceled,
    ActivityCompleted,
    ActivityExecution,
    ActivityFailed,
    ActivityResult,
    ActivityTimedOut,
)
from pyworkflow.decision import CancelActivity, Decision, ScheduleActivity
from pyworkflow.event import ActivityEvent, DecisionEvent
from pyworkflow.exceptions import UnknownActivityException
from pyworkflow.managed import Activity, ActivityMonitor, Manager, Workflow
from pyworkflow.managed.worker import ActivityWorker
from pyworkflow.managed.worker.base import LOGGER
from pyworkflow.process import Process
from pyworkflow.task import ActivityTask
from pyworkflow.testing.contract.base import YEAR, Contract, some


class PatientActivity(Activity):
    """Gives a sign of life, and answers a request to cancel as its input says."""

    def execute(self) -> Any:
        try:
            self.heartbeat()
        except ActivityCanceled:
            if self.input == "finishes":
                return "finished"
            raise
        return "not asked"


class LetterActivity(Activity):
    """Leaves it to somebody else to end it."""

    auto_complete = False

    def execute(self) -> Any:
        return ActivityFailed("no stamp") if self.input == "fails" else "sent"


class PostWorkflow(Workflow):
    activities = (PatientActivity, LetterActivity)


class AskingRules(Contract):
    """A6 to A8."""

    def _taken(self, activity: type[Activity], input: Any) -> tuple[ActivityWorker, ActivityTask]:
        """A worker that has taken this activity of a new process "p"."""
        manager = Manager(self.backend, [PostWorkflow])
        manager.start_process(Process(PostWorkflow, "p"))
        self.decide(ScheduleActivity(activity, id="1", input=input))
        worker = ActivityWorker(manager)
        return worker, some(worker.poll())

    # --- A6 ---

    def test_A6_an_activity_that_waits_ends_at_once(self) -> None:
        process_id = self.scheduled(id="1", input=[1])
        self.backend.signal_process(process_id, "go")
        self.decide(CancelActivity("1"))
        ended = ActivityEvent(ActivityExecution("Pay", "1", [1]), ActivityCanceled())
        assert self.history(process_id)[-2:] == [DecisionEvent(CancelActivity("1")), ended]
        assert self.backend.poll_activity_task() is None
        assert self.decide().process.unseen_events()[-1] == ended

    def test_A6_an_activity_can_be_canceled_in_the_list_that_schedules_it(self) -> None:
        process_id = self.start()
        decisions: list[Decision] = [
            ScheduleActivity("Pay", id="1"),
            CancelActivity("1"),
            ScheduleActivity("Pay", id="2"),
        ]
        self.decide(*decisions)
        assert self.types(process_id)[2:] == ["decision", "decision", "activity", "decision"]
        assert self.work().activity_execution.id == "2"
        assert self.backend.poll_activity_task() is None

    @pytest.mark.parametrize("answer", [ActivityCanceled("tidied up"), ActivityCompleted("done"), ActivityFailed("oh")])
    def test_A6_one_that_runs_is_asked_and_ends_with_what_it_returns(self, answer: ActivityResult) -> None:
        task = self.running()
        process_id = some(task.process_id)
        assert self.backend.heartbeat_activity_task(task).cancel_requested is False
        self.backend.signal_process(process_id, "go")
        self.decide(CancelActivity(task.activity_execution))
        assert self.types(process_id)[-1] == "decision"
        assert self.open_activity(process_id).cancel_requested is True
        for _ in range(2):
            assert self.backend.heartbeat_activity_task(task).cancel_requested is True
        self.backend.complete_activity_task(task, answer)
        assert self.last(process_id) == ActivityEvent(task.activity_execution, answer)

    def test_A6_only_the_one_that_was_named_is_asked(self) -> None:
        process_id = self.start()
        self.decide(ScheduleActivity("Pay", id="1"), ScheduleActivity("Pay", id="2"))
        one, other = some(self.backend.poll_activity_task()), some(self.backend.poll_activity_task())
        self.backend.signal_process(process_id, "go")
        self.decide(CancelActivity("1"))
        assert self.backend.heartbeat_activity_task(one).cancel_requested is True
        assert self.backend.heartbeat_activity_task(other).cancel_requested is False

    @pytest.mark.parametrize(
        ("input", "ending"), [("gives up", ActivityCanceled()), ("finishes", ActivityCompleted("finished"))]
    )
    def test_A6_its_next_heartbeat_raises_in_the_code_that_runs(self, input: str, ending: ActivityResult) -> None:
        worker, task = self._taken(PatientActivity, input)
        self.backend.signal_process("p", "go")
        self.decide(CancelActivity("1"))
        worker.handle(task, LOGGER, worker.deadline(task))
        worker.close()
        assert self.last("p") == ActivityEvent(ActivityExecution("Patient", "1", input), ending)

    # --- A7 ---

    def test_A7_an_activity_without_auto_complete_is_handed_off_and_ended_by_its_token(self) -> None:
        worker, task = self._taken(LetterActivity, "all well")
        worker.handle(task, LOGGER, worker.deadline(task))
        worker.close()  # with its lease
        left = self.open_activity("p")
        assert (left.state, left.token) == ("handed_off", task.context)
        assert "activity" not in self.types("p")
        task = ActivityTask(left.execution, context=left.token)
        self.another().complete_activity_task(task, "arrived")
        assert self.last("p") == ActivityEvent(left.execution, ActivityCompleted("arrived"))
        with pytest.raises(UnknownActivityException):
            self.backend.complete_activity_task(task, "again")

    def test_A7_whoever_looks_finds_what_was_handed_off_and_its_token(self) -> None:
        task = self.running()
        self.backend.hand_off(task)
        (left,) = self.another().pending(str(task.process_id)).activities
        known = ("handed_off", task.context) if self.backend.capabilities.reads_running else ("running", None)
        assert (left.state, left.token) == known
        self.requires(reads_running=True)

    def test_A7_what_was_handed_off_is_not_released_any_more(self) -> None:
        task = self.running()
        token = self.backend.hand_off(task)
        with self.nothing_recorded():
            self.backend.release(task)
        self.backend.complete_activity_task(ActivityTask.of_token(token), "arrived")
        assert self.last(str(task.process_id)) == ActivityEvent(task.activity_execution, ActivityCompleted("arrived"))

    def test_A7_an_ending_that_it_returns_is_one(self) -> None:
        worker, task = self._taken(LetterActivity, "fails")
        worker.handle(task, LOGGER, worker.deadline(task))
        worker.close()
        assert self.last("p") == ActivityEvent(task.activity_execution, ActivityFailed("no stamp"))

    def test_A7_what_was_handed_off_is_held_by_no_lease(self) -> None:
        lease = self.backend.lease("me")
        task = self.running(lease=lease)
        assert self.backend.hand_off(task) == task.context
        with self.nothing_recorded():
            lease.close()
        assert self.backend.poll_activity_task() is None
        assert self.open_activity(some(task.process_id)).state == "handed_off"
        self.backend.complete_activity_task(task, "done")
        assert self.is_due()

    @pytest.mark.parametrize("timeout", ["execution", "heartbeat"])
    def test_A7_what_was_handed_off_still_times_out(self, timeout: str) -> None:
        limits = {"execution_timeout": YEAR, "heartbeat_timeout": YEAR} | {f"{timeout}_timeout": 5}
        self.backend.register_activity("Brief", **limits)  # type: ignore[arg-type]
        task = self.running("Brief")
        self.clock.advance(2)
        self.backend.hand_off(task)
        self.clock.advance(2.9)
        assert not self.is_due()
        self.clock.advance(0.1)
        assert self.is_due()
        ended = ActivityEvent(task.activity_execution, ActivityTimedOut(timeout=timeout))
        assert ended in self.history(some(task.process_id))

    def test_A7_what_was_handed_off_gives_signs_of_life_and_is_asked_to_cancel(self) -> None:
        self.backend.register_activity("Brief", heartbeat_timeout=5)
        task = self.running("Brief")
        self.backend.hand_off(task)
        self.backend.signal_process(some(task.process_id), "go")
        self.decide(CancelActivity("1"))
        for _ in range(3):
            self.clock.advance(4)
            assert self.backend.heartbeat_activity_task(task, "alive").cancel_requested is True
        if self.backend.capabilities.reads_running:
            assert self.open_activity(some(task.process_id)).details == "alive"

    # --- A8 ---

    def test_A8_the_last_details_are_readable_while_it_runs(self) -> None:
        self.requires(reads_running=True)
        task = self.running()
        process_id = some(task.process_id)
        before = self.open_activity(process_id)
        assert (before.details, before.heartbeat_at) == (None, None)
        for details, shown in ((None, None), ({"done": 1}, {"done": 1}), (None, {"done": 1}), (0, 0), ((2,), [2])):
            self.clock.advance(1)
            self.another().heartbeat_activity_task(task, details)
            after = self.open_activity(process_id)
            assert (after.details, after.heartbeat_at) == (shown, self.clock())

    @pytest.mark.parametrize("timeout", ["execution", "heartbeat"])
    def test_A8_the_last_details_are_in_its_timeout(self, timeout: str) -> None:
        limits = {"execution_timeout": YEAR, "heartbeat_timeout": YEAR} | {f"{timeout}_timeout": 5}
        self.backend.register_activity("Brief", **limits)  # type: ignore[arg-type]
        task = self.running("Brief")
        self.backend.heartbeat_activity_task(task, [1])
        self.backend.heartbeat_activity_task(task, [2])
        self.clock.advance(5)
        assert self.is_due()
        ended = ActivityEvent(task.activity_execution, ActivityTimedOut([2], timeout))
        assert ended in self.history(some(task.process_id))

    def test_A8_a_sign_of_life_is_no_event(self) -> None:
        task = self.running()
        with self.nothing_recorded():
            self.backend.heartbeat_activity_task(task, "alive")
        assert not self.is_due()
        if self.backend.capabilities.reads_running:
            assert self.open_activity(some(task.process_id)).heartbeat_at == self.clock()

    def test_A8_where_signs_of_life_cannot_be_read_there_are_none(self) -> None:
        self.requires(reads_running=False)
        task = self.running()
        self.backend.heartbeat_activity_task(task, "alive")
        running = self.open_activity(some(task.process_id))
        assert (running.heartbeat_at, running.details) == (None, None)

    def test_A8_the_monitor_is_called_without_an_argument_unless_there_are_details(self) -> None:
        calls: list[tuple[Any, ...]] = []
        activity = LetterActivity(self.running(), ActivityMonitor(lambda *given: calls.append(given)))
        activity.heartbeat()
        activity.heartbeat({"done": 1})
        assert calls == [(), ({"done": 1},)]
