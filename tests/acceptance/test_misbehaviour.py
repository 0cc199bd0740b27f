"""What activities, workflows and inputs can do to a worker, and what it does about that."""

from __future__ import annotations

import json
import signal
from typing import Any

import pytest

CODE = """
import os
import signal
import sys

from pyworkflow.decision import CompleteProcess, ScheduleActivity
from pyworkflow.managed import Activity, Workflow


class CloseOutput(Activity):
    def execute(self):
        for stream in (sys.stdout, sys.stderr):
            stream.close()
        print("still here")
        return "closed"


class PrintMuch(Activity):
    def execute(self):
        for number in range(20_000):
            print("line", number)
        return "printed"


class Exit(Activity):
    def execute(self):
        sys.exit("enough")


class Fork(Activity):
    def execute(self):
        child = os.fork()
        if child:
            os.waitpid(child, 0)
        return "parent" if child else "child"


class Kill(Activity):
    def execute(self):
        os.kill(os.getpid(), signal.SIGKILL)


class Echo(Activity):
    def execute(self):
        return self.input


class Deep(Activity):
    def execute(self):
        return self.execute()


class One(Workflow):
    activities = [CloseOutput, PrintMuch, Exit, Fork, Kill, Echo, Deep]

    def decide(self, process):
        if process.is_new:
            return ScheduleActivity(process.input["activity"], input=process.input.get("input"))
        ended = [event.result for event in process.history if event.type == "activity"]
        return CompleteProcess({"type": ended[0].type, "result": getattr(ended[0], "result", str(ended[0]))})


class Nonsense(Workflow):
    def decide(self, process):
        return {"number": 42, "text": "complete", "class": One, "nan": CompleteProcess(float("nan"))}[process.input]
"""


@pytest.fixture
def one(project: Any) -> Any:
    return project(one=CODE)


def start(project: Any, workflow: str, given: Any) -> str:
    (project.folder / "input.json").write_text(json.dumps(given))
    return str(project.call("start", workflow, "-i", "@input.json").strip())


def outcome(project: Any, activity: str, given: Any = None) -> Any:
    return project.closed(start(project, "One", {"activity": activity, "input": given})).result.result


def test_a_worker_survives_what_its_activities_do(one: Any) -> None:
    worker = one.worker("-c", "2")
    assert outcome(one, "CloseOutput") == {"type": "completed", "result": "closed"}
    assert outcome(one, "PrintMuch") == {"type": "completed", "result": "printed"}
    assert outcome(one, "Exit")["type"] == "failed"
    assert outcome(one, "Fork") == {"type": "completed", "result": "parent"}
    assert outcome(one, "Deep")["type"] == "failed"
    assert outcome(one, "Echo", "well") == {"type": "completed", "result": "well"}
    worker.signal(signal.SIGTERM)
    assert worker.ended() == 0
    assert "still here" in worker.log()
    assert "SystemExit: enough" in worker.log()
    assert "RecursionError" in worker.log()


def test_an_activity_that_kills_its_worker_kills_three_and_no_more(one: Any) -> None:
    process_id = start(one, "One", {"activity": "Kill"})
    for _ in range(3):
        assert one.worker().ended() == -signal.SIGKILL
    one.worker()
    assert "timeout='worker'" in one.closed(process_id).result.result["result"]


def test_ten_megabytes_go_in_and_come_out(one: Any) -> None:
    one.worker()
    text = "é" * 5_000_000
    assert outcome(one, "Echo", text) == {"type": "completed", "result": text}


@pytest.mark.parametrize("kind", ["number", "text", "class", "nan"])
def test_a_decide_that_returns_nonsense_is_told_and_harms_nothing(one: Any, kind: str) -> None:
    worker = one.worker()
    process_id = start(one, "Nonsense", kind)
    worker.wait_for(f"decision of Nonsense for process {process_id}: failed \\(InvalidDecisionException: ")
    assert one.process(process_id).result is None
    assert "InvalidDecisionException" in one.call("show", process_id)
    assert outcome(one, "Echo", 1) == {"type": "completed", "result": 1}
