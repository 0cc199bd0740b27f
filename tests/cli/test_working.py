"""start, run, worker, signal and cancel: the commands that make things happen."""

from __future__ import annotations

import json
import logging
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from terminal import DEADLINE, Command, Running, decide, in_terminal, until, without_colour

from pyworkflow.activity import ActivityCompleted, ActivityExecution, ActivityFailed
from pyworkflow.backend import Backend
from pyworkflow.cli.commands.run import SHUTDOWN_TIMEOUT
from pyworkflow.cli.output import log_to_stderr
from pyworkflow.decision import ScheduleActivity
from pyworkflow.event import ActivityEvent, CancelRequestedEvent
from pyworkflow.process import Process, ProcessCanceled, ProcessCompleted

Start = Callable[..., Running]


def events(backend: Backend, id: str) -> list[str]:
    return [event.type for event in backend.process_by_id(id).history]


# --- start ---


def test_start_prints_the_id_alone(pyworkflow: Command, backend: Backend) -> None:
    ended = pyworkflow("start", "Echo", "-i", '{"a": [1]}', "--id", "x", "--tag", "red", "--tag", "blue")
    assert (ended.code, ended.out, ended.err) == (0, "x\n", "")
    process = backend.process_by_id("x")
    assert (process.workflow, process.input, process.tags) == ("Echo", {"a": [1]}, ["red", "blue"])
    new = pyworkflow("start", "EchoWorkflow").out.strip()
    assert backend.process_by_id(new).input is None


def test_input_comes_from_a_file_or_from_standard_input(project: Path, backend: Backend) -> None:
    (project / "input.json").write_text('{"from": "file"}')
    for given, id in (("@input.json", "a"), ("-", "b")):
        subprocess.run(
            [sys.executable, "-m", "pyworkflow", "start", "Echo", "--id", id, "-i", given],
            input=b'{"from": "standard input"}',
            check=True,
            capture_output=True,
        )
    assert backend.process_by_id("a").input == {"from": "file"}
    assert backend.process_by_id("b").input == {"from": "standard input"}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("{order: 1}", "not JSON: Expecting property name"),
        ("NaN", "not JSON: NaN is not JSON"),
        ("@absent.json", "'absent.json' cannot be read: No such file"),
        ("[" * 100_000, "not JSON: "),
        ("[" * 300 + "]" * 300, "nested more than"),
    ],
)
def test_input_that_is_no_json_starts_nothing(pyworkflow: Command, backend: Backend, given: str, message: str) -> None:
    ended = pyworkflow("start", "Echo", "-i", given)
    assert (ended.code, ended.out, ended.err.count("\n")) == (2, "", 1)
    assert message in ended.err
    assert list(backend.processes(status=None)) == []


def test_ctrl_c_ends_a_command_that_waits_for_its_input(running: Start, project: Path, backend: Backend) -> None:
    os.mkfifo(project / "pipe")
    command = running("start", "Echo", "-i", "@pipe")
    with (project / "pipe").open("wb"):  # which returns when the other end is opened as well
        command.send(signal.SIGINT)
        ended = command.ended()
    assert (ended.code, ended.out, ended.err) == (130, "", "")
    assert list(backend.processes(status=None)) == []


# --- signal and cancel ---


def test_a_signal_with_data_arrives(pyworkflow: Command, backend: Backend) -> None:
    pyworkflow("start", "Waiter", "--id", "order-17")
    ended = pyworkflow("signal", "order", "paid", "-d", '{"amount": 30}')
    assert (ended.code, ended.out, ended.err) == (0, "", "signal paid sent to order-17\n")
    assert pyworkflow("worker", "--burst").code == 0
    assert backend.process_by_id("order-17").result == ProcessCompleted({"amount": 30})


def test_cancel_closes_a_process(pyworkflow: Command, backend: Backend) -> None:
    pyworkflow("start", "Waiter", "--id", "order-17")
    ended = pyworkflow("cancel", "order-17")
    assert (ended.code, ended.err) == (0, "process order-17 is canceled\n")
    assert backend.process_by_id("order-17").result == ProcessCanceled()


