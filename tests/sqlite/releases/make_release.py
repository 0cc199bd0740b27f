"""Writes the file of this release, which every later one must open: `python tests/sqlite/releases/make_release.py`."""

import sqlite3
from pathlib import Path

from pyworkflow import Process, __version__
from pyworkflow.decision import ContinueAsNew, ScheduleActivity, StartChildProcess, Timer
from pyworkflow.signal import Signal
from pyworkflow.sqlite import SQLiteBackend


def write(path: Path) -> None:
    """Write processes in every state: open with work waiting, closed, continued, and one whose decide failed."""
    with SQLiteBackend(path) as backend:
        backend.register_workflow("Order", timeout=50 * 365 * 86_400)
        backend.register_activity("Ship", scheduled_timeout=50 * 365 * 86_400)
        backend.start_process(Process("Order", "open", {"order": 17}, ["gift"]))
        child = StartChildProcess(Process("Order", "child"))
        backend.complete_decision_task(
            backend.poll_decision_task(), [ScheduleActivity("Ship", id="ship", input="book"), Timer(1e9, "late"), child]
        )
        backend.signal_process("open", Signal("paid", {"amount": 30}))
        backend.cancel_process("child", "not needed")
        backend.start_process(Process("Order", "continued"))
        backend.complete_decision_task(_of(backend, "continued"), ContinueAsNew("again"))
        backend.fail_decision_task(_of(backend, "continued"), "ValueError: a bug", "the traceback")
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


def _of(backend, process_id):
    return backend.poll_decision_task(root=process_id)


if __name__ == "__main__":
    write(Path(__file__).with_name(f"{__version__}.db"))
