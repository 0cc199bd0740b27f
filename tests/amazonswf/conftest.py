"""A backend over the fake service, its clock; and a server of moto."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import pytest
from moto.server import ThreadedMotoServer

from fakeswf import FakeSWF, attached
from pyworkflow.amazonswf import AmazonSWFBackend
from pyworkflow.testing import Clock


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def service(clock: Clock) -> FakeSWF:
    return FakeSWF(clock)


@pytest.fixture
def backend(service: FakeSWF) -> Iterator[AmazonSWFBackend]:
    with AmazonSWFBackend(client=attached(service)) as backend:
        backend.register_workflow("Order")
        backend.register_activity("Pay", scheduled_timeout=1000)
        yield backend


@pytest.fixture(scope="session")
def moto_url() -> Iterator[str]:
    """Where a server of moto listens."""
    server = ThreadedMotoServer("127.0.0.1", 0)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def domain() -> str:
    """A domain of this test's own."""
    return str(uuid4())
