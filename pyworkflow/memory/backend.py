"""The backend that keeps everything in memory."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from pyworkflow.backend import Capabilities
from pyworkflow.engine import EngineBackend
from pyworkflow.event import utcnow
from pyworkflow.memory.store import MemoryStore


class MemoryBackend(EngineBackend):
    """For tests and development: any number of threads, one operating-system process, and nothing outlives it."""

    capabilities = Capabilities(durable=False, several_processes=False, lost_work_after=None)

    def __init__(self, *, clock: Callable[[], datetime] = utcnow) -> None:
        super().__init__(MemoryStore(), clock)
