"""A process on the real engine whose clock jumps: thirty days pass in milliseconds."""

from __future__ import annotations

import heapq
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from itertools import count
from math import isfinite
from types import ModuleType
from typing import Any, NamedTuple

from pyworkflow.activity import ActivityCanceled, ActivityResult
from pyworkflow.backend import Pending
from pyworkflow.decision import CancelActivity, ScheduleActivity
from pyworkflow.engine import reading
from pyworkflow.engine.records import Due, moment
from pyworkflow.exceptions import TimedOutException, UnknownActivityException
from pyworkflow.managed import Manager, Workflow
from pyworkflow.managed.worker import ActivityWorker
from pyworkflow.managed.worker.failure import reason_of, traceback_of
from pyworkflow.managed.workflow.asking import ask
from pyworkflow.memory import MemoryBackend
from pyworkflow.process import Process, ProcessResult
from pyworkflow.task import ActivityTask, DecisionTask
from pyworkflow.testing.clock import START, Clock
from pyworkflow.testing.fakes import Fakes

MOST = 100_000  # decisions and activities in one run: more than these have no end
LOGGER = logging.getLogger("pyworkflow.testing")


class FastForward:
    """Starts a process in memory, with fakes for its activities, and lets its time pass as fast as the work is done::

        order = FastForward(OrderWorkflow, {"amount": 30}, fakes={ChargeCard: ConnectionError("no answer")})
        assert order.run() == ProcessFailed("not paid in 30 days")

    `fakes` gives each activity (its class or its name) a result, an exception to fail with, a function of its input,
    an ActivityResult, `After` or `InTurn`; or it is a module with functions of the activities' names. An activity that
    has none is refused with ConfigurationException, or with `real` executed as a worker does it. `workflows` are those
    of its children. `backend` can be asked about everything, and `clock` tells the time.
    """

    def __init__(
        self,
        workflow: type[Workflow],
        input: Any = None,
        *,
        fakes: Mapping[Any, Any] | ModuleType | None = None,
        workflows: Iterable[type[Workflow]] = (),
        real: bool = False,
        id: str | None = None,
        tags: Iterable[str] | None = None,
        start: datetime = START,
    ) -> None:
        self.clock = Clock(start)
        self.backend = _Memory(clock=self.clock)
        self.manager = Manager(self.backend, dict.fromkeys([workflow, *workflows]))
        for name, one in self.manager.activities.items():  # none lacks signs of life: fakes give them
            self.backend.register_activity(
                name,
                one.category,
                one.scheduled_timeout,
                one.execution_timeout,
                heartbeat_timeout=one.execution_timeout,
                restart_lost=one.restart_lost,
            )
        self.error: BaseException | None = None
        """What `decide` raised, or what a backend refuses of its decisions."""
        self._fakes = Fakes(fakes or {}, self.manager.activities)
        self._real = ActivityWorker(self.manager) if real else None
        self._agenda: list[_Entry] = []
        self._numbers = count()
        self._running: dict[str, ActivityTask] = {}  # activities whose fakes take time, by their tokens
        self._decision_categories = dict.fromkeys(one.category for one in self.manager.workflows.values())
        self._activity_categories = dict.fromkeys(one.category for one in self.manager.activities.values())
        self.id = self.manager.start_process(Process(workflow, id or f"{workflow.name}-1", input, tags))
        """The id of the process."""

    # --- what a test says ---

    def run(self, seconds: float | timedelta | None = None) -> ProcessResult | None:
        """Work until the process closes, or for so long; how it ended, None while it is open.

        Without a time it also ends when nothing more will happen by itself, as while it waits for a signal; then
        `waits_for` says for what. Raises what `decide` raises, and TimedOutException when there is no end to it.
        """
        __tracebackhide__ = True
        for _ in self.steps(seconds):
            pass
        return self.result

    def signal(self, name: str, data: Any = None, *, after: float | timedelta = 0) -> None:
        """Send it a signal, now or after so much time."""
        self._later(after, lambda: self.backend.signal_process(self.id, name, data))

    def request_cancel(self, details: Any = None, *, after: float | timedelta = 0) -> None:
        """Ask it to cancel itself, now or after so much time."""
        self._later(after, lambda: self.backend.request_cancel_process(self.id, details))

    # --- what it can be asked ---

    @property
    def process(self) -> Process:
        """The process as it is now."""
        return self.backend.process_by_id(self.id)

    @property
    def result(self) -> ProcessResult | None:
        """How it ended; None while it is open."""
        return self.process.result

    @property
    def elapsed(self) -> timedelta:
        """How much time has passed since it was started."""
        first = self.backend.events(self.id, limit=1).items[0]
        return self.clock() - first.event.datetime

    @property
    def waits_for(self) -> str:
        """What must happen before it goes on, in words: `a signal`, if nothing that it has begun is open."""
        pending = self.backend.pending(self.id)
        return ", ".join(_open(pending)) or ("a signal" if self.result is None else "nothing")

    def __repr__(self) -> str:
        state = f"waits for {self.waits_for}" if self.result is None else repr(self.result)
        return f"FastForward({self.process.workflow} {self.id}: {state})"

    # --- how time passes ---

    def steps(self, seconds: float | timedelta | None = None) -> Iterator[None]:
        """The same as `run`, one thing that is done at a time."""
        until = None if seconds is None else self.clock() + _delta(seconds)
        for _ in range(MOST):
            if not self.backend.is_open(self.id):
                return
            if not (self._decide() or self._execute() or self._keep() or self._jump(until)):
                return
            yield
        raise TimedOutException(
            f"{self.id} is still at it after {MOST} decisions and activities, at {self.clock():%Y-%m-%d %H:%M}: "
            "a run for some time only, run(seconds), has an end"
        )

    def _decide(self) -> bool:
        """Make a decision that is due."""
        for category in self._decision_categories:
            task = self.manager.next_decision(category=category)
            if task is not None:
                self._answer(task)
                return True
        return False

    def _answer(self, task: DecisionTask) -> None:
        workflow = self.manager.workflow_for_task(task)
        try:
            decisions = ask(workflow, task.process)
            self.manager.complete_task(task, decisions)
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            self.error = error
            self.backend.fail_decision_task(task, reason_of(error), traceback_of(error, type(workflow)))
            raise
        for one in decisions:
            if isinstance(one, ScheduleActivity) and one.category is not None:
                self._activity_categories.setdefault(one.category)
        if any(isinstance(one, CancelActivity) for one in decisions):
            for token in list(self._running):
                self._beat(token)

    def _execute(self) -> bool:
        """Begin an activity that waits, and end it, unless its fake takes time."""
        for category in self._activity_categories:
            task = self.manager.next_activity(category=category)
            if task is not None:
                self._begin(task)
                return True
        return False

    def _begin(self, task: ActivityTask) -> None:
        execution = task.activity_execution
        if execution.activity in self._fakes:
            seconds, result = self._fakes.execute(execution.activity, execution.input)
            if seconds == 0:
                self.backend.complete_activity_task(task, result)
                return
            self._running[str(task.context)] = task
            if isfinite(seconds):
                self._later(seconds, lambda: self._end(str(task.context), result))
        elif self._real is not None:
            self._real.handle(task, LOGGER, self._real.deadline(task))
        else:
            raise self._fakes.missing(execution.activity)

    def _end(self, token: str, result: ActivityResult) -> None:
        """It comes too late if the activity is over: timed out, or withdrawn with its process."""
        task = self._running.pop(token, None)
        if task is not None:
            try:
                self.backend.complete_activity_task(task, result)
            except UnknownActivityException:
                LOGGER.debug("%s: its end came too late", task)

    def _beat(self, token: str) -> None:
        """A sign of life; what hears that it is to end does so."""
        try:
            if self.backend.heartbeat_activity_task(self._running[token]).cancel_requested:
                self._end(token, ActivityCanceled())
        except UnknownActivityException:
            del self._running[token]

    def _later(self, after: float | timedelta, action: Callable[[], object]) -> None:
        delta = _delta(after)
        if delta > timedelta():
            heapq.heappush(self._agenda, _Entry(self.clock() + delta, next(self._numbers), action))
        else:
            action()

    def _keep(self) -> bool:
        """Do what was to be done at this time."""
        if not self._agenda or self._agenda[0].at > self.clock():
            return False
        heapq.heappop(self._agenda).action()
        return True

    def _jump(self, until: datetime | None) -> bool:
        """Move the clock to what comes next; False if nothing does by itself, or not by then."""
        at = self._next(with_timeouts=until is not None)
        comes = at is not None and (until is None or at <= until)
        target = at if comes else until
        if target is not None and target > self.clock():
            self.clock.advance((target - self.clock()).total_seconds())
        self.backend.apply_due()
        return comes

    def _next(self, *, with_timeouts: bool) -> datetime | None:
        """When something comes. That a process times out some day counts only where it comes before something else."""
        due, offer = self.backend.nearest()
        times = [] if offer is None else [offer]
        if self._agenda:
            times.append(self._agenda[0].at)
        if due is not None and (due.kind != "process" or with_timeouts or times or self._is_something_open()):
            times.append(moment(due.at))
        return min(times, default=None)

    def _is_something_open(self) -> bool:
        pending = (self.backend.pending(str(process.id)) for process in self.backend.processes())
        return any(one.activities or one.timers for one in pending)


