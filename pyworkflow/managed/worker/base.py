"""Takes tasks of one kind and one category, and does them."""

from __future__ import annotations

import logging
import os
import socket
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from time import monotonic
from typing import Any, Generic, Literal, NamedTuple, TypeVar

from pyworkflow.backend import Lease, Raised
from pyworkflow.defaults import Defaults
from pyworkflow.exceptions import BackendException, BackendUnavailableException, UnknownResourceException
from pyworkflow.managed.manager import Manager
from pyworkflow.managed.worker.deadline import Deadline
from pyworkflow.managed.worker.outage import Outage
from pyworkflow.task import ActivityTask, DecisionTask

Task = TypeVar("Task", ActivityTask, DecisionTask)

MOMENT = 0.005  # seconds of work that is taken at once
MOST = 64  # tasks that are taken at once

LOGGER = logging.getLogger("pyworkflow.worker")


def default_identity() -> str:
    """`<host>:<process id>`, by which `show` and the histories name a worker."""
    return f"{socket.gethostname()}:{os.getpid()}"


class Outcome(NamedTuple):
    """How a task went, in a few words for the log."""

    text: str
    level: int = logging.INFO


class Ending(NamedTuple):
    """How a task ended: the call that tells the backend, and what its answer means.

    `refused`, if there is one, makes another ending of what the call raised.
    """

    tell: Callable[[], Any]
    outcome: Callable[[Any], Outcome]
    refused: Callable[[Exception], Ending] | None = None


class Done(NamedTuple):
    """A task that was done, in so many seconds, and is to be told."""

    task: Any
    ending: Ending
    seconds: float


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
        self._pace = MOMENT

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
    def take(self, most: int, wait: float | None = None) -> list[Task]:
        """The same for several at once, at most so many."""

    def most(self) -> int:
        """How many to take at once: as many as are done in a moment, as it went lately."""
        return max(1, min(MOST, int(MOMENT / self._pace)))

    def paced(self, tasks: int, seconds: float) -> None:
        """So many tasks were done in so many seconds."""
        latest = max(seconds / tasks, MOMENT / MOST)
        self._pace = latest if latest > self._pace else min(latest + (self._pace - latest) / 2, MOMENT)

    @abstractmethod
    def deadline(self, task: Task) -> Deadline:
        """Until when the task, which was just taken, may run."""

    @abstractmethod
    def work(self, task: Task, deadline: Deadline) -> Ending:
        """Do the task; what the backend is to be told of it."""

    @abstractmethod
    def describe(self, task: Task) -> str:
        """The task in the log."""

    def handle(self, task: Task, logger: logging.Logger, deadline: Deadline) -> None:
        """Do a task that was taken, and tell the backend. No error is let through."""
        done = self.begin(task, logger, deadline)
        if done is not None:
            self.tell([done], logger)

    def begin(self, task: Task, logger: logging.Logger, deadline: Deadline) -> Done | None:
        """Do a task that was taken, which is to be told; None if that came to nothing. No error is let through."""
        began = monotonic()
        try:
            if logger.isEnabledFor(logging.INFO):
                what = self.describe(task)
                logger.info("%s: taken", what)
                logger.debug("%s: %r", what, task)
            return Done(task, self.work(task, deadline), monotonic() - began)
        except BaseException as error:
            self._give_back(task, error, logger)
            if not isinstance(error, Exception):
                raise  # Ctrl-C, where the worker runs in the main thread
            return None

    def tell(self, done: Sequence[Done], logger: logging.Logger) -> None:
        """Tell the backend of tasks that were done, together; then there is a line in the log for each."""
        while done:
            answers = self._told([one.ending.tell for one in done])
            again = []
            for one, answer in zip(done, answers, strict=True):
                if not isinstance(answer, Raised):
                    self._log(one, one.ending.outcome(answer), logger)
                elif isinstance(answer.error, UnknownResourceException):
                    self._log(one, Outcome(f"came too late, dropped: {answer.error}", logging.WARNING), logger)
                elif one.ending.refused is not None and not _is_untold(answer):
                    again.append(one._replace(ending=one.ending.refused(answer.error)))
                else:
                    self._give_back(one.task, answer.error, logger)
            done = again

    def put_back(self, tasks: Sequence[Task]) -> None:
        """Give back tasks that have not been begun."""
        self._told([partial(self.manager.backend.put_back, task) for task in tasks])

    def _told(self, calls: Sequence[Callable[[], Any]]) -> list[Any]:
        """What each returned, or `Raised`: made again until the backend can be reached, or it is time to stop."""
        answers: list[Any] = [UNTOLD] * len(calls)

        def tell_rest() -> None:
            rest = [number for number, answer in enumerate(answers) if _is_untold(answer)]
            for number, answer in zip(rest, self.manager.backend.together([calls[one] for one in rest]), strict=True):
                answers[number] = answer
            for answer in answers:
                if _is_untold(answer):
                    raise answer.error

        with suppress(BackendUnavailableException):
            self.outage.ride_out(tell_rest)
        return answers

    def _log(self, done: Done, outcome: Outcome, logger: logging.Logger) -> None:
        if logger.isEnabledFor(outcome.level):
            what = self.describe(done.task)
            logger.log(outcome.level, "%s: %s in %.3f s", what, printable(outcome.text), done.seconds)

    def _give_back(self, task: Task, error: BaseException, logger: logging.Logger) -> None:
        with suppress(BackendException):
            self.manager.backend.release(task)
        if isinstance(error, Exception):
            logger.error("%s: released", self.describe(task), exc_info=error)

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


UNTOLD = Raised(BackendUnavailableException("not told yet"))


def _is_untold(answer: object) -> bool:
    return isinstance(answer, Raised) and isinstance(answer.error, BackendUnavailableException)


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
