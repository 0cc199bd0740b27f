"""From a backend's URL to the backend."""

from __future__ import annotations

from pathlib import Path

from pyworkflow.backend import Backend
from pyworkflow.config.settings import BackendSettings
from pyworkflow.exceptions import ConfigurationException


def open_backend(settings: BackendSettings) -> Backend:
    """The backend that the URL names: `sqlite:///relative.db`, `sqlite:////absolute.db`, or `memory:`.

    Raises ConfigurationException for any other URL, and what the backend itself raises when it is opened.
    """
    match settings.url.partition(":")[0]:
        case "sqlite":
            from pyworkflow.sqlite import SQLiteBackend

            return SQLiteBackend(_sqlite_file(settings), durability=settings.durability)
        case "memory" if settings.url == "memory:":
            from pyworkflow.memory import MemoryBackend

            return MemoryBackend()
    raise ConfigurationException(
        f"{settings.url!r} is no backend: write sqlite:///FILE (relative), sqlite:////FILE (absolute) or memory:"
    )


def _sqlite_file(settings: BackendSettings) -> Path:
    written = settings.url.removeprefix("sqlite:///")
    if written == settings.url or not written or written == ":memory:":
        raise ConfigurationException(
            f"{settings.url!r} names no file: write sqlite:///orders.db for one in {settings.folder}, "
            "sqlite:////var/lib/orders.db for an absolute path"
        )
    return settings.folder / written
