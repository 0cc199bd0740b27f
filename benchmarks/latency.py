"""From start to completed, one process at a time, with the workers in another operating-system process."""

from __future__ import annotations

import logging
import multiprocessing
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median, quantiles

from benchmarks.throughput import OneActivityWorkflow
from pyworkflow import Process
from pyworkflow.managed import Manager
from pyworkflow.managed.worker import WorkerPool
from pyworkflow.sqlite import SQLiteBackend
from pyworkflow.sqlite.connect import Durability


def run(processes: int, durability: Durability, idle: float) -> None:
    """Print the median and the 99th percentile of so many, and what the worker costs while there is nothing to do."""
    logging.getLogger("pyworkflow").setLevel(logging.WARNING)
    with tempfile.TemporaryDirectory() as folder, _worker(Path(folder) / "processes.db", durability) as worker:
        with SQLiteBackend(Path(folder) / "processes.db", durability=durability) as backend:
            manager = Manager(backend, [OneActivityWorkflow])
            for _ in range(20):  # until all is loaded
                one(manager)
            took = [one(manager) for _ in range(processes)]
        before = _cpu_seconds(worker)
        time.sleep(idle)
        share = (_cpu_seconds(worker) - before) / idle
    print(f"durability={durability}, {processes} processes, one at a time, the worker in another process")
    print(f"start to completed  median {median(took) * 1000:5.1f} ms   p99 {quantiles(took, n=100)[98] * 1000:5.1f} ms")
    print(f"an idle worker uses {share:.2%} of a core (over {idle:g} s)")


def one(manager: Manager) -> float:
    """Seconds from start to completed."""
    began = time.perf_counter()
    process_id = manager.start_process(Process(OneActivityWorkflow))
    after = None
    while manager.process_by_id(process_id).result is None:
        cursor = manager.backend.events(process_id, after=after, wait=1).cursor
        after = after if cursor is None else int(cursor)
    return time.perf_counter() - began


@contextmanager
def _worker(path: Path, durability: Durability) -> Iterator[Connection]:
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_work, args=(path, durability, there))
    process.start()
    try:
        here.recv()
        yield here
    finally:
        here.send("stop")
        process.join()


def _cpu_seconds(worker: Connection) -> float:
    worker.send("how much?")
    seconds: float = worker.recv()
    return seconds


def _work(path: Path, durability: Durability, told: Connection) -> None:
    """A worker process, which says how much processor time it has used when it is asked."""
    logging.getLogger("pyworkflow").setLevel(logging.WARNING)
    with SQLiteBackend(path, durability=durability) as backend:
        pool = WorkerPool(Manager(backend, [OneActivityWorkflow]), concurrency=2)

        def answer() -> None:
            told.send("begun")
            while told.recv() != "stop":
                told.send(time.process_time())
            pool.stop()

        threading.Thread(target=answer, daemon=True).start()
        pool.run()
