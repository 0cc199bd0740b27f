"""Several worker processes, for activities that keep a core busy: started, watched, stopped together."""

from __future__ import annotations

import logging
import signal
from dataclasses import replace
from multiprocessing import connection, get_context
from multiprocessing.process import BaseProcess
from time import monotonic
from types import FrameType

from pyworkflow.cli import output
from pyworkflow.cli.serving import STOPPING, Serving, handling, main

LOGGER = logging.getLogger("pyworkflow.worker")
LOOK = 0.5  # seconds between two looks for one that is to be started again
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0  # seconds before one that died young gets a successor
HOPELESS = (2, 5)  # exit codes that a successor would end with as well: its configuration, its backend


class Processes:
    """Keeps so many processes at work, until stopped; with `burst`, until each has found nothing left to do."""

    def __init__(self, serving: Serving, count: int) -> None:
        self._serving = serving
        self._places = [Place(number) for number in range(1, count + 1)]
        self._context = get_context("spawn")  # a fork would take over locks and connections as they are
        self._received: list[int] = []
        self._code = 0

    def run(self) -> int:
        """The exit code: 0, 130 for Ctrl-C, or that of a process for which there is no hope."""
        with handling({signal.SIGINT: self._stop, signal.SIGTERM: self._stop}):
            for place in self._places:
                self._start(place)
            while running := [place.process for place in self._places if place.process is not None]:
                connection.wait([process.sentinel for process in running], timeout=LOOK)
                for place in self._places:
                    self._look_after(place)
        return self._code or (130 if signal.SIGINT in self._received else 0)

    def _stop(self, number: int, _: FrameType | None) -> None:
        self._received.append(number)
        if len(self._received) == 1:
            output.note(STOPPING)
        self._tell_all()

    def _tell_all(self) -> None:
        for place in self._places:
            if place.process is not None:
                place.process.terminate()

    def _start(self, place: Place) -> None:
        name = self._serving.name
        serving = replace(self._serving, name=None if name is None else f"{name}-{place.number}")
        place.process = self._context.Process(target=main, args=(serving,), name=f"pyworkflow-{place.number}")
        place.process.start()
        place.started_at = monotonic()

    def _look_after(self, place: Place) -> None:
        """See whether its process has ended, and what is to follow."""
        process = place.process
        if process is None or process.is_alive():
            return
        code = process.exitcode or 0
        if self._received or self._code or (code == 0 and self._serving.burst):
            place.process = None
        elif code in HOPELESS:
            place.process, self._code = None, code
            self._tell_all()
        elif monotonic() >= place.due(code):
            if code:
                LOGGER.warning("worker process %s ended %s; another takes its place", process.pid, ended(code))
            self._start(place)


def ended(code: int) -> str:
    """How a process ended, in words."""
    return f"by signal {-code}" if code < 0 else f"with exit code {code}"


class Place:
    """Where one process works, and the next when it has died."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.process: BaseProcess | None = None
        self.started_at = 0.0
        self._pause = 0.0
        self._due: float | None = None

    def due(self, code: int) -> float:
        """When the next may begin: at once, but for one that died young, which may be the first of many."""
        if self._due is None or self._due < self.started_at:
            young = code != 0 and monotonic() - self.started_at < LONGEST_PAUSE
            self._pause = min(max(FIRST_PAUSE, 2 * self._pause), LONGEST_PAUSE) if young else 0.0
            self._due = monotonic() + self._pause
        return self._due
