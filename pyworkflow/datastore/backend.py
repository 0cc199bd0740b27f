"""The backend that keeps its processes in a datastore."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from urllib.parse import unquote, urlsplit

from pyworkflow.backend import Capabilities, known_options, without_password
from pyworkflow.datastore.filesystem import FileSystemDatastore
from pyworkflow.datastore.interface import Datastore, SharedDatastore
from pyworkflow.datastore.leases import PATIENCE, LeaseKeeper, RenewedLeases, keeper_for
from pyworkflow.datastore.store import DatastoreStore
from pyworkflow.engine import EngineBackend
from pyworkflow.event import utcnow
from pyworkflow.exceptions import ConfigurationException


class DatastoreBackend(EngineBackend):
    """A document for each process, in anything that has get, put, delete, contains and query.

    Threads can share an object over any datastore; operating-system processes can share one that has `commit`, as
    FileSystemDatastore and RedisDatastore have. Every change writes the whole document, so this is for processes with
    short histories, and for places where there is a datastore already; an SQLite file is many times as fast.

    `leases` is the same datastore by a connection of its own, if there is one that hangs for less than a lease lives.
    """

    def __init__(
        self, datastore: Datastore, *, leases: Datastore | None = None, clock: Callable[[], datetime] = utcnow
    ) -> None:
        self._leases_in = leases or datastore
        super().__init__(DatastoreStore(datastore, self._make_leases), clock)
        shared = isinstance(datastore, SharedDatastore)
        self.capabilities = Capabilities(
            durable=shared, several_processes=shared, lost_work_after=15 if shared else None
        )

    def close(self) -> None:
        super().close()
        if isinstance(self._leases, RenewedLeases):
            self._leases.close()

    def _make_leases(self) -> LeaseKeeper:
        """For the store, which asks for them when it begins, in a forked child again."""
        self._leases = keeper_for(self._leases_in)
        return self._leases


class _RedisBackend(DatastoreBackend):
    """Over two clients of its own, which it closes. That for the leases does not wait for long."""

    def __init__(self, address: str, **options: str) -> None:
        from redis import Redis
        from redis.backoff import NoBackoff
        from redis.retry import Retry

        from pyworkflow.datastore.redis import RedisDatastore

        self._clients = (
            Redis.from_url(address, socket_timeout=30, socket_connect_timeout=10),
            Redis.from_url(
                address, socket_timeout=PATIENCE, socket_connect_timeout=PATIENCE, retry=Retry(NoBackoff(), 1)
            ),
        )
        datastore, leases = (RedisDatastore(client, **options) for client in self._clients)
        super().__init__(datastore, leases=leases)

    def close(self) -> None:
        super().close()
        for client in self._clients:
            client.close()


def from_file_url(url: str, folder: Path, options: Mapping[str, str]) -> DatastoreBackend:
    """`datastore+file:///absolute/folder`, or `datastore+file:relative`, to the folder; the option is `durability`."""
    written = unquote(url.partition(":")[2])
    path = written.removeprefix("//") if written.startswith("///") else written
    if not path or path.startswith("//"):
        raise ConfigurationException(
            f"{without_password(url)!r} names no folder: write datastore+file:orders for one in {folder}, "
            "datastore+file:///var/lib/orders for an absolute path"
        )
    if (folder / path).is_file():
        raise ConfigurationException(f"{url!r} names no folder: {folder / path} is a file")
    given = known_options(url, options, {"durability": ("normal", "full")})
    return DatastoreBackend(FileSystemDatastore(folder / path, sync=given.get("durability") == "full"))


def from_redis_url(url: str, folder: Path, options: Mapping[str, str]) -> DatastoreBackend:  # noqa: ARG001 - a server
    """`datastore+redis://host:port/db`; the option is `prefix`, which begins the names of its keys."""
    given = known_options(url, options, {"prefix": None})
    try:
        if not re.fullmatch(r"(/\d*)?", urlsplit(url).path):
            raise ValueError("the database is a number")
        return _RedisBackend(url.removeprefix("datastore+"), **given)
    except ValueError as error:
        raise ConfigurationException(
            f"{without_password(url)!r} names no database: write datastore+redis://localhost:6379/0, "
            "and in a password %2F for /, %3F for ?, %23 for #"
        ) from error
