"""workflows.toml as plain data."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pyworkflow.backend import without_password
from pyworkflow.exceptions import ConfigurationException

FILE_NAME = "workflows.toml"


@dataclass(frozen=True)
class ProjectSettings:
    """The code: the `modules` to load, and the folders to look for them in before Python's own."""

    name: str | None = None
    modules: tuple[str, ...] = ()
    path: tuple[Path, ...] = ()


@dataclass(frozen=True)
class BackendSettings:
    """Where processes are kept. A path in `url` is relative to `folder`.

    `options` are the backend's own; `places` says where they are written, as file:line.
    """

    url: str = "sqlite:///.pyworkflow/pyworkflow.db"
    options: Mapping[str, str] = field(default_factory=dict)
    folder: Path = field(default_factory=Path.cwd)
    places: Mapping[str, str] = field(default_factory=dict, compare=False)

    @property
    def shown(self) -> str:
        """The URL as it may be shown to anybody."""
        return without_password(self.url)


@dataclass(frozen=True)
class WorkerSettings:
    """How a worker works. `categories` None stands for all that the loaded classes use."""

    concurrency: int = 8
    categories: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Settings:
    """All of it. `file` is where it was read from; None if there is no file, and these are the defaults."""

    file: Path | None = None
    project: ProjectSettings = field(default_factory=ProjectSettings)
    backend: BackendSettings = field(default_factory=BackendSettings)
    worker: WorkerSettings = field(default_factory=WorkerSettings)


def find_file(folder: Path) -> Path | None:
    """The workflows.toml of this folder or of the nearest parent that has one; None if none has."""
    for place in (folder, *folder.parents):
        if (place / FILE_NAME).is_file():
            return place / FILE_NAME
    return None


def read_settings(file: Path) -> Settings:
    """What the file says, and the defaults for the rest. Relative paths in it start at its folder.

    Raises ConfigurationException, naming file and line, for what is not TOML, for a key that nobody reads and for
    a value of the wrong type.
    """
    text = _text(file)
    tables = _parsed(file, text)
    _check(file, text, tables)
    folder = file.absolute().parent
    project, backend, worker = (tables.get(name, {}) for name in _KEYS)
    return Settings(
        file=file,
        project=ProjectSettings(
            name=project.get("name"),
            modules=tuple(project.get("modules", ())),
            path=tuple(folder / entry for entry in project.get("path", ["."])),
        ),
        backend=BackendSettings(
            backend.pop("url", BackendSettings.url),
            backend,
            folder,
            {option: f"{shown_path(file)}:{_line_of(text, f'backend.{option}')}" for option in backend},
        ),
        worker=WorkerSettings(
            concurrency=worker.get("concurrency", WorkerSettings.concurrency),
            categories=tuple(worker["categories"]) if "categories" in worker else None,
        ),
    )


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ConfigurationException(f"{shown_path(file)} is not UTF-8 text: {error.reason}") from error
    except OSError as error:
        raise ConfigurationException(f"{shown_path(file)} cannot be read: {error.strerror}") from error


def _parsed(file: Path, text: str) -> dict[str, Any]:
    import tomli

    try:
        return tomli.loads(text)
    except tomli.TOMLDecodeError as error:
        raise ConfigurationException(f"{shown_path(file)} is not TOML: {error}") from error


@dataclass(frozen=True)
class _Kind:
    """What a value must be, in words and as a test."""

    words: str
    fits: Callable[[Any], bool]


def _texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) and item for item in value)


_KEYS = {
    "project": {
        "name": _Kind("text", lambda value: isinstance(value, str)),
        "modules": _Kind('a list of module names, such as ["orders.workflows"]', _texts),
        "path": _Kind('a list of folders, such as ["src"]', _texts),
    },
    "backend": {
        "url": _Kind('text, such as "sqlite:///orders.db"', lambda value: isinstance(value, str)),
    },
    "worker": {
        "concurrency": _Kind("a whole number from 1", lambda value: type(value) is int and value >= 1),
        "categories": _Kind('a list of names, such as ["default"]', lambda value: _texts(value) and bool(value)),
    },
}


def _check(file: Path, text: str, tables: dict[str, Any]) -> None:
    """Raise ConfigurationException for the first thing in it that is not as it must be."""

    def wrong(key: str, reason: str) -> ConfigurationException:
        line = _line_of(text, key)
        return ConfigurationException(f"{shown_path(file)}{f':{line}' if line else ''}: {reason}")

    for name, table in tables.items():
        if name not in _KEYS:
            raise wrong(name, f"there is no [{name}] here; {_nearest(name, _KEYS)}")
        if not isinstance(table, dict):
            raise wrong(name, f"{name} must be a table, which begins with [{name}]")
        for key, value in table.items():
            if name == "backend" and key not in _KEYS[name]:
                if not isinstance(value, str):
                    raise wrong(f"{name}.{key}", f"{key} must be text, not {value!r}")
                continue  # an option, which the backend will know
            if key not in _KEYS[name]:
                raise wrong(f"{name}.{key}", f"[{name}] has no key {key!r}; {_nearest(key, _KEYS[name])}")
            kind = _KEYS[name][key]
            if not kind.fits(value):
                raise wrong(f"{name}.{key}", f"{key} must be {kind.words}, not {value!r}")


def _nearest(word: str, known: dict[str, Any]) -> str:
    from difflib import get_close_matches

    near = get_close_matches(word, known, n=1)
    return f"did you mean {near[0]!r}?" if near else f"there are {', '.join(known)}"


def _line_of(text: str, wanted: str) -> int | None:
    """The line on which a table (`project`) or a key (`project.name`) is written; of the table, if it is inline."""
    table = ""
    for number, line in enumerate(text.splitlines(), start=1):
        if header := re.match(r"\s*\[+\s*([^\[\]]+?)\s*\]", line):
            table = _dotted(header[1])
            if table == wanted:
                return number
        elif key := re.match(r"\s*([^=#]+?)\s*=", line):
            here = _dotted(f"{table}.{key[1]}" if table else key[1])
            if here == wanted or wanted.startswith(f"{here}."):
                return number
    return None


def _dotted(key: str) -> str:
    return ".".join(part.strip(" \t\"'") for part in key.split("."))


def shown_path(file: str | Path) -> str:
    """The path as a person in this folder would write it: relative if it is below, absolute otherwise."""
    near = os.path.relpath(file)
    return str(file) if near.startswith(os.pardir) else near
