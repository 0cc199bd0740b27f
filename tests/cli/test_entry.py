"""What holds for every command: options, exit codes, errors in one line, help."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from redis import Redis
from terminal import Command

from pyworkflow import __version__
from pyworkflow.backend import Backend
from pyworkflow.process import Process

COMMANDS = ["init", "check", "run", "start", "worker", "signal", "cancel", "list", "show", "history"]
COMMANDS += ["complete", "fail", "export", "import", "prune"]
HEAVY = ["rich", "sqlite3", "tomli", "pyworkflow.managed", "pyworkflow.engine", "pyworkflow.sqlite"]


def test_the_version_is_that_of_the_package(pyworkflow: Command) -> None:
    assert pyworkflow("--version").out == f"pyworkflow {__version__}\n"


def test_without_a_command_there_is_help(pyworkflow: Command) -> None:
    ended = pyworkflow()
    assert (ended.code, ended.err) == (0, "")
    assert all(f"\n  {name} " in ended.out for name in COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_the_help_of_each_command_has_an_example_and_fits_the_list(pyworkflow: Command, command: str) -> None:
    ended = pyworkflow(command, "--help")
    assert ended.code == 0
    assert f"Example: pyworkflow {command}" in ended.out
    line = next(line for line in pyworkflow("--help").lines if line.startswith(f"  {command} "))
    assert "..." not in line


def test_help_loads_nothing_heavy() -> None:
    script = f"""
