"""What a fork is made of, and what is told about it before it is made."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

import typer

from pyworkflow.activity import ActivityCompleted, ActivityResult
from pyworkflow.cli.narrate import Narrator
from pyworkflow.cli.past import opened
from pyworkflow.cli.replays import counted
from pyworkflow.cli.values import json_value
from pyworkflow.decision import ScheduleActivity
from pyworkflow.event import DecisionEvent, ProcessStartedEvent
from pyworkflow.managed import Workflow
from pyworkflow.prefix import asks, cut
from pyworkflow.process import Process
from pyworkflow.replay import Answer, Raised, TimedOut, answer, as_at, replay
from pyworkflow.replay.words import decision_words, how_words, occasion

OPTION = "--result"
Scheduled = tuple[int, ScheduleActivity]  # an activity, and the number of the event that schedules it


def results(run: Process, number: int, given: Iterable[str]) -> Mapping[int, ActivityResult]:
    """The activities that are to end otherwise, as ACTIVITY=JSON, by the events that schedule them.

    A usage error for what is not scheduled by then, or could be several.
    """
    made: dict[int, ActivityResult] = {}
    scheduled = _scheduled(run, cut(run.history, number).length)
    for one in given:
        name, equals, value = one.partition("=")
        if not equals:
            raise typer.BadParameter(f"{one!r} is not of the form ACTIVITY=JSON", param_hint=OPTION)
        found = _meant(scheduled, name)
        if len(found) != 1:
            raise typer.BadParameter(_which(name, found, scheduled, number), param_hint=OPTION)
        if found[0] in made:
            raise typer.BadParameter(f"gives {name!r} two results", param_hint=OPTION)
        made[found[0]] = ActivityCompleted(json_value(value, OPTION))
    return made


def _scheduled(run: Process, length: int) -> list[Scheduled]:
    return [
        (number, event.decision)
        for number, event in enumerate(run.history[:length], start=1)
        if isinstance(event, DecisionEvent) and isinstance(event.decision, ScheduleActivity)
    ]


def _meant(scheduled: list[Scheduled], name: str) -> list[int]:
    """The events that schedule it: by its id, by its name, or by the number of the event, with its name or without."""
    numbered = re.fullmatch(r"(.*?) ?#(\d+)", name)
    by_id = [number for number, one in scheduled if one.id == name]
    by_name = [number for number, one in scheduled if one.activity == name]
    if by_id or by_name or numbered is None:
        return by_id or by_name
    wanted, at = numbered[1], int(numbered[2])
    return [number for number, one in scheduled if number == at and wanted in ("", one.activity)]


def _which(name: str, found: list[int], scheduled: list[Scheduled], number: int) -> str:
    """Why the name is of no use, and which are."""
    names = [f"{one.activity}#{place}" for place, one in scheduled if not found or place in found]
    several = f"{', '.join(names[:4])}{f' and {len(names) - 4} more' if len(names) > 4 else ''}"
    if found:
        return f"{name!r} could be {several}: name one of them"
    there = f"there are {several}" if names else "there is none at all"
    return f"there is no activity {name!r} up to event {number}: {there}"


def preview(begun: Process, workflow: type[Workflow]) -> Iterator[str]:
    """What today's code finds in the history that a fork begins with, what is set going, and what it decides next."""
    origin = begun.forked_from
    assert origin is not None
    copied = [ProcessStartedEvent(datetime=begun.history[0].datetime), *begun.history[1:]]  # to be asked about as well
    run = Process(begun.workflow, begun.id, begun.input, begun.tags, copied)
    done = replay(workflow, run, due=False, to_the_end=True)
    yield f"{counted(origin.number, 'event')} of {origin.process_id}: {_summary(done.asked, len(done.divergences))}"
    for one in done.divergences:
        yield f'  #{one.question.number} at "{occasion(one.question.process)}" {" ".join(how_words(one.how))}'
    told = list(map(Narrator(begun).tell, begun.history))
    for added in told[origin.number :]:
        yield f"told at once: {added.what}  {added.detail}".rstrip()
    for one_open in opened(begun, len(begun.history)):
        yield f"{'waits' if one_open.kind == 'activity' else 'set'} anew: {one_open.kind} {one_open.text}"
    if not asks(begun):
        yield "nothing is left to answer: it is asked when something happens"
        return
    question = as_at(begun, len(begun.history))
    yield f'next, at "{occasion(question)}": {_words(answer(workflow, question))}'


def _summary(asked: int, differ: int) -> str:
    if asked == 0:
        return "nothing was decided yet"
    found = f"{differ} would be others today" if differ else "today's code decides the same"
    return f"{counted(asked, 'decision')} in them, {found}"


def _words(found: Answer | Raised | TimedOut) -> str:
    if isinstance(found, Answer):
        return ", ".join(map(decision_words, found.decisions)) or "nothing"
    return how_words(found)[0]
