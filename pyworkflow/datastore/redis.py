"""A datastore in Redis."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

from redis import Redis
from redis.client import Pipeline
from redis.exceptions import (
    BusyLoadingError,
    ClusterDownError,
    ConnectionError,
    MasterDownError,
    OutOfMemoryError,
    ReadOnlyError,
    RedisError,
    TimeoutError,
    TryAgainError,
    WatchError,
)

from pyworkflow.datastore.interface import Key, Query, Writes
from pyworkflow.exceptions import BackendException, BackendUnavailableException

Result = TypeVar("Result")

# What a server refuses for a while: in a failover, or until it has memory, disk or replicas again.
PASSING = (ReadOnlyError, OutOfMemoryError, MasterDownError, ClusterDownError, TryAgainError)
PASSING_CODES = re.compile(r"\b(MISCONF|NOREPLICAS|READONLY|OOM|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|LOADING) ")
TRIES = 3  # to watch the guard, when the connection is lost meanwhile


class RedisDatastore:
    """Operating-system processes of any hosts share the server. `prefix` keeps it apart from what else is there.

    What survives the end of the server is what the server is configured to keep.
    """

    def __init__(self, client: Redis, *, prefix: str = "pyworkflow:") -> None:
        self._client = client
        self._prefix = prefix

    def get(self, key: Key) -> str | None:
        """The value of this key; None if it has none."""
        return _text(self._asked(lambda: self._client.get(self._name(key))))

    def put(self, key: Key, value: str) -> None:
        """Set the value of this key."""
        self._asked(lambda: self._client.set(self._name(key), value))

    def put_for(self, seconds: float, key: Key, value: str) -> None:
        """Set the value of this key for so long."""
        self._asked(lambda: self._client.set(self._name(key), value, px=round(seconds * 1000)))

    def delete(self, key: Key) -> None:
        """Take the key and its value away, if they are there."""
        self._asked(lambda: self._client.delete(self._name(key)))

    def contains(self, key: Key) -> bool:
        """Does this key have a value?"""
        return bool(self._asked(lambda: self._client.exists(self._name(key))))

    def query(self, query: Query) -> Iterable[str]:
        """The values of all keys below that of the query."""
        pattern = f"{_escaped(self._name(query.key))}/*"
        names = self._asked(lambda: list(self._client.scan_iter(match=pattern, count=1000)))
        for first in range(0, len(names), 1000):
            some = names[first : first + 1000]
            values = self._asked(lambda some=some: self._client.mget(some))  # type: ignore[misc]
            yield from (text for value in values if (text := _text(value)) is not None)

    def commit(self, guard: Key, expected: str | None, writes: Writes) -> bool:
        """Do the writes, all at once, if `guard` still has the value that is expected; False if it has another."""
        with _translated(), self._client.pipeline() as pipeline:
            if self._watched(pipeline, guard) != expected:
                return False
            pipeline.multi()
            for key, value in writes:
                pipeline.delete(self._name(key)) if value is None else pipeline.set(self._name(key), value)
            try:
                pipeline.execute()
            except (WatchError, ConnectionError, TimeoutError):  # late, or the answer is lost: whoever asks finds out
                return False
            return True

    def _watched(self, pipeline: Pipeline, guard: Key) -> str | None:
        """The value, which is watched from now on. Nothing is done yet, so a connection that is lost is made again."""
        for _ in range(TRIES):
            with suppress(WatchError):  # which redis-py makes of a lost connection here
                pipeline.watch(self._name(guard))  # type: ignore[no-untyped-call]
                return _text(pipeline.get(self._name(guard)))
        raise ConnectionError("the connection is lost again and again")

    def _name(self, key: Key) -> str:
        return f"{self._prefix}{key.removeprefix('/')}"

    def _asked(self, call: Callable[[], Any]) -> Any:
        with _translated():
            return call()


@contextmanager
def _translated() -> Iterator[None]:
    """The errors of Redis as ours, in one place."""
    try:
        yield
    except (ConnectionError, TimeoutError, BusyLoadingError) as error:
        raise BackendUnavailableException(f"Redis cannot be reached: {error}") from error
    except RedisError as error:
        passes = isinstance(error, PASSING) or PASSING_CODES.search(str(error))
        raise (BackendUnavailableException if passes else BackendException)(f"Redis: {error}") from error


def _text(value: Any) -> str | None:
    try:
        return value.decode() if isinstance(value, bytes) else value
    except UnicodeDecodeError as error:
        raise BackendException(f"Redis: what begins with {value[:80]!r} was not written by pyworkflow") from error


def _escaped(pattern: str) -> str:
    return "".join(f"\\{char}" if char in "*?[]\\^-" else char for char in pattern)
