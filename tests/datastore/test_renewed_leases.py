"""Leases that are renewed: one whose value does not change is dead, unless who looks was held up himself."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import Queue

import pytest
from redis import Redis

from pyworkflow.datastore import DatastoreBackend, DictDatastore, Key, Query, RedisDatastore
from pyworkflow.datastore.leases import DEAD_AFTER, LEASES, RENEWAL, RenewedLeases


class Time:
    """A monotonic clock that a test moves."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


class Judge:
    """A process that holds a lease, and looks at that of another, which is `other`."""

    def __init__(self) -> None:
        self._time = Time()
        self._datastore = DictDatastore()
        self._leases = RenewedLeases(self._datastore, self._time)
        self._own = self._leases.open("judge")
        self._renewals = 0
        self.other_renews()

    def other_renews(self) -> None:
        self._renewals += 1
        self._datastore.put(LEASES.child("other"), f"other\nsomebody\n1 {self._renewals}")

    def renews(self) -> None:
        self._leases.renew()

    def passes(self, seconds: float) -> None:
        self._time.now += seconds

    def waits_in_time(self, seconds: float) -> None:
        """Renewing its own lease in time."""
        while seconds > 0:
            self.passes(min(seconds, RENEWAL))
            self.renews()
            seconds -= RENEWAL

    def sees_other(self) -> bool:
        return self._leases.is_alive("other")

    def counts(self) -> int:
        return self._leases.count()

    def keys(self) -> set[str]:
        return {value.split("\n")[0] for value in self._datastore.query(Query(LEASES))}

    def ends(self) -> None:
        self._leases.drop(self._own)


@pytest.fixture
def judge() -> Iterator[Judge]:
    judge = Judge()
    yield judge
    judge.ends()


def test_who_stops_renewing_is_dead_after_a_while_and_not_before(judge: Judge) -> None:
    assert judge.sees_other()
    judge.waits_in_time(DEAD_AFTER - RENEWAL)
    assert judge.sees_other()
    assert judge.counts() == 2
    judge.waits_in_time(RENEWAL)
    assert not judge.sees_other()
    assert judge.counts() == 1


def test_who_renews_lives_on_however_seldom_others_look(judge: Judge) -> None:
    assert judge.sees_other()
    judge.waits_in_time(5 * DEAD_AFTER)
    judge.other_renews()
    assert judge.sees_other()


def test_a_lease_that_is_gone_is_dead_and_ones_own_lives(judge: Judge) -> None:
    judge._leases.drop("other")
    assert not judge.sees_other()
    judge.passes(5 * DEAD_AFTER)
    assert judge._leases.is_alive(judge._own)


def held_up(judge: Judge) -> None:
    """It looks before it has renewed its own lease again."""
    judge.passes(5 * DEAD_AFTER)


def held_up_and_renewed(judge: Judge) -> None:
    """It looks after it has."""
    judge.passes(5 * DEAD_AFTER)
    judge.renews()


@pytest.mark.parametrize("late", [held_up, held_up_and_renewed])
def test_who_renewed_late_judges_nobody_for_a_full_lease(judge: Judge, late: Callable[[Judge], None]) -> None:
    assert judge.sees_other()
    late(judge)
    assert judge.sees_other()
    judge.renews()
    assert judge.sees_other()
    judge.waits_in_time(DEAD_AFTER - RENEWAL)
    assert judge.sees_other()
    judge.waits_in_time(RENEWAL)
    assert not judge.sees_other()


def test_who_renewed_late_takes_nobody_for_dead_whose_value_is_gone(judge: Judge) -> None:
    """A datastore that was away for long has forgotten all values, and who lives has not yet set his again."""
    assert judge.sees_other()
    judge._leases.drop("other")
    held_up_and_renewed(judge)
    assert judge.sees_other()
    judge.waits_in_time(DEAD_AFTER)
    assert not judge.sees_other()


def test_the_values_of_the_dead_are_swept_away_by_who_lives_on(judge: Judge) -> None:
    judge.waits_in_time(DEAD_AFTER)
    assert judge.keys() == {"other", judge._own}
    judge.waits_in_time(DEAD_AFTER)
    assert judge.keys() == {judge._own}


