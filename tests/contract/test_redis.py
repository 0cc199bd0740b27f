"""A real Redis server keeps the contract."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import Path

import pytest
from redis import Redis

from pyworkflow.datastore import DatastoreBackend, RedisDatastore
from pyworkflow.event import utcnow
from pyworkflow.testing import BackendContract


def on(socket: Path, prefix: str, clock: Callable[[], datetime] = utcnow) -> DatastoreBackend:
    client = Redis(unix_socket_path=str(socket))
    return DatastoreBackend(RedisDatastore(client, prefix=f"{prefix}:"), clock=clock)


class TestRedis(BackendContract):
    socket: Path

    @pytest.fixture(autouse=True, scope="class")
    @classmethod
    def _on(cls, redis_socket: Path) -> None:
        cls.socket = redis_socket

    def construct_backend(self, clock: Callable[[], datetime]) -> DatastoreBackend:
        return on(self.socket, self.folder.name, clock)

    def process_factory(self) -> Callable[[], DatastoreBackend]:
        return partial(on, self.socket, self.folder.name)
