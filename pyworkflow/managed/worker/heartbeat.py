"""The signs of life of one running activity, and how it hears that it should end."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor, Future
from time import monotonic
from typing import Any

from pyworkflow.activity import ActivityCanceled
from pyworkflow.backend import Heartbeat
from pyworkflow.exceptions import BackendUnavailableException, UnknownActivityException

LONGEST_INTERVAL = 1.0


class Pulse:
    """Sends the first at once, then at most one in a second, or in a quarter of the activity's heartbeat timeout.

    So that an activity can call it in its innermost loop. Details that come in between go with the next one sent.
    """

    def __init__(
        self,
        send: Callable[[Any], Heartbeat],
        heartbeat_timeout: float,
        *,
        arrived: Callable[[], None] = lambda: None,
        now: Callable[[], float] = monotonic,
    ) -> None:
        self._send = send
        self._arrived = arrived
        self._interval = min(LONGEST_INTERVAL, heartbeat_timeout / 4)
        self._now = now
        self._next = now()
        self._details: Any = None
        self._told = False
        self._over = False

    def __call__(self, details: Any = None) -> None:
        """Raises ActivityCanceled once when that was asked for, and always when the task is over."""
        if details is not None:
            self._details = details
        if self._over:
            raise ActivityCanceled("the activity is over already")
        now = self._now()
        if now < self._next:
            return
        self._next = now + self._interval
        try:
            answer = self._send(self._details)
        except UnknownActivityException:
            self._over = True
            raise ActivityCanceled("the activity is over already") from None
        except BackendUnavailableException:
            return  # no reason to end the activity: the next one may arrive
        self._details = None
        self._arrived()
        if answer.cancel_requested and not self._told:
            self._told = True
            raise ActivityCanceled


class BackgroundPulse:
    """The same for a coroutine, which must not wait: a thread sends, and the next call raises what there is."""

    def __init__(self, pulse: Pulse, executor: Executor) -> None:
        self._pulse = pulse
        self._executor = executor
        self._sending: Future[None] | None = None
        self._details: Any = None

    def __call__(self, details: Any = None) -> None:
        """Raises as a Pulse does, one call later."""
        if details is not None:
            self._details = details
        if self._sending is not None and self._sending.done():
            sent, self._sending = self._sending, None
            sent.result()
        if self._sending is None:
            details, self._details = self._details, None
            self._sending = self._executor.submit(self._pulse, details)
