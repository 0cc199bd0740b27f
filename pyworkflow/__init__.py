"""Durable workflows, decided step by step by a function of their history."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pyworkflow.activity import ActivityExecution
    from pyworkflow.process import Process

__all__ = ["ActivityExecution", "Process"]
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """The two classes, when they are asked for: pytest loads our plugin in every project where we are installed."""
    if name == "ActivityExecution":
        from pyworkflow.activity import ActivityExecution

        return ActivityExecution
    if name == "Process":
        from pyworkflow.process import Process

        return Process
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
