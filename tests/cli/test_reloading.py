"""worker --reload: a save is loaded by a fresh process, which takes over once it has."""

from __future__ import annotations

import os
import py_compile
import re
import signal
import sys
from collections.abc import Callable
from functools import partial
from itertools import count
from pathlib import Path

import pytest
from terminal import Command, Ended, Running, until

from pyworkflow.activity import ActivityCompleted
from pyworkflow.backend import Backend
from pyworkflow.config import ProjectSettings, load_project
from pyworkflow.config.fresh import load_fresh
from pyworkflow.event import ActivityEvent, DecisionStartedEvent
from pyworkflow.process import Process, ProcessCompleted
from pyworkflow.signal import Signal

Start = Callable[..., Running]
LOADED = "loaded anew: "
ENDLESS = """
open(f"loading-{os.getpid()}", "w").close()
while True: pass
"""


@pytest.fixture
def backend(backend: Backend) -> Backend:
    """The project's, which knows its workflows, so that a test can start their processes."""
    for name in ("Broken", "Echo", "Sleeper", "Waiter"):
        backend.register_workflow(name)
    return backend


def save(project: Path, old: str, new: str, name: str = "flows.py") -> None:
    text = (project / name).read_text()
    assert old in text
    (project / name).write_text(text.replace(old, new))


def ready(running: Start, *options: str) -> Running:
    """A worker that reloads, and works."""
    command = running("worker", "--reload", *options)
    command.wait_for("; code ")
    return command


def ended(command: Running, number: signal.Signals = signal.SIGTERM) -> Ended:
    command.send(number)
    return command.ended()


def waits(backend: Backend, *ids: str) -> None:
    """Processes that wait for a signal."""
    for id in ids:
        backend.start_process(Process("Waiter", id))
    until(lambda: all(backend.pending(id).decision is None for id in ids), "the worker has decided")


def sleeps(backend: Backend, project: Path, id: str) -> None:
    """A process whose activity runs until a file appears."""
    backend.start_process(Process("Sleeper", id, str(project / f"wake-{id}")))
    until(lambda: "activity_started" in kinds(backend, id), "the activity runs")


def kinds(backend: Backend, id: str) -> list[str]:
    return [event.type for event in backend.process_by_id(id).history]


def starts(backend: Backend, id: str) -> list[DecisionStartedEvent]:
    return [event for event in backend.process_by_id(id).history if isinstance(event, DecisionStartedEvent)]


def has(backend: Backend, id: str, result: object) -> bool:
    return backend.process_by_id(id).result == ProcessCompleted(result)


def loading(project: Path) -> int:
    """The process that loads code that never ends loading."""
    until(lambda: any(project.glob("loading-*")), "it loads")
    return int(next(project.glob("loading-*")).name.partition("-")[2])


