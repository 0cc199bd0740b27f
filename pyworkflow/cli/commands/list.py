"""`pyworkflow list`"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING, Annotated

import typer

from pyworkflow.cli import output
from pyworkflow.cli.completion import LISTED, statuses, workflows
from pyworkflow.cli.output import Format, FormatOption, Part
from pyworkflow.cli.session import Session
from pyworkflow.cli.values import moment

if TYPE_CHECKING:
    from pyworkflow.backend import Backend, Summary


def _status(given: str | None) -> str | None:
    if given is not None and given not in LISTED:
        raise typer.BadParameter(f"{given!r} is none of {', '.join(LISTED)}")
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
            autocompletion=statuses,
        ),
    ] = None,
    workflow: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="Only processes of this workflow: Foo or FooWorkflow.", autocompletion=workflows
        ),
    ] = None,
    tag: Annotated[str | None, typer.Option(metavar="TAG", help="Only processes with this tag.")] = None,
    since: Annotated[
        str | None, typer.Option(metavar="AGE", help="Only what started so recently (1h, 2d), or since a time.")
    ] = None,
    failing: Annotated[bool, typer.Option("--failing", help="Only processes whose decisions fail.")] = False,
    root: Annotated[bool, typer.Option("--root", help="Only processes that no other process started.")] = False,
    number: Annotated[int, typer.Option("-n", min=1, metavar="N", help="At most so many.")] = 50,
    form: FormatOption = Format.table,
) -> None:
    """List processes, newest first.

    Example: pyworkflow list --status failed --since 1h
    """
    from pyworkflow.backend import Query
    from pyworkflow.cli.ids import all_summaries
    from pyworkflow.cli.records import plain_record

    session = Session.of(context)
    with session.open_backend() as backend:
        query = Query(
            status=status,
            workflow=None if workflow is None else _name_of(backend, workflow),
            tag=tag,
            since=None if since is None else moment(since, "--since"),
            parent="" if root else None,
            failing=failing,
        )
        summaries = all_summaries(backend, query)
        wanted = (summary for summary in summaries if status or summary.status != "continued")
        found = list(islice(wanted, number + 1))
    if form is not Format.table:
        output.records(map(plain_record, found[:number]), form)
    elif found:
        _table(found[:number])
    else:
        output.note(f"no such processes in {session.settings.backend.shown}")
    if len(found) > number:
        output.note(f"there are more: -n {number * 2} shows twice as many")


def _name_of(backend: Backend, workflow: str) -> str:
    """Foo for FooWorkflow, unless there are processes of that very name: this command does not load the code."""
    from pyworkflow.backend import Query

    is_name = backend.summaries(Query(workflow=workflow), limit=1).items
    return workflow if is_name else workflow.removesuffix("Workflow")


def _table(summaries: Sequence[Summary]) -> None:
    from pyworkflow.cli.ids import short_ids
    from pyworkflow.cli.text import duration, shortened

    short = short_ids({id for summary in summaries for id in (summary.id, summary.parent or "")})
    now = datetime.now(UTC)
    rows = [
        (
            Part(shortened(short[summary.id], WIDEST_ID)),
            Part(summary.workflow),
            _status_of(summary),
            Part(_started(summary.started_at)),
            Part(duration(((summary.closed_at or now) - summary.started_at).total_seconds())),
            Part(shortened(short[summary.parent or ""], WIDEST_ID)),
        )
        for summary in summaries
    ]
    output.table(("ID", "WORKFLOW", "STATUS", "STARTED", "DURATION", "PARENT"), rows, whole=(0, 2, 3, 4))


def _status_of(summary: Summary) -> Part:
    if summary.failures:
        return Part(f"{summary.status}, decide failed {summary.failures}×", "red")
    if summary.status == "continued":
        return Part(f"run {summary.run}, continued")
    return Part(summary.status, STYLES.get(summary.status, ""))


def _started(at: datetime) -> str:
    """With its offset, where there is room for it."""
    from pyworkflow.cli.text import local_time

    return f"{at.astimezone():%m-%d %H:%M:%S}" if output.is_narrow() else local_time(at)


WIDEST_ID = 48  # characters of an id; any beginning of it will do
STYLES = {"open": "cyan", "completed": "green", "failed": "red", "timedout": "red", "canceled": "yellow"}
