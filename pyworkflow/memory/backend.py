"""The backend that keeps everything in memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path

from pyworkflow.backend import Capabilities, known_options
from pyworkflow.engine import EngineBackend
from pyworkflow.event import utcnow
from pyworkflow.exceptions import ConfigurationException
from pyworkflow.memory.store import MemoryStore


class MemoryBackend(EngineBackend):
    """For tests and development: any number of threads, one operating-system process, and nothing outlives it."""

    capabilities = Capabilities(durable=False, several_processes=False, lost_work_after=None)

    def __init__(self, *, clock: Callable[[], datetime] = utcnow) -> None:
        super().__init__(MemoryStore(), clock)


def from_url(url: str, folder: Path, options: Mapping[str, str]) -> MemoryBackend:  # noqa: ARG001 - it is in no folder
    """`memory:`, which has no options."""
    if url != "memory:":
        raise ConfigurationException(f"{url!r}: write memory: alone, it has no address")
    known_options(url, options, {})
    return MemoryBackend()
