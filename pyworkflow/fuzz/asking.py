"""A question, asked twice: when it comes up and much later, with other luck, of a process that is made anew."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pyworkflow.decision import Decision
from pyworkflow.fuzz import findings
from pyworkflow.fuzz.elsewhen import Elsewhen
from pyworkflow.fuzz.findings import Finding, Found
from pyworkflow.managed import Workflow
from pyworkflow.process import Process
from pyworkflow.replay import Answer, Difference, Raised, TimedOut, answer, difference
from pyworkflow.replay.answer import LONGEST
from pyworkflow.replay.words import how_words

SAME = 3  # times that the same is asked, with all the same, until that is believed to differ
NOW, LATER = 0, 1
STRIDE = 401 * 86_400 + 5 * 3600 + 17 * 60 + 11.618  # seconds: year, weekday and hour change too
TIMES = 1000  # different ones: centuries, and the calendar has an end


class Asking:
    """Asks workflows. `longest` is in seconds, for one decision; with another `luck` chance falls otherwise."""

    def __init__(self, longest: float = LONGEST) -> None:
        self.longest = longest
        self.luck = 0
        self._elsewhen = Elsewhen()

    def ask(self, workflow: type[Workflow], process: Process, again: Callable[[], Process]) -> Sequence[Decision]:
        """What it decides. `again` makes the process anew. Raises Found if that is no answer, or not the only one."""
        try:
            first = self._answer(workflow, process, NOW)
        except Found:
            first = self._taken(answer(workflow, again(), self.longest), again())
            return first.decisions  # it was a stand-in for the clock or for chance that it stumbled over
        second = self._answer(workflow, again(), LATER, chance=1)
        how = _difference(first, second)
        if how is not None:
            raise Found(Finding(findings.TWO_ANSWERS, again(), self._why(workflow, first, again, how)))
        return first.decisions

    def _answer(self, workflow: type[Workflow], process: Process, later: int, chance: int = 0) -> Answer:
        """Its answer when the question comes up, or `later`."""
        number = len(process.history)
        seconds = process.history[-1].datetime.timestamp() + later * STRIDE * (1 + number % TIMES)
        with self._elsewhen.at(seconds, f"{self.luck}/{number}/{chance}"):
            made = answer(workflow, process, self.longest)
        return self._taken(made, process)

    def _taken(self, made: Answer | Raised | TimedOut, process: Process) -> Answer:
        match made:
            case Answer():
                return made
            case TimedOut(seconds=seconds):
                raise Found(Finding(findings.SLOW, process, f"it takes more than {seconds:g} s"))
            case Raised(reason=reason, where=where, traceback=traceback):
                illegal = reason.startswith("InvalidDecisionException")
                kind = findings.ILLEGAL if illegal else findings.RAISES
                raise Found(Finding(kind, process, reason, where, traceback))

    def _why(self, workflow: type[Workflow], first: Answer, again: Callable[[], Process], how: Difference) -> str:
        """How the answers differ, and what that depends on: if not on all that is the same, on what is not."""
        words = ", ".join(how_words(how))
        # Whatever else runs in this thread, such as finalizers, may look at the clock as well, which goes on then.
        if all(_difference(first, self._answer(workflow, again(), NOW)) for _ in range(SAME)):
            return f"it depends on something that is neither in the history, nor the clock, nor chance: {words}"
        if _difference(first, self._answer(workflow, again(), LATER)):
            return f"it depends on the clock: {words}"
        return f"it depends on chance: {words}"


def _difference(one: Answer, other: Answer) -> Difference | None:
    """Ids that are made are the same as well: it is the same question."""
    return None if one.decisions == other.decisions else difference(one.decisions, other)
