"""replay: what today's code would decide otherwise, in processes and in files, and nothing is changed by asking."""

from __future__ import annotations

import json
import os
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from terminal import Command, decide

from pyworkflow.backend import Backend
from pyworkflow.decision import CompleteProcess, ContinueAsNew, ScheduleActivity
from pyworkflow.process import Process

FLOWS = """
from pyworkflow.decision import CompleteProcess, ScheduleActivity
from pyworkflow.managed import Activity, DefaultWorkflow


class Bar(Activity):
    def execute(self):
        return self.input


class Foo(DefaultWorkflow):
    activities = [Bar]

    def initiate(self, process):
        return ScheduleActivity(Bar, id="a", input=1)

    def respond_to_completed_activity(self, process, activity_execution, result):
        return CompleteProcess(result)
"""
EDITED = FLOWS.replace("return CompleteProcess(result)", 'return ScheduleActivity(Bar, id="b")')
BROKEN = FLOWS.replace("return CompleteProcess(result)", "print('asked'); return [].pop()")
SLOW = FLOWS.replace("return CompleteProcess(result)", "\n        while True: pass")


@pytest.fixture
def flows(project: Path) -> Path:
    file = project / "flows.py"
    file.write_text(FLOWS)
    return file


@pytest.fixture(autouse=True)
def history(foo: Backend, flows: Path) -> Backend:  # noqa: ARG001 - the code is there before
    """Two processes that have completed as the code says, and one that waits for its activity."""
    for id in ("one", "two"):
        foo.start_process(Process("Foo", id))
        decide(foo, ScheduleActivity("Bar", id="a", input=1))
        task = foo.poll_activity_task()
        assert task is not None
        foo.complete_activity_task(task, 1)
        decide(foo, CompleteProcess(1))
    foo.start_process(Process("Foo", "open"))
    decide(foo, ScheduleActivity("Bar", id="a", input=1))
    return foo


def content(project: Path) -> list[str]:
    with closing(sqlite3.connect(project / ".pyworkflow" / "pyworkflow.db")) as connection:
        return list(connection.iterdump())


def test_code_that_has_not_changed_decides_the_same(pyworkflow: Command) -> None:
    ended = pyworkflow("replay", "--all")
    assert (ended.code, ended.out, ended.err) == (0, "", "3 processes: 3 decide the same; 5 decisions asked for\n")


def test_what_differs_is_grouped_and_says_where(pyworkflow: Command, flows: Path, project: Path) -> None:
    flows.write_text(EDITED)
    before = content(project)
    ended = pyworkflow("replay", "--all")
    assert ended.code == 6
    assert ended.lines == [
        '2 processes of Foo: at "activity Bar completed" + ScheduleActivity(Bar) - CompleteProcess()',
        "    two #6, one #6",
    ]
    assert ended.err == "3 processes: 1 decides the same, 2 differ; 5 decisions asked for\n"
    assert content(project) == before


def test_only_those_that_are_wanted_are_asked_about(pyworkflow: Command, flows: Path) -> None:
    flows.write_text(EDITED)
    assert pyworkflow("replay", "--open").err == "1 process: 1 decides the same; 1 decision asked for\n"
    assert pyworkflow("replay", "on").err.startswith("1 process: 0 decide the same, 1 differs")
    assert pyworkflow("replay", "--all", "--workflow", "Foo").code == 6
    assert pyworkflow("replay", "--workflow", "Foo").err.startswith("3 processes: ")
    assert pyworkflow("replay", "--since", "1h").err.startswith("3 processes: ")
    assert pyworkflow("replay", "--all", "--since", "2030-01-01").err.startswith("0 processes")
    ended = pyworkflow("replay", "--all", "--workflow", "Nothing")
    assert (ended.code, ended.out) == (3, "")


def test_for_a_program_each_difference_is_a_record(pyworkflow: Command, flows: Path) -> None:
    flows.write_text(EDITED)
    (record,) = pyworkflow("replay", "one", "-o", "json").json
    assert record == {
        "process": "one",
        "run": 1,
        "workflow": "Foo",
        "event": 6,
        "at": "activity Bar completed",
        "kind": "differs",
        "more": [{"type": "schedule_activity", "activity": "Bar", "id": "b"}],
        "fewer": [{"type": "complete_process", "result": 1}],
        "changed": [],
    }
    assert pyworkflow("replay", "--open", "-o", "json").json == []


def test_an_error_is_a_result(pyworkflow: Command, flows: Path) -> None:
    flows.write_text(BROKEN)
    ended = pyworkflow("replay", "--all")
    assert ended.code == 6
    assert ended.lines[0] == (
        '2 processes of Foo: at "activity Bar completed" decide raises IndexError: pop from empty list (flows.py:18)'
    )
    assert ended.err.startswith("asked\nasked\n")  # what it prints is no data
    (record,) = pyworkflow("replay", "one", "-o", "json").json
    assert (record["kind"], record["where"]) == ("raises", "flows.py:18")


def test_errors_that_name_the_process_are_one(pyworkflow: Command, flows: Path) -> None:
    flows.write_text(FLOWS.replace('return ScheduleActivity(Bar, id="a", input=1)', "raise KeyError(process.id)"))
    assert pyworkflow("replay", "one", "two").lines == [
        "2 processes of Foo: at \"start\" decide raises KeyError: 'one' (flows.py:15)",
        "    one #2, two #2",
    ]


