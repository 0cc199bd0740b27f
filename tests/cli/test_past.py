"""history --at, debug and fork: a process as it was, today's code asked about that, and another way to go on."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from terminal import Command, Ended, decide, in_terminal

from pyworkflow.activity import ActivityCompleted
from pyworkflow.backend import Backend
from pyworkflow.decision import (
    CompleteProcess,
    ContinueAsNew,
    RecordMarker,
    ScheduleActivity,
    StartChildProcess,
    Timer,
)
from pyworkflow.event import ActivityEvent, Origin
from pyworkflow.process import Process, ProcessCompleted

FLOWS = """
from pyworkflow.decision import CompleteProcess, ScheduleActivity
from pyworkflow.managed import Activity, DefaultWorkflow


class Bar(Activity):
    def execute(self):
        return self.input


class Foo(DefaultWorkflow):
    activities = [Bar]

    def initiate(self, process):
        return [ScheduleActivity(Bar, id="a", input=1), ScheduleActivity(Bar, id="b", input=2)]

    def respond_to_completed_activity(self, process, activity_execution, result):
        total = result + 1
        return CompleteProcess(total)

    def respond_to_signal(self, process, signal):
        return None
"""
PLAIN = """
from pyworkflow.decision import CompleteProcess
from pyworkflow.managed import Activity, Workflow


class Foo(Workflow):
    def decide(self, process):
        asked = len(process.history)
        return CompleteProcess(asked)
"""
RULES = """
from pyworkflow.decision import CompleteProcess
from pyworkflow.managed import RuleSetWorkflow
from pyworkflow.managed.workflow.rules import activity, process_started


class Foo(RuleSetWorkflow):
    @activity(activity=lambda name: name == "Bar")
    def paid(self, event, process):
        return CompleteProcess(event.result.result)
