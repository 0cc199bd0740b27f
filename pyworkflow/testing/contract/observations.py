"""Z5: what the suite of 2013 observed still holds."""

from __future__ import annotations

import pytest

from pyworkflow.backend import Backend
from pyworkflow.testing.contract.base import Contract
from pyworkflow.testing.suite2013 import WorkflowBackendTestCase


class ObservationRules(Contract):
    """Z5."""

    @pytest.mark.parametrize("subtest", ["basic", "managed", "order", "timeouts", "timer", "threads"])
    def test_Z5_the_suite_of_2013_passes(self, subtest: str) -> None:
        suite = _Suite(self)
        getattr(suite, f"subtest_{subtest}")()


class _Suite(WorkflowBackendTestCase):
    """The suite over this test's backend, and other objects over the same store."""

    def __init__(self, contract: Contract) -> None:
        super().__init__()
        self._contract = contract
        self.clock = contract.clock

    def construct_backend(self) -> Backend:
        return self._contract.another()
