"""One connection that writes, as many as needed that read, and who is woken."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import TypeVar, get_args

from pyworkflow.engine.store import Store, Transaction
from pyworkflow.exceptions import BackendException, InvalidValueException
from pyworkflow.sqlite.connect import Durability, begin_writing, connect, connect_to_read, empty, translated
from pyworkflow.sqlite.leases import Leases
from pyworkflow.sqlite.rows import SQLTransaction
from pyworkflow.sqlite.wake import Wake

Result = TypeVar("Result")


class SQLiteStore(Store):
    """The rows in a file, shared by threads and by processes of one host."""

    def __init__(self, path: str | os.PathLike[str], durability: Durability) -> None:
        if str(path).startswith(":memory:"):
            raise InvalidValueException("path", f"{path} is no file; use MemoryBackend to keep nothing")
        if durability not in get_args(Durability):
            raise InvalidValueException("durability", f"{durability!r} is neither 'normal' nor 'full'")
        self._path = Path(path).resolve()  # SQLite follows links too: one file, one folder of leases
        self._durability: Durability = durability
        self._closed = False
        self._begin()

    def _begin(self) -> None:
        """Without connections, in this operating-system process."""
        self._pid = os.getpid()
        self._writing = threading.Lock()
        self._writer: sqlite3.Connection | None = None
        self._seen = False
        self._readers: list[sqlite3.Connection] = []  # those that nobody is reading with
        folder = self._path.with_name(self._path.name + "-live")
        self._wake = Wake(folder)
        self._leases = Leases(folder)

    def _check_usable(self) -> None:
        if self._closed:
            raise BackendException(f"{self._path}: this backend object was closed")
        self._after_fork()

    def _after_fork(self) -> None:
        """A child begins anew: neither connections nor locks survive a fork."""
        if self._pid != os.getpid():
            self._parents = (self._writer, self._readers, self._wake)  # kept: closing them here would harm the parent
            self._begin()

    def transact(self, operation: Callable[[Transaction], Result]) -> Result:
        self._check_usable()
        with self._writing, translated(self._path):
            if self._writer is None:
                self._writer = self._make()
            begin_writing(self._writer, self._path)
            return _whole(self._writer, operation)

    def read(self, operation: Callable[[Transaction], Result]) -> Result:
        self._check_usable()
        with translated(self._path):
            # The connection that wrote last still has its pages; every other one has to read them again.
            if self._writing.acquire(blocking=False):
                try:
                    if self._writer is not None:
                        self._writer.execute("BEGIN")
                        return _whole(self._writer, operation)
                finally:
                    self._writing.release()
            if not self._is_made():
                with closing(empty()) as nothing:
                    return operation(SQLTransaction(nothing))
            reader = self._reader()
            try:
                reader.execute("BEGIN")
                return _whole(reader, operation)
            finally:
                self._readers.append(reader)

    def _reader(self) -> sqlite3.Connection:
        try:
            return self._readers.pop()
        except IndexError:
            return connect_to_read(self._path, self._durability)

    def _is_made(self) -> bool:
        """Is there a file? One that is not there reads as empty, and looking does not make it."""
        if not self._seen:
            self._seen = self._path.exists() and self._path.stat().st_size > 0
        return self._seen

    def _make(self) -> sqlite3.Connection:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise BackendException(f"{self._path.parent} cannot be made: {error.strerror}") from error
        return connect(self._path, self._durability)

    def ticket(self, topic: str) -> int:
        return self._wake.ticket(topic)

    def wait(self, topic: str, ticket: int, timeout: float) -> None:
        self._wake.wait(topic, ticket, timeout)

    def ring(self, topics: Sequence[str]) -> None:
        self._wake.ring(topics)

    def interrupt(self) -> None:
        self._wake.interrupt()

    def open_lease(self, identity: str | None) -> str:
        self._after_fork()
        return self._leases.open(identity)

    def is_alive(self, lease: str) -> bool:
        return self._leases.is_alive(lease)

    def live_leases(self) -> int:
        return self._leases.count()

    def drop_lease(self, lease: str) -> None:
        self._leases.drop(lease)

    def close(self) -> None:
        self._after_fork()
        self._closed = True
        self._wake.close()
        with self._writing:
            if self._writer is not None:
                self._writer.close()
                self._writer = None
        while self._readers:
            self._readers.pop().close()


def _whole(connection: sqlite3.Connection, operation: Callable[[Transaction], Result]) -> Result:
    """End the transaction that has begun with all that the operation does, or with nothing of it."""
    try:
        result = operation(SQLTransaction(connection))
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    return result
