"""What the suite of 2013 observed, subtest by subtest: the first promise, kept with times that are aware."""

from __future__ import annotations

import threading
import unittest
from collections.abc import Sequence
from functools import cached_property
from typing import Any

from pyworkflow.activity import ActivityCanceled, ActivityCompleted, ActivityExecution, ActivityFailed, ActivityTimedOut
from pyworkflow.backend import Backend
from pyworkflow.decision import CancelProcess, CompleteProcess, Decision, ScheduleActivity, StartChildProcess
from pyworkflow.event import (
    ActivityEvent,
    ActivityStartedEvent,
    ChildProcessEvent,
    DecisionEvent,
    DecisionStartedEvent,
    Event,
    ProcessStartedEvent,
    SignalEvent,
    TimerEvent,
)
from pyworkflow.exceptions import UnknownActivityException
from pyworkflow.managed import Manager
from pyworkflow.managed.worker import ActivityWorker, DecisionWorker, WorkerThread
from pyworkflow.process import Process, ProcessCompleted
from pyworkflow.signal import Signal
from pyworkflow.task import ActivityTask, DecisionTask
from pyworkflow.testing.clock import Clock
from pyworkflow.testing.roles import PATIENCE
from pyworkflow.testing.trips import ALARM, AddActivity, AlarmWorkflow, SlowWorkflow, SumWorkflow, TripWorkflow


