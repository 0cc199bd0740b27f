"""One-activity processes a second through an SQLite file, decisions and activities in one worker process."""

from __future__ import annotations

import logging
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
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
    """Print both speeds of each round, the ratio of their medians, and what one process costs."""
    logging.getLogger("pyworkflow").setLevel(logging.WARNING)
    ours, bare = [], []
    with tempfile.TemporaryDirectory() as folder:
        for number in range(rounds):
            bare.append(_rate(floor.write, Path(folder) / f"{number}-floor.db", processes, durability))
            ours.append(_rate(_work, Path(folder) / f"{number}.db", processes, durability))
            print(f"round {number + 1}: {ours[-1]:6.0f} processes/s, floor {bare[-1]:6.0f}", file=sys.stderr)
        statements, commits = _cost(Path(folder) / "cost.db", durability)
    print(f"pyworkflow   {median(ours):6.0f} processes/s   (durability={durability}, median of {rounds})")
    print(f"the floor    {median(bare):6.0f} processes/s   (bare sqlite3, one commit a change)")
    print(f"ratio        {median(ours) / median(bare):6.2f}")
    print(f"one process  {statements:6.1f} statements, {commits:.1f} commits that write")


def _rate(work: Callable[[Path, int, Durability], None], path: Path, processes: int, durability: Durability) -> float:
    began = time.perf_counter()
    work(path, processes, durability)
    return processes / (time.perf_counter() - began)


def _work(path: Path, processes: int, durability: Durability) -> None:
    with SQLiteBackend(path, durability=durability) as backend:
        manager = Manager(backend, [OneActivityWorkflow])
        for _ in range(processes):
            manager.start_process(Process(OneActivityWorkflow))
        WorkerPool(manager, concurrency=1, burst=True).run()
        assert not any(manager.processes())


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
