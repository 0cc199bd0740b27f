"""`pyworkflow list`"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING, Annotated

import typer

from pyworkflow.backend import STATUSES
from pyworkflow.cli import output
from pyworkflow.cli.output import Format, FormatOption, Part
from pyworkflow.cli.session import Session

if TYPE_CHECKING:
    from pyworkflow.backend import Summary


def _status(given: str | None) -> str | None:
    if given is not None and given not in (*STATUSES, "closed"):
        raise typer.BadParameter(f"{given!r} is none of {', '.join((*STATUSES, 'closed'))}")
    return given


def list_processes(
    context: typer.Context,
    status: Annotated[
        str | None,
        typer.Option(
            callback=_status,
            metavar="STATUS",
            help="open, closed (whichever way), completed, canceled, failed, timedout; "
            "or continued, for the earlier runs of processes that continued as new.",
        ),
    ] = None,
    workflow: Annotated[str | None, typer.Option(metavar="NAME", help="Only processes of this workflow.")] = None,
    tag: Annotated[str | None, typer.Option(metavar="TAG", help="Only processes with this tag.")] = None,
    number: Annotated[int, typer.Option("-n", min=1, metavar="N", help="At most so many.")] = 50,
    form: FormatOption = Format.table,
) -> None:
    """List processes, newest first.

    Example: pyworkflow list --status open --workflow Order
    """
    from pyworkflow.backend import Query
    from pyworkflow.cli.ids import all_summaries
    from pyworkflow.cli.records import plain_record

    with Session.of(context).open_backend() as backend:
        summaries = all_summaries(backend, Query(status=status, workflow=workflow, tag=tag))
        wanted = (summary for summary in summaries if status or summary.status != "continued")
        found = list(islice(wanted, number + 1))
    if form is not Format.table:
        output.records(map(plain_record, found[:number]), form)
        return
    _table(found[:number])
    if len(found) > number:
        output.note(f"there are more: -n {number * 2} shows twice as many")


def _table(summaries: Sequence[Summary]) -> None:
    from pyworkflow.cli.ids import short_ids
    from pyworkflow.cli.text import duration, local_time

    if not summaries:
        output.note("no processes")
        return
    short = short_ids({id for summary in summaries for id in (summary.id, summary.parent or "")})
    now = datetime.now(UTC)
    rows = [
        (
            Part(short[summary.id]),
            Part(summary.workflow),
            Part(summary.status, STYLES.get(summary.status, "")),
            Part(local_time(summary.started_at)),
            Part(duration(((summary.closed_at or now) - summary.started_at).total_seconds())),
            Part(short[summary.parent or ""]),
        )
        for summary in summaries
    ]
    output.table(("ID", "WORKFLOW", "STATUS", "STARTED", "OPEN FOR", "PARENT"), rows)


STYLES = {"open": "cyan", "completed": "green", "failed": "red", "timedout": "red", "canceled": "yellow"}
