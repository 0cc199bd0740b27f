"""`pyworkflow prune`"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from pyworkflow.cli import output
from pyworkflow.cli.session import Session
from pyworkflow.cli.values import moment

if TYPE_CHECKING:
    from pyworkflow.backend import Backend


def prune(
    context: typer.Context,
    older_than: Annotated[
        str, typer.Option("--older-than", metavar="AGE", help="Closed so long ago (30d, 12h), or before a time.")
    ],
) -> None:
    """Forget closed processes, with all that is kept of them.

    What is open is never touched. `export` can keep them elsewhere first.

    Example: pyworkflow prune --older-than 30d
    """
    from pyworkflow.cli.text import local_time

    before = moment(older_than, "--older-than")
    with Session.of(context).open_backend() as backend:
        forgotten = sum(1 for _ in output.progress(_pruned(backend, before), "forgetting"))
    output.note(f"{forgotten} process{'' if forgotten == 1 else 'es'} forgotten, closed before {local_time(before)}")


def _pruned(backend: Backend, before: datetime) -> Iterator[int]:
    """A number for each process that is forgotten, in batches: workers get in between."""
    while forgotten := backend.prune(before, limit=100):
        yield from range(forgotten)
