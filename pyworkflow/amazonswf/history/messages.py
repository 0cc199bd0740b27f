"""Signals and requests to cancel that a process sends to others, and those that did not arrive."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pyworkflow.amazonswf import payload
from pyworkflow.amazonswf.history.open import Sent
from pyworkflow.amazonswf.history.story import Handler, Story
from pyworkflow.decision import RequestCancelProcess, SignalProcess
from pyworkflow.event import CancelFailedEvent, SignalFailedEvent
from pyworkflow.signal import Signal

UNREACHABLE = "there is no such process, or it is closed"  # SWF does not tell which


def _signal(story: Story, attributes: Mapping[str, Any]) -> None:
    process_id, name, data = attributes["workflowId"], attributes["signalName"], payload.value(attributes.get("input"))
    if name == payload.CANCEL:
        story.sent[story.last_id] = Sent(process_id)
        story.decided(RequestCancelProcess(process_id, data))
    else:
        story.sent[story.last_id] = Sent(process_id, Signal(name, data))
        story.decided(SignalProcess(process_id, Signal(name, data)))


def _cancel(story: Story, attributes: Mapping[str, Any]) -> None:
    story.sent[story.last_id] = Sent(attributes["workflowId"])
    story.decided(RequestCancelProcess(attributes["workflowId"]))


def _arrived(story: Story, attributes: Mapping[str, Any]) -> None:
    story.sent.pop(attributes["initiatedEventId"], None)


def _failed(story: Story, attributes: Mapping[str, Any]) -> None:
    sent = story.sent.pop(attributes.get("initiatedEventId", 0), Sent(attributes["workflowId"]))
    cause = attributes.get("cause")
    reason = f"Amazon SWF did not send it: {cause}"
    if cause == "UNKNOWN_EXTERNAL_WORKFLOW_EXECUTION":
        reason = UNREACHABLE
    if sent.signal is None:
        story.add(CancelFailedEvent(sent.process_id, reason, datetime=story.at), by_call=False)
    else:
        story.add(SignalFailedEvent(sent.process_id, sent.signal, reason, datetime=story.at), by_call=False)


HANDLERS: dict[str, Handler] = {
    "SignalExternalWorkflowExecutionInitiated": _signal,
    "ExternalWorkflowExecutionSignaled": _arrived,
    "SignalExternalWorkflowExecutionFailed": _failed,
    "RequestCancelExternalWorkflowExecutionInitiated": _cancel,
    "ExternalWorkflowExecutionCancelRequested": _arrived,
    "RequestCancelExternalWorkflowExecutionFailed": _failed,
}
