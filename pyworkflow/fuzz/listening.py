"""Which signals a workflow listens for: those whose names it compares the name of a signal with."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pyworkflow.decision import Decision
from pyworkflow.event import DecisionStartedEvent, SignalEvent
from pyworkflow.fuzz.asking import Asking
from pyworkflow.managed import Workflow
from pyworkflow.process import Process
from pyworkflow.replay import answer
from pyworkflow.signal import Signal


class _Name(str):
    """Equal to nothing, and remembers what it was compared with."""

    def __init__(self, _text: str) -> None:
        self.compared: dict[str, None] = {}

    def __eq__(self, other: object) -> bool:
        if isinstance(other, str):
            self.compared[str(other)] = None
        return False

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = str.__hash__


class Listening(Asking):
    """Asks, and hears meanwhile the `names` that workflows compare with that of a signal.

    Names that are looked up in a dictionary, or made up from the signal's, are not heard.
    """

    def __init__(self, longest: float) -> None:
        super().__init__(longest)
        self.names: dict[str, None] = {}

    def ask(self, workflow: type[Workflow], process: Process, again: Callable[[], Process]) -> Sequence[Decision]:
        name = _Name("?")
        asked = again()
        *before, started = asked.history
        history = [*before, SignalEvent(Signal(name)), DecisionStartedEvent(datetime=started.datetime)]
        answer(workflow, Process(asked.workflow, asked.id, asked.input, asked.tags, history), self.longest)
        self.names |= name.compared
        return super().ask(workflow, process, again)
