"""Workers that are killed, stopped and interrupted while they work."""

from __future__ import annotations

import signal
from collections import Counter
from typing import Any

import pytest

from pyworkflow.activity import ActivityCompleted, ActivityTimedOut

# Activities and decisions that wait for a file, as real work would take its time.
WAITING = """
import os
import time
from pathlib import Path

from pyworkflow.decision import CompleteProcess
from pyworkflow.managed import Activity, DefaultWorkflow


def wait_for(name, pulse=lambda: None):
    while not Path(name).exists():
        pulse()
        time.sleep(0.01)


class Work(Activity):
    def execute(self):
        wait_for("go", self.heartbeat)
        return os.getpid()


class WorkOnce(Work):
    restart_lost = False


class WorkWorkflow(DefaultWorkflow):
    activities = [Work]

    def initiate(self, process):
        return self.activities[0]

    def respond_to_completed_activity(self, process, activity_execution, result):
        return CompleteProcess(result)

    def respond_to_interrupted_activity(self, process, activity_execution, details):
        return CompleteProcess(details.type)


class OnceWorkflow(WorkWorkflow):
    activities = [WorkOnce]


class ThinkWorkflow(WorkWorkflow):
    activities = []

    def initiate(self, process):
        wait_for("go")
        return CompleteProcess(os.getpid())
"""


@pytest.fixture
def waiting(project: Any) -> Any:
    return project(waiting=WAITING)


def types(process: Any) -> list[str]:
    return [event.type for event in process.history]


def is_running(process: Any) -> bool:
    return "activity_started" in types(process)


def endings(process: Any) -> list[Any]:
    return [event.result for event in process.history if event.type == "activity"]


def started(waiting: Any, workflow: str) -> str:
    return str(waiting.call("start", workflow).strip())


def test_an_activity_whose_worker_was_killed_is_finished_by_another(waiting: Any) -> None:
    process_id = started(waiting, "Work")
    first = waiting.worker()
    first.wait_for("activity Work .*: taken")
    second = waiting.worker()
    second.wait_for("worker ")
    first.kill()
    process = waiting.until(process_id, lambda process: "activity_lost" in types(process))
    (waiting.folder / "go").touch()
    process = waiting.closed(process_id)
    assert endings(process) == [ActivityCompleted(second.pid)]
    [execution] = {event.activity_execution.id for event in process.history if event.type.startswith("activity")}
    second.wait_for(f"activity Work {execution} of process {process_id}: completed")


def test_an_activity_that_must_not_run_twice_times_out_with_its_worker(waiting: Any) -> None:
    process_id = started(waiting, "Once")
    first = waiting.worker()
    first.wait_for("activity WorkOnce .*: taken")
    first.kill()
    second = waiting.worker()
    process = waiting.closed(process_id)
    assert [(type(result), result.timeout) for result in endings(process)] == [(ActivityTimedOut, "worker")]
    assert "activity WorkOnce" not in second.log()


def test_a_decision_whose_worker_was_killed_is_made_by_another(waiting: Any) -> None:
    process_id = started(waiting, "Think")
    first = waiting.worker()
    first.wait_for("decision of Think .*: taken")
    first.kill()
    second = waiting.worker()
    second.wait_for("decision of Think .*: taken")
    (waiting.folder / "go").touch()
    assert waiting.closed(process_id).result.result == second.pid


def test_a_worker_that_is_told_to_stop_finishes_what_runs_and_takes_nothing_new(waiting: Any) -> None:
    process_id = started(waiting, "Work")
    worker = waiting.worker("-c", "1")
    worker.wait_for("activity Work .*: taken")
    other_id = started(waiting, "Work")
    waiting.until(other_id, lambda process: "decision" in types(process))
    worker.signal(signal.SIGTERM)
    worker.wait_for("stopping")
    (waiting.folder / "go").touch()
    assert worker.ended() == 0
    assert endings(waiting.process(process_id)) == [ActivityCompleted(worker.pid)]
    assert not is_running(waiting.process(other_id))


def test_what_does_not_finish_in_time_is_lost_at_once_and_done_by_another(waiting: Any) -> None:
    process_id = started(waiting, "Work")
    worker = waiting.worker("--shutdown-timeout", "0")
    worker.wait_for("activity Work .*: taken")
    worker.signal(signal.SIGTERM)
    assert worker.ended() == 0
    assert types(waiting.process(process_id))[-1] == "activity_lost"
    (waiting.folder / "go").touch()
    other = waiting.worker()
    assert waiting.closed(process_id).result.result == other.pid


def test_ctrl_c_stops_and_a_second_one_ends_now(waiting: Any) -> None:
    process_id = started(waiting, "Work")
    worker = waiting.worker()
    worker.wait_for("activity Work .*: taken")
    worker.signal(signal.SIGINT)
    worker.wait_for("stopping")
    worker.signal(signal.SIGINT)
    assert worker.ended() == 130
    assert types(waiting.process(process_id))[-1] == "activity_lost"


def test_an_idle_worker_takes_what_another_program_starts(waiting: Any) -> None:
    worker = waiting.worker()
    worker.wait_for("worker ")
    (waiting.folder / "go").touch()
    for _ in range(5):
        assert waiting.closed(started(waiting, "Work")).result.result == worker.pid
    worker.signal(signal.SIGTERM)
    assert worker.ended() == 0


def test_many_workers_share_the_work_and_do_each_activity_once(waiting: Any) -> None:
    ids = [started(waiting, "Work") for _ in range(6)]
    workers = [waiting.worker("-c", "2", "--name", name) for name in ("one", "two", "three")]
    taken = [
        event
        for process_id in ids
        for event in waiting.until(process_id, is_running).history
        if event.type == "activity_started"
    ]
    assert Counter(event.identity for event in taken) == {"one": 2, "two": 2, "three": 2}
    (waiting.folder / "go").touch()
    results = [waiting.closed(process_id).result.result for process_id in ids]
    assert Counter(results) == {worker.pid: 2 for worker in workers}
    for process_id in ids:
        process = waiting.process(process_id)
        assert types(process).count("activity_started") == len(endings(process)) == 1
