"""The backend that keeps its processes in a datastore."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from pathlib import Path
from urllib.parse import unquote

from pyworkflow.backend import Capabilities, known_options
from pyworkflow.datastore.filesystem import FileSystemDatastore
from pyworkflow.datastore.interface import Datastore, SharedDatastore
from pyworkflow.datastore.leases import keeper_for
from pyworkflow.datastore.store import DatastoreStore
from pyworkflow.engine import EngineBackend
from pyworkflow.event import utcnow
from pyworkflow.exceptions import ConfigurationException


class DatastoreBackend(EngineBackend):
    """A document for each process, in anything that has get, put, delete, contains and query.

    Threads can share an object over any datastore; operating-system processes can share one that has `commit`, as
    FileSystemDatastore and RedisDatastore have. Every change writes the whole document, so this is for processes with
    short histories, and for places where there is a datastore already; an SQLite file is many times as fast.
    """

    def __init__(self, datastore: Datastore, *, clock: Callable[[], datetime] = utcnow) -> None:
        super().__init__(DatastoreStore(datastore, partial(keeper_for, datastore)), clock)
        shared = isinstance(datastore, SharedDatastore)
        self.capabilities = Capabilities(
            durable=shared, several_processes=shared, lost_work_after=15 if shared else None
        )


def from_file_url(url: str, folder: Path, options: Mapping[str, str]) -> DatastoreBackend:
    """`datastore+file:///absolute/folder`, or `datastore+file:relative`, to the folder; the option is `durability`."""
    written = unquote(url.partition(":")[2])
    path = written.removeprefix("//") if written.startswith("///") else written
    if not path or path.startswith("//"):
        raise ConfigurationException(
            f"{url!r} names no folder: write datastore+file:orders for one in {folder}, "
            "datastore+file:///var/lib/orders for an absolute path"
        )
    given = known_options(url, options, {"durability": ("normal", "full")})
    return DatastoreBackend(FileSystemDatastore(folder / path, sync=given.get("durability") == "full"))


def from_redis_url(url: str, folder: Path, options: Mapping[str, str]) -> DatastoreBackend:  # noqa: ARG001 - a server
    """`datastore+redis://host:port/db`; the option is `prefix`, which begins the names of its keys."""
    from redis import Redis

    from pyworkflow.datastore.redis import RedisDatastore

    given = known_options(url, options, {"prefix": None})
    try:
        client = Redis.from_url(url.removeprefix("datastore+"), socket_timeout=30, socket_connect_timeout=10)
    except ValueError as error:
        raise ConfigurationException(f"{url!r}: {error}") from error
    return DatastoreBackend(RedisDatastore(client, **given))
