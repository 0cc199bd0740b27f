"""The rules: pure functions of what is known, what is asked, and now. No clock, no id and no database in here.

Letters and numbers such as D7 name the rules of the contract, as the test suite does.
"""

from __future__ import annotations

from dataclasses import replace

from pyworkflow import codec
from pyworkflow.activity import ActivityCanceled, ActivityResult, ActivityTimedOut
from pyworkflow.engine.changes import Changes, Message, TellChildren, TellParent
from pyworkflow.engine.records import ActivityRow, ProcessHead, TimerRow, Worker
from pyworkflow.engine.registry import WorkflowType
from pyworkflow.event import (
    ActivityEvent,
    ActivityLostEvent,
    ActivityStartedEvent,
    CancelFailedEvent,
    CancelRequestedEvent,
    ChildProcessEvent,
    DecisionFailedEvent,
    DecisionStartedEvent,
    DecisionTimedOutEvent,
    Event,
    ProcessClosedEvent,
    ProcessStartedEvent,
    SignalEvent,
    SignalFailedEvent,
    TimerEvent,
)
from pyworkflow.process import ProcessCanceled, ProcessResult, ProcessTimedOut

SECOND = 1_000_000
LONGEST_PAUSE = 60 * SECOND  # between two offers of a decision that fails (D8)
MOST_LOSSES = 3  # of one activity (A5)
WORKER_LOST = "its worker was lost"
NOT_BEGUN = "it was put back before it was begun"


# --- processes --------------------------------------------------------------------------------------------------


def new_process(
    workflow: WorkflowType, id: str, now: int, *, parent: ProcessHead | None = None, child_policy: str | None = None
) -> ProcessHead:
    """The first run of a process, as it is before its start is recorded."""
    return ProcessHead(
        key=0,
        id=id,
        run=1,
        root=parent.root if parent else id,
        workflow=workflow.name,
        category=workflow.category,
        parent=parent.id if parent else None,
        child_policy=child_policy,
        timeout=workflow.timeout,
        decision_timeout=workflow.decision_timeout,
        started_at=now,
        timeout_at=now + workflow.timeout,
        last_at=now,
    )


def next_run(head: ProcessHead, now: int) -> ProcessHead:
    """The run that takes over from this one (P9), as it is before its start is recorded."""
    return head._replace(
        key=0,
        run=head.run + 1,
        started_at=now,
        timeout_at=now + head.timeout,
        last_at=max(now, head.last_at),
        status="open",
        closed_at=None,
        length=0,
    )


def start(head: ProcessHead, now: int) -> Changes:
    """Its history begins, and a decision is due (P3)."""
    return Changes(due(head, now), (ProcessStartedEvent(),))


def close(head: ProcessHead, result: ProcessResult, by: str, now: int) -> Changes:
    """Something other than its own decision closes it (P7)."""
    return Changes(
        closed(head, result.type, now),
        (ProcessClosedEvent(result, by),),
        withdraw=True,
        messages=last_messages(head, result),
    )


def closed(head: ProcessHead, status: str, now: int) -> ProcessHead:
    """The process with nothing left to decide; the open work is withdrawn beside it (P8)."""
    return _settled(head)._replace(status=status, closed_at=max(now, head.last_at))


def last_messages(head: ProcessHead, result: ProcessResult) -> tuple[Message, ...]:
    """Whom a close concerns: the parent hears of it (C1), each open child meets its policy (C2)."""
    to_children = TellChildren(head.id)
    if head.parent is None:
        return (to_children,)
    return (TellParent(head.parent, head.id, head.workflow, None, head.key, result), to_children)


def cancel(head: ProcessHead, details: object, now: int) -> Changes:
    """Canceled from outside, at once (X1)."""
    return close(head, ProcessCanceled(details), "cancel", now)


def time_out(head: ProcessHead, now: int) -> Changes:
    """Still open when its workflow's timeout is over (P7)."""
    return close(head, ProcessTimedOut(), "timeout", now)


def parent_closed(head: ProcessHead, now: int) -> Changes:
    """The policy that the parent chose takes effect (C2)."""
    if head.child_policy == "TERMINATE":
        return close(head, ProcessCanceled("its parent closed"), "parent", now)
    if head.child_policy == "REQUEST_CANCEL":
        return receive(head, CancelRequestedEvent("its parent closed"), now)
    return Changes(head)


