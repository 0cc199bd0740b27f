"""Workers: a task taken, done and closed, whatever the user's code does."""

from __future__ import annotations

import asyncio
import logging
import math
import os
import re
import threading
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pyworkflow import Process
from pyworkflow.activity import ActivityCanceled, ActivityCompleted, ActivityFailed, ActivityTimedOut
from pyworkflow.backend import Backend
from pyworkflow.decision import CancelActivity, CompleteProcess, RecordMarker, ScheduleActivity, Timer
from pyworkflow.event import DecisionStartedEvent, ProcessStartedEvent
from pyworkflow.exceptions import BackendUnavailableException, WorkflowException
from pyworkflow.managed import Activity, DefaultWorkflow, Manager, Workflow
from pyworkflow.managed.worker import ActivityWorker, DecisionWorker, Worker, WorkerThread, loop
from pyworkflow.managed.worker.base import LOGGER, printable
from pyworkflow.managed.worker.deadline import Deadline
from pyworkflow.memory import MemoryBackend
from pyworkflow.task import ActivityTask, DecisionTask


class DoActivity(Activity):
    """Does what its test says."""

    action: Any = None

    def execute(self) -> Any:
        return type(self).action(self)


class LeftOpenActivity(DoActivity):
    auto_complete = False


class DoWorkflow(Workflow):
    """Decides what its test says."""

    activities = (DoActivity, LeftOpenActivity)
    answer: Any = None

    def decide(self, process: Process) -> Any:
        return type(self).answer(process)


@pytest.fixture
def manager() -> Iterator[Manager]:
    with MemoryBackend() as backend:
        yield Manager(backend, [DoWorkflow])


def scheduled(manager: Manager, activity: type[Activity], monkeypatch: pytest.MonkeyPatch, action: Any) -> str:
    """A process with one activity that waits and does `action`."""
    monkeypatch.setattr(activity, "action", action)
    process_id = manager.start_process(Process(DoWorkflow, input={"secret": 5}))
    task = manager.next_decision()
    assert task is not None
    manager.complete_task(task, ScheduleActivity(activity, "a1", input={"secret": 5}))
    return process_id


def ending(manager: Manager, process_id: str) -> Any:
    [event] = [one for one in manager.process_by_id(process_id).history if one.type == "activity"]
    return event.result  # type: ignore[attr-defined]


def raising(error: BaseException) -> Any:
    def action(_: Any) -> None:
        raise error

    return action


def test_workers_are_workers_and_a_step_without_a_task_is_none(manager: Manager) -> None:
    for worker in (ActivityWorker(manager), DecisionWorker(manager)):
        assert isinstance(worker, Worker)
        assert worker.step() is None


@pytest.mark.parametrize(
    ("action", "result"),
    [
        (lambda self: {"had": self.input}, ActivityCompleted({"had": {"secret": 5}})),
        (lambda _: None, ActivityCompleted(None)),
        (lambda _: ActivityCompleted(7), ActivityCompleted(7)),
        (lambda _: ActivityCanceled("why"), ActivityCanceled("why")),
        (lambda _: ActivityFailed("why"), ActivityFailed("why")),
        (lambda _: ActivityTimedOut("why"), ActivityTimedOut("why")),
        (raising(ActivityCanceled("why")), ActivityCanceled("why")),
        (raising(ActivityFailed("why", {"a": 1})), ActivityFailed("why", {"a": 1})),
        (raising(ActivityTimedOut("why")), ActivityTimedOut("why")),
    ],
)
def test_an_activity_ends_with_what_it_returns_or_raises(
    manager: Manager, monkeypatch: pytest.MonkeyPatch, action: Any, result: Any
) -> None:
    process_id = scheduled(manager, DoActivity, monkeypatch, action)
    assert ActivityWorker(manager).step() is True
    assert ending(manager, process_id) == result


