"""A datastore in a dictionary."""

from __future__ import annotations

from collections.abc import Iterable

from pyworkflow.datastore.interface import Key, Query


class DictDatastore:
    """For tests: gone when the program ends. One operating-system process."""

    def __init__(self) -> None:
        self._values: dict[str, str] = {}

    def get(self, key: Key) -> str | None:
        """The value of this key; None if it has none."""
        return self._values.get(key)

    def put(self, key: Key, value: str) -> None:
        """Set the value of this key."""
        self._values[key] = value

    def delete(self, key: Key) -> None:
        """Take the key and its value away, if they are there."""
        self._values.pop(key, None)

    def contains(self, key: Key) -> bool:
        """Does this key have a value?"""
        return key in self._values

    def query(self, query: Query) -> Iterable[str]:
        """The values of all keys below that of the query."""
        return [value for key, value in self._values.copy().items() if query.key.is_ancestor_of(key)]
