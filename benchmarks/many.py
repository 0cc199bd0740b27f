"""What common operations cost with very many processes in the file, against a file with none."""

from __future__ import annotations

import logging
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks import floor
from pyworkflow import Process
from pyworkflow.backend import Query
from pyworkflow.decision import CompleteProcess, ScheduleActivity
from pyworkflow.sqlite import SQLiteBackend

REPEATS = 100


def run(closed: int, opened: int) -> None:
    """Print the median of each operation in both files, and their ratio."""
    logging.getLogger("pyworkflow").setLevel(logging.WARNING)
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        full = Path(folder) / "full.db"
        floor.write(full, closed, "normal", together=1000)
        floor.write_open(full, range(closed + 1, closed + opened + 1))
        print(f"{closed} closed and {opened} open processes, written in {time.perf_counter() - began:.0f} s")
        with SQLiteBackend(full) as many, SQLiteBackend(Path(folder) / "empty.db") as none:
            few, lots = _medians(none), _medians(many)
    print(f"{'':24} {'empty':>9} {'full':>9}   ratio")
    for name, seconds in few.items():
        print(f"{name:24} {seconds * 1e6:6.0f} us {lots[name] * 1e6:6.0f} us   {lots[name] / seconds:5.2f}")


def _medians(backend: SQLiteBackend) -> dict[str, float]:
    backend.register_workflow("Echo", category="measured")
    backend.register_activity("Pay", category="measured")
    took: dict[str, list[float]] = {}
    for number in range(REPEATS):
        for name, operation in _operations(backend, f"measured-{number}"):
            began = time.perf_counter()
            operation()
            took.setdefault(name, []).append(time.perf_counter() - began)
    return {name: median(seconds) for name, seconds in took.items()}


def _operations(backend: SQLiteBackend, id: str) -> Iterator[tuple[str, Callable[[], object]]]:
    """One process from start to end, and looks at it and at the lists."""
    yield "start", lambda: backend.start_process(Process("Echo", id))
    taken: list[Any] = []
    yield "poll a decision", lambda: taken.append(backend.poll_decision_task("measured"))
    yield "decide", lambda: backend.complete_decision_task(taken[0], ScheduleActivity("Pay", "1"))
    yield "poll an activity", lambda: taken.append(backend.poll_activity_task("measured"))
    yield "end an activity", lambda: backend.complete_activity_task(taken[1])
    yield "show", lambda: (backend.process_by_id(id), backend.pending(id))
    yield "history", lambda: backend.events(id)
    yield "list", backend.summaries
    yield "list --status open", lambda: backend.summaries(Query(status="open"))
    yield "list --status failed", lambda: backend.summaries(Query(status="failed"))
    yield "list --workflow Echo", lambda: backend.summaries(Query(workflow="Echo"))
    yield "list --failing", lambda: backend.summaries(Query(failing=True))
    yield "find by the id's begin", lambda: backend.summaries(Query(id_prefix=id))
    taken.append(backend.poll_decision_task("measured"))
    yield "complete", lambda: backend.complete_decision_task(taken[2], CompleteProcess())
    yield "poll in vain", lambda: backend.poll_decision_task("measured")
