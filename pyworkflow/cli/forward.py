"""`run --fast-forward`: the process in memory, with fakes for its activities, its time passing at once."""

from __future__ import annotations

import importlib.util
import sys
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from pyworkflow.cli import output
from pyworkflow.cli.feed import Feed
from pyworkflow.cli.lint import problems
from pyworkflow.cli.session import Session
from pyworkflow.exceptions import ConfigurationException
from pyworkflow.managed.worker.failure import reason_of, where
from pyworkflow.process import Process, ProcessResult
from pyworkflow.testing import FastForward

if TYPE_CHECKING:
    from pyworkflow.managed import Workflow


def run_forward(
    session: Session, workflow: type[Workflow], process: Process, fakes: Path | None, *, real: bool
) -> ProcessResult | None:
    """How it ended, shown line by line; None if it is open still, for a reason that is told."""
    forward = FastForward(
        workflow,
        process.input,
        fakes=None if fakes is None else _module(fakes),
        workflows=session.project.workflows,
        real=real,
        id=process.id,
        tags=process.tags,
        start=datetime.now(UTC),
    )
    for problem in problems(forward.manager):
        raise ConfigurationException(problem)
    output.note(f"process {forward.id}, in memory")
    feed = Feed(forward.backend, forward.id, live=False)
    try:
        with output.prints_aside():
            for _ in forward.steps():
                feed.look()
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        feed.look()
        if error is not forward.error:
            _explain(error, fakes)
            raise
        output.note(
            f"decide raises {reason_of(error)} ({where(error, workflow)}); here it ends, a worker would ask again"
        )
        return None
    if forward.result is None:
        output.note(f"nothing more happens by itself: it waits for {forward.waits_for}")
    return forward.result


def _explain(error: BaseException, fakes: Path | None) -> None:
    if isinstance(error, ConfigurationException):
        named = "--fakes FILE" if fakes is None else str(fakes)
        error.add_note(f"give it one in {named}, or execute such ones with --real")


def _module(file: Path) -> ModuleType:
    """The file as a module, which can import what lies beside it."""
    spec = importlib.util.spec_from_file_location(f"fakes {file.stem}", file)
    if spec is None or spec.loader is None or not file.is_file():
        raise ConfigurationException(f"--fakes: {file} is no Python file")
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    sys.path.insert(0, str(file.resolve().parent))
    try:
        with output.prints_aside():
            spec.loader.exec_module(module)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a module can also end in SystemExit
        raise ConfigurationException(f"{file} does not import: {reason_of(error)}") from error
    return module
