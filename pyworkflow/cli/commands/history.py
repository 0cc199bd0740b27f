"""`pyworkflow history`"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from pyworkflow.cli import output
from pyworkflow.cli.ids import IdArgument, full_id
from pyworkflow.cli.output import Format, FormatOption, Part
from pyworkflow.cli.session import Session

if TYPE_CHECKING:
    from pyworkflow.backend import Backend
    from pyworkflow.process import Process

WIDEST = 40  # characters of what happened, so that the details stand in one column


def history(
    context: typer.Context,
    id: IdArgument,
    run: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="An earlier run of a process that continued as new.")
    ] = None,
    form: FormatOption = Format.table,
) -> None:
    """Print every event of a process.

    A line tells number, time, what happened, how long it took, and input or result, shortened. -o jsonl prints one
    event a line with nothing left out.

    Example: pyworkflow history order-17
    """
    from pyworkflow.cli.records import event_record

    with Session.of(context).open_backend() as backend:
        process = _run(backend, full_id(backend, id), run)
    if form is Format.table:
        _lines(process)
    else:
        events = enumerate(process.history, start=1)
        output.records((event_record(number, event) for number, event in events), form)


def _run(backend: Backend, process_id: str, run: int | None) -> Process:
    newest = backend.process_by_id(process_id)
    if run is None or run == newest.run:
        return newest
    if run > newest.run:
        raise typer.BadParameter(f"the newest run of {process_id!r} is {newest.run}", param_hint="--run")
    return backend.process_by_id(process_id, run=run)


def _lines(process: Process) -> None:
    from pyworkflow.cli.narrate import Narrator
    from pyworkflow.cli.text import duration, local_time

    told = list(map(Narrator(process).tell, process.history))
    digits = len(str(len(told)))
    width = min(max(len(one.what) for one in told), WIDEST)
    lines = output.Lines()
    for one in told:
        lines.line(
            Part(str(one.number).rjust(digits), "dim"),
            Part(local_time(one.at, "milliseconds"), "dim"),
            Part(one.what, one.style, width),
            Part("" if one.took is None else duration(one.took), width=7),
            Part(one.detail),
        )
