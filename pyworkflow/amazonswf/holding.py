"""What this object has handed out and not seen the end of: Amazon SWF cannot be asked for it."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass

from pyworkflow.amazonswf.history import Story
from pyworkflow.amazonswf.tokens import Token
from pyworkflow.task import ActivityTask, DecisionTask

MOST = 10_000  # tasks; of those that others end we never hear


@dataclass
class Held:
    """A task: with the story up to it, if it is a decision; `details` are those of the last heartbeat."""

    task: DecisionTask | ActivityTask
    token: Token
    story: Story | None = None
    lease: str | None = None
    handed_off: bool = False
    details: str | None = None


class Holding:
    """Any number of threads may use it. Tasks go by the text of their tokens."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held: OrderedDict[str, Held] = OrderedDict()
        self._activities: dict[tuple[str, int], str] = {}  # by run and number of the event that started them

    def add(self, held: Held) -> None:
        """It is handed out."""
        with self._lock:
            self._held[held.token.text] = held
            if held.token.kind == "activity":
                self._activities[held.token.run_id, held.token.started_id] = held.token.text
            if len(self._held) > MOST:
                self._forget(self._held.popitem(last=False)[1])

    def get(self, token: Token) -> Held | None:
        """What is known of it."""
        return self._held.get(token.text)

    def activity(self, run_id: str, started_id: int | None) -> Held | None:
        """The activity that this event started."""
        text = self._activities.get((run_id, started_id or 0))
        return None if text is None else self._held.get(text)

    def end(self, token: Token) -> None:
        """It is over."""
        with self._lock:
            held = self._held.pop(token.text, None)
            if held is not None:
                self._forget(held)

    def of_lease(self, lease: str) -> list[Held]:
        """What a lease holds."""
        with self._lock:
            return [held for held in self._held.values() if held.lease == lease]

    def _forget(self, held: Held) -> None:
        self._activities.pop((held.token.run_id, held.token.started_id), None)
