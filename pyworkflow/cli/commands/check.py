"""`pyworkflow check`"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

from pyworkflow.cli import output
from pyworkflow.cli.output import Format, FormatOption, Part
from pyworkflow.cli.session import Session
from pyworkflow.cli.text import duration

if TYPE_CHECKING:
    from pyworkflow.managed import Activity, Workflow


def check(context: typer.Context, form: FormatOption = Format.table) -> None:
    """Load everything, and say what is wrong and where.

    If nothing is, lists the workflows and the activities with their categories and time-outs (-o json: in seconds).

    Example: pyworkflow check
    """
    from pyworkflow.cli.lint import hints

    session = Session.of(context)
    with session.open_backend(alone=True) as backend:
        manager = session.manager(backend)
        backend.summaries(limit=1)  # can it be read?
    workflows = [_workflow(cls) for cls in manager.workflows.values()]
    activities = [_activity(cls) for cls in manager.activities.values()]
    if form is not Format.table:
        found = {"code": session.project.code, "workflows": workflows, "activities": activities}
        output.record({"file": str(session.settings.file), "backend": session.settings.backend.shown, **found}, form)
        return
    _table(workflows)
    output.data("")
    _table(activities)
    for hint in hints(manager, session.settings.worker.categories):
        output.note(f"perhaps: {hint}")
    output.note(f"all is well: backend {session.settings.backend.shown}, code {session.project.code}")


def _workflow(cls: type[Workflow]) -> dict[str, Any]:
    return {
        "workflow": cls.name,
        "category": cls.category,
        "timeout": cls.timeout,
        "decision_timeout": cls.decision_timeout,
        "activities": [activity.name for activity in cls.activities],
        "defined": f"{cls.__module__}.{cls.__qualname__}",
    }


def _activity(cls: type[Activity]) -> dict[str, Any]:
    return {
        "activity": cls.name,
        "category": cls.category,
        "scheduled_timeout": cls.scheduled_timeout,
        "execution_timeout": cls.execution_timeout,
        "heartbeat_timeout": cls.heartbeat_timeout,
        "defined": f"{cls.__module__}.{cls.__qualname__}",
    }


def _table(rows: list[dict[str, Any]]) -> None:
    if rows:
        headers = [key.upper().replace("_", " ") for key in rows[0]]
        output.table(headers, ([Part(_cell(value)) for value in row.values()] for row in rows))


def _cell(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(value)
    return value if isinstance(value, str) else duration(value)
