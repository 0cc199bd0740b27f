"""What other operating-system processes do in the tests: each role takes a backend and yields what there is to say."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from pyworkflow.backend import Backend
from pyworkflow.decision import CompleteProcess, Decision, ScheduleActivity
from pyworkflow.event import ActivityEvent
from pyworkflow.exceptions import ProcessAlreadyStartedException
from pyworkflow.process import Process

PATIENCE = 30.0  # seconds after which what is waited for will not come


def fan_out(process: Process, many: int) -> list[Decision]:
    """Schedule many activities, and complete with the sorted list of their results."""
    if process.is_new:
        return [ScheduleActivity("Pay", id=f"{process.id}.{number}", input=number) for number in range(many)]
    if process.unfinished_activities():
        return []
    ended = [event.result for event in process.history if isinstance(event, ActivityEvent)]
    return [CompleteProcess(sorted(result.result for result in ended))]  # type: ignore[attr-defined]


def hold(backend: Backend) -> Iterator[str]:
    """Take a decision and an activity under a lease, say so, and do nothing about them."""
    lease = backend.lease("doomed")
    assert backend.poll_decision_task(wait=PATIENCE, lease=lease) is not None
    assert backend.poll_activity_task(wait=PATIENCE, lease=lease) is not None
    yield "holding"
    sys.stdin.buffer.read()


def work(backend: Backend, many: int, freeze_at: int | None = None) -> Iterator[str]:
    """Decide and execute whatever is due, until no process is open; say which activity, before it is ended.

    With `freeze_at` it holds the activity of that number, and does nothing any more.
    """
    executed = 0
    with backend.lease("worker") as lease:
        while list(backend.processes()):
            decision = backend.poll_decision_task(lease=lease)
            if decision is not None:
                backend.complete_decision_task(decision, fan_out(decision.process, many))
            activity = backend.poll_activity_task(wait=0.05, lease=lease)
            if activity is not None:
                executed += 1
                yield activity.activity_execution.id
                if executed == freeze_at:
                    sys.stdin.buffer.read()
                backend.complete_activity_task(activity, activity.activity_execution.input)


def signal(backend: Backend, process_id: str, sender: int, many: int) -> Iterator[int]:
    """Send many signals, one after the other."""
    for number in range(many):
        backend.signal_process(process_id, "go", [sender, number])
        yield number


def start(backend: Backend, ids: list[str], starter: int) -> Iterator[str]:
    """Start a process of each id; say which of them was started here."""
    for process_id in ids:
        try:
            yield backend.start_process(Process("Order", process_id, starter))
        except ProcessAlreadyStartedException:
            continue


def read(backend: Backend, process_id: str) -> Iterator[list[str]]:
    """Say what has happened to the process."""
    yield [event.type for event in backend.process_by_id(process_id).history]
