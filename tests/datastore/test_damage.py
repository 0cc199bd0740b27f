"""A document or a journal that was not written here, or not whole, is told as such, and where it stands."""

from __future__ import annotations

from pathlib import Path

import pytest

from pyworkflow import Process
from pyworkflow.datastore import DatastoreBackend, FileSystemDatastore
from pyworkflow.exceptions import BackendException

FOREIGN = ["", "\0\0\0\0", "{", "[]", "null", "17", "{}", '{"format":1}', '{"format":2}', '{"format":1,"runs":[]}']


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "store"
    with on(folder) as backend:
        backend.start_process(Process("Order", "p-17"))
    return folder


def on(folder: Path) -> DatastoreBackend:
    backend = DatastoreBackend(FileSystemDatastore(folder))
    backend.register_workflow("Order")
    return backend


@pytest.mark.parametrize("content", [*FOREIGN, '{"format":1,"recent":[1],"last_key":0,"last_seq":0,"writes":{}}'])
def test_a_journal_that_is_none(folder: Path, content: str) -> None:
    (folder / "journal.obj").write_text(content)
    with on(folder) as backend, pytest.raises(BackendException, match="journal"):
        backend.process_by_id("p-17")


@pytest.mark.parametrize("content", FOREIGN)
def test_a_document_that_is_none(folder: Path, content: str) -> None:
    with on(folder) as backend:
        backend.start_process(Process("Order", "other"))
    (folder / "process" / "p-17.obj").write_text(content)
    with on(folder) as backend, pytest.raises(BackendException, match="process"):
        backend.process_by_id("other")


def test_a_document_that_is_cut_off_is_known_by_its_id(folder: Path) -> None:
    with on(folder) as backend:
        backend.start_process(Process("Order", "other"))
    file = folder / "process" / "p-17.obj"
    file.write_text(file.read_text()[:-1])
    with on(folder) as backend, pytest.raises(BackendException, match=r"p-17.* below /process is damaged"):
        backend.process_by_id("other")


def test_a_document_that_is_damaged_beside_a_process_is_told_by_its_key(folder: Path) -> None:
    with on(folder) as backend, on(folder) as other:
        backend.process_by_id("p-17")
        other.signal_process("p-17", "go")
        other.start_process(Process("Order", "other"))
        (folder / "process" / "p-17.obj").write_text("{")
        with pytest.raises(BackendException, match="/process/p-17 is damaged"):
            backend.process_by_id("p-17")


@pytest.mark.parametrize("file", ["journal.obj", "process/p-17.obj"])
def test_what_is_no_text(folder: Path, file: str) -> None:
    with on(folder) as backend:
        backend.start_process(Process("Order", "other"))
    (folder / file).write_bytes(b"\xff\xfe")
    with on(folder) as backend, pytest.raises(BackendException, match=file):
        backend.process_by_id("other")


def test_what_a_newer_version_wrote(folder: Path) -> None:
    file = folder / "process" / "p-17.obj"
    with on(folder) as backend:
        backend.start_process(Process("Order", "other"))
    file.write_text(file.read_text().replace('"format":1', '"format":2'))
    with on(folder) as backend, pytest.raises(BackendException, match=r"p-17.*newer version"):
        backend.process_by_id("other")
