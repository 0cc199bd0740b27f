"""A process: one execution of a workflow, and what has happened to it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import Any, ClassVar, cast

from pyworkflow.activity import ActivityExecution
from pyworkflow.decision import (
    CancelProcess,
    CompleteProcess,
    Decision,
    FailProcess,
    ScheduleActivity,
    Timer,
)
from pyworkflow.event import DecisionEvent, Event, Origin, ProcessClosedEvent, ProcessStartedEvent, TimerEvent
from pyworkflow.history import History
from pyworkflow.lazy import Lazy
from pyworkflow.naming import name_of, text_of
from pyworkflow.unfinished import Unfinished


class ProcessResult:
    """How a process ended. `type` tells which: completed, canceled, failed or timedout."""

    type: ClassVar[str]

    def __hash__(self) -> int:
        return hash(type(self))  # its contents may be JSON, which has no hash


class InterruptedProcessResult(ProcessResult, Exception):
    """It ended otherwise than completed."""

    def __str__(self) -> str:
        return repr(self)


@dataclass(eq=True)
class ProcessCompleted(ProcessResult):
    """It completed with `result`."""

    type: ClassVar[str] = "completed"
    result: Any = None

    __hash__ = ProcessResult.__hash__


@dataclass(eq=True)
class ProcessCanceled(InterruptedProcessResult):
    """It was canceled, by its own decision or from outside."""

    type: ClassVar[str] = "canceled"
    details: Any = None

    __hash__ = ProcessResult.__hash__
    __str__ = InterruptedProcessResult.__str__


@dataclass(eq=True)
class ProcessFailed(InterruptedProcessResult):
    """It failed: `reason` in one line, `details` at length."""

    type: ClassVar[str] = "failed"
    reason: Any = None
    details: Any = None

    __hash__ = ProcessResult.__hash__
    __str__ = InterruptedProcessResult.__str__


@dataclass(eq=True)
class ProcessTimedOut(InterruptedProcessResult):
    """It was still open when its workflow's timeout was over."""

    type: ClassVar[str] = "timedout"
    details: Any = None

    __hash__ = ProcessResult.__hash__
    __str__ = InterruptedProcessResult.__str__


# A decision round that came to nothing leaves these; the workflow never sees them as news.
_ROUND = ("decision_started", "decision_failed", "decision_timed_out")


