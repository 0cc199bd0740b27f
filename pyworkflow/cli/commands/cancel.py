"""`pyworkflow cancel`"""

from __future__ import annotations

import typer

from pyworkflow.cli import output
from pyworkflow.cli.ids import IdArgument, full_id
from pyworkflow.cli.session import Session


def cancel(context: typer.Context, id: IdArgument) -> None:
    """Close a process at once, as canceled. Its open work is withdrawn.

    Example: pyworkflow cancel order-17
    """
    with Session.of(context).open_backend() as backend:
        process_id = full_id(backend, id)
        backend.cancel_process(process_id)
    output.note(f"process {process_id} is canceled")
