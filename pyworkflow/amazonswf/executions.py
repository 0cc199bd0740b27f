"""Finding and reading executions of Amazon SWF: the runs of our processes.

SWF knows executions by an id and the id of a run. Which run is the newest it tells only in listings, which lag behind;
so what this object knows for certain comes first.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from heapq import merge
from itertools import islice, takewhile
from time import sleep
from typing import Any

from pyworkflow.amazonswf import limits
from pyworkflow.amazonswf.errors import UnknownResource
from pyworkflow.amazonswf.history import Story, attributes_of, tell
from pyworkflow.amazonswf.service import Service
from pyworkflow.amazonswf.tokens import Token
from pyworkflow.backend import Query, Summary
from pyworkflow.exceptions import UnknownProcessException

Info = Mapping[str, Any]

LIST_OPEN, LIST_CLOSED = "list_open_workflow_executions", "list_closed_workflow_executions"
MOST_KNOWN = 10_000
TRIES = 5  # readings of a history, which can lag behind the call
PAUSE = 0.2  # seconds between them
BEGINNING = datetime(2012, 1, 1, tzinfo=UTC)  # there was no SWF before

# How an execution may have been closed that has one of our statuses; which it was of several, its history tells.
CLOSED_AS = {
    "completed": {"COMPLETED"},
    "canceled": {"CANCELED", "TERMINATED"},
    "failed": {"FAILED", "TERMINATED"},
    "timedout": {"TIMED_OUT"},
    "continued": {"CONTINUED_AS_NEW"},
    "closed": {"COMPLETED", "CANCELED", "TERMINATED", "FAILED", "TIMED_OUT"},
}
# The events that close an execution.
CLOSED = {
    "WorkflowExecutionCompleted",
    "WorkflowExecutionFailed",
    "WorkflowExecutionCanceled",
    "WorkflowExecutionContinuedAsNew",
    "WorkflowExecutionTimedOut",
    "WorkflowExecutionTerminated",
}


def readings() -> Iterator[None]:
    """Several times, with pauses: what was done may not be in the history yet."""
    yield
    for _ in range(TRIES - 1):
        sleep(PAUSE)
        yield


class Executions:
    """Reads only. Any number of threads may use it."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._lock = threading.Lock()
        self._known: OrderedDict[str, str] = OrderedDict()

    def know(self, process_id: str, run_id: str) -> None:
        """This run of the process was started, or seen to be its newest."""
        with self._lock:
            self._known[process_id] = run_id
            self._known.move_to_end(process_id)
            if len(self._known) > MOST_KNOWN:
                self._known.popitem(last=False)

    # --- one run ---

    def story(self, process_id: str, run_id: str) -> Story | None:
        """This run, up to now; None if SWF does not know it, or not any more."""
        story = Story(process_id, run_id)
        try:
            tell(story, self._history(process_id, run_id))
        except UnknownResource:
            return None
        return story if story.events else None

    def story_until(self, process_id: str, run_id: str, event_id: int) -> Story | None:
        """This run up to one of SWF's events; None if that is not there."""
        for _ in readings():
            story = Story(process_id, run_id)
            try:
                events = self._history(process_id, run_id)
                tell(story, takewhile(lambda event: event["eventId"] <= event_id, events))
            except UnknownResource:
                return None
            if story.last_id == event_id:
                return story
        return None

    def since(self, token: Token) -> list[Info]:
        """SWF's events after the start of this task, oldest first."""
        events = self._history(token.process_id, token.run_id, reverseOrder=True)
        try:
            return list(takewhile(lambda event: event["eventId"] > token.started_id, events))[::-1]
        except UnknownResource:
            return []

    def is_over(self, token: Token) -> bool:
        """Has this task ended, or its run closed, as far as is known?"""
        return any(
            event["eventType"] in CLOSED or attributes_of(event).get("startedEventId") == token.started_id
            for event in self.since(token)
        )

    def _history(self, process_id: str, run_id: str, **how: Any) -> Iterator[Info]:
        execution = {"workflowId": process_id, "runId": run_id}
        return self._service.pages(
            "get_workflow_execution_history", "events", domain=self._service.domain, execution=execution, **how
        )

    # --- the runs of a process ---

    def newest(self, process_id: str) -> Story:
        """The newest run. Raises UnknownProcessException."""
        known_id = self._known.get(process_id)
        known = None if known_id is None else self.story(process_id, known_id)
        if known is not None and known.status == "open":
            return known
        listed = next(self._runs(process_id), None)
        if listed is not None and (known is None or _is_later(listed, known)):
            known = self.story_of(listed) or known
        if known is None:
            raise UnknownProcessException(process_id)
        newest = self.last_of(known)
        self.know(process_id, newest.run_id)
        return newest

    def last_of(self, story: Story) -> Story:
        """The last run of the chain to which this one belongs."""
        while story.successor is not None:
            following = self.story(story.process_id, story.successor)
            if following is None:
                break
            story = following
        return story

    def run(self, process_id: str, number: int | None) -> Story:
        """The run with this number, the newest if None is given. Raises UnknownProcessException."""
        newest = head = self.newest(process_id)
        if number in (None, newest.run):
            return newest
        while head.run > (number or 0) and head.predecessor is not None:
            head = self._head(process_id, head.predecessor) or Story(process_id, "")
        story = self.story(process_id, head.run_id) if head.run == number else None
        if story is None:
            raise UnknownProcessException(process_id)
        return story

    def _head(self, process_id: str, run_id: str) -> Story | None:
        """Nothing but the beginning of a run."""
        try:
            events = self._history(process_id, run_id, maximumPageSize=1)
            return tell(Story(process_id, run_id), islice(events, 1))
        except UnknownResource:
            return None

    def _runs(self, process_id: str) -> Iterator[Info]:
        """The open run, if there is one, and then those that have closed, newest first."""
        if not limits.is_identifier(process_id):
            return
        only = {"executionFilter": {"workflowId": process_id}}
        for operation in (LIST_OPEN, LIST_CLOSED):
            for info in self._listed(operation, BEGINNING, None, **only):
                if info["execution"]["workflowId"] == process_id:  # some that speak as SWF does know no such filter
                    yield info

    # --- many ---

    def infos(self, query: Query, *, until: datetime | None = None) -> Iterator[Info]:
        """What SWF lists of the executions that may fit the query, those that were started last first."""
        since = query.since or BEGINNING
        listings: list[Iterator[Info]] = []
        if query.status in (None, "open"):
            filters = _filter(query.workflow, query.tag, ())
            listings.append(self._listed(LIST_OPEN, since, until, **filters))
        if query.status != "open":
            filters = _filter(query.workflow, query.tag, CLOSED_AS.get(query.status or "", ()))
            listings.append(self._listed(LIST_CLOSED, since, until, **filters))
        found = merge(*listings, key=started_at, reverse=True)
        return (info for info in found if _fits(info, query))

    def _listed(self, operation: str, since: datetime, until: datetime | None, **filters: Any) -> Iterator[Info]:
        times = {"oldestDate": since} if until is None else {"oldestDate": since, "latestDate": until}
        try:
            yield from self._service.pages(
                operation,
                "executionInfos",
                domain=self._service.domain,
                startTimeFilter=times,
                **filters,
            )
        except UnknownResource:
            return  # there is no such domain yet, so there is nothing in it

    def story_of(self, info: Info) -> Story | None:
        """The run that is listed there."""
        return self.story(info["execution"]["workflowId"], _run_id(info))