class Forgetting(DictDatastore):
    """Remembers how long it may keep what."""

    def __init__(self) -> None:
        super().__init__()
        self.kept: list[float] = []

    def put_for(self, seconds: float, key: Key, value: str) -> None:
        self.kept.append(seconds)
        self.put(key, value)


def test_a_datastore_that_can_forget_keeps_a_lease_until_it_is_dead() -> None:
    datastore = Forgetting()
    leases = RenewedLeases(datastore)
    lease = leases.open("worker")
    leases.renew()
    assert datastore.kept == [DEAD_AFTER, DEAD_AFTER]
    leases.drop(lease)


def test_redis_forgets_the_lease_of_who_is_killed(redis_socket: Path, tmp_path: Path) -> None:
    with Redis(unix_socket_path=str(redis_socket)) as client:
        leases = RenewedLeases(RedisDatastore(client, prefix=f"{tmp_path.name}:"))
        lease = leases.open("worker")
        assert 0 < client.pttl(f"{tmp_path.name}:lease/{lease}") <= DEAD_AFTER * 1000
        leases.drop(lease)


class Troubled(DictDatastore):
    """Tells when a value is put, and lets it fail if there is trouble."""

    def __init__(self) -> None:
        super().__init__()
        self.troubles: list[Exception] = []
        self.puts: Queue[None] = Queue()

    def put(self, key: Key, value: str) -> None:
        self.puts.put(None)
        if self.troubles:
            raise self.troubles.pop()
        super().put(key, value)


def test_renewals_go_on_whatever_one_of_them_raises(caplog: pytest.LogCaptureFixture) -> None:
    datastore = Troubled()
    leases = RenewedLeases(datastore, renewal=0.001)
    lease = leases.open("worker")
    datastore.troubles = [OSError("a moment of trouble")]
    for _ in range(4):
        datastore.puts.get(timeout=30)
    assert "a moment of trouble" in caplog.text
    leases.drop(lease)


def test_a_lease_that_cannot_be_opened_is_not_held() -> None:
    datastore = Troubled()
    leases = RenewedLeases(datastore)
    datastore.troubles = [OSError("a moment of trouble")]
    with pytest.raises(OSError, match="a moment of trouble"):
        leases.open("worker")
    leases.renew()
    assert leases.count() == 0


class Hanging(DictDatastore):
    """Answers nothing that is put, once `hangs` is set, until `goes_on` is."""

    def __init__(self) -> None:
        super().__init__()
        self.hangs, self.hanging, self.goes_on = threading.Event(), threading.Event(), threading.Event()

    def put(self, key: Key, value: str) -> None:
        if self.hangs.is_set():
            self.hanging.set()
            self.goes_on.wait()
        super().put(key, value)


def test_a_renewal_that_hangs_holds_nobody_up_and_does_not_bring_back_what_was_dropped() -> None:
    datastore = Hanging()
    leases = RenewedLeases(datastore, renewal=0.001)
    lease = leases.open("worker")
    datastore.hangs.set()
    assert datastore.hanging.wait(30)
    with ThreadPoolExecutor() as threads:
        try:
            assert threads.submit(leases.is_alive, lease).result(10)
            assert threads.submit(leases.count).result(10) == 1
            threads.submit(leases.drop, lease).result(10)
            renewing = leases._thread
        finally:
            datastore.goes_on.set()
    assert renewing is not None
    renewing.join(30)
    assert leases.count() == 0


class Shared(DictDatastore):
    """One of which a backend thinks that processes share it."""

    def commit(self, *_: object) -> bool:
        raise AssertionError


def test_who_is_closed_renews_no_leases() -> None:
    datastore = Shared()
    backend = DatastoreBackend(datastore)
    backend.lease("worker")
    leases = backend._leases
    assert isinstance(leases, RenewedLeases)
    before = list(datastore.query(Query(LEASES)))
    backend.close()
    leases.renew()
    assert list(datastore.query(Query(LEASES))) == before
