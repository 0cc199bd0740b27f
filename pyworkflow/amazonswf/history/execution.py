"""How an execution begins, what reaches it from outside, and how it ends."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pyworkflow.amazonswf import payload, results
from pyworkflow.amazonswf.history.story import Handler, Story, seconds
from pyworkflow.decision import CancelProcess, CompleteProcess, ContinueAsNew, Decision, FailProcess
from pyworkflow.event import CancelRequestedEvent, ProcessClosedEvent, ProcessStartedEvent, SignalEvent
from pyworkflow.process import ProcessCanceled, ProcessFailed, ProcessResult, ProcessTimedOut
from pyworkflow.signal import Signal


def _started(story: Story, attributes: Mapping[str, Any]) -> None:
    story.input, ours = payload.read(attributes.get("input"))
    story.run = ours.get("run", 1)
    story.workflow = attributes["workflowType"]["name"]
    story.version = attributes["workflowType"]["version"]
    story.category = attributes["taskList"]["name"]
    story.tags = list(attributes.get("tagList", ()))
    story.parent = attributes.get("parentWorkflowExecution", {}).get("workflowId")
    story.predecessor = attributes.get("continuedExecutionRunId")
    story.timeout = seconds(attributes.get("executionStartToCloseTimeout"))
    story.decision_timeout = seconds(attributes.get("taskStartToCloseTimeout"))
    by_call = story.parent is None and story.predecessor is None
    story.add(ProcessStartedEvent(datetime=story.at), by_call=by_call)


def _signaled(story: Story, attributes: Mapping[str, Any]) -> None:
    name, data = attributes["signalName"], payload.value(attributes.get("input"))
    by_call = "externalWorkflowExecution" not in attributes
    if name == payload.CANCEL:
        story.add(CancelRequestedEvent(data, datetime=story.at), by_call=by_call)
    else:
        story.add(SignalEvent(Signal(name, data), datetime=story.at), by_call=by_call)


def _cancel_requested(story: Story, attributes: Mapping[str, Any]) -> None:
    by_policy = attributes.get("cause") == "CHILD_POLICY_APPLIED"
    details = payload.PARENT_CLOSED if by_policy else None
    by_call = not by_policy and "externalWorkflowExecution" not in attributes
    story.add(CancelRequestedEvent(details, datetime=story.at), by_call=by_call)


def _completed(story: Story, attributes: Mapping[str, Any]) -> None:
    _close_by(story, CompleteProcess(payload.value(attributes.get("result"))), "completed")


def _failed(story: Story, attributes: Mapping[str, Any]) -> None:
    result = results.process_failed(attributes)
    _close_by(story, FailProcess(result.reason, result.details), "failed")


def _canceled(story: Story, attributes: Mapping[str, Any]) -> None:
    _close_by(story, CancelProcess(payload.value(attributes.get("details"))), "canceled")


def _continued(story: Story, attributes: Mapping[str, Any]) -> None:
    story.successor = attributes["newExecutionRunId"]
    _close_by(story, ContinueAsNew(payload.value(attributes.get("input"))), "continued")


def _timed_out(story: Story, _: Mapping[str, Any]) -> None:
    _close(story, ProcessTimedOut(), "timeout", by_call=False)


def _terminated(story: Story, attributes: Mapping[str, Any]) -> None:
    cause, reason = attributes.get("cause"), attributes.get("reason")
    if cause == "CHILD_POLICY_APPLIED" or reason == payload.PARENT_CLOSED:
        _close(story, ProcessCanceled(payload.PARENT_CLOSED), "parent", by_call=reason == payload.PARENT_CLOSED)
    elif cause == "EVENT_LIMIT_EXCEEDED":
        _close(story, ProcessFailed("it had too many events, and Amazon SWF ended it"), "limit", by_call=False)
    elif reason == payload.CANCELED or "details" in attributes:
        _close(story, ProcessCanceled(payload.value(attributes.get("details"))), "cancel", by_call=True)
    else:
        _close(story, ProcessCanceled(reason), "cancel", by_call=True)  # by another program


def _close_by(story: Story, decision: Decision, status: str) -> None:
    story.end_list(closed=True)
    story.decided(decision)
    story.over(status)


def _close(story: Story, result: ProcessResult, by: str, *, by_call: bool) -> None:
    story.add(ProcessClosedEvent(result, by, datetime=story.at), by_call=by_call)
    story.over(result.type)


HANDLERS: dict[str, Handler] = {
    "WorkflowExecutionStarted": _started,
    "WorkflowExecutionSignaled": _signaled,
    "WorkflowExecutionCancelRequested": _cancel_requested,
    "WorkflowExecutionCompleted": _completed,
    "WorkflowExecutionFailed": _failed,
    "WorkflowExecutionCanceled": _canceled,
    "WorkflowExecutionContinuedAsNew": _continued,
    "WorkflowExecutionTimedOut": _timed_out,
    "WorkflowExecutionTerminated": _terminated,
}
