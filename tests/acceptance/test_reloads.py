"""Code that is saved again and again while there is much to do: no task is lost, no result taken twice."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from time import monotonic
from typing import Any

import pytest

from pyworkflow import Process
from pyworkflow.activity import ActivityCompleted
from pyworkflow.backend import Backend
from pyworkflow.cli.follow import ending
from pyworkflow.event import ActivityEvent, DecisionStartedEvent

AT_A_TIME = 8  # open processes
ACTIVITIES = 5  # of each
PATIENCE = 30  # seconds

CODE = """
import os
from time import sleep

from pyworkflow.decision import CompleteProcess, ScheduleActivity
from pyworkflow.managed import Activity, Workflow

VERSION = 0


class Count(Activity):
    def execute(self):
        file = os.open("counted", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        os.write(file, f"{self.input}\\n".encode())
        os.close(file)
        sleep(0.02)
        return self.input


class Busy(Workflow):
    activities = [Count]

    def decide(self, process):
        ended = [event.result.result for event in process.history if event.type == "activity"]
        if len(ended) == process.input:
            return CompleteProcess(ended)
        if process.is_new or any(event.type == "activity" for event in process.unseen_events()):
            return ScheduleActivity(Count, input=f"{process.id}/{len(ended)}")
"""


class Load:
    """So many processes are open, whenever one closes another begins; and which code has decided is known."""

    def __init__(self, backend: Backend) -> None:
        backend.register_workflow("Busy")
        self.ids: list[str] = []
        self.open = 0
        self.codes: set[str | None] = set()
        self._backend = backend
        self._after: int | None = None

    def until(self, condition: Callable[[], bool], *, going_on: bool = True) -> None:
        """Return when the condition holds."""
        deadline = monotonic() + PATIENCE
        while not condition():
            assert monotonic() < deadline, "waited in vain"
            while going_on and self.open < AT_A_TIME:
                self.ids.append(self._backend.start_process(Process("Busy", f"p{len(self.ids)}", ACTIVITIES)))
                self.open += 1
            for recorded in self._backend.events(after=self._after, wait=0.05):
                self._after = recorded.seq
                self.open -= ending(recorded.event) is not None
                if isinstance(recorded.event, DecisionStartedEvent):
                    self.codes.add(recorded.event.code)


@pytest.mark.parametrize("reloads", [8, pytest.param(100, marks=[pytest.mark.crash, pytest.mark.timeout(300)])])
def test_reloads_under_load_lose_no_task_and_take_no_result_twice(project: Any, reloads: int) -> None:
    busy = project(busy=CODE)
    worker = busy.worker("--reload", "-q")
    load = Load(busy.backend)
    load.until(lambda: len(load.codes) == 1)
    for version in range(1, reloads + 1):
        (busy.folder / "busy.py").write_text(CODE.replace("VERSION = 0", f"VERSION = {version}"))
        load.until(lambda: len(load.codes) == version + 1)  # noqa: B023 - it is called at once
    load.until(lambda: load.open == 0, going_on=False)
    worker.signal(signal.SIGTERM)
    assert worker.ended() == 0
    assert worker.log() == "stopping: what runs here may finish; a second Ctrl-C ends now\n"

    histories = [busy.process(id).history for id in load.ids]
    expected = [f"{id}/{number}" for id in load.ids for number in range(ACTIVITIES)]
    results = [event.result for history in histories for event in history if isinstance(event, ActivityEvent)]
    assert results == [ActivityCompleted(one) for one in expected]
    assert Counter(Path(busy.folder, "counted").read_text().split()) == Counter(expected)
    kinds = {event.type for history in histories for event in history}
    assert kinds == {"process_started", "decision_started", "decision", "activity_started", "activity"}


def test_amazon_swf_tells_no_events_of_all_processes_but_its_worker_reloads(project: Any, swf_url: str) -> None:
    busy = project(busy=CODE)
    with (busy.folder / "workflows.toml").open("a") as file:
        file.write(f'[backend]\nurl = "swf://us-east-1/shop?endpoint_url={swf_url}"\n')
    done = subprocess.run(
        [sys.executable, "-m", "pyworkflow", "dev"], cwd=busy.folder, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert "`pyworkflow worker --reload` does the rest of this command" in done.stderr
    worker = busy.worker("--reload")
    worker.wait_for("; code ")
    (busy.folder / "busy.py").write_text(CODE.replace("VERSION = 0", "VERSION = 1"))
    worker.wait_for("^loaded anew: busy.py; code ")
