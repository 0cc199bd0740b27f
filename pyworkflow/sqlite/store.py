"""The rows in a file: connections, lent one transaction at a time, and who is woken."""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from pathlib import Path
from time import monotonic, sleep
from typing import Literal, TypeVar, get_args
from weakref import finalize

from pyworkflow.engine.forks import forks
from pyworkflow.engine.leases import Leases
from pyworkflow.engine.store import Store, Transaction
from pyworkflow.exceptions import BackendException, InvalidValueException
from pyworkflow.sqlite.connect import (
    BUSY_TIMEOUT,
    Durability,
    begin,
    connect,
    connect_to_read,
    empty,
    translated,
)
from pyworkflow.sqlite.rows import Connection, SQLTransaction
from pyworkflow.sqlite.wake import Wake

Result = TypeVar("Result")


class SQLiteStore(Store):
    """Shared by threads and by processes of one host."""

    def __init__(self, path: str | os.PathLike[str], durability: Durability) -> None:
        if str(path).startswith(":memory:"):
            raise InvalidValueException("path", f"{path} is no file; use MemoryBackend to keep nothing")
        if durability not in get_args(Durability):
            raise InvalidValueException("durability", f"{durability!r} is neither 'normal' nor 'full'")
        self._path = Path(path).resolve()  # SQLite follows links too: one file, one folder of leases
        self._durability: Durability = durability
        self._closed = False
        self._begin()
        forks.add(self)

    def _begin(self) -> None:
        """Without connections."""
        self._writing = threading.Lock()
        # The one that was used last is lent first: it still has the pages in its cache, and every other one has to
        # read anew what was written since.
        self._idle: deque[Connection] = deque()
        self._close_at_last = finalize(self, _close_all, self._idle)
        self._lent: set[object] = set()  # something for each connection that is lent
        self._held_up = False  # a fork is near: none is lent
        self._seen = False
        folder = self._path.with_name(self._path.name + "-live")
        self._wake = Wake(folder)
        self._leases = Leases(folder)

    def transact(self, operation: Callable[[Transaction], Result]) -> Result:
        self._check_open()
        asked_at = monotonic()
        with self._writing, translated(self._path):
            return self._lent_to(self._made, "IMMEDIATE", asked_at, operation)

    def read(self, operation: Callable[[Transaction], Result]) -> Result:
        self._check_open()
        with translated(self._path):
            if not self._is_made():
                with closing(empty()) as nothing:
                    return operation(SQLTransaction(nothing))
            return self._lent_to(lambda: connect_to_read(self._path, self._durability), "", monotonic(), operation)

    def _lent_to(
        self,
        make: Callable[[], Connection],
        how: Literal["", "IMMEDIATE"],
        asked_at: float,
        operation: Callable[[Transaction], Result],
    ) -> Result:
        """One transaction on an idle connection, or a new one.

        No locks are taken for this but those that a `with` takes and gives back whatever happens: a Ctrl-C, at any
        point, must not leave one locked.
        """
        mark = object()
        try:
            self._lent.add(mark)
            while self._held_up:
                self._lent.discard(mark)
                sleep(0.001)
                self._lent.add(mark)
            return self._whole(self._take() or make(), how, asked_at, operation)
        finally:
            self._lent.discard(mark)

    def _whole(
        self,
        connection: Connection,
        how: Literal["", "IMMEDIATE"],
        asked_at: float,
        operation: Callable[[Transaction], Result],
    ) -> Result:
        """The transaction; the connection is then idle again, or closed if it may be in the midst of something."""
        try:
            begin(connection, how, self._path, asked_at)
            result = operation(SQLTransaction(connection))
            connection.execute("COMMIT")
        except BaseException:
            try:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                connection.forget()
                self._give_back(connection)
            except BaseException:
                connection.close()
                raise
            raise
        self._give_back(connection)
        return result

    def _take(self) -> Connection | None:
        try:
            return self._idle.pop()
        except IndexError:
            return None

    def _give_back(self, connection: Connection) -> None:
        self._idle.append(connection)
        if self._closed:
            self._close_idle()

    def _close_idle(self) -> None:
        _close_all(self._idle)

    def _check_open(self) -> None:
        if self._closed:
            raise BackendException(f"{self._path}: this backend object was closed")

    def _is_made(self) -> bool:
        """Is there a file? One that is not there reads as empty, and looking does not make it."""
        if not self._seen:
            self._seen = self._path.exists() and (self._path.is_dir() or self._path.stat().st_size > 0)
        return self._seen

    def _made(self) -> Connection:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise BackendException(f"{self._path.parent} cannot be made: {error.strerror}") from error
        return connect(self._path, self._durability)

    # --- forks: neither connections nor locks survive them, and what SQLite knows of a file would harm both sides ---

    def before_fork(self) -> None:
        """Be without connections at the moment of the fork."""
        self._writing.acquire()
        self._held_up = True
        until = monotonic() + BUSY_TIMEOUT
        while self._lent and monotonic() < until:
            sleep(0.001)
        self._close_idle()

    def after_fork_in_parent(self) -> None:
        """Go on."""
        self._held_up = False
        self._writing.release()

    def after_fork_in_child(self) -> None:
        """Begin anew; the parent's locks, pipe and leases are not ours."""
        self._close_at_last.detach()
        self._begin()

    # --- waking and leases ---

    def ticket(self, topic: str) -> int:
        return self._wake.ticket(topic)

    def wait(self, topic: str, ticket: int, timeout: float) -> None:
        self._wake.wait(topic, ticket, timeout)

    def ring(self, topics: Sequence[str]) -> None:
        self._wake.ring(topics)

    def interrupt(self) -> None:
        self._wake.interrupt()

    def open_lease(self, identity: str | None) -> str:
        return self._leases.open(identity)

    def is_alive(self, lease: str) -> bool:
        return self._leases.is_alive(lease)

    def live_leases(self) -> int:
        return self._leases.count()

    def drop_lease(self, lease: str) -> None:
        self._leases.drop(lease)

    def close(self) -> None:
        self._closed = True
        self._wake.close()
        self._close_idle()


def _close_all(connections: deque[Connection]) -> None:
    with suppress(IndexError):  # another thread can take the last one
        while True:
            connections.pop().close()
