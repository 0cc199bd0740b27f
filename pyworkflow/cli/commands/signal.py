"""`pyworkflow signal`"""

from __future__ import annotations

from typing import Annotated

import typer

from pyworkflow.cli import output
from pyworkflow.cli.ids import IdArgument, full_id
from pyworkflow.cli.session import Session
from pyworkflow.cli.values import json_value


def signal(
    context: typer.Context,
    id: IdArgument,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The signal's name.")],
    data: Annotated[
        str | None,
        typer.Option("-d", "--data", metavar="JSON", help="Its data: JSON, @FILE, or - for standard input."),
    ] = None,
) -> None:
    """Send a signal to an open process.

    Example: pyworkflow signal order-17 paid -d '{"amount": 30}'
    """
    given = json_value(data, "-d")
    with Session.of(context).open_backend() as backend:
        process_id = full_id(backend, id)
        backend.signal_process(process_id, name, given)
    output.note(f"signal {name} sent to {process_id}")
