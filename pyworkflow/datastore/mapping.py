"""A datastore over any mapping of text to bytes, such as a mapper of fsspec."""

from __future__ import annotations

from collections.abc import Iterable, MutableMapping
from urllib.parse import quote

from pyworkflow.datastore.interface import Key, Query


class MappingDatastore:
    """As good as the mapping is: its writes may not be atomic, and one operating-system process may use it."""

    def __init__(self, mapping: MutableMapping[str, bytes]) -> None:
        self._mapping = mapping

    def get(self, key: Key) -> str | None:
        """The value of this key; None if it has none."""
        try:
            return self._mapping[_name(key)].decode()
        except KeyError:
            return None

    def put(self, key: Key, value: str) -> None:
        """Set the value of this key."""
        self._mapping[_name(key)] = value.encode()

    def delete(self, key: Key) -> None:
        """Take the key and its value away, if they are there."""
        self._mapping.pop(_name(key), None)

    def contains(self, key: Key) -> bool:
        """Does this key have a value?"""
        return _name(key) in self._mapping

    def query(self, query: Query) -> Iterable[str]:
        """The values of all keys below that of the query."""
        prefix = f"{_name(query.key)}/"
        for name in list(self._mapping):
            if name.startswith(prefix) and (value := self._mapping.get(name)) is not None:
                yield value.decode()


def from_mapping(mapping: MutableMapping[str, bytes]) -> MappingDatastore:
    """A datastore over the mapping. Its keys are like the paths of URLs, so that they can be names of files."""
    return MappingDatastore(mapping)


def _name(key: Key) -> str:
    folder, _, name = key.removeprefix("/").partition("/")
    return f"{folder}/{quote(name, safe='')}" if name else folder
