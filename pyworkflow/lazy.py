"""Lists that are made as they are looked at."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar, overload

Item = TypeVar("Item")


class Lazy(Sequence[Item]):
    """Things in order, which reads as a list of them does; each is made when it is first looked at.

    Slices and sums are lists. Equal to a list of equal things.
    """

    def __init__(self, length: int, make: Callable[[int], Item]) -> None:
        self._places = range(length)
        self._made: dict[int, Item] = {}
        self._make = make

    def __len__(self) -> int:
        return len(self._places)

    @overload
    def __getitem__(self, place: int) -> Item: ...

    @overload
    def __getitem__(self, place: slice) -> list[Item]: ...

    def __getitem__(self, place: int | slice) -> Item | list[Item]:
        if isinstance(place, slice):
            return list(map(self._at, self._places[place]))
        return self._at(self._places[place])

    def _at(self, place: int) -> Item:
        if place not in self._made:
            self._made[place] = self._make(place)
        return self._made[place]

    def __iter__(self) -> Iterator[Item]:
        return map(self._at, self._places)

    def __reversed__(self) -> Iterator[Item]:
        return map(self._at, reversed(self._places))

    def __add__(self, other: list[Item]) -> list[Item]:
        return [*self, *other]

    def __radd__(self, other: list[Item]) -> list[Item]:
        return [*other, *self]

    def __eq__(self, other: object) -> bool:
        return list(self) == list(other) if isinstance(other, list | Lazy) else NotImplemented

    __hash__ = None  # type: ignore[assignment]  # as a list has none

    def __repr__(self) -> str:
        return repr(list(self))

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickled and copied, it is a list."""
        return list, (list(self),)