def summary(story: Story) -> Summary:
    """A run without its history."""
    return Summary(
        id=story.process_id,
        run=story.run,
        workflow=story.workflow,
        status=story.status,
        started_at=story.started_at,
        closed_at=story.closed_at,
        parent=story.parent,
        tags=tuple(story.tags),
        events=len(story.events),
        failures=story.round.attempts,
    )


def started_at(info: Info) -> datetime:
    """When the run that is listed there was started."""
    at: datetime = info["startTimestamp"]
    return at


def _filter(workflow: str | None, tag: str | None, closed_as: Any) -> dict[str, Any]:
    """The one filter that SWF takes in a request: the rest is left to us."""
    if tag is not None:
        return {"tagFilter": {"tag": tag}}
    if workflow is not None:
        return {"typeFilter": {"name": workflow}}
    if len(closed_as) == 1:
        return {"closeStatusFilter": {"status": next(iter(closed_as))}}
    return {}


def _fits(info: Info, query: Query) -> bool:
    parent = info.get("parent", {}).get("workflowId")
    statuses = CLOSED_AS.get(query.status or "")
    return (
        (query.workflow is None or info["workflowType"]["name"] == query.workflow)
        and (query.tag is None or query.tag in info.get("tagList", ()))
        and (query.since is None or info["startTimestamp"] >= query.since)
        and (query.parent is None or parent == (query.parent or None))
        and (query.id_prefix is None or info["execution"]["workflowId"].startswith(query.id_prefix))
        and (statuses is None or info.get("closeStatus") in statuses)
    )


def _is_later(info: Info, story: Story) -> bool:
    return bool(_run_id(info) != story.run_id and info["startTimestamp"] >= story.started_at)


def _run_id(info: Info) -> str:
    run_id: str = info["execution"]["runId"]
    return run_id
