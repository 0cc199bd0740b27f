"""Executes activities."""

from __future__ import annotations

import logging
import threading
from functools import partial

from pyworkflow.activity import ActivityCompleted, ActivityFailed, ActivityResult, InterruptedActivityResult
from pyworkflow.managed.activity import Activity, ActivityMonitor
from pyworkflow.managed.worker.base import Outcome, Worker, printable
from pyworkflow.managed.worker.failure import reason_of, traceback_of
from pyworkflow.managed.worker.heartbeat import Pulse
from pyworkflow.task import ActivityTask


class ActivityWorker(Worker[ActivityTask]):
    """Executes activities of one category, and ends them with what comes out."""

    def poll(self, wait: float | None = None) -> ActivityTask | None:
        """Take the activity that has waited longest, waiting up to `wait` seconds for one."""
        return self.manager.next_activity(self.name, self.category, wait=wait, lease=self.lease(), root=self.root)

    def describe(self, task: ActivityTask) -> str:
        """Its name, its id and its process."""
        execution = task.activity_execution
        return printable(f"activity {execution.activity} {execution.id} of process {task.process_id}")

    def work(self, task: ActivityTask) -> Outcome:
        """Execute it, then end it or hand it off. Raises UnknownActivityException if it is over by then."""
        result = self._execute(task)
        if result is None:
            self._outage.ride_out(partial(self.manager.backend.hand_off, task))
            return Outcome("handed off")
        self._outage.ride_out(partial(self.manager.complete_task, task, result))
        if isinstance(result, ActivityFailed):
            return Outcome(f"failed ({result.reason})", logging.WARNING)
        return Outcome("timed out" if result.type == "timedout" else result.type)

    def _execute(self, task: ActivityTask) -> ActivityResult | None:
        """How it ended; None if it is left open."""
        try:
            known = self.manager.activities.get(task.activity_execution.activity, Activity)
            pulse = Pulse(partial(self.manager.heartbeat, task), known.heartbeat_timeout)
            activity = self.manager.activity_for_task(task, ActivityMonitor(pulse))
            return _result_of(activity, activity.execute())
        except InterruptedActivityResult as result:
            return result
        except KeyboardInterrupt as error:
            if threading.current_thread() is threading.main_thread():
                raise
            return _failed(error)  # elsewhere only the activity itself can have raised it
        except BaseException as error:  # SystemExit too: an activity cannot end its worker
            return _failed(error)


def _result_of(activity: Activity, returned: object) -> ActivityResult | None:
    if isinstance(returned, ActivityResult):
        return returned
    return ActivityCompleted(returned) if activity.auto_complete else None


def _failed(error: BaseException) -> ActivityFailed:
    return ActivityFailed(reason_of(error), traceback_of(error))
