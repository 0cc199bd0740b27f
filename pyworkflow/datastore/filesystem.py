"""A datastore in a folder: a file for each key, which is replaced whole."""

from __future__ import annotations

import errno
import os
import secrets
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from pyworkflow.datastore.interface import Key, Query, Writes
from pyworkflow.datastore.names import quoted
from pyworkflow.exceptions import BackendException, BackendUnavailableException

LOCK_TIMEOUT = 30.0  # seconds to wait for another's lock
ABANDONED = 600.0  # seconds after which a file that is still being written was left by who wrote it


class FileSystemDatastore:
    """Operating-system processes of one host share the folder; it must be on a local disk.

    With `sync` what is written survives the loss of power as well. The files are JSON, for people to look at.
    """

    def __init__(self, root: str | os.PathLike[str], *, sync: bool = False) -> None:
        self._root = Path(root).resolve()
        self._sync = sync
        self._swept = False

    @property
    def folder(self) -> str:
        """Where lock files can stand as well."""
        return str(self._root)

    def get(self, key: Key) -> str | None:
        """The value of this key; None if it has none."""
        with _translated():
            return _text(self._file(key))

    def put(self, key: Key, value: str) -> None:
        """Set the value of this key: a reader sees the old value or the new one, whenever this process dies."""
        with _translated():
            self._put(key, value)

    def delete(self, key: Key) -> None:
        """Take the key and its value away, if they are there."""
        with _translated():
            file = self._file(key)
            file.unlink(missing_ok=True)
            self._sync_folders({file.parent})

    def contains(self, key: Key) -> bool:
        """Does this key have a value?"""
        with _translated():
            return self._file(key).exists()

    def query(self, query: Query) -> Iterable[str]:
        """The values of all keys below that of the query."""
        with _translated():
            for file in list((self._root / quoted(query.key.removeprefix("/"))).glob("*.obj")):
                if (text := _text(file)) is not None:
                    yield text

    def commit(self, guard: Key, expected: str | None, writes: Writes) -> bool:
        """Do the writes, in order, if `guard` still has the value that is expected; False if it has another.

        Raises BackendUnavailableException when another process keeps the lock for too long.
        """
        with _translated(), self._locked():
            if not self._swept:
                self._sweep()
            if self.get(guard) != expected:
                return False
            shortened: set[Path] = set()  # folders that files were deleted from
            for key, value in writes:
                if value is None:
                    file = self._file(key)
                    file.unlink(missing_ok=True)
                    shortened.add(file.parent)
                else:
                    self._sync_folders(shortened)  # what follows may be the next journal
                    self._put(key, value)
            self._sync_folders(shortened)
            return True

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """While other processes, and other threads, are not."""
        self._make(self._root)
        try:
            with FileLock(self._root / "commit.lock").acquire(timeout=LOCK_TIMEOUT, poll_interval=0.002):
                yield
        except Timeout as error:
            reason = f"{self._root}: another process keeps it locked; nothing was done, try again"
            raise BackendUnavailableException(reason) from error

    def _put(self, key: Key, value: str) -> None:
        file = self._file(key)
        self._make(file.parent)
        new = file.parent / f"{secrets.token_hex(8)}.new"
        try:
            with new.open("x", encoding="utf-8") as opened:
                opened.write(value)
                opened.flush()
                if self._sync:
                    os.fsync(opened.fileno())
            new.replace(file)
        except BaseException:
            new.unlink(missing_ok=True)
            raise
        self._sync_folders({file.parent})

    def _make(self, folder: Path) -> None:
        if not folder.is_dir():
            self._make(folder.parent)
            folder.mkdir(exist_ok=True)
            self._sync_folders({folder.parent})

    def _sync_folders(self, folders: set[Path]) -> None:
        """Those that are there; no more are left to do."""
        while folders:
            folder = folders.pop()
            if self._sync and folder.is_dir():
                _sync_folder(folder)

    def _file(self, key: Key) -> Path:
        folder, _, name = key.removeprefix("/").partition("/")
        return self._root / quoted(folder) / f"{quoted(name)}.obj" if name else self._root / f"{quoted(folder)}.obj"

    def _sweep(self) -> None:
        """Remove what processes left that died while they wrote."""
        self._swept = True
        for file in self._root.rglob("*.new"):
            with suppress(FileNotFoundError):
                if time.time() - file.stat().st_mtime > ABANDONED:
                    file.unlink()


@contextmanager
def _translated() -> Iterator[None]:
    """The errors of the file system as ours, in one place."""
    try:
        yield
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EIO)
        kind = BackendUnavailableException if full else BackendException
        raise kind(f"{error.filename or 'the folder'}: {error.strerror}") from error


def _text(file: Path) -> str | None:
    try:
        text = file.read_text("utf-8")
    except (FileNotFoundError, NotADirectoryError):
        return None
    except UnicodeDecodeError as error:
        raise BackendException(f"{file} is damaged, or was not written by pyworkflow ({error})") from error
    if not text.strip("\0"):
        raise BackendException(f"{file} is empty, as the loss of power may leave one that was not synced")
    return text


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