def test_a_cancel_can_be_a_request_that_the_workflow_answers(pyworkflow: Command, backend: Backend) -> None:
    pyworkflow("start", "Waiter", "--id", "order-17")
    ended = pyworkflow("cancel", "order-17", "--request", "-d", '"sold out"')
    assert (ended.code, ended.err) == (0, "process order-17 is asked to cancel itself\n")
    assert backend.process_by_id("order-17").history[-1] == CancelRequestedEvent("sold out")
    assert pyworkflow("worker", "--burst").code == 0
    assert backend.process_by_id("order-17").result == ProcessCanceled("sold out")


# --- complete and fail ---


@pytest.mark.parametrize(
    ("words", "result"),
    [
        (["complete", "TOKEN", "-r", '{"ok": true}'], ActivityCompleted({"ok": True})),
        (["complete", "TOKEN"], ActivityCompleted(None)),
        (["fail", "TOKEN", "no luck", "-d", "[1]"], ActivityFailed("no luck", [1])),
    ],
)
def test_an_activity_left_open_is_ended_once_by_its_token(
    pyworkflow: Command, foo: Backend, words: list[str], result: object
) -> None:
    foo.start_process(Process("Foo", "x"))
    decide(foo, ScheduleActivity("Bar", "a"))
    task = foo.poll_activity_task()
    assert task is not None
    token = foo.hand_off(task)
    given = [token if word == "TOKEN" else word for word in words]
    assert pyworkflow(*given).code == 0
    assert foo.process_by_id("x").history[-1] == ActivityEvent(ActivityExecution("Bar", "a"), result)  # type: ignore[arg-type]
    ended = pyworkflow(*given)
    assert (ended.code, ended.out, ended.err.count("\n")) == (3, "", 1)


# --- start --wait ---


@pytest.mark.parametrize(
    ("workflow", "given", "code", "told"),
    [("Echo", '"hi"', 0, 'process x completed  "hi"\n'), ("Echo", '"fail"', 1, "process x failed  no echo\n")],
)
def test_start_can_wait_for_the_end_and_exits_with_what_it_was(
    running: Start, backend: Backend, workflow: str, given: str, code: int, told: str
) -> None:
    worker = running("worker")
    ended = running("start", workflow, "-i", given, "--id", "x", "--wait").ended()
    assert (ended.code, ended.out, ended.err) == (code, "x\n", told)
    worker.send(signal.SIGTERM)
    assert backend.process_by_id("x").result is not None


def test_a_wait_that_is_over_exits_with_124_and_the_process_goes_on(pyworkflow: Command, backend: Backend) -> None:
    ended = pyworkflow("start", "Waiter", "--id", "x", "--timeout", "0.05s")
    assert (ended.code, ended.out, ended.err) == (
        124,
        "x\n",
        "pyworkflow: process 'x' is still open; `pyworkflow show x` tells why\n",
    )
    assert backend.process_by_id("x").result is None


def test_ctrl_c_ends_a_wait_and_the_process_goes_on(running: Start, backend: Backend) -> None:
    command = running("start", "Waiter", "--id", "x", "--wait")
    until(lambda: command.printed() == "x\n", "the id is printed at once")
    command.send(signal.SIGINT)
    ended = command.ended()
    assert (ended.code, ended.err) == (130, "")
    assert backend.process_by_id("x").result is None


# --- run ---


def test_run_paints_a_tree_in_a_terminal_and_ends_with_the_result(backend: Backend) -> None:
    seen = without_colour(in_terminal("run", "Echo", "-i", '"hi"', "--id", "x", columns=80))
    last = re.sub("\x1b\\[[0-9?;]*[A-Za-z]", "", seen).splitlines()[-3:]
    assert last[0].startswith("Echo x  completed  ")
    assert last[1].startswith("└── ✓  Echo #3  ")
    assert last[2] == '"hi"'
    assert backend.process_by_id("x").result == ProcessCompleted("hi")