"""


@pytest.fixture
def flows(project: Path) -> Path:
    file = project / "flows.py"
    file.write_text(FLOWS)
    return file


@pytest.fixture(autouse=True)
def history(foo: Backend, flows: Path) -> Backend:  # noqa: ARG001 - the code is there before
    """A process that has completed, with one activity still running."""
    foo.start_process(Process("Foo", "p", {"n": 1}, ["t"]))
    decide(foo, ScheduleActivity("Bar", id="a", input=1), ScheduleActivity("Bar", id="b", input=2))
    task = foo.poll_activity_task(identity="ann")
    assert task is not None
    foo.complete_activity_task(task, 5)
    decide(foo, CompleteProcess(6))
    return foo


def content(project: Path) -> list[str]:
    with closing(sqlite3.connect(project / ".pyworkflow" / "pyworkflow.db")) as connection:
        return list(connection.iterdump())


# --- history --at ---


def test_history_at_marks_what_was_new_and_tells_what_was_open_and_decided_next(pyworkflow: Command) -> None:
    lines = pyworkflow("history", "p", "--at", "7").lines
    assert [line[:4] for line in lines[:7]] == ["   1", "   2", "*  3", "*  4", "*  5", "*  6", "   7"]
    assert lines[7] == ""
    assert lines[8] == "new to it      what is marked *"
    assert lines[9].startswith("open activity  Bar #4, scheduled ")
    assert lines[9].endswith(" before: 2")
    assert lines[10].startswith("decided next   process completed  6")
    assert len(lines) == 11


def test_history_at_tells_alike_events_apart(pyworkflow: Command, history: Backend) -> None:
    history.start_process(Process("Foo", "q"))
    history.signal_process("q", "go")
    decide(history)
    history.signal_process("q", "go")
    assert [line[0] for line in pyworkflow("history", "q", "--at", "4").lines[:4]] == [" ", " ", " ", "*"]


def test_history_at_tells_what_is_not_there(pyworkflow: Command) -> None:
    assert pyworkflow("history", "p", "--at", "1").lines[2:] == ["new to it  what is marked *", "open       nothing"]
    ended = pyworkflow("history", "p", "--at", "9")
    assert (ended.code, ended.out) == (2, "")
    assert "there is no event 9: the history of 'p' has 8" in ended.err
    assert len(ended.err.splitlines()) == 1
    for number in ("0", "-1", "x"):
        assert pyworkflow("history", "p", "--at", number).code == 2


def test_history_at_for_a_program(pyworkflow: Command) -> None:
    found = pyworkflow("history", "p", "--at", "7", "-o", "json").json
    assert (found["id"], found["run"], found["number"], found["failed"]) == ("p", 1, 7, None)
    assert [event["number"] for event in found["events"] if event["unseen"]] == [3, 4, 5, 6]
    assert [(one["id"], one["number"]) for one in found["open"]["activities"]] == [("b", 4)]
    assert found["decided"] == [{"type": "complete_process", "result": 6}]
    records = [json.loads(line) for line in pyworkflow("history", "p", "--at", "7", "-o", "jsonl").lines]
    assert records[:7] == found["events"]
    assert records[7:] == [{"type": "at", **{name: found[name] for name in ("number", "open", "decided", "failed")}}]


def test_history_at_tells_timers_children_and_decisions_that_came_to_nothing(
    pyworkflow: Command, history: Backend
) -> None:
    history.start_process(Process("Foo", "q"))
    decide(history, Timer(100, id="t"), StartChildProcess(Process("Foo")))
    history.signal_process("q", "go")
    for _ in range(2):
        task = history.poll_decision_task()
        assert task is not None
        if task.process.id == "q":
            history.fail_decision_task(task, "a bug")
    lines = pyworkflow("history", "q", "--at", "6").lines[7:]
    assert lines[1].startswith("open timer    t #3, due in 1m 4")
    assert lines[2] == "open child    q-4 (Foo)"
    assert lines[3] == "decided next  nothing: it came to nothing (a bug)"


def test_history_at_of_an_earlier_run_and_in_full(pyworkflow: Command, history: Backend) -> None:
    history.start_process(Process("Foo", "q"))
    decide(history, ContinueAsNew(2))
    lines = pyworkflow("history", "q", "--run", "1", "--at", "2", "--full").lines
    assert lines[0].startswith("*  1")
    assert lines[1] == "      input: null"
    assert lines[-1] == "decided next  run ended, to continue as new  2"
    for words in (("--follow",), ("--timeline",), ("--svg", "x.svg")):
        assert pyworkflow("history", "q", "--at", "1", *words).code == 2


# --- debug ---


def debug(typed: str, *words: str) -> Ended:
    """The command in a process of its own, and what is typed into pdb."""
    done = subprocess.run(
        [sys.executable, "-m", "pyworkflow", "debug", *words],
        input=typed,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, "HOME": os.getcwd()},  # whose .pdbrc is not read
    )
    return Ended(done.returncode, done.stdout, done.stderr)


def test_debug_stops_in_the_hook_that_answers_the_newest_question(project: Path) -> None:
    before = content(project)
    ended = debug("p result\nn\np total\nc\n", "p")
    assert "flows.py(18)respond_to_completed_activity()\n-> total = result + 1\n(Pdb) 5\n" in ended.out
    assert "(Pdb) 6\n(Pdb) CompleteProcess(result=6)\n" in ended.out
    assert ended.err == "Foo asked about p as it was at event 7\nas recorded\n"
    assert ended.code == 0
    assert content(project) == before


def test_debug_stops_at_the_first_line_of_decide(flows: Path) -> None:
    flows.write_text(PLAIN)
    ended = debug("n\nn\nn\nn\n", "p", "--at", "2")
    assert "flows.py(8)decide()\n-> asked = len(process.history)\n" in ended.out
    assert "asking.py" not in ended.out  # what comes after it is ours
    assert ended.out.endswith("CompleteProcess(result=2)\n")
    assert ended.err.splitlines()[1:] == [
        "recorded otherwise:",
        "  + CompleteProcess()",
        "  - ScheduleActivity(Bar)",
        "  - ScheduleActivity(Bar)",
    ]


def test_debug_stops_in_the_rule_that_is_called_and_not_in_its_conditions(flows: Path) -> None:
    flows.write_text(RULES)
    ended = debug("p event.result\nc\n", "p")
    assert "flows.py(10)paid()\n-> return CompleteProcess(event.result.result)\n" in ended.out
    assert ended.err.splitlines()[1:] == ["recorded otherwise:", "  ~ CompleteProcess() with another result"]


def test_debug_stops_behind_a_decorator(flows: Path) -> None:
    flows.write_text(
        FLOWS.replace("    def respond_to_completed", "    @passed_on\n    def respond_to_completed").replace(
            "class Bar", "def passed_on(hook):\n    return lambda *given: hook(*given)\n\n\nclass Bar", 1
        )
    )
    assert "respond_to_completed_activity()\n-> total = result + 1\n(Pdb) 5\n" in debug("p result\nc\n", "p").out


def test_debug_at_an_event_that_was_no_question_has_nothing_to_compare_with() -> None:
    ended = debug("c\n", "p", "--at", "6")
    assert "respond_to_completed_activity()" in ended.out
    assert ended.err.splitlines()[-1] == "nothing to compare with: no answer is recorded for event 6"
    ended = debug("c\n", "p", "--at", "4")
    assert ended.err.splitlines()[1:] == [
        "no method of Foo was called: there is nothing new that it answers",
        "it decides nothing",
        "nothing to compare with: no answer is recorded for event 4",
    ]


@pytest.mark.parametrize("typed", ["q\n", "n\nquit\n", ""])
def test_debug_is_quit_without_a_traceback(typed: str) -> None:
    ended = debug(typed, "p")
    assert (ended.code, ended.err.splitlines()[1:]) == (0, ["quit: nothing is changed"])
    assert "Traceback" not in ended.out + ended.err


def test_debug_asks_again_when_pdb_is_to_run_it_anew() -> None:
    ended = debug("run\nc\n", "p")
    assert ended.out.count("-> total = result + 1") == 2
    assert ended.err.endswith("as recorded\n")


def test_debug_tells_what_decide_raises(flows: Path) -> None:
    flows.write_text(FLOWS.replace("total = result + 1", "raise SystemExit('enough')"))
    ended = debug("c\n", "p")
    assert ended.code == 0
    assert ended.err.splitlines()[1:] == [
        "Traceback (most recent call last):",
        f'  File "{flows}", line 18, in respond_to_completed_activity',
        "    raise SystemExit('enough')",
        "SystemExit: enough",
        "decide raises SystemExit: enough (flows.py:18)",
    ]


def test_debug_reads_a_file_where_there_is_no_backend(pyworkflow: Command, project: Path, history: Backend) -> None:
    pyworkflow("export", "p", "--to", "p.jsonl")
    nowhere = ["--backend", "sqlite:///nowhere/none.db"]
    assert debug("c\n", "p.jsonl", *nowhere).err.endswith("as recorded\n")
    assert not (project / "nowhere").exists()
    assert "no run 2 of 'p'" in debug("c\n", "p.jsonl", "--run", "2", *nowhere).err
    history.start_process(Process("Foo", "q"))
    pyworkflow("export", "--all", "--to", "all.jsonl")
    ended = debug("c\n", "all.jsonl", *nowhere)
    assert (ended.code, ended.out) == (2, "")
    assert "all.jsonl holds 2 processes, and not one" in ended.err


def test_debug_needs_somebody_who_types(project: Path) -> None:  # noqa: ARG001
    assert in_terminal("debug", "p", columns=100) == (
        "pyworkflow: debug needs a terminal, or commands of pdb on standard input\n"
    )


def test_debug_of_what_is_not_there() -> None:
    assert debug("c\n", "nothing").code == 3
    assert debug("c\n", "p", "--at", "99").err.count("\n") == 1
    assert debug("c\n", "p", "--at", "99").code == 2


# --- fork ---


def test_fork_tells_first_and_prints_the_new_id_alone(pyworkflow: Command, history: Backend) -> None:
    before = history.process_by_id("p")
    ended = pyworkflow("fork", "p", "--at", "6")
    (id,) = ended.lines
    lines = ended.err.splitlines()
    assert lines[0] == "6 events of p: 1 decision in them, today's code decides the same"
    assert lines[1].startswith("waits anew: activity Bar #4, scheduled ")
    assert lines[2:] == ['next, at "activity Bar completed": CompleteProcess()']
    fork = history.process_by_id(id)
    assert (fork.forked_from, fork.history) == (Origin("p", 1, 6), before.history[:6])
    assert [one.execution.id for one in history.pending(id).activities] == ["b"]
    assert history.process_by_id("p") == before


def test_a_fork_is_worked_on_like_any_other(pyworkflow: Command, history: Backend) -> None:
    assert pyworkflow("fork", "p", "--at", "6", "--id", "f", "--result", "a=41").code == 0
    assert pyworkflow("worker", "--burst", "--quiet").code == 0
    assert pyworkflow("show", "f", "-o", "json").json["result"] == {"type": "completed", "result": 42}
    assert history.process_by_id("p").result == ProcessCompleted(6)


def test_history_and_show_say_where_it_came_from_and_files_keep_it(pyworkflow: Command, history: Backend) -> None:
    pyworkflow("fork", "p", "--at", "6", "--id", "f", "-i", '{"n": 2}')
    first = pyworkflow("history", "f").lines[0]
    assert "  forked from p #6 " in first
    assert first.endswith('{"n":2}')
    assert "forked from  p #6" in pyworkflow("show", "f").lines
    origin = {"process_id": "p", "run": 1, "number": 6}
    shown = pyworkflow("show", "f", "-o", "json").json
    assert shown["forked_from"] == {**origin, "at": shown["started_at"]}
    assert pyworkflow("show", "p", "-o", "json").json["forked_from"] is None
    assert pyworkflow("history", "f", "-o", "json").json[0]["forked_from"] == shown["forked_from"]
    assert any("number: 6" in line for line in pyworkflow("history", "f", "--full").lines[:12])
    history.cancel_process("f")
    pyworkflow("export", "f", "--to", "f.jsonl")
    assert pyworkflow("import", "f.jsonl", "--backend", "sqlite:///other.db").code == 0
    assert "forked from  p #6" in pyworkflow("show", "f", "--backend", "sqlite:///other.db").lines


def test_a_dry_run_only_tells(pyworkflow: Command, project: Path) -> None:
    before = content(project)
    ended = pyworkflow("fork", "p", "--at", "6", "--dry-run")
    assert (ended.code, ended.out, len(ended.err.splitlines())) == (0, "", 3)
    assert content(project) == before


def test_what_todays_code_would_have_decided_otherwise_is_told(pyworkflow: Command, flows: Path) -> None:
    flows.write_text(FLOWS.replace("input=1", "input=3").replace("CompleteProcess(total)", "[].pop()"))
    assert pyworkflow("fork", "p", "--at", "7", "--dry-run").err.splitlines()[:2] == [
        "6 events of p: 1 decision in them, 1 would be others today",
        '  #2 at "start" ~ ScheduleActivity(Bar) with another input',
    ]
    assert pyworkflow("fork", "p", "--at", "7", "--dry-run").err.splitlines()[-1] == (
        'next, at "activity Bar completed": decide raises IndexError: pop from empty list (flows.py:19)'
    )


@pytest.mark.parametrize("name", ["a", "Bar#3", "Bar #3", "#3"])
def test_an_activity_is_named_by_its_id_or_as_history_names_it(
    pyworkflow: Command, history: Backend, name: str
) -> None:
    assert pyworkflow("fork", "p", "--at", "7", "--id", "f", "--result", f'{name}={{"k": "a=b"}}').code == 0
    (end,) = [event for event in history.process_by_id("f").history if isinstance(event, ActivityEvent)]
    assert end.result == ActivityCompleted({"k": "a=b"})


def test_a_result_of_what_is_open_comes_at_once(pyworkflow: Command, history: Backend) -> None:
    ended = pyworkflow("fork", "p", "--at", "6", "--id", "f", "--result", "b=2", "--result", "a=1")
    assert ended.err.splitlines()[1].startswith("told at once: Bar #4 completed  2")
    assert history.pending("f").activities == ()
    assert len(history.process_by_id("f").history) == 7


def test_the_name_of_the_only_activity_is_enough(pyworkflow: Command, history: Backend) -> None:
    history.start_process(Process("Foo", "q"))
    decide(history, ScheduleActivity("Bar", id="z"))
    assert pyworkflow("fork", "q", "--at", "3", "--id", "f", "--result", "Bar=7").code == 0
    assert history.pending("f").activities == ()


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("--at", "9"), 2, "there is no event 9: the history of 'p' has 8"),
        (("--at", "8"), 2, "event 8: it closes the run: go on from one before it"),
        ((), 2, "--at"),
        (("--at", "6", "--result", "Bar=1"), 2, "'Bar' could be Bar#3, Bar#4: name one of them"),
        (("--at", "6", "--result", "Baz=1"), 2, "no activity 'Baz' up to event 6: there are Bar#3, Bar#4"),
        (("--at", "6", "--result", "Baz#3=1"), 2, "no activity 'Baz#3'"),
        (("--at", "2", "--result", "a=1"), 2, "no activity 'a' up to event 2: there is none at all"),
        (("--at", "6", "--result", "a"), 2, "'a' is not of the form ACTIVITY=JSON"),
        (("--at", "6", "--result", "a=paid"), 2, "not JSON"),
        (("--at", "6", "--result", "a=1", "--result", "#3=2"), 2, "gives '#3' two results"),
        (("--at", "6", "-i", "nonsense"), 2, "not JSON"),
        (("--at", "6", "--id", "p"), 4, "a process with the id 'p' was started before"),
        (("--at", "6", "--run", "2"), 2, "the newest run of 'p' is 1"),
    ],
)
def test_what_cannot_be_forked_is_one_clear_line(
    pyworkflow: Command, project: Path, words: tuple[str, ...], code: int, message: str
) -> None:
    before = content(project)
    ended = pyworkflow("fork", "p", *words)
    assert (ended.code, ended.out) == (code, "")
    assert message in ended.err.splitlines()[-1]
    assert content(project) == before


def test_a_child_that_is_still_open_is_named(pyworkflow: Command, history: Backend) -> None:
    history.start_process(Process("Foo", "q"))
    decide(history, StartChildProcess(Process("Foo", "c")))
    ended = pyworkflow("fork", "q", "--at", "3")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith("pyworkflow: child c: it is still open")


def test_a_fork_within_a_list_of_decisions_asks_for_it_again(pyworkflow: Command, history: Backend) -> None:
    ended = pyworkflow("fork", "p", "--at", "3", "--id", "f")
    assert ended.err.splitlines() == [
        "1 event of p: nothing was decided yet",
        'next, at "start": ScheduleActivity(Bar), ScheduleActivity(Bar)',
    ]
    assert len(history.process_by_id("f").history) == 1


def test_a_decision_that_a_worker_is_making_is_not_taken_for_made(pyworkflow: Command, history: Backend) -> None:
    history.start_process(Process("Foo", "q"))
    assert history.poll_decision_task() is not None
    history.signal_process("q", "go")
    pyworkflow("fork", "q", "--at", "3", "--id", "f")
    assert history.process_by_id("f").history[-1].type == "decision_failed"
    task = history.poll_decision_task()
    assert task is not None
    assert [event.type for event in task.process.unseen_events()] == ["process_started", "signal"]


def test_where_all_is_answered_that_is_said(pyworkflow: Command, history: Backend) -> None:
    history.start_process(Process("Foo", "q"))
    decide(history, RecordMarker("m"))
    ended = pyworkflow("fork", "q", "--at", "3", "--dry-run")
    assert ended.err.splitlines()[-1] == "nothing is left to answer: it is asked when something happens"


def test_a_file_can_be_forked_into_another_backend(pyworkflow: Command) -> None:
    pyworkflow("export", "p", "--to", "p.jsonl")
    other = ["--backend", "sqlite:///other.db"]
    assert pyworkflow("fork", "p.jsonl", "--at", "6", "--id", "f", *other).out == "f\n"
    assert pyworkflow("show", "f", "-o", "json", *other).json["forked_from"]["process_id"] == "p"
    assert pyworkflow("worker", "--burst", "--quiet", *other).code == 0
    assert pyworkflow("show", "f", "-o", "json", *other).json["status"] == "completed"
