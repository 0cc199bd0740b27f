"""A worker process: several threads over one backend, under one lease."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from enum import Enum
from queue import Empty, SimpleQueue
from time import monotonic
from typing import Any

from pyworkflow.backend import Lease
from pyworkflow.exceptions import BackendException
from pyworkflow.managed.manager import Manager
from pyworkflow.managed.worker.activity import ActivityWorker
from pyworkflow.managed.worker.base import LOGGER, Worker, default_identity
from pyworkflow.managed.worker.batch import Batch
from pyworkflow.managed.worker.decision import DecisionWorker
from pyworkflow.managed.worker.ledger import Ledger, Taken
from pyworkflow.managed.worker.loop import EventLoop
from pyworkflow.managed.worker.outage import Outage
from pyworkflow.managed.worker.source import Source

LOOK = 1.0  # seconds between two looks for threads that are stuck
GRACE = 1.0  # seconds that a thread may be late
KEEPER_ENDS = 5.0  # seconds that the thread which keeps time has to end
SLOW = 0.02  # seconds after which what was taken together does not wait for each other


class _Message(Enum):
    STOP = "stop"
    ABORT = "abort"
    ENDED = "a thread has ended"


class WorkerPool:
    """One thread that decides and `concurrency` threads that execute activities, unless one kind is switched off.

    `categories` are those of the manager's classes unless given. With `burst` it ends when nothing is due and nothing
    runs here, with `max_tasks` when so many tasks have been done. `root` serves only that process and its descendants.
    `code` changes with the code that decides. A thread that is stuck in a task past its time-out is left to itself,
    and another takes its place.
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
        max_tasks: int | None = None,
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
        self._outage = Outage(logger)
        self._loop = EventLoop()
        kinds = bool(self._activity_categories) + bool(self._decision_categories)
        self._ledger = Ledger(sources=kinds, most=max_tasks)
        self._sources: list[Source] = []
        self._batches: set[Batch] = set()  # that are served now
        self._trouble: BackendException | None = None
        self._stopping = threading.Event()
        self._ended = threading.Event()
        self._watch = threading.Event()  # a batch of several tasks has begun
        self._messages: SimpleQueue[_Message] = SimpleQueue()  # whose put() may be called by a signal handler

    def run(self) -> None:
        """Work until stopped or, with `burst`, until nothing is left to do. Once only.

        Raises BackendException for a trouble of the backend's that will not pass by itself.
        """
        keeper = threading.Thread(target=self._keep_time, name="pyworkflow-time", daemon=True)
        lease = self._outage.ride_out(lambda: self.manager.backend.lease(self.identity))
        try:
            # What is due first: or one kind of worker could find nothing to do before the other has found it lost.
            self._outage.ride_out(self.manager.backend.apply_due)
            keeper.start()
            threads = self._threads(lease)
            for thread in threads:
                thread.start()
            self._wait_for(len(threads))
        finally:
            self._stop_polling()
            self._outage.stopping.set()  # what cannot be told now will not be
            self._ended.set()
            self._watch.set()
            if keeper.ident is not None:
                keeper.join(KEEPER_ENDS)  # or what it gives back just now would count as lost
            self._release()
            self._loop.close()
            with suppress(BackendException):
                lease.close()
        if self._trouble is not None:
            raise self._trouble

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
            ActivityWorker(self.manager, self.identity, category, loop=self._loop, **common)
            for category in self._activity_categories
        ]
        threads = []
        if deciding:
            threads.append(self._thread("decisions", self._source(deciding).next))
        if executing:
            take = self._source(executing).next
            threads += [self._thread(f"activities-{number}", take) for number in range(1, self._concurrency + 1)]
        return threads

    def _source(self, workers: Iterable[Worker[Any]]) -> Source:
        source = Source(
            workers, self._ledger, self._stopping, burst=self._burst, outage=self._outage, logger=self._logger
        )
        self._sources.append(source)
        return source

    def _thread(self, name: str, take: Callable[[], list[Taken]]) -> threading.Thread:
        # A daemon, since code that outlives shutdown_timeout must not keep the process alive.
        return threading.Thread(target=self._serve, args=(take,), name=f"pyworkflow-{name}", daemon=True)

    def _keep_time(self) -> None:
        """What is due is applied by polls; but all threads can be busy, or stuck. Until the pool has ended."""
        looked = monotonic()
        while not self._ended.is_set():
            try:
                if self._watch.wait(LOOK):
                    self._watch.clear()
                    self._ended.wait(SLOW)
                    self._hurry()
                if monotonic() - looked >= LOOK:
                    looked = monotonic()
                    with suppress(BackendException):  # which the polls report
                        self.manager.backend.apply_due()
            except BaseException:  # of an observer's, say: without this thread nothing would be in time
                self._logger.exception("keeping time failed, going on")

    def _hurry(self) -> None:
        """What waits in a batch for a task that takes long waits no more."""
        for batch in list(self._batches):
            if batch.is_waited_for():
                if batch.age() < SLOW:
                    self._watch.set()
                else:
                    self._let_go(batch)

    def _serve(self, take: Callable[[], list[Taken]]) -> None:
        """Take tasks and do them, until stopping, or until another thread has taken this one's place."""
        replaced = False
        try:
            while not (replaced or self._stopping.is_set()):
                replaced = not self._serve_some(take)
        except BackendException as error:
            self._trouble = error
            self._messages.put(_Message.STOP)
        finally:
            if not replaced:
                self._messages.put(_Message.ENDED)

    def _serve_some(self, take: Callable[[], list[Taken]]) -> bool:
        """False if this thread was stuck in a task for so long that it was replaced."""
        tasks = take()
        if not tasks:
            return True
        batch = Batch(tasks)
        self._batches.add(batch)
        if batch.is_waited_for():  # and so it has not one task only
            self._watch.set()
        done = 0
        try:
            done = self._do_all(batch)
        finally:
            self._let_go(batch)
            self._batches.discard(batch)
        if done:
            batch.worker.paced(done, batch.age())
        return not batch.abandoned

    def _do_all(self, batch: Batch) -> int:
        """Do the tasks of the batch, but for those that another thread gives back meanwhile; how many were done."""
        count = 0
        while (taken := batch.next()) is not None:
            if taken.deadline.left() <= 0:
                self._put_back([taken])
                continue
            try:
                done = batch.worker.begin(taken.task, self._logger, taken.deadline)
            except BaseException:
                self._ledger.remove([taken])
                raise
            if done is None:
                self._ledger.remove([taken])
            else:
                batch.add(taken, done)
            count += 1
        return count

    def _let_go(self, batch: Batch) -> None:
        """Tell what is done, and give back what has not been begun."""
        untold = batch.untold()
        try:
            batch.worker.tell([done for _, done in untold], self._logger)
        finally:
            self._ledger.remove([taken for taken, _ in untold])
            waiting = batch.not_begun()
            if waiting:
                self._put_back(waiting)

    def _put_back(self, tasks: Sequence[Taken]) -> None:
        tasks[0].worker.put_back([taken.task for taken in tasks])
        self._ledger.remove(tasks)

    def _wait_for(self, threads: int) -> None:
        """Return when all threads have ended, or it is time to end without them."""
        deadline: float | None = None
        while threads > 0:
            left = LOOK if deadline is None else min(LOOK, deadline - monotonic())
            try:
                message = self._messages.get(timeout=max(0.0, left))
            except Empty:
                if deadline is not None and monotonic() >= deadline:
                    return
                threads -= self._replace_stuck()
                continue
            if message is _Message.ABORT:
                return
            if message is _Message.ENDED:
                threads -= 1
            elif deadline is None:
                deadline = monotonic() + self.shutdown_timeout
                self._stop_polling()

    def _replace_stuck(self) -> int:
        """Let go of the threads whose tasks are past their time-outs. How many others did not take their places.

        Python cannot end a thread: it is left to itself, and what it brings will come too late.
        """
        lost = 0
        for batch in list(self._batches):
            taken = batch.at_hand
            if taken is None or batch.abandoned or taken.deadline.left() >= -GRACE:
                continue
            batch.abandoned = True
            self._ledger.remove([taken])
            self._logger.warning(
                "%s: still runs after its %s time-out; its thread is left to itself",
                taken.worker.describe(taken.task),
                taken.deadline.timeout,
            )
            if self._stopping.is_set():
                lost += 1
            else:
                self._thread("replacement", taken.take).start()
        return lost

    def _stop_polling(self) -> None:
        self._stopping.set()
        self._ledger.wake()
        self.manager.backend.interrupt()

    def _release(self) -> None:
        for source in self._sources:
            source.wait_until_quiet()  # or what is released here would be taken here again
        for batch in list(self._batches):
            self._let_go(batch)
        for taken in self._ledger.running():
            self._logger.warning("%s: released, not finished in time", taken.worker.describe(taken.task))
            with suppress(BackendException):
                self.manager.backend.release(taken.task)


def _categories(given: list[str] | None, classes: Iterable[Any]) -> list[str]:
    return given if given is not None else sorted({cls.category for cls in classes})
