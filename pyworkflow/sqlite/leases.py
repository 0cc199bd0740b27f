"""Leases as locks that the operating system holds: they end with their process, however it ends."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from uuid import uuid4

from pyworkflow.exceptions import BackendException

# POSIX locks belong to the process, and closing any descriptor of a file gives up its locks: the files that this
# process holds must never be opened again here, by whichever backend object. So they are kept in one place.
_held: dict[str, tuple[int, int]] = {}  # path -> (pid, descriptor)


class Leases:
    """Lock files in a folder. A lease lives as long as its file is locked."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def open(self, identity: str | None) -> str:
        """A new lease; its file says whose it is. Raises BackendException where none can be made."""
        lease = str(uuid4())
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._sweep()
            _held[str(self._file(lease))] = (os.getpid(), self._locked_file(lease, identity))
        except OSError as error:
            raise BackendException(f"{self._folder} cannot hold the leases of workers: {error.strerror}") from error
        return lease

    def _locked_file(self, lease: str, identity: str | None) -> int:
        making = self._folder / f"{lease}.new"
        descriptor = os.open(making, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        try:
            os.write(descriptor, f"{identity or ''}\n".encode("utf-8", "replace"))
            fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            making.rename(self._file(lease))  # a file with this name is locked from its first moment
        except BaseException:
            os.close(descriptor)
            raise
        return descriptor

    def is_alive(self, lease: str) -> bool:
        """Is its file there, and locked? One that this user may not open counts as alive: others will judge it."""
        return self._is_locked(self._file(lease))

    def count(self) -> int:
        """How many live."""
        return sum(map(self._is_locked, self._folder.glob("*.lease")))

    def drop(self, lease: str) -> None:
        """Let go of the lock, if it is ours, and of the file."""
        path = self._file(lease)
        path.unlink(missing_ok=True)
        pid, descriptor = _held.pop(str(path), (0, -1))
        if pid == os.getpid():
            os.close(descriptor)

    def _file(self, lease: str) -> Path:
        return self._folder / f"{lease}.lease"

    def _is_locked(self, path: Path) -> bool:
        pid, _ = _held.get(str(path), (0, -1))
        if pid == os.getpid():
            return True
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            return False
        except PermissionError:
            return True
        try:
            fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return True
        finally:
            os.close(descriptor)
        return False

    def _sweep(self) -> None:
        """Remove the files of workers that died without holding anything.

        One that held something may go as well: a lease without a file is as dead as one without a lock.
        """
        for path in self._folder.glob("*.lease"):
            if not self._is_locked(path):
                path.unlink(missing_ok=True)
