"""Where the threads of a pool take their next task: one of them polls at a time, over all categories."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from logging import Logger
from threading import Event, Lock
from typing import Any

from pyworkflow.exceptions import BackendException, BackendUnavailableException
from pyworkflow.managed.worker.base import LOGGER, Worker
from pyworkflow.managed.worker.ledger import Ledger, Taken
from pyworkflow.managed.worker.outage import Outage

WAIT = 1.0  # a stop that crosses the beginning of a waiting poll is seen this late
LONGEST_POLL = 5.0  # a backend that is slow to answer does not keep a worker from ending
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0  # seconds after a poll that failed
WAIT_BETWEEN_ROUNDS = 0.05  # a poll waits in one category only: how late a task in another is seen


class Source:
    """Workers of one kind, one a category. Idle threads queue here for a lock, and not all for one task.

    With `burst` it does not wait for tasks from outside. It sets `stopping` when nothing is left to do, or enough has
    been done.
    """

    def __init__(
        self,
        workers: Iterable[Worker[Any]],
        ledger: Ledger,
        stopping: Event,
        *,
        burst: bool,
        outage: Outage | None = None,
        logger: Logger = LOGGER,
    ) -> None:
        self._workers = deque(workers)
        self._ledger = ledger
        self._stopping = stopping
        self._burst = burst
        self._logger = logger
        self._outage = outage or Outage(logger)
        self._pause = FIRST_PAUSE
        self._lock = Lock()

    def next(self) -> list[Taken]:
        """Tasks of one worker, entered in the ledger; none after some waiting, or when stopping.

        Rides out the times when the backend cannot be reached; raises BackendException for its other troubles.
        """
        with self._lock:
            if self._ledger.is_enough():
                self._stopping.set()
            if self._stopping.is_set():
                return []
            seen = self._ledger.begin_round(self)
            taken: list[Taken] = []
            try:
                taken = self._outage.ride_out(self._round, self._stopping)
                self._pause = FIRST_PAUSE
            except BackendUnavailableException:
                pass  # and it is time to stop
            except BackendException:
                raise
            except Exception:
                self._logger.exception("polling failed, trying again in %g s", self._pause)
                self._stopping.wait(self._pause)
                self._pause = min(2 * self._pause, LONGEST_PAUSE)
            if taken:
                self._ledger.enter(taken)
            elif self._burst and self._ledger.end_round(self, seen):
                self._stopping.set()
            return taken

    def wait_until_quiet(self) -> None:
        """Return when no thread polls any more; `stopping` is set, and waiting polls were interrupted."""
        if self._lock.acquire(timeout=LONGEST_POLL):
            self._lock.release()

    def _round(self) -> list[Taken]:
        if self._burst:
            return self._look()
        if len(self._workers) == 1:
            return self._poll(self._workers[0], WAIT)
        return self._look() or self._poll(self._workers[0], WAIT_BETWEEN_ROUNDS)

    def _look(self) -> list[Taken]:
        """A round over the categories, which begins one further each time: a busy one must not starve the others."""
        self._workers.rotate(-1)
        for worker in self._workers:
            taken = self._poll(worker, None)
            if taken:
                return taken
        return []

    def _poll(self, worker: Worker[Any], wait: float | None) -> list[Taken]:
        tasks = worker.take(self._ledger.allowed(worker.most()), wait)
        return [Taken(worker, task, worker.deadline(task), self.next) for task in tasks]
