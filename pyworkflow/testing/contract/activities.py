"""A1 to A3: an activity is handed out, and ends once."""

from __future__ import annotations

from collections.abc import Callable
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
from pyworkflow.backend import Backend
from pyworkflow.decision import ScheduleActivity
from pyworkflow.event import ActivityEvent, ActivityStartedEvent
from pyworkflow.exceptions import UnknownActivityException
from pyworkflow.task import ActivityTask
from pyworkflow.testing.contract.base import YEAR, Contract, some

ENDINGS: list[tuple[Any, ActivityResult]] = [
    (None, ActivityCompleted(None)),
    (0, ActivityCompleted(0)),
    ({"type": "failed"}, ActivityCompleted({"type": "failed"})),
    (ActivityCompleted(), ActivityCompleted(None)),
    (ActivityCompleted([1]), ActivityCompleted([1])),
    (ActivityCanceled("why"), ActivityCanceled("why")),
    (ActivityFailed("why", ["where"]), ActivityFailed("why", ["where"])),
    (ActivityTimedOut("half", "own"), ActivityTimedOut("half", "own")),
]
USES: dict[str, Callable[[Backend, ActivityTask], object]] = {
    "complete": lambda backend, task: backend.complete_activity_task(task, "late"),
    "fail": lambda backend, task: backend.complete_activity_task(task, ActivityFailed("late")),
    "heartbeat": lambda backend, task: backend.heartbeat_activity_task(task, "late"),
    "hand off": lambda backend, task: backend.hand_off(task),
}


