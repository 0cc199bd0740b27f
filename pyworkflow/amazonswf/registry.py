"""The workflows and activities that a backend object knows, with time-outs as Amazon SWF takes them."""

from __future__ import annotations

from dataclasses import dataclass

from pyworkflow.amazonswf import limits
from pyworkflow.exceptions import UnknownWorkflowException


@dataclass(frozen=True)
class WorkflowType:
    """Its category and its time-outs, in whole seconds."""

    name: str
    category: str
    timeout: int
    decision_timeout: int


@dataclass(frozen=True)
class ActivityType:
    """Its category and its time-outs, in whole seconds."""

    name: str
    category: str
    scheduled_timeout: int
    execution_timeout: int
    heartbeat_timeout: int


class Registry:
    """Names and what they stand for."""

    def __init__(self) -> None:
        self._workflows: dict[str, WorkflowType] = {}
        self.activities: dict[str, ActivityType] = {}

    def add_workflow(self, name: str, category: str, timeout: float, decision_timeout: float) -> None:
        """Raises InvalidValueException for what is no name or no time."""
        known = limits.identifier(name, "name")
        self._workflows[known] = WorkflowType(
            known,
            limits.category(category),
            limits.seconds(timeout, "timeout"),
            limits.seconds(decision_timeout, "decision_timeout"),
        )

    def add_activity(
        self, name: str, category: str, scheduled_timeout: float, execution_timeout: float, heartbeat_timeout: float
    ) -> None:
        """Raises InvalidValueException for what is no name or no time."""
        known = limits.identifier(name, "name")
        self.activities[known] = ActivityType(
            known,
            limits.category(category),
            limits.seconds(scheduled_timeout, "scheduled_timeout"),
            limits.seconds(execution_timeout, "execution_timeout"),
            limits.seconds(heartbeat_timeout, "heartbeat_timeout"),
        )

    def workflow(self, name: str) -> WorkflowType:
        """Raises UnknownWorkflowException."""
        if name not in self._workflows:
            raise UnknownWorkflowException(name)
        return self._workflows[name]