def test_run_paints_no_more_than_the_terminal_has_room_for(backend: Backend) -> None:
    with backend:
        seen = without_colour(in_terminal("run", "Echo", "-i", '"hi"', columns=80, LINES="2"))
    assert "── Echo #3" not in seen
    assert "── … 1 hidden" in seen


def test_run_works_on_the_process_and_prints_its_events_and_its_result(pyworkflow: Command, backend: Backend) -> None:
    ended = pyworkflow("run", "Echo", "--id", "x", "-i", '{"a": "…"}')
    assert (ended.code, ended.out) == (0, '{"a": "…"}\n')
    lines = ended.err.splitlines()
    assert lines[0] == "process x"
    told = [line[14:46].strip() for line in lines[1:]]
    assert told == ["process started", "Echo scheduled", "Echo #3 started", "Echo #3 completed", "process completed"]
    assert backend.process_by_id("x").result == ProcessCompleted({"a": "…"})


@pytest.mark.usefixtures("backend")
def test_run_goes_on_when_nobody_reads_what_it_tells_any_more(project: Path) -> None:
    words = [sys.executable, "-m", "pyworkflow", "run", "Sleeper", "-i", '"now"']
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as command:
        assert command.stdout is not None
        assert command.stderr is not None
        assert command.stderr.readline().startswith(b"process ")
        command.stderr.close()
        (project / "now").touch()
        assert command.stdout.read() == b'"woken"\n'
        assert command.wait(DEADLINE) == 0


def test_an_error_is_an_error_when_nobody_reads_it() -> None:
    ours, theirs = os.pipe()
    os.close(ours)
    with os.fdopen(theirs, "w") as unread:
        words = [sys.executable, "-m", "pyworkflow", "nonsense"]
        assert subprocess.run(words, stderr=unread, check=False).returncode == 2


def test_run_exits_with_1_when_the_process_ends_otherwise(pyworkflow: Command, project: Path) -> None:
    assert project.is_dir()
    ended = pyworkflow("run", "Echo", "-i", '"fail"')
    assert (ended.code, ended.out) == (1, "")
    assert "ValueError: cannot \\x1b[31mecho" in ended.err
    assert ended.err.splitlines()[-1].endswith("  no echo")


def test_run_follows_a_process_that_continues_as_new(pyworkflow: Command, backend: Backend) -> None:
    ended = pyworkflow("run", "Countdown", "-i", "2", "--id", "x")
    assert (ended.code, ended.out) == (0, '"lift-off"\n')
    starts = [line.split()[-1] for line in ended.err.splitlines() if "process started" in line]
    assert starts == ["2", "1", "0"]
    assert backend.process_by_id("x").run == 3


def test_run_works_on_its_own_process_only(pyworkflow: Command, backend: Backend) -> None:
    pyworkflow("start", "Echo", "--id", "other")
    assert pyworkflow("run", "Echo", "--id", "mine").code == 0
    assert events(backend, "other") == ["process_started"]


@pytest.mark.usefixtures("project")
def test_run_needs_no_file_on_a_backend_in_memory(pyworkflow: Command, folder: Path) -> None:
    assert pyworkflow("run", "Echo", "-i", "1", "--backend", "memory:").out == "1\n"
    assert list(folder.rglob("*.db")) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_run_that_is_interrupted_lets_go_and_says_how_to_go_on(
    running: Start, project: Path, pyworkflow: Command, backend: Backend, number: signal.Signals
) -> None:
    command = running("run", "Sleeper", "-i", json.dumps(str(project / "wake")), "--id", "x")
    command.wait_for("Sleep #3 started")
    command.send(number)
    command.wait_for("stopping: ")
    (project / "wake").touch()  # what runs may finish
    ended = command.ended()
    assert (ended.code, ended.out) == (130, "")
    assert ended.err.splitlines()[-1] == "interrupted: nothing is lost; `pyworkflow worker` goes on with x"
    assert events(backend, "x")[-1] == "activity"
    assert pyworkflow("worker", "--burst").code == 0
    assert backend.process_by_id("x").result == ProcessCompleted("woken")


