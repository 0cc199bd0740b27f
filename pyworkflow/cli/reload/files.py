"""The files of a project whose change matters, and what tells at once that one has changed."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from threading import Event, Thread
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote

from pyworkflow.cli.reload.child import digest
from pyworkflow.cli.session import Session
from pyworkflow.exceptions import ConfigurationException

if TYPE_CHECKING:
    from watchfiles import Change

    from pyworkflow.config import Settings

LOGGER = logging.getLogger("pyworkflow.worker")
STEP, LONGEST = 25, 200  # milliseconds without a change until changes are told, and with ever more
NO_CODE = {"__pycache__", "node_modules", "site-packages"}  # folders; nor is any in those that begin with a dot


class Mark(NamedTuple):
    """Another one, if the file was written or replaced."""

    modified: int
    changed: int
    size: int
    number: int


class Files:
    """Below the folders of the project all Python files, workflows.toml, and what was loaded from elsewhere.

    `folders` are those that were looked into last.
    """

    def __init__(self, file: Path, backend_url: str | None) -> None:
        self.folders: set[str] = set()
        self._file = file
        self._backend_url = backend_url
        self._roots: tuple[Path, ...] = (file.absolute().parent,)
        self._data: tuple[Path, ...] = ()

    def look(self, others: Iterable[str] = ()) -> dict[str, Mark]:
        """Each file as it is now, these others too, if it is there."""
        self._read_settings()
        folders = {str(self._file.absolute().parent)}
        found = {str(self._file), *others}
        folders.update(os.path.dirname(os.path.realpath(file)) for file in others)
        for root in self._roots:
            for folder, files in self._below(root):
                folders.add(folder)
                found.update(os.path.join(folder, name) for name in files if name.endswith(".py"))
        self.folders = folders
        return {file: mark for file in found if (mark := _mark(file)) is not None}

    def _read_settings(self) -> None:
        """Where the code is; as long as the file is wrong, where it was before."""
        try:
            settings = Session(self._file, self._backend_url).settings
            roots = tuple(folder.resolve() for folder in settings.project.path)
            data = tuple(_places_of_data(settings))
        except (ConfigurationException, ValueError, OSError):
            return
        self._roots, self._data = roots, data

    def _below(self, root: Path) -> Iterator[tuple[str, list[str]]]:
        """Each folder and its files; links are followed, once."""
        met: set[tuple[int, int]] = set()
        for folder, below, files in os.walk(root, followlinks=True):
            place = _place(folder)
            if place in met:
                below.clear()
                continue
            met.add(place)
            below[:] = [name for name in below if not self._is_without_code(folder, name)]
            yield folder, files

    def _is_without_code(self, folder: str, name: str) -> bool:
        path = os.path.join(folder, name)
        return (
            name in NO_CODE
            or name.startswith(".")
            or Path(path) in self._data
            or os.path.exists(os.path.join(path, "pyvenv.cfg"))
        )


def content(file: str) -> str | None:
    """The digest of what the file holds now; None if it cannot be read."""
    try:
        return digest(Path(file).read_bytes())
    except OSError:
        return None


def _place(folder: str) -> tuple[int, int]:
    """What tells a folder from another of its name; nothing if it has gone."""
    try:
        found = os.stat(folder)
    except OSError:
        return 0, 0
    return found.st_dev, found.st_ino


def _mark(file: str) -> Mark | None:
    try:
        found = os.stat(file)
    except OSError:
        return None
    return Mark(found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino)


def _places_of_data(settings: Settings) -> Iterator[Path]:
    """Where the backend keeps its files, if it does so in a folder; and what is beside a file of it."""
    written = unquote(settings.backend.url.partition(":")[2].partition("?")[0])
    for place in (settings.backend.folder / written, Path("/", written.lstrip("/"))):
        if not place.name:
            continue
        yield place
        yield place.with_name(f"{place.name}-live")


class Alarm:
    """Rings when something was saved, or when it is told to. What rings can be waited for, as `bell`."""

    def __init__(self) -> None:
        self.bell, self._rope = os.pipe()
        os.set_blocking(self.bell, False)
        os.set_blocking(self._rope, False)
        self._folders: set[tuple[str, tuple[int, int]]] = set()
        self._stop = Event()

    def ring(self) -> None:
        """From any thread, and from a signal handler."""
        with suppress(BlockingIOError):  # it rings already
            os.write(self._rope, b"!")

    def silence(self) -> None:
        """It has been heard."""
        with suppress(BlockingIOError):
            os.read(self.bell, 65536)

    def watch(self, folders: set[str]) -> None:
        """Ring when something is saved in one of these folders, and no longer for others."""
        there = {(folder, place) for folder in folders if (place := _place(folder)) != (0, 0)}
        if there == self._folders:
            return
        self._stop.set()
        self._folders, self._stop = there, Event()
        names = {folder for folder, _ in there}
        Thread(target=self._watch, args=(names, self._stop), name="pyworkflow-saves", daemon=True).start()

    def _watch(self, folders: set[str], stop: Event) -> None:
        from watchfiles import watch

        try:
            for _ in watch(
                *folders, watch_filter=_matters, debounce=LONGEST, step=STEP, stop_event=stop, recursive=False
            ):
                self.ring()
        except Exception as error:  # such as too many folders for this system
            if not stop.is_set():
                LOGGER.warning("saves are noticed late, since folders cannot be watched: %s", error)


def _matters(change: Change, path: str) -> bool:
    """Python, settings, and folders. What has no suffix may be one that is gone."""
    suffix = os.path.splitext(path)[1]
    return suffix in (".py", ".toml") or os.path.isdir(path) or (suffix == "" and change.name == "deleted")