def is_gone(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    return False


# --- what is saved takes over ---


def test_a_save_decides_from_then_on_about_open_processes_and_is_told(
    running: Start, project: Path, backend: Backend
) -> None:
    command = ready(running)
    waits(backend, "x", "y")
    save(project, "CompleteProcess(signal.data)", 'CompleteProcess(["new", signal.data])')
    command.wait_for(LOADED)
    backend.signal_process("x", Signal("go", 1))
    until(lambda: has(backend, "x", ["new", 1]), "the new code answers")
    lines = ended(command).err.splitlines()
    codes = [str(event.code) for event in starts(backend, "x")]
    assert re.fullmatch(rf"worker \S+ on sqlite:.*: workflows .*; activities Echo, Sleep; code {codes[0]}", lines[0])
    place = lines.index(f"loaded anew: flows.py; code {codes[1]} instead of {codes[0]}")
    assert lines[place - 1] == "2 open processes: 2 decide the same"


def test_what_the_new_code_would_have_decided_otherwise_is_counted_before_it_takes_over(
    running: Start, project: Path, backend: Backend
) -> None:
    command = ready(running)
    waits(backend, "x", "y")
    save(project, "return None\n\n    def respond_to_signal", "return Timer(60)\n\n    def respond_to_signal")
    command.wait_for(LOADED)
    told = "2 open processes: 0 decide the same, 2 differ (pyworkflow replay --open tells where)\nloaded anew"
    assert told in command.told()
    assert kinds(backend, "x") == ["process_started", "decision_started"]


def test_decisions_that_failed_are_due_at_once_after_a_save(running: Start, project: Path, backend: Backend) -> None:
    command = ready(running)
    backend.start_process(Process("Broken", "x"))
    attempt = lambda: (pending := backend.pending("x").decision) is not None and pending.attempt  # noqa: E731
    until(lambda: attempt() >= 4, "it has failed thrice")
    pending = backend.pending("x").decision
    assert pending is not None
    save(project, 'raise ZeroDivisionError("of no use")', 'return CompleteProcess("mended")')
    command.wait_for(LOADED)
    until(lambda: has(backend, "x", "mended"), "the new code is asked")
    assert pending.due_at is not None
    assert backend.process_by_id("x").history[-1].datetime < pending.due_at


def test_after_a_save_the_code_is_called_what_check_calls_it(
    running: Start, pyworkflow: Command, project: Path
) -> None:
    flows = project / "flows.py"
    before = flows.read_text()
    command = ready(running)
    (first,) = re.findall("; code ([0-9a-f]{12})", command.told())
    flows.write_text(f"{before}# x\n")
    command.wait_for(f" instead of {first}")
    (second,) = re.findall(f"code ([0-9a-f]{{12}}) instead of {first}", command.told())
    assert f"code {second}" in pyworkflow("check").out + pyworkflow("check").err
    flows.write_text(before)
    command.wait_for(f"code {first} instead of {second}")


def test_a_save_in_the_same_second_and_of_the_same_size_is_what_runs(
    running: Start, project: Path, backend: Backend
) -> None:
    flows = project / "flows.py"
    os.utime(flows, (1_000_000_000, 1_000_000_000))
    py_compile.compile(str(flows), doraise=True)
    command = ready(running)
    save(project, "return self.input", "return 'told'    ")
    os.utime(flows, (1_000_000_000, 1_000_000_000))
    command.wait_for(LOADED)
    backend.start_process(Process("Echo", "x", 1))
    until(lambda: has(backend, "x", "told"), "it is loaded from its source")


def test_a_module_that_an_activity_imports_later_counts_as_well(
    running: Start, project: Path, backend: Backend
) -> None:
    (project / "later.py").write_text("answer = 1\n")
    (project / "unread.py").write_text("")
    save(project, "        return self.input\n", "        import later\n        return later.answer\n")
    command = ready(running)
    backend.start_process(Process("Echo", "x"))
    until(lambda: has(backend, "x", 1), "it is imported")
    (project / "unread.py").write_text("# nobody has imported this\n")
    (project / "later.py").write_text("answer = 2\n")
    command.wait_for(LOADED)
    numbers = count()

    def is_new() -> bool:  # the old process may still take one
        id = f"y{next(numbers)}"
        backend.start_process(Process("Echo", id))
        until(lambda: backend.process_by_id(id).result is not None, "it is executed")
        return has(backend, id, 2)

    until(is_new, "it is imported anew")
    ((file, code, before),) = re.findall(r"loaded anew: (.*); code (\S+) instead of (\S+)", command.told())
    assert (file, before) == ("later.py", starts(backend, "x")[0].code)
    assert code != before


def test_settings_take_effect_when_they_are_saved(running: Start, project: Path, backend: Backend) -> None:
    command = ready(running)
    save(project, "[project]", '[worker]\ncategories = ["heavy"]\n[project]', "workflows.toml")
    command.wait_for("loaded anew: workflows.toml; code ")
    command.wait_for("perhaps: category 'heavy' is meant to be default?")
    backend.start_process(Process("Echo", "x", 1))
    save(project, '["heavy"]', '["default"]', "workflows.toml")
    until(lambda: has(backend, "x", 1), "the category is worked on again")
    assert len(starts(backend, "x")) == 2


def test_a_folder_of_modules_that_comes_later_is_watched(running: Start, project: Path, backend: Backend) -> None:
    command = ready(running)
    (project / "pack").mkdir()
    (project / "pack" / "__init__.py").write_text("answer = 1\n")
    save(project, "import os, time", "import os, time, pack")
    save(project, "return self.input", "return pack.answer")
    command.wait_for("loaded anew: flows.py, pack/__init__.py; code ")
    (project / "pack" / "__init__.py").write_text("answer = 2\n")
    command.wait_for("loaded anew: pack/__init__.py; code ")
    backend.start_process(Process("Echo", "x"))
    until(lambda: has(backend, "x", 2), "it is loaded anew")


# --- what is of no use does not ---


def test_code_that_does_not_load_is_told_in_a_line_and_the_old_code_goes_on(
    running: Start, project: Path, backend: Backend
) -> None:
    command = ready(running)
    waits(backend, "x")
    good = (project / "flows.py").read_text()
    (project / "flows.py").write_text(f"{good}\nclass :\n")
    command.wait_for("not loaded: ")
    backend.signal_process("x", Signal("go", 1))
    until(lambda: has(backend, "x", 1), "the old code answers")
    (project / "flows.py").write_text(good)
    command.wait_for("the code is again as it was: ")
    first, second = starts(backend, "x")
    assert (first.code, first.identity) == (second.code, second.identity)
    line = good.count("\n") + 2
    reason = f"module 'flows' does not import: SyntaxError: invalid syntax (flows.py, line {line}) (flows.py:{line})"
    assert f"\nnot loaded: {reason}; code {first.code} goes on\n" in command.told()
    assert LOADED not in command.told()
    assert "Traceback" not in command.told()


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("import os; os._exit(3)", "the process that loads the code ended with exit code 3"),
        ("raise KeyboardInterrupt", "KeyboardInterrupt"),
        (
            "from pyworkflow.managed import Activity\nEchoActivity.execute = Activity.execute",
            "does not override execute()",
        ),
    ],
)
def test_however_code_fails_to_load_the_old_code_goes_on(
    running: Start, project: Path, backend: Backend, code: str, reason: str
) -> None:
    command = ready(running)
    with (project / "flows.py").open("a") as flows:
        flows.write(code)
    command.wait_for(reason)
    backend.start_process(Process("Echo", "x", 1))
    until(lambda: has(backend, "x", 1), "the old code answers")


