"""Rows in memory, under one lock."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import TypeVar
from uuid import uuid4

from pyworkflow.engine.bell import Bell
from pyworkflow.engine.store import Store, Transaction
from pyworkflow.memory.rows import Rows

Result = TypeVar("Result")


class MemoryStore(Store):
    """Everything in this process; shared by threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rows = Rows()
        self._bell = Bell()
        self._leases: set[str] = set()

    def transact(self, operation: Callable[[Transaction], Result]) -> Result:
        with self._lock:
            try:
                result = operation(self._rows)
            except BaseException:
                self._rows.undo()
                raise
            self._rows.keep()
            return result

    def read(self, operation: Callable[[Transaction], Result]) -> Result:
        with self._lock:
            return operation(self._rows)

    def ticket(self, topic: str) -> int:
        return self._bell.ticket(topic)

    def wait(self, topic: str, ticket: int, timeout: float) -> None:
        self._bell.wait(topic, ticket, timeout)

    def ring(self, topics: Sequence[str]) -> None:
        self._bell.ring(topics)

    def interrupt(self) -> None:
        self._bell.ring_all()

    def open_lease(self, identity: str | None) -> str:  # noqa: ARG002
        lease = str(uuid4())
        self._leases.add(lease)
        return lease

    def is_alive(self, lease: str) -> bool:
        return lease in self._leases

    def live_leases(self) -> int:
        return len(self._leases)

    def drop_lease(self, lease: str) -> None:
        self._leases.discard(lease)

    def close(self) -> None:
        self._bell.ring_all()
