"""Short ids: any unique beginning of a process id names the process."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated

import typer

from pyworkflow.backend import Backend, Query, Summary
from pyworkflow.exceptions import UnknownProcessException

IdArgument = Annotated[
    str, typer.Argument(metavar="ID", help="The process: its id, or any beginning of it that no other has.")
]
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def full_id(backend: Backend, given: str) -> str:
    """The id that `given` stands for: exactly it, else the only one that begins so.

    Children do not count beside their parent, since their ids begin with its own. Raises UnknownProcessException if
    no id begins so, and a usage error that lists a few if several do.
    """
    if not given:
        raise typer.BadParameter("it is empty", param_hint="ID")
    try:
        backend.events(given, limit=1)
    except UnknownProcessException as unknown:
        parents = {summary.id: summary.parent for summary in all_summaries(backend, Query(id_prefix=given))}
        ids = sorted(id for id, parent in parents.items() if parent not in parents)
        if not ids:
            unknown.add_note("`pyworkflow list` shows what there is")
            raise
        if len(ids) > 1:
            raise _ambiguous(given, ids) from None
        return ids[0]
    return given


def _ambiguous(given: str, ids: list[str]) -> typer.BadParameter:
    more = f" and {len(ids) - 4} more" if len(ids) > 4 else ""
    return typer.BadParameter(f"{given!r} begins {', '.join(ids[:4])}{more}: write more of it", param_hint="ID")


def all_summaries(backend: Backend, query: Query) -> Iterator[Summary]:
    """All that the query finds, newest first, read page by page."""
    cursor: str | None = None
    while True:
        page = backend.summaries(query, cursor=cursor, limit=1000)
        yield from page
        cursor = page.cursor
        if cursor is None:
            return


def short_ids(ids: set[str]) -> dict[str, str]:
    """For each id what a person types: of a uuid its beginning, from 8 characters on; any other id as it is."""
    short = {id: id for id in ids}
    uuids = ["", *sorted(id for id in ids if _UUID.fullmatch(id)), ""]
    for before, id, after in zip(uuids, uuids[1:], uuids[2:], strict=False):
        shared = max(_alike(id, before), _alike(id, after))
        short[id] = id[: max(8, shared + 1)]
    return short


def _alike(one: str, other: str) -> int:
    """How many characters they share at the beginning."""
    return next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
