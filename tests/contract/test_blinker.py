"""A backend keeps the contract through the wrapper that sends signals, while somebody receives them all."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import datetime
from functools import partial
from pathlib import Path

import pytest

from pyworkflow.blinker import BlinkerBackend, signals
from pyworkflow.event import utcnow
from pyworkflow.memory import MemoryBackend
from pyworkflow.sqlite import SQLiteBackend
from pyworkflow.testing import BackendContract


def ignore(sender: object, **told: object) -> None:
    """Does nothing with what it is told."""


class Received(BackendContract):
    @pytest.fixture(autouse=True)
    def _receive(self) -> Iterator[None]:
        with ExitStack() as stack:
            for signal in signals.values():
                stack.enter_context(signal.connected_to(ignore))
            yield


class TestBlinkerOverMemory(Received):
    def construct_backend(self, clock: Callable[[], datetime]) -> BlinkerBackend:
        return BlinkerBackend(MemoryBackend(clock=clock))


def over_sqlite(file: Path, clock: Callable[[], datetime] = utcnow) -> BlinkerBackend:
    return BlinkerBackend(SQLiteBackend(file, clock=clock))


class TestBlinkerOverSQLite(Received):
    def construct_backend(self, clock: Callable[[], datetime]) -> BlinkerBackend:
        return over_sqlite(self.folder / "processes.db", clock)

    def process_factory(self) -> Callable[[], BlinkerBackend]:
        return partial(over_sqlite, self.folder / "processes.db")
