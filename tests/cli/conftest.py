"""A project in an empty folder, and the command to try on it: in this process, or as one of its own."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from terminal import WORKFLOWS, Command, Ended, Running

from pyworkflow.backend import Backend
from pyworkflow.cli import main
from pyworkflow.sqlite import SQLiteBackend


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty folder to be in; what is imported from it is forgotten afterwards."""
    for name in ("PYWORKFLOW_CONFIG", "PYWORKFLOW_BACKEND", "FORCE_COLOR", "NO_COLOR", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    path, modules = list(sys.path), set(sys.modules)
    logger = logging.getLogger("pyworkflow")
    level, handlers = logger.level, list(logger.handlers)
    yield tmp_path
    sys.path[:] = path
    logger.setLevel(level)
    logger.handlers = handlers
    for name, module in list(sys.modules.items()):
        if name not in modules and str(getattr(module, "__file__", None)).startswith(str(tmp_path)):
            del sys.modules[name]


@pytest.fixture
def project(folder: Path) -> Path:
    """The folder with a project in it."""
    (folder / "workflows.toml").write_text('[project]\nmodules = ["flows"]\n')
    (folder / "flows.py").write_text(WORKFLOWS)
    return folder


@pytest.fixture
def pyworkflow(capsys: pytest.CaptureFixture[str]) -> Command:
    """The command, run in this process."""

    def run(*words: str) -> Ended:
        capsys.readouterr()
        code = main(words)
        return Ended(code, *capsys.readouterr())

    return run


@pytest.fixture
def backend(project: Path) -> Iterator[Backend]:
    """The project's backend, opened beside the commands."""
    with SQLiteBackend(project / ".pyworkflow" / "pyworkflow.db") as backend:
        yield backend


@pytest.fixture
def foo(backend: Backend) -> Backend:
    """The same, which knows a workflow Foo and an activity Bar."""
    backend.register_workflow("Foo")
    backend.register_activity("Bar", scheduled_timeout=3600, heartbeat_timeout=600)
    return backend


@pytest.fixture
def running(project: Path) -> Iterator[Callable[..., Running]]:
    """Start the command in a process of its own; whatever still runs at the end is killed."""
    started: list[Running] = []

    def start(*words: str) -> Running:
        started.append(Running(words, project))
        return started[-1]

    yield start
    for one in started:
        one.kill()
