"""The commands on `swf://`, against the server of moto: as on any backend, as far as moto can."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

CODE = """
from pyworkflow.decision import CompleteProcess
from pyworkflow.managed import Activity, Workflow


class PayActivity(Activity):
    def execute(self):
        self.heartbeat()
        return self.input * 2


class OrderWorkflow(Workflow):
    activities = [PayActivity]

    def decide(self, process):
        return PayActivity if process.is_new else CompleteProcess(process.unseen_events()[-1].result.result)
"""
DEADLINE = 60


@pytest.fixture
def pyworkflow(
    moto_url: str, domain: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., subprocess.CompletedProcess[str]]:
    """The command, in a project whose backend is a domain of moto's server."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIA")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    url = f'url = "swf://us-east-1/{domain}"\nendpoint_url = "{moto_url}"\n'
    (tmp_path / "workflows.toml").write_text(f'[project]\nmodules = ["flows"]\n[backend]\n{url}')
    (tmp_path / "flows.py").write_text(CODE)

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "pyworkflow", *words]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=DEADLINE, check=False)

    return run


def test_a_process_is_started_worked_on_and_looked_at(
    pyworkflow: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    assert pyworkflow("start", "Order", "--id", "o1", "-i", "4").stdout == "o1\n"
    worked = pyworkflow("worker", "--burst")
    assert worked.returncode == 0, worked.stderr
    kinds = [line.split("  ")[2] for line in pyworkflow("history", "o1").stdout.splitlines()]
    assert [kind for kind in kinds if "decision" in kind or "process" in kind] == [
        *("process started", "decision started", "decision started", "process completed")
    ]
    assert "outcome   8" in pyworkflow("show", "o1").stdout
    assert pyworkflow("signal", "o1", "go", "-d", "1").returncode == 4  # it is closed
    assert pyworkflow("show", "nobody").returncode == 3
    refused = pyworkflow("run", "Order")
    assert refused.returncode == 2
    assert "cannot serve one process alone" in refused.stderr
