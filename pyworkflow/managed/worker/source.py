"""Where the threads of a pool take their next task: one of them polls at a time, over all categories."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from threading import Event, Lock
from typing import Any

from pyworkflow.managed.worker.base import Worker
from pyworkflow.managed.worker.ledger import Ledger, Taken

WAIT = 1.0  # a stop that crosses the beginning of a waiting poll is seen this late
LONGEST_POLL = 5.0  # a backend that is slow to answer does not keep a worker from ending
WAIT_BETWEEN_ROUNDS = 0.05  # a poll waits in one category only: how late a task in another is seen


class Source:
    """Workers of one kind, one a category. Idle threads queue here for a lock, and not all for one task.

    With `burst` it does not wait for tasks from outside, and sets `stopping` when nothing is left to do.
    """

    def __init__(self, workers: Iterable[Worker[Any]], ledger: Ledger, stopping: Event, *, burst: bool) -> None:
        self._workers = deque(workers)
        self._ledger = ledger
        self._stopping = stopping
        self._burst = burst
        self._lock = Lock()

    def next(self) -> Taken | None:
        """A task, entered in the ledger, and the worker that does it; None after some waiting, or when stopping."""
        with self._lock:
            if self._stopping.is_set():
                return None
            seen = self._ledger.begin_round(self)
            taken = self._look() if self._burst else self._look_and_wait()
            if taken is not None:
                self._ledger.enter(taken)
            elif self._burst and self._ledger.end_round(self, seen):
                self._stopping.set()
            return taken

    def wait_until_quiet(self) -> None:
        """Return when no thread polls any more; `stopping` is set, and waiting polls were interrupted."""
        if self._lock.acquire(timeout=LONGEST_POLL):
            self._lock.release()

    def _look_and_wait(self) -> Taken | None:
        if len(self._workers) == 1:
            return self._poll(self._workers[0], WAIT)
        return self._look() or self._poll(self._workers[0], WAIT_BETWEEN_ROUNDS)

    def _look(self) -> Taken | None:
        """A round over the categories, which begins one further each time: a busy one must not starve the others."""
        self._workers.rotate(-1)
        for worker in self._workers:
            taken = self._poll(worker, None)
            if taken is not None:
                return taken
        return None

    def _poll(self, worker: Worker[Any], wait: float | None) -> Taken | None:
        task = worker.poll(wait)
        return None if task is None else Taken(worker, task)
