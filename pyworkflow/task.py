"""What a backend hands to a worker: something to decide, or something to do."""

from __future__ import annotations

from dataclasses import dataclass

from pyworkflow.activity import ActivityExecution
from pyworkflow.process import Process


class Task:
    """What backends and workers exchange: it names the work, and neither the invoker nor the one who does it."""

    context: str | None


@dataclass(frozen=True)
class DecisionTask(Task):
    """Decide how this process goes on. `context` is the task token: text, which works once."""

    process: Process
    context: str | None = None

    __hash__ = object.__hash__


@dataclass(frozen=True)
class ActivityTask(Task):
    """Execute this. `context` is the task token: text, which works once and from any process."""

    activity_execution: ActivityExecution
    process_id: str | None = None
    context: str | None = None

    __hash__ = object.__hash__

    @classmethod
    def of_token(cls, token: str) -> ActivityTask:
        """The task of this token, to complete it or to give signs of life: nothing else of it is known."""
        return cls(ActivityExecution("", ""), context=token)
