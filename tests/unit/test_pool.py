"""A pool of threads: what it takes, when it ends, and what it leaves behind."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from typing import Any, ClassVar

import pytest

from pyworkflow import Process
from pyworkflow.decision import CompleteProcess, ScheduleActivity, StartChildProcess, Timer
from pyworkflow.event import ActivityEvent
from pyworkflow.exceptions import BackendException, BackendUnavailableException
from pyworkflow.managed import Activity, Manager, Workflow
from pyworkflow.managed.worker import DecisionWorker, Worker, WorkerPool, pool
from pyworkflow.managed.worker.activity import Quick
from pyworkflow.managed.worker.ledger import Ledger
from pyworkflow.managed.worker.source import Source
from pyworkflow.memory import MemoryBackend

Running = Callable[..., "Started"]


class Gate:
    """Activities that passed `begin` wait until `open` is set; the highest number that did so at a time."""

    def __init__(self) -> None:
        self.open = threading.Event()
        self.lock = threading.Lock()
        self.inside = self.most = 0

    def wait(self, pulse: Callable[[], None] = lambda: None) -> None:
        with self.lock:
            self.inside += 1
            self.most = max(self.most, self.inside)
        try:
            while not self.open.wait(0.01):
                pulse()
        finally:
            with self.lock:
                self.inside -= 1


class GatedActivity(Activity):
    gate: Gate

    def execute(self) -> str:
        type(self).gate.wait(self.heartbeat)
        return threading.current_thread().name


class HeavyActivity(GatedActivity):
    category = "heavy"


class FanWorkflow(Workflow):
    """Schedules `input` activities of each kind and completes when they have ended."""

    activities = (GatedActivity, HeavyActivity)

    def decide(self, process: Process) -> Any:
        if process.is_new:
            return [ScheduleActivity(kind) for kind in self.activities for _ in range(process.input)]
        return None if process.unfinished_activities() else CompleteProcess()


class OtherWorkflow(FanWorkflow):
    category = "other"


class ParentWorkflow(Workflow):
    def decide(self, process: Process) -> Any:
        if process.is_new:
            return StartChildProcess(Process(FanWorkflow, input=1))
        return CompleteProcess() if process.history[-2].type == "child_process" else None


class Started:
    """A pool that runs in a thread."""

    def __init__(self, pool: WorkerPool) -> None:
        self.pool = pool
        self._thread = threading.Thread(target=pool.run)
        self._thread.start()

    def ended(self) -> bool:
        self._thread.join(timeout=30)
        return not self._thread.is_alive()


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[Gate]:
    gate = Gate()
    monkeypatch.setattr(GatedActivity, "gate", gate, raising=False)
    yield gate
    gate.open.set()


@pytest.fixture
def manager() -> Iterator[Manager]:
    with MemoryBackend() as backend:
        yield Manager(backend, [FanWorkflow, OtherWorkflow, ParentWorkflow])


@pytest.fixture
def run(manager: Manager, gate: Gate) -> Iterator[Running]:
    """Runs a pool until the test is over, at the latest."""
    running: list[Started] = []

    def start(manager: Manager = manager, **options: Any) -> Started:
        running.append(Started(WorkerPool(manager, **options)))
        return running[-1]

    yield start
    gate.open.set()
    for one in running:
        one.pool.stop()
        assert one.ended()


def is_closed(manager: Manager, process_id: str) -> Callable[[], bool]:
    return lambda: manager.process_by_id(process_id).result is not None


def states(manager: Manager, process_id: str) -> list[str]:
    return sorted(one.state for one in manager.backend.pending(process_id).activities)


def test_it_works_in_all_categories_of_its_classes_until_it_is_stopped(
    manager: Manager, gate: Gate, run: Running, until: Any
) -> None:
    gate.open.set()
    started = run()
    for workflow in (FanWorkflow, OtherWorkflow, ParentWorkflow):
        until(is_closed(manager, manager.start_process(Process(workflow, input=2))))
    started.pool.stop()
    assert started.ended()


def test_as_many_activities_run_at_a_time_as_it_has_threads_for_them(
    manager: Manager, gate: Gate, run: Running, until: Any
) -> None:
    process_id = manager.start_process(Process(FanWorkflow, input=4))
    run(concurrency=3)
    until(lambda: states(manager, process_id) == ["running"] * 3 + ["waiting"] * 5)
    gate.open.set()
    until(is_closed(manager, process_id))
    assert gate.most == 3


def test_only_the_categories_that_are_named_are_served(manager: Manager, gate: Gate, run: Running) -> None:
    gate.open.set()
    process_id = manager.start_process(Process(FanWorkflow, input=1))
    other_id = manager.start_process(Process(OtherWorkflow, input=1))
    assert run(categories=["default"], burst=True).ended()
    assert states(manager, process_id) == ["waiting"]
    assert manager.backend.pending(process_id).activities[0].category == "heavy"
    assert manager.backend.pending(other_id).decision is not None
    assert run(categories=["default", "heavy"], burst=True).ended()
    assert is_closed(manager, process_id)()


def test_one_kind_of_task_can_be_left_to_others(manager: Manager, gate: Gate, run: Running) -> None:
    gate.open.set()
    process_id = manager.start_process(Process(FanWorkflow, input=1))
    assert run(activities=False, burst=True).ended()
    assert states(manager, process_id) == ["waiting", "waiting"]
    assert run(decisions=False, burst=True).ended()
    assert states(manager, process_id) == []
    assert manager.backend.pending(process_id).decision is not None


def test_a_burst_ends_when_nothing_is_due_and_nothing_runs(manager: Manager, gate: Gate, run: Running) -> None:
    gate.open.set()
    ids = [manager.start_process(Process(FanWorkflow, input=5)) for _ in range(20)]
    assert run(burst=True).ended()
    assert all(is_closed(manager, process_id)() for process_id in ids)


def test_a_burst_goes_on_while_something_runs(manager: Manager, gate: Gate, run: Running, until: Any) -> None:
    process_id = manager.start_process(Process(FanWorkflow, input=1))
    started = run(burst=True)
    until(lambda: states(manager, process_id) == ["running", "running"])
    gate.open.set()
    assert started.ended()
    assert is_closed(manager, process_id)()


def test_a_burst_does_not_wait_for_timers(manager: Manager, run: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FanWorkflow, "decide", lambda _self, _process: Timer(3600))
    manager.start_process(Process(FanWorkflow))
    assert run(burst=True).ended()


def test_a_burst_with_nothing_to_do_ends_at_once(run: Running) -> None:
    assert run(burst=True).ended()
    assert run(Manager(MemoryBackend()), burst=True).ended()


def test_with_a_root_only_that_process_and_its_descendants_are_served(
    manager: Manager, gate: Gate, run: Running
) -> None:
    gate.open.set()
    other = manager.start_process(Process(FanWorkflow, input=1))
    root = manager.start_process(Process(ParentWorkflow))
    assert run(root=root, burst=True).ended()
    assert is_closed(manager, root)()
    assert not is_closed(manager, other)()


def test_stopped_it_lets_what_runs_finish_and_takes_nothing_new(
    manager: Manager, gate: Gate, run: Running, until: Any
) -> None:
    process_id = manager.start_process(Process(FanWorkflow, input=2))
    started = run(concurrency=2)
    until(lambda: states(manager, process_id) == ["running", "running", "waiting", "waiting"])
    started.pool.stop()
    until(started.pool._stopping.is_set)
    gate.open.set()
    assert started.ended()
    endings = [one for one in manager.process_by_id(process_id).history if one.type == "activity"]
    assert [one.result.type for one in endings] == ["completed", "completed"]  # type: ignore[attr-defined]
    assert states(manager, process_id) == ["waiting", "waiting"]


def test_what_does_not_finish_in_time_is_released(
    manager: Manager, run: Running, until: Any, caplog: pytest.LogCaptureFixture
) -> None:
    process_id = manager.start_process(Process(FanWorkflow, input=1))
    started = run(concurrency=1, shutdown_timeout=0)
    until(lambda: "running" in states(manager, process_id))
    started.pool.stop()
    assert started.ended()
    assert states(manager, process_id) == ["waiting", "waiting"]
    assert "activity_lost" in [one.type for one in manager.process_by_id(process_id).history]
    until(lambda: "came too late, dropped" in caplog.text)  # its next heartbeat ended it
    assert f"of process {process_id}: released, not finished in time" in caplog.text


def test_an_abort_releases_at_once_also_after_a_stop(manager: Manager, run: Running, until: Any) -> None:
    for messages in (["abort"], ["stop", "abort"]):
        process_id = manager.start_process(Process(FanWorkflow, input=1))
        started = run(concurrency=1, shutdown_timeout=1000)
        until(lambda: "running" in states(manager, process_id))  # noqa: B023
        for message in messages:
            getattr(started.pool, message)()
        assert started.ended()
        assert "running" not in states(manager, process_id)
        manager.cancel_process(process_id)


def test_a_stop_from_a_signal_handler_ends_the_run_in_the_main_thread(manager: Manager) -> None:
    pool = WorkerPool(manager, concurrency=1)
    before = signal.signal(signal.SIGUSR1, lambda *_: pool.stop())
    main = threading.main_thread().ident
    assert main is not None
    try:
        threading.Timer(0.05, signal.pthread_kill, (main, signal.SIGUSR1)).start()
        pool.run()
    finally:
        signal.signal(signal.SIGUSR1, before)


def test_a_stop_before_the_run_ends_it(manager: Manager) -> None:
    pool = WorkerPool(manager)
    pool.stop()
    pool.run()


# --- stuck, enough, broken ---


def test_a_thread_that_is_stuck_past_its_time_out_is_replaced_and_logged(
    manager: Manager,
    gate: Gate,
    run: Running,
    until: Any,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(pool, "GRACE", 0.0)
    monkeypatch.setattr(pool, "LOOK", 0.01)
    monkeypatch.setattr(GatedActivity, "execution_timeout", 0.05)
    monkeypatch.setattr(GatedActivity, "heartbeat", lambda _: None)  # deaf, too
    manager = manager.copy_with_backend(manager.backend)
    first = manager.start_process(Process(FanWorkflow, input=1))
    started = run(manager, concurrency=2, categories=["default", "heavy"])
    until(lambda: caplog.text.count("still runs after its execution time-out; its thread is left to itself") == 2)
    until(is_closed(manager, first))
    assert gate.inside == 2
    gate.open.set()  # those that come from now on end at once
    monkeypatch.setattr(GatedActivity, "execution_timeout", 1000)
    second = manager.start_process(Process(FanWorkflow, input=3))
    until(is_closed(manager, second))
    until(lambda: caplog.text.count("came too late, dropped") == 2)
    started.pool.stop()
    assert started.ended()


def test_a_decision_that_hangs_does_not_make_its_worker_deaf(
    manager: Manager, gate: Gate, run: Running, until: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool, "GRACE", 0.0)
    monkeypatch.setattr(pool, "LOOK", 0.01)
    monkeypatch.setattr(FanWorkflow, "decision_timeout", 0.05)
    answers = [gate.wait]
    monkeypatch.setattr(FanWorkflow, "decide", lambda *_: answers.pop()() if answers else CompleteProcess())
    manager = manager.copy_with_backend(manager.backend)
    process_id = manager.start_process(Process(FanWorkflow))
    run(manager)
    until(is_closed(manager, process_id))
    assert gate.inside == 1


def test_a_stop_does_not_wait_for_threads_that_are_stuck(
    manager: Manager, gate: Gate, run: Running, until: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool, "GRACE", 0.0)
    monkeypatch.setattr(GatedActivity, "execution_timeout", 0.05)
    monkeypatch.setattr(GatedActivity, "heartbeat", lambda _: None)
    manager = manager.copy_with_backend(manager.backend)
    manager.start_process(Process(FanWorkflow, input=1))
    started = run(manager, shutdown_timeout=1000)
    until(lambda: gate.inside == 2)
    started.pool.stop()
    assert started.ended()
    assert gate.inside == 2


def test_timers_and_time_outs_take_effect_while_all_its_threads_are_busy(
    manager: Manager, gate: Gate, run: Running, until: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool, "LOOK", 0.01)
    monkeypatch.setattr(GatedActivity, "heartbeat", lambda _: None)  # which would apply what is due as well
    busy = manager.start_process(Process(FanWorkflow, input=1))
    started = run(concurrency=1)
    until(lambda: gate.inside == 1)
    monkeypatch.setattr(FanWorkflow, "decide", lambda *_: gate.wait())
    other = manager.start_process(Process(FanWorkflow))
    until(lambda: gate.inside == 2)
    with manager.backend.lease() as lease:
        manager.start_process(Process(OtherWorkflow, "timed"))
        task = manager.backend.poll_decision_task("other", lease=lease)
        assert task is not None
        manager.backend.complete_decision_task(task, Timer(0.05))
    until(lambda: manager.process_by_id("timed").history[-1].type == "timer")
    assert not is_closed(manager, busy)()
    assert not is_closed(manager, other)()
    started.pool.abort()


def test_it_ends_when_so_many_tasks_have_been_done(manager: Manager, gate: Gate, run: Running) -> None:
    gate.open.set()
    process_id = manager.start_process(Process(FanWorkflow, input=5))
    assert run(max_tasks=4).ended()
    taken = [one.type for one in manager.process_by_id(process_id).history]
    assert taken.count("activity_started") + taken.count("decision_started") in (4, 5)
    assert run(burst=True, max_tasks=0).ended()
    assert run(burst=True, max_tasks=1000).ended()
    assert is_closed(manager, process_id)()


def test_a_trouble_that_will_not_pass_ends_it(manager: Manager, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise BackendException("written by a newer version")

    monkeypatch.setattr(manager.backend, "poll_decision_tasks", broken)
    with pytest.raises(BackendException, match="written by a newer version"):
        WorkerPool(manager).run()


def test_a_poll_that_breaks_is_tried_again_by_one_thread_with_growing_pauses(
    manager: Manager, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    pauses: list[float] = []
    stopping = threading.Event()

    def wait(timeout: float) -> bool:
        pauses.append(timeout)
        if len(pauses) == 8:
            stopping.set()
        return stopping.is_set()

    def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("bug")

    monkeypatch.setattr(stopping, "wait", wait)
    monkeypatch.setattr(manager.backend, "poll_decision_tasks", broken)
    source = Source([DecisionWorker(manager)], Ledger(1), stopping, burst=False)
    while not stopping.is_set():
        assert source.next() == []
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60]
    assert caplog.text.count("polling failed, trying again in ") == 8


class OneByOneWorkflow(Workflow):
    """The process "slow" waits for the gate; the others decide at once."""

    def decide(self, process: Process) -> Any:
        if process.id == "slow":
            GatedActivity.gate.wait()
        return CompleteProcess()


@pytest.fixture
def batches(monkeypatch: pytest.MonkeyPatch) -> Iterator[Manager]:
    """Three processes whose decisions are due, the second of which is slow; workers take them together."""
    monkeypatch.setattr(Worker, "most", lambda _: 3)
    with MemoryBackend() as backend:
        manager = Manager(backend, [OneByOneWorkflow])
        for id in ("first", "slow", "last"):
            manager.start_process(Process(OneByOneWorkflow, id=id))
        yield manager


def test_a_decision_that_takes_long_holds_up_neither_those_before_nor_those_after_it(
    batches: Manager, gate: Gate, run: Running, until: Any
) -> None:
    run(batches)
    until(is_closed(batches, "first"))
    until(lambda: batches.backend.pending("last").decision.state == "due")  # type: ignore[union-attr]
    run(batches)
    until(is_closed(batches, "last"))
    assert "decision_failed" not in [event.type for event in batches.process_by_id("last").history]
    gate.open.set()
    until(is_closed(batches, "slow"))


@pytest.mark.parametrize("stop", ["stop", "abort"])
def test_what_waits_in_a_batch_is_not_begun_when_the_pool_has_ended(
    batches: Manager, gate: Gate, run: Running, until: Any, monkeypatch: pytest.MonkeyPatch, stop: str
) -> None:
    monkeypatch.setattr(pool, "SLOW", 1000)  # nobody looks after the batch before
    started = run(batches, shutdown_timeout=0)
    until(lambda: gate.inside == 1)
    getattr(started.pool, stop)()
    assert started.ended()
    assert is_closed(batches, "first")()
    states = {id: batches.backend.pending(id).decision for id in ("slow", "last")}
    assert [one.state for one in states.values() if one] == ["due", "due"]
    gate.open.set()
    assert not is_closed(batches, "last")()


class NamedActivity(Activity):
    """The one named "slow" waits for the gate."""

    done: ClassVar[list[str]] = []

    def execute(self) -> None:
        if self.input == "slow":
            GatedActivity.gate.wait(self.heartbeat)
        self.done.append(self.input)


class ThreeActivitiesWorkflow(Workflow):
    activities = (NamedActivity,)

    def decide(self, process: Process) -> Any:
        if process.is_new:
            return [ScheduleActivity(NamedActivity, id=name, input=name) for name in ("first", "slow", "last")]
        return None if process.unfinished_activities() else CompleteProcess()


@pytest.fixture
def untried(monkeypatch: pytest.MonkeyPatch) -> Iterator[Manager]:
    """A process with three activities, the second of which is slow."""
    monkeypatch.setattr(Worker, "most", lambda _: 3)
    monkeypatch.setattr(NamedActivity, "done", [])
    with MemoryBackend() as backend:
        manager = Manager(backend, [ThreeActivitiesWorkflow])
        manager.start_process(Process(ThreeActivitiesWorkflow, id="p"))
        yield manager


@pytest.fixture
def together(untried: Manager, monkeypatch: pytest.MonkeyPatch) -> Manager:
    """The same; workers take them together."""
    monkeypatch.setattr(Quick, "names", lambda _: [NamedActivity.name])
    return untried


def left(manager: Manager) -> dict[str, str]:
    return {one.execution.id: one.state for one in manager.backend.pending("p").activities}


def test_an_activity_that_takes_long_holds_up_neither_those_before_nor_those_after_it(
    together: Manager, gate: Gate, run: Running, until: Any
) -> None:
    run(together, concurrency=1)
    until(lambda: left(together) == {"slow": "running", "last": "waiting"})
    run(together, concurrency=1)
    until(lambda: left(together) == {"slow": "running"})
    gate.open.set()
    until(is_closed(together, "p"))
    assert NamedActivity.done == ["first", "last", "slow"]
    assert "activity_lost" not in [event.type for event in together.process_by_id("p").history]


def test_another_thread_of_its_pool_does_what_would_have_to_wait(
    together: Manager, gate: Gate, run: Running, until: Any
) -> None:
    run(together, concurrency=2)
    until(lambda: left(together) == {"slow": "running"})
    gate.open.set()
    until(is_closed(together, "p"))
    assert NamedActivity.done == ["first", "last", "slow"]


@pytest.mark.parametrize("stop", ["stop", "abort"])
def test_an_activity_that_was_not_begun_when_the_pool_has_ended_is_not_lost(
    together: Manager, gate: Gate, run: Running, until: Any, monkeypatch: pytest.MonkeyPatch, stop: str
) -> None:
    monkeypatch.setattr(pool, "SLOW", 1000)  # nobody looks after the batch before
    started = run(together, concurrency=1, shutdown_timeout=0)
    until(lambda: gate.inside == 1)
    getattr(started.pool, stop)()
    assert started.ended()
    activities = {one.execution.id: (one.state, one.losses) for one in together.backend.pending("p").activities}
    assert activities == {"slow": ("waiting", 1), "last": ("waiting", 0)}
    gate.open.set()
    assert "last" not in NamedActivity.done


def test_activities_are_quick_once_they_were_and_slow_for_long_when_they_were_not() -> None:
    quick = Quick()
    assert quick.names() == []
    quick.saw("Pay", 0.001)
    quick.saw("Ship", 0.1)
    assert quick.names() == ["Pay"]
    for _ in range(63):
        quick.saw("Ship", 0.001)
    assert quick.names() == ["Pay"]
    quick.saw("Ship", 0.001)
    assert quick.names() == ["Pay", "Ship"]
    quick.saw("Pay", 0.1)
    assert quick.names() == ["Ship"]


def test_only_activities_that_have_been_quick_are_taken_together(
    untried: Manager, gate: Gate, run: Running, until: Any
) -> None:
    gate.open.set()
    run(untried, concurrency=1)
    until(is_closed(untried, "p"))
    types = [event.type for event in untried.process_by_id("p").history if event.type.startswith("activity")]
    assert types == ["activity_started", "activity", *["activity_started"] * 2, *["activity"] * 2]


def test_activities_that_were_taken_together_are_told_together(
    together: Manager, gate: Gate, run: Running, until: Any
) -> None:
    gate.open.set()
    run(together, concurrency=1)
    until(is_closed(together, "p"))
    types = [event.type for event in together.process_by_id("p").history]
    assert types[5:11] == ["activity_started"] * 3 + ["activity"] * 3


class CountActivity(Activity):
    """Returns what all of them share."""

    shared: ClassVar[dict[str, int]] = {}

    def execute(self) -> Any:
        self.shared["count"] = self.shared.get("count", 0) + 1
        return self.shared


class CountWorkflow(Workflow):
    activities = (CountActivity,)
    shared: ClassVar[list[str]] = []

    def decide(self, process: Process) -> Any:
        if process.is_new:
            self.shared.append(str(process.id))
            return ScheduleActivity(CountActivity, input=self.shared)
        return CompleteProcess()


def test_what_was_answered_stays_so_though_others_answer_before_it_is_told(
    run: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Worker, "most", lambda _: 3)
    monkeypatch.setattr(Quick, "names", lambda _: [CountActivity.name])
    monkeypatch.setattr(CountActivity, "shared", {})
    monkeypatch.setattr(CountWorkflow, "shared", [])
    with MemoryBackend() as backend:
        manager = Manager(backend, [CountWorkflow])
        for id in "abc":
            manager.start_process(Process(CountWorkflow, id=id))
        assert run(manager, concurrency=1, burst=True).ended()
        histories = [manager.process_by_id(id).history for id in "abc"]
    ended = [event for history in histories for event in history if isinstance(event, ActivityEvent)]
    assert [event.result.result for event in ended] == [{"count": 1}, {"count": 2}, {"count": 3}]  # type: ignore[attr-defined]
    assert [event.activity_execution.input for event in ended] == [["a"], ["a", "b"], ["a", "b", "c"]]


@pytest.mark.usefixtures("gate")
def test_what_cannot_be_put_back_is_put_back_when_the_backend_is_there_again(
    together: Manager, run: Running, until: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_back, tried = together.backend.put_back, threading.Event()

    def away(task: Any) -> None:
        if not tried.is_set():
            tried.set()
            raise BackendUnavailableException("away")
        put_back(task)

    monkeypatch.setattr(together.backend, "put_back", away)
    run(together, concurrency=1)
    until(lambda: left(together) == {"slow": "running", "last": "waiting"})
    assert tried.is_set()


def test_an_abort_does_not_wait_for_a_backend_that_is_away(
    together: Manager, gate: Gate, run: Running, until: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = run(together, concurrency=1)
    until(lambda: gate.inside == 1)

    def away(*_: Any) -> None:
        raise BackendUnavailableException("away")

    for name in ("complete_activity_task", "put_back", "release"):
        monkeypatch.setattr(together.backend, name, away)
    started.pool.abort()
    assert started.ended()


def test_a_pool_that_counts_its_tasks_takes_them_one_by_one(batches: Manager, gate: Gate, run: Running) -> None:
    gate.open.set()
    assert run(batches, max_tasks=2).ended()
    assert len(list(batches.processes())) == 1


def test_more_tasks_are_taken_at_once_while_they_are_done_in_no_time(manager: Manager) -> None:
    worker = DecisionWorker(manager)
    sizes = []
    for _ in range(10):
        sizes.append(worker.most())
        worker.paced(sizes[-1], sizes[-1] * 0.0001)
    assert sizes[0] == 1
    assert sizes == sorted(sizes)
    assert 40 <= sizes[-1] <= 50
    worker.paced(1, 0.0025)
    assert worker.most() == 2
    worker.paced(2, 120)
    assert worker.most() == 1
    worker.paced(1, 0.0001)
    assert worker.most() == 1


def test_its_tasks_are_held_under_its_name_and_one_lease_that_it_closes(
    manager: Manager, gate: Gate, run: Running, until: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    happened: list[str] = []
    make = manager.backend.lease

    def watched(identity: str) -> Any:
        lease = make(identity)
        happened.append(f"opened by {identity}")
        monkeypatch.setattr(lease, "close", lambda: happened.append("closed"))
        return lease

    monkeypatch.setattr(manager.backend, "lease", watched)
    process_id = manager.start_process(Process(FanWorkflow, input=2))
    started = run(identity="me", concurrency=4)
    until(lambda: states(manager, process_id) == ["running"] * 4)
    assert {one.identity for one in manager.backend.pending(process_id).activities} == {"me"}
    assert happened == ["opened by me"]
    gate.open.set()
    started.pool.stop()
    assert started.ended()
    assert happened == ["opened by me", "closed"]


def test_a_stop_interrupts_the_polls_that_wait(manager: Manager, run: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    interrupted = threading.Event()
    monkeypatch.setattr(manager.backend, "interrupt", interrupted.set)
    run().pool.stop()
    assert interrupted.wait(30)


def test_a_source_that_is_stopping_takes_nothing(manager: Manager) -> None:
    manager.start_process(Process(FanWorkflow))
    stopping = threading.Event()
    source = Source([DecisionWorker(manager)], Ledger(1), stopping, burst=False)
    stopping.set()
    assert source.next() == []
    stopping.clear()
    assert len(source.next()) == 1


def test_decisions_that_failed_are_due_at_once_for_a_pool_with_other_code(
    manager: Manager, run: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers: list[Any] = [CompleteProcess(), 1 / 2]
    monkeypatch.setattr(FanWorkflow, "decide", lambda _self, _process: answers.pop())
    process_id = manager.start_process(Process(FanWorkflow))
    assert run(code="old", burst=True).ended()
    assert not is_closed(manager, process_id)()
    assert run(code="new", burst=True).ended()
    assert is_closed(manager, process_id)()


def test_a_busy_category_does_not_starve_another(manager: Manager, gate: Gate, run: Running) -> None:
    gate.open.set()
    many = manager.start_process(Process(FanWorkflow, input=100))
    assert run(concurrency=1, burst=True).ended()
    kinds = [
        one.activity_execution.activity  # type: ignore[attr-defined]
        for one in manager.process_by_id(many).history
        if one.type == "activity"
    ]
    assert {"Gated", "Heavy"} == set(kinds[:2])


def test_it_goes_on_when_the_backend_is_back(
    manager: Manager, gate: Gate, run: Running, until: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate.open.set()
    polls = {"poll_decision_tasks": manager.backend.poll_decision_tasks, "lease": manager.backend.lease}
    troubles = {"poll_decision_tasks": [BackendUnavailableException("away"), RuntimeError("bug")], "lease": []}
    troubles["lease"] = [BackendUnavailableException("away")]

    def failing(name: str) -> Callable[..., Any]:
        def call(*given: Any, **options: Any) -> Any:
            if troubles[name]:
                raise troubles[name].pop()
            return polls[name](*given, **options)  # type: ignore[operator]

        return call

    for name in polls:
        monkeypatch.setattr(manager.backend, name, failing(name))
    process_id = manager.start_process(Process(FanWorkflow, input=1))
    run()
    until(is_closed(manager, process_id))
    assert troubles == {"poll_decision_tasks": [], "lease": []}
