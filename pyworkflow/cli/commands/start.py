"""`pyworkflow start`"""

from __future__ import annotations

from typing import Annotated

import typer

from pyworkflow.cli import output
from pyworkflow.cli.session import Session
from pyworkflow.cli.values import json_value

WorkflowArgument = Annotated[str, typer.Argument(metavar="WORKFLOW", help="Its name: Foo or FooWorkflow.")]
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
) -> None:
    """Start a process and print its id, alone, on stdout.

    It is for workers to work on, which may run already or later.

    Example: pyworkflow start Order -i '{"order": 17}' --id order-17
    """
    from pyworkflow.process import Process

    session = Session.of(context)
    cls = session.project.workflow(workflow)
    process = Process(cls, id, json_value(input, "-i"), tag)
    with session.open_backend() as backend:
        output.data(session.manager(backend).start_process(process))