def receive(
    head: ProcessHead,
    event: SignalEvent | CancelRequestedEvent | SignalFailedEvent | CancelFailedEvent | ChildProcessEvent,
    now: int,
) -> Changes:
    """Something came from outside: a decision is due (S1, C1, X2)."""
    return Changes(news(head, now), (event,))


# --- decision rounds --------------------------------------------------------------------------------------------


def due(head: ProcessHead, at: int) -> ProcessHead:
    """A decision is to be offered from then on, held by nobody."""
    return head._replace(
        decision="due",
        decision_at=at,
        decision_deadline=None,
        secret=None,
        lease=None,
        identity=None,
        arrived=False,
    )


def news(head: ProcessHead, now: int) -> ProcessHead:
    """An event calls for a decision: due now, or one more after the one that is running (D1).

    One that is due already stays as it is: what arrives does not shorten the pause after a failure (D8).
    """
    if head.decision == "idle":
        return due(head, now)
    if head.decision == "running":
        return head._replace(arrived=True)
    return head


def start_decision(head: ProcessHead, worker: Worker, now: int) -> Changes:
    """Hand the decision out (D2).

    A start that came to nothing is marked so before the next one, so that what followed it counts as unseen (D7);
    if nothing followed it, it serves again, but not for other code, which it would not name. Code that has failed in
    this round is an exception: with two such, the history would grow all night (D8).
    """
    events: list[Event] = []
    same = worker.code in (None, head.code) or f" {worker.code} " in head.failed_codes
    if head.start_number is None or head.start_number != head.length or not same:
        if head.start_number is not None:
            events.append(DecisionFailedEvent(head.error or NOT_BEGUN))
        events.append(DecisionStartedEvent(worker.identity, worker.code))
    handed_out = head._replace(
        decision="running",
        decision_at=now,
        decision_deadline=now + head.decision_timeout,
        start_number=head.length + len(events),
        arrived=False,
        secret=worker.secret,
        lease=worker.lease,
        identity=worker.identity,
        code=worker.code,
    )
    return Changes(handed_out, tuple(events))


def decision_made(head: ProcessHead, now: int, calls_for_another: bool) -> ProcessHead:
    """The round is over; if there is news, the next begins (D1)."""
    over = _settled(head)
    return due(over, now) if calls_for_another or head.arrived else over


def decision_overtaken(head: ProcessHead, now: int) -> Changes:
    """It would have closed the process without having seen what arrived meanwhile: decide again (D6).

    Since it did decide, its failures before are over.
    """
    reason = "not applied: something arrived while the closing of the process was being decided"
    return Changes(due(_settled(head), now), (DecisionFailedEvent(reason),))


def decision_failed(head: ProcessHead, reason: str, details: str | None, now: int) -> Changes:
    """The workflow raised: offered again after 1, 2, 4 … 60 s, or at once to code that has not failed yet (D8).

    Every code that failed is remembered: two workers, each with code of its own that fails, must not keep each other
    busy.
    """
    pause = min(SECOND << min(head.attempts, 6), LONGEST_PAUSE)
    known = head.code is None or f" {head.code} " in head.failed_codes
    failed = head.failed_codes if known else f"{head.failed_codes} {head.code} "
    return _came_to_nothing(
        head._replace(failed_codes=failed), now + pause, reason, DecisionFailedEvent(reason, details)
    )


def decision_timed_out(head: ProcessHead, now: int) -> Changes:
    """It did not come in time: offered again (D9)."""
    reason = f"it did not come within {head.decision_timeout / SECOND:g} s"
    return _came_to_nothing(head, now, reason, DecisionTimedOutEvent())


def _came_to_nothing(head: ProcessHead, again_at: int, error: str, event: Event) -> Changes:
    """Only the first time in a round is recorded; later ones are counted (D8)."""
    first = head.attempts == 0
    again = due(head, again_at)._replace(
        attempts=head.attempts + 1,
        error=error,
        start_number=None if first else head.start_number,
    )
    return Changes(again, (event,) if first else ())


def decision_lost(head: ProcessHead, now: int) -> Changes:
    """Its worker is gone, or gave it back: offered again at once (A5)."""
    return Changes(due(head, now)._replace(error=head.error or WORKER_LOST))


