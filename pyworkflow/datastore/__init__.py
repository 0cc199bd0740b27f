"""Processes in a datastore: a folder, Redis, or anything else that can keep text under keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyworkflow.datastore.backend import DatastoreBackend, from_file_url, from_redis_url
from pyworkflow.datastore.dictionary import DictDatastore
from pyworkflow.datastore.filesystem import FileSystemDatastore
from pyworkflow.datastore.interface import Datastore, Key, Query, SharedDatastore
from pyworkflow.datastore.mapping import from_mapping

if TYPE_CHECKING:
    from pyworkflow.datastore.redis import RedisDatastore as RedisDatastore

__all__ = [
    "Datastore",
    "DatastoreBackend",
    "DictDatastore",
    "FileSystemDatastore",
    "Key",
    "Query",
    "SharedDatastore",
    "from_file_url",
    "from_mapping",
    "from_redis_url",
]


def __getattr__(name: str) -> Any:
    if name == "RedisDatastore":  # not in __all__, since it needs an extra
        try:
            from pyworkflow.datastore.redis import RedisDatastore
        except ModuleNotFoundError as error:
            message = f"{name} needs the package {error.name!r}: pip install 'pyworkflow[redis]'"
            raise ModuleNotFoundError(message, name=error.name) from None
        return RedisDatastore
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
