"""Leases that are renewed: one whose value does not change is dead, unless who looks was held up himself."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from pyworkflow.datastore import DictDatastore
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
        self._leases.drop(self._leases.open("one more"))  # all that are held are renewed with it

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
