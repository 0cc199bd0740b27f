"""A worker process: several threads over one backend, under one lease."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from enum import Enum
from queue import Empty, SimpleQueue
from time import monotonic
from typing import Any

from pyworkflow.backend import Lease
from pyworkflow.exceptions import BackendException, BackendUnavailableException
from pyworkflow.managed.manager import Manager
from pyworkflow.managed.worker.activity import ActivityWorker
from pyworkflow.managed.worker.base import LOGGER, Worker, default_identity
from pyworkflow.managed.worker.decision import DecisionWorker
from pyworkflow.managed.worker.ledger import Ledger, Taken
from pyworkflow.managed.worker.outage import Outage
from pyworkflow.managed.worker.source import Source

PAUSE_AFTER_ERROR = 1.0


class _Message(Enum):
    STOP = "stop"
    ABORT = "abort"
    ENDED = "a thread has ended"


class WorkerPool:
    """One thread that decides and `concurrency` threads that execute activities, unless one kind is switched off.

    `categories` are those of the manager's classes unless given. With `burst` it ends when nothing is due and nothing
    runs here. `root` serves only that process and its descendants. `code` changes with the code that decides.
    """

    def __init__(
        self,
        manager: Manager,
        *,
        concurrency: int = 8,
        activities: bool = True,
        decisions: bool = True,
        categories: Iterable[str] | None = None,
        identity: str | None = None,
        burst: bool = False,
        root: str | None = None,
        code: str | None = None,
        shutdown_timeout: float = 30.0,
        logger: logging.Logger | None = None,
    ) -> None:
        self.manager = manager
        self.identity = identity or default_identity()
        self.shutdown_timeout = shutdown_timeout
        given = None if categories is None else sorted(set(categories))
        self._activity_categories = _categories(given, manager.activities.values()) if activities else []
        self._decision_categories = _categories(given, manager.workflows.values()) if decisions else []
        self._concurrency = concurrency
        self._burst = burst
        self._root = root
        self._code = code
        self._logger = logger or LOGGER
        self._outage = Outage(self._logger)
        self._ledger = Ledger(sources=bool(self._activity_categories) + bool(self._decision_categories))
        self._sources: list[Source] = []
        self._stopping = threading.Event()
        self._messages: SimpleQueue[_Message] = SimpleQueue()  # whose put() may be called by a signal handler

    def run(self) -> None:
        """Work until stopped or, with `burst`, until nothing is left to do. Once only."""
        lease = self._outage.ride_out(lambda: self.manager.backend.lease(self.identity))
        try:
            threads = self._threads(lease)
            for thread in threads:
                thread.start()
            self._wait_for(len(threads))
        finally:
            self._stop_polling()
            self._release()
            with suppress(BackendException):
                lease.close()

    def stop(self) -> None:
        """Take no new tasks; let what runs finish within `shutdown_timeout`, release the rest; then `run` returns.

        Safe from another thread and from a signal handler.
        """
        self._messages.put(_Message.STOP)

    def abort(self) -> None:
        """Release all and let `run` return now. Safe from another thread and from a signal handler."""
        self._messages.put(_Message.ABORT)

    def _threads(self, lease: Lease) -> list[threading.Thread]:
        common: dict[str, Any] = {"lease": lease, "root": self._root, "outage": self._outage}
        deciding = [
            DecisionWorker(self.manager, self.identity, category, code=self._code, **common)
            for category in self._decision_categories
        ]
        executing = [
            ActivityWorker(self.manager, self.identity, category, **common) for category in self._activity_categories
        ]
        threads = []
        if deciding:
            threads.append(self._thread("decisions", self._source(deciding).next))
        if executing:
            take = self._source(executing).next
            threads += [self._thread(f"activities-{number}", take) for number in range(1, self._concurrency + 1)]
        return threads

    def _source(self, workers: Iterable[Worker[Any]]) -> Source:
        self._sources.append(Source(workers, self._ledger, self._stopping, burst=self._burst))
        return self._sources[-1]

    def _thread(self, name: str, take: Callable[[], Taken | None]) -> threading.Thread:
        # A daemon, since code that outlives shutdown_timeout must not keep the process alive.
        return threading.Thread(target=self._serve, args=(take,), name=f"pyworkflow-{name}", daemon=True)

    def _serve(self, take: Callable[[], Taken | None]) -> None:
        try:
            while not self._stopping.is_set():
                self._serve_one(take)
        finally:
            self._messages.put(_Message.ENDED)

    def _serve_one(self, take: Callable[[], Taken | None]) -> None:
        try:
            taken = self._outage.ride_out(take, self._stopping)
        except BackendUnavailableException:
            return  # and it is time to stop
        except Exception:
            self._logger.exception("polling failed, trying again")
            self._stopping.wait(PAUSE_AFTER_ERROR)
            return
        if taken is None:
            return
        try:
            taken.worker.handle(taken.task, self._logger)
        finally:
            self._ledger.remove(taken)

    def _wait_for(self, threads: int) -> None:
        """Return when all threads have ended, or it is time to end without them."""
        deadline: float | None = None
        while threads:
            left = None if deadline is None else max(0.0, deadline - monotonic())
            try:
                message = self._messages.get(timeout=left)
            except Empty:
                return
            if message is _Message.ABORT:
                return
            if message is _Message.ENDED:
                threads -= 1
            elif deadline is None:
                deadline = monotonic() + self.shutdown_timeout
                self._stop_polling()

    def _stop_polling(self) -> None:
        self._stopping.set()
        self._ledger.wake()
        self.manager.backend.interrupt()

    def _release(self) -> None:
        for source in self._sources:
            source.wait_until_quiet()  # or what is released here would be taken here again
        for worker, task in self._ledger.running():
            self._logger.warning("%s: released, not finished in time", worker.describe(task))
            with suppress(BackendException):
                self.manager.backend.release(task)


def _categories(given: list[str] | None, classes: Iterable[Any]) -> list[str]:
    return given if given is not None else sorted({cls.category for cls in classes})
