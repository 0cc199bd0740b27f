"""The workflows and activities that a backend object knows: nothing of it is stored."""

from __future__ import annotations

from dataclasses import dataclass

from pyworkflow.codec import text
from pyworkflow.engine.records import duration
from pyworkflow.exceptions import InvalidValueException, UnknownWorkflowException

LONGEST = 100 * 365 * 86_400  # seconds; longer ones are a mistake, and would leave the calendar


@dataclass(frozen=True, slots=True)
class WorkflowType:
    """Category and time-outs (microseconds), carried into each process at its start."""

    name: str
    category: str
    timeout: int
    decision_timeout: int


@dataclass(frozen=True, slots=True)
class ActivityType:
    """Category and time-outs (microseconds), carried into each execution when it is scheduled."""

    name: str
    category: str
    scheduled_timeout: int
    execution_timeout: int
    heartbeat_timeout: int
    restart_lost: bool


class Registry:
    """Names and what they stand for."""

    def __init__(self) -> None:
        self._workflows: dict[str, WorkflowType] = {}
        self.activities: dict[str, ActivityType] = {}

    def add_workflow(self, name: str, category: str, timeout: float, decision_timeout: float) -> None:
        """Raises InvalidValueException for what is no name or no time."""
        self._workflows[text(name, "name")] = WorkflowType(
            name, text(category, "category"), seconds(timeout, "timeout"), seconds(decision_timeout, "decision_timeout")
        )

    def add_activity(
        self,
        name: str,
        category: str,
        scheduled_timeout: float,
        execution_timeout: float,
        heartbeat_timeout: float,
        restart_lost: bool,
    ) -> None:
        """Raises InvalidValueException for what is no name or no time."""
        self.activities[text(name, "name")] = ActivityType(
            name,
            text(category, "category"),
            seconds(scheduled_timeout, "scheduled_timeout"),
            seconds(execution_timeout, "execution_timeout"),
            seconds(heartbeat_timeout, "heartbeat_timeout"),
            restart_lost,
        )

    def workflow(self, name: str) -> WorkflowType:
        """Raises UnknownWorkflowException."""
        if name not in self._workflows:
            raise UnknownWorkflowException(name)
        return self._workflows[name]


def seconds(value: object, where: str, *, least: float = 0.000001) -> int:
    """A duration in seconds as microseconds. Raises InvalidValueException for what is none, or beyond 100 years."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= LONGEST:
        lower = "more than 0" if least else "0 or more"
        raise InvalidValueException(where, f"{value!r} is not a time in seconds ({lower}, at most 100 years)")
    return duration(value)
