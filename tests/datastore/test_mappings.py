"""A mapping holds whatever is put under whatever name, and its own errors come out as ours."""

from __future__ import annotations

from pathlib import Path

import fsspec
import pytest

from pyworkflow import Process
from pyworkflow.datastore import DatastoreBackend, Key, Query, from_mapping
from pyworkflow.exceptions import BackendException

PROCESSES = Key("/process")
NAMES = ["..", ".", ".hidden", "../../outside", "/etc/passwd", "a/b", "a%2Fb", "a:b", "with space", "Grüße", "a" * 1000]


class Broken(dict[str, bytes]):
    """Is out of order as soon as it is told so."""

    broken = False

    def __getitem__(self, name: str) -> bytes:
        self.fail()
        return super().__getitem__(name)

    def __setitem__(self, name: str, value: bytes) -> None:
        self.fail()
        super().__setitem__(name, value)

    def fail(self) -> None:
        if self.broken:
            raise OSError("the disk is gone")


def test_any_name_has_a_value_of_its_own_in_a_mapping_of_files(tmp_path: Path) -> None:
    datastore = from_mapping(fsspec.get_mapper(str(tmp_path / "store")))
    for name in NAMES:
        datastore.put(PROCESSES.child(name), f"value of {name}")
    for name in NAMES:
        assert datastore.get(PROCESSES.child(name)) == f"value of {name}"
    assert sorted(datastore.query(Query(PROCESSES))) == sorted(f"value of {name}" for name in NAMES)
    assert {file.parent for file in tmp_path.rglob("*") if file.is_file()} == {tmp_path / "store" / "process"}


def test_what_a_mapping_raises_is_told_as_ours() -> None:
    mapping = Broken()
    with DatastoreBackend(from_mapping(mapping)) as backend:
        backend.register_workflow("Order")
        backend.start_process(Process("Order", "p"))
        mapping.broken = True
        with pytest.raises(BackendException, match="/journal in the mapping: OSError: the disk is gone"):
            backend.signal_process("p", "go")
        mapping.broken = False
        backend.signal_process("p", "go")
        assert len(backend.process_by_id("p").history) == 2


def test_what_is_no_text_is_told_with_its_name() -> None:
    with pytest.raises(BackendException, match="/journal in the mapping"):
        from_mapping({"journal": b"\xff"}).get(Key("/journal"))
