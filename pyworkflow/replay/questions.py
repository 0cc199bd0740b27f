"""A history as the questions that a workflow was asked, and what it answered."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from pyworkflow import codec
from pyworkflow.decision import Decision
from pyworkflow.event import DecisionEvent, DecisionStartedEvent, Event
from pyworkflow.history import History
from pyworkflow.prefix import asks, came_to_nothing, cut
from pyworkflow.process import Process
from pyworkflow.unfinished import Unfinished

_CAME_TO_NOTHING = ("decision_failed", "decision_timed_out")


class Question(NamedTuple):
    """`process` as the workflow saw it, up to event `number`, a decision_started; what it decided is `recorded`.

    Of the question that is due nothing is recorded yet, None; `number` is the newest event then.
    """

    process: Process
    number: int
    recorded: tuple[Decision, ...] | None


def questions(run: Process) -> Iterator[Question]:
    """All questions of this run that were answered, in order, and last the one that is due, if there is one.

    Left out are rounds that came to nothing, and what the run was asked that this one was forked from. A last one
    without decisions counts as answered with nothing, which the history cannot tell from one that is being made: who
    knows that it is gives the run as prefix.unanswered makes it.
    """
    prefixes = _Prefixes(run)
    for place, recorded in _answered(run):
        yield Question(prefixes.of(place), place, recorded)
    if _is_due(run):
        yield Question(as_at(run, len(run.history)), len(run.history), None)


def _answered(run: Process) -> Iterator[tuple[int, tuple[Decision, ...]]]:
    """The numbers of the events that started the decisions which were made, and what was decided."""
    copied = 0 if run.forked_from is None else run.forked_from.number  # which another was asked, with other input
    started = [place for place, event in enumerate(run.history) if event.type == "decision_started" and place >= copied]
    for place, end in pairwise([*started, len(run.history)]):
        round = run.history[place + 1 : end]
        if any(event.type in _CAME_TO_NOTHING for event in round):
            continue
        recorded = tuple(event.decision for event in round if isinstance(event, DecisionEvent))
        if recorded or end < len(run.history) or run.result is None:
            yield place + 1, recorded


def _is_due(run: Process) -> bool:
    last = run.history[-1]
    is_closed = run.result is not None or (isinstance(last, DecisionEvent) and last.decision.closes)
    return not is_closed and last.type != "decision_started" and asks(run)


def as_at(run: Process, number: int) -> Process:
    """The run as its workflow would see it if it were asked after event `number` (from 1, at most its length).

    Within a list of decisions that is as it was asked for them. Raises ValueError for a number that no event has.
    """
    length, unanswered = cut(run.history, number)
    last = run.history[length - 1]
    if last.type == "decision_started":
        return _Prefixes(run).of(length)
    more: list[Event] = [came_to_nothing(last.datetime)] if unanswered else []
    return _Prefixes(run).of(length, [*more, DecisionStartedEvent(datetime=last.datetime)])


class _Prefixes:
    """Beginnings of a run, whose events are all made anew: nothing that one decide does to them is seen by another."""

    def __init__(self, run: Process) -> None:
        self._run = run
        self._records: list[tuple[Event, str] | None] = [None] * len(run.history)
        self._input = codec.dumps(codec.plain(run.input, "input"))
        self._unfinished = Unfinished()

    def of(self, length: int, more: Sequence[Event] = ()) -> Process:
        run = self._run

        def make(place: int) -> Event:
            return self._made(place) if place < length else more[place - length]

        history = History(length + len(more), make, self._left)
        return Process(run.workflow, run.id, codec.loads(self._input), run.tags, history, run.parent, run=run.run)

    def _left(self, length: int) -> Unfinished:
        """What so many events leave open. Questions come in order: what the last one had is known."""
        before = self._unfinished if self._unfinished.length <= length else Unfinished()
        self._unfinished = before.after(self._run.history[before.length : length])
        return self._unfinished

    def _made(self, place: int) -> Event:
        known = self._records[place]
        if known is None:
            event = self._run.history[place]
            if isinstance(event, DecisionStartedEvent):
                return event  # there is nothing in it that could be changed
            known = self._records[place] = event, codec.dumps(codec.encode_event(event))
        event, body = known
        return codec.decode_event(event.type, event.datetime, codec.loads(body))
