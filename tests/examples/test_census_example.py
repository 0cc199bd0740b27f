"""The census example: its report is what a plain loop finds."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pyworkflow import Process
from pyworkflow.activity import ActivityFailed
from pyworkflow.managed import Manager
from pyworkflow.managed.worker import WorkerPool
from pyworkflow.memory import MemoryBackend
from pyworkflow.process import ProcessCompleted, ProcessFailed


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Files of many kinds, some not to be counted."""
    root = tmp_path / "tree"
    for name in ("a.py", "b/c.py", "b/d/ü.txt", "b/__pycache__/c.pyc", "site-packages/x.py", "b/empty"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(name.encode() * 3 + b"\n\nno newline at the end")
    (root / "b/empty").write_bytes(b"")
    (root / "link").symlink_to(root / "a.py")
    for number in range(30):
        (root / f"b/{number}.bin").write_bytes(bytes(range(256)) * number)
    return root


@pytest.fixture
def take(census: Any, tmp_path: Path) -> Callable[[Path], Any]:
    """Takes the census of a tree, and returns the process."""

    def run(root: Path) -> Process:
        manager = Manager(MemoryBackend(), [census.CensusWorkflow])
        given = {"root": str(root), "report": str(tmp_path / "report")}
        process_id = manager.start_process(Process("Census", input=given))
        WorkerPool(manager, burst=True).run()
        return manager.process_by_id(process_id)

    return run


def looped(root: Path) -> list[dict[str, Any]]:
    """The same by a plain loop."""
    kept = [path for path in root.rglob("*") if path.is_file() and not path.is_symlink()]
    skipped = {"__pycache__", "site-packages", "dist-packages"}
    names = sorted(str(path.relative_to(root)) for path in kept if not skipped & set(path.parts))
    read = {name: (root / name).read_bytes() for name in names}
    return [
        {
            "file": name,
            "bytes": len(content),
            "lines": content.count(b"\n"),
            "sha256": hashlib.sha256(content).hexdigest(),
        }
        for name, content in read.items()
    ]


@pytest.mark.parametrize("open_at_a_time", [1, 7, 34, 1000])
def test_the_report_is_what_a_plain_loop_finds(
    take: Callable[[Path], Process],
    tree: Path,
    tmp_path: Path,
    census: Any,
    monkeypatch: pytest.MonkeyPatch,
    open_at_a_time: int,
) -> None:
    monkeypatch.setattr(census, "OPEN_AT_A_TIME", open_at_a_time)
    expected = looped(tree)
    assert len(expected) == 34
    process = take(tree)
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["measured"] == expected
    assert report["unreadable"] == []
    sums = {key: sum(one[key] for one in expected) for key in ("bytes", "lines")}
    assert process.result == ProcessCompleted({"root": str(tree), "files": 34, **sums, "unreadable": 0})
    assert f"{tree}: 34 files" in (tmp_path / "report.txt").read_text()


def test_there_are_never_more_measurements_open_than_allowed(
    take: Callable[[Path], Process], tree: Path, census: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(census, "OPEN_AT_A_TIME", 5)
    open_now: set[str] = set()
    most = 0
    for event in take(tree).history:
        if event.type == "decision" and event.decision.type == "schedule_activity":  # type: ignore[attr-defined]
            open_now.add(event.decision.id)  # type: ignore[attr-defined]
        elif event.type == "activity":
            open_now.remove(event.activity_execution.id)  # type: ignore[attr-defined]
        most = max(most, len(open_now))
    assert most == 5


def test_what_cannot_be_read_is_in_the_report_with_its_reason(
    take: Callable[[Path], Process], tree: Path, tmp_path: Path, census: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    execute = census.MeasureFile.execute

    def gone_meanwhile(self: Any) -> Any:
        if self.input["file"] == "a.py":
            raise ActivityFailed("FileNotFoundError: it is gone")
        return execute(self)

    monkeypatch.setattr(census.MeasureFile, "execute", gone_meanwhile)
    result = take(tree).result
    assert isinstance(result, ProcessCompleted)
    assert (result.result["files"], result.result["unreadable"]) == (33, 1)
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["unreadable"] == [{"file": "a.py", "why": "FileNotFoundError: it is gone"}]
    assert "not readable: a.py (FileNotFoundError: it is gone)" in (tmp_path / "report.txt").read_text()


def test_an_empty_tree_has_a_report_too(take: Callable[[Path], Process], tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    result = take(tmp_path / "empty").result
    assert isinstance(result, ProcessCompleted)
    assert result.result["files"] == 0


def test_a_name_that_is_no_text_is_left_out(take: Callable[[Path], Process], tree: Path) -> None:
    try:
        Path(os.fsdecode(os.fsencode(tree) + b"/\xff")).write_bytes(b"x")
    except OSError:
        pytest.skip("this file system takes only names that are text")
    result = take(tree).result
    assert isinstance(result, ProcessCompleted)
    assert result.result["files"] == 34


def test_a_folder_that_is_not_there_fails_the_census(take: Callable[[Path], Process], tmp_path: Path) -> None:
    result = take(tmp_path / "nowhere").result
    assert isinstance(result, ProcessFailed)
    assert result.reason == "ListFiles failed"
    assert "NotADirectoryError" in result.details
