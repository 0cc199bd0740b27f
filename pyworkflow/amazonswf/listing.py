"""Executions of Amazon SWF as listings of processes, summaries and events."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from pyworkflow.amazonswf.executions import Executions, Info, started_at, summary
from pyworkflow.amazonswf.history import Story
from pyworkflow.backend import Page, Query, Recorded, Summary
from pyworkflow.exceptions import InvalidValueException
from pyworkflow.process import Process

LARGEST_PAGE = 50  # summaries: each costs the reading of a history
RUN = 1_000_000  # more than the events of a run: event 7 of run 3 has the seq 2_000_007


def processes(executions: Executions, query: Query) -> Iterator[Process]:
    """Such processes, oldest first, each as it is when it is read.

    Which they are is settled at the beginning: SWF's pages may skip some when others close meanwhile.
    """
    for info in reversed(list(executions.infos(query))):
        story = executions.story_of(info)
        if story is not None and (query.status in (None, "open") or _has_status(story, query.status)):
            yield story.process()


def summaries(executions: Executions, query: Query, cursor: str | None, limit: int) -> Page[Summary]:
    """A page of them, newest first. Its cursor says which execution was the last, and when that was started."""
    found: list[Summary] = []
    last: Info | None = None
    for info in _after(executions, query, cursor):
        last = info
        story = executions.story_of(info)
        if story is not None and _has_status(story, query.status) and (story.round.attempts or not query.failing):
            found.append(summary(story))
        if len(found) >= min(limit, LARGEST_PAGE):
            return Page(found, _cursor(last))
    return Page(found)


def events(executions: Executions, process_id: str, after: int, limit: int) -> list[Recorded]:
    """The events of a process with a seq above `after`. Raises UnknownProcessException."""
    newest = executions.newest(process_id)
    run = max(after // RUN + 1, 1)
    found: list[Recorded] = []
    while run <= newest.run and len(found) < limit:
        story = newest if run == newest.run else executions.run(process_id, run)
        found.extend(_recorded(story, after))
        run += 1
    return found[:limit]


def _recorded(story: Story, after: int) -> Iterator[Recorded]:
    first = (story.run - 1) * RUN
    skipped = max(after - first, 0)
    for number, event in enumerate(story.events[skipped:], start=skipped + 1):
        yield Recorded(first + number, story.process_id, story.run, number, event)


def _has_status(story: Story, status: str | None) -> bool:
    if status == "closed":
        return story.status not in ("open", "continued")
    return status in (None, story.status)


def _cursor(info: Info) -> str:
    return f"{round(info['startTimestamp'].timestamp() * 1000)}:{info['execution']['runId']}"


def _after(executions: Executions, query: Query, cursor: str | None) -> Iterator[Info]:
    """What comes after the one that the cursor names."""
    if cursor is None:
        yield from executions.infos(query)
        return
    at, run_id = _parsed(cursor)
    passed = False
    # Requests carry whole seconds, so some that were listed before come again.
    for info in executions.infos(query, until=at + timedelta(seconds=1)):
        started = round(started_at(info).timestamp() * 1000)
        if started < round(at.timestamp() * 1000) or passed:
            yield info
        elif info["execution"]["runId"] == run_id:
            passed = True


def _parsed(cursor: str) -> tuple[datetime, str]:
    at, _, run_id = cursor.partition(":")
    try:
        return datetime.fromtimestamp(int(at) / 1000, UTC), run_id
    except (ValueError, OverflowError, OSError):
        raise InvalidValueException("cursor", f"{cursor!r} is none that a page of this backend had") from None
