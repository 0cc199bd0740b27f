"""A datastore keeps the contract: in a dictionary, in a folder, in a mapping, in Redis."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import Path

from pyworkflow.datastore import DatastoreBackend, DictDatastore, FileSystemDatastore, from_mapping
from pyworkflow.testing import BackendContract


class TestDictDatastore(BackendContract):
    def construct_backend(self, clock: Callable[[], datetime]) -> DatastoreBackend:
        return DatastoreBackend(DictDatastore(), clock=clock)


class TestMappingDatastore(BackendContract):
    def construct_backend(self, clock: Callable[[], datetime]) -> DatastoreBackend:
        return DatastoreBackend(from_mapping({}), clock=clock)


def in_folder(folder: Path) -> DatastoreBackend:
    return DatastoreBackend(FileSystemDatastore(folder))


class TestFileSystemDatastore(BackendContract):
    def construct_backend(self, clock: Callable[[], datetime]) -> DatastoreBackend:
        return DatastoreBackend(FileSystemDatastore(self.folder / "store"), clock=clock)

    def process_factory(self) -> Callable[[], DatastoreBackend]:
        return partial(in_folder, self.folder / "store")
