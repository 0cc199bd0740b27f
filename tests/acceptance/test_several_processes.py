"""`worker -p`: several worker processes, watched by one."""

from __future__ import annotations

import signal
from typing import Any

import pytest

CODE = """
import os
import signal
from pathlib import Path
from time import sleep

from pyworkflow.decision import CompleteProcess, ScheduleActivity
from pyworkflow.managed import Activity, Workflow


class Pid(Activity):
    def execute(self):
        Path("pids").mkdir(exist_ok=True)
        Path("pids", str(os.getpid())).touch()
        while len(list(Path("pids").iterdir())) < 2:
            self.heartbeat()
            sleep(0.01)
        return os.getpid()


class Die(Activity):
    def execute(self):
        os.kill(os.getpid(), signal.SIGKILL)


class Wait(Activity):
    def execute(self):
        while not Path("go").exists():
            sleep(0.01)
        return os.getpid()


class Each(Workflow):
    activities = [Pid, Die, Wait]

    def decide(self, process):
        if process.is_new:
            return [ScheduleActivity(name) for name in process.input]
        if not process.unfinished_activities():
            ended = [event.result for event in process.history if event.type == "activity"]
            return CompleteProcess([getattr(one, "result", None) or one.timeout for one in ended])
"""


@pytest.fixture
def each(project: Any) -> Any:
    return project(each=CODE)


def start(project: Any, *names: str) -> str:
    listed = ", ".join(f'"{name}"' for name in names)
    return str(project.call("start", "Each", "-i", f"[{listed}]").strip())


def test_several_processes_work_at_once_and_end_together(each: Any) -> None:
    worker = each.worker("-p", "2")
    worker.wait_for("^worker of 2 processes on sqlite:")
    results = each.closed(start(each, "Pid", "Pid")).result.result
    assert len(set(results)) == 2
    worker.signal(signal.SIGTERM)
    assert worker.ended() == 0
    assert worker.log().count("stopping: ") == 1


def test_a_burst_ends_when_nothing_is_left_for_any_of_them(each: Any) -> None:
    (each.folder / "go").touch()
    ids = [start(each, "Wait", "Wait") for _ in range(3)]
    assert each.worker("-p", "2", "--burst").ended() == 0
    assert all(each.process(process_id).result for process_id in ids)


def test_one_that_dies_is_replaced_and_three_losses_end_what_kills_it(each: Any) -> None:
    worker = each.worker("-p", "2")
    assert each.closed(start(each, "Die")).result.result == ["worker"]
    worker.wait_for("worker process [0-9]+ ended by signal 9; another takes its place", times=3)
    assert len(set(each.closed(start(each, "Pid", "Pid")).result.result)) == 2


def test_max_tasks_gives_the_place_to_a_new_process(each: Any) -> None:
    each.worker("-p", "2", "--max-tasks", "1")
    (each.folder / "go").touch()
    assert len({each.closed(start(each, "Wait")).result.result[0] for _ in range(3)}) >= 2


def test_when_the_one_that_watches_is_killed_the_others_end(each: Any) -> None:
    worker = each.worker("-p", "2")
    each.closed(start(each, "Pid", "Pid"))
    leases = each.folder / ".pyworkflow" / "pyworkflow.db-live"
    assert len(list(leases.glob("*.lease"))) == 2
    worker.kill()  # which returns when nobody can write to its log any more
    assert list(leases.glob("*.lease")) == []


def test_code_that_does_not_load_is_told_once(each: Any) -> None:
    (each.folder / "each.py").write_text("import nothing_of_this_name\n")
    worker = each.worker("-p", "3")
    assert worker.ended() == 2
    assert worker.log().count("does not import") == 1
