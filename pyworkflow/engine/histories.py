"""The histories that workers were given last: of the next task of a run, only what is new is read."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from pyworkflow.engine.records import EventRecord, ProcessHead

MOST_EVENTS = 200_000  # that are kept, roughly, of all runs together

Run = tuple[int, str, int, int]


class Histories:
    """Committed records by run, of the runs that were asked for last.

    Without a lock, which a fork could leave locked: what two threads add to one run are the same records in the same
    places, since a history only grows.
    """

    def __init__(self) -> None:
        self._runs: dict[Run, list[EventRecord]] = {}
        self._events = 0

    def of(self, head: ProcessHead) -> list[EventRecord]:
        """The first records of this run, as many as are known. It may become longer."""
        return self._runs.get(_run(head), [])

    def keep(self, head: ProcessHead, records: list[EventRecord], after: int, new: Sequence[EventRecord]) -> None:
        """What stands in this run after the first `after` of its known records."""
        self._events -= len(self._runs.pop(_run(head), ()))
        records[after : after + len(new)] = new
        self._events += len(records)
        self._runs[_run(head)] = records  # the last one now
        with suppress(StopIteration, RuntimeError, KeyError):  # another thread was at it
            while self._events > MOST_EVENTS and len(self._runs) > 1:
                self._events -= len(self._runs.pop(next(iter(self._runs))))


def _run(head: ProcessHead) -> Run:
    return head.key, head.id, head.run, head.started_at  # a key can be given again when its process was pruned
