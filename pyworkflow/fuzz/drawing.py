"""What Hypothesis draws: what happens next, of all that can happen to the process as it is then.

It draws nothing but booleans. For numbers it takes constants from all modules that are loaded, and keeps them in
a folder `.hypothesis`: with those a seed would find something else where other modules are loaded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from hypothesis import strategies

from pyworkflow.activity import ActivityCanceled, ActivityCompleted, ActivityFailed
from pyworkflow.backend import Pending, PendingActivity, Summary
from pyworkflow.fuzz import steps
from pyworkflow.fuzz.play import Play, Subject
from pyworkflow.fuzz.steps import Group, Script, Step
from pyworkflow.fuzz.values import Values
from pyworkflow.process import ProcessCanceled, ProcessCompleted, ProcessFailed, ProcessTimedOut
from pyworkflow.testing.happenings import TIME_OUTS

MOST_GROUPS = 12
MOST_STEPS = 3  # of a group
GOES_ON = (False, *[True] * 7)  # is there one more group?
GROWS = (*[False] * 5, *[True] * 3)  # has the group one more step?
STARTS = (*[False] * 7, True)  # comes something before the first decision?
BIT = strategies.booleans()
BITS = 4  # of a choice
WHY = "made up by fuzz"

Item = TypeVar("Item")
Draw = Callable[[strategies.SearchStrategy[Any]], Any]
Choices = Sequence[Sequence[Step]]  # first one of these is drawn, then a step of it: each kind is as likely as another


class Drawing:
    """A script that is drawn while it is played: each group is played before the next is drawn."""

    def __init__(self, subject: Subject, draw: Draw) -> None:
        self._subject = subject
        self._draw = draw
        self.script = Script(_one_of(draw, subject.values.inputs or (None,)), _one_of(draw, (True, False)))

    def play(self) -> Play:
        """The play, in which the script is over. Raises as Play does; `script` is then what was played."""
        values = self._subject.values
        play = Play(self._subject, self.script)
        self._add(play, self._draw(_groups((steps.Start(),), _outside(values))))
        for _ in range(self._draw(_well(self._subject.steps))):
            step = play.goes_well()
            if step is not None:
                self._add(play, Group((step,)))
        for _ in range(MOST_GROUPS):
            group = self._draw(_groups((), _inside(play.pending, values))) if play.is_open else None
            if group is None:
                break
            self._add(play, group)
        return play

    def _add(self, play: Play, group: Group | None) -> None:
        if group is not None:
            self.script = replace(self.script, groups=(*self.script.groups, group))
            play.group(group)


def each_alone(subject: Subject) -> Iterator[Script]:
    """For every moment at which all has gone well so far, each of the things that can happen then, and nothing else.

    Raises as Play does, for what goes well.
    """
    values = subject.values
    for input in values.inputs or (None,):
        script = Script(input, groups=(Group((steps.Start(),)),))
        while (play := Play(subject, script)).is_open:
            for step in (one for kind in _inside(play.pending, values) for one in kind):
                yield replace(script, groups=(*script.groups, Group((step,))))
            well = play.goes_well()
            if well is None or len(script.groups) > subject.steps:
                break
            script = replace(script, groups=(*script.groups, Group((well,))))


@strategies.composite
def _well(draw: Draw, most: int) -> int:
    """How many steps go well, before it is drawn what happens: what comes late is else hardly reached."""
    return _one_of(draw, range(most)) if most and _one_of(draw, (False, True)) else 0


@strategies.composite
def _groups(draw: Draw, first: Sequence[Step], choices: Choices) -> Group | None:
    """A group that begins so; None if nothing is to follow, or nothing can."""
    chosen = list(first)
    if not chosen and not _one_of(draw, GOES_ON):
        return None
    while (step := draw(_steps(chosen, choices))) is not None:
        chosen.append(step)
    if not chosen:
        return None
    # Several steps one by one are as good as several groups; but a signal that is sent twice is one step.
    single = () if len(chosen) > 1 else (steps.ONE_BY_ONE,)
    twice = isinstance(chosen[0], steps.Send) and chosen[0].twice
    return Group(tuple(chosen), _one_of(draw, single if single and not twice else (*single, *steps.BATCHED)))


@strategies.composite
def _steps(draw: Draw, chosen: Sequence[Step], choices: Choices) -> Step | None:
    """One more step; None if the group has enough. It is drawn whole, so that it can be left out whole."""
    grows = not chosen or _one_of(draw, STARTS if isinstance(chosen[0], steps.Start) else GROWS)
    left = [kind for kind in (_besides(kind, chosen) for kind in choices) if kind]
    if not grows or not left or len(chosen) == MOST_STEPS:
        return None
    return _one_of(draw, _one_of(draw, left))


def _one_of(draw: Draw, items: Sequence[Item]) -> Item:
    """One of them, of which the first is the simplest.

    However many there are, it takes as many draws, so that one choice more or less leaves the others as they are.
    """
    place = 0
    for _ in range(max(BITS, len(items).bit_length())):
        place = 2 * place + draw(BIT)
    return items[place % len(items)]


def _besides(kind: Iterable[Step], chosen: Sequence[Step]) -> list[Step]:
    """What can happen besides what is chosen: time passes before all else, and nothing meets two ends."""
    about = {_about(one) for one in chosen}
    return [one for one in kind if _about(one) not in about and not (chosen and isinstance(one, steps.Pass))]


def _about(step: Step) -> object:
    if isinstance(step, steps.Send):
        return steps.Send, repr(step.signal)
    return getattr(step, "activity", None) or getattr(step, "child", None) or type(step)


def _outside(values: Values) -> Choices:
    """What can come from outside, at any time."""
    sent = [steps.Send(signal, twice) for twice in (False, True) for signal in values.signals]
    return ([*sent, steps.RequestCancel()],)


def _inside(pending: Pending, values: Values) -> Choices:
    """What can happen to a process that waits for this, the plainest first."""
    activities, children = pending.activities, pending.children
    return (
        list(_completed(activities, values)),
        [steps.End(one.execution.id, ActivityFailed(WHY)) for one in activities],
        list(_interrupted(activities)),
        [steps.Pass()] if pending.timers else [],
        *_outside(values),
        list(_children(children, values)),
        [steps.Begin(one.execution.id) for one in activities if one.state == "waiting"]
        + [steps.Lose(one.execution.id) for one in activities],
    )


def _completed(activities: Iterable[PendingActivity], values: Values) -> Iterator[Step]:
    for one in activities:
        for result in values.results_of(one.execution.activity):
            yield steps.End(one.execution.id, ActivityCompleted(result))


def _interrupted(activities: Iterable[PendingActivity]) -> Iterator[Step]:
    yield from (steps.End(one.execution.id, ActivityCanceled(WHY)) for one in activities)
    for which in TIME_OUTS:
        for one in activities:
            if which != "scheduled" or one.state == "waiting":
                yield steps.TimeOut(one.execution.id, which)


def _children(children: Iterable[Summary], values: Values) -> Iterator[Step]:
    for one in children:
        yield from (steps.EndChild(one.id, ProcessCompleted(value)) for value in values.results_of(one.workflow))
        yield steps.EndChild(one.id, ProcessFailed(WHY))
        yield steps.EndChild(one.id, ProcessCanceled(WHY))
        yield steps.EndChild(one.id, ProcessTimedOut())
