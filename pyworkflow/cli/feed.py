"""What happens to a process, line by line on stderr while it happens."""

from __future__ import annotations

import sys

from pyworkflow.backend import Backend, Recorded
from pyworkflow.cli.narrate import Narrator
from pyworkflow.cli.output import Lines, Part, note
from pyworkflow.cli.text import duration
from pyworkflow.event import DecisionEvent, DecisionFailedEvent, DecisionStartedEvent, Event, ProcessClosedEvent
from pyworkflow.process import ProcessResult, closing_result

WIDTH = 32  # characters of what happened, so that the details mostly stand in one column


class Feed:
    """Shows the events of one process, all its runs, in their order."""

    def __init__(self, backend: Backend, process_id: str) -> None:
        self._backend = backend
        self._id = process_id
        self._lines = Lines(sys.stderr)

    def show(self, recorded: Recorded) -> None:
        """Print a line; none for the mere start of a decision, which what was decided follows."""
        if recorded.number == 1:
            self._narrator = Narrator(self._backend.process_by_id(self._id, run=recorded.run))
        told = self._narrator.tell(recorded.event)
        if isinstance(recorded.event, DecisionStartedEvent):
            return
        self._lines.line(
            Part(f"{told.at.astimezone():%H:%M:%S}.{told.at.microsecond // 1000:03}", "dim"),
            Part(told.what, told.style, width=WIDTH),
            Part("" if told.took is None else duration(told.took), width=7),
            Part(told.detail),
        )
        if isinstance(recorded.event, DecisionFailedEvent) and recorded.event.traceback is not None:
            note("it is asked again after 1, 2, 4 … 60 s, for as long as this runs; Ctrl-C ends it")


def ending(event: Event) -> ProcessResult | None:
    """How the process ended, if this is its last event."""
    if isinstance(event, ProcessClosedEvent):
        result: ProcessResult = event.result
        return result
    return closing_result(event.decision) if isinstance(event, DecisionEvent) else None