import sys
from pyworkflow.cli import main
main(["--help"])
print([name for name in {HEAVY} if name in sys.modules], file=sys.stderr)
"""
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ended.stderr == "[]\n"


@pytest.mark.usefixtures("project")
def test_python_m_pyworkflow_is_the_command_and_its_code_is_the_exit_code() -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "pyworkflow", "show", "x"], capture_output=True, text=True, check=False
    )
    assert (ended.returncode, ended.stdout) == (3, "")
    assert ended.stderr == "pyworkflow: there is no process 'x'; `pyworkflow list` shows what there is\n"


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["nonsense"], 2, "No such command 'nonsense'"),
        (["list", "--nonsense"], 2, "No such option: --nonsense"),
        (["list", "-n", "0"], 2, "Invalid value for '-n': "),
        (["list", "--status", "odd"], 2, "'odd' is none of open, completed"),
        (["show"], 2, "Missing argument 'ID'"),
        (["show", ""], 2, "Invalid value for ID: it is empty"),
        (["show", "nobody"], 3, "there is no process 'nobody'"),
        (["history", "nobody"], 3, "there is no process 'nobody'"),
        (["signal", "nobody", "go"], 3, "there is no process 'nobody'"),
        (["cancel", "nobody"], 3, "there is no process 'nobody'"),
        (["history", "here", "--run", "2"], 2, "Invalid value for --run: the newest run of 'here' is 1"),
        (["start", "Ecko"], 3, "workflow 'Ecko' is not registered with this backend; did you mean 'Echo'?"),
        (["start", "Echo", "--id", "here"], 4, "a process with the id 'here' was started before"),
        (["signal", "gone", "go"], 4, "process 'gone' is closed (canceled)"),
        (["cancel", "gone"], 4, "process 'gone' is closed (canceled)"),
        (["list", "--backend", "mysql://x"], 2, "'mysql://x' is no backend"),
        (["list", "--config", "none.toml"], 2, "none.toml cannot be read"),
        (["list", "--backend", "sqlite:///flows.py"], 5, ""),
        (["list", "--since", "yesterday"], 2, "'yesterday' is neither a duration, such as 1h or 2d, nor a time"),
        (["prune", "--older-than", "9999999999d"], 2, "is before the beginning of time"),
        (["history", "here", "--follow", "--run", "1"], 2, "--follow: goes with -o jsonl and --full only"),
        (["history", "here", "--svg", "none/x.svg"], 2, "none/x.svg cannot be written: No such file"),
        (["export"], 2, "Invalid value for ID...: name the processes, or give --all"),
        (["export", "here", "--all"], 2, "Invalid value for ID...: name the processes, or give --all"),
        (["export", "here", "--to", "flows.py/x.jsonl"], 2, "flows.py cannot be made: File exists"),
        (["export", "nobody"], 3, "there is no process 'nobody'"),
        (["import", "none.jsonl"], 2, "none.jsonl cannot be read: No such file"),
        (["import", "flows.py"], 2, "flows.py:2: not JSON: Expecting value"),
        (["complete", "1:nonsense"], 3, "activity task '1:nonsense' is over, or never was"),
        (["complete", "1:nonsense", "-r", "{"], 2, "not JSON"),
        (["fail", "nonsense", "why"], 3, "activity task 'nonsense' is over, or never was"),
        (["start", "Echo", "--timeout", "soon"], 2, "'soon' is no duration, such as 30s"),
        (["list", "--backend", "memory:"], 2, "the backend 'memory:' ends with the command that opens it"),
    ],
)
def test_an_error_is_one_line_on_stderr_and_a_code(
    pyworkflow: Command, backend: Backend, words: list[str], code: int, message: str
) -> None:
    backend.register_workflow("Echo")
    for id in ("here", "gone"):
        backend.start_process(Process("Echo", id))
    backend.cancel_process("gone")
    ended = pyworkflow(*words)
    assert (ended.code, ended.out) == (code, "")
    assert ended.err.count("\n") == 1
    assert ended.err.startswith("pyworkflow: ")
    assert message in ended.err


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize(
    ("words", "message"),
    [("import -", "standard input: it holds no process"), ("start Waiter -i -", "Invalid value for -i: not JSON: ")],
)
@pytest.mark.usefixtures("project")
def test_a_standard_input_that_is_closed_is_an_empty_one(words: str, message: str) -> None:
    command = f'"{sys.executable}" -m pyworkflow {words} <&-'
    ended = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.startswith(f"pyworkflow: {message}")


def test_a_traceback_comes_with_debug_only(pyworkflow: Command) -> None:
    assert "Traceback" not in pyworkflow("show", "x").err
    ended = pyworkflow("show", "x", "--debug")
    assert ended.err.startswith("Traceback (most recent call last):\n")
    assert ended.err.splitlines()[-1].startswith("pyworkflow: there is no process 'x'")
    assert ended.code == 3


@pytest.mark.usefixtures("project")
def test_control_characters_in_an_error_are_shown_and_not_obeyed(pyworkflow: Command) -> None:
    assert "\x1b" not in pyworkflow("start", "\x1b[31mEcho\n").err


def test_global_options_may_stand_anywhere(pyworkflow: Command, project: Path) -> None:
    (project / "other.toml").write_text('[project]\nmodules = ["flows"]\n[backend]\nurl = "sqlite:///other.db"\n')
    assert pyworkflow("start", "--config", "other.toml", "Echo", "--id", "x").code == 0
    assert (project / "other.db").exists()
    assert pyworkflow("list", "--backend=sqlite:///other.db", "-o", "json").json[0]["id"] == "x"
    assert pyworkflow("list", "-o", "json").json == []


def test_an_option_beats_the_environment_beats_the_file_beats_the_default(
    pyworkflow: Command, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def file_used() -> list[str]:
        assert pyworkflow("start", "Echo").code == 0
        found = sorted(str(file.relative_to(project)) for file in project.rglob("*.db"))
        for file in found:
            (project / file).unlink()
        return found

    assert file_used() == [".pyworkflow/pyworkflow.db"]
    with (project / "workflows.toml").open("a") as file:
        file.write('[backend]\nurl = "sqlite:///file.db"\n')
    assert file_used() == ["file.db"]
    monkeypatch.setenv("PYWORKFLOW_BACKEND", "sqlite:///environment.db")
    assert file_used() == ["environment.db"]
    assert pyworkflow("start", "Echo", "--backend", "sqlite:///option.db").code == 0
    assert [file.name for file in project.rglob("*.db")] == ["option.db"]


def test_the_environment_can_name_the_file(
    pyworkflow: Command, project: Path, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    monkeypatch.setenv("PYWORKFLOW_CONFIG", str(project / "workflows.toml"))
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    assert pyworkflow("start", "Echo", "--id", "x").code == 0
    assert (project / ".pyworkflow" / "pyworkflow.db").exists()


def test_looking_needs_no_code_and_a_broken_import_does_not_hide_anything(
    pyworkflow: Command, backend: Backend, project: Path
) -> None:
    backend.register_workflow("Waiter")
    backend.start_process(Process("Waiter", "x"))
    (project / "flows.py").write_text("import nothing_of_this_name\n")
    for words in (["list"], ["show", "x"], ["history", "x"], ["signal", "x", "go"], ["cancel", "x"]):
        assert pyworkflow(*words).code == 0
    for words in (["check"], ["start", "Waiter"], ["run", "Waiter"], ["worker", "--burst"]):
        ended = pyworkflow(*words)
        assert ended.code == 2
        assert ended.err.startswith("pyworkflow: module 'flows' does not import: ModuleNotFoundError")


def test_looking_at_nothing_makes_no_file(pyworkflow: Command, folder: Path) -> None:
    assert pyworkflow("list").err == "no such processes in sqlite:///.pyworkflow/pyworkflow.db\n"
    assert pyworkflow("show", "x").code == 3
    assert pyworkflow("history", "x").code == 3
    assert list(folder.iterdir()) == []


def test_work_without_a_project_is_refused_with_what_to_do(pyworkflow: Command, folder: Path) -> None:
    ended = pyworkflow("worker")
    assert (ended.code, ended.err.count("\n")) == (2, 1)
    assert "`pyworkflow init` writes one" in ended.err
    (folder / "workflows.toml").write_text("")
    assert "names no code: give [project] a line such as" in pyworkflow("run", "Echo").err


def test_a_terminal_that_knows_little_still_gets_an_answer(backend: Backend) -> None:
    backend.register_workflow("Größe")
    backend.start_process(Process("Größe", "x", input="…"))
    for command in (["list"], ["show", "x"], ["history", "x", "-o", "json"]):
        ended = subprocess.run(
            [sys.executable, "-m", "pyworkflow", *command],
            capture_output=True,
            check=False,
            env={**os.environ, "PYTHONIOENCODING": "ascii"},
        )
        assert (ended.returncode, ended.stderr) == (0, b"")
        assert ended.stdout.isascii()


@pytest.mark.parametrize("words", [["list"], ["check"], ["check", "-o", "json"], ["worker", "--burst"]])
def test_no_command_shows_the_password_of_a_server(
    pyworkflow: Command, project: Path, redis_address: str, words: list[str]
) -> None:
    assert project.is_dir()
    with Redis.from_url(f"redis://{redis_address}") as client:
        client.execute_command("ACL", "SETUSER", "shown", "on", ">hidden", "~*", "&*", "+@all")
    ended = pyworkflow("--backend", f"datastore+redis://shown:hidden@{redis_address}/0?prefix=shown:", *words)
    assert ended.code == 0
    assert f"datastore+redis://shown:***@{redis_address}/0" in ended.out + ended.err
    assert "hidden" not in ended.out + ended.err