@pytest.mark.parametrize("error", [ValueError("no"), SystemExit("no"), GeneratorExit("no")], ids=repr)
def test_an_activity_that_raises_has_failed_and_its_worker_goes_on(
    manager: Manager, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    process_id = scheduled(manager, DoActivity, monkeypatch, raising(error))
    worker = ActivityWorker(manager)
    assert worker.step() is True
    result = ending(manager, process_id)
    assert (type(result), result.reason) == (ActivityFailed, f"{type(error).__name__}: no")
    assert "in action" in result.details
    assert worker.step() is None


def test_a_result_that_json_cannot_hold_is_a_failure(manager: Manager, monkeypatch: pytest.MonkeyPatch) -> None:
    process_id = scheduled(manager, DoActivity, monkeypatch, lambda _: {"a": {1, 2}})
    ActivityWorker(manager).step()
    assert isinstance(ending(manager, process_id), ActivityFailed)


def test_ctrl_c_in_the_main_thread_gives_the_activity_back(manager: Manager, monkeypatch: pytest.MonkeyPatch) -> None:
    process_id = scheduled(manager, DoActivity, monkeypatch, raising(KeyboardInterrupt()))
    with pytest.raises(KeyboardInterrupt):
        ActivityWorker(manager).step()
    history = manager.process_by_id(process_id).history
    assert history[-1].type == "activity_lost"
    assert manager.next_activity() is not None


def test_ctrl_c_in_another_thread_was_raised_by_the_activity_itself(
    manager: Manager, monkeypatch: pytest.MonkeyPatch
) -> None:
    process_id = scheduled(manager, DoActivity, monkeypatch, raising(KeyboardInterrupt()))
    thread = threading.Thread(target=ActivityWorker(manager).step)
    thread.start()
    thread.join()
    assert ending(manager, process_id).reason == "KeyboardInterrupt"


def test_an_activity_that_is_left_open_is_handed_off_and_completed_elsewhere(
    manager: Manager, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    tokens: list[str | None] = []
    process_id = scheduled(manager, LeftOpenActivity, monkeypatch, lambda self: tokens.append(self.task.context))
    with_lease = ActivityWorker(manager)
    assert with_lease.step() is True
    with_lease.close()
    [activity] = manager.backend.pending(process_id).activities
    assert (activity.state, activity.token) == ("handed_off", tokens[0])
    assert "handed off" in caplog.messages[-1]
    manager.backend.complete_activity_task(ActivityTask(activity.execution, context=tokens[0]), 7)
    assert ending(manager, process_id) == ActivityCompleted(7)


def test_an_activity_that_is_left_open_can_still_end_itself(manager: Manager, monkeypatch: pytest.MonkeyPatch) -> None:
    process_id = scheduled(manager, LeftOpenActivity, monkeypatch, lambda _: ActivityCompleted(7))
    ActivityWorker(manager).step()
    assert ending(manager, process_id) == ActivityCompleted(7)


def test_an_activity_that_no_workflow_here_names_is_left_to_a_worker_that_has_it(manager: Manager) -> None:
    manager.backend.register_activity("Parcel")
    process_id = manager.start_process(Process(DoWorkflow))
    task = manager.next_decision()
    assert task is not None
    manager.complete_task(task, ScheduleActivity("Parcel"))
    assert ActivityWorker(manager).step() is None
    assert manager.backend.pending(process_id).activities[0].state == "waiting"


def test_a_backend_that_hands_out_what_is_not_here_anyway_hears_so(manager: Manager) -> None:
    manager.backend.register_activity("Parcel")
    process_id = manager.start_process(Process(DoWorkflow))
    task = manager.next_decision()
    assert task is not None
    manager.complete_task(task, ScheduleActivity("Parcel"))
    given = manager.backend.poll_activity_task()
    assert given is not None
    worker = ActivityWorker(manager)
    worker.handle(given, LOGGER, worker.deadline(given))
    assert "no workflow that this worker has loaded names an activity 'Parcel'" in ending(manager, process_id).reason


def test_an_activity_that_is_to_be_canceled_learns_it_from_its_heartbeat(
    manager: Manager, monkeypatch: pytest.MonkeyPatch
) -> None:
    def action(self: Activity) -> str:
        manager.signal_process(process_id, "stop")
        task = manager.next_decision()
        assert task is not None
        manager.complete_task(task, CancelActivity("a1"))
        try:
            self.heartbeat()
        except ActivityCanceled:
            return "cleaned up"
        return "not asked"

    process_id = scheduled(manager, DoActivity, monkeypatch, action)
    ActivityWorker(manager).step()
    assert ending(manager, process_id) == ActivityCompleted("cleaned up")


def test_an_activity_that_lets_the_cancel_pass_ends_canceled(manager: Manager, monkeypatch: pytest.MonkeyPatch) -> None:
    def action(self: Activity) -> None:
        manager.signal_process(process_id, "stop")
        task = manager.next_decision()
        assert task is not None
        manager.complete_task(task, CancelActivity("a1"))
        self.heartbeat()

    process_id = scheduled(manager, DoActivity, monkeypatch, action)
    ActivityWorker(manager).step()
    assert ending(manager, process_id) == ActivityCanceled()


def test_details_of_a_heartbeat_can_be_read_while_the_activity_runs(
    manager: Manager, monkeypatch: pytest.MonkeyPatch
) -> None:
    def action(self: Activity) -> Any:
        self.heartbeat({"done": 3})
        return manager.backend.pending(process_id).activities[0].details

    process_id = scheduled(manager, DoActivity, monkeypatch, action)
    ActivityWorker(manager).step()
    assert ending(manager, process_id) == ActivityCompleted({"done": 3})


def test_a_result_that_comes_too_late_is_dropped_with_one_line(
    manager: Manager, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def action(self: Activity) -> int:
        manager.cancel_process(process_id)
        with pytest.raises(ActivityCanceled):
            self.heartbeat()
        return 7

    process_id = scheduled(manager, DoActivity, monkeypatch, action)
    assert ActivityWorker(manager).step() is True
    [line] = [one for one in caplog.records if one.levelno == logging.WARNING]
    assert "came too late, dropped" in line.message
    assert manager.process_by_id(process_id).history[-1].type == "process_closed"


def test_a_task_has_one_line_when_taken_and_one_when_closed_and_no_payload(
    manager: Manager, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    monkeypatch.setattr(DoWorkflow, "answer", lambda _: CompleteProcess({"secret": 5}))
    process_id = scheduled(manager, DoActivity, monkeypatch, lambda _: {"secret": 5})
    ActivityWorker(manager).step()
    DecisionWorker(manager).step()
    taken, closed, asked, decided = caplog.messages
    assert taken == f"activity Do a1 of process {process_id}: taken"
    assert closed.startswith(f"activity Do a1 of process {process_id}: completed in 0.")
    assert asked == f"decision of Do for process {process_id}: taken"
    assert decided.startswith(f"decision of Do for process {process_id}: 1 decision in 0.")
    assert "secret" not in caplog.text
    assert {record.name for record in caplog.records} == {"pyworkflow.worker"}


def test_what_fails_is_logged_as_a_warning_with_its_reason(
    manager: Manager, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    scheduled(manager, DoActivity, monkeypatch, raising(ValueError("no")))
    ActivityWorker(manager).step()
    assert re.search(r"failed \(ValueError: no, at .*test_workers\.py:\d+\) in", caplog.messages[-1])
    monkeypatch.setattr(DoWorkflow, "answer", raising(KeyError("euro")))
    DecisionWorker(manager).step()
    assert "failed (KeyError: 'euro', at " in caplog.messages[-1]
    assert os.path.relpath(__file__) in caplog.messages[-1]


def test_a_logger_that_is_given_is_used(
    manager: Manager, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    scheduled(manager, DoActivity, monkeypatch, lambda _: None)
    ActivityWorker(manager).step(logger=logging.getLogger("mine"))
    assert {record.name for record in caplog.records} == {"mine"}


def test_log_lines_cannot_be_broken_by_what_comes_from_outside() -> None:
    assert printable("a\nb\x1b[31m ü") == "a\\nb\\x1b[31m ü"
    assert printable("it's") == "it's"


def test_a_task_is_held_under_the_workers_lease_until_it_is_closed(manager: Manager) -> None:
    process_id = manager.start_process(Process(DoWorkflow))
    worker = DecisionWorker(manager, name="me")
    assert worker.poll() is not None
    assert manager.backend.pending(process_id).decision.identity == "me"  # type: ignore[union-attr]
    assert manager.next_decision() is None
    worker.close()
    assert manager.next_decision() is not None


# --- coroutines ---


class AsyncActivity(Activity):
    """Does what its test says, in the event loop."""

    action: Any = None

    async def execute(self) -> Any:
        return await type(self).action(self)


@pytest.fixture
def run_async(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Any]]:
    """Runs coroutines as activities of one worker, one after the other; the last one's ending."""
    with MemoryBackend() as backend:
        monkeypatch.setattr(DoWorkflow, "activities", (AsyncActivity,))
        manager = Manager(backend, [DoWorkflow])
        worker = ActivityWorker(manager)

        def run(*actions: Any) -> Any:
            for action in actions:
                process_id = scheduled(manager, AsyncActivity, monkeypatch, action)
                assert worker.step() is True
                result = ending(manager, process_id)
                manager.cancel_process(process_id)
            return result

        yield run
        worker.close()


def test_a_coroutine_is_executed_and_awaited(run_async: Callable[..., Any]) -> None:
    async def action(self: Activity) -> Any:
        await asyncio.sleep(0)
        return self.input

    assert run_async(action) == ActivityCompleted({"secret": 5})


def test_a_coroutine_that_raises_has_failed_where_it_did(run_async: Callable[..., Any]) -> None:
    async def action(_: Activity) -> None:
        await asyncio.sleep(0)
        raise TimeoutError("of its own")

    result = run_async(action)
    assert result.reason == "TimeoutError: of its own"
    assert "in action" in result.details


def test_coroutines_of_one_worker_share_an_event_loop(run_async: Callable[..., Any]) -> None:
    loops = []

    async def action(_: Activity) -> None:
        loops.append(asyncio.get_running_loop())

    run_async(action, action)
    assert len(loops) == 2
    assert loops[0] is loops[1]


def test_a_coroutine_is_cancelled_when_its_time_is_up(
    run_async: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    cleaned_up = threading.Event()

    async def action(_: Activity) -> None:
        try:
            await asyncio.sleep(3600)
        finally:
            cleaned_up.set()

    monkeypatch.setattr(AsyncActivity, "execution_timeout", 0.01)
    assert run_async(action) == ActivityTimedOut(timeout="execution")
    assert cleaned_up.wait(30)


def test_a_coroutine_that_gives_no_sign_of_life_is_cancelled(
    run_async: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(AsyncActivity, "heartbeat_timeout", 0.01)

    async def action(_: Activity) -> None:
        await asyncio.sleep(3600)

    assert run_async(action) == ActivityTimedOut(timeout="heartbeat")


@pytest.mark.parametrize("cleans_up", [False, True], ids=["ends", "cleans up"])
def test_a_coroutine_without_heartbeats_is_cancelled_when_that_is_asked_for(
    manager: Manager, monkeypatch: pytest.MonkeyPatch, cleans_up: bool
) -> None:
    async def action(_: Activity) -> str:
        decide(manager, CancelActivity("a1"))
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            if not cleans_up:
                raise
        return "cleaned up"

    monkeypatch.setattr(loop, "LISTEN", 0.01)
    monkeypatch.setattr(DoWorkflow, "activities", (AsyncActivity,))
    manager = Manager(manager.backend, [DoWorkflow])
    process_id = scheduled(manager, AsyncActivity, monkeypatch, action)
    manager.signal_process(process_id, "stop")
    worker = ActivityWorker(manager)
    worker.step()
    worker.close()
    assert ending(manager, process_id) == (ActivityCompleted("cleaned up") if cleans_up else ActivityCanceled())


def test_a_task_that_is_done_is_not_late_any_more_while_the_backend_is_told(
    manager: Manager, monkeypatch: pytest.MonkeyPatch
) -> None:
    scheduled(manager, DoActivity, monkeypatch, lambda _: None)
    worker = ActivityWorker(manager)
    task = worker.poll()
    assert task is not None
    deadline = Deadline(0)
    told: list[float] = []
    complete = manager.backend.complete_activity_task

    def complete_late(*given: Any) -> Any:
        told.append(deadline.left())
        return complete(*given)

    monkeypatch.setattr(manager.backend, "complete_activity_task", complete_late)
    worker.handle(task, LOGGER, deadline)
    worker.close()
    assert told == [math.inf]


def test_a_coroutine_learns_of_a_cancel_and_its_heartbeats_do_not_block(
    manager: Manager, monkeypatch: pytest.MonkeyPatch
) -> None:
    pulse = threading.Event()
    heartbeat = manager.heartbeat

    def slow(task: Any, details: Any = None) -> Any:
        assert pulse.wait(30)
        return heartbeat(task, details)

    async def action(self: Activity) -> None:
        self.heartbeat("begun")  # returns, though the backend does not answer yet
        decide(manager, CancelActivity("a1"))
        pulse.set()
        while True:
            await asyncio.sleep(0.001)
            self.heartbeat()

    monkeypatch.setattr(DoWorkflow, "activities", (AsyncActivity,))
    manager = Manager(manager.backend, [DoWorkflow])
    monkeypatch.setattr(manager, "heartbeat", slow)
    process_id = scheduled(manager, AsyncActivity, monkeypatch, action)
    manager.signal_process(process_id, "stop")
    worker = ActivityWorker(manager)
    worker.step()
    worker.close()
    assert ending(manager, process_id) == ActivityCanceled()


def decide(manager: Manager, *decisions: Any) -> None:
    task = manager.next_decision()
    assert task is not None
    manager.complete_task(task, decisions)


# --- what an activity can do to its worker ---


def test_an_activity_that_forks_ends_once_and_its_child_does_no_work_of_ours(
    manager: Manager, monkeypatch: pytest.MonkeyPatch
) -> None:
    def action(_: Activity) -> str:
        child = os.fork()
        if child:
            assert os.waitpid(child, 0) == (child, 0)
        return "parent" if child else "child"

    process_id = scheduled(manager, DoActivity, monkeypatch, action)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # forking beside threads
        assert ActivityWorker(manager).step() is True
    assert ending(manager, process_id) == ActivityCompleted("parent")


def test_what_is_recorded_as_a_failure_is_logged_as_one(
    manager: Manager, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    scheduled(manager, DoActivity, monkeypatch, lambda _: {"a": {1, 2}})
    ActivityWorker(manager).step()
    assert 'failed (how it ended (completed) cannot be recorded: result["a"]: an object of set' in caplog.messages[-1]


# --- deciding ---


def decided(manager: Manager, process_id: str) -> list[Any]:
    return [one.decision for one in manager.process_by_id(process_id).history if one.type == "decision"]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("answer", "decisions"),
    [
        (None, []),
        (Timer(5), [Timer(5)]),
        ([Timer(5), Timer(6)], [Timer(5), Timer(6)]),
        (iter([Timer(5), CompleteProcess(7)]), [Timer(5), CompleteProcess(7)]),
    ],
)
def test_what_decide_returns_is_recorded(
    manager: Manager, monkeypatch: pytest.MonkeyPatch, answer: Any, decisions: list[Any]
) -> None:
    monkeypatch.setattr(DoWorkflow, "answer", lambda _: answer)
    process_id = manager.start_process(Process(DoWorkflow))
    assert DecisionWorker(manager).step() is True
    assert decided(manager, process_id) == decisions


def test_an_activity_class_is_scheduled_with_the_input_of_the_process(
    manager: Manager, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(DoWorkflow, "answer", lambda _: DoActivity)
    manager.start_process(Process(DoWorkflow, input=[1, 2]))
    DecisionWorker(manager).step()
    task = manager.next_activity()
    assert task is not None
    assert (task.activity_execution.activity, task.activity_execution.input) == ("Do", [1, 2])


def test_the_same_question_gets_the_same_ids_and_another_process_others(
    manager: Manager, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(DoWorkflow, "answer", lambda _: (ScheduleActivity(DoActivity) for _ in range(3)))
    process = Process(DoWorkflow, "p")
    worker = DecisionWorker(manager)
    ids = [[one.id for one in worker.decide(DecisionTask(process))] for _ in range(2)]  # type: ignore[attr-defined]
    others = [one.id for one in worker.decide(DecisionTask(Process(DoWorkflow, "q")))]  # type: ignore[attr-defined]
    again = [one.id for one in worker.decide(DecisionTask(Process(DoWorkflow, "p", run=2)))]  # type: ignore[attr-defined]
    process.history.append(DecisionStartedEvent())
    later = [one.id for one in worker.decide(DecisionTask(process))]  # type: ignore[attr-defined]
    assert ids[0] == ids[1]
    assert len({*ids[0], *others, *again, *later}) == 12


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (raising(ValueError("no")), "ValueError: no"),
        (raising(SystemExit(1)), "SystemExit: 1"),
        (lambda _: "Do", "InvalidDecisionException: 'Do': is no decision"),
        (lambda _: ScheduleActivity("Parcel"), "InvalidDecisionException: ScheduleActivity(activity='Parcel'"),
        (lambda _: [CompleteProcess(), RecordMarker("m")], "InvalidDecisionException: "),
        (lambda _: RecordMarker("m", object()), "InvalidDecisionException: "),
    ],
)
def test_a_decide_that_fails_is_reported_and_closes_nothing(
    manager: Manager, monkeypatch: pytest.MonkeyPatch, answer: Any, reason: str
) -> None:
    monkeypatch.setattr(DoWorkflow, "answer", answer)
    process_id = manager.start_process(Process(DoWorkflow))
    worker = DecisionWorker(manager)
    assert worker.step() is True
    pending = manager.backend.pending(process_id).decision
    assert pending is not None
    assert pending.error is not None
    assert pending.error.startswith(reason)
    failed = manager.process_by_id(process_id).history[-1]
    assert failed.type == "decision_failed"
    assert __file__ in failed.traceback  # type: ignore[attr-defined]
    assert "pyworkflow/" not in failed.traceback.replace(__file__, "")  # type: ignore[attr-defined]
    assert worker.step() is None  # not at once again


def test_a_decide_that_failed_is_asked_again_at_once_by_a_worker_with_other_code(
    manager: Manager, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(DoWorkflow, "answer", raising(ValueError("no")))
    process_id = manager.start_process(Process(DoWorkflow))
    DecisionWorker(manager, code="old").step()
    assert DecisionWorker(manager, code="old").step() is None
    monkeypatch.setattr(DoWorkflow, "answer", lambda _: CompleteProcess())
    assert DecisionWorker(manager, code="new").step() is True
    assert manager.process_by_id(process_id).result is not None


def test_a_process_of_a_workflow_that_is_not_here_is_left_to_a_worker_that_has_it(manager: Manager) -> None:
    manager.backend.register_workflow("Parcel")
    process_id = manager.start_process(Process("Parcel"))
    assert DecisionWorker(manager).step() is None
    assert manager.process_by_id(process_id).history == [ProcessStartedEvent()]


def test_a_closing_decision_that_news_overtook_is_made_again(
    manager: Manager, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def answer(process: Process) -> Any:
        if not any(one.type == "signal" for one in process.history):
            manager.signal_process(process_id, "late")
        return CompleteProcess([one.type for one in process.history].count("signal"))

    caplog.set_level("INFO")
    monkeypatch.setattr(DoWorkflow, "answer", answer)
    process_id = manager.start_process(Process(DoWorkflow))
    worker = DecisionWorker(manager)
    worker.step()
    assert "put off, since news came in between" in caplog.messages[-1]
    worker.step()
    assert decided(manager, process_id) == [CompleteProcess(1)]


def test_a_decision_for_a_process_that_was_closed_meanwhile_is_dropped_with_one_line(
    manager: Manager, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(DoWorkflow, "answer", manager.cancel_process)
    manager.start_process(Process(DoWorkflow))
    assert DecisionWorker(manager).step() is True
    assert "came too late, dropped" in caplog.messages[-1]
    assert len(caplog.records) == 1


# --- a backend in trouble ---


class Troubled:
    """A memory backend, some calls to which raise what they are told to, so many times."""

    def __init__(self, error: Exception, **times: int) -> None:
        self.backend = MemoryBackend()
        self._error = error
        self._times = times

    def __getattr__(self, name: str) -> Any:
        if self._times.get(name, 0) > 0:
            self._times[name] -= 1

            def call(*_: Any, **__: Any) -> None:
                raise self._error

            return call
        return getattr(self.backend, name)


def troubled(error: Exception, **times: int) -> Manager:
    backend: Any = Troubled(error, **times)
    assert isinstance(backend.backend, Backend)
    return Manager(backend, [DoWorkflow])


AWAY = BackendUnavailableException("the file is locked")


def test_a_result_is_kept_until_the_backend_is_back(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    manager = troubled(AWAY, complete_activity_task=3)
    process_id = scheduled(manager, DoActivity, monkeypatch, lambda _: 7)
    assert ActivityWorker(manager).step() is True
    assert ending(manager, process_id) == ActivityCompleted(7)
    assert [one.message for one in caplog.records if one.levelno >= logging.WARNING] == [
        "the backend cannot be reached, trying again: the file is locked",
        "the backend is back",
    ]


def test_decisions_are_kept_until_the_backend_is_back(monkeypatch: pytest.MonkeyPatch) -> None:
    manager = troubled(AWAY, complete_decision_task=1)
    monkeypatch.setattr(DoWorkflow, "answer", lambda _: CompleteProcess())
    process_id = manager.start_process(Process(DoWorkflow))
    assert DecisionWorker(manager).step() is True
    assert decided(manager, process_id) == [CompleteProcess()]


def test_a_heartbeat_that_does_not_arrive_does_not_end_the_activity(monkeypatch: pytest.MonkeyPatch) -> None:
    manager = troubled(AWAY, heartbeat_activity_task=1)
    process_id = scheduled(manager, DoActivity, monkeypatch, lambda self: self.heartbeat() or 7)
    ActivityWorker(manager).step()
    assert ending(manager, process_id) == ActivityCompleted(7)


def test_a_task_that_the_backend_breaks_on_is_given_back(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    manager = troubled(WorkflowException("disk full"), complete_activity_task=1)
    process_id = scheduled(manager, DoActivity, monkeypatch, lambda _: 7)
    worker = ActivityWorker(manager)
    assert worker.step() is True
    assert caplog.messages[-1].endswith(": released")
    assert "disk full" in caplog.text
    assert worker.step() is True
    assert ending(manager, process_id) == ActivityCompleted(7)


def test_a_step_that_cannot_poll_says_so() -> None:
    manager = troubled(AWAY, poll_activity_task=1)
    with pytest.raises(BackendUnavailableException):
        ActivityWorker(manager).step()


# --- threads ---


def test_a_worker_thread_works_until_it_is_joined(
    manager: Manager, monkeypatch: pytest.MonkeyPatch, until: Any
) -> None:
    monkeypatch.setattr(
        DoWorkflow,
        "answer",
        lambda process: CompleteProcess() if "activity" in [one.type for one in process.history] else DoActivity,
    )
    monkeypatch.setattr(DoActivity, "action", lambda _: None)
    threads = [WorkerThread(DecisionWorker(manager)), WorkerThread(ActivityWorker(manager), delay_on_idle=0.01)]
    for thread in threads:
        thread.start()
    process_id = manager.start_process(Process(DoWorkflow))
    until(lambda: manager.process_by_id(process_id).result)
    for thread in threads:
        thread.join(timeout=30)
        assert not thread.is_alive()


def test_run_can_be_called_and_another_threads_join_ends_it(manager: Manager) -> None:
    thread = WorkerThread(DecisionWorker(manager), delay_on_idle=0.01)
    stopper = threading.Timer(0.01, thread.join)
    stopper.start()
    thread.run()
    stopper.join()


def test_a_thread_survives_a_backend_that_is_away_and_polls_that_break(
    monkeypatch: pytest.MonkeyPatch, until: Any, caplog: pytest.LogCaptureFixture
) -> None:
    for error in (AWAY, RuntimeError("bug")):
        manager = troubled(error, poll_decision_task=2)
        monkeypatch.setattr(DoWorkflow, "answer", lambda _: CompleteProcess())
        process_id = manager.start_process(Process(DoWorkflow))
        thread = WorkerThread(DecisionWorker(manager), delay_on_idle=0.01)
        thread.start()
        until(lambda: manager.process_by_id(process_id).result)  # noqa: B023
        thread.join()
    assert caplog.text.count("the backend cannot be reached") == 1
    assert caplog.text.count("polling failed, trying again") == 2


def test_a_thread_that_is_joined_does_not_keep_a_result_for_a_backend_that_is_away(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, until: Any
) -> None:
    manager = troubled(AWAY, complete_activity_task=1_000_000, release=1_000_000)
    scheduled(manager, DoActivity, monkeypatch, lambda _: 7)
    thread = WorkerThread(ActivityWorker(manager), delay_on_idle=0.01)
    thread.start()
    until(lambda: "the backend cannot be reached" in caplog.text)
    thread.join(timeout=30)
    assert not thread.is_alive()


def test_a_thread_gives_up_its_lease_when_it_ends(manager: Manager) -> None:
    process_id = manager.start_process(Process(DoWorkflow))
    worker = DecisionWorker(manager)
    assert worker.poll() is not None
    thread = WorkerThread(worker, delay_on_idle=0.01)
    thread.join()
    thread.run()
    assert manager.backend.pending(process_id).decision.state == "due"  # type: ignore[union-attr]


class Hookless(DefaultWorkflow):
    """Lacks a hook for what comes first."""


class Idle(Activity):
    """Lacks what it is there for."""


def test_what_a_class_lacks_is_told_with_the_place_of_the_class(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    with MemoryBackend() as backend:
        manager = Manager(backend, [Hookless, DoWorkflow])
        process = manager.process_by_id(manager.start_process(Process(Hookless)))
        DecisionWorker(manager).step()
        lines = Path(__file__).read_text().splitlines()
        line = 1 + next(number for number, text in enumerate(lines) if text.startswith("class Hookless"))
        failed = manager.process_by_id(str(process.id)).history[-1]
        assert failed.traceback == f'  File "{__file__}", line {line}, in Hookless\n{failed.reason}'  # type: ignore[attr-defined]
    assert re.search(rf"which this event calls for, at .*test_workers\.py:{line}\) in", caplog.messages[-1])


def test_an_activity_that_does_nothing_is_told_with_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(DoWorkflow, "activities", [Idle])
    with MemoryBackend() as backend:
        manager = Manager(backend, [DoWorkflow])
        process_id = manager.start_process(Process(DoWorkflow))
        task = manager.next_decision()
        assert task is not None
        manager.complete_task(task, ScheduleActivity(Idle, "a1"))
        ActivityWorker(manager).step()
        failed = ending(manager, process_id)
    assert re.fullmatch(rf'  File "{__file__}", line \d+, in Idle\n{re.escape(failed.reason)}', failed.details)
