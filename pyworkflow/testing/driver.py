"""A process driven by hand: given what has happened to it, when something happens, then it decides this."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any, Self

from pyworkflow.activity import ActivityTimedOut
from pyworkflow.decision import Decision, ScheduleActivity, StartChildProcess, Timer
from pyworkflow.event import (
    ActivityEvent,
    ActivityStartedEvent,
    DecisionEvent,
    DecisionStartedEvent,
    Event,
    ProcessClosedEvent,
    ProcessStartedEvent,
    TimerEvent,
)
from pyworkflow.managed import Activity, Manager, Workflow
from pyworkflow.managed.workflow.answers import decisions_of
from pyworkflow.managed.workflow.asking import ask
from pyworkflow.memory import MemoryBackend
from pyworkflow.process import Process
from pyworkflow.replay import Answer, as_at, difference
from pyworkflow.replay.compare import is_made
from pyworkflow.replay.words import how_words, occasion
from pyworkflow.testing.clock import Clock
from pyworkflow.testing.happenings import Happening
from pyworkflow.testing.telling import compared

Given = Event | Happening | Decision | type[Activity] | list[Any]


class WorkflowDriver:
    """One process of a workflow, without backend, worker or activities::

        order = WorkflowDriver(OrderWorkflow, input={"amount": 30})
        order.when().then(ChargeCard)
        order.when(failed(ChargeCard, "declined")).then(Timer(60))

    What is asked, and how it is answered, is as with a worker. `decisions` are those of the last `when`; times are
    those of `clock`, which stands still until it is moved.
    """

    def __init__(
        self,
        workflow: type[Workflow],
        input: Any = None,
        *,
        id: str | None = None,
        tags: Iterable[str] = (),
        parent: str | None = None,
    ) -> None:
        self.clock = Clock()
        self.decisions: list[Decision] = []
        self._workflow = workflow
        self._history: list[Event] = [ProcessStartedEvent(datetime=self.clock())]
        self._start = Process(workflow, id or f"{workflow.name}-1", input, tags, parent=parent)
        self._asked: Process | None = None
        self._made: set[str] = set()

    @property
    def process(self) -> Process:
        """The process as it is now."""
        start = self._start
        return Process(start.workflow, start.id, start.input, start.tags, list(self._history), start.parent)

    def given(self, *happened: Given) -> Self:
        """This has happened: what was decided, and what came of it, in order.

        Decisions answer all that stands before them; `[]` says that nothing was decided about it. What is left
        unanswered is new to the next decision, together with what `when` adds. The workflow is not asked.
        """
        __tracebackhide__ = True
        round: list[Any] | None = None  # of decisions, so far
        for one in happened:
            if isinstance(one, list | DecisionEvent | Decision | type):
                made = one if isinstance(one, list) else [one.decision if isinstance(one, DecisionEvent) else one]
                round = [*(round or ()), *made]
                continue
            round = self._close(round)
            event = one if isinstance(one, Event) else one(self.process) if callable(one) else None
            if not isinstance(event, Event):
                raise AssertionError(f"{one!r} is nothing that can have happened: an event, or such as completed(Pay)")
            self._append(event)
        self._close(round)
        return self

    def when(self, *happenings: Event | Happening) -> Self:
        """This happens, all of it before the workflow is asked, and then it is asked. At first it needs nothing: the
        start is what is new.

        Raises what `decide` raises, and InvalidDecisionException for decisions that a backend would refuse.
        """
        __tracebackhide__ = True
        for one in happenings:
            if isinstance(one, list | DecisionEvent | Decision | type):
                raise AssertionError(f"{one!r} is decided, and does not happen: `given` takes what was decided")
        self.given(*happenings)
        asked = as_at(self.process, len(self._history))
        answered = isinstance(self._history[-1], DecisionStartedEvent)
        if answered or not any(event.calls_for_decision for event in asked.unseen_events()):
            raise AssertionError("nothing has happened that the workflow has not seen: what is `when` to ask about?")
        self.decisions = ask(self._workflow(), asked, self._made.add)
        self._asked = as_at(self.process, len(self._history))  # as it was, whatever the workflow did to it
        self._record(self.decisions)
        return self

    def then(self, *expected: Decision | type[Activity]) -> Self:
        """The workflow decided exactly this, in this order; nothing, if none is given.

        An activity class stands for what it does as an answer of `decide`. Of an activity that is expected without an
        id any will do. Raises AssertionError with both lists.
        """
        __tracebackhide__ = True
        if self._asked is None:
            raise AssertionError("`when` comes first: the workflow has not been asked")
        wanted = decisions_of(list(expected), self._asked)
        alike = self._with_ids(wanted)
        how = difference(alike, Answer(tuple(self.decisions), frozenset(self._made)))
        if how is not None:
            where = f'{self._workflow.__name__}, at "{occasion(self._asked)}"'
            lists = compared(wanted, self.decisions, f"{where}, was expected to decide", "and decided")
            raise AssertionError(f"{lists}\nin short: {' '.join(how_words(how))}")
        return self

    def _with_ids(self, wanted: list[Decision]) -> list[Decision]:
        """What was written without an id gets that of the decision which is the same but for the id, or almost."""
        taken = {getattr(one, "id", None) for one in wanted}
        schedules = [made for made in self.decisions if isinstance(made, ScheduleActivity)]

        def with_id(one: Decision) -> Decision:
            if not (isinstance(one, ScheduleActivity) and is_made(one.id)):
                return one
            near = [made for made in schedules if made.activity == one.activity and made.id not in taken]
            nearest = min(near, key=partial(_is_another, one), default=one)
            taken.add(nearest.id)
            return ScheduleActivity(one.activity, nearest.id, one.category, one.input)

        return list(map(with_id, wanted))

    # --- how the history grows ---

    def _append(self, event: Event) -> None:
        """One more event, with what comes before such a one, at the time of the clock."""
        self._must_be_open()
        match event:
            case ProcessStartedEvent():
                return  # it has been
            case TimerEvent(timer=timer):
                if timer not in self.process.untriggered_timers():
                    raise AssertionError(f"{timer!r} cannot fire: it is not open")
                self._pass(timer)
            case ActivityEvent(activity_execution=execution, result=result):
                if execution.id not in [one.id for one in self.process.unfinished_activities()]:
                    raise AssertionError(f"activity {execution.activity} {execution.id} cannot end: it is not open")
                waited = isinstance(result, ActivityTimedOut) and result.timeout == "scheduled"
                if not waited and self._is_waiting(execution.id):
                    self._history.append(ActivityStartedEvent(execution, datetime=self.clock()))
        self._history.append(replace(event, datetime=self.clock()))

    def _pass(self, timer: Timer) -> None:
        """Let the time pass at which the timer is due."""
        set_at = [one.datetime for one in self._history if one == DecisionEvent(timer)]
        fired = self._history.count(TimerEvent(timer))
        if fired < len(set_at):
            due = set_at[fired] + timedelta(seconds=timer.delay)
            self.clock.advance(max((due - self.clock()).total_seconds(), 0))

    def _is_waiting(self, id: str) -> bool:
        for event in reversed(self._history):
            if isinstance(event, ActivityStartedEvent) and event.activity_execution.id == id:
                return False
            scheduled = event.decision if isinstance(event, DecisionEvent) else None
            if isinstance(scheduled, ScheduleActivity) and scheduled.id == id:
                return True
        return False

    def _close(self, round: list[Any] | None) -> None:
        """Record what was decided about all that was new, if anything was."""
        if round is not None:
            self._record(decisions_of(round, self.process))

    def _record(self, decisions: list[Decision]) -> None:
        self._must_be_open()
        self._check(decisions)
        if not isinstance(self._history[-1], DecisionStartedEvent):
            self._history.append(DecisionStartedEvent(datetime=self.clock()))
        self._history += (DecisionEvent(one, datetime=self.clock()) for one in decisions)

    def _must_be_open(self) -> None:
        last = self._history[-1]
        if isinstance(last, DecisionEvent) and last.decision.closes:
            raise AssertionError(f"the process has ended, with {type(last.decision).__name__}: nothing can follow")
        if isinstance(last, ProcessClosedEvent):
            raise AssertionError(f"the process has ended, with {last.result!r}: nothing can follow")

    def _check(self, decisions: list[Decision]) -> None:
        """Raises InvalidDecisionException for what a backend would refuse: this one is asked."""
        process = self.process
        opened = [
            *(ScheduleActivity(one.activity, one.id, input=one.input) for one in process.unfinished_activities()),
            *process.untriggered_timers(),
        ]
        with MemoryBackend(clock=self.clock) as backend:
            Manager(backend, [self._workflow])
            for child in (one.process for one in decisions if isinstance(one, StartChildProcess)):
                backend.register_workflow(str(child.workflow))
            id = backend.start_process(Process(self._workflow))
            for made in (opened, decisions):
                task = backend.poll_decision_task(self._workflow.category)
                assert task is not None
                backend.complete_decision_task(task, made)
                if made is opened:
                    backend.signal_process(id, "on")


def _is_another(one: ScheduleActivity, other: ScheduleActivity) -> bool:
    """Do they differ in more than their ids?"""
    return difference([one], Answer((other,), frozenset([other.id]))) is not None
