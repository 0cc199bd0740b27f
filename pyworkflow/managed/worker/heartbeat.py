"""The signs of life of one running activity, and how it hears that it should end."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, wait
from copy import deepcopy
from threading import Thread
from time import monotonic
from typing import Any

from pyworkflow.activity import ActivityCanceled
from pyworkflow.backend import Heartbeat
from pyworkflow.exceptions import BackendUnavailableException, UnknownActivityException

LONGEST_INTERVAL = 1.0
PATIENCE = 1.0


class Pulse:
    """Sends the first at once, then at most one in a second, or in a quarter of the activity's heartbeat timeout.

    So that an activity can call it in its innermost loop. Details that come in between go with the next one sent.
    A thread sends it; a call waits `patience` seconds for the answer, and a later one raises what there is: a backend
    that is slow does not hold up the activity. `arrived` is called, by that thread, after each one that the backend
    has taken.
    """

    def __init__(
        self,
        send: Callable[[Any], Heartbeat],
        heartbeat_timeout: float,
        *,
        patience: float = PATIENCE,
        arrived: Callable[[], None] = lambda: None,
        now: Callable[[], float] = monotonic,
    ) -> None:
        self._send = send
        self._interval = min(LONGEST_INTERVAL, heartbeat_timeout / 4)
        self._patience = patience
        self._arrived = arrived
        self._now = now
        self._next = now()
        self._sending: Future[Heartbeat] | None = None
        self._details: Any = None
        self._used = False
        self._told = False
        self._over = False

    def __call__(self, details: Any = None) -> None:
        """Raises ActivityCanceled once when that was asked for, and always when the task is over."""
        self._used = True
        self._beat(details)

    def listen(self) -> None:
        """The same, for who looks after an activity that gives no signs of life itself: nothing, if it does."""
        if not self._used:
            self._beat(None)

    def _beat(self, details: Any) -> None:
        if details is not None:
            self._details = details
        self._hear()
        now = self._now()
        if self._sending is None and now >= self._next:
            self._next = now + self._interval
            latest, self._details = deepcopy(self._details), None  # who runs on may change them
            self._sending = _in_a_thread(lambda: self._sent(latest))
            wait([self._sending], timeout=self._patience)
            self._hear()

    def _sent(self, details: Any) -> Heartbeat:
        try:
            answer = self._send(details)
        except BackendUnavailableException:  # no reason to end the activity: the next one may arrive
            if self._details is None:
                self._details = details
            return Heartbeat(cancel_requested=False)
        self._arrived()
        return answer

    def _hear(self) -> None:
        if self._sending is not None and self._sending.done():
            sent, self._sending = self._sending, None
            try:
                cancel_requested = sent.result().cancel_requested
            except UnknownActivityException:
                self._over = True
            else:
                if cancel_requested and not self._told:
                    self._told = True
                    raise ActivityCanceled
        if self._over:
            raise ActivityCanceled("the activity is over already")


def _in_a_thread(call: Callable[[], Heartbeat]) -> Future[Heartbeat]:
    """What a thread of its own will have done: a daemon, which no program that ends waits for."""
    future: Future[Heartbeat] = Future()

    def run() -> None:
        try:
            future.set_result(call())
        except BaseException as error:
            future.set_exception(error)

    Thread(target=run, name="pyworkflow-heartbeat", daemon=True).start()
    return future
