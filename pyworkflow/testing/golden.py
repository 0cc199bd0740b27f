"""Golden histories: files that `pyworkflow export` wrote, which today's code must decide as they were decided."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from pyworkflow import archive
from pyworkflow.config import Project, load_project, read_settings
from pyworkflow.decision import Decision
from pyworkflow.event import DecisionEvent
from pyworkflow.exceptions import InvalidValueException, WorkflowException
from pyworkflow.managed import Workflow
from pyworkflow.process import Process
from pyworkflow.replay import Answer, Difference, Divergence, Raised, TimedOut, answer, questions, replay
from pyworkflow.replay.words import how_words, occasion
from pyworkflow.testing.telling import compared

PROJECTS: pytest.StashKey[dict[Path, Project]] = pytest.StashKey()
UPDATED = "pyworkflow: golden history updated"  # the name of the property that tells of it


class GoldenFile(pytest.File):
    """A file of histories: `settings` is the workflows.toml of the project whose code they came from."""

    settings: Path

    def collect(self) -> Iterator[GoldenRun]:
        """Each run that is in it."""
        try:
            runs = _runs(self.path)
            if not runs:
                raise self.CollectError(f"{os.path.relpath(self.path)} holds no history")
            for run in runs:
                yield GoldenRun.from_parent(self, name=f"{run.id}[{run.run}]", run=run)
        except InvalidValueException as error:
            raise self.CollectError(str(error)) from None

    def workflow(self, name: str) -> type[Workflow]:
        """The workflow of this name in the project, which is loaded once. Raises WorkflowException."""
        projects = self.config.stash.setdefault(PROJECTS, {})
        if self.settings not in projects:
            projects[self.settings] = load_project(read_settings(self.settings).project)
        return projects[self.settings].workflow(name)


class GoldenRun(pytest.Item):
    """One run, of which today's code is asked every question."""

    parent: GoldenFile

    def __init__(self, *, run: Process, **more: Any) -> None:
        super().__init__(**more)
        self._run = run

    def runtest(self) -> None:
        """Replay it; with --update-histories a difference is written into the file."""
        workflow = self.parent.workflow(str(self._run.workflow))
        difference = _difference(workflow, self._run)
        if difference is not None and self.config.getoption("update_histories"):
            for note in update(self.path, self.parent.workflow, str(self._run.id), self._run.run):
                self.user_properties.append((UPDATED, f"{os.path.relpath(self.path)}: {note}"))
            same = (one for one in _runs(self.path) if (one.id, one.run) == (self._run.id, self._run.run))
            difference = next((_difference(workflow, one) for one in same), None)
        if difference is not None:
            raise DiffersError(told(workflow, self._run, difference))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """What differs, or what is wrong, without our own lines."""
        if isinstance(excinfo.value, DiffersError | WorkflowException):
            return "; ".join([str(excinfo.value), *getattr(excinfo.value, "__notes__", ())])
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Where it stands."""
        return self.path, None, self.name


class DiffersError(Exception):
    """Today's code decides otherwise."""


def told(workflow: type[Workflow], run: Process, difference: Divergence) -> str:
    """What differs, and what to do about it."""
    number = difference.question.number
    what = f"{run.workflow} {run.id}" + (f" run {run.run}" if run.run > 1 else "")
    head = (
        f'{what}, at event {number}, "{occasion(difference.question.process)}": {" ".join(how_words(difference.how))}'
    )
    match difference.how:
        case Raised(traceback=traceback):
            return f"{head}\n\n{traceback.rstrip()}"
        case TimedOut():
            return head
        case Difference():
            recorded = difference.question.recorded or ()
            lists = compared(recorded, _now(workflow, run, number), "recorded", "today")
            return f"{head}\n\n{lists}\n\nIf that is as it should be: pytest --update-histories"


def update(file: Path, workflow_of: Callable[[str], type[Workflow]], id: str, number: int) -> list[str]:
    """Write today's decisions of one run into the file, in the place of those that differ; what was done, in sentences.

    The run ends there, and is the last of its process: what followed came of other decisions. All else stays as it is.
    """
    with _alone(file):
        lines = [line.rstrip(b"\r\n") for line in file.read_bytes().splitlines() if line.strip()]
        kept: list[bytes] = []
        notes: list[str] = []
        for run in _runs(file):
            own, lines = lines[: 1 + len(run.history)], lines[1 + len(run.history) :]
            is_it = (run.id, run.run) == (id, number)
            difference = _difference(workflow_of(str(run.workflow)), run) if is_it else None
            if notes and run.id == id:
                notes.append(f"{run.id} run {run.run} left out")
            elif difference is None or not isinstance(difference.how, Difference):
                kept += own
            else:
                at = difference.question.number
                made = _now(workflow_of(str(run.workflow)), run, at)
                kept += [*own[: 1 + at], *_lines(made, at, run.history[at - 1].datetime)]
                notes.append(f"{run.id} now ends with event {at + len(made)}, of {len(run.history)}")
        if notes:
            real = Path(os.path.realpath(file))  # a link stays
            new = real.with_name(f".{real.name}.{os.getpid()}")
            new.write_bytes(b"".join(line + b"\n" for line in kept))
            new.replace(real)  # at one moment
        return notes


@contextmanager
def _alone(file: Path) -> Iterator[None]:
    """Those that pytest-xdist runs beside this one wait meanwhile, for the folder, since the file is replaced."""
    folder = os.open(file.parent, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def _lines(decisions: Sequence[Decision], after: int, at: datetime) -> Iterator[bytes]:
    for number, one in enumerate(decisions, start=after + 1):
        line = archive.event_line(number, DecisionEvent(one, datetime=at))
        yield json.dumps(line, ensure_ascii=False).encode()


def _difference(workflow: type[Workflow], run: Process) -> Divergence | None:
    return next(iter(replay(workflow, run).divergences), None)


def _now(workflow: type[Workflow], run: Process, number: int) -> tuple[Decision, ...]:
    """The whole of today's answer to one question."""
    question = next(one for one in questions(run) if one.number == number)
    found = answer(workflow, question.process)
    return found.decisions if isinstance(found, Answer) else ()


def _runs(file: Path) -> list[Process]:
    with file.open("rb") as lines:
        return [run for runs in archive.read(lines, os.path.relpath(file)) for run in runs]
