"""A process that forks: what either side was told is done is done."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pyworkflow.process import Process
from pyworkflow.sqlite import SQLiteBackend

Open = Callable[..., SQLiteBackend]


@contextmanager
def forked() -> Iterator[int]:
    """Within the block in both processes: 0 in the child, which ends with it. The parent waits for it in the end."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # forking beside threads is what is tried here
        child = os.fork()
    if child == 0:
        try:
            yield 0
        except BaseException:
            os._exit(1)
        os._exit(0)
    yield child
    assert os.waitpid(child, 0)[1] == 0, "what the child did failed"


def signals(path: Path) -> int:
    """As a fresh look tells."""
    with SQLiteBackend(path) as fresh:
        return [event.type for event in fresh.process_by_id("p").history].count("signal")


@pytest.mark.parametrize("anew", [False, True], ids=["inherited", "opened anew"])
def test_what_a_child_writes_stays_when_the_parent_closes(path: Path, open_backend: Open, anew: bool) -> None:
    backend = open_backend()
    backend.start_process(Process("Order", "p"))
    said, told = os.pipe(), os.pipe()
    with forked() as child:
        if child == 0:
            used = SQLiteBackend(path) if anew else backend
            used.signal_process("p", "go")
            os.write(said[1], b".")
            os.read(told[0], 1)  # by now the parent has closed its object
            for _ in range(5):
                used.signal_process("p", "go")
            assert len(used.process_by_id("p").history) == 7
        else:
            os.read(said[0], 1)
            backend.close()
            os.write(told[1], b".")
    for descriptor in (*said, *told):
        os.close(descriptor)
    assert signals(path) == 6


def test_a_child_of_a_fork_during_a_transaction_can_write(path: Path, open_backend: Open) -> None:
    backend = open_backend()
    backend.start_process(Process("Order", "p"))
    stop = threading.Event()

    def keep_writing() -> None:
        while not stop.is_set():
            backend.signal_process("p", "go")

    writers = [threading.Thread(target=keep_writing) for _ in range(2)]
    for writer in writers:
        writer.start()
    for _ in range(10):
        with forked() as child:
            if child == 0:
                backend.signal_process("p", "child")
    stop.set()
    for writer in writers:
        writer.join()
    names = [event.signal.name for event in backend.process_by_id("p").history if event.type == "signal"]  # type: ignore[attr-defined]
    assert names.count("child") == 10
    assert signals(path) == len(names)


FORKS_IN_THREADS = """
import os, sys, threading
from pyworkflow.sqlite import SQLiteBackend

backend = SQLiteBackend(sys.argv[1])

def fork():
    child = os.fork()
    if child == 0:
        backend.signal_process("p", "go")
        os._exit(0)
    os.waitpid(child, 0)

threads = [threading.Thread(target=fork) for _ in range(4)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
"""


def test_threads_that_fork_at_once_all_come_back(path: Path, open_backend: Open) -> None:
    """In a program of its own: other libraries that these tests import, filelock among them, refuse such forks."""
    open_backend().start_process(Process("Order", "p"))
    subprocess.run([sys.executable, "-W", "ignore", "-c", FORKS_IN_THREADS, str(path)], check=True)
    assert signals(path) == 4


def test_a_child_does_not_give_up_its_parents_leases(open_backend: Open) -> None:
    backend = open_backend()
    backend.start_process(Process("Order", "p"))
    with backend.lease() as lease:
        assert backend.poll_decision_task(lease=lease) is not None
        with forked() as child:
            if child == 0:
                lease.close()
        assert backend.pending("p").decision.state == "running"  # type: ignore[union-attr]
        with open_backend() as other, other.lease() as others:
            assert other.poll_decision_task(lease=others) is None
