"""Two lists of decisions, compared by what they say; ids that were not given stand for what has them."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pyworkflow import codec
from pyworkflow.codec import Json
from pyworkflow.decision import Decision, ScheduleActivity
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
    """None if both say the same, in the same order. An id counts as not given then if it is a uuid, and not given now.

    Each has to be what can be recorded.
    """
    before, after = _plain(then), _plain(now.decisions)
    if _text(before) == _text(after):  # also the ids that were made: as of most
        return None
    given = {one.id for one in now.decisions if isinstance(one, ScheduleActivity) and one.id not in now.made}
    before = _without_ids(before, lambda id: is_made(id) and id not in given)
    after = _without_ids(after, now.made.__contains__)
    if _text(before) == _text(after):
        return None
    fewer, more = list(zip(before, then, strict=True)), []
    for said, one in zip(after, now.decisions, strict=True):
        place = next((place for place, (other, _) in enumerate(fewer) if _text(other) == _text(said)), None)
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


def _plain(decisions: Sequence[Decision]) -> list[Json]:
    return [codec.DECISION.encode(one, "") for one in decisions]


def _without_ids(said: list[Json], was_made: Callable[[str], bool]) -> list[Json]:
    """Without the ids of activities that were made; where else those stand, stands what has them."""
    meant: dict[str, str] = {}
    times: Counter[str] = Counter()
    for one in said:
        if one["type"] == ScheduleActivity.type and was_made(one["id"]):
            name = one["activity"]
            times[name] += 1
            meant[one.pop("id")] = json.dumps(f"<{name} {times[name]}>")[1:-1]
    return [json.loads(_UUID.sub(lambda found: meant.get(found[0], found[0]), _text(one))) for one in said]


def _text(said: Json) -> str:
    """The same for the same values only: true is not 1, and 1 is not 1.0, though Python takes them for equal."""
    return json.dumps(said, sort_keys=True)


def _subject(decision: Decision) -> tuple[str, ...]:
    """Two with one subject are one that has changed: the kind of decision, and the name in it."""
    process = getattr(decision, "process", None)
    signal = getattr(decision, "signal", None)
    names = (getattr(decision, "activity", None), getattr(decision, "name", None))
    about = (*names, getattr(process, "workflow", None), getattr(signal, "name", None))
    return (decision.type, *(str(name) for name in about if name is not None))


def _fields(one: Json, other: Json) -> tuple[str, ...]:
    return tuple(name for name in {**one, **other} if _text(one.get(name)) != _text(other.get(name)))
