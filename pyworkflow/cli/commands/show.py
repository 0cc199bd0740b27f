"""`pyworkflow show`"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import typer

from pyworkflow.cli import output
from pyworkflow.cli.ids import IdArgument, full_id
from pyworkflow.cli.output import Format, FormatOption, Part
from pyworkflow.cli.session import Session

if TYPE_CHECKING:
    from pyworkflow.backend import Pending
    from pyworkflow.process import Process

LONGEST = 4000  # characters of an input or a result; -o json shows all of it


def show(context: typer.Context, id: IdArgument, form: FormatOption = Format.table) -> None:
    """Show what a process is, and why it is where it is.

    That is: what it waits for and since when, who works on it, and what went wrong.

    Example: pyworkflow show order-17
    """
    from pyworkflow.cli.records import plain_record, process_record

    with Session.of(context).open_backend() as backend:
        process_id = full_id(backend, id)
        process = backend.process_by_id(process_id)
        pending = backend.pending(process_id)
    if form is not Format.table:
        waits = plain_record(pending) if process.result is None else None
        output.record({**process_record(process), "pending": waits}, form)
        return
    output.fields([*_what(process), *(_why(process, pending) if process.result is None else ())])


def _what(process: Process) -> Iterator[tuple[Part, Part]]:
    """What it is."""
    from pyworkflow.cli.narrate import Narrator, origin_name
    from pyworkflow.cli.text import duration, json_text, local_time, shortened

    began, last = process.started_at or process.history[0].datetime, process.history[-1].datetime
    told = list(map(Narrator(process).tell, process.history))[-1]
    ended = process.result is not None
    took = f" ({duration((last - began).total_seconds())})"
    yield _field("process", str(process.id), "bold")
    yield _field("workflow", str(process.workflow))
    yield _field("status", process.result.type if process.result else "open", told.style if ended else "cyan")
    yield _field("started", local_time(began))
    if ended:
        yield _field("closed", local_time(last) + took)
    if process.parent:
        yield _field("parent", process.parent)
    if process.forked_from is not None:
        yield _field("forked from", origin_name(process.forked_from))
    if process.run > 1:
        yield _field("run", f"{process.run} (`history --run {process.run - 1}` shows the one before)")
    if process.tags:
        yield _field("tags", ", ".join(process.tags))
    if process.input is not None:
        yield _field("input", shortened(json_text(process.input), LONGEST))
    if ended:
        yield _field("outcome", shortened(told.detail, LONGEST))
    yield _field("events", f"{len(process.history)}, the last: {told.what}, {local_time(last)}")


def _why(process: Process, pending: Pending) -> Iterator[tuple[Part, Part]]:
    """Why it is where it is."""
    from pyworkflow.cli.explain import reasons
    from pyworkflow.decision import ScheduleActivity
    from pyworkflow.event import DecisionEvent, DecisionFailedEvent

    scheduled: dict[str, int] = {}
    traceback: str | None = None
    for number, event in enumerate(process.history, start=1):
        match event:
            case DecisionEvent(decision=ScheduleActivity(id=id)):
                scheduled[id] = number
            case DecisionFailedEvent(traceback=text):
                traceback = text
    for reason in reasons(pending, datetime.now(UTC), scheduled=scheduled, traceback=traceback):
        yield _field(reason.kind, reason.text, "red" if reason.bad else "")


def _field(name: str, text: str, style: str = "") -> tuple[Part, Part]:
    return Part(name, "dim"), Part(text, style)
