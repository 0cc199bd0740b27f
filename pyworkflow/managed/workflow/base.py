"""A workflow as its author writes it: a function from what has happened to what is to be done."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType
from typing import Any, ClassVar

from pyworkflow.defaults import Defaults
from pyworkflow.managed.activity import Activity
from pyworkflow.naming import ClassName
from pyworkflow.process import Process


class Workflow:
    """Subclass it, name its activities and override `decide`. Times are in seconds."""

    activities: ClassVar[Sequence[type[Activity]]] = ()
    """The activities that it schedules."""

    category: ClassVar[str] = Defaults.DECISION_CATEGORY
    """Which workers decide it: those that poll this category."""

    timeout: ClassVar[float] = Defaults.WORKFLOW_TIMEOUT
    """How long a run of it may stay open."""

    decision_timeout: ClassVar[float] = Defaults.DECISION_TIMEOUT
    """How long one decision may take, before it is asked for again."""

    signals: ClassVar[Mapping[str, Any]] = MappingProxyType({})
    """The signals that it understands, each with an example of its data. For those who read it, and for `fuzz`."""

    example_input: ClassVar[Any] = None
    """What it can be started with: an example for `fuzz`."""

    waits_for_signals: ClassVar[bool] = False
    """May it be open with nothing going on, until a signal comes? Otherwise `fuzz` takes it for stuck then."""

    fuzz_allows: ClassVar[Collection[str]] = ()
    """Names of what `fuzz` finds, such as `batching`, that is meant to be so here."""

    name: ClassVar[str] = ClassName("Workflow")  # type: ignore[assignment]
    """What histories call it: the class name less `Workflow`."""

    def decide(self, process: Process) -> Any:
        """What is to be done now: a decision, several, or None to wait for the next event.

        An activity class stands for ScheduleActivity(cls, input=process.input). The same process must get the same
        answer: take everything from the process, and nothing from the clock, from chance or from the outside.
        `process.unseen_events()` is what is new since the last decision.
        """
        raise NotImplementedError(f"{type(self).__qualname__} must override decide()")

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and vars(self) == vars(other)

    def __hash__(self) -> int:
        return hash(type(self))
