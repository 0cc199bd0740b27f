"""The shapes in which Amazon SWF takes decisions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pyworkflow import codec
from pyworkflow.amazonswf import payload
from pyworkflow.amazonswf.history import Story
from pyworkflow.amazonswf.results import fitted

LONGEST_REASON = 4_000  # characters of JSON
LONGEST_TRACEBACK = 24_000


def decision(kind: str, **attributes: Any) -> dict[str, Any]:
    """One decision of SWF. What is None is left out."""
    given = {name: value for name, value in attributes.items() if value is not None}
    return {"decisionType": kind, f"{kind[0].lower()}{kind[1:]}DecisionAttributes": given}


def seconds(duration: int | None) -> str:
    """A duration as SWF writes it."""
    return "NONE" if duration is None else str(duration)


def failed(story: Story, reason: str, traceback: str | None) -> dict[str, Any]:
    """The answer to a decision task whose workflow could not decide: it is asked again after a pause."""
    decisions = [decision("StartTimer", timerId=_id(payload.RETRY, story), startToFireTimeout=str(story.round.pause()))]
    if story.round.retry_timer is not None:
        decisions.insert(0, decision("CancelTimer", timerId=story.round.retry_timer))
    more = None if traceback is None else fitted(traceback, LONGEST_TRACEBACK)
    context = payload.written(None, outcome="failed", reason=fitted(reason, LONGEST_REASON), traceback=more)
    return {"decisions": decisions, "executionContext": context}


def released(story: Story) -> dict[str, Any]:
    """The answer to a decision task that is given back: SWF offers another one at once."""
    timer = decision("StartTimer", timerId=_id(payload.AGAIN, story), startToFireTimeout="0")
    return {"decisions": [timer], "executionContext": payload.written(None, outcome="released")}


def overtaken() -> dict[str, Any]:
    """The answer to a decision task that was overtaken by news, for which SWF offers the next."""
    return {"decisions": [], "executionContext": payload.written(None, outcome="overtaken")}


def size(decisions: Iterable[Mapping[str, Any]]) -> int:
    """How many characters they have as JSON."""
    return sum(len(codec.dumps(one)) for one in decisions)


def _id(prefix: str, story: Story) -> str:
    return f"{prefix}{story.starts[-1]}"