class WorkflowBackendTestCase(unittest.TestCase):
    """Inherit it, override `construct_backend`, and call the subtests from tests of your own.

    `construct_backend` can be called several times in a test, for objects over one store; give them `clock=self.clock`.
    Where that is not possible, set `is_external`: time is then waited for, and polls may wait as long as they like.
    """

    is_external = False

    @cached_property
    def clock(self) -> Clock:
        """What the backend tells the time by."""
        return Clock()

    def construct_backend(self) -> Backend:
        """The backend to test."""
        raise NotImplementedError(f"{type(self).__name__} must override construct_backend()")

    def pass_time(self, seconds: float) -> None:
        """Let so many seconds pass."""
        if self.is_external:
            threading.Event().wait(seconds)
        else:
            self.clock.advance(seconds)

    # --- basic: a backend by itself ---

    def subtest_basic(self) -> None:
        """A backend without workflow and activity classes: processes, decisions, activities, signals, children."""
        backend = self.construct_backend()
        backend.register_workflow("bill")
        backend.register_activity("square")
        process_id = self._listed(backend)
        history = self._squared(backend, process_id)
        self._with_child(backend, process_id, history)
        self._in_categories(backend)

    def _listed(self, backend: Backend) -> str:
        """Two processes are listed and found; one is cancelled; the id of the other."""
        backend.start_process(Process("bill", input=7, tags=["north", "paid"]))
        backend.start_process(Process("bill", input=8, tags=["south"]))
        (north,) = backend.processes(tag="paid")
        (south,) = backend.processes(tag="south")
        self.assertEqual(north, Process("bill", north.id, 7, ["north", "paid"]))
        self.assertEqual(south, Process("bill", south.id, 8, ["south"]))
        for listed in (backend.processes(), backend.processes(workflow="bill")):
            self.assertCountEqual([process.id for process in listed], [north.id, south.id])
        assert north.id is not None
        assert south.id is not None
        backend.cancel_process(south.id)
        self.assertEqual(list(backend.processes()), [north])
        return north.id

    def _squared(self, backend: Backend, process_id: str) -> list[Event]:
        """An activity is scheduled three times under one id and ends in three ways; the whole history."""
        execution = ActivityExecution("square", "first", 7)
        scheduled = ScheduleActivity("square", id="first", input=7)
        news = SignalEvent(Signal("note", {"urgent": False}))
        history: list[Event] = [ProcessStartedEvent()]
        for result in (ActivityFailed("bad", "pen"), ActivityCanceled("tired"), ActivityCompleted(49)):
            self._decide(backend, process_id, history, scheduled)
            if isinstance(result, ActivityFailed):
                backend.signal_process(process_id, "note", data={"urgent": False})
                history.append(news)
                self.assertEqual(backend.process_by_id(process_id).history, history)
            task = self._activity(backend)
            self.assertEqual((task.activity_execution, task.process_id), (execution, process_id))
            backend.complete_activity_task(task, result)
            history += [ActivityStartedEvent(execution), ActivityEvent(execution, result)]
        return history

    def _with_child(self, backend: Backend, process_id: str, history: list[Event]) -> None:
        """A child is started; the parent hears how it ended, and completes."""
        child = Process("bill", input=50, tags=["small"])
        self._decide(backend, process_id, history, StartChildProcess(child))
        task = self._decision(backend)
        self.assertEqual((task.process.workflow, task.process.input, task.process.parent), ("bill", 50, process_id))
        self.assertIsNotNone(task.process.id)
        backend.complete_decision_task(task, CompleteProcess(result=51))
        history.append(ChildProcessEvent(str(task.process.id), ProcessCompleted(51), workflow="bill", tags=["small"]))
        self._decide(backend, process_id, history, CompleteProcess())
        self.assertEqual(list(backend.processes()), [])

    def _decide(self, backend: Backend, process_id: str, history: list[Event], decision: Decision) -> None:
        """Take this process's decision, and make it; the history as it must be then is kept up."""
        task = self._decision(backend)
        history.append(DecisionStartedEvent())
        self.assertEqual((task.process.id, task.process.history), (process_id, history))
        backend.complete_decision_task(task, decision)
        history.append(DecisionEvent(decision))
        self.assertEqual(backend.process_by_id(process_id).history, history)

    def _in_categories(self, backend: Backend) -> None:
        """What is registered meanwhile in a category of its own is found there only."""
        backend.register_workflow("audit", category="careful")
        backend.register_activity("cube", category="strong")
        backend.start_process(Process("audit", input=3))
        self._is_empty(backend.poll_decision_task)
        scheduled = (ScheduleActivity("cube", input=3), ScheduleActivity("square", category="strong", input=3))
        for decision in scheduled:
            backend.complete_decision_task(self._decision(backend, "careful"), decision)
            self._is_empty(backend.poll_activity_task)
            task = self._activity(backend, "strong")
            self.assertEqual(task.activity_execution, ActivityExecution(decision.activity, decision.id, 3))
            backend.complete_activity_task(task, ActivityCanceled("never mind"))

    # --- managed: with classes ---

    def subtest_managed(self) -> None:
        """A manager finds the classes for the tasks, and the history is whole."""
        manager = Manager(self.construct_backend(), workflows=[SumWorkflow])
        manager.start_process(Process(workflow=SumWorkflow, input=[4, 5]))
        task = self._decision(manager.backend)
        self.assertEqual(manager.workflow_for_task(task), SumWorkflow())
        decision = manager.workflow_for_task(task).decide(task.process)
        manager.complete_task(task, decision)
        activity_task = self._activity(manager.backend, "arithmetic")
        activity = manager.activity_for_task(activity_task)
        self.assertEqual(activity, AddActivity(activity_task))
        manager.complete_task(activity_task, ActivityCompleted(result=activity.execute()))
        task = self._decision(manager.backend)
        execution = ActivityExecution("Add", decision.id, [4, 5])
        ended = (ActivityStartedEvent(execution), ActivityEvent(execution, ActivityCompleted(9)))
        decided = (ProcessStartedEvent(), DecisionStartedEvent(), DecisionEvent(decision))
        history: list[Event] = [*decided, *ended, DecisionStartedEvent()]
        self.assertEqual(task.process, Process("Sum", activity_task.process_id, [4, 5], history=history))
        manager.complete_task(task, manager.workflow_for_task(task).decide(task.process))
        self.assertEqual(list(manager.processes()), [])

    # --- order: several activities at a time, signals, failures ---

    def subtest_order(self) -> None:
        """A workflow of rules through its three ends: at once, in full, and after a failure."""
        manager = Manager(self.construct_backend(), workflows=[TripWorkflow])
        self._trip_without_deposit(manager)
        self._trip_with_one_more_town(manager)
        self._trip_without_hotel(manager)

    def _trip_without_deposit(self, manager: Manager) -> None:
        trip = Process(workflow=TripWorkflow, input={"towns": ["Rome", "Oslo"]}, tags=["spring", "train"])
        process_id = manager.start_process(trip)
        for listed in (manager.processes(workflow=TripWorkflow), manager.processes(tag="spring")):
            self.assertEqual(list(listed), [trip.copy_with_id(process_id)])
        self._decided(manager)
        manager.complete_task(self._activity(manager.backend), ActivityCanceled())
        self.assertEqual(self._decided(manager), [CancelProcess("no deposit")])
        self.assertEqual(list(manager.processes()), [])

    def _trip_with_one_more_town(self, manager: Manager) -> None:
        process_id = self._trip_with_deposit(manager)
        worker = ActivityWorker(manager)
        first = self._asked(manager, worker, process_id)
        manager.complete_task(first, ActivityCompleted())
        self.assertEqual(self._decided(manager), [])
        second = self._asked(manager, worker, process_id)
        manager.signal_process(process_id, Signal("one more town", data="Bern"))
        (decision,) = self._decided(manager)
        self.assertEqual((decision.activity, decision.input), ("Hotel", "Bern"))
        third = self._asked(manager, worker, process_id)
        self.assertIsNone(None if self.is_external else worker.step())
        worker.close()
        manager.complete_task(third, ActivityCompleted())
        manager.complete_task(second, ActivityCompleted())
        self.assertEqual(self._decided(manager), [CompleteProcess()])
        self.assertEqual(list(manager.processes()), [])

    def _trip_without_hotel(self, manager: Manager) -> None:
        self._trip_with_deposit(manager)
        manager.complete_task(self._activity(manager.backend), ActivityCompleted())
        manager.complete_task(self._activity(manager.backend), ActivityFailed())
        (decision,) = self._decided(manager)
        self.assertEqual(decision.activity, "Refund")
        manager.complete_task(self._activity(manager.backend), ActivityCompleted())
        self.assertEqual(self._decided(manager), [CancelProcess()])
        self.assertEqual(list(manager.processes()), [])

    def _trip_with_deposit(self, manager: Manager) -> str:
        process_id = manager.start_process(Process(workflow=TripWorkflow, input={"towns": ["Rome", "Oslo"]}))
        self._decided(manager)
        manager.complete_task(self._activity(manager.backend), ActivityCompleted())
        self.assertEqual([decision.input for decision in self._decided(manager)], ["Rome", "Oslo"])
        return process_id

    def _asked(self, manager: Manager, worker: ActivityWorker, process_id: str) -> ActivityTask:
        """Let a worker ask the next hotel; the task that its answer will complete."""
        before = self._left_open(manager, process_id)
        self.assertTrue(worker.step())
        (token,) = self._left_open(manager, process_id).keys() - before.keys()
        return ActivityTask(self._left_open(manager, process_id)[token], process_id, token)

    def _left_open(self, manager: Manager, process_id: str) -> dict[str, ActivityExecution]:
        activities = manager.backend.pending(process_id).activities
        return {str(one.token): one.execution for one in activities if one.state == "handed_off"}

    # --- time ---

    def subtest_timeouts(self) -> None:
        """An activity that waits too long, one that gives no sign of life, and one that takes too long."""
        manager = Manager(self.construct_backend(), workflows=[SlowWorkflow])
        process_id = manager.start_process(Process(workflow=SlowWorkflow))
        self.assertEqual(self._decided(manager), [ScheduleActivity("Slow", id=1)])
        self.pass_time(1)
        self._decided(manager)
        self.assertEqual(self._types(manager, process_id)[2:5], ["decision", "activity", "decision_started"])
        self._too_late(manager, self._activity(manager.backend), [1])
        self._decided(manager)
        self._too_late(manager, self._activity(manager.backend), [0.8, 0.8, 0.4])
        self.assertEqual(self._decided(manager), [CompleteProcess()])
        history = manager.process_by_id(process_id).history
        ended = [event.result for event in history if isinstance(event, ActivityEvent)]
        self.assertEqual(ended, [ActivityTimedOut(timeout=which) for which in ("scheduled", "heartbeat", "execution")])

    def _too_late(self, manager: Manager, task: ActivityTask, pauses: Sequence[float]) -> None:
        """Give signs of life between the pauses, and complete it after the last."""
        for pause in pauses[:-1]:
            self.pass_time(pause)
            manager.heartbeat(task)
        self.pass_time(pauses[-1])
        with self.assertRaises(UnknownActivityException):
            manager.complete_task(task, ActivityCompleted(result="at last"))

    def subtest_timer(self) -> None:
        """A timer is in the history when its time has come, and a decision follows."""
        manager = Manager(self.construct_backend(), workflows=[AlarmWorkflow])
        process_id = manager.start_process(Process(workflow=AlarmWorkflow))
        self.assertEqual(self._decided(manager), [ALARM])
        self.pass_time(1)
        task = self._decision(manager.backend)
        decided: list[Event] = [ProcessStartedEvent(), DecisionStartedEvent(), DecisionEvent(ALARM)]
        history = [*decided, TimerEvent(ALARM), DecisionStartedEvent()]
        self.assertEqual(task.process, Process("Alarm", process_id, history=history))
        manager.complete_task(task, manager.workflow_for_task(task).decide(task.process))
        self.assertEqual(list(manager.processes()), [])

    # --- threads ---

    def subtest_threads(self) -> None:
        """Workers in threads, each with a backend object of its own, bring a process to its end."""
        manager = Manager(self.construct_backend(), workflows=[SumWorkflow])
        deciding = DecisionWorker(manager.copy_with_backend(self.construct_backend()))
        executing = ActivityWorker(manager.copy_with_backend(self.construct_backend()), category="arithmetic")
        threads = [WorkerThread(deciding), WorkerThread(executing)]
        for thread in threads:
            thread.start()
        try:
            process_id = manager.start_process(Process(workflow=SumWorkflow, input=[4, 5]))
            self._wait_for_close(manager.backend, process_id)
        finally:
            for timeout in (0, PATIENCE):  # first ask them all to stop
                for thread in threads:
                    thread.join(timeout)
        self.assertFalse([thread for thread in threads if thread.is_alive()])
        self.assertEqual(list(manager.processes()), [])

    def _wait_for_close(self, backend: Backend, process_id: str) -> None:
        after: int | None = None
        while backend.process_by_id(process_id).result is None:
            cursor = backend.events(process_id, after=after, wait=PATIENCE).cursor
            self.assertIsNotNone(cursor, "the process does not go on")
            after = int(str(cursor))

    # --- what they share ---

    def _decision(self, backend: Backend, category: str = "default") -> DecisionTask:
        task = backend.poll_decision_task(category)
        assert task is not None
        return task

    def _activity(self, backend: Backend, category: str = "default") -> ActivityTask:
        task = backend.poll_activity_task(category=category)
        assert task is not None
        return task

    def _decided(self, manager: Manager) -> list[Any]:
        """Let the workflow make the decision that is due; what it decided."""
        task = self._decision(manager.backend)
        decided = manager.workflow_for_task(task).decide(task.process)
        manager.complete_task(task, decided)
        return decided if isinstance(decided, list) else [decided]

    def _types(self, manager: Manager, process_id: str) -> list[str]:
        return [event.type for event in manager.process_by_id(process_id).history]

    def _is_empty(self, poll: Any) -> None:
        """Nothing is there; not asked of one that would wait for it."""
        if not self.is_external:
            self.assertIsNone(poll())
