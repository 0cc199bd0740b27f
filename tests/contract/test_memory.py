"""Memory keeps the contract."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from pyworkflow.memory import MemoryBackend
from pyworkflow.testing import BackendContract


class TestMemory(BackendContract):
    def construct_backend(self, clock: Callable[[], datetime]) -> MemoryBackend:
        return MemoryBackend(clock=clock)
