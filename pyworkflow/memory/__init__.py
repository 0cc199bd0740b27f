"""Processes in memory: for tests and development. They are gone when the program ends."""

from pyworkflow.memory.backend import MemoryBackend, from_url

__all__ = ["MemoryBackend", "from_url"]