def test_a_second_ctrl_c_ends_run_at_once_and_the_activity_is_due_again(
    running: Start, project: Path, backend: Backend
) -> None:
    command = running("run", "Sleeper", "-i", json.dumps(str(project / "wake")), "--id", "x")
    command.wait_for("Sleep #3 started")
    command.send(signal.SIGINT)
    command.wait_for("stopping: ")
    command.send(signal.SIGINT)
    assert command.ended(within=SHUTDOWN_TIMEOUT - 2).code == 130
    assert events(backend, "x")[-1] == "activity_lost"
    assert backend.pending("x").activities[0].state == "waiting"


def test_run_tells_where_decide_failed_and_ends_with_ctrl_c(running: Start) -> None:
    command = running("run", "Broken")
    command.wait_for("it is asked again after 1, 2, 4")
    command.send(signal.SIGINT)
    ended = command.ended()
    assert ended.code == 130
    assert "ZeroDivisionError: of no use (flows.py:" in ended.err
    assert "Traceback" not in ended.err


# --- worker ---


def test_a_worker_says_what_it_works_on_and_logs_a_line_a_task(pyworkflow: Command, backend: Backend) -> None:
    pyworkflow("start", "Echo", "--id", "x", "-i", '"secret"')
    ended = pyworkflow("worker", "--burst", "--name", "me")
    assert (ended.code, ended.out) == (0, "")
    first, *lines = ended.err.splitlines()
    assert first.startswith("worker me on sqlite:///.pyworkflow/pyworkflow.db: workflows Broken, Countdown, Echo, ")
    assert "; activities Echo, Sleep; code " in first
    told = [line.split(" ", 1)[1].split(" in ")[0] for line in lines if "Echo" in line and "taken" not in line]
    assert len(told) == 3  # in the order in which the threads came to write them
    assert told.count("INFO    decision of Echo for process x: 1 decision") == 2
    assert re.fullmatch(r"INFO    activity Echo \S+ of process x: completed", min(told))
    assert "secret" not in ended.err
    assert backend.process_by_id("x").history[1].identity == "me"  # type: ignore[attr-defined]


def test_a_worker_of_one_kind_leaves_the_other_alone(pyworkflow: Command, backend: Backend) -> None:
    pyworkflow("start", "Echo", "--id", "x")
    pyworkflow("worker", "--burst", "--activities")
    assert events(backend, "x") == ["process_started"]
    pyworkflow("worker", "--burst", "--decisions")
    assert events(backend, "x") == ["process_started", "decision_started", "decision"]
    pyworkflow("worker", "--burst", "--activities", "--decisions")
    assert backend.process_by_id("x").result is not None


def test_a_worker_of_one_category_leaves_the_others_alone(pyworkflow: Command, backend: Backend) -> None:
    pyworkflow("start", "Echo", "--id", "x")
    pyworkflow("worker", "--burst", "-Q", "heavy", "-Q", "light")
    assert events(backend, "x") == ["process_started"]
    pyworkflow("worker", "--burst", "-Q", "heavy", "-Q", "default")
    assert backend.process_by_id("x").result is not None


def test_a_worker_does_as_many_activities_at_a_time_as_it_is_told(
    running: Start, project: Path, backend: Backend, pyworkflow: Command
) -> None:
    ids = [f"x{number}" for number in range(4)]
    for id in ids:
        pyworkflow("start", "Sleeper", "-i", json.dumps(str(project / "wake")), "--id", id)
    command = running("worker", "-c", "2")

    def states() -> list[str]:
        return sorted(activity.state for id in ids for activity in backend.pending(id).activities)

    until(lambda: states() == ["running", "running", "waiting", "waiting"], "two of four activities run")
    (project / "wake").touch()
    until(lambda: all(backend.process_by_id(id).result for id in ids), "all are woken")
    command.send(signal.SIGTERM)
    assert command.ended().code == 0


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 0)])
def test_a_worker_that_is_stopped_lets_what_runs_finish(
    running: Start, project: Path, backend: Backend, pyworkflow: Command, number: signal.Signals, code: int
) -> None:
    pyworkflow("start", "Sleeper", "-i", json.dumps(str(project / "wake")), "--id", "x")
    command = running("worker")
    until(lambda: "activity_started" in events(backend, "x"), "the activity runs")
    command.send(number)
    command.wait_for("stopping: ")
    (project / "wake").touch()
    assert command.ended().code == code
    assert "activity" in events(backend, "x")
    assert "activity_lost" not in events(backend, "x")


