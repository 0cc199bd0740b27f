"""Long polls, made in threads of their own; what arrives when nobody waits any more is kept for the next who asks.

Amazon SWF holds a poll for a minute, and there is no way to take it back: a task that comes after the caller has hung
up is counted as started, and lost until a time-out ends it. So a poll that has begun is always waited for, though not
by the caller, who goes on when its own time is over.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from time import monotonic
from typing import Generic, TypeVar

Item = TypeVar("Item")

ANSWERED = 2.0  # seconds within which SWF hands out what is there: a poll that lasts longer has found nothing
LOOK = 1.0  # seconds between two looks whether the program has ended
STALE = 10.0  # seconds after which one that was kept is looked at before it is handed out


class Receiver(Generic[Item]):
    """Polls for the tasks of one kind in one category, on behalf of any number of threads.

    `ask` makes a poll, and returns a task or None; `count` says how many wait, roughly; `is_over` whether a task is;
    `give_back` is called with what nobody takes any more.
    """

    def __init__(
        self,
        ask: Callable[[], Item | None],
        count: Callable[[], int],
        is_over: Callable[[Item], bool],
        give_back: Callable[[Item], None],
    ) -> None:
        self._ask = ask
        self._count = count
        self._is_over = is_over
        self._give_back = give_back
        self._changed = threading.Condition()
        self._arrived: deque[tuple[float, Item]] = deque()
        self._troubles: deque[BaseException] = deque()
        self._threads: set[threading.Thread] = set()
        self._asking = 0
        self._waiting = 0
        self._interrupts = 0
        self._fresh_until = 0.0
        self._closed = False

    def look(self) -> Item | None:
        """A task that is there, or None: does not wait.

        SWF cannot be asked for that. It is asked how many tasks there are, and polled if there are any; while a poll is
        under way, what it has not brought is not there.
        """
        until = monotonic() + ANSWERED
        while True:
            with self._changed:
                item = self._next(lambda: self._asking == 0 or monotonic() >= self._fresh_until, until)
                if item is not None or self._asking or self._closed or monotonic() >= until:
                    return item
            if not self._count():
                return None
            with self._changed:
                if not self._asking:
                    self._fresh_until = monotonic() + ANSWERED
                    self._begin()

    def wait(self, seconds: float) -> Item | None:
        """A task that is there, or comes within so many seconds; None if there is none, or at an interrupt."""
        with self._changed:
            interrupts = self._interrupts
            self._waiting += 1
            try:
                return self._next(lambda: self._interrupts != interrupts, monotonic() + seconds, asking=True)
            finally:
                self._waiting -= 1

    def interrupt(self) -> None:
        """Those who wait now get None."""
        with self._changed:
            self._interrupts += 1
            self._changed.notify_all()

    def close(self, patience: float) -> None:
        """Wait until the polls under way have ended; give back what they bring."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
            threads = list(self._threads)
        until = monotonic() + patience
        for thread in threads:
            thread.join(max(0.0, until - monotonic()))

    def _next(self, is_enough: Callable[[], bool], until: float, *, asking: bool = False) -> Item | None:
        """What arrives first: a task, an error (raised), or a reason to stop. The lock is held."""
        while True:
            if self._arrived:
                at, item = self._arrived.popleft()
                self._changed.notify_all()
                if monotonic() - at < STALE or not self._is_over(item):
                    return item
                continue
            if self._troubles:
                raise self._troubles.popleft()
            left = until - monotonic()
            if self._closed or left <= 0 or is_enough():
                return None
            if asking and self._asking < self._waiting:
                self._begin()
            self._changed.wait(min(left, LOOK))

    def _begin(self) -> None:
        self._asking += 1
        # Not a daemon: at the end of the program it is waited for as well.
        thread = threading.Thread(target=self._serve, name="pyworkflow-swf-poll")
        self._threads.add(thread)
        thread.start()

    def _serve(self) -> None:
        try:
            item = self._ask()
        except BaseException as error:
            item = None
            self._end(error)
        else:
            self._end(None, item)
        if item is not None:
            self._keep(item)
        with self._changed:
            self._threads.discard(threading.current_thread())

    def _end(self, trouble: BaseException | None, item: Item | None = None) -> None:
        with self._changed:
            self._asking -= 1
            if item is not None:
                self._arrived.append((monotonic(), item))
            elif trouble is not None and (self._waiting or self._fresh_until > monotonic()):
                self._troubles.append(trouble)
            self._changed.notify_all()

    def _keep(self, item: Item) -> None:
        """Return when somebody has taken it; give it back when the object is closed, or the program ends."""
        with self._changed:
            while any(kept is item for _, kept in self._arrived):
                if self._closed or not threading.main_thread().is_alive():
                    self._arrived = deque(entry for entry in self._arrived if entry[1] is not item)
                    break
                self._changed.wait(LOOK)
            else:
                return
        self._give_back(item)
