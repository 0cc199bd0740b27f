"""The code of the document that the project was created from runs as it stands there."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pyworkflow import Process

SEED = Path(__file__).parent / "seed"


def run(*inputs: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, SEED / "run.py", *inputs], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def snippet(name: str) -> str:
    """One of the document's pieces of code."""
    return (SEED / "snippets.txt").read_text().split(f"=== {name}\n")[1].split("=== ")[0]


def executed(name: str) -> dict[str, Any]:
    """The names that one of the document's snippets binds."""
    names: dict[str, Any] = {}
    exec(snippet(name), names)
    return names


def test_the_documents_workers_multiply_by_repeated_addition() -> None:
    assert run("[3, 4]") == ["ProcessCompleted(result=None)", "ActivityCompleted(result=12)"]


def test_the_documents_activity_can_return_that_it_is_canceled() -> None:
    assert run("[11, 4]")[1] == "ActivityCanceled(details='first operand must be <= 10')"


def test_the_documents_activity_fails_by_raising() -> None:
    _, ended, *_ = run('"abc"')
    assert ended.startswith("ActivityFailed(reason='ValueError: invalid input', details='Traceback")


def test_the_documents_memory_backend_serves_a_manager_without_workflows() -> None:
    names = executed("memory")
    manager, backend = names["manager"], names["backend"]
    assert manager.backend is backend
    assert list(manager.processes()) == []


def test_the_documents_datastore_keeps_processes_in_its_folder(tmp_path: Path) -> None:
    folder = tmp_path / ".pyworkflow_datastore"
    names: dict[str, Any] = {}
    exec(snippet("datastore").replace("/tmp/.pyworkflow_datastore", str(folder)), names)
    names["backend"].register_workflow("Foo")
    names["manager"].start_process(Process("Foo", id="p"))
    assert [process.id for process in names["manager"].processes()] == ["p"]
    assert (folder / "process" / "p.obj").exists()


def test_the_documents_receiver_hears_that_a_process_was_started(capsys: pytest.CaptureFixture[str]) -> None:
    names = executed("blinker")
    names["backend"].register_workflow("Foo")
    names["manager"].start_process(Process("Foo", id="p"))
    assert capsys.readouterr().out == "Started Process(workflow='Foo', id='p')\n"


def test_the_documents_amazon_swf_backend_serves_a_manager(moto_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_SWF", moto_url)  # boto3 then goes there, and not to AWS
    names: dict[str, Any] = {"ACCESS_KEY_ID": "AKIA", "SECRET_ACCESS_KEY": "secret"}
    exec(snippet("amazonswf"), names)
    manager, backend = names["manager"], names["backend"]
    backend.register_workflow("Foo")
    process_id = manager.start_process(Process("Foo", input=[3, 4]))
    assert [(process.id, process.input) for process in manager.processes()] == [(process_id, [3, 4])]
    backend.close()


@pytest.mark.parametrize(
    "name",
    [
        "pyworkflow.process.Process",
        "pyworkflow.event.Event",
        "pyworkflow.task.Task",
        "pyworkflow.task.ActivityTask",
        "pyworkflow.task.DecisionTask",
        "pyworkflow.backend.Backend",
        "pyworkflow.activity.ActivityResult",
        "pyworkflow.decision.Decision",
        "pyworkflow.managed.Workflow",
        "pyworkflow.managed.Activity",
        "pyworkflow.managed.ActivityMonitor",
        "pyworkflow.managed.Manager",
        "pyworkflow.managed.worker.Worker",
        "pyworkflow.managed.worker.ActivityWorker",
        "pyworkflow.managed.worker.DecisionWorker",
    ],
)
def test_every_class_that_the_document_describes_is_where_it_says(name: str) -> None:
    module, _, attribute = name.rpartition(".")
    assert isinstance(getattr(importlib.import_module(module), attribute), type)


def test_tasks_and_workers_are_what_the_document_says_they_are() -> None:
    from pyworkflow.managed.worker import ActivityWorker, DecisionWorker, Worker
    from pyworkflow.task import ActivityTask, DecisionTask, Task

    assert issubclass(ActivityTask, Task)
    assert issubclass(DecisionTask, Task)
    assert issubclass(ActivityWorker, Worker)
    assert issubclass(DecisionWorker, Worker)
