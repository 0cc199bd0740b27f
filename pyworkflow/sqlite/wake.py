"""Waking who waits: threads through a bell, other processes by a line in a pipe of theirs."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import threading
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from uuid import uuid4

from pyworkflow.engine.bell import EVENTS, Bell

ALL = "*"
HEARS_EVENTS = ".events.wake"  # ends the names of the pipes of processes in which somebody waits for events
LONGEST_LINE = 512  # bytes: the least that POSIX lets a pipe take in one piece
MOST_LINES = 16  # more topics than that wake everybody
SETTLED = 50_000_000  # nanoseconds after which a folder's time stamp would have changed with its content


class Wake:
    """A folder with a named pipe for each process that waits. Behind it, waiting polls look once a second anyway."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._bell = Bell()
        self._listening = threading.Lock()
        self._own: Path | None = None
        self._closed = False
        self._listed_at = -1  # the folder's time stamp when its pipes were listed
        self._others: list[Path] = []

    def ticket(self, topic: str) -> int:
        """A number to give to `wait`, drawn before looking for work."""
        return self._bell.ticket(topic)

    def wait(self, topic: str, ticket: int, timeout: float) -> None:
        """Return when the topic was rung, anywhere, since the ticket was drawn; or after `timeout`; perhaps earlier."""
        with self._listening:
            if self._own is None and not self._closed and self._listen():
                return  # what came before the pipe was there has to be looked for once more
            if topic == EVENTS and self._own is not None and self._hear_events():
                return
        self._bell.wait(topic, ticket, timeout)

    def interrupt(self) -> None:
        """Wake all that wait through this object."""
        self._bell.ring_all()

    def ring(self, topics: Sequence[str]) -> None:
        """Wake one that waits for each topic, here and in every other process."""
        self._bell.ring(topics)
        names = [topic for topic in topics if topic != EVENTS]
        if names:
            self._tell(".wake", names)
        elif topics:
            self._tell(HEARS_EVENTS, [EVENTS])

    def _tell(self, kind: str, names: Sequence[str]) -> None:
        """Write the topics into the other processes' pipes of this kind."""
        lines = "".join(json.dumps(name) + "\n" for name in names[: MOST_LINES + 1]).encode()
        if len(names) > MOST_LINES or len(lines) > LONGEST_LINE:
            lines = f'"{ALL}"\n'.encode()
        for _ in range(2):
            there = [_write(pipe, lines) for pipe in self._pipes() if pipe.name.endswith(kind)]
            if all(there):
                return
            self._listed_at = -1  # one has another name by now

    def close(self) -> None:
        """Stop listening."""
        with self._listening:
            self._closed = True
            if self._own is not None:
                own, self._own = self._own, None
                _write(own, b"\n")  # the end, to the thread that listens
                own.unlink(missing_ok=True)
        self._bell.ring_all()

    def _pipes(self) -> Iterable[Path]:
        """The pipes of the other processes, listed anew when the folder has changed."""
        try:
            changed_at = os.stat(self._folder).st_mtime_ns
        except OSError:
            return ()
        if changed_at != self._listed_at:
            try:
                self._others = [path for path in self._folder.glob("*.wake") if path != self._own]
            except OSError:
                return ()
            self._listed_at = changed_at if time.time_ns() - changed_at > SETTLED else -1
        return self._others

    def _listen(self) -> bool:
        """Make our pipe and a thread that reads it. False where the file system has no named pipes."""
        pipe = self._folder / f"{uuid4()}.wake"
        making = pipe.with_suffix(".new")
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            os.mkfifo(making, 0o600)
            # Opened for writing as well: without a writer, reading would not wait.
            descriptor = os.open(making, os.O_RDWR | os.O_CLOEXEC)
            making.rename(pipe)  # a pipe with this name has a reader from its first moment
        except OSError:
            return False
        self._own = pipe
        self._listed_at = -1
        threading.Thread(target=self._read, args=(descriptor,), name="pyworkflow-wake", daemon=True).start()
        return True

    def _hear_events(self) -> bool:
        """Give our pipe the name of those that are told of events for which there is nothing to do. False if it had."""
        assert self._own is not None
        if self._own.name.endswith(HEARS_EVENTS):
            return False
        named = self._own.with_suffix(HEARS_EVENTS)
        self._own.rename(named)
        self._own = named
        return True

    def _read(self, descriptor: int) -> None:
        with os.fdopen(descriptor, "rb", closefd=True) as pipe:
            for line in pipe:
                if line == b"\n":
                    return
                topic = json.loads(line)
                if topic == ALL:
                    self._bell.ring_all()
                else:
                    self._bell.ring((topic, EVENTS))


def _write(pipe: Path, lines: bytes) -> bool:
    """False if there is no such pipe.

    Never waits: a full pipe will wake its reader as it is; one without a reader is of a process that died.
    """
    try:
        descriptor = os.open(pipe, os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        if error.errno == errno.ENXIO:
            pipe.unlink(missing_ok=True)
        return error.errno != errno.ENOENT
    with contextlib.suppress(OSError):
        os.write(descriptor, lines)
    os.close(descriptor)
    return True
