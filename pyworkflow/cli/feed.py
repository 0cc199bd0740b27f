"""What happens to a process, line by line on stderr while it happens."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from pyworkflow.backend import Backend, Recorded
from pyworkflow.cli.follow import LOOK, ending
from pyworkflow.cli.narrate import Narrator
from pyworkflow.cli.output import Lines, Part, note
from pyworkflow.cli.text import duration
from pyworkflow.event import DecisionFailedEvent, DecisionStartedEvent
from pyworkflow.process import ProcessResult

WIDTH = 32  # characters of what happened, so that the details mostly stand in one column


class Feed:
    """Shows the events of one process, all its runs, in their order: for where no picture can be repainted.

    One that is not `live` has its own time: days can lie between two events, and nobody needs to wait for the next.
    """

    def __init__(self, backend: Backend, process_id: str, *, live: bool = True) -> None:
        self._backend = backend
        self._id = process_id
        self._live = live
        self._lines = Lines(notes=True)
        self._after: int | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        pass

    def look(self) -> ProcessResult | None:
        """Show what is new, after waiting a moment for it; how the process ended, once it has."""
        for recorded in self._backend.events(self._id, after=self._after, wait=LOOK if self._live else 0):
            self._after = recorded.seq
            self._show(recorded)
            result = ending(recorded.event)
            if result is not None:
                return result
        return None

    def _show(self, recorded: Recorded) -> None:
        """Print a line; none for the mere start of a decision, which what was decided follows."""
        if recorded.number == 1:
            self._narrator = Narrator(self._backend.process_by_id(self._id, run=recorded.run))
        told = self._narrator.tell(recorded.event)
        if isinstance(recorded.event, DecisionStartedEvent):
            return
        at = told.at.astimezone()
        self._lines.line(
            Part(f"{at:%H:%M:%S}.{at.microsecond // 1000:03}" if self._live else f"{at:%Y-%m-%d %H:%M:%S}", "dim"),
            Part(told.what, told.style, width=WIDTH),
            Part("" if told.took is None else duration(told.took), width=7),
            Part(told.detail),
        )
        if self._live and isinstance(recorded.event, DecisionFailedEvent) and recorded.event.traceback is not None:
            note("it is asked again after 1, 2, 4 … 60 s, for as long as this runs; Ctrl-C ends it")
