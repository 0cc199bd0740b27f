"""`pyworkflow worker`"""

from __future__ import annotations

import logging
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING, Annotated

import typer

from pyworkflow.cli import output
from pyworkflow.cli.completion import categories
from pyworkflow.cli.session import Session

if TYPE_CHECKING:
    from pyworkflow.managed import Manager
    from pyworkflow.managed.worker import WorkerPool


def worker(
    context: typer.Context,
    activities: Annotated[bool, typer.Option("--activities", help="Only execute activities.")] = False,
    decisions: Annotated[bool, typer.Option("--decisions", help="Only make decisions.")] = False,
    category: Annotated[
        list[str] | None,
        typer.Option(
            "-Q",
            "--category",
            metavar="CATEGORY",
            help="Only this category of work; repeatable.",
            autocompletion=categories,
        ),
    ] = None,
    concurrency: Annotated[
        int | None, typer.Option("-c", "--concurrency", min=1, metavar="N", help="Activities at a time (default: 8).")
    ] = None,
    burst: Annotated[bool, typer.Option("--burst", help="End when there is nothing left to do.")] = False,
    name: Annotated[str | None, typer.Option(metavar="NAME", help="Its name in histories: default HOST:PID.")] = None,
    shutdown_timeout: Annotated[
        float, typer.Option(min=0, metavar="SECONDS", help="What running activities have to finish when it is stopped.")
    ] = 30.0,
) -> int:
    """Make decisions and execute activities, until stopped.

    Logs a line a task on stderr. Ctrl-C or SIGTERM: it takes no new tasks, and what runs may finish; a second Ctrl-C
    ends it at once. Nothing is lost either way.

    Example: pyworkflow worker -c 16
    """
    from pyworkflow.managed.worker import WorkerPool

    session = Session.of(context)
    settings = session.settings.worker
    output.log_to_stderr(logging.INFO)
    with session.open_backend() as backend:
        manager = session.manager(backend)
        pool = WorkerPool(
            manager,
            concurrency=concurrency or settings.concurrency,
            activities=activities or not decisions,
            decisions=decisions or not activities,
            categories=category or settings.categories,
            identity=name,
            burst=burst,
            code=session.project.code,
            shutdown_timeout=shutdown_timeout,
        )
        output.note(_first_line(pool, manager, session))
        with _stopped_by_signals(pool) as received:
            pool.run()
    return 130 if signal.SIGINT in received else 0


def _first_line(pool: WorkerPool, manager: Manager, session: Session) -> str:
    return (
        f"worker {pool.identity} on {session.settings.backend.url}: workflows {_names(manager.workflows)}; "
        f"activities {_names(manager.activities)}; code {session.project.code}"
    )


def _names(named: dict[str, type]) -> str:
    shown = sorted(named)[:10]
    return ", ".join(shown) + (f" and {len(named) - 10} more" if len(named) > 10 else "") or "none"


@contextmanager
def _stopped_by_signals(pool: WorkerPool) -> Iterator[list[int]]:
    """The first Ctrl-C or SIGTERM stops the pool, a second one ends it now. Yields those that were received."""
    received: list[int] = []

    def stop(number: int, _: FrameType | None) -> None:
        received.append(number)
        if len(received) == 1:
            pool.stop()
            output.note("stopping: what runs here may finish; a second Ctrl-C ends now")
        else:
            pool.abort()

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield received
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
