"""Tasks that were taken together: done one after the other by a thread, and told together."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from threading import Lock
from time import monotonic
from typing import Any

from pyworkflow.managed.worker.base import Done, Worker
from pyworkflow.managed.worker.ledger import Taken

SLOW = 0.5  # seconds that a task may hold up the others of its batch


class Batch:
    """One thread serves it; another may `split` it when the task at hand takes longer than was to be expected."""

    def __init__(self, waiting: Iterable[Taken], done: Iterable[tuple[Taken, Done]] = ()) -> None:
        self._lock = Lock()
        self._waiting = deque(waiting)
        self._done = list(done)
        self._since = monotonic()
        self.worker: Worker[Any] = (self._waiting[0] if self._waiting else self._done[0][0]).worker

    def next(self) -> Taken | None:
        """The task to do now; None when there is no more."""
        with self._lock:
            self._since = monotonic()
            return self._waiting.popleft() if self._waiting else None

    def add(self, taken: Taken, done: Done) -> None:
        """It is done, and is to be told."""
        with self._lock:
            self._done.append((taken, done))

    def untold(self) -> list[tuple[Taken, Done]]:
        """What is done and has not been told yet; it is the caller who tells it."""
        with self._lock:
            untold, self._done = self._done, []
            return untold

    def split(self) -> Batch | None:
        """All but the task at hand, if that holds the others up."""
        with self._lock:
            if monotonic() - self._since < SLOW or not (self._waiting or self._done):
                return None
            rest = Batch(self._waiting, self._done)
            self._waiting, self._done = deque(), []
            return rest
