"""A thread that runs one worker."""

from __future__ import annotations

import logging
import threading
from time import monotonic
from typing import Any

from pyworkflow.exceptions import BackendUnavailableException
from pyworkflow.managed.worker.base import LOGGER, Worker
from pyworkflow.managed.worker.outage import Outage


class WorkerThread(threading.Thread):
    """`start()` it, or call `run()`, which blocks, until another thread calls `join()`.

    When there is nothing to do it looks again after `delay_on_idle` seconds; where the backend can wait for a task,
    it learns of one at once.
    """

    def __init__(self, worker: Worker[Any], logger: logging.Logger | None = None, delay_on_idle: float = 1) -> None:
        super().__init__(name=f"pyworkflow-{worker.category}")
        self.worker = worker
        self.logger = logger or LOGGER
        self.delay_on_idle = delay_on_idle
        self._stopping = worker.outage.stopping = (
            threading.Event()
        )  # then a result is not kept for a backend that is away
        worker.wait = delay_on_idle

    def run(self) -> None:
        """Take and do tasks until asked to stop; then end the one at hand and return."""
        try:
            while not self._stopping.is_set():
                self._step(self.worker.outage)
        finally:
            self.worker.close()

    def _step(self, outage: Outage) -> None:
        began = monotonic()
        try:
            if outage.ride_out(lambda: self.worker.step(logger=self.logger), self._stopping):
                return
        except BackendUnavailableException:
            return  # and it is time to stop
        except Exception:
            self.logger.exception("%r: polling failed, trying again", self.worker)
        # A poll that did not wait must not be asked again at once.
        self._stopping.wait(max(0.0, self.delay_on_idle - (monotonic() - began)))

    def join(self, timeout: float | None = None) -> None:
        """Ask it to stop, and wait until it has, at most `timeout` seconds."""
        self._stopping.set()
        if self.ident is not None:  # not started, but its run() called
            super().join(timeout)
