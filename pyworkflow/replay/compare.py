"""Two lists of decisions, compared by what they say; ids that were not given do not count."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from pyworkflow import codec
from pyworkflow.codec import Json
from pyworkflow.decision import Decision, ScheduleActivity
from pyworkflow.exceptions import InvalidValueException
from pyworkflow.replay.answer import Answer

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True)
class Change:
    """A decision that was made then, and would be made now with something else in it: in these `fields`."""

    then: Decision
    now: Decision
    fields: tuple[str, ...]


@dataclass(frozen=True)
class Difference:
    """What would be decided now besides, what no longer, and what with something else in it.

    Nothing of these, if the same would be decided in another order.
    """

    more: tuple[Decision, ...] = ()
    fewer: tuple[Decision, ...] = ()
    changed: tuple[Change, ...] = ()


def difference(then: Sequence[Decision], now: Answer) -> Difference | None:
    """None if both say the same, in the same order. An id counts as not given then if it is a uuid."""
    before = [_said(one, is_made(getattr(one, "id", None))) for one in then]
    after = [_said(one, getattr(one, "id", None) in now.made) for one in now.decisions]
    if before == after:
        return None
    fewer, more = list(zip(before, then, strict=True)), []
    for said, one in zip(after, now.decisions, strict=True):
        place = next((place for place, (other, _) in enumerate(fewer) if other == said), None)
        if place is None:
            more.append((said, one))
        else:
            del fewer[place]
    changed = []
    for said, one in list(more):
        alike = next((old for old in fewer if _subject(old[1]) == _subject(one)), None)
        if alike is not None:
            fewer.remove(alike)
            more.remove((said, one))
            changed.append(Change(alike[1], one, _fields(alike[0], said)))
    return Difference(tuple(one for _, one in more), tuple(one for _, one in fewer), tuple(changed))


def is_made(id: str | None) -> bool:
    """Was it made, where none was given? Such an id is a uuid."""
    return _UUID.fullmatch(id or "") is not None


def _said(decision: Decision, has_made_id: bool) -> Json:
    """The decision as plain data, without an id that was made for it."""
    try:
        said = codec.DECISION.encode(decision, "")
    except InvalidValueException as refused:  # a worker could not record it
        return {"type": decision.type, "refused": str(refused)}
    if has_made_id and isinstance(decision, ScheduleActivity):
        del said["id"]
    return said


def _subject(decision: Decision) -> tuple[str, ...]:
    """Two with one subject are one that has changed: the kind of decision, and the name in it."""
    process = getattr(decision, "process", None)
    signal = getattr(decision, "signal", None)
    names = (getattr(decision, "activity", None), getattr(decision, "name", None))
    about = (*names, getattr(process, "workflow", None), getattr(signal, "name", None))
    return (decision.type, *(str(name) for name in about if name is not None))


def _fields(one: Json, other: Json) -> tuple[str, ...]:
    return tuple(name for name in {**one, **other} if one.get(name) != other.get(name))
