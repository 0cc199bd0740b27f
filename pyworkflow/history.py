"""A history that is made as it is looked at."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, overload

from pyworkflow.event import Event


class History(Sequence[Event]):
    """Events in order, which reads as a list of them does; each is made when it is first looked at.

    Slices and sums are lists. Equal to a list of equal events.
    """

    def __init__(self, length: int, make: Callable[[int], Event]) -> None:
        self._events: list[Event | None] = [None] * length
        self._make = make

    def __len__(self) -> int:
        return len(self._events)

    @overload
    def __getitem__(self, place: int) -> Event: ...

    @overload
    def __getitem__(self, place: slice) -> list[Event]: ...

    def __getitem__(self, place: int | slice) -> Event | list[Event]:
        if isinstance(place, slice):
            return [self[one] for one in range(*place.indices(len(self)))]
        event = self._events[place]
        if event is None:
            event = self._events[place] = self._make(place if place >= 0 else place + len(self))
        return event

    def __iter__(self) -> Iterator[Event]:
        return map(self.__getitem__, range(len(self)))

    def __reversed__(self) -> Iterator[Event]:
        return map(self.__getitem__, range(len(self) - 1, -1, -1))

    def __add__(self, other: list[Event]) -> list[Event]:
        return [*self, *other]

    def __radd__(self, other: list[Event]) -> list[Event]:
        return [*other, *self]

    def __eq__(self, other: object) -> bool:
        return list(self) == list(other) if isinstance(other, list | History) else NotImplemented

    __hash__ = None  # type: ignore[assignment]  # as a list has none

    def __repr__(self) -> str:
        return repr(list(self))

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickled and copied, it is a list."""
        return list, (list(self),)
