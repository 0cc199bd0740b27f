"""Rides out the times when a backend cannot be reached."""

from __future__ import annotations

import logging
from collections.abc import Callable
from threading import Event
from typing import TypeVar

from pyworkflow.exceptions import BackendUnavailableException

Result = TypeVar("Result")

FIRST_PAUSE = 0.1
LONGEST_PAUSE = 5.0

LOGGER = logging.getLogger("pyworkflow.outage")  # of its own: what everybody waits for is told also where little is


class Outage:
    """Shared by the threads of a pool, so that it says once that the backend is away, and once that it is back.

    When `stopping` is set, nothing is ridden out any more.
    """

    def __init__(self, logger: logging.Logger | None = None) -> None:
        self.stopping = Event()
        self._logger = logger or LOGGER
        self._away = False

    def ride_out(self, call: Callable[[], Result], stopping: Event | None = None) -> Result:
        """What the call returns, which is made again, with pauses, until the backend can be reached.

        Raises BackendUnavailableException only when it is time to stop.
        """
        stopping = stopping or self.stopping
        pause = FIRST_PAUSE
        while True:
            try:
                result = call()
            except BackendUnavailableException as error:
                if not self._away:
                    self._away = True
                    self._logger.warning("the backend cannot be reached, trying again: %s", error)
                if stopping.wait(pause):
                    raise
                pause = min(2 * pause, LONGEST_PAUSE)
            else:
                if self._away:
                    self._away = False
                    self._logger.warning("the backend is back")
                return result
