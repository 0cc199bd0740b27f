"""A process that loads the code once, says what came of it, and works with it until it is stopped."""

from __future__ import annotations

import hashlib
import logging
import os
import signal
import sys
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import connection, parent_process
from multiprocessing.connection import Connection
from pathlib import Path
from threading import Lock, Thread, Timer
from typing import TYPE_CHECKING

from pyworkflow.cli import output
from pyworkflow.cli.errors import exit_code, one_line
from pyworkflow.cli.serving import Serving, hints, introduction, pool_of, stopped
from pyworkflow.cli.session import Session

if TYPE_CHECKING:
    from pyworkflow.backend import Backend
    from pyworkflow.config import BackendSettings


LAST = 2.0  # seconds that a process has to end, when it has nothing more to do


@dataclass(frozen=True)
class Read:
    """A file that the code comes from, and the digest of what was read."""

    file: str
    digest: str


@dataclass(frozen=True)
class Ready:
    """It can begin, on this backend. `open` is what it makes of open processes, None where it does not decide."""

    code: str
    backend: BackendSettings
    introduction: str
    hints: tuple[str, ...]
    open: str | None


@dataclass(frozen=True)
class Failed:
    """It cannot be loaded, why, and the exit code of a worker that has nothing else."""

    reason: str
    code: int


def main(serving: Serving, link: Connection) -> None:
    """Where the process begins. It is told twice to go on: to load, and, once it is ready, to work."""
    os.dup2(2, 1)  # what activities print, and the programs that they run, is no data
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # which the supervisor hears
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    output.log_to_stderr(serving.log_level, with_process=serving.log_level <= logging.INFO)
    loading = _Loading(serving, link)
    Thread(target=loading.end_with_supervisor, daemon=True).start()
    _warm_up()
    try:
        code = loading.run()
    except BaseException as error:
        reason = one_line(error) if isinstance(error, Exception) else type(error).__name__
        code = exit_code(error) if isinstance(error, Exception) else 1
        loading.failed(reason, code)
    end = Timer(LAST, os._exit, [code])  # whatever threads the code has started, and does not end
    end.daemon = True
    end.start()
    sys.exit(code)


def _warm_up() -> None:
    """Import what is needed whatever the code will be: so a process that waits for a save begins at once."""
    import pyworkflow.cli.lint
    import pyworkflow.cli.reload.opened
    import pyworkflow.managed.worker  # noqa: F401


class _Loading:
    """What is said to the supervisor, from whichever thread."""

    def __init__(self, serving: Serving, link: Connection) -> None:
        self._serving = serving
        self._link = link
        self._lock = Lock()
        self._is_ready = False
        self._read: set[str] = set()

    def run(self) -> int:
        """Load, and work until stopped; the exit code."""
        from pyworkflow.config.fresh import load_fresh

        serving = self._serving
        told = self._told()
        if told is None:
            return 0
        session = Session(serving.config, serving.backend_url)
        if session.file is not None:
            self._heard(str(session.file), session.file.read_bytes())
        load_fresh(session.settings.project, self._heard)
        project = session.project  # which is read now: what it imports only later is what is left
        read = {os.path.realpath(file) for file in self._read}
        later = [Path(file) for file in told if file.endswith(".py") and os.path.realpath(file) not in read]
        vars(session)["project"] = project.with_code_of(later)  # where the session keeps it
        with session.open_backend() as backend:
            with backend.lease():
                backend.summaries(limit=1)  # it can be worked on, which is known before another stops
            manager = session.manager(backend)
            pool = pool_of(serving, manager, session)
            with output.prints_aside(), stopped(pool, alone=False):
                ready = Ready(
                    session.project.code,
                    session.settings.backend,
                    introduction(manager, session, pool.identity),
                    tuple(hints(manager, session, serving)),
                    _open_processes(backend, session) if serving.decisions else None,
                )
                self._is_ready = True
                self._say(ready)
                if self._told() is not None:
                    pool.run()
        return 0

    def failed(self, reason: str, code: int) -> None:
        """Say that this is the end: to the supervisor, or, once it works, to the person."""
        if self._is_ready:
            output.note(f"pyworkflow: {reason}")
        self._say(Failed(reason, code))

    def end_with_supervisor(self) -> None:
        """While it is not ready nobody else ends it, and what it loads may never end. Later it stops by itself."""
        supervisor = parent_process()
        if supervisor is not None:
            connection.wait([supervisor.sentinel])
            if not self._is_ready:
                os._exit(1)

    def _heard(self, file: str, content: bytes) -> None:
        self._read.add(file)
        self._say(Read(file, digest(content)))

    def _say(self, what: Read | Ready | Failed) -> None:
        with self._lock, suppress(OSError):  # nobody listens to one that is to end
            self._link.send(what)

    def _told(self) -> tuple[str, ...] | None:
        """Wait until it may go on. Returns the files that count as code, imported or not; None without a supervisor."""
        try:
            files: tuple[str, ...] = self._link.recv()
        except EOFError:
            return None
        return files


def _open_processes(backend: Backend, session: Session) -> str:
    """What the code makes of open processes; or why that is not known, which is no reason not to work."""
    from pyworkflow.cli.reload.opened import open_processes

    try:
        with output.unheard():  # nobody has decided anything
            return open_processes(backend, session.project)
    except Exception as error:
        return f"open processes were not looked at: {one_line(error)}"


def digest(content: bytes) -> str:
    """Another one for another content."""
    return hashlib.sha256(content).hexdigest()
