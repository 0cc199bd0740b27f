"""Decisions as a person would write them in a test."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields

from pyworkflow.decision import Decision, ScheduleActivity
from pyworkflow.replay.compare import is_made

NOTHING = "nothing"


def compared(then: Sequence[Decision], now: Sequence[Decision], before: str, after: str) -> str:
    """Both lists, each below its words."""
    return "\n".join([f"{before}:", listed(then), f"{after}:", listed(now)])


def listed(decisions: Sequence[Decision]) -> str:
    """A line for each."""
    return "\n".join(f"    {text(one)}" for one in decisions) or f"    {NOTHING}"


def text(decision: Decision) -> str:
    """As it is written: `ScheduleActivity(activity='Pay', input=30)`, without an id that was made for it."""
    given = {field.name: getattr(decision, field.name) for field in fields(decision)}  # type: ignore[arg-type]
    if isinstance(decision, ScheduleActivity) and is_made(decision.id):
        del given["id"]
    shown = (f"{name}={value!r}" for name, value in given.items() if value is not None)
    return f"{type(decision).__name__}({', '.join(shown)})"
