"""What a shell offers after the Tab key."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from terminal import decide

from pyworkflow.backend import Backend
from pyworkflow.decision import ScheduleActivity
from pyworkflow.process import Process


def offered(*words: str) -> list[str]:
    """What bash would offer for the last of the words."""
    ended = subprocess.run(
        [sys.executable, "-c", "from pyworkflow.cli import main; main()"],
        env={
            "COMP_WORDS": " ".join(["pyworkflow", *words]),
            "COMP_CWORD": str(len(words)),
            "_PYWORKFLOW_COMPLETE": "complete_bash",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.stderr == ""
    return ended.stdout.split()


def test_commands_are_offered() -> None:
    assert offered("st") == ["start"]


@pytest.mark.usefixtures("project")
def test_the_workflows_of_the_project_are_offered() -> None:
    assert offered("start", "E") == offered("run", "E") == ["Echo"]
    assert {"Broken", "Countdown", "Echo", "Parent"} <= set(offered("start", ""))
    assert offered("worker", "-Q", "") == ["default"]


def test_the_ids_of_processes_are_offered(foo: Backend) -> None:
    for id in ("order-1", "order-2", "parcel"):
        foo.start_process(Process("Foo", id))
    for command in ("show", "history", "cancel", "signal", "export"):
        assert sorted(offered(command, "order")) == ["order-1", "order-2"]
    assert len(offered("show", "")) == 3


def test_the_tokens_of_activities_left_open_are_offered(foo: Backend) -> None:
    foo.start_process(Process("Foo", "x"))
    decide(foo, ScheduleActivity("Bar", "a"), ScheduleActivity("Bar", "b"))
    task = foo.poll_activity_task()
    foo.poll_activity_task()
    assert task is not None
    token = foo.hand_off(task)
    assert offered("complete", "") == offered("fail", "") == [token]


@pytest.mark.usefixtures("folder")
def test_what_an_option_takes_is_offered() -> None:
    assert offered("list", "--status", "c") == ["completed", "canceled", "continued", "closed"]
    assert offered("--backend", "m") == ["memory:"]
    assert {"sqlite:", "datastore+file:"} <= set(offered("--backend", ""))


def test_what_goes_wrong_offers_nothing_and_says_nothing(project: Path) -> None:
    (project / "flows.py").write_text("print('hello')\nimport nothing_of_this_name\n")
    assert offered("start", "") == []
    (project / "workflows.toml").write_text("nonsense")
    assert offered("show", "") == []


def test_a_module_that_prints_does_not_disturb(project: Path) -> None:
    flows = project / "flows.py"
    flows.write_text("print('hello')\n" + flows.read_text())
    assert offered("start", "E") == ["Echo"]
