"""Processes in memory: for tests and development. They are gone when the program ends."""

from pyworkflow.memory.backend import MemoryBackend

__all__ = ["MemoryBackend"]
