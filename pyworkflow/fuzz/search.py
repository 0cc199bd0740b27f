"""The search for what is wrong with a workflow: one thing after the other, each in the shortest history found."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from random import SystemRandom
from time import monotonic
from typing import Any

from hypothesis import HealthCheck, Phase, Verbosity, given, settings, strategies
from hypothesis import seed as seeded
from hypothesis.errors import HypothesisException

from pyworkflow.exceptions import ConfigurationException
from pyworkflow.fuzz.asking import Asking
from pyworkflow.fuzz.drawing import Drawing
from pyworkflow.fuzz.findings import KINDS, SLOW, Finding, Found
from pyworkflow.fuzz.listening import Listening
from pyworkflow.fuzz.play import EndlessError, Play, Subject
from pyworkflow.fuzz.shortening import shortest, wrong
from pyworkflow.fuzz.steps import Group, Script, Start
from pyworkflow.fuzz.values import Values, values_of
from pyworkflow.managed import Workflow
from pyworkflow.process import Process
from pyworkflow.replay.answer import LONGEST
from pyworkflow.signal import Signal

EXAMPLES = 300  # scripts that show nothing, before nothing is taken to be wrong
MOST = 5  # findings of one search
SHRINKS = 200  # plays to make the history of a finding shorter


@dataclass(frozen=True)
class Report:
    """What a search found. The same `seed` finds the same. `examples` is how many histories were tried."""

    workflow: str
    seed: int
    values: Values
    findings: list[Finding] = field(default_factory=list)
    examples: int = 0


def fuzz(
    workflow: type[Workflow],
    *,
    inputs: Sequence[Any] = (),
    results: Mapping[str, Sequence[Any]] | None = None,
    signals: Iterable[Signal] = (),
    like: Iterable[Process] = (),
    workflows: Iterable[type[Workflow]] = (),
    allow: Collection[str] = (),
    seed: int | None = None,
    examples: int = EXAMPLES,
    seconds: float | None = None,
    longest: float = LONGEST,
    most: int = MOST,
    tried: Callable[[], object] = lambda: None,
) -> Report:
    """Take the workflow through what can happen to it, and report what is wrong with its answers.

    Activities are not executed. `inputs`, `results` (of activities, by their names) and `signals` are examples to put
    in, besides those that the classes declare and those that the recorded runs in `like` hold. `workflows` are those
    that it starts as children. Findings whose kind is in `allow`, or in the workflow's `fuzz_allows`, do not count.

    After a finding it looks for another, until there are `most`, or none in so many `examples`; it ends after `seconds`
    in any case. One decision may take `longest` seconds. `tried` is called with each example. Without a `seed` it takes
    one by chance.
    """
    names = [kind.name for kind in KINDS]
    for name in (*allow, *workflow.fuzz_allows):
        if name not in names:
            raise ConfigurationException(f"there is no finding {name!r} to allow: there are {', '.join(names)}")
    until = None if seconds is None else monotonic() + seconds
    subject = Subject(
        workflow,
        list(dict.fromkeys([workflow, *workflows])),
        values_of(workflow, inputs, results, signals, like),
        Asking(longest),
        frozenset([*allow, *workflow.fuzz_allows]),
    )
    subject = replace(subject, values=_heard(subject))
    chosen = SystemRandom().randrange(1_000_000) if seed is None else seed
    search = _Search(subject, chosen, examples, until, tried)
    findings: list[Finding] = []
    while len(findings) < most and SLOW not in (one.kind for one in findings):
        found = search.next(findings)
        if found is None:
            break
        findings.append(found)
    return Report(workflow.name, chosen, subject.values, findings, search.tried)


class _OverError(BaseException):
    """No more is to be tried. No Exception: Hypothesis takes those for failures."""


class _InterestingError(Exception):
    """There is a finding. Raised in one place, so that Hypothesis takes all for one."""


class _Search:
    def __init__(
        self, subject: Subject, seed: int, examples: int, until: float | None, tell: Callable[[], object]
    ) -> None:
        self.tried = 0
        self._subject = subject
        self._seed = seed
        self._examples = examples
        self._until = until
        self._tell = tell

    def next(self, findings: Sequence[Finding]) -> Finding | None:
        """Something else than what is found, in the shortest history that was found; None if there is nothing."""
        subject = replace(self._subject, id=f"fuzz-{len(findings) + 1}")  # so that one file can hold all
        known = {one.key for one in findings}
        best: tuple[Finding, Script] | None = None
        plays = 0

        def look(data: strategies.DataObject) -> None:
            nonlocal best, plays
            if plays == SHRINKS or (self._until is not None and monotonic() > self._until):
                raise _OverError
            drawing = Drawing(subject, data.draw)
            self.tried += 1
            self._tell()
            found = wrong(subject, lambda: (drawing.play(), drawing.script))
            if best is not None:
                plays += 1
            if found is None or found.key in known or (best is not None and found.key != best[0].key):
                return
            best = found, drawing.script  # the simplest so far: Hypothesis goes on from it to simpler ones only
            if found.kind is SLOW:
                raise _OverError  # to look again would take as long each time
            raise _InterestingError

        # The last of these is that a workflow with two answers does not fail again as it did.
        with suppress(_OverError, _InterestingError, HypothesisException):
            self._run(look)
        if best is None or best[0].kind is SLOW:
            return best and best[0]
        return shortest(subject, *best)

    def _run(self, look: Callable[[strategies.DataObject], None]) -> None:
        quietly = settings(
            max_examples=self._examples,
            database=None,
            deadline=None,
            phases=(Phase.generate, Phase.shrink),
            verbosity=Verbosity.quiet,
            report_multiple_bugs=False,
            suppress_health_check=list(HealthCheck),
        )
        seeded(self._seed)(quietly(given(data=strategies.data())(look)))()


def _heard(subject: Subject) -> Values:
    """With the signals that the workflow listens for, besides those that are known."""
    values = subject.values
    listening = Listening(subject.asking.longest)
    for input in values.inputs or (None,):
        with suppress(Found, EndlessError):
            Play(replace(subject, asking=listening), Script(input, groups=(Group((Start(),)),))).to_the_end()
    known = {signal.name for signal in values.signals}
    return replace(values, signals=[*values.signals, *(Signal(name) for name in listening.names if name not in known)])
