"""What can be wrong with a workflow: a name for each, what it means, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pyworkflow.event import DecisionEvent
from pyworkflow.process import Process
from pyworkflow.replay.words import decision_words, event_words


@dataclass(frozen=True)
class Kind:
    """One way to be wrong. `name` is what `fuzz_allows` and `--allow` know it by.

    If it is an answer that cannot be taken, the last question `is_unanswered`.
    """

    name: str
    means: str
    cure: str
    is_unanswered: bool = False


RAISES = Kind(
    "raises",
    "decide raises, so the process stays where it is until other code answers",
    "answer what happened last; every activity can fail, time out or be canceled, and anybody can ask to cancel",
    is_unanswered=True,
)
SLOW = Kind(
    "slow",
    "decide does not come to an end",
    "let it compute from the history alone, and do the work in activities",
    is_unanswered=True,
)
ILLEGAL = Kind(
    "illegal",
    "what it decides is refused, so the process stays where it is until other code answers",
    "the text says what is refused; ids of activities and timers are free again when they are over",
    is_unanswered=True,
)
STUCK = Kind(
    "stuck",
    "the process is open, nothing is pending, and nothing will happen any more",
    "answer what happened last, if only with FailProcess; or say waits_for_signals = True, with examples in signals",
)
TWO_ANSWERS = Kind(
    "two-answers",
    "the same question gets another answer the second time, as when a worker dies and another decides again",
    "take times from the events, chance from an activity, and keep nothing outside of the process",
    is_unanswered=True,
)
BATCHING = Kind(
    "batching",
    "the outcome depends on whether events are decided upon one by one or several at once",
    "answer all of unseen_events(), in order, or look at the whole history",
)
WORK_OPEN = Kind(
    "work-open",
    "the process completes while an activity is open, whose result nobody will hear of",
    "wait for it, or decide CancelActivity before",
)
REPEATED_SIGNAL = Kind(
    "repeated-signal",
    "a signal that comes twice schedules the same work twice, and senders repeat a signal when they are not sure",
    "look in the history whether it was done before",
)
KINDS = (RAISES, SLOW, ILLEGAL, STUCK, TWO_ANSWERS, BATCHING, WORK_OPEN, REPEATED_SIGNAL)


@dataclass(frozen=True, repr=False)
class Finding:
    """What is wrong, in `run`, the shortest history that shows it.

    `what` says what is special to this one, `where` is file:line if an error has a place.
    """

    kind: Kind
    run: Process
    what: str
    where: str = ""
    traceback: str = ""

    @property
    def key(self) -> tuple[str, str]:
        """What two findings have in common that are one."""
        return self.kind.name, self.where

    def __repr__(self) -> str:
        at = f" ({self.where})" if self.where else ""
        return f"<{self.kind.name}: {self.what}{at}; after {', '.join(_words(self.run))}>"


class Found(Exception):
    """Something is wrong, and the play is over."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(repr(finding))
        self.finding = finding


def _words(run: Process) -> Iterator[str]:
    """What happened, and what was decided, in a few words each."""
    for event in run.history:
        if isinstance(event, DecisionEvent):
            yield decision_words(event.decision)
        elif event.calls_for_decision:
            yield event_words(event)
