"""`pyworkflow run`"""

from __future__ import annotations

import logging
import signal
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pyworkflow.cli import output
from pyworkflow.cli.commands.start import IdOption, InputOption, TagsOption, WorkflowArgument
from pyworkflow.cli.session import Session
from pyworkflow.cli.values import json_value

if TYPE_CHECKING:
    from pyworkflow.backend import Backend
    from pyworkflow.managed import Manager
    from pyworkflow.managed.worker import WorkerPool
    from pyworkflow.process import Process, ProcessResult

SHUTDOWN_TIMEOUT = 10.0  # seconds for what still runs here when the process has closed


def run(
    context: typer.Context,
    workflow: WorkflowArgument,
    input: InputOption = None,
    id: IdOption = None,
    tag: TagsOption = None,
    fast_forward: Annotated[
        bool, typer.Option("--fast-forward", help="In memory only, with fakes for activities; time passes at once.")
    ] = False,
    fakes: Annotated[
        Path | None,
        typer.Option(
            "--fakes",
            metavar="FILE",
            help="A Python file for --fast-forward: its functions stand for the activities of the same names.",
        ),
    ] = None,
    real: Annotated[
        bool, typer.Option("--real", help="With --fast-forward: execute activities without fakes.")
    ] = False,
) -> int:
    """Start a process and work on it here until it closes.

    Shows on stderr what happens, as a tree in a terminal and as lines elsewhere, and prints its result, as JSON, on
    stdout. Works on this process and its children only. Exits with 1 if it ends other than completed. With
    --fast-forward nothing is kept: a month of timers passes in milliseconds, to try what would happen.

    Example: pyworkflow run Order -i '{"order": 17}'
    """
    from pyworkflow.process import Process

    if not fast_forward and (fakes or real):
        raise typer.BadParameter("it is for --fast-forward", param_hint="--fakes" if fakes else "--real")
    session = Session.of(context)
    output.log_to_stderr(logging.ERROR, with_waits=True)  # what else there is to tell, the events do
    cls = session.project.workflow(workflow)
    process = Process(cls, id, json_value(input, "-i"), tag)
    if fast_forward:
        from pyworkflow.cli.forward import run_forward

        return _ended(run_forward(session, cls, process, fakes, real=real))
    return _run(session, process)


def _run(session: Session, process: Process) -> int:
    from pyworkflow.exceptions import UnsupportedException

    with session.open_backend(alone=True) as backend:
        if not backend.capabilities.polls_of_root:
            raise UnsupportedException(
                f"the backend {session.settings.backend.shown}",
                "serve one process alone: `pyworkflow start` it, and let a `pyworkflow worker` work on all",
            )
        manager = session.manager(backend)
        started = manager.start_process(process)
        output.note(f"process {started}")
        try:
            with output.prints_aside(), _sigterm_as_ctrl_c():
                result = _worked_on(manager, started, session)
        except KeyboardInterrupt:
            output.note(_how_to_go_on(started, durable=backend.capabilities.durable))
            return 130
    return _ended(result)


def _ended(result: ProcessResult | None) -> int:
    """Print what it completed with; the exit code."""
    from pyworkflow.process import ProcessCompleted

    if isinstance(result, ProcessCompleted):
        output.value(result.result)
        return 0
    return 1


def _worked_on(manager: Manager, process_id: str, session: Session) -> ProcessResult:
    from pyworkflow.managed.worker import WorkerPool

    pool = WorkerPool(
        manager,
        concurrency=session.settings.worker.concurrency,
        root=process_id,
        code=session.project.code,
        shutdown_timeout=SHUTDOWN_TIMEOUT,
    )
    with _working(pool) as work:
        return _shown_until_closed(manager.backend, process_id, work)


@contextmanager
def _sigterm_as_ctrl_c() -> Iterator[None]:
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def _working(pool: WorkerPool) -> Iterator[Future[None]]:
    """The pool works in a thread. At the end what runs may finish; a Ctrl-C, or a second one, ends it now."""
    with ThreadPoolExecutor(1, thread_name_prefix="pool") as executor:
        work = executor.submit(pool.run)
        try:
            yield work
        except KeyboardInterrupt:
            output.note(f"stopping: what runs here has {SHUTDOWN_TIMEOUT:g} s to finish; Ctrl-C again ends now")
            raise
        finally:
            pool.stop()
            try:
                work.result()
            except KeyboardInterrupt:
                pool.abort()


def _shown_until_closed(backend: Backend, process_id: str, work: Future[None]) -> ProcessResult:
    """Show what happens as it happens; the result, once the process has one."""
    from pyworkflow.cli.feed import Feed
    from pyworkflow.cli.tree import Tree

    with (Tree if sys.stderr.isatty() else Feed)(backend, process_id) as watched:
        while not work.done():
            result = watched.look()
            if result is not None:
                return result
    work.result()  # raises what ended it
    raise KeyboardInterrupt  # it was interrupted


def _how_to_go_on(process_id: str, *, durable: bool) -> str:
    if durable:
        return f"interrupted: nothing is lost; `pyworkflow worker` goes on with {process_id}"
    return "interrupted: this backend keeps nothing, so the process is gone"
