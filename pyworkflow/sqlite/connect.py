"""Opening the file: is it ours, is its schema ours, and what its errors mean."""

from __future__ import annotations

import logging
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Literal
from urllib.parse import quote

from pyworkflow.exceptions import BackendException, BackendUnavailableException, InvalidValueException
from pyworkflow.sqlite.rows import Connection

Durability = Literal["normal", "full"]

OLDEST_SQLITE = (3, 35, 0)  # the first with RETURNING
APPLICATION_ID = 0x70796677  # "pyfw": marks the file as ours
BUSY_TIMEOUT = 30.0  # seconds to wait for another's lock
FIRST_WAIT = 2.0  # seconds of them in silence
TOLD_FOR = 60.0  # seconds before the same wait is told again
SHORTEST_PAUSE, LONGEST_PAUSE = 0.0002, 0.01  # seconds between two tries: SQLite's own are longer than most locks last

LOGGER = logging.getLogger("pyworkflow.sqlite")

_told_until: dict[Path, float] = {}

_UNAVAILABLE = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR}
_UNAVAILABLE |= {sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PROTOCOL, sqlite3.SQLITE_NOMEM}


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """SQLite's errors as ours, in one place."""
    try:
        yield
    except UnicodeEncodeError as error:
        raise InvalidValueException(repr(error.object[:100]), "it is not Unicode text") from error
    except sqlite3.Error as error:
        code = _code(error)
        if code in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_IOERR) and (why := _why_not_opened(path)):
            raise BackendException(f"{path} cannot be opened: {why}") from error
        if code in _UNAVAILABLE:
            raise BackendUnavailableException(f"{path}: {error}; nothing was done, try again") from error
        if code == sqlite3.SQLITE_NOTADB:
            raise BackendException(f"{path} is not an SQLite database") from error
        if code == sqlite3.SQLITE_READONLY:
            raise BackendException(f"{path} can only be read, not written: {error}") from error
        raise BackendException(f"{path}: {error}") from error


def _code(error: sqlite3.Error) -> int:
    """The primary code of what may be an extended one."""
    return getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF


def _why_not_opened(path: Path) -> str | None:
    """What will not pass by itself; None if there is nothing of the kind."""
    if path.is_dir():
        return "it is a folder"
    for place in (path, path.parent):
        if place.exists() and not os.access(place, os.R_OK | os.W_OK):
            return f"{place} may not be written to"
    return None


def connect(path: Path, durability: Durability) -> Connection:
    """A connection to the file, which is made if it is missing; its schema is brought up to date.

    Raises BackendException for a file that is not ours or from a newer version, BackendUnavailableException when it
    cannot be opened or stays locked.
    """
    _check_version()
    with translated(path):
        connection = _open(str(path), timeout=FIRST_WAIT)
        try:
            _check_owner(connection, path)
            if _version(connection) < len(_schema()):
                _migrate(connection, path)
            connection.execute(f"PRAGMA synchronous = {durability}")
            connection.execute(f"PRAGMA fullfsync = {int(durability == 'full')}")
            connection.execute("PRAGMA busy_timeout = 0")  # from here on `begin` waits
        except BaseException:
            connection.close()
            raise
    return connection


def connect_to_read(path: Path, durability: Durability) -> Connection:
    """A connection for those who only look, also where nobody may write. Raises as `connect` does."""
    try:
        return connect(path, durability)
    except BackendException as error:
        cause = error.__cause__
        if not (
            isinstance(cause, sqlite3.Error) and _code(cause) in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN)
        ):
            raise
        connection = _read_only(path)
        if connection is None:
            raise
        return connection


def _read_only(path: Path) -> Connection | None:
    """A connection that cannot write; None if that is not to be had either."""
    log = path.with_name(f"{path.name}-wal")
    whole = not log.exists() or log.stat().st_size == 0
    # SQLite reads a file with a log only where it may keep an index of the log beside it; without one it need not.
    for option in ("mode=ro", "immutable=1") if whole else ("mode=ro",):
        connection = _open(f"file:{quote(str(path))}?{option}", timeout=BUSY_TIMEOUT)
        try:
            _check_owner(connection, path)
            if _version(connection) == len(_schema()):
                return connection
        except sqlite3.Error:
            pass
        except BaseException:
            connection.close()
            raise
        connection.close()
    return None


