"""What every store promises to the rules: an operation is done whole, or not at all."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pyworkflow.datastore import FileSystemDatastore
from pyworkflow.datastore.leases import OwnLeases
from pyworkflow.datastore.store import DatastoreStore
from pyworkflow.decision import Timer
from pyworkflow.engine.records import ActivityRow, EventRecord, ProcessHead, Start, TimerRow
from pyworkflow.engine.store import Store, Transaction
from pyworkflow.memory.store import MemoryStore
from pyworkflow.sqlite.store import SQLiteStore

NOW = 1_000_000
FAR = 10**15
HEAD = ProcessHead(
    key=0,
    id="p",
    run=1,
    root="p",
    workflow="Order",
    category="default",
    parent=None,
    child_policy=None,
    timeout=FAR,
    decision_timeout=FAR,
    started_at=NOW,
    timeout_at=FAR,
    last_at=NOW,
    decision="due",
    decision_at=NOW,
)
CHILD = HEAD._replace(id="c", root="p", parent="p")
EVENT = EventRecord("process_started", NOW, "{}")


def activity(process: int, id: str) -> ActivityRow:
    return ActivityRow(0, process, id, "Pay", "null", "default", FAR, FAR, FAR, True, since=NOW, deadline=FAR)


def begin(transaction: Transaction) -> None:
    """A process with an activity, a timer and an event."""
    key = transaction.add_process(HEAD, Start("null", ("t",)))
    transaction.append(key, 1, [EVENT])
    transaction.add_activity(activity(key, "1"))
    transaction.add_timer(TimerRow(0, key, FAR - 1, Timer(1)))


# Each changes what `begin` left: the process has key 1 in every store.
CHANGES: dict[str, Callable[[Transaction], object]] = {
    "add_process": lambda transaction: transaction.add_process(CHILD, Start("1", ("u",))),
    "add a second run": lambda transaction: transaction.add_process(HEAD._replace(run=2), Start("1", ())),
    "save_process": lambda transaction: transaction.save_process(
        HEAD._replace(key=1, status="completed", decision="idle", decision_at=None, length=7)
    ),
    "lease a process": lambda transaction: transaction.save_process(
        HEAD._replace(key=1, decision="running", lease="l")
    ),
    "append": lambda transaction: transaction.append(1, 2, [EVENT, EVENT]),
    "add_activity": lambda transaction: transaction.add_activity(activity(1, "2")),
    "save_activity": lambda transaction: transaction.save_activity(
        transaction.activities(1)[0]._replace(state="running", lease="l", deadline=5)
    ),
    "drop_activity": lambda transaction: transaction.drop_activity(transaction.activities(1)[0].key),
    "add_timer": lambda transaction: transaction.add_timer(TimerRow(0, 1, 5, Timer(2))),
    "drop_timer": lambda transaction: transaction.drop_timer(transaction.timers(1)[0].key),
    "withdraw": lambda transaction: transaction.withdraw(1),
    "forget": lambda transaction: transaction.forget("p"),
}


class BrokenOff(Exception):
    """What the operations of these tests end with."""


STORES: dict[str, Callable[[Path], Store]] = {
    "memory": lambda _: MemoryStore(),
    "sqlite": lambda folder: SQLiteStore(folder / "store.db", "normal"),
    "datastore": lambda folder: DatastoreStore(FileSystemDatastore(folder / "store"), OwnLeases),
}


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    store = STORES[request.param](tmp_path)
    store.transact(begin)
    yield store
    store.close()


def state(store: Store) -> list[object]:
    """All that can be seen of what these tests change."""

    def look(transaction: Transaction) -> list[object]:
        heads = [transaction.head("p", 1), transaction.head("p"), transaction.head("c"), transaction.head_by_key(1)]
        work = [
            list(transaction.activities(1)),
            list(transaction.timers(1)),
            list(transaction.next_activities("default", None, None, 9)),
        ]
        due = [
            list(transaction.next_decisions("default", FAR, None, None, None, 9)),
            transaction.next_due(),
            transaction.next_offer(0),
        ]
        held = [sorted(transaction.leases()), [list(rows) for rows in transaction.held("l")]]
        listed = [list(transaction.keys(None, None, None, 0, 9)), list(transaction.open_children("p"))]
        return [
            heads,
            work,
            due,
            held,
            listed,
            list(transaction.history(1, 0, 9)),
            list(transaction.events(None, 0, 9)),
        ]

    return store.read(look)


@pytest.mark.parametrize("change", CHANGES)
def test_what_an_operation_changed_stays_when_it_ends_well(store: Store, change: str) -> None:
    before = state(store)
    store.transact(CHANGES[change])
    assert state(store) != before


@pytest.mark.parametrize("change", CHANGES)
def test_what_an_operation_changed_is_put_back_when_it_raises(store: Store, change: str) -> None:
    def operation(transaction: Transaction) -> None:
        CHANGES[change](transaction)
        raise BrokenOff

    before = state(store)
    with pytest.raises(BrokenOff):
        store.transact(operation)
    assert state(store) == before


def test_of_many_changes_in_one_operation_all_are_put_back(store: Store) -> None:
    def operation(transaction: Transaction) -> None:
        for change in (
            "add_process",
            "append",
            "save_activity",
            "add_activity",
            "add_timer",
            "save_process",
            "withdraw",
        ):
            CHANGES[change](transaction)
        raise BrokenOff

    before = state(store)
    with pytest.raises(BrokenOff):
        store.transact(operation)
    assert state(store) == before
    store.transact(CHANGES["add_activity"])
    assert len(store.read(lambda transaction: transaction.activities(1))) == 2


def test_an_operation_sees_its_own_changes(store: Store) -> None:
    def operation(transaction: Transaction) -> tuple[int, int, bool]:
        for change in ("append", "add_activity", "drop_timer"):
            CHANGES[change](transaction)
        found = transaction.history(1, 0, 9), transaction.activities(1), transaction.timers(1)
        return len(found[0]), len(found[1]), bool(found[2])

    assert store.transact(operation) == (3, 2, False)


def test_what_is_due_is_known_again_after_an_operation_that_was_put_back(store: Store) -> None:
    def operation(transaction: Transaction) -> None:
        assert transaction.is_due(FAR)
        CHANGES["withdraw"](transaction)
        assert not transaction.is_due(FAR - 1)
        raise BrokenOff

    assert store.transact(lambda transaction: transaction.is_due(FAR))
    with pytest.raises(BrokenOff):
        store.transact(operation)
    assert store.transact(lambda transaction: transaction.is_due(FAR - 1))


def test_what_becomes_due_sooner_is_known_at_once(store: Store) -> None:
    assert not store.transact(lambda transaction: transaction.is_due(FAR // 2))

    def operation(transaction: Transaction) -> bool:
        CHANGES["add_timer"](transaction)
        return transaction.is_due(FAR // 2)

    assert store.transact(operation)
