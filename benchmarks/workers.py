"""One worker process against two on the same SQLite file, with the same processes to do."""

from __future__ import annotations

import logging
import multiprocessing
import sys
import tempfile
import time
from functools import partial
from multiprocessing.synchronize import Barrier
from pathlib import Path
from statistics import median

from benchmarks.throughput import OneActivityWorkflow
from pyworkflow import Process
from pyworkflow.managed import Manager
from pyworkflow.managed.worker import WorkerPool
from pyworkflow.sqlite import SQLiteBackend
from pyworkflow.sqlite.connect import Durability


def run(processes: int, rounds: int, durability: Durability) -> None:
    """Print the medians of both, and their ratio."""
    rates: dict[int, list[float]] = {1: [], 2: []}
    with tempfile.TemporaryDirectory() as folder:
        for number in range(1, rounds + 1):
            for workers, at in rates.items():
                at.append(_rate(Path(folder) / f"{number}-{workers}.db", processes, durability, workers))
            print(f"round {number}: {', '.join(f'{at[-1]:.0f}/s' for at in rates.values())}", file=sys.stderr)
    one, two = (median(at) for at in rates.values())
    print(f"durability={durability}, {processes} processes that are started already, medians of {rounds} rounds")
    print(f"one worker process   {one:7.0f} processes/s")
    print(f"two worker processes {two:7.0f} processes/s   {two / one:6.2f} x one")


def _rate(path: Path, processes: int, durability: Durability, workers: int) -> float:
    with SQLiteBackend(path, durability=durability) as backend:
        manager = Manager(backend, [OneActivityWorkflow])
        backend.together([partial(manager.start_process, Process(OneActivityWorkflow)) for _ in range(processes)])
        context = multiprocessing.get_context("spawn")
        together = context.Barrier(workers + 1)
        working = [context.Process(target=_work, args=(path, durability, together)) for _ in range(workers)]
        for one in working:
            one.start()
        together.wait()
        began = time.perf_counter()
        together.wait()  # all have ended
        took = time.perf_counter() - began
        for one in working:
            one.join()
        assert not any(manager.processes())
    return processes / took


def _work(path: Path, durability: Durability, together: Barrier) -> None:
    logging.getLogger("pyworkflow").setLevel(logging.WARNING)
    with SQLiteBackend(path, durability=durability) as backend:
        pool = WorkerPool(Manager(backend, [OneActivityWorkflow]), concurrency=1, burst=True)
        together.wait()
        pool.run()
        together.wait()
