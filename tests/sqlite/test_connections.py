"""Connections: lent one transaction at a time, and never left in the midst of one."""

from __future__ import annotations

import logging
import os
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from pyworkflow.activity import ActivityCompleted
from pyworkflow.decision import ScheduleActivity
from pyworkflow.event import utcnow
from pyworkflow.exceptions import BackendException, BackendUnavailableException
from pyworkflow.process import Process
from pyworkflow.sqlite import SQLiteBackend, connect
from pyworkflow.testing import Clock

Open = Callable[..., SQLiteBackend]


@pytest.fixture
def lock(path: Path, backend: SQLiteBackend) -> Any:
    """Another program's connection, which holds the write lock of the file until it is closed."""
    backend.start_process(Process("Order", "p"))
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    yield other
    other.close()


@contextmanager
def when_waiting_is_told(then: Callable[[], object]) -> Iterator[list[str]]:
    """Does `then` when the wait for a lock is told, which is soon. Yields what is told."""

    class Watched(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            heard.append(record.getMessage().rpartition(": ")[2])
            then()

    heard: list[str] = []
    logging.getLogger("pyworkflow.sqlite").addHandler(handler := Watched())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(connect, "FIRST_WAIT", 0.02)
        yield heard
    logging.getLogger("pyworkflow.sqlite").removeHandler(handler)


def test_a_lock_is_waited_for_and_after_a_moment_that_is_said_once(
    backend: SQLiteBackend, lock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with when_waiting_is_told(lock.rollback) as heard:
        backend.signal_process("p", "go")
        assert heard == ["waiting for another process, which holds its lock"]
        assert len(backend.process_by_id("p").history) == 2
        lock.execute("BEGIN IMMEDIATE")
        monkeypatch.setattr(connect, "BUSY_TIMEOUT", 0.1)
        with pytest.raises(BackendUnavailableException):
            backend.signal_process("p", "go")
        assert len(heard) == 1


def test_a_short_wait_for_a_lock_is_not_worth_a_word(
    backend: SQLiteBackend, lock: Any, caplog: pytest.LogCaptureFixture
) -> None:
    threading.Timer(0.1, lock.rollback).start()
    backend.signal_process("p", "go")
    assert len(backend.process_by_id("p").history) == 2
    assert caplog.messages == []


def test_what_ends_in_time_is_not_late_because_of_a_lock(open_backend: Open, lock: Any) -> None:
    clock = Clock(utcnow())
    backend = open_backend(clock=clock)
    lock.rollback()
    backend.register_activity("Pay", execution_timeout=60)
    decision = backend.poll_decision_task()
    assert decision is not None
    backend.complete_decision_task(decision, ScheduleActivity("Pay"))
    task = backend.poll_activity_task()
    assert task is not None

    def an_hour_later() -> None:
        clock.advance(3600)
        lock.rollback()

    lock.execute("BEGIN IMMEDIATE")
    with when_waiting_is_told(an_hour_later):
        backend.complete_activity_task(task, "done")
    *_, ended = backend.process_by_id("p").history
    assert ended.result == ActivityCompleted("done")  # type: ignore[attr-defined]
    assert ended.datetime == clock()


def test_a_lock_that_stays_is_told_as_such_and_nothing_is_done(
    backend: SQLiteBackend, lock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connect, "BUSY_TIMEOUT", 0.0)
    with pytest.raises(BackendUnavailableException, match="database is locked; nothing was done, try again"):
        backend.signal_process("p", "go")
    lock.rollback()
    assert len(backend.process_by_id("p").history) == 1
    backend.signal_process("p", "go")
    assert len(backend.process_by_id("p").history) == 2


def test_readers_do_not_wait_for_a_writer(backend: SQLiteBackend, lock: Any) -> None:
    lock.execute("DELETE FROM event")
    assert len(backend.process_by_id("p").history) == 1


def test_a_thread_that_reads_does_not_wait_for_one_that_writes(backend: SQLiteBackend) -> None:
    backend.start_process(Process("Order", "p"))
    read: list[int] = []
    other = threading.Thread(target=lambda: read.append(len(backend.process_by_id("p").history)))

    def operation(_: Any) -> None:
        other.start()
        other.join(30)

    backend._store.transact(operation)
    assert read == [1]


def test_ctrl_c_while_a_lock_is_waited_for_leaves_no_transaction_open(backend: SQLiteBackend, lock: Any) -> None:
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    main = threading.main_thread().ident
    assert main is not None
    try:
        threading.Timer(0.1, signal.pthread_kill, (main, signal.SIGINT)).start()
        with pytest.raises(KeyboardInterrupt):
            backend.signal_process("p", "go")
    finally:
        signal.signal(signal.SIGINT, before)
    lock.rollback()
    lock.execute("PRAGMA busy_timeout = 0")
    lock.execute("BEGIN IMMEDIATE")
    lock.rollback()
    backend.signal_process("p", "go")
    assert len(backend.process_by_id("p").history) == 2


def test_interruptions_anywhere_leave_no_transaction_open(path: Path) -> None:
    script = f"""
import random, signal, sys
from pyworkflow.process import Process
from pyworkflow.sqlite import SQLiteBackend
backend = SQLiteBackend({str(path)!r})
backend.register_workflow("Order")
backend.start_process(Process("Order", "p"))
signal.signal(signal.SIGALRM, signal.default_int_handler)
random.seed(7)
for number in range(1500):
    try:
        signal.setitimer(signal.ITIMER_REAL, random.uniform(0.00001, 0.0012), 0.05)  # again: a callback can swallow one
        while True:
            backend.signal_process("p", "go")
            backend.process_by_id("p", run=1) if number % 10 == 0 else backend.pending("p")
    except KeyboardInterrupt:
        pass
signal.setitimer(signal.ITIMER_REAL, 0)
other = SQLiteBackend({str(path)!r})
other.signal_process("p", "last")
backend.signal_process("p", "last")
assert [event.signal.name for event in other.process_by_id("p").history[-2:]] == ["last", "last"]
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=100)
    assert done.returncode == 0, done.stderr


def test_calls_that_race_with_close_leave_no_connection_open(path: Path, seen: Any) -> None:
    for _ in range(20):
        backend = SQLiteBackend(path)
        backend.register_workflow("Order")
        began = threading.Barrier(5)

        def call(backend: SQLiteBackend = backend, began: threading.Barrier = began) -> None:
            backend.start_process(Process("Order"))
            began.wait()
            try:
                while True:
                    backend.start_process(Process("Order"))
                    backend.summaries(limit=1)
            except BackendException:
                return

        threads = [threading.Thread(target=call) for _ in range(4)]
        for thread in threads:
            thread.start()
        began.wait()
        backend.start_process(Process("Order"))
        backend.close()
        for thread in threads:
            thread.join()
    for connection in seen.connections:
        with pytest.raises(sqlite3.ProgrammingError):
            connection.execute("SELECT 1")


@pytest.mark.parametrize(("durability", "synchronous"), [("normal", 1), ("full", 2)])
def test_each_durability_is_what_sqlite_calls_so(
    open_backend: Open, seen: Any, durability: str, synchronous: int
) -> None:
    backend = open_backend(durability=durability)
    backend.start_process(Process("Order", "p"))
    backend.process_by_id("p")
    for connection in seen.connections:
        assert connection.execute("PRAGMA synchronous").fetchone() == (synchronous,)
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_a_full_disk_is_no_loss_and_passes(backend: SQLiteBackend, seen: Any) -> None:
    backend.start_process(Process("Order", "p"))
    for connection in seen.connections:
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(BackendUnavailableException, match="full; nothing was done, try again"):
        backend.signal_process("p", "big", "x" * 1_000_000)
    assert len(backend.process_by_id("p").history) == 1
    for connection in seen.connections:
        connection.execute("PRAGMA max_page_count = 1000000000")
    backend.signal_process("p", "big", "x" * 1_000_000)
    assert len(backend.process_by_id("p").history) == 2


def test_files_that_many_make_at_once_are_ours_to_all_of_them(tmp_path: Path) -> None:
    failed: list[Exception] = []
    for number in range(150):
        began = threading.Barrier(4)

        def start(name: int, began: threading.Barrier = began, path: Path = tmp_path / f"{number}.db") -> None:
            with SQLiteBackend(path) as backend:
                backend.register_workflow("Order")
                began.wait()
                try:
                    backend.start_process(Process("Order", str(name)))
                except Exception as error:
                    failed.append(error)

        threads = [threading.Thread(target=start, args=(name,)) for name in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert failed == []


def test_a_folder_is_named_as_what_it_is(tmp_path: Path) -> None:
    with SQLiteBackend(tmp_path) as backend, pytest.raises(BackendException, match="it is a folder") as refused:
        backend.summaries()
    assert not isinstance(refused.value, BackendUnavailableException)


def test_where_nobody_may_write_one_can_still_look(path: Path, backend: SQLiteBackend) -> None:
    backend.start_process(Process("Order", "p"))
    backend.close()
    script = f"""
import os
from pathlib import Path
from pyworkflow.exceptions import BackendException
from pyworkflow.sqlite import SQLiteBackend
path = Path({str(path)!r})
with SQLiteBackend(path) as backend:
    backend.process_by_id("p")  # so that all is loaded, as who is nobody cannot
path.chmod(0o444)
path.parent.chmod(0o555)
if os.geteuid() == 0:
    os.seteuid(65534)
with SQLiteBackend(path) as backend:
    print([event.type for event in backend.process_by_id("p").history])
    try:
        backend.signal_process("p", "go")
    except BackendException as error:
        print(error)
"""
    for folder in path.parents:  # as pytest makes them, nobody else may enter
        if folder.stat().st_uid == os.geteuid():
            folder.chmod(folder.stat().st_mode | 0o055)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=60)
    path.parent.chmod(0o755)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0] == "['process_started']"
    assert "may not be written to" in done.stdout or "can only be read" in done.stdout


def test_what_no_text_is_is_refused_and_not_a_crash(backend: SQLiteBackend) -> None:
    for call in (
        lambda: backend.process_by_id("\udcff"),
        lambda: backend.signal_process("\udcff", "go"),
        lambda: backend.summaries(cursor="nonsense"),
    ):
        with pytest.raises(ValueError, match=r"Unicode|cursor"):
            call()
    backend.start_process(Process("Order", "p"))
    assert list(backend.events(after=2**70)) == []
    assert list(backend.summaries(cursor=str(2**70))) != []
    assert list(backend.summaries(limit=0)) == []
