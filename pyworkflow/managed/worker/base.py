"""Takes tasks of one kind and one category, and does them."""

from __future__ import annotations

import logging
import os
import socket
import threading
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from time import monotonic
from typing import Generic, Literal, NamedTuple, TypeVar

from pyworkflow.backend import Lease
from pyworkflow.defaults import Defaults
from pyworkflow.exceptions import BackendException, UnknownResourceException
from pyworkflow.managed.manager import Manager
from pyworkflow.managed.worker.deadline import Deadline
from pyworkflow.managed.worker.outage import Outage
from pyworkflow.task import ActivityTask, DecisionTask

Task = TypeVar("Task", ActivityTask, DecisionTask)

LOGGER = logging.getLogger("pyworkflow.worker")


def default_identity() -> str:
    """`<host>:<process id>`, by which `show` and the histories name a worker."""
    return f"{socket.gethostname()}:{os.getpid()}"


class Outcome(NamedTuple):
    """How a task went, in a few words for the log."""

    text: str
    level: int = logging.INFO


class Worker(ABC, Generic[Task]):
    """Any number of threads may use one object. What it takes is held by a lease: `lease`, or one of its own.

    With `root` it serves only that process and its descendants.
    """

    wait: float | None = None
    """Seconds that `step` may wait for a task; None: not at all."""

    def __init__(
        self,
        manager: Manager,
        name: str | None = None,
        category: str = Defaults.ACTIVITY_CATEGORY,
        *,
        lease: Lease | None = None,
        root: str | None = None,
        outage: Outage | None = None,
    ) -> None:
        self.manager = manager
        self.name = name or default_identity()
        self.category = category
        self.root = root
        self._given_lease = lease
        self._own_lease: Lease | None = None
        self._lease_lock = threading.Lock()
        self.outage = outage or Outage()

    def step(self, logger: logging.Logger | None = None) -> Literal[True] | None:
        """Do one task. True if there was one, None if not; BackendUnavailableException if that is not known."""
        task = self.poll(self.wait)
        if task is None:
            return None
        self.handle(task, logger or LOGGER, self.deadline(task))
        return True

    @abstractmethod
    def poll(self, wait: float | None = None) -> Task | None:
        """Take a task, waiting up to `wait` seconds for one."""

    @abstractmethod
    def deadline(self, task: Task) -> Deadline:
        """Until when the task, which was just taken, may run."""

    @abstractmethod
    def work(self, task: Task, deadline: Deadline) -> Outcome:
        """Do the task, and tell the backend."""

    @abstractmethod
    def describe(self, task: Task) -> str:
        """The task in the log."""

    def handle(self, task: Task, logger: logging.Logger, deadline: Deadline) -> None:
        """Do a task that was taken: a line when it is taken, one when it is closed, and no error is let through."""
        what = self.describe(task)
        began = monotonic()
        logger.info("%s: taken", what)
        logger.debug("%s: %r", what, task)
        try:
            outcome = self.work(task, deadline)
        except UnknownResourceException as error:
            outcome = Outcome(f"came too late, dropped: {error}", logging.WARNING)
        except BaseException as error:
            with suppress(BackendException):
                self.manager.backend.release(task)
            if not isinstance(error, Exception):
                raise  # Ctrl-C, where the worker runs in the main thread
            logger.exception("%s: released", what)
            return
        logger.log(outcome.level, "%s: %s in %.3f s", what, printable(outcome.text), monotonic() - began)

    def lease(self) -> Lease:
        """What holds its tasks."""
        if self._given_lease is not None:
            return self._given_lease
        with self._lease_lock:
            if self._own_lease is None:
                self._own_lease = self.manager.backend.lease(self.name)
            return self._own_lease

    def close(self) -> None:
        """Give up what is still held under a lease of its own."""
        with self._lease_lock:
            if self._own_lease is not None:
                self._own_lease.close()
                self._own_lease = None

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.manager!r}, {self.name!r}, {self.category!r})"


@contextmanager
def in_one_process() -> Iterator[None]:
    """Where the user's code runs: if it forks and the child comes back, the child ends, since the task is not its."""
    pid = os.getpid()
    try:
        yield
    finally:
        if os.getpid() != pid:
            os._exit(0)


def printable(text: str) -> str:
    """Names, ids and reasons come from outside: they must not break or colour the log's lines."""
    return text if text.isprintable() else repr(text)[1:-1]
