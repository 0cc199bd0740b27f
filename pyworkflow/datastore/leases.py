"""Leases: as lock files in a shared folder, as values that are renewed in a shared server, or of one process alone."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable
from pathlib import Path
from time import monotonic
from typing import Protocol
from uuid import uuid4

from pyworkflow.datastore.interface import Datastore, ForgettingDatastore, Key, LocalDatastore, Query, SharedDatastore
from pyworkflow.engine.leases import Leases
from pyworkflow.exceptions import BackendException

LEASES = Key("/lease")
RENEWAL = 2.0  # seconds between two renewals of a lease
SWEEPING = 5  # renewals from one sweep to the next
PATIENCE = 2.0  # seconds that a connection for renewals may hang: tried twice, it leaves time for the next renewal
DEAD_AFTER = 10.0  # seconds without one; with the looks of others it is found within 15

LOGGER = logging.getLogger("pyworkflow.datastore")


class LeaseKeeper(Protocol):
    """What a store asks of its leases."""

    def open(self, identity: str | None) -> str:
        """A new lease."""

    def is_alive(self, lease: str) -> bool:
        """Does it live?"""

    def count(self) -> int:
        """How many live."""

    def drop(self, lease: str) -> None:
        """It is over."""


def keeper_for(datastore: Datastore) -> LeaseKeeper:
    """The surest kind that the datastore allows."""
    if isinstance(datastore, LocalDatastore):
        return Leases(Path(datastore.folder) / "live")
    return RenewedLeases(datastore) if isinstance(datastore, SharedDatastore) else OwnLeases()


class OwnLeases:
    """Of one operating-system process: they live until they are dropped, and nobody outlives them."""

    def __init__(self) -> None:
        self._alive: set[str] = set()

    def open(self, identity: str | None) -> str:  # noqa: ARG002 - nobody else asks whose it is
        """A new lease."""
        lease = str(uuid4())
        self._alive.add(lease)
        return lease

    def is_alive(self, lease: str) -> bool:
        """Does it live?"""
        return lease in self._alive

    def count(self) -> int:
        """How many live."""
        return len(self._alive)

    def drop(self, lease: str) -> None:
        """It is over."""
        self._alive.discard(lease)


class RenewedLeases:
    """A value for each lease, which a thread of its process keeps changing.

    One whose value has not changed for a while, by the monotonic clock of who looks, is dead. No wall clocks are
    compared. Who was held up himself, and could not renew in time, judges nobody until he has looked for a while.
    Dead ones are swept away: by a datastore that forgets values when their time is over, or else by who lives.
    """

    def __init__(
        self, datastore: Datastore, clock: Callable[[], float] = monotonic, *, renewal: float = RENEWAL
    ) -> None:
        self._datastore = datastore
        self._clock = clock
        self._renewal = renewal
        self._lock = threading.Lock()  # of what follows, and never held while the datastore is asked
        self._own: dict[str, str] = {}  # identity by lease
        self._seen: dict[str, tuple[str, float]] = {}  # value, and when it was first seen, by lease
        self._renewed_at: float | None = None
        self._judges_from = float("-inf")
        self._renewals = 0
        self._thread: threading.Thread | None = None

    def open(self, identity: str | None) -> str:
        """A new lease, which a thread renews."""
        lease = str(uuid4())
        named = (identity or "").replace("\n", " ")
        self._put(lease, named, 0)
        with self._lock:
            self._own[lease] = named
            if self._thread is None:
                self._renewed_at = self._clock()
                self._thread = threading.Thread(target=self._keep_renewing, name="pyworkflow-lease", daemon=True)
                self._thread.start()
        return lease

    def is_alive(self, lease: str) -> bool:
        """Has its value changed lately, as far as is known here?"""
        if lease in self._own:
            return True
        value = self._datastore.get(LEASES.child(lease))
        with self._lock:
            return self._is_thought_alive(lease, value)

    def count(self) -> int:
        """How many live, as far as is known here. The others are swept away."""
        values = list(self._datastore.query(Query(LEASES)))
        leases = {value.split("\n")[0]: value for value in values}
        with self._lock:
            self._seen = {lease: seen for lease, seen in self._seen.items() if lease in leases}
            dead = [lease for lease, value in leases.items() if not self._is_thought_alive(lease, value)]
        for lease in dead:
            self._datastore.delete(LEASES.child(lease))
        return len(leases) - len(dead)

    def drop(self, lease: str) -> None:
        """It is over."""
        with self._lock:
            self._own.pop(lease, None)
            self._seen.pop(lease, None)
        self._datastore.delete(LEASES.child(lease))

    def close(self) -> None:
        """Renew none of them any more."""
        with self._lock:
            self._own.clear()

    def renew(self) -> None:
        """Change the values of all that are held here."""
        with self._lock:
            self._renewals += 1
            own = self._own.copy()
        for lease, identity in own.items():
            self._put(lease, identity, self._renewals)
            if lease not in self._own:  # it was dropped meanwhile
                self._datastore.delete(LEASES.child(lease))
        with self._lock:
            now = self._clock()
            self._forgive_if_late(now)
            self._renewed_at = now

        if self._renewals % SWEEPING == 0 and not isinstance(self._datastore, ForgettingDatastore):
            self.count()

    def _put(self, lease: str, identity: str, renewals: int) -> None:
        key, value = LEASES.child(lease), f"{lease}\n{identity}\n{os.getpid()} {renewals}"
        if isinstance(self._datastore, ForgettingDatastore):
            self._datastore.put_for(DEAD_AFTER, key, value)
        else:
            self._datastore.put(key, value)

    def _is_thought_alive(self, lease: str, value: str | None) -> bool:
        now = self._clock()
        self._forgive_if_late(now)
        if value is None:
            self._seen.pop(lease, None)
        elif lease not in self._seen or self._seen[lease][0] != value:
            self._seen[lease] = (value, now)
        if lease in self._own or now < self._judges_from:
            return True
        return value is not None and now - self._seen[lease][1] < DEAD_AFTER

    def _forgive_if_late(self, now: float) -> None:
        """Who was held up may have been so together with all others, and lets all of them live for a while."""
        if self._renewed_at is not None and now - self._renewed_at > 2 * RENEWAL:
            self._seen.clear()
            self._judges_from = now + DEAD_AFTER

    def _keep_renewing(self) -> None:
        stopped = threading.Event()
        while not stopped.wait(self._renewal):
            with self._lock:
                if not self._own:
                    self._thread = self._renewed_at = None
                    return
            try:
                self.renew()
            except BackendException as error:
                LOGGER.debug("the leases could not be renewed: %s", error)  # polls tell that the backend is away
            except Exception:
                LOGGER.exception("the leases could not be renewed")
