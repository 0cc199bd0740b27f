"""A backend over the fake service, and its clock."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import pytest

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


@pytest.fixture
def domain() -> str:
    """A domain of this test's own."""
    return str(uuid4())
