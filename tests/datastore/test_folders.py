"""A folder holds whatever is put under whatever name, and nothing of it lands elsewhere."""

from __future__ import annotations

import os
import time
from hashlib import sha256
from pathlib import Path

import pytest

from pyworkflow.datastore import DatastoreBackend, FileSystemDatastore, Key, Query, filesystem
from pyworkflow.datastore.filesystem import ABANDONED
from pyworkflow.exceptions import BackendException
from pyworkflow.process import Process

PROCESSES = Key("/process")
NAMES = [
    "..",
    ".",
    ".hidden",
    "../../outside",
    "/etc/passwd",
    "a/b",
    "a%2Fb",
    "a:b",
    "with space",
    "Grüße",
    "new\nline",
    "nul\0",
    "*?[]",
    "p.obj",
    "commit.lock",
    "a" * 200,
    "a" * 201,
    "a" * 1000 + "1",
    "a" * 1000 + "2",
    "ü" * 100,
    f"{'a' * 135}-{sha256(b'a' * 201).hexdigest()}",  # short, and as a long one may be cut
    f"{'a' * 135}+{sha256(b'a' * 201).hexdigest()}",
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "the folder" / "store"


def test_any_name_has_a_value_of_its_own_in_the_folder(folder: Path) -> None:
    datastore = FileSystemDatastore(folder)
    for name in NAMES:
        datastore.put(PROCESSES.child(name), f"value of {name}")
    for name in NAMES:
        assert datastore.get(PROCESSES.child(name)) == f"value of {name}"
    assert sorted(datastore.query(Query(PROCESSES))) == sorted(f"value of {name}" for name in NAMES)
    outer = folder.parent.parent
    files = [path for path in outer.rglob("*") if path.is_file()]
    assert {path.parent for path in files} == {folder / "process"}
    assert len(files) == len(NAMES)
    for name in NAMES:
        datastore.delete(PROCESSES.child(name))
        assert not datastore.contains(PROCESSES.child(name))
    assert list(datastore.query(Query(PROCESSES))) == []


@pytest.mark.parametrize("above", ["..", ".", "../..", "/etc"])
def test_no_key_leads_out_of_the_folder(folder: Path, above: str) -> None:
    datastore = FileSystemDatastore(folder)
    for key in (Key(f"/{above}"), Key(f"/{above}").child("p"), PROCESSES.child(above).child("p")):
        datastore.put(key, "value")
        assert datastore.get(key) == "value"
    assert all(path.is_relative_to(folder) for path in folder.parent.parent.rglob("*") if path.is_file())


def test_processes_of_any_id_are_found_again(folder: Path) -> None:
    with DatastoreBackend(FileSystemDatastore(folder)) as backend:
        backend.register_workflow("Order")
        for name in NAMES:
            backend.start_process(Process("Order", name, name))
    with DatastoreBackend(FileSystemDatastore(folder)) as backend:
        assert [(process.id, process.input) for process in backend.processes()] == [(name, name) for name in NAMES]


def test_what_died_while_it_wrote_left_nothing_that_counts_and_is_removed_once_it_is_old(folder: Path) -> None:
    begun, old = folder / "process" / "tmpa.new", folder / "process" / "tmpb.new"
    begun.parent.mkdir(parents=True)
    for file in (begun, old):
        file.write_text('{"half of a docu')
    os.utime(old, times=(0, time.time() - ABANDONED - 1))
    datastore = FileSystemDatastore(folder)
    assert list(datastore.query(Query(PROCESSES))) == []
    assert datastore.commit(Key("/journal"), None, [])
    assert begun.exists()  # perhaps it is still being written
    assert not old.exists()


def test_a_folder_that_is_none_is_said_to_be_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with DatastoreBackend(FileSystemDatastore(tmp_path / "file")) as backend:
        backend.register_workflow("Order")
        with pytest.raises(BackendException, match="file"):
            backend.start_process(Process("Order"))


def test_files_can_be_read_and_written_by_whom_the_umask_says(folder: Path) -> None:
    before = os.umask(0o002)
    try:
        FileSystemDatastore(folder).commit(Key("/journal"), None, [(Key("/journal"), "1"), (PROCESSES.child("p"), "2")])
    finally:
        os.umask(before)
    modes = {path.name: path.stat().st_mode & 0o777 for path in folder.rglob("*") if path.suffix == ".obj"}
    assert modes == {"journal.obj": 0o664, "p.obj": 0o664}


def test_what_is_deleted_and_a_folder_that_is_new_survive_the_loss_of_power(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[str] = []
    monkeypatch.setattr(filesystem, "_sync_folder", lambda path: synced.append(os.path.relpath(path, folder)))
    datastore = FileSystemDatastore(folder, sync=True)
    datastore.commit(Key("/journal"), None, [(Key("/journal"), "1"), (PROCESSES.child("p"), "2")])
    assert synced == ["../..", "..", ".", ".", "process"]  # the folder and the one above it were made
    synced.clear()
    datastore.commit(Key("/journal"), "1", [(PROCESSES.child("p"), None), (Key("/journal"), "2")])
    assert synced == ["process", "."]  # before the journal is replaced
    synced.clear()
    datastore.commit(Key("/journal"), "2", [(Key("/journal"), "3"), (PROCESSES.child("p"), None)])
    assert synced == [".", "process"]
    synced.clear()
    datastore.delete(Key("/journal"))
    assert synced == ["."]
