"""export, import and prune: closed processes as files, and no longer."""

from __future__ import annotations

import gzip
import json
import os
import re
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from terminal import DEADLINE, Command, decide

from pyworkflow.backend import Backend
from pyworkflow.decision import CompleteProcess, ContinueAsNew, ScheduleActivity
from pyworkflow.process import Process
from pyworkflow.sqlite import SQLiteBackend

OTHER = ["--backend", "sqlite:///other.db"]


@pytest.fixture
def closed(foo: Backend) -> Backend:
    """With a process of two runs, closed, and one that is open."""
    foo.start_process(Process("Foo", "closed", {"n": 1}, ["red"]))
    decide(foo, ScheduleActivity("Bar", "a"))
    foo.signal_process("closed", "go")
    decide(foo, ContinueAsNew({"n": 2}))
    decide(foo, CompleteProcess("done"))
    foo.start_process(Process("Foo", "open"))
    return foo


def ids(pyworkflow: Command, *words: str) -> list[str]:
    return [record["id"] for record in pyworkflow("list", "-o", "json", *words).json]


def test_what_is_exported_is_imported_elsewhere_as_it_was(pyworkflow: Command, closed: Backend, project: Path) -> None:
    ended = pyworkflow("export", "clo", "--to", "closed.jsonl")
    assert (ended.code, ended.out, ended.err) == (0, "", "1 process in 11 lines written to closed.jsonl\n")
    ended = pyworkflow("import", "closed.jsonl", *OTHER)
    assert (ended.code, ended.err) == (0, "1 process imported\n")
    with SQLiteBackend(project / "other.db") as there:
        for run in (1, 2):
            assert there.process_by_id("closed", run=run) == closed.process_by_id("closed", run=run)
    first = ["history", "closed", "--run", "1"]
    assert pyworkflow(*first).out == pyworkflow(*first, *OTHER).out


def test_an_export_is_one_line_for_each_start_and_each_event(pyworkflow: Command, closed: Backend) -> None:
    lines = [json.loads(line) for line in pyworkflow("export", "closed").lines]
    assert [line["run"] for line in lines if line["type"] == "process"] == [1, 2]
    assert lines[0]["input"] == {"n": 1}
    history = closed.process_by_id("closed", run=1).history
    assert [line["type"] for line in lines[1 : 1 + len(history)]] == [event.type for event in history]
    assert all(line["time"].endswith("Z") for line in lines if line["type"] != "process")


@pytest.mark.usefixtures("closed")
def test_all_are_exported_oldest_first_and_a_pipe_carries_them(pyworkflow: Command) -> None:
    exported = pyworkflow("export", "--all")
    assert [json.loads(line)["id"] for line in exported.lines if '"format"' in line] == ["closed", "closed", "open"]
    ended = subprocess.run(
        [sys.executable, "-m", "pyworkflow", "import", "-", "--skip", *OTHER],
        input=exported.out,
        capture_output=True,
        text=True,
        check=True,
    )
    assert ended.stderr == "1 process imported, 1 left out\n"
    assert ids(pyworkflow, *OTHER) == ["closed"]


