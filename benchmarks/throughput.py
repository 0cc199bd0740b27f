"""One-activity processes a second through an SQLite file, decisions and activities in one worker process."""

from __future__ import annotations

import logging
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median

from benchmarks import floor
from pyworkflow import Process
from pyworkflow.decision import CompleteProcess, Decision
from pyworkflow.managed import Activity, Manager, Workflow
from pyworkflow.managed.worker import WorkerPool
from pyworkflow.sqlite import SQLiteBackend
from pyworkflow.sqlite.connect import Durability


class EchoActivity(Activity):
    """As little as an activity can do."""

    def execute(self) -> object:
        """Its input."""
        return self.input


class OneActivityWorkflow(Workflow):
    """Echo, then complete."""

    activities = [EchoActivity]

    def decide(self, process: Process) -> Decision | type[Activity]:
        """Once the activity has ended, so has the process."""
        return CompleteProcess() if any(event.type == "activity" for event in process.history) else EchoActivity


def run(processes: int, rounds: int, durability: Durability) -> None:
    """Print all speeds of each round, the ratios of their medians, and what one process costs."""
    logging.getLogger("pyworkflow").setLevel(logging.WARNING)
    rates: dict[str, list[float]] = {name: [] for name in CONTENDERS}
    with tempfile.TemporaryDirectory() as folder:
        for number in range(1, rounds + 1):
            for name, work in CONTENDERS.items():
                rates[name].append(_rate(work, Path(folder) / f"{number}-{name}.db", processes, durability))
            print(
                f"round {number}: {', '.join(f'{name} {at[-1]:.0f}/s' for name, at in rates.items())}", file=sys.stderr
            )
        statements, commits = _cost(Path(folder) / "cost.db", durability)
    medians = {name: median(at) for name, at in rates.items()}
    print(f"durability={durability}, {processes} processes, medians of {rounds} rounds")
    for name, rate in medians.items():
        print(f"{name:32} {rate:7.0f} processes/s   {rate / medians[FLOOR]:6.2f} x the floor")
    print(f"one process costs pyworkflow {statements:.1f} statements and {commits:.1f} commits that write")


def _rate(work: Callable[[Path, int, Durability], None], path: Path, processes: int, durability: Durability) -> float:
    began = time.perf_counter()
    work(path, processes, durability)
    return processes / (time.perf_counter() - began)


def _work(path: Path, processes: int, durability: Durability, together: int = 1) -> None:
    with SQLiteBackend(path, durability=durability) as backend:
        work(Manager(backend, [OneActivityWorkflow]), processes, together)


def work(manager: Manager, processes: int, together: int = 1) -> None:
    """Start so many together, in one commit, until there are so many; then do them."""
    for first in range(0, processes, together):
        more = range(first, min(first + together, processes))
        manager.backend.together([partial(manager.start_process, Process(OneActivityWorkflow)) for _ in more])
    WorkerPool(manager, concurrency=1, burst=True).run()
    assert not any(manager.processes())


FLOOR = "the floor"
CONTENDERS: dict[str, Callable[[Path, int, Durability], None]] = {
    "pyworkflow": _work,
    "pyworkflow, 64 starts a commit": partial(_work, together=64),
    FLOOR: floor.write,
    "the floor, 64 a commit": partial(floor.write, together=64),
    "two rows a change": floor.write_bare,
}


def _cost(path: Path, durability: Durability, processes: int = 100) -> tuple[float, float]:
    """Statements and writing commits for one process, counted by SQLite while a pool works."""
    counted: Counter[str] = Counter()
    connect = sqlite3.connect

    def traced(*args: object, **options: object) -> sqlite3.Connection:
        connection = connect(*args, **options)  # type: ignore[call-overload]
        connection.set_trace_callback(lambda sql: counted.update(["all", sql]))
        return connection  # type: ignore[no-any-return]

    sqlite3.connect = traced  # type: ignore[assignment]
    try:
        _work(path, processes, durability)
    finally:
        sqlite3.connect = connect
    return counted["all"] / processes, counted["BEGIN IMMEDIATE"] / processes