def test_a_load_that_does_not_end_is_told_and_the_next_save_ends_it(
    running: Start, project: Path, backend: Backend
) -> None:
    command = ready(running)
    good = (project / "flows.py").read_text()
    (project / "flows.py").write_text(f"{good}{ENDLESS}")
    command.wait_for("still loading after 5 s; code ")
    loads = loading(project)
    backend.start_process(Process("Echo", "x", 1))
    until(lambda: has(backend, "x", 1), "the old code answers")
    (project / "flows.py").write_text(good.replace("return self.input", "return 'new'"))
    command.wait_for(LOADED)
    until(lambda: is_gone(loads), "nobody is left")


def test_with_nothing_that_loads_it_waits_for_a_save(running: Start, project: Path, backend: Backend) -> None:
    backend.start_process(Process("Echo", "x", 1))
    good = (project / "flows.py").read_text()
    (project / "flows.py").write_text("import nothing_of_this_name\n")
    command = running("worker", "--reload")
    command.wait_for("(flows.py:1)\nwaiting for a save\n")
    (project / "flows.py").write_text(good)
    until(lambda: has(backend, "x", 1), "it works")
    assert ended(command).code == 0


@pytest.mark.parametrize("words", [["-p", "2"], ["--burst"], ["--max-tasks", "1"]])
def test_what_reload_does_not_go_with(pyworkflow: Command, project: Path, words: list[str]) -> None:
    assert project.is_dir()
    done = pyworkflow("worker", "--reload", *words)
    assert (done.code, done.out, done.err.count("\n")) == (2, "", 1)
    assert "goes with none of -p, --burst and --max-tasks" in done.err