def empty() -> Connection:
    """A database without anything in it: what a missing file reads as."""
    connection = _open(":memory:", timeout=0)
    _apply(connection)
    return connection


def begin(connection: Connection, how: Literal["", "IMMEDIATE"], path: Path, asked_at: float) -> None:
    """Begin a transaction, waiting for another's lock up to BUSY_TIMEOUT from `asked_at` (of the monotonic clock).

    After FIRST_WAIT it is said what is waited for, at most once in TOLD_FOR.
    """
    pause = SHORTEST_PAUSE
    while True:
        try:
            connection.execute(f"BEGIN {how}")
            connection.catch_up()
            return
        except sqlite3.OperationalError as error:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            waited = time.monotonic() - asked_at
            if _code(error) != sqlite3.SQLITE_BUSY or waited > BUSY_TIMEOUT:
                raise
        if waited > FIRST_WAIT and time.monotonic() > _told_until.get(path, 0.0):
            _told_until[path] = time.monotonic() + TOLD_FOR
            LOGGER.warning("%s: waiting for another process, which holds its lock", path)
        time.sleep(pause)
        pause = min(pause * 1.2, LONGEST_PAUSE)


def _open(path: str, *, timeout: float) -> Connection:
    # isolation_level=None: we say BEGIN ourselves. Threads hand connections on, but never use one at once.
    connection = sqlite3.connect(
        path,
        timeout=timeout,
        isolation_level=None,
        check_same_thread=False,
        uri=path.startswith("file:"),
        factory=Connection,
    )
    connection.execute("PRAGMA trusted_schema = OFF")
    return connection


def _check_version() -> None:
    if sqlite3.sqlite_version_info < OLDEST_SQLITE:
        oldest = ".".join(map(str, OLDEST_SQLITE))
        raise BackendException(f"this Python has SQLite {sqlite3.sqlite_version}; pyworkflow needs {oldest} or newer")


def _check_owner(connection: Connection, path: Path) -> None:
    outside = not connection.in_transaction
    if outside:
        connection.execute("BEGIN")  # one state of the file: another process may be making it
    (owner,) = connection.execute("PRAGMA application_id").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    version, known = _version(connection), len(_schema())
    if outside:
        connection.execute("COMMIT")
    if owner != APPLICATION_ID and (owner or tables):
        raise BackendException(f"{path} is an SQLite database of another program")
    if version > known:
        raise BackendException(
            f"{path} was written by a newer version of pyworkflow (schema {version}, this one knows {known})"
        )


def _version(connection: Connection) -> int:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    return int(version)


@cache
def _schema() -> tuple[str, ...]:
    """The steps from an empty file to the schema of today, in order. A released one never changes."""
    steps = {int(file.stem): file.read_text("utf-8") for file in (Path(__file__).parent / "schema").glob("*.sql")}
    return tuple(steps[number] for number in sorted(steps))


def _migrate(connection: Connection, path: Path) -> None:
    """Bring the schema up to date. Any number of processes may try at once."""
    if _use_wal(connection) != "wal":
        raise BackendException(f"{path} is on a file system without shared memory: SQLite's WAL does not work there")
    begin(connection, "IMMEDIATE", path, time.monotonic())
    try:
        _check_owner(connection, path)  # another may have made it meanwhile
        _apply(connection)
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _use_wal(connection: Connection) -> str:
    """Switch to write-ahead logging, which stays. SQLite does not wait for locks here, so we do."""
    until = time.monotonic() + BUSY_TIMEOUT
    while True:
        try:
            return str(connection.execute("PRAGMA journal_mode = WAL").fetchone()[0])
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
            time.sleep(0.01)


def _apply(connection: Connection) -> None:
    for step in _schema()[_version(connection) :]:
        for statement in _statements(step):
            connection.execute(statement)
    connection.execute(f"PRAGMA user_version = {len(_schema())}")
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")


def _statements(script: str) -> Iterator[str]:
    """One at a time: sqlite3's executescript would commit first."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
