"""What a history has set going that is not over."""

from __future__ import annotations

from collections.abc import Hashable, Iterable

from pyworkflow.decision import CancelTimer, ScheduleActivity, Timer
from pyworkflow.event import ActivityEvent, DecisionEvent, Event, TimerEvent

CHANGING = {DecisionEvent.type, ActivityEvent.type, TimerEvent.type}  # all other events leave it as it is


class OpenTimers:
    """Timers by numbers that rise.

    Those that could be meant by one answer are kept together: to compare each with all others would be quadratic.
    """

    def __init__(self) -> None:
        self._alike: dict[Hashable, list[tuple[int, Timer]]] = {}

    def add(self, number: int, timer: Timer) -> None:
        """One more, with a number above all others."""
        self._alike.setdefault(_known_by(timer), []).append((number, timer))

    def pop(self, over: Timer | str) -> int | None:
        """The number of the oldest that has this id, or is equal, which is then open no more; None if none is."""
        alike = self._alike.get(_known_by(over), [])
        for position, (number, timer) in enumerate(alike):
            if over in (timer, timer.id):
                del alike[position]
                if not alike:
                    del self._alike[_known_by(over)]
                return number
        return None

    def has(self, id: str) -> bool:
        """Is one with this id open?"""
        return any(timer.id == id for _, timer in self._alike.get(id, ()))

    def numbers(self) -> list[int]:
        """Of all that are open, oldest first."""
        return sorted(number for alike in self._alike.values() for number, _ in alike)

    def copy(self) -> OpenTimers:
        """The same, to be changed."""
        copy = OpenTimers()
        copy._alike = {known_by: alike.copy() for known_by, alike in self._alike.items()}
        return copy


def _known_by(timer: Timer | str) -> Hashable:
    """Something that is the same for a timer, for what is equal to it, and for its id; its data may have no hash."""
    if isinstance(timer, str):
        return timer
    if timer.id is not None:
        return timer.id
    return timer.delay if isinstance(timer.delay, Hashable) else None  # which is none that can be open


class Unfinished:
    """Where the first `length` events of a history set going what they do not end: activities by id, and timers.

    It is never changed: `after` makes another. So threads can share it, and a thread that is late has its own.
    """

    def __init__(self) -> None:
        self.length = 0
        self.activities: dict[str, int] = {}
        self.timers = OpenTimers()

    def after(self, events: Iterable[Event | None]) -> Unfinished:
        """As it is when these events have followed. None stands for one that changes nothing."""
        then = Unfinished()
        then.activities = self.activities.copy()
        then.timers = self.timers.copy()
        then.length = self.length
        for place, event in enumerate(events, self.length):
            then._see(place, event)
            then.length = place + 1
        return then

    def _see(self, place: int, event: Event | None) -> None:
        match event:
            case DecisionEvent(decision=ScheduleActivity(id=id)):
                self.activities[id] = place
            case ActivityEvent(activity_execution=execution):
                self.activities.pop(execution.id, None)
            case DecisionEvent(decision=Timer() as timer):
                self.timers.add(place, timer)
            case DecisionEvent(decision=CancelTimer(timer=over)) | TimerEvent(timer=over):
                self.timers.pop(over)
