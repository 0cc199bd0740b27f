"""Wakes threads of this process that wait for something to do."""

from __future__ import annotations

import threading
from collections import Counter, defaultdict
from collections.abc import Iterable

EVENTS = "events"  # the topic of those that wait for any event


class Bell:
    """Threads wait for a topic; a ring wakes as many of them as there is something to do for.

    Of events there is enough for all: they wake everybody who waits for them.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rung: Counter[str] = Counter()
        self._waiting: defaultdict[str, threading.Condition] = defaultdict(lambda: threading.Condition(self._lock))

    def ticket(self, topic: str) -> int:
        """How often the topic was rung; `wait` returns at once if that has changed."""
        return self._rung[topic]

    def wait(self, topic: str, ticket: int, timeout: float) -> None:
        """Return when the topic was rung since the ticket was drawn, or after `timeout` seconds; perhaps earlier."""
        with self._lock:
            if self._rung[topic] == ticket:
                self._waiting[topic].wait(timeout)

    def ring(self, topics: Iterable[str]) -> None:
        """Wake one waiting thread for each topic named, two for one that is named twice."""
        with self._lock:
            for topic in topics:
                self._rung[topic] += 1
                if topic == EVENTS:
                    self._waiting[topic].notify_all()
                else:
                    self._waiting[topic].notify()

    def ring_all(self) -> None:
        """Wake every waiting thread."""
        with self._lock:
            for topic, condition in self._waiting.items():
                self._rung[topic] += 1
                condition.notify_all()
