"""Why an open process is where it is: what it waits for, in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from pyworkflow.backend import Pending, PendingActivity, PendingDecision
from pyworkflow.cli.text import duration, json_text, local_time

PATIENCE = 5.0  # seconds that work may wait before one asks whether there is a worker
MOST = 8  # activities of one name and state that are told one by one
SHOWN = 3  # of more than that


@dataclass(frozen=True)
class Reason:
    """One thing that it waits for, or what is to be said about it: `kind` is decision, activity, timer and so on."""

    kind: str
    text: str
    bad: bool = False


def reasons(
    pending: Pending, now: datetime, *, scheduled: Mapping[str, int], traceback: str | None
) -> Iterator[Reason]:
    """What it waits for, at the time `now`.

    `scheduled` gives an activity's event number by its id, `traceback` is that of the last failed decision.
    """
    if pending.decision:
        yield from _decision(pending.decision, pending.workers, now)
        if pending.decision.error is not None:
            yield Reason("", f"last error: {pending.decision.error}", bad=True)
            yield from (Reason("", line) for line in (traceback or "").splitlines())
    alike: dict[tuple[str, str], list[PendingActivity]] = {}
    for activity in pending.activities:
        alike.setdefault((activity.execution.activity, activity.state), []).append(activity)
    for group in alike.values():
        shown = group if len(group) <= MOST else group[:SHOWN]
        for activity in shown:
            yield from _activity(activity, scheduled.get(activity.execution.id), pending.workers, now)
        if len(group) > len(shown):
            yield Reason("", f"and {len(group) - len(shown)} more such, the newest {_since(group[-1].since, now)}")
    for timer in pending.timers:
        name = f"{timer.timer.id} " if timer.timer.id else ""
        yield Reason("timer", f"{name}{_when(timer.due_at, now, 'due')} ({local_time(timer.due_at)})")
    for child in pending.children:
        yield Reason("child", f"{child.id} ({child.workflow}) is {child.status}, {_since(child.started_at, now)}")
    if not (pending.decision or pending.activities or pending.timers or pending.children):
        yield Reason("nothing", "is pending: it waits for a signal (`pyworkflow signal ID NAME`)")
    if pending.timeout_at is not None:
        yield Reason("time-out", f"closes this run {_when(pending.timeout_at, now)}")


def _decision(decision: PendingDecision, workers: int | None, now: datetime) -> Iterator[Reason]:
    since = _since(decision.since, now)
    if decision.state == "running":
        until = "" if decision.deadline is None else f"; given up {_when(decision.deadline, now)}"
        yield Reason("decision", f"is being made by {decision.identity or 'a worker'}, {since}{until}")
    elif decision.due_at is not None and decision.due_at > now:
        yield Reason("decision", f"is {_when(decision.due_at, now, 'due')}")
    elif _is_long(decision.since, now):
        yield Reason("decision", f"is due, {since}, and no worker has taken it: {_workers(workers)}", bad=True)
    else:
        yield Reason("decision", f"is due, {since}")
    if decision.attempt > 1:
        yield Reason("", f"failed {_times(decision.attempt - 1)}; with other code it is due at once", bad=True)


def _workers(workers: int | None) -> str:
    """Why nobody may have taken what waits."""
    if workers is None:
        return "is `pyworkflow worker` running?"
    if workers == 0:
        return "no worker is running, start one with `pyworkflow worker`"
    return f"{_count(workers, 'worker')} running, busy or without the code for it"


def _count(count: int, noun: str) -> str:
    return f"1 {noun} is" if count == 1 else f"{count} {noun}s are"


def _activity(activity: PendingActivity, number: int | None, workers: int | None, now: datetime) -> Iterator[Reason]:
    name = activity.execution.activity + (f" #{number}" if number else "")
    bad = activity.deadline <= now
    match activity.state:
        case "running":
            doing = f"runs at {activity.identity or 'a worker'}{_heartbeat(activity, now)}"
        case "handed_off":
            doing = f"is open until its token ends it (`pyworkflow complete {activity.token}`)"
        case _:
            doing = f"waits for a worker of category {activity.category}"
            if _is_long(activity.since, now):
                doing, bad = f"{doing} ({_workers(workers)})", bad or not workers
    time_out = f"{activity.timeout} time-out {_when(activity.deadline, now, 'due')}"
    yield Reason("activity", f"{name} {doing}, {_since(activity.since, now)}; {time_out}", bad)
    if activity.losses:
        yield Reason("", f"lost {_times(activity.losses)} with its worker", bad=True)
    if activity.cancel_requested:
        yield Reason("", "asked to cancel; it learns so at its next heartbeat")


def _heartbeat(activity: PendingActivity, now: datetime) -> str:
    if activity.heartbeat_at is None:
        return ""
    details = "" if activity.details is None else f": {json_text(activity.details)}"
    return f" (heartbeat {duration((now - activity.heartbeat_at).total_seconds())} ago{details})"


def _is_long(since: datetime, now: datetime) -> bool:
    return (now - since).total_seconds() > PATIENCE


def _since(then: datetime, now: datetime) -> str:
    return f"for {duration((now - then).total_seconds())}"


def _when(then: datetime, now: datetime, verb: str = "") -> str:
    left = (then - now).total_seconds()
    if left > 0:
        return f"{verb} in {duration(left)}".strip()
    return f"OVERDUE by {duration(-left)}: the next worker sees to it"


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"
