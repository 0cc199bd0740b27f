"""`pyworkflow export`"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pyworkflow.cli import output
from pyworkflow.cli.completion import process_ids
from pyworkflow.cli.session import Session

if TYPE_CHECKING:
    from pyworkflow.backend import Backend
    from pyworkflow.codec import Json


def export(
    context: typer.Context,
    ids: Annotated[
        list[str] | None,
        typer.Argument(metavar="ID...", help="The processes: ids, or their beginnings.", autocompletion=process_ids),
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="All processes instead, open ones too.")] = False,
    to: Annotated[
        Path,
        typer.Option(
            "--to",
            metavar="FILE",
            show_default=False,
            help="Where to write it, its folder made if need be, else standard output.",
        ),
    ] = output.STDOUT,
) -> None:
    """Write processes with all their events, a line of JSON each.

    `import` reads such a file, on any backend. FILE is replaced only once all is written. What is in tests/histories
    pytest replays with the code as it is then.

    Example: pyworkflow export order-17 --to tests/histories/order.jsonl
    """
    from pyworkflow.cli.ids import full_id

    if bool(ids) == every:
        raise typer.BadParameter("name the processes, or give --all", param_hint="ID...")
    with Session.of(context).open_backend() as backend:
        wanted = _all_ids(backend) if every else list(dict.fromkeys(full_id(backend, id) for id in ids or ()))
        lines = _lines(backend, output.progress(wanted, "exporting"))
        output.make_folder(to)
        count = output.write_file(to, output.json_lines(lines))
    if to != output.STDOUT:
        output.note(f"{len(wanted)} process{'' if len(wanted) == 1 else 'es'} in {count} lines written to {to}")


def _all_ids(backend: Backend) -> list[str]:
    """Oldest first, so that a parent comes before its children."""
    from pyworkflow.cli.ids import all_summaries

    return list(dict.fromkeys(reversed([summary.id for summary in all_summaries(backend)])))


def _lines(backend: Backend, ids: Iterable[str]) -> Iterator[dict[str, Json]]:
    from pyworkflow import archive
    from pyworkflow.cli.replays import as_asked

    for id in ids:
        for number in range(1, backend.process_by_id(id).run + 1):
            yield from archive.lines(as_asked(backend, id, number))
