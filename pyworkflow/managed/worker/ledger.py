"""What runs in a pool, and whether anything is left to do."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from threading import Condition
from typing import Any, NamedTuple

from pyworkflow.managed.worker.base import Worker
from pyworkflow.managed.worker.deadline import Deadline

RECHECK = 0.5  # seconds until work that came from outside this pool is looked for


class Taken(NamedTuple):
    """A task that runs here, the worker that does it, until when, and where the next such task comes from."""

    worker: Worker[Any]
    task: Any
    deadline: Deadline
    take: Callable[[], list[Taken]]


class Ledger:
    """All is done when nothing runs here, and each source has found nothing since the last task here was closed.

    For that, changes are counted: a round that found nothing counts for the number it began with. `most` tasks are
    enough; while one source takes the last of them, the other can take one more.
    """

    def __init__(self, sources: int, most: int | None = None) -> None:
        self._sources = sources
        self._left = most
        self._condition = Condition()
        self._changes = 0
        self._running: dict[int, Taken] = {}
        self._found_nothing: dict[Hashable, int] = {}

    def is_enough(self) -> bool:
        """Have so many tasks been taken?"""
        return self._left is not None and self._left <= 0

    def allowed(self, wanted: int) -> int:
        """How many of so many tasks may be taken at once: where they are counted, one by one."""
        return wanted if self._left is None else 1

    def begin_round(self, source: Hashable) -> int:
        """The number of changes until now."""
        with self._condition:
            self._found_nothing.pop(source, None)
            return self._changes

    def end_round(self, source: Hashable, seen: int) -> bool:
        """The round found nothing. Is all done? If not, returns when there is a reason for another round."""
        with self._condition:
            self._found_nothing[source] = seen
            if self._all_done():
                self._condition.notify_all()
            else:
                self._condition.wait_for(lambda: self._changes != seen or self._all_done(), RECHECK)
            return self._all_done()

    def enter(self, tasks: Sequence[Taken]) -> None:
        """The tasks run here now."""
        with self._condition:
            self._running.update((id(taken.task), taken) for taken in tasks)
            if self._left is not None:
                self._left -= len(tasks)
            self._change()

    def remove(self, tasks: Iterable[Taken]) -> bool:
        """The tasks are closed, or given up. False if one was given up before."""
        with self._condition:
            known = [self._running.pop(id(taken.task), None) is not None for taken in tasks]
            self._change()
            return all(known)

    def running(self) -> list[Taken]:
        """What runs here now."""
        with self._condition:
            return list(self._running.values())

    def wake(self) -> None:
        """Whoever waits for a reason for another round has one."""
        with self._condition:
            self._change()

    def _change(self) -> None:
        self._changes += 1
        self._condition.notify_all()

    def _all_done(self) -> bool:
        return not self._running and list(self._found_nothing.values()) == [self._changes] * self._sources
