"""Tells an observer what calls of this object recorded, as far as Amazon SWF lets that be known (O1).

SWF answers a call without saying what it recorded, and where in the history; so the history is read after it. What SWF
records by itself, such as that a timer fired, is told by whoever takes the next decision.
"""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from itertools import groupby

from pyworkflow.amazonswf.executions import Executions, readings
from pyworkflow.amazonswf.history import Story
from pyworkflow.backend import Observed, Observer
from pyworkflow.event import ActivityEvent, ActivityStartedEvent, Event

LOGGER = logging.getLogger("pyworkflow.amazonswf")
MOST_TOLD = 10_000
Pick = Callable[[Story], list[int] | None]
"""The positions of events in a story; None if they are not there yet, since histories can lag behind the call."""


class Observing:
    """`observer` is asked for each time; without one, nothing is read."""

    def __init__(self, executions: Executions, observer: Callable[[], Observer | None]) -> None:
        self._executions = executions
        self._observer = observer
        self._lock = threading.Lock()
        self._told: OrderedDict[tuple[str, int], None] = OrderedDict()

    def after(self, process_id: str, run_id: str | None, pick: Pick) -> None:
        """A call may have recorded something for this run, the newest if None is given: `pick` says where it stands."""
        if self._observer() is None:
            return
        for _ in readings():
            story = (
                self._executions.newest(process_id) if run_id is None else self._executions.story(process_id, run_id)
            )
            picked = None if story is None else pick(story)
            if story is not None and picked is not None:
                self._tell(story, picked)
                return

    def polled(self, story: Story) -> None:
        """A decision task was taken: what SWF recorded by itself since the one before is told with its start."""
        if self._observer() is not None:
            before = story.starts[-2] if len(story.starts) > 1 else 0
            sources = enumerate(story.sources)
            self._tell(story, [at for at, source in sources if not source.by_call and source.event_id > before])

    def _tell(self, story: Story, positions: list[int]) -> None:
        observer = self._observer()
        for first, events in _in_a_row(story, self._untold(story, positions)):
            observed = Observed(story.process_id, story.workflow, story.run, first + 1, events)
            try:
                if observer is not None:
                    observer(observed)
            except Exception:
                LOGGER.exception("the observer failed; what it was told of is recorded")

    def _untold(self, story: Story, positions: Iterable[int]) -> list[int]:
        with self._lock:
            new = [at for at in positions if (story.run_id, at) not in self._told]
            self._told.update(dict.fromkeys((story.run_id, at) for at in new))
            while len(self._told) > MOST_TOLD:
                self._told.popitem(last=False)
            return new


def started(_: Story) -> list[int]:
    """Where the beginning of a run stands."""
    return [0]


def last(event: Event) -> Pick:
    """Where an event that is equal to this one stands last, if a call recorded it."""

    def pick(story: Story) -> list[int] | None:
        found = [at for at, one in enumerate(story.events) if one == event and story.sources[at].by_call]
        return found[-1:] or None

    return pick


def ended(started_id: int) -> Pick:
    """Where the end of an activity stands that this event of SWF started: the first such after its own."""

    def pick(story: Story) -> list[int] | None:
        places = [at for at, one in enumerate(story.sources) if one.event_id >= started_id and one.by_call]
        if not places or not isinstance(start := story.events[places[0]], ActivityStartedEvent):
            return None
        ends = ((at, story.events[at]) for at in places)
        return [at for at, one in ends if isinstance(one, ActivityEvent) and _is_of(start, one)][:1] or None

    return pick


def decided(started_id: int) -> Pick:
    """Where the answer to a decision task stands that this event of SWF started."""

    def pick(story: Story) -> list[int] | None:
        completed = story.completed.get(started_id)
        if completed is None:
            return None
        end = next((one for one in story.starts if one > completed), story.last_id + 1)
        within = range(completed, end)
        return [at for at, one in enumerate(story.sources) if one.event_id in within and _is_answer(story, at)]

    return pick


def _is_of(start: ActivityStartedEvent, end: ActivityEvent) -> bool:
    return start.activity_execution == end.activity_execution


def _is_answer(story: Story, at: int) -> bool:
    return story.sources[at].by_call and story.events[at].type in ("decision", "decision_failed")


def _in_a_row(story: Story, positions: Iterable[int]) -> Iterator[tuple[int, tuple[Event, ...]]]:
    """Runs of positions that follow each other, each with its events."""
    for _, group in groupby(enumerate(positions), key=lambda pair: pair[1] - pair[0]):
        row = [at for _, at in group]
        yield row[0], tuple(story.events[at] for at in row)
