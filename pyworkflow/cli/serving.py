"""One worker process, from the options of its command line to its end."""

from __future__ import annotations

import logging
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from pyworkflow.cli import output
from pyworkflow.cli.session import Session
from pyworkflow.exceptions import UnknownWorkflowException

if TYPE_CHECKING:
    from pyworkflow.managed import Manager
    from pyworkflow.managed.worker import WorkerPool


@dataclass(frozen=True)
class Serving:
    """What `pyworkflow worker` was told: plain data, which can be sent to a process of its own.

    `watched` is the workflow whose events alone `pyworkflow dev` shows.
    """

    config: Path | None
    backend_url: str | None
    activities: bool
    decisions: bool
    categories: tuple[str, ...] | None
    concurrency: int | None
    burst: bool
    max_tasks: int | None
    name: str | None
    shutdown_timeout: float
    log_level: int
    watched: str | None = None


def serve(serving: Serving, *, alone: bool = True) -> int:
    """Work until stopped, and return the exit code. Unless `alone`, it is one of several processes."""
    session = Session(serving.config, serving.backend_url)
    output.log_to_stderr(serving.log_level, with_process=not alone)
    with session.open_backend() as backend:
        backend.summaries(limit=1)  # can it be read? If not, that is to be said once
        manager = session.manager(backend)
        pool = pool_of(serving, manager, session)
        if alone:
            introduce(manager, session, serving, pool.identity)
        with output.prints_aside(), stopped(pool, alone=alone) as received:
            pool.run()
    return 130 if signal.SIGINT in received else 0


def introduce(manager: Manager, session: Session, serving: Serving, identity: str) -> None:
    """What a worker says when it begins, unless it is to be quiet."""
    if serving.log_level <= logging.INFO:
        output.note(introduction(manager, session, identity))
        for hint in hints(manager, session, serving):
            output.note(hint)


def introduction(manager: Manager, session: Session, identity: str) -> str:
    """Who works on what, in a line."""
    return (
        f"worker {identity} on {session.settings.backend.shown}: workflows {_names(manager.workflows)}; "
        f"activities {_names(manager.activities)}; code {session.project.code}"
    )


def hints(manager: Manager, session: Session, serving: Serving) -> list[str]:
    """What looks like a slip of the keyboard, a line each."""
    from pyworkflow.cli import lint

    categories = serving.categories or session.settings.worker.categories
    found = [f"perhaps: {hint}" for hint in lint.hints(manager, categories)]
    if serving.watched is not None:
        try:
            session.project.workflow(serving.watched)
        except UnknownWorkflowException as unknown:
            found.append(f"--workflow {serving.watched}: no workflow has this name; {unknown.__notes__[0]}")
    return found


def _names(named: dict[str, type]) -> str:
    shown = sorted(named)[:10]
    return ", ".join(shown) + (f" and {len(named) - 10} more" if len(named) > 10 else "") or "none"


def pool_of(serving: Serving, manager: Manager, session: Session) -> WorkerPool:
    """The threads that do what the worker was told to do."""
    from pyworkflow.managed.worker import WorkerPool

    settings = session.settings.worker
    return WorkerPool(
        manager,
        concurrency=serving.concurrency or settings.concurrency,
        activities=serving.activities,
        decisions=serving.decisions,
        categories=serving.categories or settings.categories,
        identity=serving.name,
        burst=serving.burst,
        max_tasks=serving.max_tasks,
        code=session.project.code,
        shutdown_timeout=serving.shutdown_timeout,
    )


@contextmanager
def stopped(pool: WorkerPool, *, alone: bool) -> Iterator[list[int]]:
    """The first Ctrl-C or SIGTERM stops the pool, a second one ends it now. Yields those that were received.

    One of several processes hears SIGTERM only, from the process that started it, and stops when that has died.
    """
    received: list[int] = []

    def stop(number: int, _: FrameType | None) -> None:
        received.append(number)
        if len(received) > 1:
            pool.abort()
            return
        pool.stop()
        if alone:
            output.note(STOPPING)

    if not alone:
        threading.Thread(target=_stop_with_parent, args=(pool,), daemon=True).start()
    with handling({signal.SIGTERM: stop, signal.SIGINT: stop if alone else signal.SIG_IGN}):
        yield received


STOPPING = "stopping: what runs here may finish; a second Ctrl-C ends now"


@contextmanager
def handling(handlers: dict[signal.Signals, signal._HANDLER]) -> Iterator[None]:
    """Within this block these signals are handled so."""
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _stop_with_parent(pool: WorkerPool) -> None:
    from multiprocessing import connection, parent_process

    parent = parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        pool.stop()


def main(serving: Serving) -> None:
    """One of several processes: where it begins."""
    from pyworkflow.cli.errors import exit_code, one_line

    try:
        code = serve(serving, alone=False)
    except Exception as error:
        output.note(f"pyworkflow: {one_line(error)}")
        code = exit_code(error)
    sys.exit(code)
