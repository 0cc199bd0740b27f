"""What the tests of SQLite share: a path, backends over it that are closed in the end, and sight of its statements."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pyworkflow.sqlite import SQLiteBackend

Open = Callable[..., SQLiteBackend]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the file is to be; there is none yet."""
    return tmp_path / "processes.db"


@pytest.fixture
def open_backend(path: Path) -> Iterator[Open]:
    """Makes a backend over the file, with a workflow `Order` and an activity `Pay`; it is closed in the end."""
    opened: list[SQLiteBackend] = []

    def open_one(where: Path = path, **options: Any) -> SQLiteBackend:
        backend = SQLiteBackend(where, **options)
        opened.append(backend)
        backend.register_workflow("Order")
        backend.register_activity("Pay")
        return backend

    yield open_one
    for backend in opened:
        backend.close()


@pytest.fixture
def backend(open_backend: Open) -> SQLiteBackend:
    """A backend over the file."""
    return open_backend()


class Seen:
    """The connections that were made, and the statements that they ran since the last `clear`."""

    def __init__(self) -> None:
        self.connections: list[sqlite3.Connection] = []
        self.statements: list[str] = []

    def clear(self) -> None:
        self.statements.clear()


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> Seen:
    """Looks on at every connection that is made from here on."""
    seen = Seen()
    connect = sqlite3.connect

    def connect_in_sight(*args: Any, **options: Any) -> sqlite3.Connection:
        connection = connect(*args, **options)
        connection.set_trace_callback(seen.statements.append)
        seen.connections.append(connection)
        return connection

    monkeypatch.setattr(sqlite3, "connect", connect_in_sight)
    return seen
