"""One process, taken through a script in the real engine; every answer of its workflow is checked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from pyworkflow import codec
from pyworkflow.activity import ActivityCanceled, ActivityCompleted
from pyworkflow.backend import Pending
from pyworkflow.decision import (
    CancelActivity,
    CompleteProcess,
    ContinueAsNew,
    Decision,
    RequestCancelProcess,
    ScheduleActivity,
    SignalProcess,
    StartChildProcess,
)
from pyworkflow.event import Event
from pyworkflow.exceptions import InvalidDecisionException, UnknownProcessException
from pyworkflow.fuzz import findings, steps
from pyworkflow.fuzz.asking import Asking
from pyworkflow.fuzz.findings import Finding, Found, Kind
from pyworkflow.fuzz.steps import Group, Script, Step
from pyworkflow.fuzz.values import Values
from pyworkflow.fuzz.world import SOMEBODY, World
from pyworkflow.managed import Workflow
from pyworkflow.process import Process, ProcessCompleted
from pyworkflow.task import DecisionTask

LONGEST = 60  # decisions; a process that makes more is taken for one that has no end
ROUNDS = 5  # of all signals, of which one at least has to get a process going that waits for one


@dataclass(frozen=True)
class Subject:
    """The workflow, all workflows that it can start, and what is put in."""

    workflow: type[Workflow]
    workflows: Sequence[type[Workflow]]
    values: Values
    asking: Asking
    allowed: frozenset[str] = frozenset()
    id: str = "fuzz"  # of the process
    steps: int = 0  # that it takes to its end, if all goes well


@dataclass
class Outcome:
    """What a process came to: how it closed, None if it is open, and all that it set going."""

    closed: Decision | None = None
    made: Counter[str] = field(default_factory=Counter)


class EndlessError(Exception):
    """The play takes too long to tell anything."""


class Play:
    """`played` is what was done. Raises Found for what is wrong, and EndlessError."""

    def __init__(self, subject: Subject, script: Script) -> None:
        self.subject = subject
        self.outcome = Outcome()
        self._id, self._input, self._others = subject.id, script.input, script.others
        self._world = World(subject.workflows)
        self.steps = 0  # that were done
        self._rounds = 0
        self._sent = 0  # signals
        for group in script.groups:
            self.group(group)

    @property
    def pending(self) -> Pending:
        """What the process waits for."""
        return self._world.pending(self._id)

    @property
    def is_open(self) -> bool:
        """Can anything still happen?"""
        return self.outcome.closed is None

    def run(self) -> Process:
        """The process as it is."""
        return self._world.process_by_id(self._id, run=1)

    # --- what happens ---

    def group(self, group: Group) -> bool:
        """Do the steps, and decide. Could all of them be done?"""
        single = [one for step in group.steps for one in _singles(step)]
        if group.how == steps.ONE_BY_ONE:
            done = [self._alone(one) for one in single]
            return all(done)
        if group.how == steps.TOGETHER:
            done = [self._step(one) for one in single]
            self._decide()
            return all(done)
        first = self._step(single[0])
        return self._decide(single[1:], lost=group.how == steps.LOST) and first

    def _alone(self, step: Step) -> bool:
        done = self._step(step)
        self._decide()
        return done

    def _step(self, step: Step) -> bool:  # noqa: PLR0911 - one for each kind of step
        """Let it happen. False if that cannot be any more."""
        world = self._world
        if not self.is_open:
            return False
        self.steps += 1
        if not isinstance(step, steps.Pass):
            world.tick()
        match step:
            case steps.Start():
                world.start_process(Process(self.subject.workflow, self._id, self._input))
            case steps.Begin(activity=id):
                return world.begin(self._id, id)
            case steps.End(activity=id, result=result):
                return world.end(self._id, id, result)
            case steps.TimeOut(activity=id, which=which):
                return world.time_out(self._id, id, which)
            case steps.Lose(activity=id):
                return world.lose(self._id, id)
            case steps.EndChild(child=child, result=ended):
                return world.close_child(child, ended)
            case steps.Send(signal=signal):
                world.signal_process(self._id, signal)
                self._sent += 1
            case steps.RequestCancel():
                world.request_cancel_process(self._id)
            case steps.Pass():
                return world.skip(self._id)
        return True

    def to_the_end(self) -> None:
        """All that is open ends well, and all timers fire, one by one: in an order that is that of their contents."""
        while self.is_open:
            step = self._next()
            if step is None:
                self._wait()
                return
            self._alone(step)

    def go_on(self) -> None:
        """One step of it."""
        step = self._next()
        if step is not None:
            self._alone(step)

    def goes_well(self) -> Step | None:
        """What comes next if all goes well, signals among it; None if nothing can."""
        signals = self.subject.values.signals
        step = self._next() if self.is_open else None
        if step is None and self.is_open and signals:
            step = steps.Send(signals[self._sent % len(signals)])
        return step

    def _next(self) -> Step | None:
        pending = self.pending
        for one in sorted(pending.activities, key=lambda one: _said(one.execution.activity, one.execution.input)):
            if one.cancel_requested:
                return steps.End(one.execution.id, ActivityCanceled())
            result = self.subject.values.results_of(one.execution.activity)[0]
            return steps.End(one.execution.id, ActivityCompleted(result))
        for child in sorted(pending.children, key=lambda child: (child.workflow, child.id)):
            return steps.EndChild(child.id, ProcessCompleted(self.subject.values.results_of(child.workflow)[0]))
        return steps.Pass() if pending.timers else None

    def _wait(self) -> None:
        """It waits for signals, so those that are known must get it going, though perhaps not the first of them."""
        signals = self.subject.values.signals
        began = len(self.run().history)
        for _ in range(ROUNDS if signals else 0):
            for signal in signals:
                if self.is_open:
                    self._alone(steps.Send(signal))
            if not self.is_open or _decided(self.run().history[began:]):
                return
        if signals:
            names = ", ".join(dict.fromkeys(signal.name for signal in signals))
            what = f"none of the signals that are known ({names}) gets it going, not even {ROUNDS} times"
            raise self._found(findings.STUCK, what)

    # --- what is decided ---

    def _decide(self, steps_meanwhile: Iterable[Step] = (), *, lost: bool = False) -> bool:
        """Decide until nothing is left to decide. What comes meanwhile comes in the first round; could it?"""
        came, meanwhile = True, list(steps_meanwhile)
        while self.is_open and (task := self._task()) is not None:
            made = self._asked(task)
            while meanwhile:
                came = self._step(meanwhile.pop(0)) and came
            if lost:
                lost = False
                self._world.release(task)
            else:
                self._apply(task, made)
        if self.is_open and self._is_stuck():
            raise self._found(findings.STUCK, "nothing is pending")
        return came and not meanwhile

    def _task(self) -> DecisionTask | None:
        """The decision that is due. Those of children of the same workflow are never made."""
        workflow = self.subject.workflow
        while True:
            task = self._world.poll_decision_task(workflow.category, names=[workflow.name])
            if task is None or task.process.id == self._id:
                return task

    def _asked(self, task: DecisionTask) -> Sequence[Decision]:
        self._rounds += 1
        if self._rounds > LONGEST:
            raise EndlessError
        return self.subject.asking.ask(self.subject.workflow, task.process, self.run)

    def _apply(self, task: DecisionTask, made: Sequence[Decision]) -> None:
        abandoned = _abandoned(self.pending, made)
        if self._others:
            self._find_others(made)
        try:
            applied = self._world.complete_decision_task(task, made)
        except InvalidDecisionException as refused:
            raise self._found(findings.ILLEGAL, str(refused)) from None
        if not applied:
            return
        self.outcome.made.update(said for one in made if (said := _sets_going(one)))
        if made and made[-1].closes:
            self.outcome.closed = made[-1]
            if abandoned:
                raise self._found(findings.WORK_OPEN, f"{', '.join(abandoned)} is open")

    def _find_others(self, made: Iterable[Decision]) -> None:
        """Those to whom it sends something exist."""
        for one in made:
            if isinstance(one, SignalProcess | RequestCancelProcess):
                try:
                    self._world.process_by_id(one.process_id)
                except UnknownProcessException:
                    self._world.start_process(Process(SOMEBODY, one.process_id))

    def _is_stuck(self) -> bool:
        pending = self.pending
        something = pending.decision or pending.activities or pending.timers or pending.children
        return not something and not self.subject.workflow.waits_for_signals

    def _found(self, kind: Kind, what: str) -> Found:
        return Found(Finding(kind, self.run(), what))


def _singles(step: Step) -> Sequence[Step]:
    """What is sent twice, as two."""
    return (step, step) if isinstance(step, steps.Send) and step.twice else (step,)


def _abandoned(pending: Pending, made: Sequence[Decision]) -> list[str]:
    """The activities that a list of decisions which completes the process leaves to themselves."""
    if not made or not isinstance(made[-1], CompleteProcess | ContinueAsNew):
        return []
    open = {one.execution.id: one.execution.activity for one in pending.activities if not one.cancel_requested}
    for one in made:
        if isinstance(one, ScheduleActivity):
            open[one.id] = one.activity
        elif isinstance(one, CancelActivity):
            open.pop(one.id, None)
    return list(open.values())


def _sets_going(decision: Decision) -> str | None:
    """The work or the message that it stands for, in words that are the same for the same."""
    match decision:
        case ScheduleActivity(activity=name, input=given):
            return _said(name, given)
        case StartChildProcess(process=child):
            return f"child {_said(str(child.workflow), child.input)}"
        case SignalProcess(process_id=id, signal=signal):
            return f"signal {_said(signal.name, signal.data)} to {id}"
    return None


def _said(name: str, value: object) -> str:
    return f"{name}({'' if value is None else codec.dumps(codec.plain(value, 'input'))})"


def _decided(events: Iterable[Event]) -> bool:
    return any(event.type == "decision" for event in events)
