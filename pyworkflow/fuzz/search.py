"""The search for what is wrong with a workflow: one thing after the other, each in the shortest history found."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from random import SystemRandom
from time import monotonic
from typing import Any

from hypothesis import HealthCheck, Phase, Verbosity, given, settings, strategies
from hypothesis import seed as seeded
from hypothesis.errors import HypothesisException

from pyworkflow.decision import ContinueAsNew
from pyworkflow.exceptions import ConfigurationException
from pyworkflow.fuzz.afresh import asked_afresh
from pyworkflow.fuzz.asking import Asking
from pyworkflow.fuzz.drawing import Drawing, each_alone
from pyworkflow.fuzz.findings import KINDS, SLOW, TWO_ANSWERS, Finding, Found
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
MOST_AFRESH = 12  # histories that another process is asked about
MOST_INPUTS = 20  # with those of the runs that follow
SHRINKS = 200  # plays to make the history of a finding shorter


@dataclass(frozen=True)
class Report:
    """What a search found. The same `seed` finds the same. `examples` is how many histories were tried.

    Of those so many were `endless`: broken off after 60 decisions. Ctrl-C has ended a search that was `interrupted`.
    """

    workflow: str
    seed: int
    values: Values
    findings: list[Finding] = field(default_factory=list)
    examples: int = 0
    endless: int = 0
    interrupted: bool = False


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
    subject = _explored(subject)
    chosen = SystemRandom().randrange(1_000_000) if seed is None else seed
    search = _Search(subject, chosen, examples, until, tried)
    findings: list[Finding] = []
    while len(findings) < most and not search.interrupted and SLOW not in (one.kind for one in findings):
        found = search.next(findings)
        if found is None:
            break
        findings.append(found)
    found = search.afresh(findings) if len(findings) < most and not search.interrupted else None
    findings += [] if found is None else [found]
    return Report(workflow.name, chosen, subject.values, findings, search.tried, search.endless, search.interrupted)


class _OverError(BaseException):
    """No more is to be tried. No Exception: Hypothesis takes those for failures."""


class _InterestingError(Exception):
    """There is a finding. Raised in one place, so that Hypothesis takes all for one."""


class _Search:
    def __init__(
        self, subject: Subject, seed: int, examples: int, until: float | None, tell: Callable[[], object]
    ) -> None:
        self.tried = 0
        self.endless = 0
        self.interrupted = False
        self._subject = subject
        self._seed = seed
        self._examples = examples
        self._until = until
        self._tell = tell
        self._alone: list[Script] | None = None  # scripts that are yet to be tried

    def next(self, findings: Sequence[Finding]) -> Finding | None:
        """Something else than what is found, in the shortest history that was found; None if there is nothing."""
        subject = replace(self._subject, id=f"fuzz-{len(findings) + 1}")  # so that one file can hold all
        known = {one.key for one in findings}
        best: tuple[Finding, Script] | None = None
        plays = 0

        def look(data: strategies.DataObject) -> None:
            nonlocal best, plays
            if plays == SHRINKS or self._is_over():
                raise _OverError
            drawing = Drawing(subject, data.draw)
            self.tried += 1
            self._tell()
            if best is None:  # so that what chance has shown is shown again
                subject.asking.luck = self.tried
            try:
                found = wrong(subject, lambda: (drawing.play(), drawing.script))
            except EndlessError:
                self.endless += 1
                return
            if best is not None:
                plays += 1
            if found is None or found.key in known or (best is not None and found.key != best[0].key):
                return
            best = found, drawing.script  # the simplest so far: Hypothesis goes on from it to simpler ones only
            if found.kind is SLOW:
                raise _OverError  # to look again would take as long each time
            raise _InterestingError

        # The last of these is that a workflow with two answers does not fail again as it did.
        try:
            best = self._first(subject, known)
            if best is None:
                with suppress(_OverError, _InterestingError, HypothesisException):
                    self._run(look)
            if best is None or best[0].kind is SLOW:
                return best and best[0]
            return shortest(subject, *best, is_over=self._is_over)
        except KeyboardInterrupt:
            self.interrupted = True
            return best and best[0]

    def afresh(self, findings: Sequence[Finding]) -> Finding | None:
        """What another process would answer otherwise, in which nothing is known of the questions before."""
        subject = replace(self._subject, id=f"fuzz-{len(findings) + 1}")
        known = {one.kind for one in findings}
        if TWO_ANSWERS in known or SLOW in known or TWO_ANSWERS.name in subject.allowed or self._is_over():
            return None
        runs = []
        for script in _spread(list(_those(each_alone(subject))), MOST_AFRESH):
            with suppress(Found, EndlessError):
                play = Play(subject, script)
                play.to_the_end()
                runs.append(play.run())
        return asked_afresh(subject.workflow, runs, subject.asking.longest)

    def _first(self, subject: Subject, known: Collection[tuple[str, str]]) -> tuple[Finding, Script] | None:
        """What a single thing that happens shows, at any moment, or, where there are too many, at most of them."""
        if self._alone is None:
            self._alone = _spread(list(_those(each_alone(subject))), -(-self._examples // 2))
        while self._alone and not self._is_over():
            script = self._alone[0]
            self.tried += 1
            self._tell()
            subject.asking.luck = self.tried
            with suppress(EndlessError):
                found = wrong(subject, lambda script=script: (Play(subject, script), script))  # type: ignore[misc]
                if found is not None and found.key not in known:
                    return found, script
            self._alone.pop(0)
        return None

    def _is_over(self) -> bool:
        return self._until is not None and monotonic() > self._until

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


def _those(scripts: Iterator[Script]) -> Iterator[Script]:
    """All until something is wrong already when all goes well: that will be found."""
    with suppress(Found, EndlessError):
        yield from scripts


def _spread(scripts: Sequence[Script], most: int) -> list[Script]:
    """So many of them, from the first to the last."""
    return list(scripts[:: -(-len(scripts) // most)]) if scripts else []


def _explored(subject: Subject) -> Subject:
    """With what shows when all goes well: its length, signals that are listened for, inputs of runs that follow."""
    values = subject.values
    inputs, listening, longest = list(values.inputs or (None,)), Listening(subject.asking.longest), 0
    for input in inputs:
        play = Play(replace(subject, asking=listening), Script(input))
        with suppress(Found, EndlessError):
            play.group(Group((Start(),)))
            play.to_the_end()
        longest = max(longest, play.steps)
        closed = play.outcome.closed
        if isinstance(closed, ContinueAsNew) and closed.input not in inputs and len(inputs) < MOST_INPUTS:
            inputs.append(closed.input)
    known = {signal.name for signal in values.signals}
    signals = [*values.signals, *(Signal(name) for name in listening.names if name not in known)]
    found = inputs if values.inputs or len(inputs) > 1 else ()
    return replace(subject, values=replace(values, inputs=found, signals=signals), steps=longest)
