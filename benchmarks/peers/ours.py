"""pyworkflow: processes started by plain calls, and a worker in the same Python process."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.latency import one
from benchmarks.peers.contender import SINGLES, WARM_UP, Measured, timed
from benchmarks.throughput import OneActivityWorkflow, work
from pyworkflow.managed import Manager
from pyworkflow.managed.worker import WorkerPool
from pyworkflow.sqlite import SQLiteBackend
from pyworkflow.sqlite.connect import Durability


def measure(path: Path, durability: Durability | None, processes: int) -> Measured:
    """All are started, then worked on; and one at a time, while a worker waits for them."""
    logging.getLogger("pyworkflow").setLevel(logging.WARNING)
    with SQLiteBackend(path, durability=durability or "normal") as backend:
        manager = Manager(backend, [OneActivityWorkflow])
        work(manager, WARM_UP)
        seconds = timed(lambda: work(manager, processes))
        with _worker(manager):
            for _ in range(WARM_UP):
                one(manager)
            return Measured(processes / seconds, [one(manager) for _ in range(SINGLES)])


@contextmanager
def _worker(manager: Manager) -> Iterator[None]:
    pool = WorkerPool(manager, concurrency=1)
    thread = threading.Thread(target=pool.run)
    thread.start()
    try:
        yield
    finally:
        pool.stop()
        thread.join()
