"""Thousands of activities, and workers that are killed half-way: nothing is lost, nothing counted twice."""

from __future__ import annotations

import hashlib
import json
import os
import sysconfig
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from pyworkflow.process import ProcessCompleted


def looped() -> list[dict[str, Any]]:
    """The census of the standard library by a plain loop."""
    root, found = sysconfig.get_path("stdlib"), []
    for folder, folders, names in os.walk(root):
        folders[:] = [name for name in folders if name not in ("__pycache__", "site-packages", "dist-packages")]
        for path in (Path(folder, name) for name in names):
            if path.is_file() and not path.is_symlink():
                content = path.read_bytes()
                digest = hashlib.sha256(content).hexdigest()
                name = str(path.relative_to(root))
                found.append({"file": name, "bytes": len(content), "lines": content.count(b"\n"), "sha256": digest})
    return sorted(found, key=lambda one: str(one["file"]))


@pytest.mark.timeout(300)
def test_a_census_is_right_though_its_workers_are_killed_half_way(project: Any) -> None:
    expected = looped()
    assert len(expected) > 500
    census = project("census")
    assert census.call("start", "Census", "--id", "census") == "census\n"
    first, second = census.worker(), census.worker()
    first.wait_for("completed in", times=len(expected) // 6)
    second.wait_for("completed in", times=len(expected) // 6)
    first.kill()
    second.kill()
    killed_at = census.process("census")
    assert killed_at.result is None

    census.worker()
    process = census.closed("census")
    report = json.loads((census.folder / "census.json").read_text())
    assert report["measured"] == expected
    assert report["unreadable"] == []
    assert isinstance(process.result, ProcessCompleted)
    assert process.result.result["files"] == len(expected)

    scheduled = Counter(
        event.decision.id
        for event in process.history
        if event.type == "decision" and event.decision.type == "schedule_activity"
    )
    ended = Counter(event.activity_execution.id for event in process.history if event.type == "activity")
    assert scheduled == ended
    assert set(ended.values()) == {1}
    assert process.history[: len(killed_at.history)] == killed_at.history
