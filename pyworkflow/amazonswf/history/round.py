"""A decision round: which decision tasks of Amazon SWF the workflow sees, and which came to nothing.

SWF asks for a decision more often than there is news: when a child has started, say. Such a task is `silent`: nothing
of it is in our history, and a poll answers it with no decisions. So is one that comes during the pause after a decision
that failed, since what arrives does not shorten that (D8).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from pyworkflow.event import DecisionFailedEvent, DecisionStartedEvent, DecisionTimedOutEvent, Event

LOST = "its worker was lost"
OVERTAKEN = "not applied: something arrived while the closing of the process was being decided"
LONGEST_PAUSE = 900  # seconds between two offers of a decision that fails; each costs five of 25,000 events


@dataclass
class Round:
    """As the history so far leaves it. Each method is told what happened, and returns the events that it means to us.

    `state` is idle, due or running, since `since`. `start` is the number of a decision_started that nothing in our
    history says came to nothing yet. `retry_at` is the end of a pause, while that lasts. `code` is that of
    the worker who has it, or who had it last.
    """

    state: str = "idle"
    since: datetime | None = None
    identity: str | None = None
    code: str | None = None
    news: bool = False  # something calls for a decision that no decision has seen
    silent: bool = False
    attempts: int = 0
    error: str | None = None
    failed_codes: tuple[str, ...] = ()
    start: int | None = None
    retry_at: datetime | None = None
    retry_timer: str | None = None
    _arrived: bool = False

    def called(self) -> None:
        """An event calls for a decision."""
        if self.state == "running":
            self._arrived = True
        else:
            self.news = True

    def scheduled(self, at: datetime) -> None:
        """A task waits for a worker; one that is scheduled while another runs is that which follows it."""
        if self.state != "running":
            self.state, self.since = "due", at

    def started(self, length: int, at: datetime, identity: str | None, code: str | None) -> list[Event]:
        """A worker has taken the task; our history had `length` events.

        A start that nothing followed serves again, but for code that it does not name and that has not failed yet.
        """
        self.state, self.since, self.identity, self._arrived = "running", at, identity, False
        self.silent = not self.news or self._pauses_for(code)
        if self.silent:
            return []
        same = code in (None, self.code, *self.failed_codes)
        self.code = code
        if self.start is not None and self.start == length and same:
            return []
        lost: list[Event] = []
        if self.start is not None:
            lost.append(DecisionFailedEvent(self.error or LOST, datetime=at))
        self.start = length + len(lost) + 1
        return [*lost, DecisionStartedEvent(identity, code, datetime=at)]

    def made(self) -> None:
        """The decision was made; or nothing was, in a silent one."""
        seen_all = not self.silent
        self._over(news=not seen_all and self.news)
        if seen_all:
            self._settle()

    def released(self) -> None:
        """It was given back."""
        self._over(news=True)
        self.error = self.error or LOST

    def failed(self, at: datetime, reason: str, traceback: str | None) -> list[Event]:
        """The workflow could not decide. Only the first time in a round is recorded (D8)."""
        if self.code is not None and self.code not in self.failed_codes:
            self.failed_codes = (*self.failed_codes, self.code)
        return self._came_to_nothing(DecisionFailedEvent(reason, traceback, datetime=at), reason)

    def timed_out(self, at: datetime, limit: int | None) -> list[Event]:
        """It did not come in time (D9)."""
        if self.silent:
            self._over(news=self.news)
            return []
        return self._came_to_nothing(DecisionTimedOutEvent(datetime=at), f"it did not come within {limit} s")

    def overtaken(self, at: datetime, reason: str) -> list[Event]:
        """It was not applied (D6); since it was made, the failures before it are over."""
        self._over(news=True)
        self._settle()
        return [DecisionFailedEvent(reason, datetime=at)]

    def pause(self) -> int:
        """Seconds to wait after the next failure."""
        return min(1 << min(self.attempts, 20), LONGEST_PAUSE)

    def _pauses_for(self, code: str | None) -> bool:
        other_code = code is not None and self.failed_codes and code not in self.failed_codes
        return self.retry_at is not None and not other_code

    def _came_to_nothing(self, event: Event, error: str) -> list[Event]:
        self._over(news=True)
        self.attempts, self.error = self.attempts + 1, error
        if self.attempts > 1:
            return []
        self.start = None
        return [event]

    def _over(self, *, news: bool) -> None:
        self.state, self.news, self._arrived = "idle", news or self._arrived, False

    def _settle(self) -> None:
        self.attempts, self.error, self.failed_codes, self.start = 0, None, (), None
