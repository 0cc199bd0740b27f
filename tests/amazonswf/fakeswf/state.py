"""The rules of the service: what is due, which tasks wait, and how executions begin and end."""

from __future__ import annotations

import heapq
import secrets
from collections import defaultdict, deque
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from fakeswf.execution import Activity, Execution, Parent

# "Records a WorkflowExecutionSignaled event … and creates a decision task" (API reference, SignalWorkflowExecution): so
# it is of what a decider has to react to. That a child has started does so too in services of the same design; AWS's
# documents do not say. The backend must stand either.
NEWS = {
    "WorkflowExecutionStarted",
    "WorkflowExecutionSignaled",
    "WorkflowExecutionCancelRequested",
    "ActivityTaskCompleted",
    "ActivityTaskFailed",
    "ActivityTaskTimedOut",
    "ActivityTaskCanceled",
    "TimerFired",
    "ChildWorkflowExecutionStarted",
    "ChildWorkflowExecutionCompleted",
    "ChildWorkflowExecutionFailed",
    "ChildWorkflowExecutionCanceled",
    "ChildWorkflowExecutionTimedOut",
    "ChildWorkflowExecutionTerminated",
    "StartChildWorkflowExecutionFailed",
    "ExternalWorkflowExecutionSignaled",
    "SignalExternalWorkflowExecutionFailed",
    "ExternalWorkflowExecutionCancelRequested",
    "RequestCancelExternalWorkflowExecutionFailed",
    "ScheduleActivityTaskFailed",
    "RequestCancelActivityTaskFailed",
    "StartTimerFailed",
    "CancelTimerFailed",
    "RecordMarkerFailed",
}
TOLD = {
    "COMPLETED": "ChildWorkflowExecutionCompleted",
    "FAILED": "ChildWorkflowExecutionFailed",
    "CANCELED": "ChildWorkflowExecutionCanceled",
    "TIMED_OUT": "ChildWorkflowExecutionTimedOut",
    "TERMINATED": "ChildWorkflowExecutionTerminated",
}
# What of a close its parent is told.
TOLD_OF = ("result", "reason", "details", "timeoutType")


def seconds(text: str | None) -> timedelta | None:
    return None if text in (None, "NONE") else timedelta(seconds=int(text or 0))


