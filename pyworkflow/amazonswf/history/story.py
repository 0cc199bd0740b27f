"""One run of a process, as far as it has been told: our events, and what is open after them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from pyworkflow.amazonswf.history.open import OpenActivity, OpenChild, OpenTimer, Sent
from pyworkflow.amazonswf.history.round import Round
from pyworkflow.decision import Decision
from pyworkflow.event import DecisionEvent, Event
from pyworkflow.process import Process


class Source(NamedTuple):
    """Where one of our events stems from: the number of SWF's; and was it recorded by a `call` of a program?

    Otherwise by SWF itself: that a timer fired, say.
    """

    event_id: int
    by_call: bool


class Story:
    """`status` is one of STATUSES. `predecessor` and `successor` are the SWF ids of the runs before and after it.

    `activities`, `timers` and `children` are open; their keys are the numbers of the events of SWF that began them.
    Children stay when the run closes, since their policies take effect then.
    """

    def __init__(self, process_id: str, run_id: str) -> None:
        self.process_id = process_id
        self.run_id = run_id
        self.run = 1
        self.workflow = ""
        self.version = ""
        self.category = ""
        self.input: Any = None
        self.tags: list[str] = []
        self.parent: str | None = None
        self.predecessor: str | None = None
        self.successor: str | None = None
        self.timeout: int | None = None
        self.decision_timeout: int | None = None
        self.status = "open"
        self.closed_at: datetime | None = None
        self.events: list[Event] = []
        self.sources: list[Source] = []
        self.activities: dict[int, OpenActivity] = {}
        self.timers: dict[int, OpenTimer] = {}
        self.children: dict[int, OpenChild] = {}
        self.sent: dict[int, Sent] = {}
        self._closing_list: list[tuple[Decision, bool]] = []
        self.round = Round()
        self.starts: list[int] = []  # the numbers of SWF's events that say that a decision was started
        self.completed: dict[int, int] = {}  # by such a number, that of the event that says that it was answered
        self.last_id = 0  # the number of SWF's event that is told at present, or was last
        self.at = datetime.fromtimestamp(0, UTC)  # its time; times never decrease along a history (V4)

    @property
    def started_at(self) -> datetime:
        """When the run began."""
        return self.events[0].datetime

    def turn_to(self, event_id: int, at: datetime) -> None:
        """The next event of SWF."""
        self.last_id = event_id
        self.at = max(self.at, at.astimezone(UTC))

    def add(self, event: Event, *, by_call: bool = True) -> None:
        """What it means to us. The event has the time `at`."""
        self.events.append(event)
        self.sources.append(Source(self.last_id, by_call))
        if event.calls_for_decision:
            self.round.called()

    def add_all(self, events: Iterable[Event], *, by_call: bool = True) -> None:
        """Several such events."""
        for event in events:
            self.add(event, by_call=by_call)

    def decided(self, decision: Decision, *, if_closed: bool = False) -> None:
        """The workflow decided this; or, `if_closed`, decided it in a list that counts only if it closes the run.

        What follows in such a list waits with it, for the order.
        """
        if if_closed or self._closing_list:
            self._closing_list.append((decision, if_closed))
        else:
            self.add(DecisionEvent(decision, datetime=self.at))

    def end_list(self, *, closed: bool) -> None:
        """A list that was to close the run did so, or not."""
        waiting, self._closing_list = self._closing_list, []
        for decision, if_closed in waiting:
            if closed or not if_closed:
                self.decided(decision)

    def over(self, status: str) -> None:
        """The run is closed, and its open work is withdrawn (P8)."""
        self.status, self.closed_at = status, self.at
        self.activities.clear()
        self.timers.clear()
        self.round = Round()

    def process(self) -> Process:
        """The run, as a copy for a caller."""
        return Process(
            self.workflow, self.process_id, self.input, self.tags, list(self.events), self.parent, run=self.run
        )


Handler = Callable[[Story, Mapping[str, Any]], None]
"""What one kind of event of SWF means, from its attributes."""


def seconds(text: str | None) -> int | None:
    """A duration as SWF writes it; None for one without end."""
    return None if not text or text == "NONE" else int(text)
