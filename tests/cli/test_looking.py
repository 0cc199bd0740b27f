"""list, show and history: what there is, what happened, and why a process is where it is."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from terminal import EVIL, Command, Running, decide, in_terminal, until, without_colour

from pyworkflow.activity import ActivityExecution, ActivityFailed
from pyworkflow.backend import Backend
from pyworkflow.decision import (
    CancelActivity,
    CompleteProcess,
    ContinueAsNew,
    ScheduleActivity,
    StartChildProcess,
    Timer,
)
from pyworkflow.process import Process
from pyworkflow.sqlite import SQLiteBackend
from pyworkflow.testing import Clock

# --- list ---


def test_list_tells_the_newest_first_with_parent_and_status(pyworkflow: Command, foo: Backend) -> None:
    foo.start_process(Process("Foo", "one"))
    decide(foo, StartChildProcess(Process("Foo", tags=["small"])))
    foo.start_process(Process("Foo", "two"))
    foo.cancel_process("two")
    rows = [line.split() for line in pyworkflow("list").lines]
    assert rows[0] == ["ID", "WORKFLOW", "STATUS", "STARTED", "DURATION", "PARENT"]
    assert [(row[0], row[1], row[2]) for row in rows[1:]] == [
        ("two", "Foo", "canceled"),
        ("one-3", "Foo", "open"),
        ("one", "Foo", "open"),
    ]
    assert rows[2][-1] == "one"


def test_list_shows_ids_as_short_as_they_can_be_typed(pyworkflow: Command, foo: Backend) -> None:
    ids = {foo.start_process(Process("Foo")) for _ in range(20)}
    shown = [line.split()[0] for line in pyworkflow("list").lines[1:]]
    assert len(shown) == len(set(shown)) == 20
    assert max(map(len, shown)) < 15
    assert {pyworkflow("show", short, "-o", "json").json["id"] for short in shown} == ids


def test_list_can_be_narrowed(pyworkflow: Command, foo: Backend) -> None:
    foo.register_workflow("Other")
    foo.start_process(Process("Foo", "a", tags=["red"]))
    foo.start_process(Process("Other", "b", tags=["red", "blue"]))
    foo.start_process(Process("Foo", "c"))
    foo.cancel_process("c")

    def ids(*words: str) -> list[str]:
        return [record["id"] for record in pyworkflow("list", "-o", "json", *words).json]

    assert ids() == ["c", "b", "a"]
    assert ids("--status", "open") == ["b", "a"]
    assert ids("--status", "closed") == ids("--status", "canceled") == ["c"]
    assert ids("--workflow", "Foo") == ["c", "a"]
    assert ids("--tag", "red") == ["b", "a"]
    assert ids("--tag", "blue") == ["b"]
    assert ids("-n", "2") == ["c", "b"]


def test_list_tells_whose_decisions_fail(pyworkflow: Command, foo: Backend) -> None:
    for id in ("well", "ill"):
        foo.start_process(Process("Foo", id))
        task = foo.poll_decision_task()
        assert task is not None
        if id == "ill":
            foo.fail_decision_task(task, "bug")
    assert "  open, decide failed 1×  " in pyworkflow("list").lines[1]
    assert [one["id"] for one in pyworkflow("list", "--failing", "-o", "json").json] == ["ill"]
    assert [one["failures"] for one in pyworkflow("list", "-o", "json").json] == [1, 0]


def test_list_keeps_its_columns_beside_a_long_id_and_in_a_narrow_terminal(foo: Backend) -> None:
    foo.start_process(Process("Foo", "x" * 500))
    lines = without_colour(in_terminal("list", columns=100)).splitlines()
    assert lines[1].startswith("x" * 47 + "…")
    assert " open " in lines[1]
    foo.cancel_process("x" * 500)
    foo.prune(datetime.now(UTC) + timedelta(days=1))
    foo.start_process(Process("Foo", "short"))
    foo.cancel_process("short")
    lines = without_colour(in_terminal("list", columns=60)).splitlines()
    assert re.match(r"short  Foo +canceled  \d\d-\d\d \d\d:\d\d:\d\d  \d+ms", lines[1])
    history = without_colour(in_terminal("history", "short", columns=60))
    assert re.match(r"1  \d\d:\d\d:\d\d  process started", history)


def test_list_says_when_there_are_more_than_it_shows(pyworkflow: Command, foo: Backend) -> None:
    for number in range(3):
        foo.start_process(Process("Foo", f"p{number}"))
    for form in ("table", "json", "jsonl"):
        assert pyworkflow("list", "-n", "2", "-o", form).err == "there are more: -n 4 shows twice as many\n"
        assert pyworkflow("list", "-n", "3", "-o", form).err == ""


def test_list_shows_the_newest_run_and_earlier_ones_when_asked(pyworkflow: Command, foo: Backend) -> None:
    foo.start_process(Process("Foo", "x"))
    decide(foo, ContinueAsNew(1))
    assert [(one["run"], one["status"]) for one in pyworkflow("list", "-o", "json").json] == [(2, "open")]
    earlier = pyworkflow("list", "-o", "json", "--status", "continued").json
    assert [(one["run"], one["status"]) for one in earlier] == [(1, "continued")]
    assert "  run 1, continued  " in pyworkflow("list", "--status", "continued").lines[1]


def test_jsonl_is_one_record_a_line_with_times_in_utc(pyworkflow: Command, foo: Backend) -> None:
    import json

    for number in range(3):
        foo.start_process(Process("Foo", f"p{number}", tags=["t"]))
    records = [json.loads(line) for line in pyworkflow("list", "-o", "jsonl").lines]
    assert [record["id"] for record in records] == ["p2", "p1", "p0"]
    assert records[0]["started_at"].endswith("Z")
    names = "id run workflow status started_at closed_at parent tags events failures"
    assert list(records[0]) == names.split()


def test_list_can_be_narrowed_to_what_started_lately_and_to_roots(pyworkflow: Command, project: Path) -> None:
    clock = Clock(datetime.now(UTC) - timedelta(hours=3))
    with SQLiteBackend(project / ".pyworkflow" / "pyworkflow.db", clock=clock) as then:
        then.register_workflow("Foo")
        then.start_process(Process("Foo", "old"))
        clock.advance(2.5 * 3600)
        decide(then, StartChildProcess(Process("Foo", "young")))

    def ids(*words: str) -> list[str]:
        return [record["id"] for record in pyworkflow("list", "-o", "json", *words).json]

    assert ids("--since", "1h") == ["young"]
    assert ids("--since", "4h") == ids("--since", "2020-01-01") == ["young", "old"]
    assert ids("--since", (datetime.now(UTC) - timedelta(hours=1)).isoformat()) == ["young"]
    assert ids("--root") == ["old"]
    assert ids("--workflow", "FooWorkflow") == ["young", "old"]


# --- which process ---


def test_a_beginning_names_a_process_if_no_other_begins_so(pyworkflow: Command, foo: Backend) -> None:
    for id in ("order-1", "order-12", "order-13", "parcel"):
        foo.start_process(Process("Foo", id))

    def shown(given: str) -> str:
        return str(pyworkflow("show", given, "-o", "json").json["id"])

    assert shown("p") == "parcel"
    assert shown("order-1") == "order-1"  # exactly it, though others begin so
    assert shown("order-12") == "order-12"
    ended = pyworkflow("cancel", "order-")
    assert (ended.code, ended.err.count("\n")) == (2, 1)
    assert "'order-' begins order-1, order-12, order-13: write more of it" in ended.err
    assert pyworkflow("list", "-o", "json", "--status", "canceled").json == []


def test_a_beginning_names_the_parent_and_not_its_children(pyworkflow: Command, foo: Backend) -> None:
    foo.start_process(Process("Foo", "parent"))
    decide(foo, StartChildProcess(Process("Foo")), StartChildProcess(Process("Foo")))
    assert pyworkflow("show", "par", "-o", "json").json["id"] == "parent"
    assert pyworkflow("show", "parent-3", "-o", "json").json["id"] == "parent-3"


def test_a_child_is_named_as_list_shows_it(pyworkflow: Command, foo: Backend) -> None:
    parent = foo.start_process(Process("Foo"))
    decide(foo, StartChildProcess(Process("Foo")))
    decide(foo, StartChildProcess(Process("Foo")))
    shown = {line.split()[0] for line in pyworkflow("list").lines[1:]}
    assert shown == {parent[:8], f"{parent[:8]}/3", f"{parent[:8]}/3/3"}
    full = {pyworkflow("show", short, "-o", "json").json["id"] for short in shown}
    assert full == {parent, f"{parent}-3", f"{parent}-3-3"}
    ended = pyworkflow("show", f"{parent[:8]}/4")
    assert (ended.code, ended.err) == (
        3,
        f"pyworkflow: there is no process '{parent[:8]}/4'; `pyworkflow list` shows what there is\n",
    )


def test_many_that_begin_so_are_told_by_a_few(pyworkflow: Command, foo: Backend) -> None:
    for number in range(9):
        foo.start_process(Process("Foo", f"p{number}"))
    assert "'p' begins p0, p1, p2, p3 and 5 more" in pyworkflow("show", "p").err


def test_ids_in_an_error_are_shown_and_never_obeyed(pyworkflow: Command, foo: Backend) -> None:
    for number in range(2):
        foo.start_process(Process("Foo", f"p{EVIL}{number}"))
    ended = pyworkflow("show", "p")
    assert "'p' begins p\\x1b[2J\\x9b31m[red]\\n0, p" in ended.err
    assert not set(ended.err) & {"\x1b", "\x9b"}


# --- history ---


def test_history_tells_every_event_with_its_number_time_name_and_value(pyworkflow: Command, foo: Backend) -> None:
    foo.start_process(Process("Foo", "x", input={"order": 17}))
    decide(foo, ScheduleActivity("Bar", "a", input=[1, 2]), Timer(60, {"why": "late"}, id="reminder"))
    task = foo.poll_activity_task(identity="worker-1")
    assert task is not None
    foo.complete_activity_task(task, ActivityFailed("no luck"))
    foo.signal_process("x", "paid", {"amount": 30})
    decide(foo, CompleteProcess("done"))
    lines = pyworkflow("history", "x").lines
    assert [line.split()[0] for line in lines] == [str(number) for number in range(1, 10)]
    words = [" ".join(line.split()[3:]) for line in lines]
    assert words[0] == 'process started {"order":17}'
    assert words[1] == "decision started by decider"
    assert words[2] == "Bar scheduled [1,2]"
    assert words[3] == 'timer reminder set {"why":"late"}'
    assert words[4] == "Bar #3 started by worker-1"
    assert words[5].startswith("Bar #3 failed ")
    assert words[5].endswith("s no luck")
    assert words[6] == 'signal paid {"amount":30}'
    assert words[8].startswith("process completed ")
    assert words[8].endswith('s "done"')


def test_history_for_programs_leaves_nothing_out(pyworkflow: Command, foo: Backend) -> None:
    foo.start_process(Process("Foo", "x"))
    foo.signal_process("x", "long", "y" * 1000)
    records = pyworkflow("history", "x", "-o", "json").json
    assert [(one["number"], one["type"]) for one in records] == [(1, "process_started"), (2, "signal")]
    assert records[1]["signal"] == {"name": "long", "data": "y" * 1000}
    assert len(pyworkflow("history", "x", "-o", "jsonl").lines) == 2
    assert "y" * 1000 not in pyworkflow("history", "x").out


@pytest.mark.parametrize("shown", [["--timeline"], ["--svg", "x.svg"]])
@pytest.mark.parametrize("other", [["-o", "json"], ["-o", "jsonl"], ["--full"]])
def test_a_timeline_is_for_people_only(pyworkflow: Command, foo: Backend, shown: list[str], other: list[str]) -> None:
    foo.start_process(Process("Foo", "x"))
    ended = pyworkflow("history", "x", *shown, *other)
    assert (ended.code, ended.out, ended.err.count("\n")) == (2, "", 1)
    assert "--timeline: goes with neither -o nor --full" in ended.err


def test_history_of_an_earlier_run_is_there(pyworkflow: Command, foo: Backend) -> None:
    foo.start_process(Process("Foo", "x", input=1))
    decide(foo, ContinueAsNew(2))
    assert "run ended, to continue as new" in pyworkflow("history", "x", "--run", "1").out
    assert [one["type"] for one in pyworkflow("history", "x", "-o", "json").json] == ["process_started"]


def test_history_in_full_leaves_nothing_out(pyworkflow: Command, foo: Backend) -> None:
    foo.start_process(Process("Foo", "x", input={"text": "y" * 500}))
    task = foo.poll_decision_task()
    assert task is not None
    foo.fail_decision_task(task, "ValueError: no", 'Traceback:\n  File "a.py", line 1\nValueError: no')
    foo.signal_process("x", "go", {"list": [1, {"a": None}], "deep": {"er": True}})
    told = pyworkflow("history", "x", "--full").out
    assert f'\n   input:\n     text: "{"y" * 500}"\n' in told
    assert '\n   traceback:\n     Traceback:\n       File "a.py", line 1\n     ValueError: no\n' in told
    assert '\n     data:\n       list: [1,{"a":null}]\n       deep:\n         er: true\n' in told


@pytest.mark.parametrize("form", ["table", "jsonl"])
def test_history_can_be_followed_until_the_process_closes(
    running: Callable[..., Running], foo: Backend, form: str
) -> None:
    foo.start_process(Process("Foo", "x", input=1))
    decide(foo, ContinueAsNew(2))
    command = running("history", "x", "--follow", "-o", form)
    until(lambda: command.printed().count("\n") == 1, "the run that is open is printed")
    foo.signal_process("x", "go")
    until(lambda: command.printed().count("\n") == 2, "what comes is printed when it comes")
    decide(foo, ContinueAsNew(3))
    decide(foo, CompleteProcess())
    ended = command.ended()
    assert (ended.code, ended.err) == (0, "")
    numbers = [json.loads(line)["number"] if form == "jsonl" else int(line.split()[0]) for line in ended.lines]
    assert numbers == [1, 2, 3, 4, 1, 2, 3]


@pytest.mark.parametrize("form", ["table", "json", "jsonl"])
def test_stored_text_is_shown_and_never_obeyed(pyworkflow: Command, foo: Backend, form: str) -> None:
    foo.register_workflow(EVIL)
    foo.start_process(Process(EVIL, f"x{EVIL}", input=EVIL, tags=[EVIL]))
    foo.signal_process(f"x{EVIL}", EVIL, {EVIL: EVIL})
    task = foo.poll_decision_task(identity=EVIL)
    assert task is not None
    foo.fail_decision_task(task, EVIL, EVIL)
    looks = (["list"], ["show", "x"], ["history", "x"], ["history", "x", "--full"], ["history", "x", "--timeline"])
    for words in (*looks, ["signal", "x", EVIL], ["cancel", "x"]):
        has_form = words[0] in ("list", "show", "history") and "--timeline" not in words
        ended = pyworkflow(*words, *(["-o", form] if has_form else []))
        assert ended.code == 0
        assert not set(ended.out + ended.err) & {"\x1b", "\x9b"}
        if form == "table" and words[0] != "cancel":
            assert "[red]" in ended.out + ended.err


def test_a_reader_that_has_enough_ends_it_quietly(foo: Backend) -> None:
    foo.start_process(Process("Foo", "x"))
    for number in range(2000):
        foo.signal_process("x", "tick", {"number": number, "padding": "x" * 100})
    histories = [["history", "x", "-o", form] for form in ("table", "json", "jsonl")]
    for words in (*histories, ["export", "x"], ["export", "x", "--to", "/dev/stdout"]):
        command = subprocess.Popen(
            [sys.executable, "-m", "pyworkflow", *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert command.stdout is not None
        assert command.stderr is not None
        command.stdout.readline()
        command.stdout.close()
        with command.stderr:
            assert command.stderr.read() == ""
        assert command.wait() == 0


def test_a_terminal_gets_colour_within_its_width_and_a_pipe_gets_neither(foo: Backend) -> None:
    foo.start_process(Process("Foo", "x", input="y" * 500))
    foo.cancel_process("x")
    for words in (["list"], ["history", "x"]):
        seen = in_terminal(*words, columns=60)
        assert "\x1b[" in seen
        assert max(map(len, without_colour(seen).splitlines())) <= 60
        assert "\x1b[" not in in_terminal(*words, columns=60, NO_COLOR="1")
        piped = subprocess.run([sys.executable, "-m", "pyworkflow", *words], capture_output=True, check=True)
        assert b"\x1b" not in piped.stdout
    assert without_colour(in_terminal("show", "x", columns=60)).count("y") >= 500


# --- show: why it is where it is ---


@pytest.fixture
def why(pyworkflow: Command) -> Callable[[str], str]:
    """What `show` says about a process, its runs of blanks made one."""

    def show(id: str) -> str:
        ended = pyworkflow("show", id)
        assert (ended.code, ended.err) == (0, "")
        return "\n".join(" ".join(line.split()) for line in ended.lines)

    return show


def test_show_tells_what_it_is(foo: Backend, why: Callable[[str], str]) -> None:
    foo.start_process(Process("Foo", "x", input={"a": 1}, tags=["red", "blue"]))
    decide(foo, CompleteProcess({"b": 2}))
    told = why("x")
    for line in ("process x", "workflow Foo", "status completed", "tags red, blue", 'input {"a":1}', 'outcome {"b":2}'):
        assert f"{line}\n" in told
    assert "pending" not in told


def test_show_tells_that_a_decision_is_due(foo: Backend, why: Callable[[str], str]) -> None:
    foo.start_process(Process("Foo", "x"))
    assert "\ndecision is due, for " in why("x")


def test_show_tells_who_decides(foo: Backend, why: Callable[[str], str]) -> None:
    foo.start_process(Process("Foo", "x"))
    foo.poll_decision_task(identity="decider")
    assert "\ndecision is being made by decider, for " in why("x")
    assert "; given up in " in why("x")


def test_show_tells_that_deciding_failed_how_often_and_why(foo: Backend, why: Callable[[str], str]) -> None:
    foo.start_process(Process("Foo", "x"))
    for attempt in (1, 2):
        task = foo.poll_decision_task(code=str(attempt))
        assert task is not None
        foo.fail_decision_task(task, f"ValueError: number {attempt}", 'Traceback:\n  File "foo.py", line 12, in decide')
    told = why("x")
    assert "\ndecision is due in " in told
    assert "\nfailed 2 times" in told
    assert "\nlast error: ValueError: number 2\n" in told
    assert '\nFile "foo.py", line 12, in decide\n' in told


def test_show_tells_where_an_activity_is(foo: Backend, why: Callable[[str], str]) -> None:
    foo.start_process(Process("Foo", "x"))
    decide(foo, ScheduleActivity("Bar", "a"), ScheduleActivity("Bar", "b"), ScheduleActivity("Bar", "c"))
    first, second = (foo.poll_activity_task(identity="worker-1") for _ in range(2))
    assert first is not None
    assert second is not None
    foo.heartbeat_activity_task(first, {"percent": 40})
    foo.hand_off(second)
    told = why("x")
    assert "\nactivity Bar #3 runs at worker-1 (heartbeat " in told
    assert 'ago: {"percent":40}), for ' in told
    assert re.search("; heartbeat time-out due in (10m 00s|9m 5[0-9]s)\n", told)
    ends = f"`pyworkflow complete {second.context}`"
    assert f"\nactivity Bar #4 is open until its token ends it ({ends}), for " in told
    assert "\nactivity Bar #5 waits for a worker of category default, for " in told
    assert re.search("; scheduled time-out due in (1h 00m|59m 5[0-9]s)\n", told)


def test_show_tells_that_an_activity_is_asked_to_cancel(foo: Backend, why: Callable[[str], str]) -> None:
    foo.start_process(Process("Foo", "x"))
    decide(foo, ScheduleActivity("Bar", "a"))
    foo.poll_activity_task()
    foo.signal_process("x", "stop")
    assert "asked to cancel" not in why("x")
    decide(foo, CancelActivity("a"))
    assert "\nasked to cancel; it learns so at its next heartbeat\n" in why("x")


def test_show_tells_that_work_was_lost(foo: Backend, why: Callable[[str], str]) -> None:
    foo.start_process(Process("Foo", "x"))
    decide(foo, ScheduleActivity("Bar", "a"))
    task = foo.poll_activity_task()
    assert task is not None
    foo.release(task)
    assert "\nlost once with its worker\n" in why("x")


def test_show_tells_a_few_of_many_activities(foo: Backend, why: Callable[[str], str]) -> None:
    foo.start_process(Process("Foo", "x"))
    decide(foo, *(ScheduleActivity("Bar", str(number)) for number in range(100)))
    for _ in range(2):
        foo.poll_activity_task()
    told = why("x")
    assert told.count("\nactivity Bar #") == 5
    assert "\nand 95 more such, the newest for " in told
    assert len(foo.pending("x").activities) == 100


def test_show_asks_for_a_worker_when_nobody_takes_what_is_due(project: Path, why: Callable[[str], str]) -> None:
    with SQLiteBackend(project / ".pyworkflow" / "pyworkflow.db", clock=an_hour_ago()) as backend:
        backend.register_workflow("Foo")
        backend.start_process(Process("Foo", "x"))
        assert "and no worker has taken it: no worker is running, start one with `pyworkflow worker`\n" in why("x")
        with backend.lease(), backend.lease():
            assert "no worker has taken it: 2 workers are running, busy or without the code for it\n" in why("x")
        backend.register_activity("Bar", scheduled_timeout=60)
        decide(backend, ScheduleActivity("Bar", "a"), Timer(1800, id="reminder"))
        told = why("x")
    assert "\nactivity Bar #3 waits for a worker of category default (no worker is running, " in told
    assert "scheduled time-out OVERDUE by 59m 0" in told
    assert "\ntimer reminder OVERDUE by 30m 0" in told


def an_hour_ago() -> Clock:
    from datetime import UTC, datetime, timedelta

    return Clock(datetime.now(UTC) - timedelta(hours=1))


def test_show_tells_timers_and_children(foo: Backend, why: Callable[[str], str]) -> None:
    foo.start_process(Process("Foo", "x"))
    decide(foo, Timer(3600, id="reminder"), StartChildProcess(Process("Foo")))
    told = why("x")
    assert re.search("\ntimer reminder due in (1h 00m|59m 5[0-9]s) ", told)
    assert "\nchild x-4 (Foo) is open, for " in told
    assert "\nparent x\n" in why("x-4")


def test_show_says_when_only_a_signal_can_help(foo: Backend, why: Callable[[str], str]) -> None:
    foo.start_process(Process("Foo", "x"))
    decide(foo)
    assert "\nnothing is pending: it waits for a signal (`pyworkflow signal ID NAME`)\n" in why("x")


def test_show_tells_programs_what_is_pending(pyworkflow: Command, foo: Backend) -> None:
    foo.start_process(Process("Foo", "x", input=1))
    decide(foo, ScheduleActivity("Bar", "a", input=2))
    shown = pyworkflow("show", "x", "-o", "json").json
    assert (shown["status"], shown["input"], shown["result"], shown["closed_at"]) == ("open", 1, None, None)
    waiting = shown["pending"]["activities"][0]
    assert waiting["execution"] == {"activity": "Bar", "id": "a", "input": 2}
    assert (waiting["state"], waiting["timeout"]) == ("waiting", "scheduled")
    assert waiting["deadline"].endswith("Z")
    assert len(pyworkflow("show", "x", "-o", "jsonl").lines) == 1
    foo.cancel_process("x")
    assert pyworkflow("show", "x", "-o", "json").json["pending"] is None


def test_looking_changes_nothing(pyworkflow: Command, project: Path) -> None:
    with SQLiteBackend(project / ".pyworkflow" / "pyworkflow.db", clock=an_hour_ago()) as backend:
        backend.register_workflow("Foo", timeout=60)
        backend.start_process(Process("Foo", "x"))
        backend.register_activity("Bar", scheduled_timeout=60)
        decide(backend, ScheduleActivity("Bar", "a"))
        before = backend.process_by_id("x").history
        for words in (["list"], ["show", "x"], ["history", "x"]):
            assert pyworkflow(*words).code == 0
        assert backend.process_by_id("x").history == before
        assert backend.pending("x").activities[0].execution == ActivityExecution("Bar", "a")