class _Entry(NamedTuple):
    """What is to be done at a time; `number` tells what came first."""

    at: datetime
    number: int
    action: Callable[[], object]


class _Memory(MemoryBackend):
    """Can tell what time brings next, and whether there is anything to go on with, without reading a history."""

    def is_open(self, process_id: str) -> bool:
        """Is the process open?"""
        return self._read(lambda transaction: reading.existing(transaction, process_id).status == "open")

    def nearest(self) -> tuple[Due | None, datetime | None]:
        """The first thing whose time is up, and the first decision that is offered later."""
        now = self._now()
        due, offer = self._read(lambda transaction: (transaction.next_due(), transaction.next_offer(now)))
        return due, None if offer is None else moment(offer)


def _delta(time: float | timedelta) -> timedelta:
    return time if isinstance(time, timedelta) else timedelta(seconds=time)


def _open(pending: Pending) -> Iterator[str]:
    """What is open, in words."""
    if pending.decision is not None:
        yield "a decision"
    yield from (f"activity {one.execution.activity} {one.execution.id}" for one in pending.activities)
    for one in pending.timers:
        name = f"timer {one.timer.id}" if one.timer.id else "a timer"
        yield f"{name} due at {one.due_at:%Y-%m-%d %H:%M:%S}"
    yield from (f"child {one.workflow} {one.id}" for one in pending.children)
