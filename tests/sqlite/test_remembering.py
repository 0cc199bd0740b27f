"""What a connection remembers of rows, to read them once: never more than what is in the file."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from pyworkflow.engine.records import ProcessHead
from pyworkflow.engine.store import Transaction
from pyworkflow.event import utcnow
from pyworkflow.process import Process
from pyworkflow.sqlite import SQLiteBackend

Open = Callable[..., SQLiteBackend]


def head(backend: SQLiteBackend, key: int = 1) -> ProcessHead | None:
    return backend._store.transact(lambda transaction: transaction.head_by_key(key))


def reads(statements: list[str]) -> int:
    return sum("FROM process WHERE key = " in one for one in statements)


def test_a_row_is_read_once_as_long_as_nobody_else_writes(backend: SQLiteBackend, seen: object) -> None:
    backend.start_process(Process("Order", "p"))
    seen.clear()  # type: ignore[attr-defined]
    assert head(backend) == head(backend)
    assert reads(seen.statements) == 0  # type: ignore[attr-defined]


def test_what_another_writes_is_seen_at_once(open_backend: Open) -> None:
    here, there = open_backend(), open_backend()
    here.start_process(Process("Order", "p"))
    for number in range(2, 5):
        there.signal_process("p", "go")
        known = head(here)
        assert known is not None
        assert known.length == number


def test_what_was_undone_was_not(backend: SQLiteBackend) -> None:
    backend.start_process(Process("Order", "p"))
    before = head(backend)

    def fail(transaction: Transaction) -> None:
        assert before is not None
        transaction.save_process(before._replace(length=100))
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        backend._store.transact(fail)
    assert head(backend) == before


def test_what_was_pruned_is_gone(backend: SQLiteBackend) -> None:
    backend.start_process(Process("Order", "p"))
    backend.cancel_process("p")
    assert backend.prune(utcnow() + timedelta(days=1)) == 1
    assert head(backend) is None


def test_it_does_not_remember_more_and_more(backend: SQLiteBackend, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pyworkflow.sqlite.rows.MOST_HEADS", 10)
    for number in range(50):
        backend.start_process(Process("Order", str(number)))
    (connection,) = backend._store._idle  # type: ignore[attr-defined]
    assert len(connection.heads) <= 11
