"""`pyworkflow history`"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pyworkflow.cli import output
from pyworkflow.cli.ids import IdArgument, full_id
from pyworkflow.cli.named import RunOption, checked, run_of
from pyworkflow.cli.output import Format, FormatOption, Part
from pyworkflow.cli.session import Session

if TYPE_CHECKING:
    from pyworkflow.backend import Backend
    from pyworkflow.cli.narrate import Told
    from pyworkflow.codec import Json
    from pyworkflow.event import Event
    from pyworkflow.process import Process

WIDEST = 40  # characters of what happened, so that the details stand in one column
FOLLOWED = 32  # the same, where it is not known what will come


def history(
    context: typer.Context,
    id: IdArgument,
    run: RunOption = None,
    at: Annotated[
        int | None,
        typer.Option("--at", metavar="NUMBER", help="As the workflow saw it at this event: what was new, and open."),
    ] = None,
    follow: Annotated[
        bool, typer.Option("-f", "--follow", help="Go on with what happens, until the process closes.")
    ] = False,
    full: Annotated[bool, typer.Option("--full", help="Leave nothing out: values and tracebacks in full.")] = False,
    timeline: Annotated[
        bool, typer.Option("--timeline", help="Instead: activities, timers and children as bars in time.")
    ] = False,
    svg: Annotated[
        Path | None,
        typer.Option("--svg", metavar="FILE", help="The timeline as a picture, in this file; - for standard output."),
    ] = None,
    form: FormatOption = Format.table,
) -> None:
    """Print every event of a process.

    A line tells number, time, what happened, how long it took, and input or result, shortened. -o jsonl prints one
    event a line with nothing left out. With --at a * marks what was new to the workflow, and what was open, and what it
    decided next, stands below.

    Example: pyworkflow history order-17 --follow
    """
    from pyworkflow.cli.replays import settled
    from pyworkflow.prefix import as_seen

    if follow and (run is not None or timeline or svg is not None or form is Format.json):
        raise typer.BadParameter("goes with -o jsonl and --full only", param_hint="--follow")
    if at is not None and (follow or timeline or svg is not None):
        raise typer.BadParameter("goes with -o, --full and --run only", param_hint="--at")
    if (timeline or svg is not None) and (full or form is not Format.table):
        raise typer.BadParameter("goes with neither -o nor --full", param_hint="--timeline")
    with Session.of(context).open_backend() as backend:
        process_id = full_id(backend, id)
        if follow:
            _follow(backend, process_id, form, full=full)
            return
        process, undecided = settled(backend, process_id, run_of(backend, process_id, run).run)
    if at is not None:
        _print_moment(as_seen(process) if undecided else process, checked(process, at), form, full=full)
    elif timeline or svg is not None:
        _timeline(process, svg)
    elif form is Format.table:
        _lines(process, len(process.history), full=full)
    else:
        output.records(_records(process), form)


def _records(process: Process) -> Iterator[dict[str, Json]]:
    from pyworkflow.archive import event_line

    for number, event in enumerate(process.history, start=1):
        line = event_line(number, event)
        yield {**line, "input": process.input, "tags": process.tags} if number == 1 else line


def _lines(process: Process, length: int, *, full: bool, new: Container[int] | None = None) -> None:
    """The first `length` events, and which of them were new if some are to be marked so."""
    from pyworkflow.cli.narrate import Narrator

    told = list(map(Narrator(process).tell, process.history[:length]))
    digits = len(str(len(told)))
    width = min(max(len(one.what) for one in told), WIDEST)
    lines = output.Lines()
    for one, event in zip(told, process.history[:length], strict=True):
        mark = None if new is None else "*" if one.number in new else " "
        _line(lines, one, digits=digits, width=width, mark=mark, details=_everything(process, event) if full else None)


def _print_moment(run: Process, number: int, form: Format, *, full: bool) -> None:
    """The events until then, what was open, and what was decided next."""
    from pyworkflow.cli.past import moment, record, told

    made = moment(run, number)
    if form is not Format.table:
        events = [{**line, "unseen": number in made.unseen} for number, line in _numbered(run, made.number)]
        if form is Format.jsonl:
            output.records([*events, {"type": "at", "number": made.number, **record(made)}], form)
        else:
            where = {"id": run.id, "run": run.run, "number": made.number}
            output.record({**where, "events": events, **record(made)}, form)
        return
    _lines(run, made.number, full=full, new=made.unseen)
    output.data("")
    rows = [("new to it", "what is marked *" if made.unseen else "nothing")]
    rows += [(f"open {one.kind}", one.text) for one in made.open] or [("open", "nothing")]
    if made.failed is not None:
        rows.append(("decided next", f"nothing: it came to nothing ({made.failed})"))
    elif made.decided is not None:
        rows += [("decided next", line) for line in told(made)] or [("decided next", "nothing")]
    output.fields((Part(name, "dim"), Part(text)) for name, text in rows)


def _numbered(process: Process, length: int) -> Iterator[tuple[int, dict[str, Json]]]:
    return islice(enumerate(_records(process), start=1), length)


def _follow(backend: Backend, process_id: str, form: Format, *, full: bool) -> None:
    """Its newest run from the beginning, and then whatever comes."""
    from pyworkflow.archive import event_line
    from pyworkflow.cli.follow import follow
    from pyworkflow.cli.narrate import Narrator

    first = backend.process_by_id(process_id).run
    lines = output.Lines()
    for number, run, event in ((one.number, one.run, one.event) for one in follow(backend, process_id)):
        if run < first:
            continue
        if form is Format.jsonl:
            output.record(event_line(number, event), form)
        else:
            if number == 1:
                process = backend.process_by_id(process_id, run=run)
                narrator = Narrator(process)
            details = _everything(process, event) if full else None
            _line(lines, narrator.tell(event), digits=3, width=FOLLOWED, details=details)
        output.flush()


def _line(
    lines: output.Lines,
    told: Told,
    *,
    digits: int,
    width: int,
    mark: str | None = None,
    details: Iterable[str] | None = None,
) -> None:
    """An event in a line, after its mark if it may have one, or in a line and its details below."""
    from pyworkflow.cli.text import duration

    lines.line(
        *(() if mark is None else (Part(mark, "bold"),)),
        Part(str(told.number).rjust(digits), "dim"),
        Part(_time(told.at), "dim"),
        Part(told.what, told.style, width),
        Part("" if told.took is None else duration(told.took), width=7),
        Part(told.detail if details is None else ""),
    )
    for line in details or ():
        lines.whole_line(" " * (digits + (2 if mark is None else 5)) + line)


def _time(at: datetime) -> str:
    """With its date and its offset, where there is room for them."""
    from pyworkflow.cli.text import local_time

    return f"{at.astimezone():%H:%M:%S}" if output.is_narrow() else local_time(at, "milliseconds")


def _everything(process: Process, event: Event) -> Iterable[str]:
    """All that the event holds; of the first, what the process was started with."""
    from pyworkflow.cli.text import spread
    from pyworkflow.codec import encode_event

    if event.type == "process_started":
        return spread({"input": process.input, "tags": process.tags, "parent": process.parent, **encode_event(event)})
    return spread(encode_event(event))


def _timeline(process: Process, svg: Path | None) -> None:
    from pyworkflow.cli.text import duration, local_time, shortened
    from pyworkflow.cli.timeline import LEGEND, MARKS, bars, drawn, seconds

    made = bars(process, datetime.now(UTC))
    whole = made[0]

    def rows(width: int) -> Iterator[tuple[Part, ...]]:
        for bar in made:
            label, picture = shortened(bar.label, WIDEST), drawn(bar, whole, width)
            mark, took = Part(MARKS[bar.style], bar.style), Part(duration(seconds(bar)), "dim")
            yield Part(label), Part(picture, bar.style, width), mark, took

    title = f"{whole.label}: {duration(seconds(whole))} from {local_time(whole.began)}"
    if svg is None:
        output.picture(rows, LEGEND)
        return
    output.write_file(svg, [output.svg(rows, LEGEND, title)])
    if svg != output.STDOUT:
        output.note(f"timeline written to {svg}")