@pytest.mark.usefixtures("closed")
def test_one_that_is_open_or_taken_stops_an_import_before_it_begins(pyworkflow: Command) -> None:
    pyworkflow("export", "--all", "--to", "all.jsonl")
    ended = pyworkflow("import", "all.jsonl", *OTHER)
    assert (ended.code, ended.err.count("\n")) == (2, 1)
    assert "'open': it is still open, and only closed ones can be imported; nothing was imported; --skip" in ended.err
    assert ids(pyworkflow, *OTHER) == []
    pyworkflow("export", "closed", "--to", "closed.jsonl")
    ended = pyworkflow("import", "closed.jsonl")
    assert (ended.code, ended.err.count("\n")) == (4, 1)
    assert "'closed' was started before; nothing was imported; --skip leaves such" in ended.err


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda lines: lines[1:], "spoilt.jsonl:1: not of an exported process: a line with "),
        (
            lambda lines: [*lines[:-1], lines[-1][:20]],
            "spoilt.jsonl:11: not JSON: Expecting ':' delimiter at column 22",
        ),
        (
            lambda lines: [*lines[:2], *lines[3:]],
            "spoilt.jsonl:3: not of an exported process: event 3 where event 2 should be",
        ),
        (lambda lines: [lines[0].replace('"format": 1', '"format": 2'), *lines[1:]], "format 2 is not the one that"),
        (lambda lines: [line.replace('"decision_started"', '"dreamt"') for line in lines], "holds a 'dreamt' event"),
        (lambda lines: [line.replace("Z", "") for line in lines], "does not say its offset"),
        (lambda lines: [line.replace('"time"', '"when"') for line in lines], "'time' is missing"),
        (lambda lines: [*lines, "[]"], "spoilt.jsonl:12: not of an exported process: it is no JSON object"),
        (
            lambda lines: [*lines, *(line.replace('"closed"', '"b"') for line in lines), *lines],
            "spoilt.jsonl:23: not of an exported process: process 'closed' is in the file twice",
        ),
        (lambda lines: lines * 2, "spoilt.jsonl:12: not of an exported process: process 'closed' is in the file twice"),
        (lambda _: [""], "spoilt.jsonl: it holds no process"),
        (lambda lines: lines[:-1], "it is still open"),
        (lambda lines: lines[:1], "spoilt.jsonl:1: not of an exported process: 'closed' has no events"),
        (lambda lines: [lines[0], *lines], "spoilt.jsonl:2: not of an exported process: 'closed' has no events"),
        (lambda lines: [lines[0], "[" * 100_000], "spoilt.jsonl:2: not JSON that can be read: maximum recursion depth"),
    ],
    ids=[
        *("no start", "cut", "gap", "format", "event", "offset", "time", "list", "twice", "twice running", "empty"),
        *("open", "no events", "no events here", "deep"),
    ],
)
@pytest.mark.usefixtures("closed")
def test_a_file_with_something_wrong_in_it_brings_nothing(
    pyworkflow: Command, project: Path, spoil: object, message: str
) -> None:
    lines = pyworkflow("export", "closed").lines
    (project / "spoilt.jsonl").write_text("\n".join(spoil(lines)) + "\n")  # type: ignore[operator]
    ended = pyworkflow("import", "spoilt.jsonl", *OTHER)
    assert (ended.code, ended.out, ended.err.count("\n")) == (2, "", 1)
    assert message in ended.err
    assert ids(pyworkflow, *OTHER) == []


@pytest.mark.usefixtures("closed")
def test_an_import_comes_from_a_pipe_that_has_a_name(pyworkflow: Command, project: Path) -> None:
    pyworkflow("export", "closed", "--to", "closed.jsonl")
    os.mkfifo(project / "pipe")
    with subprocess.Popen(["cp", "closed.jsonl", "pipe"]) as writer:
        ended = pyworkflow("import", "pipe", *OTHER)
        assert (ended.code, ended.err) == (0, "1 process imported\n")
        assert writer.wait(DEADLINE) == 0


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda text: text.replace(b"done", b"\xff"), "spoilt:11: not UTF-8 text: invalid start byte\n"),
        (gzip.compress, "spoilt: it is compressed: `gunzip -c FILE | pyworkflow import -` reads it\n"),
    ],
    ids=["latin", "gzip"],
)
@pytest.mark.usefixtures("closed")
def test_a_file_that_is_no_text_is_told_by_its_line(
    pyworkflow: Command, project: Path, spoil: Callable[[bytes], bytes], message: str
) -> None:
    (project / "spoilt").write_bytes(spoil(pyworkflow("export", "closed").out.encode()))
    ended = pyworkflow("import", "spoilt", *OTHER)
    assert (ended.code, ended.out, ended.err) == (2, "", f"pyworkflow: {message}")


def test_an_import_that_fails_midway_says_how_to_go_on(pyworkflow: Command, foo: Backend, project: Path) -> None:
    for id in "abcd":
        foo.start_process(Process("Foo", id))
        foo.cancel_process(id)
    pyworkflow("export", "d", "--to", "first.jsonl")
    pyworkflow("export", "a", "b", "c", "--to", "all.jsonl")
    assert pyworkflow("import", "first.jsonl", *OTHER).code == 0
    with closing(sqlite3.connect(project / "other.db")) as database:
        database.execute(
            "CREATE TRIGGER full BEFORE INSERT ON process WHEN new.id = 'c' BEGIN SELECT RAISE(ABORT, 'full'); END"
        )
        ended = pyworkflow("import", "all.jsonl", *OTHER)
        assert (ended.code, ended.err.count("\n")) == (5, 1)
        assert ended.err.endswith("; 2 processes were imported: --skip goes on with the rest\n")
        database.execute("DROP TRIGGER full")
    assert pyworkflow("import", "all.jsonl", "--skip", *OTHER).err == "1 process imported, 2 left out\n"


