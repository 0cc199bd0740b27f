"""The histories that workers were given last: of the next task of a run, only what is new is read."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from pyworkflow.engine.records import EventRecord, ProcessHead
from pyworkflow.unfinished import Unfinished

MOST_EVENTS = 200_000  # that are kept, roughly, of all runs together

Run = tuple[int, str, int, int]


class Known:
    """What is known of a run: its first records, and what so many of them as were asked about leave open.

    Both may grow while they are looked at.
    """

    def __init__(self) -> None:
        self.records: list[EventRecord] = []
        self.unfinished = Unfinished()


class Histories:
    """Committed records by run, of the runs that were asked for last.

    Without a lock, which a fork could leave locked: what two threads add to one run are the same records in the same
    places, since a history only grows.
    """

    def __init__(self) -> None:
        self._runs: dict[Run, Known] = {}
        self._events = 0

    def of(self, head: ProcessHead) -> Known:
        """What is known of this run."""
        return self._runs.get(_run(head)) or Known()

    def keep(self, head: ProcessHead, known: Known, after: int, new: Sequence[EventRecord]) -> None:
        """What stands in this run after the first `after` of its known records."""
        before = self._runs.pop(_run(head), None)
        self._events -= len(before.records) if before else 0
        known.records[after : after + len(new)] = new
        self._events += len(known.records)
        self._runs[_run(head)] = known  # the last one now
        with suppress(StopIteration, RuntimeError, KeyError):  # another thread was at it
            while self._events > MOST_EVENTS and len(self._runs) > 1:
                self._events -= len(self._runs.pop(next(iter(self._runs))).records)


def _run(head: ProcessHead) -> Run:
    return head.key, head.id, head.run, head.started_at  # a key can be given again when its process was pruned
