"""The backend that keeps everything in an SQLite file."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import get_args
from urllib.parse import unquote

from pyworkflow.backend import Capabilities, known_options
from pyworkflow.engine import EngineBackend
from pyworkflow.event import utcnow
from pyworkflow.exceptions import ConfigurationException
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


def from_url(url: str, folder: Path, options: Mapping[str, str]) -> SQLiteBackend:
    """`sqlite:///relative.db`, relative to the folder, or `sqlite:////absolute.db`; the option is `durability`."""
    written = unquote(url.removeprefix("sqlite:///"))
    if not url.startswith("sqlite:///") or written in ("", ":memory:"):
        raise ConfigurationException(
            f"{url!r} names no file: write sqlite:///orders.db for one in {folder}, "
            "sqlite:////var/lib/orders.db for an absolute path"
        )
    return SQLiteBackend(folder / written, **known_options(url, options, {"durability": get_args(Durability)}))
