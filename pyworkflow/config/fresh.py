"""Code as it is saved now: read from its sources, and never from compiled files, which can be older and look as new.

Python takes a compiled file for that of a source if both are of one second and of one size. Who saves twice in a
second, or has a program do so, would run what was saved before.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Iterable
from functools import partial
from importlib.machinery import (
    BYTECODE_SUFFIXES,
    EXTENSION_SUFFIXES,
    SOURCE_SUFFIXES,
    ExtensionFileLoader,
    FileFinder,
    SourceFileLoader,
    SourcelessFileLoader,
)
from pathlib import Path
from types import CodeType, ModuleType
from typing import TYPE_CHECKING, Any

from pyworkflow.config.settings import ProjectSettings

if TYPE_CHECKING:
    from importlib.abc import PathEntryFinder

Heard = Callable[[str, bytes], None]


class FreshLoader(SourceFileLoader):
    """Loads one module from its source, and keeps what it read as `source`."""

    def __init__(self, heard: Heard, name: str, path: str) -> None:
        super().__init__(name, path)
        self.source: bytes | None = None
        self._heard = heard

    def get_code(self, fullname: str) -> CodeType:  # noqa: ARG002 - a loader is made for one name
        """What the source says now, compiled."""
        path = str(self.path)
        self.source = self.get_data(path)
        self._heard(path, self.source)
        code: CodeType = self.source_to_code(self.source, path)
        return code


def source_of(module: ModuleType, file: Path) -> bytes:
    """What the module was loaded from; of one that was loaded as usual, what its file holds now."""
    loader = getattr(module, "__loader__", None)
    read = loader.source if isinstance(loader, FreshLoader) else None
    return file.read_bytes() if read is None else read


def load_fresh(settings: ProjectSettings, heard: Heard) -> None:
    """From now on what is imported of the project's own code is read from its sources.

    `heard` is told each file that was read, and its content, in whichever thread it is imported.
    """
    put_on_path(settings)
    folders = [
        *(folder.resolve() for folder in settings.path),
        *(folder.absolute() for folder in settings.path),
        *_elsewhere(settings),
    ]
    fresh_loader: Any = partial(FreshLoader, heard)
    find_in = FileFinder.path_hook(
        (ExtensionFileLoader, EXTENSION_SUFFIXES),
        (fresh_loader, SOURCE_SUFFIXES),
        (SourcelessFileLoader, BYTECODE_SUFFIXES),
    )

    def hook(entry: str) -> PathEntryFinder:
        written, real = Path(entry).absolute(), Path(entry).resolve()  # a link in the project is the project's
        if not any(is_own(real, folder) or is_own(written, folder) for folder in folders):
            raise ImportError(f"{entry} holds no code of the project", path=entry)
        return find_in(entry)

    sys.path_hooks.insert(0, hook)
    sys.path_importer_cache.clear()


def put_on_path(settings: ProjectSettings) -> None:
    """Its folders come first in Python's own path."""
    for folder in reversed(settings.path):
        if folder.is_dir() and str(folder.resolve()) not in sys.path:
            sys.path.insert(0, str(folder.resolve()))


def is_own(path: Path, folder: Path) -> bool:
    """Is it in this folder of the project, and not of what is installed there?"""
    return path.is_relative_to(folder) and "site-packages" not in path.parts


def _elsewhere(settings: ProjectSettings) -> Iterable[Path]:
    """Where the packages of its modules lie, wherever that is."""
    for name in {name.partition(".")[0] for name in settings.modules}:
        try:
            spec = importlib.util.find_spec(name)
        except (ImportError, ValueError):
            continue  # which the import will tell
        yield from (Path(place).resolve() for place in (spec and spec.submodule_search_locations) or ())
