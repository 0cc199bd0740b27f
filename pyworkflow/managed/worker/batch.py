"""Tasks that were taken together: done one after the other by a thread, and told together."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from threading import Lock
from time import monotonic
from typing import Any

from pyworkflow.managed.worker.base import Done, Worker
from pyworkflow.managed.worker.ledger import Taken


class Batch:
    """One thread serves it; another may tell what is done, and give back what waits, when it is held up."""

    def __init__(self, tasks: Iterable[Taken]) -> None:
        self._lock = Lock()
        self._waiting = deque(tasks)
        self._done: list[tuple[Taken, Done]] = []
        self._began = monotonic()
        self.worker: Worker[Any] = self._waiting[0].worker
        self.at_hand: Taken | None = None
        self.abandoned = False  # another thread has taken the place of the one that serves it

    def next(self) -> Taken | None:
        """The task to do now; None when there is no more."""
        with self._lock:
            self.at_hand = self._waiting.popleft() if self._waiting else None
            return self.at_hand

    def add(self, taken: Taken, done: Done) -> None:
        """It is done, and is to be told."""
        with self._lock:
            self._done.append((taken, done))

    def untold(self) -> list[tuple[Taken, Done]]:
        """What is done and has not been told yet; it is the caller who tells it."""
        with self._lock:
            untold, self._done = self._done, []
            return untold

    def not_begun(self) -> list[Taken]:
        """What has not been begun; it is the caller who gives it back."""
        with self._lock:
            waiting, self._waiting = list(self._waiting), deque()
            return waiting

    def is_waited_for(self) -> bool:
        """Does anything that is done, or has not been begun, wait for the task at hand?"""
        return bool(self._waiting or self._done)

    def age(self) -> float:
        """Seconds since it began."""
        return monotonic() - self._began