def test_without_a_file_there_is_nothing_to_load(pyworkflow: Command, folder: Path) -> None:
    done = pyworkflow("worker", "--reload")
    assert (done.code, done.err.count("\n")) == (2, 1)
    assert f"there is no workflows.toml in {folder}" in done.err


# --- what runs ---


def test_what_runs_finishes_with_the_old_code_while_the_new_decides(
    running: Start, project: Path, backend: Backend
) -> None:
    command = ready(running)
    sleeps(backend, project, "x")
    save(project, 'return "woken"', 'return "of no use"')
    save(
        project,
        "return CompleteProcess(result)\n\n\nclass Waiter",
        'return CompleteProcess(["new", result])\n\n\nclass Waiter',
    )
    command.wait_for(LOADED)
    backend.start_process(Process("Echo", "y", 1))
    until(lambda: has(backend, "y", 1), "the new code works")
    assert len({event.identity for id in "xy" for event in starts(backend, id)}) == 2
    (project / "wake-x").touch()
    until(lambda: has(backend, "x", ["new", "woken"]), "the old code executed, the new one decided")


def test_what_does_not_finish_in_time_is_released_to_the_new_code(
    running: Start, project: Path, backend: Backend
) -> None:
    command = ready(running, "--shutdown-timeout", "0")
    sleeps(backend, project, "x")
    save(project, 'return "woken"', 'return "new"')
    command.wait_for(LOADED)
    until(lambda: "activity_lost" in kinds(backend, "x"), "it is released")
    (project / "wake-x").touch()
    until(lambda: has(backend, "x", "new"), "the new code executes it")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 0)])
def test_it_ends_as_a_worker_does_and_lets_old_code_finish_as_well(
    running: Start, project: Path, backend: Backend, number: signal.Signals, code: int
) -> None:
    command = ready(running)
    sleeps(backend, project, "x")
    save(project, 'return "woken"', 'return "new"')
    command.wait_for(LOADED)
    sleeps(backend, project, "y")
    command.send(number)
    command.wait_for("stopping: ")
    (project / "wake-x").touch()
    (project / "wake-y").touch()
    done = command.ended()
    assert (done.code, done.out, "Traceback" in done.err) == (code, "", False)
    for id, result in (("x", "woken"), ("y", "new")):
        ends = [event.result for event in backend.process_by_id(id).history if isinstance(event, ActivityEvent)]
        assert ends == [ActivityCompleted(result)]


def test_a_second_ctrl_c_ends_all_of_them_now(running: Start, project: Path, backend: Backend) -> None:
    command = ready(running)
    sleeps(backend, project, "x")
    save(project, 'return "woken"', 'return "new"')
    command.wait_for(LOADED)
    sleeps(backend, project, "y")
    command.send(signal.SIGINT)
    command.wait_for("stopping: ")
    command.send(signal.SIGINT)
    assert command.ended().code == 130
    assert [kinds(backend, id)[-1] for id in "xy"] == ["activity_lost", "activity_lost"]


@pytest.mark.parametrize("code", [2, 5, 9])
def test_a_process_that_an_activity_ends_has_a_successor_whatever_its_exit_code(
    running: Start, project: Path, backend: Backend, code: int
) -> None:
    flows = project / "flows.py"
    flows.write_text(f"{flows.read_text()}\n\nEchoActivity.execute = lambda self: __import__('os')._exit({code})\n")
    command = ready(running)
    backend.start_process(Process("Echo", "x"))
    command.wait_for(f"the worker process ended with exit code {code}; another takes its place")


