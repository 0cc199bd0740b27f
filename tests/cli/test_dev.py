"""dev: a worker that reloads, and every event of all processes as it happens."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from terminal import DEADLINE, Command, Running, decide, until

from pyworkflow.backend import Backend, Query
from pyworkflow.cli.stream import Stream, Wanted, newest
from pyworkflow.decision import RecordMarker, ScheduleActivity, Timer
from pyworkflow.memory import MemoryBackend
from pyworkflow.process import Process
from pyworkflow.signal import Signal
from pyworkflow.sqlite import SQLiteBackend

Start = Callable[..., Running]


@pytest.fixture
def backend(backend: Backend) -> Backend:
    """The project's, which knows its workflows, so that a test can start their processes."""
    for name in ("Broken", "Echo", "Waiter"):
        backend.register_workflow(name)
    return backend


def ready(running: Start, *options: str) -> Running:
    command = running("dev", *options)
    command.wait_for("; code ")
    return command


def shows(command: Running, text: str) -> None:
    until(lambda: text in command.printed(), f"{text!r} on stdout")


def test_every_event_is_a_line_on_stdout_and_the_rest_is_on_stderr(running: Start, backend: Backend) -> None:
    backend.start_process(Process("Waiter", "before"))
    command = ready(running)
    until(lambda: backend.pending("before").decision is None, "the worker has decided")
    backend.start_process(Process("Echo", "x", {"a": 1}))
    shows(command, "process completed")
    backend.signal_process("before", Signal("go", "now"))
    shows(command, '"now"')
    command.send(signal.SIGTERM)
    done = command.ended()
    assert done.code == 0
    assert all(re.match(r"\d\d:\d\d:\d\d\.\d{3}  (x|before) ", line) for line in done.lines)
    told = [line[14:].split("  ")[0] + ": " + line[28:60].rstrip() for line in done.lines]
    assert told[:2] == ["before: decision started", "x: process started"]
    assert re.search('process started +Echo  {"a":1}$', done.lines[1])
    assert [one for one in told if one.startswith("x: ")][2:6] == [
        "x: Echo scheduled",
        "x: Echo #3 started",
        "x: Echo #3 completed",
        "x: decision started",
    ]
    assert re.search(r"process completed +[\d.]+m?s +\"now\"$", done.out)  # it knows when that process began
    assert done.err.splitlines()[1:] == ["stopping: what runs here may finish; a second Ctrl-C ends now"]


def test_errors_are_told_with_their_place_and_a_save_that_mends_them_is_seen(
    running: Start, project: Path, backend: Backend
) -> None:
    command = ready(running)
    backend.start_process(Process("Broken", "x"))
    shows(command, "ZeroDivisionError: of no use (flows.py:")
    backend.start_process(Process("Echo", "y", "fail"))
    command.wait_for("failed (ValueError: cannot \\x1b[31mecho, at flows.py:")
    flows = project / "flows.py"
    flows.write_text(flows.read_text().replace('raise ZeroDivisionError("of no use")', 'return CompleteProcess("ok")'))
    command.wait_for("loaded anew: flows.py; code ")
    shows(command, '"ok"')
    assert "\x1b" not in command.told() + command.printed()


@pytest.mark.parametrize(
    ("options", "ids"),
    [
        (["--workflow", "Echo"], {"order-1"}),
        (["--workflow", "EchoWorkflow"], {"order-1"}),
        (["--id", "order"], {"order-1", "order-2"}),
        (["--workflow", "Waiter", "--id", "order"], {"order-2"}),
    ],
)
def test_the_events_can_be_those_of_a_workflow_or_of_some_ids(
    running: Start, backend: Backend, options: list[str], ids: set[str]
) -> None:
    command = ready(running, "-o", "jsonl", *options)
    for workflow, id in (("Waiter", "w"), ("Echo", "order-1"), ("Waiter", "order-2")):
        backend.start_process(Process(workflow, id, 1))
    until(lambda: backend.process_by_id("order-1").result is not None, "it completes")
    until(lambda: backend.pending("order-2").decision is None, "the worker has decided")
    command.send(signal.SIGTERM)
    done = command.ended()
    lines = [json.loads(line) for line in done.lines]
    assert {line["process"] for line in lines} == ids
    for id in ids:
        of_one = [line for line in lines if line["process"] == id]
        history = backend.process_by_id(id).history
        assert [(line["number"], line["type"]) for line in of_one] == [
            (number, event.type) for number, event in enumerate(history, start=1)
        ]
        assert (of_one[0]["input"], of_one[0]["run"]) == (1, 1)


def test_a_workflow_that_there_is_not_is_told(running: Start) -> None:
    running("dev", "--workflow", "Eco").wait_for("--workflow Eco: no workflow has this name; did you mean 'Echo'")


