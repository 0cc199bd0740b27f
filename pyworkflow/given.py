"""What callers give, made ready to be recorded: lists of decisions, endings of activities, texts for people."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from pyworkflow import codec
from pyworkflow.activity import ActivityCompleted, ActivityFailed, ActivityResult
from pyworkflow.decision import Decision
from pyworkflow.exceptions import InvalidDecisionException, InvalidValueException

MAX_FAILURE_TEXT = 32_768  # characters; the most that Amazon SWF takes as well


def listed(decisions: Decision | Iterable[Decision] | None) -> list[Decision]:
    """One decision, several or none, as a list. Raises InvalidDecisionException for anything else."""
    if decisions is None:
        return []
    if isinstance(decisions, Decision):
        return [decisions]
    if not isinstance(decisions, Iterable):
        raise InvalidDecisionException(decisions, "is not a decision, nor a list of them")
    made = list(decisions)
    for one in made:
        if not isinstance(one, Decision):
            raise InvalidDecisionException(one, "is not a decision")
    return made


def ending(result: Any, check: Callable[[ActivityResult], object] | None = None) -> ActivityResult:
    """The result as it can be recorded (V3). `check` raises InvalidValueException for one that cannot, besides."""
    end = result if isinstance(result, ActivityResult) else ActivityCompleted(result)
    if isinstance(end, ActivityFailed):
        end = ActivityFailed(_cut(end.reason), _cut(end.details))
    try:
        codec.ACTIVITY_RESULT.encode(end, "")
        if check is not None:
            check(end)
    except InvalidValueException as refused:
        how = getattr(end, "type", type(end).__name__)
        return ActivityFailed(f"how it ended ({how}) cannot be recorded: {str(refused).lstrip('.')}")
    return end


def storable(text: str, longest: int = MAX_FAILURE_TEXT) -> str:
    """Text for a person: what is not Unicode escaped, and cut where it is too long."""
    whole = str(text).encode("utf-8", "backslashreplace").decode()
    if len(whole) <= longest:
        return whole
    note = f" … ({len(whole) - longest} characters cut)"
    return whole[: longest - len(note)] + note


def _cut(value: Any) -> Any:
    return storable(value) if isinstance(value, str) else value
