"""What a shell offers after the Tab key. Whatever goes wrong here offers nothing, and says nothing."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from itertools import islice
from typing import TYPE_CHECKING

import typer

from pyworkflow.backend import STATUSES
from pyworkflow.cli.session import Session

if TYPE_CHECKING:
    from pyworkflow.backend import Backend, Summary

LISTED = (*STATUSES, "closed")  # the statuses of processes, and all of those that are closed
MOST = 50  # of what is offered: what was started last
Offer = tuple[str, str]  # what is offered, and what a shell that can shows beside it


def workflows(context: typer.Context, incomplete: str) -> list[Offer]:
    """The workflows of this project."""
    return _offered(
        context, incomplete, lambda session: ((cls.name, _first_line(cls)) for cls in session.project.workflows)
    )


def categories(context: typer.Context, incomplete: str) -> list[Offer]:
    """The categories of this project's workflows and activities."""

    def found(session: Session) -> Iterator[Offer]:
        for workflow in session.project.workflows:
            yield workflow.category, "decisions"
            yield from ((activity.category, "activities") for activity in workflow.activities)

    return _offered(context, incomplete, found)


def statuses(context: typer.Context, incomplete: str) -> list[Offer]:
    """What `list --status` takes."""
    return _offered(context, incomplete, lambda _: ((status, "") for status in LISTED))


def backends(context: typer.Context, incomplete: str) -> list[Offer]:
    """How the URLs of the backends begin that are known here."""

    def found(_: Session) -> Iterator[Offer]:
        from pyworkflow.config import schemes

        return ((f"{scheme}:", "") for scheme in schemes())

    return _offered(context, incomplete, found)


def process_ids(context: typer.Context, incomplete: str) -> list[Offer]:
    """The ids of the processes that were started last."""
    return _offered(context, incomplete, _from_backend(lambda backend: map(_id, _recent(backend, incomplete))))


def tokens(context: typer.Context, incomplete: str) -> list[Offer]:
    """The tokens of activities that were left open, in the processes that were started last."""

    def found(backend: Backend) -> Iterator[Offer]:
        for summary in _recent(backend, ""):
            for activity in backend.pending(summary.id).activities if summary.status == "open" else ():
                if activity.state == "handed_off" and activity.token:
                    yield activity.token, f"{activity.execution.activity} of {summary.id}"

    return _offered(context, incomplete, _from_backend(found))


def _offered(context: typer.Context, incomplete: str, find: Callable[[Session], Iterable[Offer]]) -> list[Offer]:
    given = context.parent.params if context.parent else {}
    session = Session(given.get("config"), given.get("backend"))
    try:
        with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
            # The user's own modules may print when they are imported.
            offers = dict(find(session))
    except BaseException:
        return []
    return [(value, text) for value, text in offers.items() if value.startswith(incomplete)]


def _from_backend(find: Callable[[Backend], Iterable[Offer]]) -> Callable[[Session], list[Offer]]:
    def found(session: Session) -> list[Offer]:
        with session.open_backend() as backend:
            return list(find(backend))

    return found


def _recent(backend: Backend, prefix: str) -> Iterator[Summary]:
    from pyworkflow.backend import Query

    page = backend.summaries(Query(id_prefix=prefix or None), limit=MOST)
    return islice((summary for summary in page if summary.status != "continued"), MOST)


def _id(summary: Summary) -> Offer:
    return summary.id, f"{summary.workflow}, {summary.status}"


def _first_line(cls: type) -> str:
    return (cls.__doc__ or "").strip().split("\n")[0]
