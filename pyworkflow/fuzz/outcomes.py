"""The same events otherwise: one by one instead of together, once instead of twice, and what comes of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace

from pyworkflow import codec
from pyworkflow.activity import ActivityCompleted
from pyworkflow.decision import CancelProcess, CompleteProcess, ContinueAsNew, Decision, FailProcess
from pyworkflow.fuzz import findings, steps
from pyworkflow.fuzz.findings import Finding, Found
from pyworkflow.fuzz.play import EndlessError, Outcome, Play, Subject
from pyworkflow.fuzz.steps import End, Group, Script, Send, TimeOut

MOST_LATER = 6  # moments at which a signal comes again


def compare(subject: Subject, script: Script) -> None:
    """Play the script up to its last group that could be played otherwise, and otherwise. Raises Found."""
    for number, group in reversed(list(enumerate(script.groups))):
        before = replace(script, groups=script.groups[:number])
        if any(isinstance(one, Send) and one.twice for one in group.steps):
            _twice(subject, before, group)
            _late(subject, before, group)
            return
        if group.how in steps.BATCHED:
            for how in dict.fromkeys((steps.TOGETHER, group.how)):
                _batched(subject, before, replace(group, how=how))
            return


def _twice(subject: Subject, before: Script, group: Group) -> None:
    """Nothing that is done after a signal is done once more if it comes again."""
    try:
        twice, _ = _ended(subject, before, group)
        once, _ = _ended(subject, before, group.once())
    except EndlessError:
        return
    _same_work(twice, once)


def _same_work(twice: Play, once: Play) -> None:
    again = [said for said, times in twice.outcome.made.items() if times > once.outcome.made[said] > 0]
    if again:
        raise Found(Finding(findings.REPEATED_SIGNAL, twice.run(), f"scheduled again: {', '.join(again)}"))


def _late(subject: Subject, before: Script, group: Group) -> None:
    """Nor if it comes again later, before any of the steps that end the process."""
    again = [replace(one, twice=False) for one in group.steps if isinstance(one, Send) and one.twice]
    with suppress(EndlessError):
        once = Play(subject, before)
        once.group(group.once())
        done = once.steps
        once.to_the_end()
        for later in range(1, min(once.steps - done, MOST_LATER)):
            twice = Play(subject, before)
            twice.group(group.once())
            for _ in range(later):
                twice.go_on()
            twice.group(Group(tuple(again)))
            twice.to_the_end()
            _same_work(twice, once)


def _batched(subject: Subject, before: Script, group: Group) -> None:
    """What comes of events does not depend on how they reach the workflow, as long as all of them can happen.

    Of those that come one by one, one can keep the next from happening: a decision cancels it, or closes the process.
    Then there is nothing to compare.
    """
    try:
        batched, came = _ended(subject, before, group)
        singly, came_singly = _ended(subject, before, group.singly())
    except EndlessError:
        return
    words = list(_differences(batched.outcome, singly.outcome))
    if came and words and (came_singly or _is_overlooked(group, singly.outcome, batched.outcome)):
        raise Found(Finding(findings.BATCHING, batched.run(), "; ".join(words)))


def _is_overlooked(group: Group, singly: Outcome, batched: Outcome) -> bool:
    """An activity went wrong, for which the process fails if it is all that comes; and so it completes."""
    wrong = any(
        isinstance(one, TimeOut) or (isinstance(one, End) and not isinstance(one.result, ActivityCompleted))
        for one in group.steps
    )
    return wrong and isinstance(singly.closed, FailProcess) and isinstance(batched.closed, CompleteProcess)


def _ended(subject: Subject, before: Script, group: Group) -> tuple[Play, bool]:
    play = Play(subject, before)
    came = play.group(group)
    play.to_the_end()
    return play, came


def _differences(batched: Outcome, singly: Outcome) -> Iterator[str]:
    """In words. A process that fails or cancels itself has given up: what it did before does not count."""
    if _ending(batched.closed) != _ending(singly.closed):
        yield f"one by one it {_end(singly.closed)}, and so it {_end(batched.closed)}"
    elif not isinstance(batched.closed, FailProcess | CancelProcess):
        more, fewer = batched.made - singly.made, singly.made - batched.made
        if fewer:
            yield f"one by one it also does {', '.join(fewer.elements())}"
        if more:
            yield f"one by one it does not do {', '.join(more.elements())}"


def _ending(closed: Decision | None) -> object:
    return type(closed) if isinstance(closed, FailProcess | CancelProcess) else closed


def _end(closed: Decision | None) -> str:
    match closed:
        case None:
            return "stays open"
        case CompleteProcess(result=value) | ContinueAsNew(input=value):
            return f"ends with {type(closed).__name__}({codec.dumps(codec.plain(value, 'result'))})"
    return f"ends with {type(closed).__name__}"
