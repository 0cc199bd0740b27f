"""What every chapter of the contract stands on: a backend, a clock to move, and short ways to say things."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import pytest

from pyworkflow.backend import Backend, Capabilities, Lease, PendingActivity, Recorded
from pyworkflow.decision import Decision, ScheduleActivity
from pyworkflow.event import Event, utcnow
from pyworkflow.process import Process
from pyworkflow.task import ActivityTask, DecisionTask
from pyworkflow.testing.clock import START, Clock
from pyworkflow.testing.roles import PATIENCE

Thing = TypeVar("Thing")

YEAR = 31_536_000


def some(thing: Thing | None) -> Thing:
    """The thing, which must be there."""
    assert thing is not None
    return thing


class Contract:
    """One test's backend. A workflow `Order` and an activity `Pay` are registered with it.

    The author of a backend overrides the first three methods; `folder` is empty, and of this test alone.
    """

    folder: Path
    clock: Clock
    backend: Backend

    def construct_backend(self, clock: Callable[[], datetime]) -> Backend:
        """A backend over this test's store, which is empty at first; it tells the time by `clock`."""
        raise NotImplementedError(f"{type(self).__name__} must override construct_backend()")

    def another(self) -> Backend:
        """A second object over the same store, as another worker process has; where there can be none, the first."""
        if not self.backend.capabilities.several_processes:
            return self.backend
        return self.opened(self.construct_backend(self._time))

    def process_factory(self) -> Callable[[], Backend]:
        """What makes a backend over the same store in another operating-system process: it is pickled to get there.

        Called only where the capabilities say that processes can share one.
        """
        raise NotImplementedError(f"{type(self).__name__} must override process_factory()")

    @pytest.fixture(autouse=True)
    def _begin(self, tmp_path: Path) -> Iterator[None]:
        self.folder = tmp_path
        self.clock = Clock()
        self._time: Callable[[], datetime] = self.clock
        self._opened: list[Backend] = []
        self.backend = self.opened(self.construct_backend(self.clock))
        self.clock.advance(-(START.microsecond / 1e6 % self.backend.capabilities.clock_step))
        yield
        for backend in self._opened:
            backend.close()

    def opened(self, backend: Backend) -> Backend:
        """This backend, made ready for use, and closed when the test ends."""
        backend.register_workflow("Order")
        backend.register_activity("Pay", scheduled_timeout=YEAR)
        self._opened.append(backend)
        return backend

    def requires(self, **promised: object) -> None:
        """Skip the test unless the capabilities promise this: what they declare instead is the reason.

        At its end it says that a backend was held to what it declares, and not to the rule.
        """
        for name, value in promised.items():
            declared = getattr(self.backend.capabilities, name)
            if declared != value:
                shown = repr(declared) if len(repr(declared)) < 20 else "restricted"
                is_whole = declared == Capabilities.__dataclass_fields__[name].default
                pytest.skip(f"{name} is {shown}{', as promised' if is_whole else ', by its own account'}")

    def allowed(self, text: str) -> str:
        """The text without what ids and names cannot hold here."""
        return "".join(character for character in text if character not in self.backend.capabilities.refused_in_ids)

    def rounded(self, seconds: float) -> timedelta:
        """So many seconds, as durations are kept here."""
        step = self.backend.capabilities.time_step
        return timedelta(seconds=math.ceil(round(seconds / step, 3)) * step)

    def in_real_time(self) -> Backend:
        """From here on the test uses a backend whose clock is that of the machine."""
        self._time = utcnow
        self.backend = self.opened(self.construct_backend(utcnow))
        return self.backend

    # --- doing ---

    def start(
        self, id: str | None = None, *, workflow: object = "Order", input: Any = None, tags: Iterable[str] = ()
    ) -> str:
        """Start a process; its id."""
        return self.backend.start_process(Process(workflow, id, input, tags))

    def decide(self, *decisions: Decision, category: str = "default") -> DecisionTask:
        """Take the decision that is due, and decide this. It must be applied."""
        task = some(self.backend.poll_decision_task(category))
        assert self.backend.complete_decision_task(task, decisions)
        return task

    def work(self, result: Any = None, category: str = "default") -> ActivityTask:
        """Take the activity that waits, and end it with this result."""
        task = some(self.backend.poll_activity_task(category))
        self.backend.complete_activity_task(task, result)
        return task

    def scheduled(self, activity: str = "Pay", id: str = "1", input: Any = None) -> str:
        """Start a process that schedules one activity; the id of the process."""
        process_id = self.start()
        self.decide(ScheduleActivity(activity, id=id, input=input))
        return process_id

    def running(
        self, activity: str = "Pay", *, lease: Lease | None = None, identity: str | None = None
    ) -> ActivityTask:
        """Start a process that schedules one activity, and take that."""
        self.scheduled(activity)
        return some(self.backend.poll_activity_task(identity=identity, lease=lease))

    # --- looking ---

    def history(self, process_id: str) -> list[Event]:
        """What has happened to the process."""
        return list(self.backend.process_by_id(process_id).history)

    def types(self, process_id: str) -> list[str]:
        """The kinds of what has happened to the process."""
        return [event.type for event in self.history(process_id)]

    def last(self, process_id: str) -> Event:
        """What has happened to the process last."""
        return self.history(process_id)[-1]

    def open_ids(self) -> list[str | None]:
        """The open processes, oldest first."""
        return [process.id for process in self.backend.processes()]

    def open_activity(self, process_id: str) -> PendingActivity:
        """The one activity of the process that has not ended."""
        (activity,) = self.backend.pending(process_id).activities
        return activity

    def is_due(self, category: str = "default") -> bool:
        """Is a decision due? It is then taken."""
        return self.backend.poll_decision_task(category) is not None

    def log(self) -> list[Recorded]:
        """Every event of the store, in the order of their commits; process by process if it tells no other order."""
        if self.backend.capabilities.streams_all:
            return self.log_of(None)
        ids = dict.fromkeys(str(process.id) for process in self.backend.processes(status=None))
        return [recorded for process_id in ids for recorded in self.log_of(process_id)]

    def log_of(self, process_id: str | None) -> list[Recorded]:
        """All events of one process, or of all, a page at a time."""
        log: list[Recorded] = []
        while True:
            page = self.backend.events(process_id, after=log[-1].seq if log else None)
            if not page.items:
                return log
            log.extend(page)

    @contextmanager
    def nothing_recorded(self) -> Iterator[None]:
        """What happens within leaves no trace in any history."""
        before = self.log()
        yield
        assert self.log() == before

    def wait_for(self, process_id: str, condition: Callable[[Process], bool]) -> Process:
        """The process, once the condition is true of it."""
        deadline = utcnow().timestamp() + PATIENCE
        after = None
        while utcnow().timestamp() < deadline:
            process = self.backend.process_by_id(process_id)
            if condition(process):
                return process
            cursor = self.backend.events(process_id, after=after, wait=0.2).cursor
            after = after if cursor is None else int(cursor)
        raise AssertionError(f"what was waited for did not come: {self.backend.process_by_id(process_id).history}")
