"""Until when a task may run here."""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from time import monotonic


class Deadline:
    """The time-outs of one task, by the clock of this process. Past them the backend gives it up, or has done so.

    `limit` is how long it may run, `heartbeat` how long without a sign of life, in seconds.
    """

    def __init__(self, limit: float, heartbeat: float | None = None, *, now: Callable[[], float] = monotonic) -> None:
        self._now = now
        self._heartbeat = heartbeat
        self._ends = now() + limit
        self.beat()

    def beat(self) -> None:
        """A sign of life has reached the backend."""
        if self._ends == inf:
            return
        self._silent = self._ends if self._heartbeat is None else self._now() + self._heartbeat

    def met(self) -> None:
        """The work is done: only the backend has still to be told."""
        self._ends = self._silent = inf

    def left(self) -> float:
        """Seconds until the nearer of the two; negative when it is over."""
        return min(self._ends, self._silent) - self._now()

    @property
    def timeout(self) -> str:
        """Which is the nearer: execution or heartbeat."""
        return "heartbeat" if self._silent < self._ends else "execution"
