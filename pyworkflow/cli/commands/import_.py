"""`pyworkflow import`"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated

import typer

from pyworkflow.cli import output
from pyworkflow.cli.session import Session
from pyworkflow.exceptions import (
    ConfigurationException,
    InvalidValueException,
    ProcessAlreadyStartedException,
    WorkflowException,
)

if TYPE_CHECKING:
    from pyworkflow.backend import Backend
    from pyworkflow.process import Process

GZIP = b"\x1f\x8b"  # how such a file begins


def import_processes(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What `export` wrote; - for standard input.")],
    skip: Annotated[
        bool, typer.Option("--skip", help="Leave out the processes that are still open, or whose ids are taken here.")
    ] = False,
) -> None:
    """Read closed processes that `export` wrote, with their histories.

    All of the file is checked before the first is recorded.

    Example: pyworkflow import order-17.jsonl
    """
    with _opened(file) as lines, Session.of(context).open_backend() as backend:
        left_out = _checked(lines, file, backend, skip=skip)
        imported = 0
        try:
            for runs in output.progress(_read(lines, file), "importing"):
                if runs[0].id not in left_out:
                    backend.import_process(runs)
                    imported += 1
        except KeyboardInterrupt:
            output.note(_how_to_go_on(imported))
            raise
        except WorkflowException as error:
            error.add_note(_how_to_go_on(imported))
            raise
    more = f", {len(left_out)} left out" if left_out else ""
    output.note(f"{_processes(imported)} imported{more}")


def _processes(count: int) -> str:
    return "1 process" if count == 1 else f"{count} processes"


def _how_to_go_on(imported: int) -> str:
    return f"{_processes(imported)} {'was' if imported == 1 else 'were'} imported: --skip goes on with the rest"


@contextmanager
def _opened(file: Path) -> Iterator[IO[bytes]]:
    """The file, to be read twice: what comes from standard input, or out of a pipe, is kept in one of our own."""
    import sys

    if file == output.STDIN:
        with _kept(sys.stdin.buffer) as kept:
            yield kept
        return
    try:
        opened = file.open("rb")
    except OSError as error:
        raise ConfigurationException(f"{file} cannot be read: {error.strerror}") from error
    with opened, nullcontext(opened) if opened.seekable() else _kept(opened) as lines:
        yield lines


@contextmanager
def _kept(stream: IO[bytes]) -> Iterator[IO[bytes]]:
    import shutil
    import tempfile

    with tempfile.TemporaryFile() as kept:
        shutil.copyfileobj(stream, kept)
        yield kept


def _read(lines: IO[bytes], file: Path) -> Iterator[list[Process]]:
    """The processes in the file, from its beginning."""
    from pyworkflow import archive

    lines.seek(0)
    if lines.read(len(GZIP)) == GZIP:
        raise InvalidValueException(_name(file), "it is compressed: `gunzip -c FILE | pyworkflow import -` reads it")
    lines.seek(0)
    return archive.read(lines, _name(file))


def _name(file: Path) -> str:
    return "standard input" if file == output.STDIN else str(file)


def _checked(lines: IO[bytes], file: Path, backend: Backend, *, skip: bool) -> set[str]:
    """The ids of those that are to be left out; without `skip` the first of them is an error."""
    from datetime import UTC, datetime

    from pyworkflow.cli.ids import exists
    from pyworkflow.memory import MemoryBackend

    left_out: set[str] = set()
    scratch = MemoryBackend()  # which refuses what any backend refuses
    runs: list[Process] = []
    for runs in output.progress(_read(lines, file), "checking"):
        id = str(runs[0].id)
        is_open = runs[-1].result is None
        if not is_open:
            scratch.import_process(runs)
            scratch.prune(datetime.max.replace(tzinfo=UTC))
        if is_open or exists(backend, id):
            if not skip:
                raise _refused(id, is_open=is_open)
            left_out.add(id)
    if not runs:
        raise InvalidValueException(_name(file), "it holds no process")
    return left_out


def _refused(id: str, *, is_open: bool) -> Exception:
    error = (
        InvalidValueException(f"process {id!r}", "it is still open, and only closed ones can be imported")
        if is_open
        else ProcessAlreadyStartedException(id)
    )
    error.add_note("nothing was imported; --skip leaves such processes out")
    return error
