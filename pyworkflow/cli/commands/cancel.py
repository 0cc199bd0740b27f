"""`pyworkflow cancel`"""

from __future__ import annotations

from typing import Annotated

import typer

from pyworkflow.cli import output
from pyworkflow.cli.ids import IdArgument, full_id
from pyworkflow.cli.session import Session
from pyworkflow.cli.values import json_value


def cancel(
    context: typer.Context,
    id: IdArgument,
    request: Annotated[
        bool, typer.Option("--request", help="Ask it to cancel itself: the workflow decides what that means.")
    ] = False,
    details: Annotated[
        str | None,
        typer.Option("-d", "--details", metavar="JSON", help="Why: JSON, @FILE, or - for standard input."),
    ] = None,
) -> None:
    """Close a process at once, as canceled. Its open work is withdrawn.

    Example: pyworkflow cancel order-17 --request -d '"out of stock"'
    """
    why = json_value(details, "-d")
    with Session.of(context).open_backend() as backend:
        process_id = full_id(backend, id)
        if request:
            backend.request_cancel_process(process_id, why)
        else:
            backend.cancel_process(process_id, why)
    output.note(f"process {process_id} is {'asked to cancel itself' if request else 'canceled'}")