class State:
    """Executions, task lists, and what is due when. The caller holds the lock."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self.clock = clock
        self.executions: list[Execution] = []
        self.types: dict[tuple[str, str, str], dict[str, Any]] = {}
        self.tokens: dict[str, tuple[Execution, Activity | None]] = {}
        self.queues: defaultdict[tuple[str, str], deque[tuple[Execution, int]]] = defaultdict(deque)
        self.outbox: list[Callable[[], None]] = []
        self._open: dict[str, Execution] = {}
        self._runs: dict[str, Execution] = {}
        self._due: list[tuple[datetime, int, Callable[[], None]]] = []
        self._numbers = count(1)
        self.at = clock()

    # --- time ---

    def catch_up(self) -> None:
        """Do what is due, each at its time: the service keeps time by itself."""
        now = self.clock()
        while self._due and self._due[0][0] <= now:
            due, _, act = heapq.heappop(self._due)
            self.at = max(self.at, due)
            act()
            self.deliver()
        self.at = max(self.at, now)

    def later(self, delay: timedelta | None, act: Callable[[], None]) -> None:
        """Do this when so much time has passed, if ever."""
        if delay is not None:
            heapq.heappush(self._due, (self.at + delay, next(self._numbers), act))

    def deliver(self) -> None:
        """Send what executions have for each other."""
        while self.outbox:
            self.outbox.pop(0)()

    # --- executions ---

    def open_one(self, workflow_id: str, run_id: str | None = None) -> Execution | None:
        found = self._open.get(workflow_id)
        return found if found is not None and run_id in (None, "", found.run_id) else None

    def run(self, workflow_id: str, run_id: str) -> Execution | None:
        found = self._runs.get(run_id)
        return found if found is not None and found.workflow_id == workflow_id else None

    def new_run_id(self) -> str:
        return secrets.token_urlsafe(24)

    def start(
        self,
        workflow_id: str,
        asked: dict[str, Any],
        parent: Parent | None = None,
        continued: str | None = None,
        run_id: str | None = None,
    ) -> Execution:
        run_id = run_id or self.new_run_id()
        execution = Execution(workflow_id, run_id, asked, self.at, next(self._numbers), parent)
        self.executions.append(execution)
        self._open[workflow_id] = self._runs[execution.run_id] = execution
        self.record(
            execution,
            "WorkflowExecutionStarted",
            continuedExecutionRunId=continued,
            parentWorkflowExecution=parent and {"workflowId": parent.workflow_id, "runId": parent.run_id},
            parentInitiatedEventId=parent.initiated_id if parent else 0,
            **{name: value for name, value in asked.items() if name not in ("domain", "workflowId", "control")},
        )
        self.later(seconds(asked["executionStartToCloseTimeout"]), lambda: self._time_out(execution))
        return execution

    def record(self, execution: Execution, kind: str, **attributes: Any) -> int:
        """Append an event; a decision is scheduled if it calls for one."""
        number = execution.record(kind, self.at, **attributes)
        if kind in NEWS:
            self.call_for_decision(execution)
        return number

    def close(self, execution: Execution, kind: str, status: str, **attributes: Any) -> None:
        """It is over; its parent is told."""
        execution.record(kind, self.at, **attributes)
        execution.close_status, execution.closed_at = status, self.at
        execution.activities.clear()
        execution.timers.clear()
        execution.decision = "none"
        del self._open[execution.workflow_id]
        if execution.parent is not None and status in TOLD:
            told = {name: attributes[name] for name in TOLD_OF if attributes.get(name) is not None}
            if status == "TERMINATED":
                told = {}  # ChildWorkflowExecutionTerminatedEventAttributes has neither reason nor details
            self.outbox.append(lambda: self._tell_parent(execution, TOLD[status], told))

    def _tell_parent(self, child: Execution, kind: str, told: dict[str, Any]) -> None:
        assert child.parent is not None
        parent = self.run(child.parent.workflow_id, child.parent.run_id)
        if parent is not None and parent.is_open:
            self.record(
                parent,
                kind,
                workflowExecution=child.name,
                workflowType=child.asked["workflowType"],
                initiatedEventId=child.parent.initiated_id,
                startedEventId=child.parent.started_id,
                **told,
            )

    def terminate(self, execution: Execution, policy: str, **attributes: Any) -> None:
        self.close(execution, "WorkflowExecutionTerminated", "TERMINATED", childPolicy=policy, **attributes)
        self.apply_policy(execution, policy)

    def _time_out(self, execution: Execution) -> None:
        if execution.is_open:
            policy = execution.asked["childPolicy"]
            self.close(
                execution, "WorkflowExecutionTimedOut", "TIMED_OUT", timeoutType="START_TO_CLOSE", childPolicy=policy
            )
            self.apply_policy(execution, policy)

    def apply_policy(self, parent: Execution, policy: str) -> None:
        """What becomes of its children (API reference, WorkflowExecutionStartedEventAttributes).

        "The policy to use for the child workflow executions if this workflow execution is terminated, by calling the
        TerminateWorkflowExecution action explicitly or due to an expired timeout."
        """
        for child in [one for one in self.executions if one.is_open and one.parent is not None]:
            assert child.parent is not None
            if child.parent.run_id != parent.run_id:
                continue
            if policy == "TERMINATE":
                self.terminate(child, child.asked["childPolicy"], cause="CHILD_POLICY_APPLIED")
            elif policy == "REQUEST_CANCEL":
                child.cancel_requested = True
                self.record(child, "WorkflowExecutionCancelRequested", cause="CHILD_POLICY_APPLIED")

    # --- decision tasks ---

    def call_for_decision(self, execution: Execution) -> None:
        """What comes while one runs is for the next (API reference, WorkflowExecutionOpenCounts).

        "A workflow execution can have at most one open decision task."
        """
        if not execution.is_open or execution.decision == "scheduled":
            return
        if execution.decision == "started":
            execution.news = True
            return
        task_list, limit = execution.asked["taskList"], execution.asked["taskStartToCloseTimeout"]
        execution.decision = "scheduled"
        execution.decision_scheduled_id = execution.record(
            "DecisionTaskScheduled", self.at, taskList=task_list, startToCloseTimeout=limit
        )
        self.queues["decision", task_list["name"]].append((execution, execution.decision_scheduled_id))

    def start_decision(self, execution: Execution, identity: str | None) -> None:
        execution.decision, execution.news = "started", False
        execution.decision_token = token = secrets.token_urlsafe(32)
        self.tokens[token] = (execution, None)
        execution.decision_started_id = execution.record(
            "DecisionTaskStarted", self.at, identity=identity, scheduledEventId=execution.decision_scheduled_id
        )
        self.later(
            seconds(execution.asked["taskStartToCloseTimeout"]), lambda: self._decision_times_out(execution, token)
        )

    def _decision_times_out(self, execution: Execution, token: str) -> None:
        if execution.decision == "started" and execution.decision_token == token:
            execution.record(
                "DecisionTaskTimedOut",
                self.at,
                timeoutType="START_TO_CLOSE",
                scheduledEventId=execution.decision_scheduled_id,
                startedEventId=execution.decision_started_id,
            )
            execution.decision = "none"
            self.call_for_decision(execution)

    # --- activity tasks ---

    def schedule(self, execution: Execution, asked: dict[str, Any], completed_id: int) -> None:
        fields = {name: value for name, value in asked.items() if value is not None}
        scheduled_id = execution.record(
            "ActivityTaskScheduled", self.at, decisionTaskCompletedEventId=completed_id, **fields
        )
        activity = Activity(scheduled_id, asked, self.at)
        execution.activities[activity.id] = activity
        self.queues["activity", asked["taskList"]["name"]].append((execution, scheduled_id))
        self._limit(execution, activity, "scheduleToStartTimeout", "SCHEDULE_TO_START", "scheduled")
        self._limit(execution, activity, "scheduleToCloseTimeout", "SCHEDULE_TO_CLOSE")

    def start_activity(self, execution: Execution, activity: Activity, identity: str | None) -> None:
        activity.state, activity.token, activity.beat_at = "started", secrets.token_urlsafe(32), self.at
        self.tokens[activity.token] = (execution, activity)
        activity.started_id = execution.record(
            "ActivityTaskStarted", self.at, identity=identity, scheduledEventId=activity.scheduled_id
        )
        self._limit(execution, activity, "startToCloseTimeout", "START_TO_CLOSE")
        self._watch(execution, activity)

    def _limit(self, execution: Execution, activity: Activity, name: str, kind: str, state: str | None = None) -> None:
        def act() -> None:
            if execution.activities.get(activity.id) is activity and state in (None, activity.state):
                self._activity_times_out(execution, activity, kind)

        self.later(seconds(activity.asked[name]), act)

    def _watch(self, execution: Execution, activity: Activity) -> None:
        limit = seconds(activity.asked["heartbeatTimeout"])
        if limit is None:
            return
        assert activity.beat_at is not None

        def act() -> None:
            if execution.activities.get(activity.id) is not activity:
                return
            assert activity.beat_at is not None
            if self.at - activity.beat_at >= limit:
                self._activity_times_out(execution, activity, "HEARTBEAT")
            else:
                self.later(activity.beat_at + limit - self.at, act)

        self.later(limit, act)

    def _activity_times_out(self, execution: Execution, activity: Activity, kind: str) -> None:
        # "Contains the content of the details parameter for the last call made by the activity to
        # RecordActivityTaskHeartbeat." (API reference, ActivityTaskTimedOutEventAttributes)
        self.end_activity(execution, activity, "ActivityTaskTimedOut", timeoutType=kind, details=activity.details)

    def end_activity(self, execution: Execution, activity: Activity, kind: str, **attributes: Any) -> None:
        del execution.activities[activity.id]
        self.record(
            execution,
            kind,
            scheduledEventId=activity.scheduled_id,
            startedEventId=activity.started_id,
            **attributes,
        )
