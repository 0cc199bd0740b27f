"""Children: started, or not; closed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pyworkflow.amazonswf import payload, results
from pyworkflow.amazonswf.history.open import OpenChild
from pyworkflow.amazonswf.history.story import Handler, Story
from pyworkflow.decision import StartChildProcess
from pyworkflow.event import ChildProcessEvent
from pyworkflow.process import (
    Process,
    ProcessCanceled,
    ProcessCompleted,
    ProcessFailed,
    ProcessResult,
    ProcessTimedOut,
)


def _initiated(story: Story, attributes: Mapping[str, Any]) -> None:
    story.children[story.last_id], decision = _child(attributes)
    story.decided(decision)


def _started(story: Story, attributes: Mapping[str, Any]) -> None:
    child = story.children.get(attributes["initiatedEventId"])
    if child is not None:
        child.run_id = attributes["workflowExecution"]["runId"]


def _refused(story: Story, attributes: Mapping[str, Any]) -> None:
    reason = f"Amazon SWF did not start it: {attributes.get('cause')}"
    if attributes.get("cause") == "WORKFLOW_ALREADY_RUNNING":
        reason = f"a process with the id {attributes['workflowId']!r} is open already"
    child = story.children.pop(attributes.get("initiatedEventId", 0), None)
    if child is None:  # it was refused before it was begun
        child, decision = _child(attributes)
        story.decided(decision)
    _over(story, child, ProcessFailed(reason))


def _completed(story: Story, attributes: Mapping[str, Any]) -> None:
    _ended(story, attributes, ProcessCompleted(payload.value(attributes.get("result"))))


def _failed(story: Story, attributes: Mapping[str, Any]) -> None:
    _ended(story, attributes, results.process_failed(attributes))


def _canceled(story: Story, attributes: Mapping[str, Any]) -> None:
    _ended(story, attributes, ProcessCanceled(payload.value(attributes.get("details"))))


def _timed_out(story: Story, attributes: Mapping[str, Any]) -> None:
    _ended(story, attributes, ProcessTimedOut())


def _terminated(story: Story, attributes: Mapping[str, Any]) -> None:
    _ended(story, attributes, ProcessCanceled())  # SWF does not tell the parent why


def _ended(story: Story, attributes: Mapping[str, Any], result: ProcessResult) -> None:
    child = story.children.pop(attributes["initiatedEventId"], None)
    if child is not None:
        _over(story, child, result)


def _over(story: Story, child: OpenChild, result: ProcessResult) -> None:
    event = ChildProcessEvent(child.process_id, result, child.workflow, list(child.tags), datetime=story.at)
    story.add(event, by_call=False)


def _child(attributes: Mapping[str, Any]) -> tuple[OpenChild, StartChildProcess]:
    """The child that is to be started, and the decision as it was given."""
    _, ours = payload.read(attributes.get("control"))
    id, workflow, policy = attributes["workflowId"], attributes["workflowType"]["name"], ours.get("policy", "ABANDON")
    tags = tuple(attributes.get("tagList", ()))
    given = Process(workflow, id if ours.get("named", True) else None, payload.value(attributes.get("input")), tags)
    return OpenChild(id, workflow, tags, policy), StartChildProcess(given, policy)


HANDLERS: dict[str, Handler] = {
    "StartChildWorkflowExecutionInitiated": _initiated,
    "ChildWorkflowExecutionStarted": _started,
    "StartChildWorkflowExecutionFailed": _refused,
    "ChildWorkflowExecutionCompleted": _completed,
    "ChildWorkflowExecutionFailed": _failed,
    "ChildWorkflowExecutionCanceled": _canceled,
    "ChildWorkflowExecutionTimedOut": _timed_out,
    "ChildWorkflowExecutionTerminated": _terminated,
}