@pytest.mark.usefixtures("closed")
def test_an_export_that_fails_leaves_the_file_as_it_was(
    pyworkflow: Command, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise OSError(28, "No space left on device")

    (project / "kept.jsonl").write_text("kept")
    monkeypatch.setattr(Path, "replace", broken)
    ended = pyworkflow("export", "closed", "--to", "kept.jsonl")
    assert (ended.code, ended.err) == (2, "pyworkflow: kept.jsonl cannot be written: No space left on device\n")
    assert (project / "kept.jsonl").read_text() == "kept"
    assert [path.name for path in project.iterdir() if "kept" in path.name] == ["kept.jsonl"]


@pytest.mark.usefixtures("closed")
def test_export_makes_the_folder_that_the_file_is_to_be_in(pyworkflow: Command, project: Path) -> None:
    ended = pyworkflow("export", "closed", "--to", "tests/histories/closed.jsonl")
    assert (ended.code, ended.err) == (0, "1 process in 11 lines written to tests/histories/closed.jsonl\n")
    assert (project / "tests" / "histories" / "closed.jsonl").read_text() == pyworkflow("export", "closed").out
    (project / "file").write_text("")
    ended = pyworkflow("export", "closed", "--to", "file/below/closed.jsonl")
    assert (ended.code, ended.err) == (2, "pyworkflow: file/below cannot be made: Not a directory\n")
    assert pyworkflow("export", "nobody", "--to", "new/nobody.jsonl").code == 3
    assert not (project / "new").exists()


@pytest.mark.usefixtures("closed")
def test_an_export_follows_links_and_leaves_permissions_as_they_are(pyworkflow: Command, project: Path) -> None:
    (project / "kept").mkdir()
    (project / "link.jsonl").symlink_to("kept/it.jsonl")
    for mode in (0o644, 0o600):  # of a new file, and of one that is there
        umask = os.umask(0o022)
        try:
            assert pyworkflow("export", "closed", "--to", "link.jsonl").code == 0
        finally:
            os.umask(umask)
        assert (project / "link.jsonl").is_symlink()
        assert stat.S_IMODE((project / "kept/it.jsonl").stat().st_mode) == mode
        assert (project / "kept/it.jsonl").read_text().count("\n") == 11
        (project / "kept/it.jsonl").chmod(0o600)
    assert [path.name for path in (project / "kept").iterdir()] == ["it.jsonl"]


@pytest.mark.parametrize("to", ["-", "/dev/stdout"])
@pytest.mark.parametrize("command", [["export", "closed", "--to"], ["history", "closed", "--svg"]])
def test_what_is_written_to_a_file_can_go_to_stdout(
    closed: Backend, project: Path, command: list[str], to: str
) -> None:
    assert closed.process_by_id("closed").result is not None
    words = [sys.executable, "-m", "pyworkflow", *command]
    subprocess.run([*words, "file"], capture_output=True, check=True)
    expected = (project / "file").read_bytes()
    piped = subprocess.run([*words, to], capture_output=True, check=True)
    assert unnamed(piped.stdout) == unnamed(expected)
    with (project / "all").open("wb") as file:
        file.write(b"before\n")
        file.flush()
        subprocess.run([*words, to], stdout=file, check=True)
    assert unnamed((project / "all").read_bytes()) == b"before\n" + unnamed(expected)


def unnamed(text: bytes) -> bytes:
    """Without the names that each picture has of its own."""
    return re.sub(rb"terminal-\d+", b"", text)


@pytest.mark.usefixtures("closed")
def test_an_export_goes_into_a_pipe_that_has_a_name(pyworkflow: Command, project: Path) -> None:
    os.mkfifo(project / "pipe")
    reader = subprocess.Popen(["cat", project / "pipe"], stdout=subprocess.PIPE)
    assert pyworkflow("export", "closed", "--to", "pipe").code == 0
    assert reader.communicate(timeout=DEADLINE)[0].count(b"\n") == 11
    assert (project / "pipe").is_fifo()


@pytest.mark.usefixtures("closed")
def test_prune_forgets_what_closed_long_ago_and_nothing_that_is_open(pyworkflow: Command) -> None:
    ended = pyworkflow("prune", "--older-than", "1h")
    assert (ended.code, ended.err.split(",")[0]) == (0, "0 processes forgotten")
    assert ids(pyworkflow) == ["open", "closed"]
    ended = pyworkflow("prune", "--older-than", "0s")
    assert (ended.code, ended.out, ended.err.split(",")[0]) == (0, "", "1 process forgotten")
    assert ids(pyworkflow) == ["open"]


def test_prune_goes_on_until_all_are_forgotten(pyworkflow: Command, foo: Backend) -> None:
    for number in range(250):
        foo.start_process(Process("Foo", str(number)))
        foo.cancel_process(str(number))
    assert pyworkflow("prune", "--older-than", "2999-01-01").err.startswith("250 processes forgotten, closed before 29")
    assert ids(pyworkflow) == []