def test_a_decision_that_does_not_end_is_a_result(pyworkflow: Command, flows: Path) -> None:
    flows.write_text(SLOW)
    ended = pyworkflow("replay", "--all", "--timeout", "0.05")
    assert ended.code == 6
    assert ended.lines[0] == '2 processes of Foo: at "activity Bar completed" decide takes more than 0.05 s'


def test_what_follows_a_difference_is_left_out_and_that_is_said(pyworkflow: Command, flows: Path) -> None:
    flows.write_text(EDITED.replace('id="a", input=1', 'id="a", input=2'))
    ended = pyworkflow("replay", "one")
    assert ended.lines == [
        '1 process of Foo: at "start" ~ ScheduleActivity(Bar) with another input',
        "    one #2",
    ]
    assert "1 decision after a first difference not asked for" in ended.err
    ended = pyworkflow("replay", "one", "--to-the-end")
    assert len(ended.lines) == 4
    assert "not asked" not in ended.err


def test_files_are_replayed_where_there_is_no_backend(
    pyworkflow: Command, flows: Path, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert pyworkflow("export", "--all", "--to", "all.jsonl").code == 0
    flows.write_text(EDITED)
    nowhere = ["--backend", "sqlite:///nowhere/none.db"]
    ended = pyworkflow("replay", "all.jsonl", *nowhere)
    assert ended.code == 6
    assert ended.lines[1] == "    one #6, two #6"
    assert not (project / "nowhere").exists()
    assert pyworkflow("replay", "all.jsonl", "one", "one").err.startswith("4 runs of 3 processes: ")
    with (project / "all.jsonl").open() as exported:
        monkeypatch.setattr("sys.stdin", exported)
        assert pyworkflow("replay", "-", *nowhere).lines == ended.lines
    os.mkfifo(project / "pipe")
    with ThreadPoolExecutor() as other:
        other.submit((project / "pipe").write_bytes, (project / "all.jsonl").read_bytes())
        assert pyworkflow("replay", "pipe", *nowhere).lines == ended.lines
    for missing in ("/nowhere/none.jsonl", "x" * 300):
        none = pyworkflow("replay", missing)
        assert (none.code, none.err.splitlines()[0]) == (
            3,
            f"pyworkflow: there is no process {missing!r}; `pyworkflow list` shows what there is",
        )
    (project / "bad.jsonl").write_text("{}\n")
    ended = pyworkflow("replay", "bad.jsonl")
    assert (ended.code, ended.err) == (2, "pyworkflow: bad.jsonl:1: not of an exported process: 'type' is missing\n")


def test_a_worker_that_decides_just_now_has_not_answered_yet(pyworkflow: Command, history: Backend) -> None:
    history.start_process(Process("Foo", "young"))
    assert history.poll_decision_task() is not None
    ended = pyworkflow("replay", "young")
    assert (ended.code, ended.err) == (0, "1 process: 1 decides the same; 1 decision asked for\n")
    assert pyworkflow("export", "young", "--to", "young.jsonl").code == 0
    assert pyworkflow("replay", "young.jsonl").code == 0


@pytest.mark.parametrize(("code", "said"), [(FLOWS, []), (EDITED, []), (BROKEN, ["    open #7"])])
def test_a_decision_that_failed_has_not_been_answered_yet(
    pyworkflow: Command, history: Backend, flows: Path, code: str, said: list[str]
) -> None:
    flows.write_text(code)
    activity = history.poll_activity_task()
    assert activity is not None
    history.complete_activity_task(activity, 1)
    for failing in ("older", "old"):
        task = history.poll_decision_task(code=failing)
        assert task is not None
        history.fail_decision_task(task, "a bug")
    assert history.process_by_id("open").history[-1].type == "decision_started"  # of the second attempt
    ended = pyworkflow("replay", "open")
    assert (ended.code, ended.lines[1:]) == (6 if said else 0, said)


def test_processes_of_other_projects_are_left_out(pyworkflow: Command, history: Backend) -> None:
    history.register_workflow("Other")
    history.start_process(Process("Other", "other"))
    ended = pyworkflow("replay", "--all")
    assert ended.code == 0
    assert ended.err.endswith("1 process of Other left out: this project has no such workflow\n")
    ended = pyworkflow("replay", "other")
    assert (ended.code, ended.out) == (3, "")
    assert "'Other'" in ended.err


def test_all_runs_of_a_process_are_asked_about(pyworkflow: Command, foo: Backend, flows: Path) -> None:
    flows.write_text(FLOWS.replace("CompleteProcess(result)", "None"))
    foo.start_process(Process("Foo", "p"))
    decide(foo, ScheduleActivity("Bar", id="a", input=1))
    foo.signal_process("p", "go")
    decide(foo, ContinueAsNew())
    decide(foo, ScheduleActivity("Bar", id="a", input=1))
    ended = pyworkflow("replay", "p", "-o", "jsonl")
    records = [json.loads(line) for line in ended.lines]
    assert [(record["run"], record["event"]) for record in records] == [(1, 5)]
    assert ended.err.startswith("2 runs of 1 process: 1 decides the same, 1 differs")


@pytest.mark.parametrize(
    "words", [(), ("--all", "--open"), ("one", "--all"), ("one", "--workflow", "Foo"), ("one", "--since", "1h")]
)
def test_what_is_to_be_replayed_must_be_said_once(pyworkflow: Command, words: tuple[str, ...]) -> None:
    ended = pyworkflow("replay", *words)
    assert (ended.code, ended.out) == (2, "")
    assert "name processes or files, or give --open, --all, --workflow or --since" in ended.err
