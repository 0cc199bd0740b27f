"""The backend that keeps everything in an SQLite file."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import datetime

from pyworkflow.backend import Capabilities
from pyworkflow.engine import EngineBackend
from pyworkflow.event import utcnow
from pyworkflow.sqlite.connect import Durability
from pyworkflow.sqlite.store import SQLiteStore


class SQLiteBackend(EngineBackend):
    """Any number of threads and of operating-system processes on one host share the file.

    `durability` is "normal": what was acknowledged survives the kill -9 of any process; or "full": it survives the
    loss of power as well, at a sync to the disk for every change.

    The file is made, with its folders, when something is first written to it; until then it reads as empty. Calls
    raise BackendException when the file is not one of ours or from a newer version, and BackendUnavailableException
    when it stays locked for 30 s, or the disk is full.
    """

    capabilities = Capabilities(durable=True, several_processes=True, lost_work_after=15)

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        durability: Durability = "normal",
        clock: Callable[[], datetime] = utcnow,
    ) -> None:
        super().__init__(SQLiteStore(path, durability), clock)
