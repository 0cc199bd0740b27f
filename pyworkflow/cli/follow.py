"""What happens to a process, as it happens."""

from __future__ import annotations

from collections.abc import Iterator
from time import monotonic

from pyworkflow.backend import Backend, Recorded
from pyworkflow.event import DecisionEvent, Event, ProcessClosedEvent
from pyworkflow.exceptions import TimedOutException
from pyworkflow.process import ProcessResult, closing_result

LOOK = 1.0  # seconds that one look waits for news, so that Ctrl-C and a deadline are seen in time


def follow(backend: Backend, process_id: str, *, deadline: float | None = None) -> Iterator[Recorded]:
    """The events of a process, all its runs, from the first to the one that closes it, as they come.

    Raises TimedOutException when it is not closed at the deadline (of the monotonic clock).
    """
    after: int | None = None
    while True:
        left = LOOK if deadline is None else min(LOOK, deadline - monotonic())
        for recorded in backend.events(process_id, after=after, wait=max(left, 0)):
            yield recorded
            if ending(recorded.event) is not None:
                return
            after = recorded.seq
        if deadline is not None and monotonic() >= deadline:
            raise TimedOutException(f"process {process_id!r} is still open")


def ending(event: Event) -> ProcessResult | None:
    """How the process ended, if this is its last event."""
    if isinstance(event, ProcessClosedEvent):
        result: ProcessResult = event.result
        return result
    return closing_result(event.decision) if isinstance(event, DecisionEvent) else None
