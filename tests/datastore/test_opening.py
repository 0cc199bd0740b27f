"""Who opens a store while others commit to it reads all that there is, and ends."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from pyworkflow import Process
from pyworkflow.datastore import DatastoreBackend, FileSystemDatastore, Query, store
from pyworkflow.datastore.journal import REMEMBERED
from pyworkflow.exceptions import BackendUnavailableException


class Busy(FileSystemDatastore):
    """Where others do something before each document is read."""

    between: Callable[[], object]
    queries = 0

    def query(self, query: Query) -> Iterable[str]:
        self.queries += 1
        for text in super().query(query):
            self.between()
            yield text


class BusyAtOnce(Busy):
    """Which reads all documents in one go."""

    def query(self, query: Query) -> Iterable[str]:
        return list(super().query(query))


@pytest.fixture
def other(tmp_path: Path) -> DatastoreBackend:
    backend = DatastoreBackend(FileSystemDatastore(tmp_path / "store"))
    backend.register_workflow("Order")
    for number in range(3):
        backend.start_process(Process("Order", f"p{number}"))
    return backend


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "LOOK", 0.0)
    monkeypatch.setattr(store, "LATE", 0.0)


def test_who_reads_all_documents_once_misses_nothing_of_what_is_committed_meanwhile(
    tmp_path: Path, other: DatastoreBackend
) -> None:
    def commit_many() -> None:
        for _ in range(REMEMBERED // 2):
            other.signal_process("p0", "go")

    datastore = Busy(tmp_path / "store")
    datastore.between = commit_many
    with DatastoreBackend(datastore) as backend:
        assert len(backend.process_by_id("p0").history) == 1 + 3 * (REMEMBERED // 2)
        assert len(list(backend.processes())) == 3
    assert datastore.queries == 1


def test_who_is_always_behind_the_others_gives_up(tmp_path: Path, other: DatastoreBackend) -> None:
    def commit_many() -> None:
        for _ in range(REMEMBERED // 2):
            other.signal_process("p0", "go")

    datastore = BusyAtOnce(tmp_path / "store")
    datastore.between = commit_many
    with DatastoreBackend(datastore) as backend:
        with pytest.raises(BackendUnavailableException, match="others commit faster"):
            backend.process_by_id("p0")
        assert datastore.queries == store.ROUNDS
        datastore.between = lambda: None
        assert len(list(backend.processes())) == 3
