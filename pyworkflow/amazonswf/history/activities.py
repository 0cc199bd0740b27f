"""Activities: scheduled, started, asked to cancel, ended."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pyworkflow.activity import ActivityCanceled, ActivityCompleted, ActivityExecution, ActivityFailed, ActivityResult
from pyworkflow.amazonswf import payload, results
from pyworkflow.amazonswf.history.open import OpenActivity
from pyworkflow.amazonswf.history.story import Handler, Story, seconds
from pyworkflow.decision import CancelActivity, ScheduleActivity
from pyworkflow.event import ActivityEvent, ActivityStartedEvent


def _scheduled(story: Story, attributes: Mapping[str, Any]) -> None:
    _, ours = payload.read(attributes.get("control"))
    name, id, input = attributes["activityType"]["name"], attributes["activityId"], attributes.get("input")
    story.activities[story.last_id] = OpenActivity(
        ActivityExecution(name, id, payload.value(input)),
        attributes["taskList"]["name"],
        story.at,
        scheduled_timeout=seconds(attributes.get("scheduleToStartTimeout")),
        execution_timeout=seconds(attributes.get("startToCloseTimeout")),
        heartbeat_timeout=seconds(attributes.get("heartbeatTimeout")),
    )
    story.decided(ScheduleActivity(name, id, ours.get("category"), payload.value(input)))


def _schedule_refused(story: Story, attributes: Mapping[str, Any]) -> None:
    """SWF keeps nothing else of it."""
    name, id = attributes["activityType"]["name"], attributes["activityId"]
    story.decided(ScheduleActivity(name, id))
    failed = ActivityFailed(f"Amazon SWF did not schedule it: {attributes.get('cause')}")
    story.add(ActivityEvent(ActivityExecution(name, id), failed, datetime=story.at))


def _started(story: Story, attributes: Mapping[str, Any]) -> None:
    activity = story.activities.get(attributes["scheduledEventId"])
    if activity is not None:
        activity.started_id, activity.started_at = story.last_id, story.at
        activity.identity = attributes.get("identity")
        story.add(ActivityStartedEvent(activity.execution, activity.identity, datetime=story.at))


def _completed(story: Story, attributes: Mapping[str, Any]) -> None:
    _ended(story, attributes, ActivityCompleted(payload.value(attributes.get("result"))))


def _failed(story: Story, attributes: Mapping[str, Any]) -> None:
    _ended(story, attributes, results.activity_failed(attributes))


def _timed_out(story: Story, attributes: Mapping[str, Any]) -> None:
    _ended(story, attributes, results.activity_timed_out(attributes), by_call=False)


def _canceled(story: Story, attributes: Mapping[str, Any]) -> None:
    ending = ActivityCanceled(payload.value(attributes.get("details")))
    _ended(story, attributes, ending, by_call=bool(attributes.get("startedEventId")))


def _ended(story: Story, attributes: Mapping[str, Any], ending: ActivityResult, *, by_call: bool = True) -> None:
    activity = story.activities.pop(attributes["scheduledEventId"], None)
    if activity is not None:
        story.add(ActivityEvent(activity.execution, ending, datetime=story.at), by_call=by_call)


def _cancel_requested(story: Story, attributes: Mapping[str, Any]) -> None:
    for activity in story.activities.values():
        if activity.execution.id == attributes["activityId"]:
            activity.cancel_requested = True
    story.decided(CancelActivity(attributes["activityId"]))


HANDLERS: dict[str, Handler] = {
    "ActivityTaskScheduled": _scheduled,
    "ScheduleActivityTaskFailed": _schedule_refused,
    "ActivityTaskStarted": _started,
    "ActivityTaskCompleted": _completed,
    "ActivityTaskFailed": _failed,
    "ActivityTaskTimedOut": _timed_out,
    "ActivityTaskCanceled": _canceled,
    "ActivityTaskCancelRequested": _cancel_requested,
    "RequestCancelActivityTaskFailed": _cancel_requested,  # it was over: which our event does not say either
}
