"""`pyworkflow fork`"""

from __future__ import annotations

from typing import Annotated

import typer

from pyworkflow.cli import output
from pyworkflow.cli.commands.start import IdOption
from pyworkflow.cli.named import RunOption, WhichArgument
from pyworkflow.cli.session import Session


def fork(
    context: typer.Context,
    which: WhichArgument,
    at: Annotated[int, typer.Option("--at", metavar="NUMBER", help="The event to go on from.")],
    run: RunOption = None,
    result: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ACTIVITY=JSON",
            help="What an activity is to have returned: Pay, its id, or Pay#3 as `history` names it; repeatable.",
        ),
    ] = None,
    input: Annotated[
        str | None,
        typer.Option("-i", "--input", metavar="JSON", help="Another input: JSON, @FILE, or - for standard input."),
    ] = None,
    id: IdOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell what would be.")] = False,
) -> None:
    """Start a process that goes on from an event of another, and print its id, alone, on stdout.

    Told first, on stderr: what today's code decides otherwise in that history, what is set going anew, and what is
    decided next. The other process, open or closed, is not touched. Within a list of decisions the workflow is asked
    for it again.

    Example: pyworkflow fork order-17 --at 8 --result 'ChargeCard={"charged": 30}'
    """
    from pyworkflow.cli.branch import preview, results
    from pyworkflow.cli.named import checked, found
    from pyworkflow.cli.values import json_value
    from pyworkflow.event import utcnow
    from pyworkflow.prefix import as_seen, prefix
    from pyworkflow.process import Process

    session = Session.of(context)
    source, undecided = found(session, which, run)
    ends = results(source, checked(source, at), result or ())
    source = as_seen(source) if undecided else source
    source = Process(
        source.workflow,
        source.id,
        source.input if input is None else json_value(input, "-i"),
        source.tags,
        source.history,
        run=source.run,
    )
    begun = prefix(source, at, utcnow(), ends)
    workflow = session.project.workflow(str(source.workflow))
    with output.prints_aside():
        for line in preview(begun, workflow):
            output.note(line)
    if dry_run:
        return
    with session.open_backend() as backend:
        session.manager(backend)
        output.data(backend.fork_process(source, at, results=ends, id=id))
