"""`pyworkflow complete`"""

from __future__ import annotations

from typing import Annotated

import typer

from pyworkflow.cli import output
from pyworkflow.cli.completion import tokens
from pyworkflow.cli.session import Session
from pyworkflow.cli.values import json_value

TokenArgument = Annotated[
    str,
    typer.Argument(
        metavar="TOKEN", help="The activity's token: `show` tells it, and the activity knows it.", autocompletion=tokens
    ),
]


def complete(
    context: typer.Context,
    token: TokenArgument,
    result: Annotated[
        str | None,
        typer.Option("-r", "--result", metavar="JSON", help="Its result: JSON, @FILE, or - for standard input."),
    ] = None,
) -> None:
    """Complete an activity that was left open.

    Such an activity has auto_complete = False; whoever has its token ends it, once.

    Example: pyworkflow complete 12:9f86d081884c7d65 -r '{"approved": true}'
    """
    from pyworkflow.activity import ActivityCompleted
    from pyworkflow.task import ActivityTask

    completed = ActivityCompleted(json_value(result, "-r"))
    with Session.of(context).open_backend() as backend:
        backend.complete_activity_task(ActivityTask.of_token(token), completed)
    output.note("the activity is completed")
