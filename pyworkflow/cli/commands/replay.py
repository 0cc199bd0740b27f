"""`pyworkflow replay`"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import chain
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
    from pyworkflow.managed import Workflow
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
    timeout: Annotated[
        float,
        typer.Option(min=0.001, metavar="SECONDS", help="What one decision may take. Calls into C are not ended."),
    ] = 5.0,
    form: FormatOption = Format.table,
) -> int:
    """Ask today's code at every recorded decision, and print what it would decide otherwise.

    Only reads. Decisions are compared by what they say; ids that were made for them do not count. The first difference
    ends the replay of a history, since what follows came of other decisions. A decision that is due is asked for too,
    and any but an error will do. Exits with 6 if anything differs.

    Example: pyworkflow replay --open
    """
    from pyworkflow.cli.replays import Tally, records
    from pyworkflow.replay import replay as ask_all

    if (opened and every) or bool(which) == bool(opened or every or workflow or since):
        raise typer.BadParameter(
            "name processes or files, or give --open, --all, --workflow or --since", param_hint="ID|FILE..."
        )
    session = Session.of(context)
    project = session.project
    tally = Tally()
    found: list[dict[str, Any]] = []
    with output.prints_aside(), _runs(session, which or (), _query(project, opened, workflow, since)) as runs:
        for run in output.progress(runs, "replaying"):
            cls = _code(project, str(run.workflow), must=bool(which))
            if cls is None:
                tally.without_code[str(run.workflow)] += 1
                continue
            done = ask_all(cls, run, to_the_end=to_the_end, longest=timeout)
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


def _code(project: Project, name: str, *, must: bool) -> type[Workflow] | None:
    """The workflow of this name. Where there is none, that is an error if its processes were named."""
    if must:
        return project.workflow(name)
    return next((one for one in project.workflows if one.name == name), None)


@contextmanager
def _runs(session: Session, which: Iterable[str], query: Query) -> Iterator[Iterator[Process]]:
    """The runs to replay."""
    from pyworkflow.cli.named import is_file

    which = list(dict.fromkeys(which))
    files, ids = [one for one in which if is_file(one)], [one for one in which if not is_file(one)]
    if files and not ids:
        yield _of_files(files)
        return
    with session.open_backend() as backend:
        yield chain(_of_files(files), _of_backend(backend, ids, query))


def _of_files(files: Iterable[str]) -> Iterator[Process]:
    from pyworkflow import archive
    from pyworkflow.cli.named import open_file

    for file in files:
        with open_file(file) as lines:
            for runs in archive.read(lines, file):
                yield from runs


def _of_backend(backend: Backend, ids: Iterable[str], query: Query) -> Iterator[Process]:
    from pyworkflow.cli.ids import all_summaries, full_id
    from pyworkflow.cli.replays import as_asked

    named = dict.fromkeys(full_id(backend, id) for id in ids)  # all of them, before the first is replayed
    if not named:
        for summary in all_summaries(backend, query):
            yield as_asked(backend, summary.id, summary.run)
    for id in named:
        for run in range(1, backend.process_by_id(id).run + 1):
            yield as_asked(backend, id, run)


def _print(tally: Tally) -> None:
    """A line for each way to differ, and a line that says where to look; most frequent first."""
    from pyworkflow.cli.replays import counted

    lines = output.Lines()
    for group in tally.groups:
        processes = counted(len(group.processes), "process")
        lines.whole_line(f'{processes} of {group.workflow}: at "{group.at}" {" ".join(group.how)}')
        more = f" and {len(group.places) - SHOWN} more" if len(group.places) > SHOWN else ""
        lines.line(Part(f"    {', '.join(map(_place, group.places[:SHOWN]))}{more}", "dim"))


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
