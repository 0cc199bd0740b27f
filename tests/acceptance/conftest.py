"""Real worker processes, started and killed as a person would."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic

import pytest

from fakeswf import FakeSWF, serving
from pyworkflow import Process
from pyworkflow.backend import Backend
from pyworkflow.config import open_backend, read_settings

EXAMPLES = Path(__file__).parents[2] / "examples"
DEADLINE = 20  # seconds: none of these waits takes so long unless something is broken


class Worker:
    """`pyworkflow worker` in a process of its own, whose log is read as it is written."""

    def __init__(self, folder: Path, *options: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "pyworkflow", "worker", *options],
            cwd=folder,
            stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            text=True,
        )
        self.pid = self._process.pid
        self.lines: list[str] = []
        self._news = threading.Condition()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stderr is not None
        for line in self._process.stderr:
            with self._news:
                self.lines.append(line)
                self._news.notify_all()

    def log(self) -> str:
        return "".join(self.lines)

    def wait_for(self, pattern: str, times: int = 1) -> None:
        """Return when so many lines of its log match."""

        def seen() -> bool:
            return sum(1 for line in self.lines if re.search(pattern, line)) >= times

        with self._news:
            assert self._news.wait_for(seen, DEADLINE), f"no {pattern!r} in: {self.log()}"

    def signal(self, number: int) -> None:
        self._process.send_signal(number)

    def kill(self) -> None:
        self._process.kill()
        self.ended()

    def ended(self) -> int:
        """Its exit code, when it has ended."""
        code = self._process.wait(DEADLINE)
        self._reader.join()
        assert self._process.stderr is not None
        self._process.stderr.close()
        return code


class Project:
    """A folder with workflows.toml, its workers, and its backend to look into."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.workers: list[Worker] = []
        self._backend: Backend | None = None

    def worker(self, *options: str) -> Worker:
        self.workers.append(Worker(self.folder, *options))
        return self.workers[-1]

    def call(self, *arguments: str, code: int = 0) -> str:
        """What a command prints."""
        done = subprocess.run(
            [sys.executable, "-m", "pyworkflow", *arguments],
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=DEADLINE,
            check=False,
        )
        assert done.returncode == code, done.stderr
        return done.stdout

    @property
    def backend(self) -> Backend:
        if self._backend is None:
            self._backend = open_backend(read_settings(self.folder / "workflows.toml").backend)
        return self._backend

    def process(self, process_id: str) -> Process:
        return self.backend.process_by_id(process_id)

    def until(self, process_id: str, condition: Callable[[Process], object]) -> Process:
        """The process, when the condition holds of it."""
        deadline, after = monotonic() + DEADLINE, None
        while not condition(process := self.process(process_id)):
            assert monotonic() < deadline, f"waited in vain: {process.history[-20:]}"
            page = self.backend.events(process_id, after=after, wait=1)
            after = page.items[-1].seq if page.items else after
        return process

    def closed(self, process_id: str) -> Process:
        return self.until(process_id, lambda process: process.result)

    def close(self) -> None:
        for worker in self.workers:
            worker.kill()
        if self._backend is not None:
            self._backend.close()


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Callable[..., Project]]:
    """Makes a project: of an example by its name, or of modules by their code."""
    made: list[Project] = []

    def make(example: str | None = None, **modules: str) -> Project:
        folder = tmp_path / (example or "project")
        if example is not None:
            shutil.copytree(EXAMPLES / example, folder, ignore=shutil.ignore_patterns(".pyworkflow", "__pycache__"))
        else:
            folder.mkdir()
            names = ", ".join(f'"{name}"' for name in modules)
            (folder / "workflows.toml").write_text(f"[project]\nmodules = [{names}]\n")
        for name, code in modules.items():
            (folder / f"{name}.py").write_text(code)
        made.append(Project(folder))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def swf_url(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Where a service listens that was made after the documents of Amazon SWF; its polls are held for a second."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIA")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    with serving(FakeSWF(hold=1)) as url:
        yield url


@pytest.fixture(autouse=True)
def unbuffered(monkeypatch: pytest.MonkeyPatch) -> None:
    """The log's lines are to come when they are written, and settings of the machine are to play no part."""
    monkeypatch.setenv("PYTHONUNBUFFERED", "1")
    for name in [name for name in os.environ if name.startswith("PYWORKFLOW_")]:
        monkeypatch.delenv(name)
