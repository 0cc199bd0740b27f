"""An SQLite file keeps the contract."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial

from pyworkflow.sqlite import SQLiteBackend
from pyworkflow.testing import BackendContract


class TestSQLite(BackendContract):
    def construct_backend(self, clock: Callable[[], datetime]) -> SQLiteBackend:
        return SQLiteBackend(self.folder / "processes.db", clock=clock)

    def process_factory(self) -> Callable[[], SQLiteBackend]:
        return partial(SQLiteBackend, self.folder / "processes.db")
