"""For pytest: golden histories, `--update-histories`, fixtures. Nothing else of ours is loaded before it is used."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pyworkflow.testing.driver import WorkflowDriver
    from pyworkflow.testing.forward import FastForward

FOLDER = "tests/histories"


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--update-histories`, and where golden histories are."""
    group = parser.getgroup("pyworkflow")
    group.addoption("--update-histories", action="store_true", help="accept what golden histories would decide now")
    parser.addini(
        "pyworkflow_histories",
        f"the folder of golden histories, beside workflows.toml (default: {FOLDER})",
        default=FOLDER,
    )


def pytest_configure(config: pytest.Config) -> None:
    """Only an update is told of in the end."""
    if config.getoption("update_histories"):
        config.pluginmanager.register(_Updates(), "pyworkflow-updates")


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """`tests/histories/*.jsonl` beside a workflows.toml, and no other file."""
    if file_path.suffix != ".jsonl":
        return None
    below = Path(parent.config.getini("pyworkflow_histories")).parts
    home = file_path.parents[min(len(below), len(file_path.parents) - 1)]
    settings = home / "workflows.toml"
    if file_path.parent != home.joinpath(*below) or not settings.is_file():
        return None
    from pyworkflow.testing.golden import GoldenFile

    file: GoldenFile = GoldenFile.from_parent(parent, path=file_path)
    file.settings = settings
    return file


@pytest.fixture
def workflow_driver() -> type[WorkflowDriver]:
    """A process driven by hand: `workflow_driver(OrderWorkflow, input=…)`."""
    from pyworkflow.testing import WorkflowDriver

    return WorkflowDriver


@pytest.fixture
def fast_forward() -> type[FastForward]:
    """A process whose time passes at once: `fast_forward(OrderWorkflow, input, fakes={…})`."""
    from pyworkflow.testing import FastForward

    return FastForward


class _Updates:
    """Tells which golden histories were updated."""

    def __init__(self) -> None:
        self._notes: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """From this process, or from one of those that pytest-xdist runs."""
        if report.when == "call":
            from pyworkflow.testing.golden import UPDATED

            self._notes += [str(note) for name, note in report.user_properties if name == UPDATED]

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """A line for each."""
        if self._notes:
            terminalreporter.section("golden histories updated")
            for note in dict.fromkeys(self._notes):
                terminalreporter.line(note)
