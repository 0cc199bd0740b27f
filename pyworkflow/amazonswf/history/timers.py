"""Timers: those of the workflow, and those with which this backend makes SWF ask again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from pyworkflow import codec
from pyworkflow.amazonswf import payload
from pyworkflow.amazonswf.history.open import OpenTimer
from pyworkflow.amazonswf.history.story import Handler, Story
from pyworkflow.decision import CancelTimer, Timer
from pyworkflow.event import TimerEvent


def _started(story: Story, attributes: Mapping[str, Any]) -> None:
    id, delay = attributes["timerId"], int(attributes["startToFireTimeout"])
    due_at = story.at + timedelta(seconds=delay)
    if id.startswith(payload.RETRY):
        story.round.retry_at, story.round.retry_timer = due_at, id
    elif not id.startswith(payload.AGAIN):
        _, ours = payload.read(attributes.get("control"))
        timer: Timer = codec.TIMER.decode(ours["timer"]) if "timer" in ours else Timer(delay, id=id)
        story.timers[story.last_id] = OpenTimer(timer, id, due_at)
        story.decided(timer)


def _fired(story: Story, attributes: Mapping[str, Any]) -> None:
    timer = _over(story, attributes)
    if timer is not None:
        story.add(TimerEvent(timer, datetime=story.at), by_call=False)


def _canceled(story: Story, attributes: Mapping[str, Any]) -> None:
    timer = _over(story, attributes)
    if timer is not None:
        story.decided(CancelTimer(timer))


def _over(story: Story, attributes: Mapping[str, Any]) -> Timer | None:
    if attributes["timerId"] == story.round.retry_timer:
        story.round.retry_at = story.round.retry_timer = None
    over = story.timers.pop(attributes["startedEventId"], None)
    return None if over is None else over.timer


def _cancel_refused(story: Story, attributes: Mapping[str, Any]) -> None:
    """It was over: which our event does not say either."""
    if not attributes["timerId"].startswith(payload.RETRY):
        story.decided(CancelTimer(attributes["timerId"]))


HANDLERS: dict[str, Handler] = {
    "TimerStarted": _started,
    "TimerFired": _fired,
    "TimerCanceled": _canceled,
    "CancelTimerFailed": _cancel_refused,
}