def _settled(head: ProcessHead) -> ProcessHead:
    """No decision is due or running, and none has failed."""
    return head._replace(
        decision="idle",
        decision_at=None,
        decision_deadline=None,
        attempts=0,
        error=None,
        failed_codes="",
        start_number=None,
        arrived=False,
        secret=None,
        lease=None,
        identity=None,
        code=None,
    )


def decision_put_back(head: ProcessHead, now: int) -> Changes:
    """It was handed out, and not begun: offered again at once, and no error (Z6)."""
    return Changes(due(head, now))


# --- activities and timers --------------------------------------------------------------------------------------


def start_activity(head: ProcessHead, row: ActivityRow, worker: Worker, now: int) -> Changes:
    """Hand it out (A1)."""
    execution_deadline = now + row.execution_timeout
    running = row._replace(
        state="running",
        since=now,
        execution_deadline=execution_deadline,
        heartbeat_at=None,
        details=None,
        secret=worker.secret,
        lease=worker.lease,
        identity=worker.identity,
    )
    running = _watched(running, execution_deadline, now)
    return Changes(head, (ActivityStartedEvent(row.execution, worker.identity),), activities=(running,))


def heartbeat(row: ActivityRow, details: str | None, now: int) -> ActivityRow:
    """A sign of life: the heartbeat time-out begins anew; the last details are kept (A8)."""
    assert row.execution_deadline is not None
    alive = row._replace(heartbeat_at=now, details=row.details if details is None else details)
    return _watched(alive, row.execution_deadline, now)


def hand_off(row: ActivityRow, now: int) -> ActivityRow:
    """It stays open without a worker; whoever has its token ends it (A7)."""
    return row._replace(state="handed_off", since=now, lease=None)


def _watched(row: ActivityRow, execution_deadline: int, now: int) -> ActivityRow:
    """With the nearer of the two time-outs that can end it."""
    heartbeat_deadline = now + row.heartbeat_timeout
    if heartbeat_deadline < execution_deadline:
        return row._replace(deadline=heartbeat_deadline, timeout="heartbeat")
    return row._replace(deadline=execution_deadline, timeout="execution")


def end_activity(head: ProcessHead, row: ActivityRow, result: ActivityResult, now: int) -> Changes:
    """Its one ending, and a decision is due (A2)."""
    return Changes(news(head, now), (ActivityEvent(row.execution, result),), ended=(row.key,))


def activity_timed_out(head: ProcessHead, row: ActivityRow, now: int) -> Changes:
    """Its time is up: tell the workflow, which decides what that means (A4)."""
    return end_activity(head, row, ActivityTimedOut(_details(row), row.timeout), now)


def activity_lost(head: ProcessHead, row: ActivityRow, now: int) -> Changes:
    """Its worker is gone, or gave it back: handed out again, unless that may not or need not be (A5)."""
    lost = ActivityLostEvent(row.execution, row.identity)
    losses = row.losses + 1
    if row.cancel_requested:
        return _after(lost, end_activity(head, row, ActivityCanceled(_details(row)), now))
    if losses >= MOST_LOSSES or not row.restart_lost:
        return _after(lost, end_activity(head, row, ActivityTimedOut(_details(row), "worker"), now))
    return Changes(head, (lost,), activities=(_waiting(row, now)._replace(losses=losses),))


def activity_put_back(head: ProcessHead, row: ActivityRow, now: int) -> Changes:
    """It was handed out, and not begun: it waits again, and the next start is recorded as this one was (Z6)."""
    if row.cancel_requested:
        return end_activity(head, row, ActivityCanceled(), now)
    return Changes(head, activities=(_waiting(row, now),))


def _waiting(row: ActivityRow, now: int) -> ActivityRow:
    """Held by nobody. It keeps its place among those that wait."""
    return row._replace(
        state="waiting",
        since=now,
        deadline=now + row.scheduled_timeout,
        timeout="scheduled",
        execution_deadline=None,
        heartbeat_at=None,
        secret=None,
        lease=None,
        identity=None,
    )


def fire(head: ProcessHead, row: TimerRow, now: int) -> Changes:
    """The timer is due, and a decision is (T1)."""
    return Changes(news(head, now), (TimerEvent(row.timer),), fired=(row.key,))


def _after(event: Event, changes: Changes) -> Changes:
    return replace(changes, events=(event, *changes.events))


def _details(row: ActivityRow) -> object:
    return None if row.details is None else codec.loads(row.details)
