"""`pyworkflow replay`"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pyworkflow.cli import output
from pyworkflow.cli.completion import process_ids, workflows
from pyworkflow.cli.output import Format, FormatOption, Part
from pyworkflow.cli.session import Session

if TYPE_CHECKING:
    from pyworkflow.backend import Backend, Query
    from pyworkflow.cli.replays import Place, Tally
    from pyworkflow.config import Project
    from pyworkflow.process import Process

DIFFERS = 6  # the exit code
SHOWN = 5  # of the places where a group differs


def replay(
    context: typer.Context,
    which: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="ID|FILE...",
            help="Processes, by their ids or the beginnings of them, and files that `export` wrote.",
            autocompletion=process_ids,
        ),
    ] = None,
    opened: Annotated[bool, typer.Option("--open", help="All processes that are open.")] = False,
    every: Annotated[bool, typer.Option("--all", help="All processes, and all their runs.")] = False,
    workflow: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="Only processes of this workflow: Foo or FooWorkflow.", autocompletion=workflows
        ),
    ] = None,
    since: Annotated[
        str | None, typer.Option(metavar="AGE", help="Only what started so recently (1h, 2d), or since a time.")
    ] = None,
    to_the_end: Annotated[
        bool, typer.Option("--to-the-end", help="Go on after a first difference, through what came of other decisions.")
    ] = False,
    timeout: Annotated[float, typer.Option(min=0.001, metavar="SECONDS", help="What one decision may take.")] = 5.0,
    form: FormatOption = Format.table,
) -> int:
    """Ask today's code at every recorded decision, and print what it would decide otherwise.

    Only reads. Decisions are compared by what they say; ids that were made for them do not count. The first difference
    ends the replay of a history, since what follows came of other decisions. Exits with 6 if anything differs.

    Example: pyworkflow replay --open
    """
    from pyworkflow.cli.replays import Tally, records
    from pyworkflow.replay import replay as ask_all

    if sum(map(bool, (which, opened, every))) != 1 or (which and (workflow or since)):
        raise typer.BadParameter("name processes or files, or give --open or --all", param_hint="ID|FILE...")
    session = Session.of(context)
    project = session.project
    tally = Tally()
    found: list[dict[str, Any]] = []
    with output.prints_aside(), _runs(session, which or (), _query(project, opened, workflow, since)) as runs:
        for run, undecided in output.progress(runs, "replaying"):
            cls = next((one for one in project.workflows if one.name == run.workflow), None)
            if cls is None:
                tally.without_code[str(run.workflow)] += 1
                continue
            done = ask_all(cls, run, undecided=undecided, to_the_end=to_the_end, longest=timeout)
            tally.add(done)
            if form is not Format.table:
                found += records(done)
    if form is Format.table:
        _print(tally)
    else:
        output.records(found, form)
    _tell(tally, to_the_end=to_the_end)
    return DIFFERS if tally.differ else 0


def _query(project: Project, opened: bool, workflow: str | None, since: str | None) -> Query:
    from pyworkflow.backend import Query
    from pyworkflow.cli.values import moment

    return Query(
        status="open" if opened else None,
        workflow=None if workflow is None else project.workflow(workflow).name,
        since=None if since is None else moment(since, "--since"),
    )


@contextmanager
def _runs(session: Session, which: Iterable[str], query: Query) -> Iterator[Iterator[tuple[Process, bool]]]:
    """The runs to replay, each with whether its last question may be open."""
    files = [Path(one) for one in which if Path(one).is_file()]
    ids = [one for one in which if not Path(one).is_file()]
    if files and not ids:
        yield _of_files(files)
        return
    with session.open_backend() as backend:
        yield chain(_of_files(files), _of_backend(backend, ids, query))


def _of_files(files: Iterable[Path]) -> Iterator[tuple[Process, bool]]:
    from pyworkflow import archive

    for file in files:
        with file.open("rb") as lines:
            for runs in archive.read(lines, str(file)):
                yield from ((run, False) for run in runs)


def _of_backend(backend: Backend, ids: Iterable[str], query: Query) -> Iterator[tuple[Process, bool]]:
    from pyworkflow.cli.ids import all_summaries, full_id
    from pyworkflow.cli.replays import settled

    ids = [full_id(backend, id) for id in ids]  # all of them, before the first is replayed
    if not ids:
        for summary in all_summaries(backend, query):
            yield settled(backend, summary.id, summary.run)
    for id in ids:
        for run in range(1, backend.process_by_id(id).run + 1):
            yield settled(backend, id, run)


def _print(tally: Tally) -> None:
    """A line for each way to differ, and a line that says where to look; most frequent first."""
    from pyworkflow.cli.replays import counted

    lines = output.Lines()
    for (workflow, at, how), places in sorted(tally.groups.items(), key=lambda group: -len(group[1])):
        lines.whole_line(f'{counted(len(places), "process")} of {workflow}: at "{at}" {" ".join(how)}')
        more = f" and {len(places) - SHOWN} more" if len(places) > SHOWN else ""
        lines.line(Part(f"    {', '.join(map(_place, places[:SHOWN]))}{more}", "dim"))


def _place(place: Place) -> str:
    name, number = place
    return f"{name} #{number}"


def _tell(tally: Tally, *, to_the_end: bool) -> None:
    from pyworkflow.cli.replays import counted

    output.note(f"{tally.summary()}; {counted(tally.asked, 'decision')} asked for")
    if tally.left and not to_the_end:
        output.note(
            f"{counted(tally.left, 'decision')} after a first difference not asked for, since they came of others "
            "(see --to-the-end)"
        )
    for workflow, runs in tally.without_code.items():
        output.note(f"{counted(runs, 'process')} of {workflow} left out: this project has no such workflow")
