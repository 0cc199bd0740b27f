"""The seam that a new database fills: it keeps rows and knows no rules."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import TypeVar

from pyworkflow.backend import Query, Summary
from pyworkflow.engine.records import (
    ActivityRow,
    Due,
    EventRecord,
    ProcessHead,
    Start,
    StoredEvent,
    TimerRow,
)

Result = TypeVar("Result")


class Transaction(ABC):
    """What an operation can see and change. It sees its own changes; it is committed whole, or not at all.

    Keys are the store's own integers, above 0, and rise in the order in which rows were added.
    """

    # --- looking ---

    @abstractmethod
    def head(self, process_id: str, run: int | None = None) -> ProcessHead | None:
        """That run of the process, the newest if None is given; None if there is none."""

    @abstractmethod
    def head_by_key(self, key: int) -> ProcessHead | None:
        """The run with this key; None if there is none."""

    @abstractmethod
    def start(self, key: int) -> Start:
        """What this run was started with."""

    @abstractmethod
    def history(self, key: int, after: int, length: int) -> Sequence[EventRecord]:
        """The first `length` events of this run, in order, without the first `after`."""

    @abstractmethod
    def activity(self, key: int) -> ActivityRow | None:
        """The open activity with this key."""

    @abstractmethod
    def activities(self, process: int, ids: Iterable[str] | None = None) -> Sequence[ActivityRow]:
        """The open activities of a run, oldest first: all, or those with these ids."""

    @abstractmethod
    def timer(self, key: int) -> TimerRow:
        """The open timer with this key, which exists."""

    @abstractmethod
    def timers(self, process: int) -> Sequence[TimerRow]:
        """The open timers of a run, oldest first."""

    @abstractmethod
    def open_children(self, process_id: str) -> Sequence[ProcessHead]:
        """The open processes that this one is the parent of, oldest first."""

    @abstractmethod
    def next_decisions(
        self, category: str, now: int, code: str | None, root: str | None, names: Collection[str] | None, most: int
    ) -> Sequence[ProcessHead]:
        """At most so many runs whose decisions have been due longest.

        That is `decision_at <= now`. If there is none, and `code` is given, one that is due at any time, whose
        `failed_codes` are some, but not this one. With `root` only those of this root, with `names` only of these
        workflows.
        """

    @abstractmethod
    def next_activities(
        self, category: str, root: str | None, names: Collection[str] | None, most: int
    ) -> Sequence[ActivityRow]:
        """At most so many waiting activities, with the lowest keys; with `root` only of processes of this root, with
        `names` only these activities."""

    @abstractmethod
    def next_due(self) -> Due | None:
        """What is due first: the earliest of open timers' `due_at`, open activities' `deadline`, running decisions'
        `decision_deadline` and open processes' `timeout_at`."""

    def is_due(self, now: int) -> bool:
        """Is anything due by then? As `next_due` tells; a store may know it sooner."""
        due = self.next_due()
        return due is not None and due.at <= now

    @abstractmethod
    def next_offer(self, after: int) -> int | None:
        """The earliest `decision_at` above `after` of the decisions that are due."""

    @abstractmethod
    def leases(self) -> Sequence[str]:
        """The leases that hold a running decision or activity."""

    @abstractmethod
    def held(self, lease: str) -> tuple[Sequence[ProcessHead], Sequence[ActivityRow]]:
        """The running decisions and activities that this lease holds."""

    # --- listing ---

    @abstractmethod
    def summaries(self, query: Query, before: int | None, limit: int) -> Sequence[tuple[int, Summary]]:
        """Runs with their keys, newest first, those with a key below `before` (all if None), at most `limit`."""

    @abstractmethod
    def keys(self, workflow: str | None, tag: str | None, status: str | None, after: int, limit: int) -> Sequence[int]:
        """The keys above `after` of such runs, oldest first. `status` as in Query."""

    @abstractmethod
    def events(self, process_id: str | None, after: int, limit: int) -> Sequence[StoredEvent]:
        """The events with a seq above `after`, in order; of one process (all its runs) or of all."""

    @abstractmethod
    def closed_before(self, before: int, limit: int) -> Sequence[str]:
        """The ids of at most `limit` processes whose newest run closed before then, in any order."""

    # --- changing ---

    @abstractmethod
    def add_process(self, head: ProcessHead, start: Start) -> int:
        """A new run; its key."""

    @abstractmethod
    def save_process(self, head: ProcessHead) -> None:
        """The run as it is now."""

    @abstractmethod
    def append(self, process: int, first_number: int, events: Sequence[EventRecord]) -> None:
        """More history for this run, numbered from `first_number`."""

    @abstractmethod
    def add_activity(self, row: ActivityRow) -> None:
        """A new open activity; the store gives it a key."""

    @abstractmethod
    def save_activity(self, row: ActivityRow) -> None:
        """The activity as it is now."""

    @abstractmethod
    def drop_activity(self, key: int) -> None:
        """It is over."""

    @abstractmethod
    def add_timer(self, row: TimerRow) -> None:
        """A new open timer; the store gives it a key."""

    @abstractmethod
    def drop_timer(self, key: int) -> None:
        """It is over."""

    @abstractmethod
    def withdraw(self, process: int) -> None:
        """All open activities and timers of this run are over."""

    @abstractmethod
    def forget(self, process_id: str) -> None:
        """All runs of a closed process, and all that is kept of them, are gone. No later event gets a seq of theirs."""


class Store(ABC):
    """Keeps the rows, shares them between threads (and processes, where it says so), and wakes who waits for work."""

    @abstractmethod
    def transact(self, operation: Callable[[Transaction], Result]) -> Result:
        """Run the operation on a transaction and commit; what it raises undoes it.

        It may be run again when the store was busy or lost a race: it must not depend on how often.
        """

    @abstractmethod
    def read(self, operation: Callable[[Transaction], Result]) -> Result:
        """Run an operation that only looks, on one consistent state."""

    @abstractmethod
    def ticket(self, topic: str) -> int:
        """A number to give to `wait`, drawn before looking for work."""

    @abstractmethod
    def wait(self, topic: str, ticket: int, timeout: float) -> None:
        """Return when the topic was rung since the ticket was drawn, or after `timeout` seconds; perhaps earlier."""

    @abstractmethod
    def ring(self, topics: Sequence[str]) -> None:
        """Wake one that waits for each topic named, a topic named twice two of them, wherever they are."""

    @abstractmethod
    def interrupt(self) -> None:
        """Wake all that wait through this object."""

    @abstractmethod
    def open_lease(self, identity: str | None) -> str:
        """A new lease, which lives until it is dropped or this operating-system process dies."""

    @abstractmethod
    def is_alive(self, lease: str) -> bool:
        """Does the lease still live?"""

    @abstractmethod
    def live_leases(self) -> int:
        """How many leases live."""

    @abstractmethod
    def drop_lease(self, lease: str) -> None:
        """It is over; so is what the store kept of it."""

    @abstractmethod
    def close(self) -> None:
        """Let go of everything. Closing twice does nothing."""
