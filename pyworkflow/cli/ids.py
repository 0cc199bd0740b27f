"""Short ids: any beginning of a process id that no other has names the process."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Annotated

import typer

from pyworkflow.backend import ALL, Backend, Query, Summary
from pyworkflow.cli.completion import process_ids
from pyworkflow.exceptions import UnknownProcessException

IdArgument = Annotated[
    str,
    typer.Argument(
        metavar="ID", help="The process: its id, or any beginning of it that no other has.", autocompletion=process_ids
    ),
]
_UUID = re.compile(r"(?P<uuid>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?P<numbers>(?:-[0-9]+)*)")


def full_id(backend: Backend, given: str) -> str:
    """The id that `given` stands for: exactly it, else the only one that begins so, else a child such as 0a1b2c3d/4.

    Children do not count beside their parent, since their ids begin with its own. Raises UnknownProcessException if
    there is no such process, and a usage error that lists a few if there are several.
    """
    if not given:
        raise typer.BadParameter("it is empty", param_hint="ID")
    if exists(backend, given):
        return given
    parents = {summary.id: summary.parent for summary in all_summaries(backend, Query(id_prefix=given))}
    ids = sorted(id for id, parent in parents.items() if parent not in parents)
    if len(ids) > 1:
        raise _ambiguous(given, ids)
    return ids[0] if ids else _child(backend, given)


def _child(backend: Backend, given: str) -> str:
    parent, slash, number = given.rpartition("/")
    if slash and parent:
        with suppress(UnknownProcessException):
            child = f"{full_id(backend, parent)}-{number}"
            if exists(backend, child):
                return child
    error = UnknownProcessException(given)
    error.add_note("`pyworkflow list` shows what there is")
    raise error


def exists(backend: Backend, id: str) -> bool:
    """Is there a process with exactly this id?"""
    try:
        backend.events(id, limit=1)
    except UnknownProcessException:
        return False
    return True


def _ambiguous(given: str, ids: list[str]) -> typer.BadParameter:
    more = f" and {len(ids) - 4} more" if len(ids) > 4 else ""
    return typer.BadParameter(f"{given!r} begins {', '.join(ids[:4])}{more}: write more of it", param_hint="ID")


def all_summaries(backend: Backend, query: Query = ALL) -> Iterator[Summary]:
    """All that the query finds, newest first, read page by page."""
    cursor: str | None = None
    while True:
        page = backend.summaries(query, cursor=cursor, limit=1000)
        yield from page
        cursor = page.cursor
        if cursor is None:
            return


def short_ids(ids: set[str]) -> dict[str, str]:
    """For each id what a person types.

    That is the beginning of a uuid, from 8 characters on, and then the numbers of a child that the parent's id was
    given to; any other id as it is.
    """
    matches = {id: match for id in ids if (match := _UUID.fullmatch(id))}
    uuids = ["", *sorted({match["uuid"] for match in matches.values()}), ""]
    short: dict[str, str] = {}
    for before, uuid, after in zip(uuids, uuids[1:], uuids[2:], strict=False):
        short[uuid] = uuid[: max(8, _alike(uuid, before) + 1, _alike(uuid, after) + 1)]
    told = {id: short[match["uuid"]] + match["numbers"].replace("-", "/") for id, match in matches.items()}
    return {id: told.get(id, id) for id in ids}


def _alike(one: str, other: str) -> int:
    """How many characters they share at the beginning."""
    return next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
