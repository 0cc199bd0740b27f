"""Processes in an SQLite file."""

from pyworkflow.sqlite.backend import SQLiteBackend

__all__ = ["SQLiteBackend"]
