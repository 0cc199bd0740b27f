"""`pyworkflow fail`"""

from __future__ import annotations

from typing import Annotated

import typer

from pyworkflow.cli import output
from pyworkflow.cli.commands.complete import TokenArgument
from pyworkflow.cli.session import Session
from pyworkflow.cli.values import json_value


def fail(
    context: typer.Context,
    token: TokenArgument,
    reason: Annotated[str, typer.Argument(metavar="REASON", help="Why, in a few words.")],
    details: Annotated[
        str | None,
        typer.Option("-d", "--details", metavar="JSON", help="More of it: JSON, @FILE, or - for standard input."),
    ] = None,
) -> None:
    """End an activity that was left open, as failed.

    Such an activity has auto_complete = False; whoever has its token ends it, once.

    Example: pyworkflow fail 12:9f86d081884c7d65 "the customer said no"
    """
    from pyworkflow.activity import ActivityFailed
    from pyworkflow.task import ActivityTask

    failed = ActivityFailed(reason, json_value(details, "-d"))
    with Session.of(context).open_backend() as backend:
        backend.complete_activity_task(ActivityTask.of_token(token), failed)
    output.note("the activity has failed")