def test_a_second_ctrl_c_ends_a_worker_at_once_and_nothing_is_lost(
    running: Start, project: Path, backend: Backend, pyworkflow: Command
) -> None:
    pyworkflow("start", "Sleeper", "-i", json.dumps(str(project / "wake")), "--id", "x")
    command = running("worker")
    until(lambda: "activity_started" in events(backend, "x"), "the activity runs")
    command.send(signal.SIGINT)
    command.wait_for("stopping: ")
    command.send(signal.SIGINT)
    assert command.ended().code == 130
    (project / "wake").touch()
    assert pyworkflow("worker", "--burst").code == 0
    assert backend.process_by_id("x").result == ProcessCompleted("woken")


def test_what_does_not_finish_within_the_shutdown_timeout_is_released(
    running: Start, project: Path, backend: Backend, pyworkflow: Command
) -> None:
    pyworkflow("start", "Sleeper", "-i", json.dumps(str(project / "wake")), "--id", "x")
    command = running("worker", "--shutdown-timeout", "0")
    until(lambda: "activity_started" in events(backend, "x"), "the activity runs")
    command.send(signal.SIGTERM)
    assert command.ended().code == 0
    assert events(backend, "x")[-1] == "activity_lost"


def test_a_worker_goes_on_with_what_a_killed_one_left(
    running: Start, project: Path, backend: Backend, pyworkflow: Command
) -> None:
    pyworkflow("start", "Sleeper", "-i", json.dumps(str(project / "wake")), "--id", "x")
    command = running("worker")
    until(lambda: "activity_started" in events(backend, "x"), "the activity runs")
    command.kill()
    (project / "wake").touch()
    running("worker")
    until(lambda: backend.process_by_id("x").result == ProcessCompleted("woken"), "another worker finishes it")


def test_a_worker_reads_its_settings_from_the_file(pyworkflow: Command, project: Path, backend: Backend) -> None:
    with (project / "workflows.toml").open("a") as file:
        file.write('[worker]\ncategories = ["heavy"]\n')
    pyworkflow("start", "Echo", "--id", "x")
    pyworkflow("worker", "--burst")
    assert events(backend, "x") == ["process_started"]
    pyworkflow("worker", "--burst", "-Q", "default")
    assert backend.process_by_id("x").result is not None


def test_mended_code_is_tried_at_once(pyworkflow: Command, project: Path, backend: Backend, running: Start) -> None:
    backend.register_workflow("Broken")
    backend.start_process(Process("Broken", "x"))
    command = running("worker")
    until(lambda: (decision := backend.pending("x").decision) is not None and decision.attempt > 3, "it failed thrice")
    command.send(signal.SIGTERM)
    assert command.ended().code == 0
    flows = project / "flows.py"
    flows.write_text(
        flows.read_text().replace('raise ZeroDivisionError("of no use")', 'return CompleteProcess("mended")')
    )
    os.utime(flows, (0, 0))  # another second than that of the compiled file, whatever the clock says
    assert pyworkflow("worker", "--burst").code == 0
    assert backend.process_by_id("x").result == ProcessCompleted("mended")


def test_the_log_shows_control_characters_and_does_not_obey_them(capsys: pytest.CaptureFixture[str]) -> None:
    logger = logging.getLogger("pyworkflow")
    before = logger.level, logger.handlers
    try:
        log_to_stderr(logging.INFO)
        logging.getLogger("pyworkflow.worker").warning("red: \x1b[31m", exc_info=ValueError("\x9b31m"))
    finally:
        logger.setLevel(before[0])
        logger.handlers = before[1]
    logged = capsys.readouterr().err.splitlines()
    assert logged[0].endswith(" WARNING red: \\x1b[31m")
    assert logged[-1] == "ValueError: \\x9b31m"
