"""What decisions do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fakeswf.execution import Execution, Parent
from fakeswf.faults import invalid
from fakeswf.state import State, seconds

CLOSING = {
    "CompleteWorkflowExecution": ("WorkflowExecutionCompleted", "COMPLETED"),
    "FailWorkflowExecution": ("WorkflowExecutionFailed", "FAILED"),
    "CancelWorkflowExecution": ("WorkflowExecutionCanceled", "CANCELED"),
    "ContinueAsNewWorkflowExecution": ("WorkflowExecutionContinuedAsNew", "CONTINUED_AS_NEW"),
}
MOST_OPEN = 1_000


def check(decisions: list[dict[str, Any]]) -> None:
    """Raises a Fault for a list that the service refuses whole."""
    for position, decision in enumerate(decisions):
        kind = decision["decisionType"]
        if kind not in _DO and kind not in CLOSING:
            raise invalid(f"{kind} is no part of this service")
        if _key(kind) not in decision and kind in _DO:
            raise invalid(f"{kind} has no attributes")
        if kind in CLOSING and position < len(decisions) - 1:
            raise invalid("Close must be last decision in list")


def apply(
    state: State, execution: Execution, decisions: list[dict[str, Any]], completed_id: int, *, news: bool
) -> None:
    """Do what was decided, in order. `news` overtook the list."""
    for decision in decisions:
        kind = decision["decisionType"]
        attributes = decision.get(_key(kind), {})
        if kind in CLOSING:
            _close(state, execution, kind, attributes, completed_id, news=news)
        else:
            _DO[kind](state, execution, attributes, completed_id)


def _key(kind: str) -> str:
    return f"{kind[0].lower()}{kind[1:]}DecisionAttributes"


def _close(
    state: State, execution: Execution, kind: str, attributes: dict[str, Any], completed_id: int, *, news: bool
) -> None:
    event, status = CLOSING[kind]
    if news:
        # "A CompleteWorkflowExecution decision failed. This could happen if there is an unhandled decision task pending
        # in the workflow execution." (API reference, Decision)
        state.record(execution, f"{kind}Failed", cause="UNHANDLED_DECISION", decisionTaskCompletedEventId=completed_id)
        return
    if kind != "ContinueAsNewWorkflowExecution":
        state.close(execution, event, status, decisionTaskCompletedEventId=completed_id, **attributes)
        return
    given = dict(attributes)
    version = given.pop("workflowTypeVersion", execution.asked["workflowType"]["version"])
    asked = {**given, "workflowType": {"name": execution.asked["workflowType"]["name"], "version": version}}
    run_id = state.new_run_id()
    told = {**asked, "newExecutionRunId": run_id, "decisionTaskCompletedEventId": completed_id}
    state.close(execution, event, status, **told)
    # That the new run has the parent of the old one, which hears of the last close, AWS's documents do not say; there
    # is no event by which it could hear of this one.
    state.start(execution.workflow_id, asked, execution.parent, execution.run_id, run_id)


def _schedule(state: State, execution: Execution, attributes: dict[str, Any], completed_id: int) -> None:
    type = attributes["activityType"]
    known = state.types.get(("activity", type["name"], type["version"]))
    cause = None
    if known is None:
        cause = "ACTIVITY_TYPE_DOES_NOT_EXIST"
    elif known.get("deprecated"):
        cause = "ACTIVITY_TYPE_DEPRECATED"
    elif attributes["activityId"] in execution.activities:
        cause = "ACTIVITY_ID_ALREADY_IN_USE"
    elif len(execution.activities) >= MOST_OPEN:
        cause = "OPEN_ACTIVITIES_LIMIT_EXCEEDED"
    if cause is None:
        state.schedule(execution, attributes, completed_id)
    else:
        state.record(
            execution,
            "ScheduleActivityTaskFailed",
            activityType=type,
            activityId=attributes["activityId"],
            cause=cause,
            decisionTaskCompletedEventId=completed_id,
        )


def _request_cancel(state: State, execution: Execution, attributes: dict[str, Any], completed_id: int) -> None:
    activity = execution.activities.get(attributes["activityId"])
    if activity is None:
        state.record(
            execution,
            "RequestCancelActivityTaskFailed",
            activityId=attributes["activityId"],
            cause="ACTIVITY_ID_UNKNOWN",
            decisionTaskCompletedEventId=completed_id,
        )
        return
    activity.cancel_id = execution.record(
        "ActivityTaskCancelRequested", state.at, activityId=activity.id, decisionTaskCompletedEventId=completed_id
    )
    if activity.state == "scheduled":
        # "If the activity task was scheduled but has not been assigned to a worker, then it is canceled." (API
        # reference, Decision)
        state.end_activity(execution, activity, "ActivityTaskCanceled", latestCancelRequestedEventId=activity.cancel_id)


def _start_timer(state: State, execution: Execution, attributes: dict[str, Any], completed_id: int) -> None:
    id = attributes["timerId"]
    if id in execution.timers or len(execution.timers) >= MOST_OPEN:
        cause = "TIMER_ID_ALREADY_IN_USE" if id in execution.timers else "OPEN_TIMERS_LIMIT_EXCEEDED"
        state.record(execution, "StartTimerFailed", timerId=id, cause=cause, decisionTaskCompletedEventId=completed_id)
        return
    number = execution.record("TimerStarted", state.at, decisionTaskCompletedEventId=completed_id, **attributes)
    execution.timers[id] = number

    def fire() -> None:
        if execution.timers.get(id) == number:
            del execution.timers[id]
            state.record(execution, "TimerFired", timerId=id, startedEventId=number)

    state.later(seconds(attributes["startToFireTimeout"]), fire)


def _cancel_timer(state: State, execution: Execution, attributes: dict[str, Any], completed_id: int) -> None:
    id = attributes["timerId"]
    if id not in execution.timers:
        cause = "TIMER_ID_UNKNOWN"
        state.record(execution, "CancelTimerFailed", timerId=id, cause=cause, decisionTaskCompletedEventId=completed_id)
        return
    number = execution.timers.pop(id)
    execution.record(
        "TimerCanceled", state.at, timerId=id, startedEventId=number, decisionTaskCompletedEventId=completed_id
    )


def _marker(state: State, execution: Execution, attributes: dict[str, Any], completed_id: int) -> None:
    execution.record("MarkerRecorded", state.at, decisionTaskCompletedEventId=completed_id, **attributes)


def _start_child(state: State, execution: Execution, attributes: dict[str, Any], completed_id: int) -> None:
    type, id = attributes["workflowType"], attributes["workflowId"]
    known = state.types.get(("workflow", type["name"], type["version"]))
    if known is None or known.get("deprecated"):
        state.record(
            execution,
            "StartChildWorkflowExecutionFailed",
            workflowType=type,
            workflowId=id,
            control=attributes.get("control"),
            cause="WORKFLOW_TYPE_DOES_NOT_EXIST" if known is None else "WORKFLOW_TYPE_DEPRECATED",
            initiatedEventId=0,
            decisionTaskCompletedEventId=completed_id,
        )
        return
    initiated_id = execution.record(
        "StartChildWorkflowExecutionInitiated", state.at, decisionTaskCompletedEventId=completed_id, **attributes
    )
    if state.open_one(id) is None and not any(one == id for one in _to_be_started(state)):
        state.outbox.append(_Start(state, execution, attributes, initiated_id))
        return

    def refuse() -> None:
        if execution.is_open:
            state.record(
                execution,
                "StartChildWorkflowExecutionFailed",
                workflowType=type,
                workflowId=id,
                control=attributes.get("control"),
                cause="WORKFLOW_ALREADY_RUNNING",
                initiatedEventId=initiated_id,
                decisionTaskCompletedEventId=completed_id,
            )

    state.outbox.append(refuse)


class _Start:
    """A child that is about to be started."""

    def __init__(self, state: State, parent: Execution, asked: dict[str, Any], initiated_id: int) -> None:
        self.id = asked["workflowId"]
        self._state, self._parent, self._asked, self._initiated_id = state, parent, asked, initiated_id

    def __call__(self) -> None:
        parent = Parent(self._parent.workflow_id, self._parent.run_id, self._initiated_id)
        child = self._state.start(self.id, self._asked, parent)
        if self._parent.is_open:
            parent.started_id = self._state.record(
                self._parent,
                "ChildWorkflowExecutionStarted",
                workflowExecution=child.name,
                workflowType=child.asked["workflowType"],
                initiatedEventId=self._initiated_id,
            )


def _to_be_started(state: State) -> list[str]:
    return [one.id for one in state.outbox if isinstance(one, _Start)]


def _signal(state: State, execution: Execution, attributes: dict[str, Any], completed_id: int) -> None:
    def signaled(target: Execution, sender: dict[str, Any]) -> None:
        fields = {name: attributes.get(name) for name in ("signalName", "input")}
        state.record(target, "WorkflowExecutionSignaled", **fields, **sender)

    _send(state, execution, attributes, completed_id, "SignalExternalWorkflowExecution", signaled)


def _request_cancel_of(state: State, execution: Execution, attributes: dict[str, Any], completed_id: int) -> None:
    def requested(target: Execution, sender: dict[str, Any]) -> None:
        target.cancel_requested = True
        state.record(target, "WorkflowExecutionCancelRequested", **sender)

    _send(state, execution, attributes, completed_id, "RequestCancelExternalWorkflowExecution", requested)


def _send(
    state: State,
    execution: Execution,
    attributes: dict[str, Any],
    completed_id: int,
    kind: str,
    arrive: Callable[[Execution, dict[str, Any]], None],
) -> None:
    initiated_id = execution.record(
        f"{kind}Initiated", state.at, decisionTaskCompletedEventId=completed_id, **attributes
    )

    def act() -> None:
        target = state.open_one(attributes["workflowId"], attributes.get("runId"))
        if target is not None:
            arrive(target, {"externalWorkflowExecution": execution.name, "externalInitiatedEventId": initiated_id})
            arrived = "Signaled" if kind.startswith("Signal") else "CancelRequested"
            if execution.is_open:
                state.record(
                    execution,
                    f"ExternalWorkflowExecution{arrived}",
                    workflowExecution=target.name,
                    initiatedEventId=initiated_id,
                )
        elif execution.is_open:
            state.record(
                execution,
                f"{kind}Failed",
                workflowId=attributes["workflowId"],
                cause="UNKNOWN_EXTERNAL_WORKFLOW_EXECUTION",
                initiatedEventId=initiated_id,
                decisionTaskCompletedEventId=completed_id,
            )

    state.outbox.append(act)


_DO: dict[str, Callable[[State, Execution, dict[str, Any], int], None]] = {
    "ScheduleActivityTask": _schedule,
    "RequestCancelActivityTask": _request_cancel,
    "StartTimer": _start_timer,
    "CancelTimer": _cancel_timer,
    "RecordMarker": _marker,
    "StartChildWorkflowExecution": _start_child,
    "SignalExternalWorkflowExecution": _signal,
    "RequestCancelExternalWorkflowExecution": _request_cancel_of,
}
