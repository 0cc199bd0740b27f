"""A datastore over any mapping of text to bytes, such as a mapper of fsspec."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, MutableMapping
from contextlib import contextmanager

from pyworkflow.datastore.interface import Key, Query
from pyworkflow.datastore.names import quoted
from pyworkflow.exceptions import BackendException


class MappingDatastore:
    """As good as the mapping is: its writes may not be atomic, and one operating-system process may use it."""

    def __init__(self, mapping: MutableMapping[str, bytes]) -> None:
        self._mapping = mapping

    def get(self, key: Key) -> str | None:
        """The value of this key; None if it has none."""
        with _translated(key):
            return self._text(_name(key))

    def put(self, key: Key, value: str) -> None:
        """Set the value of this key."""
        with _translated(key):
            self._mapping[_name(key)] = value.encode()

    def delete(self, key: Key) -> None:
        """Take the key and its value away, if they are there."""
        with _translated(key):
            self._mapping.pop(_name(key), None)

    def contains(self, key: Key) -> bool:
        """Does this key have a value?"""
        with _translated(key):
            return _name(key) in self._mapping

    def query(self, query: Query) -> Iterable[str]:
        """The values of all keys below that of the query."""
        with _translated(query.key):
            names = [name for name in self._mapping if name.startswith(f"{_name(query.key)}/")]
        for name in names:
            with _translated(name):
                text = self._text(name)
            if text is not None:
                yield text

    def _text(self, name: str) -> str | None:
        try:
            return self._mapping[name].decode()
        except KeyError:
            return None


def from_mapping(mapping: MutableMapping[str, bytes]) -> MappingDatastore:
    """A datastore over the mapping. Its keys are like the paths of URLs, so that they can be names of files."""
    return MappingDatastore(mapping)


@contextmanager
def _translated(key: str) -> Iterator[None]:
    """Whatever the mapping raises as ours, in one place."""
    try:
        yield
    except Exception as error:
        raise BackendException(f"{key} in the mapping: {type(error).__name__}: {error}") from error


def _name(key: Key) -> str:
    folder, _, name = key.removeprefix("/").partition("/")
    return f"{quoted(folder)}/{quoted(name)}" if name else quoted(folder)
