"""Executes activities."""

from __future__ import annotations

import inspect
import logging
import threading
from functools import partial
from time import monotonic

from pyworkflow import codec
from pyworkflow.activity import ActivityCompleted, ActivityFailed, ActivityResult, InterruptedActivityResult
from pyworkflow.backend import Lease
from pyworkflow.defaults import Defaults
from pyworkflow.managed.activity import Activity, ActivityMonitor
from pyworkflow.managed.manager import Manager
from pyworkflow.managed.worker.base import MOMENT, MOST, Ending, Outcome, Worker, in_one_process, printable
from pyworkflow.managed.worker.deadline import Deadline
from pyworkflow.managed.worker.failure import reason_of, traceback_of, where
from pyworkflow.managed.worker.heartbeat import PATIENCE, Pulse
from pyworkflow.managed.worker.loop import EventLoop
from pyworkflow.managed.worker.outage import Outage
from pyworkflow.task import ActivityTask


class Quick:
    """Which activities are quick: those that took no more than a moment the last time, or 64 times after a slow one.

    The threads of a worker share it, without a lock: a time that is not counted does no harm.
    """

    def __init__(self) -> None:
        self._more: dict[str, int] = {}  # quick executions until a name is trusted

    def saw(self, name: str, seconds: float) -> None:
        """An activity of this name took so many seconds."""
        self._more[name] = MOST if seconds > MOMENT else max(self._more.get(name, 1) - 1, 0)

    def names(self) -> list[str]:
        """Those of the quick ones."""
        return [name for name, more in list(self._more.items()) if more == 0]


class ActivityWorker(Worker[ActivityTask]):
    """Executes activities of one category, and ends them with what comes out. Coroutines share `loop`."""

    def __init__(
        self,
        manager: Manager,
        name: str | None = None,
        category: str = Defaults.ACTIVITY_CATEGORY,
        *,
        lease: Lease | None = None,
        root: str | None = None,
        outage: Outage | None = None,
        loop: EventLoop | None = None,
    ) -> None:
        super().__init__(manager, name, category, lease=lease, root=root, outage=outage)
        self._loop = loop or EventLoop()
        self._quick = Quick()

    def poll(self, wait: float | None = None) -> ActivityTask | None:
        """Take the activity that has waited longest, waiting up to `wait` seconds for one."""
        return self.manager.next_activity(self.name, self.category, wait=wait, lease=self.lease(), root=self.root)

    def take(self, most: int, wait: float | None = None) -> list[ActivityTask]:
        """The activities that have waited longest; together only those that have been quick lately."""
        return self.manager.next_activities(
            most, self.name, self.category, wait=wait, lease=self.lease(), root=self.root, quick=self._quick.names()
        )

    def describe(self, task: ActivityTask) -> str:
        """Its name, its id and its process."""
        execution = task.activity_execution
        return printable(f"activity {execution.activity} {execution.id} of process {task.process_id}")

    def deadline(self, task: ActivityTask) -> Deadline:
        """Its time-outs, as its class says."""
        known = self._class(task)
        return Deadline(known.execution_timeout, known.heartbeat_timeout)

    def work(self, task: ActivityTask, deadline: Deadline) -> Ending:
        """Execute it: it has ended, or is to be handed off."""
        began = monotonic()
        with in_one_process():
            result, place = self._execute(task, deadline)
        self._quick.saw(task.activity_execution.activity, monotonic() - began)
        deadline.met()
        backend = self.manager.backend
        if result is None:
            return Ending(lambda: backend.hand_off(task), lambda _: Outcome("handed off"))
        end = codec.as_recorded(codec.ACTIVITY_RESULT, result)  # others are executed before it is told
        return Ending(lambda: backend.complete_activity_task(task, end), partial(_outcome, place))

    def close(self) -> None:
        """Give up what is still held under a lease of its own, and the loop."""
        super().close()
        self._loop.close()

    def _class(self, task: ActivityTask) -> type[Activity]:
        return self.manager.activities.get(task.activity_execution.activity, Activity)

    def _execute(self, task: ActivityTask, deadline: Deadline) -> tuple[ActivityResult | None, str]:
        """How it ended, None if it is left open; and where, if it failed."""
        try:
            pulse = self._pulse(task, deadline)
            activity = self.manager.activity_for_task(task, ActivityMonitor(pulse))
            returned = activity.execute()
            if inspect.iscoroutine(returned):
                returned = self._loop.run(returned, deadline, None if _gives_signs_of_life(activity) else pulse.listen)
            return _result_of(activity, returned), ""
        except InterruptedActivityResult as result:
            return result, ""
        except KeyboardInterrupt as error:
            if threading.current_thread() is threading.main_thread():
                raise
            return _failed(error, self._class(task))  # elsewhere only the activity itself can have raised it
        except BaseException as error:  # SystemExit too: an activity cannot end its worker
            return _failed(error, self._class(task))

    def _pulse(self, task: ActivityTask, deadline: Deadline) -> Pulse:
        known = self._class(task)
        return Pulse(
            partial(self.manager.heartbeat, task),
            known.heartbeat_timeout,
            patience=0 if inspect.iscoroutinefunction(known.execute) else PATIENCE,
            arrived=deadline.beat,
        )


def _gives_signs_of_life(activity: Activity) -> bool:
    """Does the backend count on its own heartbeats?"""
    return activity.heartbeat_timeout < Defaults.ACTIVITY_HEARTBEAT_TIMEOUT


def _outcome(place: str, recorded: ActivityResult) -> Outcome:
    if isinstance(recorded, ActivityFailed):
        return Outcome(f"failed ({recorded.reason}{place})", logging.WARNING)
    return Outcome("timed out" if recorded.type == "timedout" else recorded.type)


def _result_of(activity: Activity, returned: object) -> ActivityResult | None:
    if isinstance(returned, ActivityResult):
        return returned
    return ActivityCompleted(returned) if activity.auto_complete else None


def _failed(error: BaseException, cls: type) -> tuple[ActivityFailed, str]:
    return ActivityFailed(reason_of(error), traceback_of(error, cls)), f", at {where(error, cls)}"