@pytest.mark.parametrize(
    "settings",
    [
        '[backend]\nurl = "sqlite:"\n',
        '[backend]\nurl = "memory:"\n',
        '[backend]\nurl = "sqlite:///flows.py/x.db"\n',
    ],
)
def test_settings_with_which_nothing_can_work_are_told_and_the_old_code_goes_on(
    running: Start, project: Path, backend: Backend, settings: str
) -> None:
    command = ready(running)
    sleeps(backend, project, "s")
    file = project / "workflows.toml"
    before = file.read_text()
    file.write_text(before + settings)
    command.wait_for(" goes on")
    assert "not loaded: " in command.told()
    (project / "wake-s").touch()
    until(lambda: backend.process_by_id("s").result is not None, "what ran finishes")
    file.write_text(before)
    command.wait_for("the code is again as it was")


def test_what_mends_a_module_that_decide_imports_later_is_other_code(
    running: Start, project: Path, backend: Backend
) -> None:
    (project / "later.py").write_text("raise ValueError('of no use')\n")
    save(project, 'raise ZeroDivisionError("of no use")', 'import later; return CompleteProcess("ok")')
    command = ready(running)
    backend.start_process(Process("Broken", "x"))
    until(lambda: (decision := backend.pending("x").decision) is not None and decision.attempt > 3, "it has failed")
    (project / "later.py").write_text("")
    command.wait_for(" instead of ")
    until(lambda: backend.process_by_id("x").result is not None, "it is decided at once")
    assert len({one.code for one in starts(backend, "x")}) > 1


def test_a_process_that_dies_has_a_successor(running: Start, backend: Backend) -> None:
    command = ready(running)
    waits(backend, "x")
    os.kill(int(str(starts(backend, "x")[0].identity).split(":")[1]), signal.SIGKILL)
    command.wait_for("the worker process ended by signal 9; another takes its place")
    backend.signal_process("x", Signal("go", 1))
    until(lambda: has(backend, "x", 1), "another takes its place")


def test_when_the_one_that_watches_is_killed_the_others_end(running: Start, project: Path, backend: Backend) -> None:
    command = ready(running)
    waits(backend, "x")
    leases = partial((project / ".pyworkflow" / "pyworkflow.db-live").glob, "*.lease")
    assert list(leases())
    command.kill()
    until(lambda: not list(leases()), "nobody holds a lease")


def test_when_the_one_that_watches_is_killed_a_load_that_does_not_end_ends(running: Start, project: Path) -> None:
    with (project / "flows.py").open("a") as flows:
        flows.write(ENDLESS)
    command = running("worker", "--reload")
    loads = loading(project)
    command.kill()
    until(lambda: is_gone(loads), "nobody is left")


# --- reading sources ---


def test_what_is_read_is_told_and_gives_the_hash_that_a_worker_gives(folder: Path) -> None:
    (folder / "pack").mkdir()
    (folder / "pack" / "__init__.py").write_text("from pack.flows import Foo\n")
    (folder / "pack" / "flows.py").write_text(
        "from pyworkflow.managed import Workflow\nclass Foo(Workflow):\n    def decide(self, process): return None\n"
    )
    settings = ProjectSettings(modules=("pack",), path=(folder,))
    code = load_project(settings).code
    read: dict[str, bytes] = {}
    hooks = list(sys.path_hooks)
    try:
        load_fresh(settings, read.__setitem__)
        for name in ("pack", "pack.flows"):
            del sys.modules[name]
        assert load_project(settings).code == code
    finally:
        sys.path_hooks[:] = hooks
        sys.path_importer_cache.clear()
    assert read == {str(file): file.read_bytes() for file in (folder / "pack").glob("*.py")}
