"""A file from any release opens in this one."""

import shutil
from pathlib import Path

import pytest

from pyworkflow.activity import ActivityCompleted
from pyworkflow.decision import CompleteProcess
from pyworkflow.exceptions import BackendException
from pyworkflow.process import ProcessCanceled, ProcessCompleted
from pyworkflow.sqlite import SQLiteBackend

RELEASES = sorted((Path(__file__).parent / "releases").glob("*.db"))


@pytest.fixture(params=RELEASES, ids=lambda path: path.stem)
def backend(request, tmp_path):
    path = tmp_path / "old.db"
    shutil.copy(request.param, path)
    with SQLiteBackend(path) as backend:
        backend.register_workflow("Order")
        backend.register_activity("Ship")
        yield backend


def test_what_an_older_release_wrote_is_read(backend):
    process = backend.process_by_id("open")
    assert (process.input, process.tags, process.result) == ({"order": 17}, ["gift"], None)
    assert backend.process_by_id("child").result == ProcessCanceled("not needed")
    assert [summary.status for summary in backend.summaries()] == ["open", "continued", "canceled", "open"]
    assert backend.process_by_id("continued", run=1).result is None
    assert backend.pending("continued").decision.error == "ValueError: a bug"
    assert [timer.timer.data for timer in backend.pending("open").timers] == ["late"]


def test_what_an_older_release_began_is_ended(backend):
    backend.complete_activity_task(backend.poll_activity_task(), ActivityCompleted("sent"))
    task = backend.poll_decision_task(root="open")
    assert [event.type for event in task.process.unseen_events()][-3:] == [
        "child_process",
        "activity_started",
        "activity",
    ]
    assert backend.complete_decision_task(task, CompleteProcess("done"))
    assert backend.process_by_id("open").result == ProcessCompleted("done")


def test_a_file_of_a_newer_version_is_refused_in_one_line(tmp_path):
    import sqlite3

    path = tmp_path / "new.db"
    shutil.copy(RELEASES[-1], path)
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 1000")
    connection.close()
    with SQLiteBackend(path) as backend, pytest.raises(BackendException, match="newer version of pyworkflow"):
        backend.process_by_id("open")


@pytest.mark.parametrize(
    ("content", "complaint"),
    [(b"not a database at all" * 100, "is not an SQLite database"), (None, "of another program")],
    ids=["text", "foreign"],
)
def test_a_file_that_is_not_ours_is_refused_and_left_as_it_is(tmp_path, content, complaint):
    import sqlite3

    path = tmp_path / "other.db"
    if content is None:
        connection = sqlite3.connect(path)
        connection.execute("CREATE TABLE theirs (x)")
        connection.close()
    else:
        path.write_bytes(content)
    before = path.read_bytes()
    with SQLiteBackend(path) as backend:
        for call in (lambda: list(backend.processes()), lambda: backend.signal_process("x", "y")):
            with pytest.raises(BackendException, match=complaint):
                call()
    assert path.read_bytes() == before


def test_a_file_that_is_missing_reads_as_empty_and_is_not_made(tmp_path):
    with SQLiteBackend(tmp_path / "folder" / "none.db") as backend:
        assert list(backend.processes()) == []
    assert list(tmp_path.iterdir()) == []
