"""What a run waits for, as far as its history tells."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from pyworkflow.amazonswf.history import Story
from pyworkflow.amazonswf.history.open import OpenActivity
from pyworkflow.amazonswf.holding import Held
from pyworkflow.amazonswf.limits import MAX_TIMEOUT
from pyworkflow.backend import Pending, PendingActivity, PendingDecision, PendingTimer, Summary

HeldActivity = Callable[[str, int | None], Held | None]


def pending(story: Story, children: Iterable[Summary], held: HeldActivity) -> Pending:
    """`held` finds what this object has handed out: only of that the token is known."""
    if story.status != "open":
        return Pending(None, (), (), (), None)
    return Pending(
        decision=_decision(story),
        activities=tuple(_activity(one, held(story.run_id, one.started_id)) for one in story.activities.values()),
        timers=tuple(PendingTimer(one.timer, one.due_at) for one in story.timers.values()),
        children=tuple(children),
        timeout_at=_after(story.started_at, story.timeout),
    )


def _decision(story: Story) -> PendingDecision | None:
    round = story.round
    running = round.state == "running" and not round.silent
    if not (running or round.news):
        return None
    since = round.since or story.at
    return PendingDecision(
        state="running" if running else "due",
        category=story.category,
        since=since,
        due_at=None if running else round.retry_at or since,
        deadline=_after(since, story.decision_timeout) if running else None,
        identity=round.identity if running else None,
        attempt=round.attempts + 1,
        error=round.error,
        started=round.start,
    )


def _activity(activity: OpenActivity, held: Held | None) -> PendingActivity:
    since = activity.started_at or activity.scheduled_at
    limits = {"scheduled": activity.scheduled_timeout}
    state = "waiting"
    if activity.started_at is not None:
        limits = {"execution": activity.execution_timeout, "heartbeat": activity.heartbeat_timeout}
        state = "handed_off" if held is not None and held.handed_off else "running"
    timeout, limit = min(limits.items(), key=lambda item: MAX_TIMEOUT if item[1] is None else item[1])
    return PendingActivity(
        execution=activity.execution,
        state=state,
        category=activity.category,
        since=since,
        deadline=_after(since, limit),
        timeout=timeout,
        token=None if held is None else held.token.text,
        identity=activity.identity,
        cancel_requested=activity.cancel_requested,
    )


def _after(since: datetime, limit: int | None) -> datetime:
    return since + timedelta(seconds=MAX_TIMEOUT if limit is None else limit)
