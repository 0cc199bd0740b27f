"""A history that is made as it is looked at, and that can tell what its beginning leaves unfinished."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pyworkflow.event import Event
from pyworkflow.lazy import Lazy
from pyworkflow.unfinished import Unfinished


class History(Lazy[Event]):
    """Events in order. `unfinished(length)` is what the first `length` of them leave open."""

    def __init__(self, length: int, make: Callable[[int], Event], unfinished: Callable[[int], Unfinished]) -> None:
        super().__init__(length, make)
        self.unfinished = unfinished

    @staticmethod
    def of(events: Sequence[Event]) -> History:
        """Any events as a history: as they stand in the list now."""
        if isinstance(events, History):
            return events
        listed = list(events)
        return History(len(listed), listed.__getitem__, lambda length: Unfinished().after(listed[:length]))