class Process:
    """One execution of a workflow: who it is, what it was given, and its history.

    Equal by content. `history` reads as a list, of the caller's own. `run` counts the runs of a process that continues
    as new; it says where a process was read from and takes no part in equality.
    """

    def __init__(
        self,
        workflow: object = None,
        id: str | None = None,
        input: Any = None,
        tags: Iterable[str] | None = None,
        history: Sequence[Event] | None = None,
        parent: str | None = None,
        *,
        run: int = 1,
    ) -> None:
        self._workflow = None if workflow is None else name_of(workflow)
        self._id = None if id is None else text_of(id)
        self._input = input
        self._tags = list(tags or ())
        self._history: Sequence[Event] = history or [ProcessStartedEvent()]
        self._parent = parent
        self._run = run

    @property
    def workflow(self) -> str | None:
        """The name of its workflow."""
        return self._workflow

    @property
    def id(self) -> str | None:
        """Its id; None until it is started, if none was given."""
        return self._id

    @property
    def input(self) -> Any:
        """What it was started with."""
        return self._input

    @property
    def tags(self) -> list[str]:
        """Words to find it by."""
        return self._tags

    @property
    def history(self) -> Sequence[Event]:
        """What has happened to it in this run, in order."""
        return self._history

    @property
    def parent(self) -> str | None:
        """The id of the process that started it, if one did."""
        return self._parent

    @property
    def run(self) -> int:
        """Which run this is, from 1."""
        return self._run

    @property
    def forked_from(self) -> Origin | None:
        """Which other process its history begins as, if it was forked."""
        first = self._history[0]
        return first.forked_from if isinstance(first, ProcessStartedEvent) else None

    @property
    def started_at(self) -> datetime | None:
        """When this run began: a fork when it was forked, though its first event has the time of the first one's."""
        origin = self.forked_from
        return self._history[0].datetime if origin is None or origin.at is None else origin.at

    @property
    def result(self) -> ProcessResult | None:
        """How it ended: ProcessCompleted, Canceled, Failed or TimedOut; None while open, and of a run that went on."""
        last = self._history[-1]
        if isinstance(last, ProcessClosedEvent):
            closed: ProcessResult = last.result
            return closed
        if isinstance(last, DecisionEvent):
            return closing_result(last.decision)
        return None

    def copy_with_id(self, id: str, **kwargs: Any) -> Process:
        """The same start under another id: without the history."""
        return Process(
            **{
                "workflow": self.workflow,
                "id": id,
                "input": self.input,
                "tags": self.tags,
                "parent": self.parent,
                **kwargs,
            }
        )

    def has_event(self, event: Event) -> bool:
        """Has this happened, whenever?"""
        return event in self._history

    def has_decision(self, decision: Decision) -> bool:
        """Was this decided, whenever?"""
        return self.has_event(DecisionEvent(decision))

    def unseen_events(self) -> list[Event]:
        """What is new to this decision: all since the start of the last decision that was made.

        The last event, which is the start of this decision, is left out, and so are the traces of decisions that
        came to nothing; the previous round's own decisions are included (rule D7 of the contract).
        """
        return [event for event in self._history[self._decided() : -1] if event.type not in _ROUND]

    def _decided(self) -> int:
        """How many events it had when the last decision that was made was asked for: the last of them is its start."""
        came_to_nothing = False
        for place in range(len(self._history) - 2, -1, -1):
            kind = self._history[place].type
            if kind != "decision_started":
                came_to_nothing = came_to_nothing or kind in _ROUND
            elif came_to_nothing:
                came_to_nothing = False
            else:
                return place + 1
        return 0

    @property
    def is_new(self) -> bool:
        """Has nothing been decided about this run yet? Decisions that came to nothing do not count."""
        return any(event.type == "process_started" for event in self.unseen_events())

    def unfinished_activities(self) -> Sequence[ActivityExecution]:
        """The activities that were scheduled and have not ended, newest first."""
        history, unfinished = self._unfinished()
        places = list(reversed(unfinished.activities.values()))
        return Lazy(len(places), lambda number: _execution(_decision(history[places[number]])))

    def untriggered_timers(self, disregard_unseen: bool = False) -> Sequence[Timer]:
        """The timers that have neither fired nor been canceled, oldest first.

        With `disregard_unseen` one that fired since the last decision counts as not fired yet.
        """
        history, unfinished = self._unfinished(unseen_fire=not disregard_unseen)
        places = unfinished.timers.numbers()
        return Lazy(len(places), lambda number: _decision(history[places[number]]))

    def _unfinished(self, *, unseen_fire: bool = True) -> tuple[History, Unfinished]:
        """The history as it is now, and what it leaves open; timers that fired unseen too, unless that counts.

        What came before the last decision stays as it is: of that a history may remember the answer.
        """
        history = History.of(self._history)
        decided = self._decided()
        news = (event if unseen_fire or not isinstance(event, TimerEvent) else None for event in history[decided:-1])
        return history, history.unfinished(decided).after(chain(news, history[-1:]))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Process):
            return NotImplemented
        return self._content() == other._content()

    __hash__ = None  # type: ignore[assignment]  # it grows

    def _content(self) -> tuple[object, ...]:
        return (self._workflow, self._id, self._input, self._tags, self._parent, self._history)

    def __repr__(self) -> str:
        given = {"workflow": self._workflow, "id": self._id, "input": self._input, "tags": self._tags or None}
        text = ", ".join(
            f"{name}={value!r}" for name, value in (given | {"parent": self._parent}).items() if value is not None
        )
        return f"Process({text})"


def closing_result(decision: Decision) -> ProcessResult | None:
    """How a process ends by this decision of its own; None if it goes on."""
    match decision:
        case CompleteProcess(result=result):
            return ProcessCompleted(result)
        case CancelProcess(details=details):
            return ProcessCanceled(details)
        case FailProcess(reason=reason, details=details):
            return ProcessFailed(reason, details)
    return None


def _decision(event: Event) -> Any:
    """What was decided, by an event that is known to tell that."""
    return cast(DecisionEvent, event).decision


def _execution(scheduled: ScheduleActivity) -> ActivityExecution:
    return ActivityExecution(scheduled.activity, scheduled.id, scheduled.input)
