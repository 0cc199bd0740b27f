"""Leases are locks of the operating system: they end with their process, and not before."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from pyworkflow.backend import Backend
from pyworkflow.decision import ScheduleActivity
from pyworkflow.engine.leases import Leases
from pyworkflow.exceptions import BackendException
from pyworkflow.process import Process
from pyworkflow.sqlite import SQLiteBackend
from pyworkflow.testing import Clock
from pyworkflow.testing.elsewhere import Elsewhere
from pyworkflow.testing.roles import hold

Open = type(lambda: None)


def holding(backend: Backend) -> Iterator[str]:
    """Open a lease, say which, and stay."""
    with backend.lease("elsewhere") as lease:
        yield lease.id
        sys.stdin.buffer.read()


@pytest.fixture
def folder(path: Path) -> Path:
    return path.with_name("processes.db-live")


def test_a_lease_lives_until_it_is_dropped(tmp_path: Path) -> None:
    leases = Leases(tmp_path)
    lease = leases.open("ann")
    assert leases.is_alive(lease)
    assert (tmp_path / f"{lease}.lease").read_text() == "ann\n"
    leases.drop(lease)
    assert not leases.is_alive(lease)
    assert list(tmp_path.iterdir()) == []


def test_a_lease_that_never_was_is_dead(tmp_path: Path) -> None:
    assert not Leases(tmp_path).is_alive("nobody's")


def test_own_leases_live_in_the_eyes_of_other_objects_of_the_process(tmp_path: Path) -> None:
    leases, others = Leases(tmp_path), Leases(tmp_path)
    lease = leases.open("ann")
    for _ in range(2):  # to look must not let go of it either
        assert others.is_alive(lease)
        assert leases.is_alive(lease)
        others.drop(others.open("bob"))
    leases.drop(lease)


def test_a_lease_ends_with_the_kill_of_its_process(path: Path, folder: Path) -> None:
    leases = Leases(folder)
    with Elsewhere(partial(SQLiteBackend, path), holding) as other:
        lease = other.begin().hear()
        assert leases.is_alive(lease)
        other.kill()
        assert (folder / f"{lease}.lease").exists()
        assert not leases.is_alive(lease)


def test_a_lease_outlives_the_looks_of_another_process(path: Path, folder: Path) -> None:
    with Elsewhere(partial(SQLiteBackend, path), holding) as other:
        lease = other.begin().hear()
        leases = Leases(folder)
        assert [leases.is_alive(lease) for _ in range(3)] == [True] * 3


def test_the_next_lease_sweeps_away_the_files_of_the_dead_and_no_others(path: Path, folder: Path) -> None:
    leases = Leases(folder)
    own = leases.open("own")
    with (
        Elsewhere(partial(SQLiteBackend, path), holding) as dead,
        Elsewhere(partial(SQLiteBackend, path), holding) as alive,
    ):
        left = dead.begin().hear()
        stays = alive.begin().hear()
        dead.kill()
        new = leases.open("new")
        assert {file.stem for file in folder.glob("*.lease")} == {own, stays, new}
        assert not leases.is_alive(left)
    leases.drop(own)
    leases.drop(new)


def test_leases_that_threads_open_at_once_live_in_the_eyes_of_another_process(path: Path, folder: Path) -> None:
    opened: list[str] = []
    sets = [Leases(folder) for _ in range(4)]

    def open_many(leases: Leases) -> None:
        opened.extend(leases.open("busy") for _ in range(60))

    threads = [threading.Thread(target=open_many, args=(leases,)) for leases in sets]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with Elsewhere(partial(SQLiteBackend, path), judging, opened) as other:
        assert other.begin().hear_all() == [[True] * 240]
    for lease in opened:
        sets[0].drop(lease)


def judging(backend: Backend, leases: list[str]) -> Iterator[list[bool]]:
    """Say which leases live, as seen from here."""
    yield [backend._store.is_alive(lease) for lease in leases]  # type: ignore[attr-defined]


def test_what_a_killed_worker_held_is_handed_out_again(path: Path, open_backend: Open) -> None:
    clock = Clock()
    backend = open_backend(clock=clock)
    backend.register_activity("Pay", scheduled_timeout=31_536_000)
    backend.start_process(Process("Order", "held"))
    task = backend.poll_decision_task()
    backend.complete_decision_task(task, ScheduleActivity("Pay", "1"))
    backend.start_process(Process("Order", "other"))
    with Elsewhere(partial(SQLiteBackend, path, clock=clock), hold) as other:
        assert other.begin().hear() == "holding"
        with backend.lease() as lease:
            assert backend.poll_activity_task(lease=lease) is None
        other.kill()
        fresh = open_backend(clock=clock)
        with fresh.lease() as lease:
            activity = fresh.poll_activity_task(lease=lease)
            decision = fresh.poll_decision_task(lease=lease)
    assert activity is not None
    assert activity.process_id == "held"
    assert decision is not None
    assert decision.process.id == "other"


@pytest.mark.parametrize("linked", ["file", "folder"])
def test_a_file_reached_by_a_link_has_the_same_leases(
    path: Path, tmp_path: Path, open_backend: Open, linked: str
) -> None:
    link = tmp_path / "link"
    if linked == "file":
        link.symlink_to(path)
    else:
        (tmp_path / "real").mkdir()
        link.symlink_to(tmp_path / "real")
        path, link = tmp_path / "real" / "processes.db", link / "processes.db"
    backend, other = open_backend(path), open_backend(link)
    backend.start_process(Process("Order", "p"))
    with backend.lease() as lease, other.lease() as others:
        assert backend.poll_decision_task(lease=lease) is not None
        assert other.poll_decision_task(lease=others) is None  # it looks for leases that ended, and finds none
        with Elsewhere(partial(SQLiteBackend, link), looking) as elsewhere:
            assert elsewhere.begin().hear_all() == [None]


def looking(backend: Backend) -> Iterator[str | None]:
    """Say which process there is to decide about, after a look for leases that ended."""
    with backend.lease() as lease:
        task = backend.poll_decision_task(lease=lease)
        yield None if task is None else task.process.id


@pytest.mark.parametrize(("mode", "alive"), [(0o644, False), (0, True)], ids=["readable", "secret"])
def test_a_lease_of_another_user_is_judged_if_its_file_can_be_opened(path: Path, mode: int, alive: bool) -> None:
    script = f"""
import os
from pathlib import Path
from pyworkflow.engine.leases import Leases
leases = Leases(Path({str(path.parent)!r}))
theirs = Path({str(path.parent)!r}) / "theirs.lease"
theirs.touch()
theirs.chmod({mode})
if os.geteuid() == 0:
    os.chmod({str(path.parent)!r}, 0o777)
    os.seteuid(65534)
print(leases.is_alive("theirs"))
"""
    for folder in path.parents:  # as pytest makes them, nobody else may enter
        if folder.stat().st_uid == os.geteuid():
            folder.chmod(folder.stat().st_mode | 0o055)
    assert _run(script) == f"{alive}\n"


def test_a_folder_that_takes_no_leases_is_named_in_one_line(path: Path, open_backend: Open) -> None:
    path.with_name("processes.db-live").write_text("a file where the folder should be")
    with pytest.raises(BackendException, match=r"processes\.db-live") as refused:
        open_backend().lease("ann")
    assert "\n" not in str(refused.value)


def _run(script: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=60, env=os.environ
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
