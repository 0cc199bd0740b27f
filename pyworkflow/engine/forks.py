"""Forks: neither locks nor open files survive them as they are, so stores are told."""

from __future__ import annotations

import os
import threading
from typing import Protocol
from weakref import WeakSet


class Forked(Protocol):
    """What is told of the forks of its process."""

    def before_fork(self) -> None:
        """Be at rest: no call under way, nothing open that a child must not inherit."""

    def after_fork_in_parent(self) -> None:
        """Go on."""

    def after_fork_in_child(self) -> None:
        """Begin anew."""


class Forks:
    """Tells all of them, one fork at a time."""

    def __init__(self) -> None:
        self._told: WeakSet[Forked] = WeakSet()
        self._lock = threading.Lock()
        self._prepared: list[Forked] = []
        os.register_at_fork(before=self._before, after_in_parent=self._in_parent, after_in_child=self._in_child)

    def add(self, one: Forked) -> None:
        """Tell it, for as long as it lives."""
        self._told.add(one)

    def _before(self) -> None:
        self._lock.acquire()
        self._prepared = list(self._told)
        for one in self._prepared:
            one.before_fork()

    def _in_parent(self) -> None:
        for one in self._prepared:
            one.after_fork_in_parent()
        self._lock.release()

    def _in_child(self) -> None:
        for one in self._prepared:
            one.after_fork_in_child()
        self._lock = threading.Lock()


forks = Forks()  # of this process: there is one, as there is of what a fork copies
