"""No statement of daily work reads a table from end to end, or sorts."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from pyworkflow.backend import Query
from pyworkflow.decision import CancelTimer, CompleteProcess, ScheduleActivity, SignalProcess, StartChildProcess, Timer
from pyworkflow.event import utcnow
from pyworkflow.process import Process
from pyworkflow.signal import Signal
from pyworkflow.sqlite import SQLiteBackend

PLANNED = ("SELECT", "UPDATE", "DELETE", "INSERT")


def a_day(backend: SQLiteBackend) -> None:
    """What workers and people do, but for prunes."""
    decide, names = backend.complete_decision_task, ["Order"]
    with backend.lease("worker") as lease:
        backend.start_process(Process("Order", "other"))
        backend.start_process(Process("Order", "p", tags=["red"]))
        for _ in range(2):
            task = backend.poll_decision_task(lease=lease, code="1", names=names)
            assert task is not None
            decide(task, [ScheduleActivity("Pay", "1"), ScheduleActivity("Pay", "2"), Timer(60, id="t")])
        backend.poll_decision_task(lease=lease, code="1", names=names, root="p")
        activity = backend.poll_activity_task(lease=lease, names=["Pay"])
        assert activity is not None
        backend.heartbeat_activity_task(activity, 1)
        backend.complete_activity_task(activity, "paid")
        left = backend.poll_activity_task(lease=lease, root="p")
        assert left is not None
        backend.release(left)
        child = StartChildProcess(Process("Order", "c"), child_policy="TERMINATE")
        task = backend.poll_decision_task(lease=lease)
        assert task is not None
        backend.fail_decision_task(task, "no")
        backend.signal_process("p", "go")
        task = backend.poll_decision_task(code="2")
        assert task is not None
        decide(task, [child, SignalProcess("other", Signal("s")), CancelTimer("t")])
        backend.request_cancel_process("p")
        task = backend.poll_decision_task(root="p")
        assert task is not None
        decide(task, CompleteProcess())
        backend.cancel_process("other")
        backend.poll_decision_task(wait=0.01)
    backend.apply_due()
    backend.process_by_id("p", run=1)
    backend.pending("p")
    backend.events("p")
    backend.events()
    for query in (
        Query(),
        Query(status="open"),
        Query(status="closed"),
        Query(workflow="Order"),
        Query(failing=True),
        Query(parent="p"),
        Query(id_prefix="p"),
        Query(since=utcnow()),
        Query(tag="red"),
    ):
        backend.summaries(query)


def is_bad(step: str) -> bool:
    """Does this step of a plan look at every row, or put rows in order itself?"""
    return bool(re.match(r"SCAN (?!.*USING)(process|start|event|activity|timer|tag)\b", step)) or "TEMP B-TREE" in step


# Read in the order of their keys until a page is full; or few; or the open activities of one process.
IN_ORDER = [
    "FROM process JOIN start ON start.process = process.key",  # a page of a list
    "FROM event JOIN process ON process.key = event.process WHERE event.process IN",  # of one process
    "SELECT lease FROM process WHERE lease IS NOT NULL UNION",
    "FROM activity WHERE process =",
]


def test_no_statement_of_daily_work_reads_a_whole_table(
    path: Path, open_backend: Callable[..., SQLiteBackend], seen: object
) -> None:
    a_day(open_backend())
    statements = {one for one in seen.statements if one.lstrip().startswith(PLANNED)}  # type: ignore[attr-defined]
    assert len({re.sub(r"'[^']*'|\d+", "?", one) for one in statements}) > 30
    with closing(sqlite3.connect(path)) as connection:
        plans = {
            " ".join(one.split()): [step for *_, step in connection.execute(f"EXPLAIN QUERY PLAN {one}")]
            for one in statements
            if "sqlite_master" not in one
        }
    bad = {one: plan for one, plan in plans.items() if any(map(is_bad, plan)) and not any(x in one for x in IN_ORDER)}
    assert bad == {}
