"""Amazon SWF keeps the contract, as far as a service made from its documentation shows (tests/amazonswf/fakeswf)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import datetime
from functools import cached_property, partial

import pytest

from fakeswf import FakeSWF, attached, serving
from pyworkflow.amazonswf import AmazonSWFBackend
from pyworkflow.testing import BackendContract


class TestAmazonSWF(BackendContract):
    @pytest.fixture(autouse=True)
    def _ending(self) -> Iterator[None]:
        with ExitStack() as self.open:
            yield

    @cached_property
    def service(self) -> FakeSWF:
        return FakeSWF()

    def construct_backend(self, clock: Callable[[], datetime]) -> AmazonSWFBackend:
        self.service.clock = clock
        return AmazonSWFBackend(client=attached(self.service))

    def process_factory(self) -> Callable[[], AmazonSWFBackend]:
        url = self.open.enter_context(serving(self.service))
        return partial(AmazonSWFBackend, "AKIA", "secret", endpoint_url=url)
