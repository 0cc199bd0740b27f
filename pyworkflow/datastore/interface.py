"""What a datastore is: a small interface over keys and text, and what it may add to it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable


class Key(str):
    """A path of names, such as `/process/order-17`, in which the last may hold anything."""

    def child(self, name: str) -> Key:
        """The key of this name below this one."""
        return Key(f"{self}/{name}")

    @property
    def name(self) -> str:
        """The last name of a key of two."""
        return self.split("/", 2)[-1]

    def is_ancestor_of(self, other: str) -> bool:
        """Does the other stand below this one?"""
        return other.startswith(f"{self}/")


@dataclass(frozen=True)
class Query:
    """Asks for everything below a key."""

    key: Key


class Datastore(Protocol):
    """What the datastore library of 2012 called so. Values are text."""

    def get(self, key: Key) -> str | None:
        """The value of this key; None if it has none."""

    def put(self, key: Key, value: str) -> None:
        """Set the value of this key, whole or not at all."""

    def delete(self, key: Key) -> None:
        """Take the key and its value away, if they are there."""

    def contains(self, key: Key) -> bool:
        """Does this key have a value?"""

    def query(self, query: Query) -> Iterable[str]:
        """The values of all keys below that of the query, in any order."""


Writes = Sequence[tuple[Key, str | None]]  # in order; None deletes


@runtime_checkable
class SharedDatastore(Datastore, Protocol):
    """One that operating-system processes can share."""

    def commit(self, guard: Key, expected: str | None, writes: Writes) -> bool:
        """Do the writes, in order, if `guard` still has the value that is expected; False if it has another.

        Two commits of the same guard never overlap. If its process dies in the midst of them, a beginning of them is
        done, and the next commit can follow. Raises BackendUnavailableException only where nothing was done; when the
        outcome is not known, says False or raises something else: the caller looks for the commit then.
        """


@runtime_checkable
class ForgettingDatastore(Datastore, Protocol):
    """One that takes values away by itself when their time is over."""

    def put_for(self, seconds: float, key: Key, value: str) -> None:
        """Set the value of this key for so long."""


@runtime_checkable
class LocalDatastore(SharedDatastore, Protocol):
    """One that the processes of one host share, through a folder, where lock files can stand as well."""

    @property
    def folder(self) -> str:
        """The folder."""
