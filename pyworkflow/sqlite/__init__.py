"""Processes in an SQLite file."""

from pyworkflow.sqlite.backend import SQLiteBackend, from_url

__all__ = ["SQLiteBackend", "from_url"]
