"""A commit is whole or not at all, whenever its process dies, and done once, whatever its process is told."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from time import monotonic

import pytest

from pyworkflow import Process
from pyworkflow.datastore import Datastore, DatastoreBackend, DictDatastore, FileSystemDatastore, Key, store
from pyworkflow.datastore.interface import Writes
from pyworkflow.datastore.journal import REMEMBERED
from pyworkflow.datastore.leases import OwnLeases
from pyworkflow.decision import CompleteProcess, StartChildProcess
from pyworkflow.event import Event, ProcessStartedEvent, SignalEvent
from pyworkflow.exceptions import BackendException, BackendUnavailableException, UnknownProcessException
from pyworkflow.signal import Signal


class Died(BaseException):
    """Nobody catches it."""


class Doomed(FileSystemDatastore):
    """Dies in the midst of a commit, when `after` of its writes are done."""

    after: int | None = None

    def commit(self, guard: Key, expected: str | None, writes: Writes) -> bool:
        if self.after is None:
            return super().commit(guard, expected, writes)
        super().commit(guard, expected, writes[: self.after])
        raise Died


class Overtaken(FileSystemDatastore):
    """Does what follows its next commit, and then lets the caller hear, or see, that the commit was not done."""

    then: Callable[[], object] | None = None
    error: Exception | None = None

    def commit(self, guard: Key, expected: str | None, writes: Writes) -> bool:
        done = super().commit(guard, expected, writes)
        if self.then is None:
            return done
        then, self.then = self.then, None
        then()
        if self.error is not None:
            raise self.error
        return False


def on(datastore: Datastore) -> DatastoreBackend:
    backend = DatastoreBackend(datastore)
    backend.register_workflow("Order")
    return backend


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "store"


def documents(folder: Path) -> set[str]:
    return {file.stem for file in (folder / "process").glob("*.obj")}


def histories(folder: Path) -> dict[str | None, list[Event]]:
    """By id, as a process reads them that has just begun."""
    with on(FileSystemDatastore(folder)) as backend:
        return {process.id: process.history for process in backend.processes(status=None)}


@pytest.mark.parametrize("written", range(4))
def test_who_dies_in_a_commit_has_done_all_of_it_or_nothing(folder: Path, written: int) -> None:
    """Three writes: the journal, and the documents of a parent and its child."""
    datastore = Doomed(folder)
    backend = on(datastore)
    backend.start_process(Process("Order", "parent"))
    task = backend.poll_decision_task()
    assert task is not None
    datastore.after = written
    with pytest.raises(Died):
        backend.complete_decision_task(task, [StartChildProcess(Process("Order", "child")), CompleteProcess("done")])
    found = histories(folder)
    if written == 0:
        assert [event.type for event in found["parent"]] == ["process_started", "decision_started"]
        assert list(found) == ["parent"]
    else:
        assert [event.type for event in found["parent"]][2:] == ["decision", "decision"]
        assert found["child"] == [ProcessStartedEvent()]


def test_the_next_commit_writes_what_the_one_before_left_undone(folder: Path) -> None:
    datastore = Doomed(folder)
    datastore.after = 1
    with pytest.raises(Died):
        on(datastore).start_process(Process("Order", "first"))
    assert documents(folder) == set()
    with on(FileSystemDatastore(folder)) as backend:
        assert [process.id for process in backend.processes()] == ["first"]
        assert documents(folder) == set()  # who reads writes nothing
        backend.start_process(Process("Order", "second"))
        assert documents(folder) == {"first", "second"}
    assert set(histories(folder)) == {"first", "second"}


@pytest.mark.parametrize(("written", "second"), [(0, False), (1, False), (2, True), (3, True)])
def test_who_dies_while_he_writes_what_another_left_undone_leaves_it_to_the_next(
    folder: Path, written: int, *, second: bool
) -> None:
    for name, after in (("first", 1), ("second", written)):
        datastore = Doomed(folder)
        datastore.after = after
        with pytest.raises(Died):
            on(datastore).start_process(Process("Order", name))
    assert set(histories(folder)) == {"first", *(["second"] if second else [])}


def test_a_process_that_was_to_be_forgotten_when_its_process_died_is_gone(folder: Path) -> None:
    datastore = Doomed(folder)
    backend = on(datastore)
    backend.start_process(Process("Order", "p"))
    backend.cancel_process("p")
    (cancelled,) = backend.processes(status="closed")
    datastore.after = 1
    with pytest.raises(Died):
        backend.prune(cancelled.history[-1].datetime.replace(year=9999))
    assert documents(folder) == {"p"}
    with on(FileSystemDatastore(folder)) as backend, pytest.raises(UnknownProcessException):
        backend.process_by_id("p")


@pytest.mark.parametrize("error", [BackendException("the answer was lost"), None])
def test_a_commit_that_was_done_and_followed_by_others_is_not_done_again(folder: Path, error: Exception | None) -> None:
    datastore = Overtaken(folder)
    datastore.error = error
    with on(datastore) as backend, on(FileSystemDatastore(folder)) as other:
        backend.start_process(Process("Order", "p"))
        datastore.then = lambda: other.signal_process("p", "two")
        backend.signal_process("p", "one")
        assert backend.process_by_id("p").history[1:] == [SignalEvent(Signal("one")), SignalEvent(Signal("two"))]


def test_who_has_missed_more_than_the_journal_remembers_reads_everything_anew(folder: Path) -> None:
    with on(FileSystemDatastore(folder)) as idle, on(FileSystemDatastore(folder)) as busy:
        idle.start_process(Process("Order", "mine"))
        for number in range(250):
            busy.start_process(Process("Order", f"p{number}"))
        assert len(list(idle.processes())) == 251
        idle.signal_process("p0", "go")
        assert busy.process_by_id("p0").history[-1] == SignalEvent(Signal("go"))


def test_a_store_that_lost_its_journal_goes_on_from_its_documents(folder: Path) -> None:
    with on(FileSystemDatastore(folder)) as backend:
        for name in ("first", "second"):
            backend.start_process(Process("Order", name, f"for {name}"))
    (folder / "journal.obj").unlink()
    with on(FileSystemDatastore(folder)) as backend:
        backend.start_process(Process("Order", "third", "for third"))
        backend.signal_process("first", "go")
    with on(FileSystemDatastore(folder)) as backend:
        found = {process.id: (process.input, len(process.history)) for process in backend.processes()}
        assert found == {"first": ("for first", 2), "second": ("for second", 1), "third": ("for third", 1)}
        assert [one.process_id for one in backend.events()] == ["first", "second", "third", "first"]


def test_a_store_that_is_emptied_beside_a_process_is_empty_to_it(folder: Path) -> None:
    with on(FileSystemDatastore(folder)) as backend:
        backend.start_process(Process("Order", "lost"))
        shutil.rmtree(folder)
        with pytest.raises(UnknownProcessException):
            backend.signal_process("lost", "go")
        backend.start_process(Process("Order", "new"))
    assert set(histories(folder)) == {"new"}


def test_who_saw_commits_that_the_store_has_lost_overwrites_nothing(folder: Path) -> None:
    """As after the failover of a server: the store is a commit older than a process, and another commits."""
    earlier = folder.with_name("earlier")
    with on(FileSystemDatastore(folder)) as backend, on(FileSystemDatastore(folder)) as other:
        other.start_process(Process("Order", "p"))
        shutil.copytree(folder, earlier)
        other.signal_process("p", "lost")
        assert len(backend.process_by_id("p").history) == 2
        shutil.rmtree(folder)
        earlier.rename(folder)
        with on(FileSystemDatastore(folder)) as newer:
            newer.signal_process("p", "acknowledged")
        backend.signal_process("p", "mine")
    assert histories(folder)["p"][1:] == [SignalEvent(Signal("acknowledged")), SignalEvent(Signal("mine"))]


class Hidden(Overtaken):
    """Of which no journal can be read for a while, after the answer to a commit was lost."""

    away = 0

    def get(self, key: Key) -> str | None:
        if self.away > 0:
            self.away -= 1
            raise BackendUnavailableException("away")
        return super().get(key)


def hidden(folder: Path, away: int) -> Hidden:
    datastore = Hidden(folder)

    def hide() -> None:
        datastore.away = away

    datastore.then = hide
    return datastore


def test_who_lost_an_answer_waits_a_little_for_the_datastore_to_tell_whether_it_was_done(folder: Path) -> None:
    with on(hidden(folder, 2)) as backend:
        backend.start_process(Process("Order", "p"))
    assert set(histories(folder)) == {"p"}


def test_an_outcome_that_stays_unknown_is_told_as_such(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "PATIENCE", 0.1)
    datastore = hidden(folder, 1000)
    with on(datastore) as backend:
        with pytest.raises(BackendException, match="whether the call was done is not known") as raised:
            backend.start_process(Process("Order", "p"))
        assert not isinstance(raised.value, BackendUnavailableException)  # which means that it was not done
        datastore.away = 0
        assert [process.id for process in backend.processes()] == ["p"]


def test_what_was_not_done_at_all_counts_as_unavailable(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "PATIENCE", 0.1)
    datastore = hidden(folder, 1000)
    datastore.error = BackendUnavailableException("locked")
    with on(datastore) as backend, pytest.raises(BackendUnavailableException, match="locked"):
        backend.start_process(Process("Order", "p"))


@pytest.mark.parametrize("error", [BackendException("the answer was lost"), None])
def test_a_commit_that_the_journal_does_not_remember_is_not_done_again(folder: Path, error: Exception | None) -> None:
    datastore = Overtaken(folder)
    datastore.error = error
    with on(datastore) as backend, on(FileSystemDatastore(folder)) as other:
        backend.start_process(Process("Order", "p"))
        datastore.then = lambda: [other.signal_process("p", "other") for _ in range(REMEMBERED)]
        with pytest.raises(BackendException, match="whether the call was done is not known"):
            backend.signal_process("p", "mine")
        assert backend.process_by_id("p").history[1:].count(SignalEvent(Signal("mine"))) == 1


class Interrupted(DictDatastore):
    """Of one process; before the write of this number, counted from one, somebody presses Ctrl-C."""

    at = 0

    def put(self, key: Key, value: str) -> None:
        self.at -= 1
        if self.at == 0:
            raise KeyboardInterrupt
        super().put(key, value)


@pytest.mark.parametrize("at", [1, 2, 3])
def test_who_was_interrupted_in_a_commit_goes_on_with_what_was_done(at: int) -> None:
    """Three writes: the journal, and the documents of a parent and its child."""
    datastore = Interrupted()
    with on(datastore) as backend:
        backend.start_process(Process("Order", "parent"))
        task = backend.poll_decision_task()
        assert task is not None
        datastore.at = at
        with pytest.raises(KeyboardInterrupt):
            backend.complete_decision_task(task, StartChildProcess(Process("Order", "child")))
        expected = {"parent"} if at == 1 else {"parent", "child"}
        assert {process.id for process in backend.processes()} == expected
        backend.start_process(Process("Order", "later"))
    with on(datastore) as backend:
        assert {process.id for process in backend.processes()} == {*expected, "later"}


def test_a_journal_stays_small_however_long_the_ids_are(folder: Path) -> None:
    long = "i" * 10_000
    with on(FileSystemDatastore(folder)) as idle, on(FileSystemDatastore(folder)) as busy:
        idle.start_process(Process("Order", long))
        for _ in range(50):
            busy.signal_process(long, "go")
        busy.start_process(Process("Order", "short"))
        assert (folder / "journal.obj").stat().st_size < 100_000
        assert len(idle.process_by_id(long).history) == 51
        idle.signal_process(long, "go")
        assert len(busy.process_by_id(long).history) == 52


def test_a_commit_of_more_ids_than_the_journal_names_is_followed_and_done_once(folder: Path) -> None:
    huge = "i" * 100_000
    datastore = Overtaken(folder)
    with on(datastore) as backend, on(FileSystemDatastore(folder)) as other:
        other.start_process(Process("Order", "small"))
        datastore.then = lambda: other.signal_process("small", "two")
        backend.start_process(Process("Order", huge))
        backend.signal_process(huge, "go")
        assert len(other.process_by_id(huge).history) == 2
        assert len(backend.process_by_id("small").history) == 2


def test_who_waits_is_woken_by_a_commit_of_others_that_another_thread_saw_first(folder: Path) -> None:
    with on(FileSystemDatastore(folder)) as other:
        waiting = store.DatastoreStore(FileSystemDatastore(folder), OwnLeases)
        ticket = waiting.ticket("topic")
        waiting.read(lambda rows: rows.head("p"))  # it finds nothing
        other.start_process(Process("Order", "p"))
        waiting.read(lambda rows: rows.head("p"))  # as another thread does
        begun = monotonic()
        waiting.wait("topic", ticket, 5.0)
        assert monotonic() - begun < 4.0
        waiting.close()
