"""`pyworkflow start`"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from pyworkflow.cli import output
from pyworkflow.cli.completion import workflows
from pyworkflow.cli.session import Session
from pyworkflow.cli.values import json_value, seconds
from pyworkflow.exceptions import TimedOutException

if TYPE_CHECKING:
    from pyworkflow.backend import Backend

WorkflowArgument = Annotated[
    str, typer.Argument(metavar="WORKFLOW", help="Its name: Foo or FooWorkflow.", autocompletion=workflows)
]
InputOption = Annotated[
    str | None,
    typer.Option("-i", "--input", metavar="JSON", help="Its input: JSON, @FILE, or - for standard input."),
]
IdOption = Annotated[str | None, typer.Option("--id", metavar="ID", help="Its id, one never used before.")]
TagsOption = Annotated[list[str] | None, typer.Option("--tag", metavar="TAG", help="A word to find it by; repeatable.")]


def start(
    context: typer.Context,
    workflow: WorkflowArgument,
    input: InputOption = None,
    id: IdOption = None,
    tag: TagsOption = None,
    wait: Annotated[bool, typer.Option("--wait", help="Wait until it closes; exit with 1 if not completed.")] = False,
    timeout: Annotated[
        str | None,
        typer.Option(
            "--timeout", metavar="DURATION", help="Wait no longer (30s, 5m, 1h): exit with 124 if it is over."
        ),
    ] = None,
) -> int:
    """Start a process and print its id, alone, on stdout.

    It is for workers to work on, which may run already or later. How it ended, if waited for, is told on stderr.

    Example: pyworkflow start Order -i '{"order": 17}' --id order-17
    """
    from pyworkflow.process import Process

    session = Session.of(context)
    cls = session.project.workflow(workflow)
    process = Process(cls, id, json_value(input, "-i"), tag)
    patience = None if timeout is None else seconds(timeout, "--timeout")
    with session.open_backend() as backend:
        started = session.manager(backend).start_process(process)
        output.data(started)
        output.flush()
        return _waited_for(backend, started, patience) if wait or timeout is not None else 0


def _waited_for(backend: Backend, process_id: str, patience: float | None) -> int:
    """Tell how it ended; the exit code that says so."""
    from collections import deque
    from time import monotonic

    from pyworkflow.cli.follow import ending, follow
    from pyworkflow.cli.narrate import ended, outcome

    deadline = None if patience is None else monotonic() + patience
    try:
        last = deque(follow(backend, process_id, deadline=deadline), maxlen=1).pop()
    except TimedOutException as error:
        error.add_note(f"`pyworkflow show {process_id}` tells why")
        raise
    result = ending(last.event)
    assert result is not None
    output.note(f"process {process_id} {ended(result)}  {outcome(result)}".rstrip())
    return 0 if result.type == "completed" else 1
