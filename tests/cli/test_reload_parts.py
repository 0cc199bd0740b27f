"""What reloading is made of: the files that count, and what new code makes of open processes in a moment."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from time import monotonic

import pytest
from terminal import decide, until

from pyworkflow.backend import Backend
from pyworkflow.cli.reload import opened
from pyworkflow.cli.reload.files import Alarm, Files
from pyworkflow.cli.reload.opened import open_processes
from pyworkflow.config import Project
from pyworkflow.decision import CompleteProcess, RecordMarker
from pyworkflow.managed import Workflow
from pyworkflow.memory import MemoryBackend
from pyworkflow.process import Process


class Foo(Workflow):
    def decide(self, process: Process) -> list[RecordMarker]:  # noqa: ARG002
        return [RecordMarker("same")]


class Endless(Workflow):
    def decide(self, process: Process) -> list[RecordMarker]:  # noqa: ARG002
        while True:
            pass


@pytest.fixture
def foo() -> Iterator[Backend]:
    """Three open processes, the second of which was decided otherwise; one that is closed, one of a workflow that is
    not of this project."""
    with MemoryBackend() as backend:
        for name in ("Foo", "Endless", "Bar"):
            backend.register_workflow(name)
        for workflow, id, what in (
            ("Foo", "a", RecordMarker("same")),
            ("Foo", "b", RecordMarker("other")),
            ("Foo", "c", RecordMarker("same")),
            ("Foo", "closed", CompleteProcess()),
            ("Bar", "bar", RecordMarker("other")),
        ):
            backend.start_process(Process(workflow, id))
            decide(backend, what)
        yield backend


def test_open_processes_of_the_project_are_counted_by_what_it_would_decide(foo: Backend) -> None:
    told = "3 open processes: 2 decide the same, 1 differs (pyworkflow replay --open tells where)"
    assert open_processes(foo, Project((Foo,), "code")) == f"{told}; 1 open process of Bar: no code here"
    without = open_processes(foo, Project((Endless,), "code"))
    assert without == "1 open process of Bar: no code here; 3 open processes of Foo: no code here"
    with MemoryBackend() as empty:
        assert open_processes(empty, Project((Foo,), "code")) == "no open processes"


def test_of_many_the_newest_are_counted(foo: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opened, "MOST", 4)  # of all that are open, bar included
    assert open_processes(foo, Project((Foo,), "code")).startswith("3 open processes: ")
    monkeypatch.setattr(opened, "MOST", 2)
    assert open_processes(foo, Project((Foo,), "code")).startswith("the newest 1 open process: 1 decides the same")


def test_a_decide_that_does_not_end_takes_no_more_than_the_time_there_is(foo: Backend) -> None:
    foo.start_process(Process("Endless", "endless"))
    decide(foo, RecordMarker("x"))
    began = monotonic()
    told = open_processes(foo, Project((Foo, Endless), "code"), seconds=0.2)
    assert monotonic() - began < 2
    assert told == "open processes: the time was too short to replay one"
    foo.start_process(Process("Foo", "newer"))
    decide(foo, RecordMarker("same"))
    told = open_processes(foo, Project((Foo, Endless), "code"), seconds=0.2)
    assert told == "the newest 1 open process: 1 decides the same"


def test_files_that_count_are_code_and_settings_and_what_is_named_besides(folder: Path) -> None:
    settings = folder / "workflows.toml"
    settings.write_text('[project]\nmodules = ["a"]\n[backend]\nurl = "datastore+file:store"\n')
    counted = {"a.py", "pack/b.py", "workflows.toml", "elsewhere.txt"}
    left_out = {"c.txt", ".git/d.py", "store/e.py", "env/pyvenv.cfg", "env/f.py", "pack/__pycache__/g.py"}
    for name in counted | left_out:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    files = Files(settings, None)
    seen = files.look([str(folder / "elsewhere.txt"), str(folder / "absent.py")])
    assert set(seen) == {str(folder / name) for name in counted}
    assert files.folders == {str(folder), str(folder / "pack")}
    settings.write_text('[project]\nmodules = ["a"]\npath = ["pack"]\n')
    assert set(files.look()) == {str(folder / "pack" / "b.py"), str(settings)}
    settings.write_text("no TOML")  # what was right before still holds
    assert set(files.look()) == {str(folder / "pack" / "b.py"), str(settings)}


def test_a_file_has_another_mark_when_it_is_written_or_replaced(folder: Path) -> None:
    (folder / "workflows.toml").touch()
    code = folder / "a.py"
    code.write_text("1")
    files = Files(folder / "workflows.toml", None)
    marks = [files.look()[str(code)]]
    code.write_text("2")
    os.utime(code, ns=(0, marks[0].modified))  # as a copy does that keeps times
    marks.append(files.look()[str(code)])
    (folder / "b").write_text("2")
    os.replace(folder / "b", code)
    marks.append(files.look()[str(code)])
    assert len(set(marks)) == 3


def test_a_save_rings_the_alarm_and_what_is_no_code_does_not(folder: Path) -> None:
    alarm = Alarm()
    alarm.watch({str(folder)})

    def rings_for(name: str) -> bool:
        (folder / name).write_text(str(monotonic()))
        return rings(alarm)

    until(lambda: rings_for("a.py"), "it is watched")
    (folder / "b.txt").touch()
    (folder / "pack").mkdir()
    until(lambda: rings(alarm), "a new folder may hold code")
    alarm.watch({str(folder / "pack")})
    until(lambda: rings_for("pack/b.py"), "it is watched")


def rings(alarm: Alarm) -> bool:
    try:
        return bool(os.read(alarm.bell, 1))
    except BlockingIOError:
        return False
