"""The run, and the event in it, that a command line names: in the backend, or in a file that `export` wrote."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated

import typer

from pyworkflow.cli.completion import process_ids
from pyworkflow.process import Process

if TYPE_CHECKING:
    from pyworkflow.backend import Backend
    from pyworkflow.cli.session import Session

WhichArgument = Annotated[
    str,
    typer.Argument(
        metavar="ID|FILE",
        help="The process: its id, or the beginning of it, or a file that `export` wrote.",
        autocompletion=process_ids,
    ),
]
RunOption = Annotated[
    int | None, typer.Option(min=1, metavar="N", help="An earlier run of a process that continued as new.")
]


def checked(run: Process, number: int) -> int:
    """The number, if the run has such an event; a usage error otherwise."""
    if not 0 < number <= len(run.history):
        reason = f"there is no event {number}: the history of {run.id!r} has {len(run.history)}"
        raise typer.BadParameter(reason, param_hint="--at")
    return number


def run_of(backend: Backend, process_id: str, number: int | None) -> Process:
    """That run of the process, the newest if None is given; a usage error for one that there is not yet."""
    newest = backend.process_by_id(process_id)
    if number is None or number == newest.run:
        return newest
    if number > newest.run:
        raise typer.BadParameter(f"the newest run of {process_id!r} is {newest.run}", param_hint="--run")
    return backend.process_by_id(process_id, run=number)


def found(session: Session, which: str, number: int | None) -> tuple[Process, bool]:
    """That run of a process, given by its id or by a file that `export` wrote and that holds it alone.

    And whether its last decision is yet to be made: by a worker now, or again after a failure.
    """
    if is_file(which):
        return _in_file(which, number), False
    from pyworkflow.cli.ids import full_id
    from pyworkflow.cli.replays import settled

    with session.open_backend() as backend:
        process_id = full_id(backend, which)
        return settled(backend, process_id, run_of(backend, process_id, number).run)


def is_file(which: str) -> bool:
    """Does it name a file that can be read, pipes among them, `-` for standard input, rather than a process?"""
    try:
        return which == "-" or (Path(which).exists() and not Path(which).is_dir())
    except OSError:  # too long for a name
        return False


@contextmanager
def open_file(which: str) -> Iterator[IO[bytes]]:
    """The lines of the file that is named so."""
    if which == "-":
        yield sys.stdin.buffer
    else:
        with Path(which).open("rb") as lines:
            yield lines


def _in_file(file: str, number: int | None) -> Process:
    from pyworkflow import archive

    with open_file(file) as lines:
        processes = list(archive.read(lines, file))
    if len(processes) != 1:
        raise typer.BadParameter(f"{file} holds {len(processes)} processes, and not one", param_hint="ID|FILE")
    runs = {run.run: run for run in processes[0]}
    if number is not None and number not in runs:
        raise typer.BadParameter(f"{file} holds no run {number} of {processes[0][0].id!r}", param_hint="--run")
    return runs[number or max(runs)]
