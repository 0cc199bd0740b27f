"""`pyworkflow import`"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated

import typer

from pyworkflow.cli import output
from pyworkflow.cli.session import Session
from pyworkflow.exceptions import ConfigurationException, InvalidValueException, ProcessAlreadyStartedException

if TYPE_CHECKING:
    from pyworkflow.backend import Backend


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
    from pyworkflow import archive

    with _opened(file) as lines, Session.of(context).open_backend() as backend:
        left_out = _checked(lines, backend, skip=skip)
        lines.seek(0)
        imported = 0
        for runs in output.progress(archive.read(lines), "importing"):
            if runs[0].id not in left_out:
                backend.import_process(runs)
                imported += 1
    more = f", {len(left_out)} left out" if left_out else ""
    output.note(f"{imported} process{'' if imported == 1 else 'es'} imported{more}")


@contextmanager
def _opened(file: Path) -> Iterator[IO[bytes]]:
    """The file, to be read twice: what comes from standard input is kept in one of our own."""
    import shutil
    import sys
    import tempfile

    if str(file) == "-":
        with tempfile.TemporaryFile() as kept:
            shutil.copyfileobj(sys.stdin.buffer, kept)
            kept.seek(0)
            yield kept
        return
    try:
        opened = file.open("rb")
    except OSError as error:
        raise ConfigurationException(f"{file} cannot be read: {error.strerror}") from error
    with opened:
        yield opened


def _checked(lines: IO[bytes], backend: Backend, *, skip: bool) -> set[str]:
    """The ids of those that are to be left out; without `skip` the first of them is an error."""
    from datetime import UTC, datetime

    from pyworkflow import archive
    from pyworkflow.cli.ids import exists
    from pyworkflow.memory import MemoryBackend

    seen: set[str] = set()
    left_out: set[str] = set()
    scratch = MemoryBackend()  # which refuses what any backend refuses
    for runs in output.progress(archive.read(lines), "checking"):
        id = str(runs[0].id)
        if id in seen:
            raise InvalidValueException(f"process {id!r}", "it is in the file twice")
        seen.add(id)
        is_open = runs[-1].result is None
        if not is_open:
            scratch.import_process(runs)
            scratch.prune(datetime.max.replace(tzinfo=UTC))
        if is_open or exists(backend, id):
            if not skip:
                raise _refused(id, is_open=is_open)
            left_out.add(id)
    return left_out


def _refused(id: str, *, is_open: bool) -> Exception:
    error = (
        InvalidValueException(f"process {id!r}", "it is still open, and only closed ones can be imported")
        if is_open
        else ProcessAlreadyStartedException(id)
    )
    error.add_note("nothing was imported; --skip leaves such processes out")
    return error
