"""The command line: a person's way to start, work, signal and watch."""

from pyworkflow.cli.entry import main

__all__ = ["main"]
