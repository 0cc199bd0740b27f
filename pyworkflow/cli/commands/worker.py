"""`pyworkflow worker`"""

from __future__ import annotations

import logging
from typing import Annotated

import typer

from pyworkflow.cli import output
from pyworkflow.cli.completion import categories
from pyworkflow.cli.session import Session

CategoryOption = Annotated[
    list[str] | None,
    typer.Option(
        "-Q",
        "--category",
        metavar="CATEGORY",
        help="Only this category of work; repeatable.",
        autocompletion=categories,
    ),
]
ConcurrencyOption = Annotated[
    int | None, typer.Option("-c", "--concurrency", min=1, metavar="N", help="Activities at a time (default: 8).")
]


def worker(
    context: typer.Context,
    activities: Annotated[bool, typer.Option("--activities", help="Only execute activities.")] = False,
    decisions: Annotated[bool, typer.Option("--decisions", help="Only make decisions.")] = False,
    category: CategoryOption = None,
    concurrency: ConcurrencyOption = None,
    processes: Annotated[
        int,
        typer.Option(
            "-p", "--processes", min=1, metavar="N", help="Worker processes, each with its own -c (then 1 by default)."
        ),
    ] = 1,
    burst: Annotated[bool, typer.Option("--burst", help="End when there is nothing left to do.")] = False,
    max_tasks: Annotated[
        int | None,
        typer.Option(
            min=1, metavar="N", help="End after so many tasks, or one more; with -p a new process takes the place."
        ),
    ] = None,
    reload: Annotated[
        bool, typer.Option("--reload", help="Load the code anew whenever it is saved, in a fresh process.")
    ] = False,
    name: Annotated[str | None, typer.Option(metavar="NAME", help="Its name in histories: default HOST:PID.")] = None,
    shutdown_timeout: Annotated[
        float, typer.Option(min=0, metavar="SECONDS", help="What running activities have to finish when it is stopped.")
    ] = 30.0,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="Log only what goes wrong.")] = False,
    verbose: Annotated[bool, typer.Option("-v", "--verbose", help="Log the tasks themselves, with inputs.")] = False,
) -> int:
    """Make decisions and execute activities, until stopped.

    Logs on stderr each task that is taken and closed. Ctrl-C or SIGTERM: it takes no new tasks, and what runs may
    finish; a second Ctrl-C ends it at once. Nothing is lost either way.

    Activities are executed in threads, coroutines in an event loop; -p is for those that keep a core busy.

    With --reload a save is taken over within a second: what runs finishes with the old code. Code that does not load is
    told, and the old code goes on.

    Example: pyworkflow worker -c 16
    """
    from pyworkflow.cli.serving import Serving, introduce, serve

    if reload and (processes > 1 or burst or max_tasks is not None):
        raise typer.BadParameter("goes with none of -p, --burst and --max-tasks", param_hint="--reload")
    session = Session.of(context)
    serving = Serving(
        config=session.config,
        backend_url=session.backend_url,
        activities=activities or not decisions,
        decisions=decisions or not activities,
        categories=tuple(category) if category else None,
        concurrency=concurrency,
        burst=burst,
        max_tasks=max_tasks,
        name=name,
        shutdown_timeout=shutdown_timeout,
        log_level=logging.WARNING if quiet else logging.DEBUG if verbose else logging.INFO,
    )
    if reload:
        from pyworkflow.cli.reload import Reloading

        output.log_to_stderr(serving.log_level, with_process=True)
        return Reloading(serving, quiet=quiet).run()
    if processes == 1:
        return serve(serving)
    from dataclasses import replace

    from pyworkflow.cli.processes import Processes

    output.log_to_stderr(serving.log_level, with_process=True)
    with session.open_backend() as backend:
        backend.summaries(limit=1)
        introduce(session.manager(backend), session, serving, f"of {processes} processes")
    return Processes(replace(serving, concurrency=concurrency or 1), processes).run()
