"""A script that finds something, made shorter: Hypothesis leaves what only several changes at once would remove."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace

from pyworkflow.fuzz import steps
from pyworkflow.fuzz.findings import Finding, Found
from pyworkflow.fuzz.outcomes import compare
from pyworkflow.fuzz.play import EndlessError, Play, Subject
from pyworkflow.fuzz.steps import Group, Script


def wrong(subject: Subject, play: Callable[[], tuple[Play, Script]]) -> Finding | None:
    """What is wrong in this play of a script, in its end that is added, or when it is played otherwise.

    Raises EndlessError for a play that has no end.
    """
    try:
        played, script = play()
        played.to_the_end()
        compare(subject, script)
    except Found as found:
        return None if found.finding.kind.name in subject.allowed else found.finding
    return None


def shortest(subject: Subject, finding: Finding, script: Script, is_over: Callable[[], bool]) -> Finding:
    """The same finding, in a script from which nothing can be left out, or as short as it is when the time is over."""
    for shorter in _shorter(script):
        if is_over():
            break
        with suppress(EndlessError):
            found = wrong(subject, lambda shorter=shorter: (Play(subject, shorter), shorter))  # type: ignore[misc]
            if found is not None and found.key == finding.key:
                return shortest(subject, found, shorter, is_over)
    return finding


def _shorter(script: Script) -> Iterator[Script]:
    """With a group less, with a simpler group; ids of activities can be others then, and steps come to nothing."""
    for place, group in enumerate(script.groups):
        others = script.groups[:place], script.groups[place + 1 :]
        if place > 0:
            yield replace(script, groups=(*others[0], *others[1]))
        for simpler in _simpler(group):
            yield replace(script, groups=(*others[0], simpler, *others[1]))


def _simpler(group: Group) -> Iterator[Group]:
    for place, step in enumerate(group.steps):
        if len(group.steps) > 1 and not isinstance(step, steps.Start):
            less = (*group.steps[:place], *group.steps[place + 1 :])
            yield Group(less, group.how)
            if group.how in steps.BATCHED[1:]:
                yield Group(less, steps.TOGETHER)
    if group.how != steps.ONE_BY_ONE:
        yield group.singly()
