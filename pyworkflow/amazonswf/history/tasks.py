"""Decision tasks: offered, taken, answered, and what of an answer was refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pyworkflow import codec
from pyworkflow.amazonswf import payload
from pyworkflow.amazonswf.history.round import OVERTAKEN
from pyworkflow.amazonswf.history.story import Handler, Story, seconds
from pyworkflow.decision import RecordMarker


def _scheduled(story: Story, attributes: Mapping[str, Any]) -> None:
    story.decision_timeout = seconds(attributes.get("startToCloseTimeout")) or story.decision_timeout
    story.round.scheduled(story.at)


def _started(story: Story, attributes: Mapping[str, Any]) -> None:
    story.starts.append(story.last_id)
    identity, code = payload.identity_of(attributes.get("identity"))
    story.add_all(story.round.started(len(story.events), story.at, identity, code), by_call=False)


def _timed_out(story: Story, attributes: Mapping[str, Any]) -> None:
    if attributes.get("timeoutType") != "SCHEDULE_TO_START":  # which means that no worker had taken it
        story.add_all(story.round.timed_out(story.at, story.decision_timeout), by_call=False)


def _completed(story: Story, attributes: Mapping[str, Any]) -> None:
    story.completed[attributes["startedEventId"]] = story.last_id
    _, ours = payload.read(attributes.get("executionContext"))
    match ours.get("outcome"):
        case "failed":
            story.add_all(story.round.failed(story.at, ours["reason"], ours.get("traceback")))
        case "released":
            story.round.released()
        case "overtaken":
            story.add_all(story.round.overtaken(story.at, OVERTAKEN))
        case _:
            story.round.made()


def _close_refused(story: Story, attributes: Mapping[str, Any]) -> None:
    cause = attributes.get("cause")
    story.end_list(closed=False)
    reason = OVERTAKEN if cause == "UNHANDLED_DECISION" else f"the process was not closed: {cause}"
    story.add_all(story.round.overtaken(story.at, reason))


def _refused(story: Story, attributes: Mapping[str, Any]) -> None:
    """Something was not done that the workflow relies on, and that no event of ours tells: let it decide again."""
    what = attributes.get("timerId") or attributes.get("markerName")
    story.add_all(story.round.overtaken(story.at, f"{what!r} was not applied: {attributes.get('cause')}"))


def _marker(story: Story, attributes: Mapping[str, Any]) -> None:
    data, ours = payload.read(attributes.get("details"))
    if attributes["markerName"] != payload.DECISION or "decision" not in ours:
        story.decided(RecordMarker(attributes["markerName"], data))
    else:
        story.decided(codec.DECISION.decode(ours["decision"]), if_closed=bool(ours.get("closing")))


HANDLERS: dict[str, Handler] = {
    "DecisionTaskScheduled": _scheduled,
    "DecisionTaskStarted": _started,
    "DecisionTaskTimedOut": _timed_out,
    "DecisionTaskCompleted": _completed,
    "CompleteWorkflowExecutionFailed": _close_refused,
    "FailWorkflowExecutionFailed": _close_refused,
    "CancelWorkflowExecutionFailed": _close_refused,
    "ContinueAsNewWorkflowExecutionFailed": _close_refused,
    "StartTimerFailed": _refused,
    "RecordMarkerFailed": _refused,
    "MarkerRecorded": _marker,
}