def test_it_ends_when_nobody_reads_what_happens(project: Path, backend: Backend) -> None:
    words = [sys.executable, "-m", "pyworkflow", "dev"]
    with subprocess.Popen(words, cwd=project, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as command:
        assert command.stdout is not None
        assert command.stderr is not None
        assert b"; code " in command.stderr.readline()
        command.stdout.close()
        backend.start_process(Process("Echo", "x"))
        try:
            assert command.wait(DEADLINE) == 0
        finally:
            command.kill()
        assert b"Traceback" not in command.stderr.read()


def test_what_is_recorded_before_the_end_is_shown_however_much_it_is(running: Start, backend: Backend) -> None:
    command = ready(running, "-o", "jsonl")
    backend.together([partial(backend.start_process, Process("Waiter", f"w{number}")) for number in range(1500)])
    command.send(signal.SIGTERM)
    shown = [json.loads(line) for line in command.ended().lines]
    assert sum(line["type"] == "process_started" for line in shown) == 1500


def test_it_ends_with_a_full_pipe_that_nobody_reads(project: Path, backend: Backend) -> None:
    words = [sys.executable, "-m", "pyworkflow", "dev", "-o", "jsonl"]
    with subprocess.Popen(words, cwd=project, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as command:
        assert command.stderr is not None
        try:
            assert b"; code " in command.stderr.readline()
            many = [partial(backend.start_process, Process("Echo", f"e{number}", "x" * 500)) for number in range(400)]
            backend.together(many)
            until(lambda: not backend.summaries(Query(status="open")).items, "all complete")
            command.send_signal(signal.SIGTERM)
            assert command.wait(DEADLINE) == 0
        finally:
            command.kill()


def test_a_disk_that_is_full_is_told_in_a_line(project: Path, backend: Backend) -> None:
    words = [sys.executable, "-m", "pyworkflow", "dev", "-o", "jsonl"]
    with (
        open("/dev/full", "w") as full,
        subprocess.Popen(words, cwd=project, stdout=full, stderr=subprocess.PIPE) as command,
    ):
        assert command.stderr is not None
        try:
            assert b"; code " in command.stderr.readline()
            backend.start_process(Process("Echo", "x"))
            said = command.stderr.read().decode()
            assert "No space left on device" in said
            assert "Traceback" not in said
        finally:
            command.kill()


def test_when_the_settings_name_another_backend_its_events_are_shown(
    running: Start, project: Path, backend: Backend
) -> None:
    command = ready(running)
    backend.start_process(Process("Waiter", "old"))
    shows(command, "old ")
    with (project / "workflows.toml").open("a") as file:
        file.write('[backend]\nurl = "sqlite:///other.db"\n')
    command.wait_for("loaded anew: workflows.toml; code ")
    with SQLiteBackend(project / "other.db") as other:
        other.register_workflow("Waiter")
        other.start_process(Process("Waiter", "new"))
        shows(command, "new ")


def test_one_json_document_cannot_be_made_of_what_has_no_end(pyworkflow: Command, project: Path) -> None:
    assert project.is_dir()
    done = pyworkflow("dev", "-o", "json")
    assert (done.code, done.err.count("\n")) == (2, 1)


# --- the stream ---


@pytest.mark.parametrize("events", [0, 1, 2, 3, 7, 8, 100])
def test_the_newest_event_is_found(events: int) -> None:
    with MemoryBackend() as backend:
        backend.register_workflow("Foo")
        for number in range(events):
            backend.start_process(Process("Foo", str(number)))
        seqs = [recorded.seq for recorded in backend.events()]
        assert newest(backend) == max(seqs, default=0)


def test_of_what_began_earlier_the_stream_knows_what_history_knows(capsys: pytest.CaptureFixture[str]) -> None:
    with MemoryBackend() as backend:
        backend.register_workflow("Foo")
        backend.register_activity("Bar")
        backend.start_process(Process("Foo", "3f9913d5-0fc3-4227-aea1-e3867d6fb7f3"))
        decide(backend, ScheduleActivity("Bar", "a"), Timer(3600))
        task = backend.poll_activity_task()
        stream = Stream(backend, Wanted())
        assert task is not None
        backend.complete_activity_task(task, "well")
        decide(backend, RecordMarker("done"))
        stream.look(wait=0)
        first, *lines = [line[14:] for line in capsys.readouterr().out.splitlines()]  # without the time
        assert re.match(r"3f9913d5 +Bar #3 completed +\d+ms +\"well\"$", first)
        assert [line.split() for line in lines] == [
            ["3f9913d5", "decision", "started", "by", "decider"],
            ["3f9913d5", "marker", "done"],
        ]
        stream.look(wait=0)
        assert capsys.readouterr().out == ""