class ActivityRules(Contract):
    """A1 to A3."""

    # --- A1 ---

    def test_A1_activities_are_handed_out_in_order_of_arrival(self) -> None:
        self.requires(fifo=True)
        for process_id in ("a", "b", "c"):
            self.start(process_id)
            self.decide(*(ScheduleActivity("Pay", id=f"{process_id}{number}") for number in (2, 1)))
        ids = [some(self.backend.poll_activity_task()).activity_execution.id for _ in range(6)]
        assert ids == ["a2", "a1", "b2", "b1", "c2", "c1"]
        assert self.backend.poll_activity_task() is None

    def test_A1_a_poll_that_names_activities_is_given_no_others(self) -> None:
        self.requires(polls_by_name=True)
        self.backend.register_activity("Pack", scheduled_timeout=YEAR)
        self.start()
        self.decide(*(ScheduleActivity(name, id=name) for name in ("Pay", "Pack")))
        for names, found in (([], None), (["Send"], None), (["Pack", "Send"], "Pack"), ({"Pay": 1}, "Pay")):
            task = self.backend.poll_activity_task(names=names)
            assert (task and task.activity_execution.activity) == found

    def test_A1_it_is_handed_out_with_its_name_id_input_and_process(self) -> None:
        process_id = self.scheduled("Pay", "7", {"amount": 3})
        task = some(self.another().poll_activity_task())
        assert task.activity_execution == ActivityExecution("Pay", "7", {"amount": 3})
        assert task.process_id == process_id
        assert isinstance(task.context, str)

    def test_A1_the_category_is_the_registered_one_unless_the_decision_names_another(self) -> None:
        self.backend.register_activity("Lift", category="big")
        self.start()
        heavy = ScheduleActivity("Pay", id="heavy", category="heavy")
        self.decide(ScheduleActivity("Lift", id="lift"), heavy, ScheduleActivity("Pay", id="pay"))
        found = {
            category: [self.work(category=category).activity_execution.id] for category in ("default", "big", "heavy")
        }
        assert found == {"default": ["pay"], "big": ["lift"], "heavy": ["heavy"]}
        for category in ("default", "big", "heavy", "nobody's"):
            assert self.backend.poll_activity_task(category) is None

    def test_A1_category_and_timeouts_are_those_registered_when_it_was_scheduled(self) -> None:
        self.backend.register_activity("Lift", category="big", scheduled_timeout=YEAR, execution_timeout=50)
        process_id = self.scheduled("Lift")
        self.backend.register_activity("Lift", category="small", execution_timeout=5)
        assert self.backend.poll_activity_task("small") is None
        some(self.backend.poll_activity_task("big"))
        self.clock.advance(49)
        assert not self.is_due()
        assert "activity" not in self.types(process_id)

    def test_A1_its_start_is_in_the_history_at_the_latest_with_the_result(self) -> None:
        process_id = self.scheduled()
        task = some(self.backend.poll_activity_task(identity="me"))
        self.clock.advance(5)
        self.backend.complete_activity_task(task, 1)
        started, ended = self.history(process_id)[3:]
        assert started == ActivityStartedEvent(task.activity_execution)
        assert ended == ActivityEvent(task.activity_execution, ActivityCompleted(1))
        assert isinstance(started, ActivityStartedEvent)
        assert started.identity == "me"

    def test_A1_what_waits_and_what_runs_is_told_apart(self) -> None:
        process_id = self.start()
        self.decide(ScheduleActivity("Pay", id="1"), ScheduleActivity("Pay", id="2"))
        since = self.clock()
        self.clock.advance(5)
        task = some(self.backend.poll_activity_task(identity="me"))
        running, waiting = self.backend.pending(process_id).activities
        assert (running.state, running.identity, running.since) == ("running", "me", self.clock())
        assert (running.execution, running.token) == (task.activity_execution, task.context)
        assert (waiting.state, waiting.identity, waiting.since, waiting.token) == ("waiting", None, since, None)

    # --- A2 ---

    @pytest.mark.parametrize(("given", "expected"), ENDINGS)
    def test_A2_the_ending_is_recorded_and_a_decision_is_due(self, given: Any, expected: ActivityResult) -> None:
        process_id = self.scheduled()
        task = self.work(given)
        ended = self.last(process_id)
        assert ended == ActivityEvent(task.activity_execution, expected)
        assert isinstance(ended, ActivityEvent)
        assert type(ended.result) is type(expected)
        assert self.backend.pending(process_id).activities == ()
        assert self.decide().process.unseen_events()[-1] == ended

    def test_A2_every_schedule_ends_once_in_whatever_order(self) -> None:
        process_id = self.start()
        self.decide(*(ScheduleActivity("Pay", id=number) for number in range(5)))
        tasks = [some(self.backend.poll_activity_task()) for _ in range(5)]
        for task in reversed(tasks):
            self.backend.complete_activity_task(task, task.activity_execution.id)
        ended = [event for event in self.history(process_id) if isinstance(event, ActivityEvent)]
        assert [event.activity_execution.id for event in ended] == ["4", "3", "2", "1", "0"]
        assert all(event.result == ActivityCompleted(event.activity_execution.id) for event in ended)

    # --- A3 ---

    def test_A3_the_token_is_all_that_is_needed(self) -> None:
        task = self.running()
        rebuilt = ActivityTask(ActivityExecution("x", "y"), context=task.context)
        assert self.another().heartbeat_activity_task(rebuilt, "alive").cancel_requested is False
        self.another().complete_activity_task(rebuilt, 1)
        assert self.last(some(task.process_id)) == ActivityEvent(task.activity_execution, ActivityCompleted(1))

    @pytest.mark.parametrize("use", USES)
    def test_A3_a_token_works_once(self, use: str) -> None:
        task = self.running()
        self.backend.complete_activity_task(task)
        self._activity_is_over(task, use)
        self.decide(ScheduleActivity("Pay", id=task.activity_execution.id))
        self._activity_is_over(task, use)
        again = some(self.backend.poll_activity_task())
        self._activity_is_over(task, use)
        self.backend.complete_activity_task(again)

    @pytest.mark.parametrize("use", USES)
    def test_A3_after_its_timeout_nothing_but_that_is_recorded(self, use: str) -> None:
        self.backend.register_activity("Brief", execution_timeout=5)
        task = self.running("Brief")
        self.clock.advance(5)
        with pytest.raises(UnknownActivityException):
            USES[use](self.backend, task)
        ended = ActivityEvent(task.activity_execution, ActivityTimedOut(timeout="execution"))
        assert self.history(some(task.process_id))[4:] == [ended]
        self._activity_is_over(task, use)

    @pytest.mark.parametrize("use", USES)
    def test_A3_after_the_close_of_its_process_a_token_is_over(self, use: str) -> None:
        task = self.running()
        self.backend.cancel_process(some(task.process_id))
        self._activity_is_over(task, use)

    @pytest.mark.parametrize("token", [None, "", "nonsense", "1", "1:", ":", "1:2:3", "-1:x", "漢:字", "9" * 50 + ":x"])
    def test_A3_what_never_was_a_token_is_unknown(self, token: str | None) -> None:
        self.scheduled()
        self.running()
        for use in USES:
            self._activity_is_over(ActivityTask(ActivityExecution("Pay", "1"), context=token), use)

    def test_A3_a_token_ends_its_own_activity_and_no_other(self) -> None:
        first, second = self.running(), self.running()
        self.backend.complete_activity_task(second, 2)
        self.backend.complete_activity_task(first, 1)
        for task, result in ((first, 1), (second, 2)):
            ended = ActivityEvent(task.activity_execution, ActivityCompleted(result))
            assert self.last(some(task.process_id)) == ended

    def _activity_is_over(self, task: ActivityTask, use: str) -> None:
        with self.nothing_recorded(), pytest.raises(UnknownActivityException):
            USES[use](self.backend, task)
