"""What `decide` and its handlers may answer, brought into one form: a list of decisions."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from dataclasses import fields, is_dataclass
from typing import Any

from pyworkflow.decision import Decision, ScheduleActivity, StartChildProcess
from pyworkflow.exceptions import InvalidDecisionException
from pyworkflow.managed.activity import Activity
from pyworkflow.process import Process


def decisions_of(answer: Any, process: Process) -> list[Decision]:
    """The decisions that an answer of `decide` stands for.

    Raises InvalidDecisionException for anything that is neither a decision nor an activity class.
    """
    return [_decision(one, process) for one in _listed(answer)]


def merged(answers: Iterable[Any]) -> list[Any]:
    """The answers of several handlers to one event as one: in order, without the empty ones, equal ones once."""
    kept: dict[Hashable, Any] = {}
    for one in _until_closing(answers):
        kept.setdefault(_key(one), one)
    return list(kept.values())


def in_order(answers: Iterable[Any]) -> list[Any]:
    """The answers to several events as one: in order, without the empty ones; equal ones with the same id once.

    Others stay, equal or not: what a workflow decides must not depend on which events arrive together.
    """
    kept: dict[Hashable, Any] = {}
    for number, one in enumerate(_until_closing(answers)):
        kept.setdefault(number if _id(one) is None else _key(one), one)
    return list(kept.values())


def _until_closing(answers: Iterable[Any]) -> Iterator[Any]:
    """The answers one by one. The first that closes the process is the last: what would follow is not asked for."""
    for answer in answers:
        for one in _listed(answer):
            if one:
                yield one
            if isinstance(one, Decision) and one.closes:
                return


def _listed(answer: Any) -> Iterable[Any]:
    if isinstance(answer, str | bytes | dict | type):
        return [answer]  # these can be iterated, but what comes out was not meant
    if not answer:
        return []
    return answer if isinstance(answer, Iterable) else [answer]


def _decision(one: Any, process: Process) -> Decision:
    if isinstance(one, Decision):
        return one
    if isinstance(one, type) and issubclass(one, Activity):
        return ScheduleActivity(one, input=process.input)
    raise InvalidDecisionException(one, "is no decision: decide() returns decisions, activity classes, or None")


def _id(one: Any) -> str | None:
    """The id of what the decision sets going, if it has been given one."""
    return getattr(one.process if isinstance(one, StartChildProcess) else one, "id", None)


def _key(value: Any) -> Hashable:
    """Something hashable, equal for equal values: comparing each decision with every other would be quadratic."""
    if isinstance(value, dict):
        return frozenset((key, _key(item)) for key, item in value.items())
    if isinstance(value, list | tuple):
        return tuple(_key(item) for item in value)
    if isinstance(value, Process):
        return (Process, *(_key(part) for part in (value.workflow, value.id, value.input, value.tags, value.parent)))
    if is_dataclass(value) and not isinstance(value, type):
        return (type(value), *(_key(getattr(value, field.name)) for field in fields(value)))
    return value if isinstance(value, Hashable) else id(value)
