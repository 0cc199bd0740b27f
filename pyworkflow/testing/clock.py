"""A clock that stands still until it is moved."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from threading import Lock

START = datetime(2026, 1, 1, 12, 0, 0, 123_456, tzinfo=UTC)  # any moment would do; microseconds must not get lost


class Clock:
    """Give it to a backend as `clock=`, and time passes when a test says so.

    It begins at `start`, an aware time, or else at a moment that is the same in every run. Any number of threads may
    use it.
    """

    def __init__(self, start: datetime = START) -> None:
        if start.tzinfo is None:
            raise ValueError("start must be aware, such as datetime.now(timezone.utc)")
        self._now = start.astimezone(UTC)
        self._lock = Lock()

    def __call__(self) -> datetime:
        """The time: aware, in UTC."""
        return self._now

    def advance(self, seconds: float) -> None:
        """Let so many seconds pass. Negative ones put the clock back, as people and time servers do."""
        with self._lock:
            self._now += timedelta(seconds=seconds)

    def __reduce__(self) -> tuple[type[Clock], tuple[datetime]]:
        """Pickled, as for another process, it is a clock of its own that shows the same time."""
        return Clock, (self._now,)

    def __repr__(self) -> str:
        return f"Clock({self._now!r})"
