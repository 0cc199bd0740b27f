"""Leases as locks that the operating system holds: they end with their process, however it ends."""

from __future__ import annotations

import errno
import fcntl
import os
import threading
import time
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

from pyworkflow.exceptions import BackendException, BackendUnavailableException

ABANDONED = 60.0  # seconds after which a file that is still being made has been left by who made it


class _Held:
    """The lock files that this operating-system process holds.

    POSIX locks belong to the process, and closing any descriptor of a file gives up its locks: what is held here must
    never be opened again here, by whichever backend object. So there is one of these, and one lock around all looks.
    """

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.descriptors: dict[str, int] = {}
        os.register_at_fork(after_in_child=self._begin)

    def _begin(self) -> None:
        """A child holds none of its parent's locks; its copies of the descriptors do no harm when they are closed."""
        self.lock = threading.Lock()
        for descriptor in self.descriptors.values():
            with suppress(OSError):
                os.close(descriptor)
        self.descriptors.clear()


_held = _Held()


class Leases:
    """Lock files in a folder. A lease lives as long as its file is locked."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def open(self, identity: str | None) -> str:
        """A new lease; its file says whose it is.

        Raises BackendException where none can be made, BackendUnavailableException while the disk is full.
        """
        lease = str(uuid4())
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with _held.lock:
                self._sweep()
                self._make(lease, identity)
        except OSError as error:
            full = error.errno in (errno.ENOSPC, errno.EDQUOT)
            kind = BackendUnavailableException if full else BackendException
            raise kind(f"{self._folder} cannot hold the leases of workers: {error.strerror}") from error
        return lease

    def is_alive(self, lease: str) -> bool:
        """Is its file there, and locked? One that this user may not open counts as alive: others will judge it."""
        with _held.lock:
            return _is_locked(self._file(lease))

    def count(self) -> int:
        """How many live."""
        with _held.lock:
            return sum(map(_is_locked, self._folder.glob("*.lease")))

    def drop(self, lease: str) -> None:
        """Let go of the lock, if it is ours, and of the file."""
        path = self._file(lease)
        with _held.lock:
            path.unlink(missing_ok=True)
            descriptor = _held.descriptors.pop(str(path), None)
            if descriptor is not None:
                os.close(descriptor)

    def _file(self, lease: str) -> Path:
        return self._folder / f"{lease}.lease"

    def _make(self, lease: str, identity: str | None) -> None:
        making = self._folder / f"{lease}.new"
        descriptor = os.open(making, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        try:
            os.write(descriptor, f"{identity or ''}\n".encode("utf-8", "replace"))
            fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            making.rename(self._file(lease))  # a file with this name is locked from its first moment
        except BaseException:
            os.close(descriptor)
            making.unlink(missing_ok=True)
            raise
        _held.descriptors[str(self._file(lease))] = descriptor

    def _sweep(self) -> None:
        """Remove the files of workers that died without holding anything.

        One that held something may go as well: a lease without a file is as dead as one without a lock.
        """
        for path in self._folder.glob("*.lease"):
            if not _is_locked(path):
                path.unlink(missing_ok=True)
        for path in self._folder.glob("*.new"):
            with suppress(FileNotFoundError):
                if time.time() - path.stat().st_mtime > ABANDONED:
                    path.unlink()


def _is_locked(path: Path) -> bool:
    if str(path) in _held.descriptors:
        return True
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    except PermissionError:
        return True
    try:
        fcntl.lockf(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(descriptor)
    return False
