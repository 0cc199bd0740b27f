"""V: what things are called, what they are made of, and when they happened."""

from __future__ import annotations

import datetime as datetimes
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import pytest

import pyworkflow.activity
import pyworkflow.decision
import pyworkflow.event
import pyworkflow.process
from pyworkflow.activity import (
    ActivityCanceled,
    ActivityExecution,
    ActivityFailed,
    ActivityResult,
    ActivityTimedOut,
    InterruptedActivityResult,
)
from pyworkflow.backend import ALL
from pyworkflow.decision import (
    CancelTimer,
    CompleteProcess,
    ContinueAsNew,
    Decision,
    RecordMarker,
    ScheduleActivity,
    SignalProcess,
    StartChildProcess,
    Timer,
)
from pyworkflow.event import ActivityEvent, DecisionEvent, ProcessStartedEvent, SignalEvent
from pyworkflow.exceptions import ConfigurationException
from pyworkflow.managed import Activity, Manager, Workflow
from pyworkflow.managed.worker import ActivityWorker, DecisionWorker
from pyworkflow.process import Process
from pyworkflow.signal import Signal
from pyworkflow.testing.contract.base import Contract, some


class WrapActivity(Activity):
    """Ends as its input says: what is named is returned or raised."""

    def execute(self) -> Any:
        how, kind = self.input
        ending = ENDINGS[kind]
        if how == "raised":
            raise ending
        return ending


class PostActivity(Activity):
    name = "Send by post"

    def execute(self) -> Any:
        return None


class ParcelWorkflow(Workflow):
    """Schedules the same two things whenever it is asked."""

    activities = (WrapActivity, PostActivity)

    def decide(self, process: Process) -> list[Decision]:
        return [ScheduleActivity(WrapActivity, input=process.input), ScheduleActivity(PostActivity)]


ENDINGS: dict[str, InterruptedActivityResult] = {
    "canceled": ActivityCanceled("no paper"),
    "failed": ActivityFailed("torn", ["left", "right"]),
    "timedout": ActivityTimedOut("half", timeout="glue"),
}


class VocabularyRules(Contract):
    """V1, V2 and V4 to V6."""

    # --- V1 names ---

    def test_V1_a_process_and_its_activities_are_recorded_by_the_names_of_their_classes(self) -> None:
        manager = Manager(self.backend, [ParcelWorkflow])
        process_id = manager.start_process(Process(ParcelWorkflow()))
        task = some(manager.next_decision())
        manager.complete_task(task, manager.workflow_for_task(task).decide(task.process))
        assert self.backend.process_by_id(process_id).workflow == "Parcel"
        names = [some(manager.next_activity()).activity_execution.activity for _ in range(2)]
        assert names == ["Wrap", "Send by post"]
        assert [process.id for process in self.backend.processes(workflow=ParcelWorkflow)] == [process_id]

    def test_V1_two_classes_of_one_kind_and_name_are_an_error(self) -> None:
        class Post(Activity):
            name = "Send by post"

        class BulkWorkflow(Workflow):
            activities = (Post,)

        with pytest.raises(ConfigurationException, match="Send by post"):
            Manager(self.backend, [ParcelWorkflow, BulkWorkflow])
        again = type("ParcelWorkflow", (Workflow,), {})
        with pytest.raises(ConfigurationException, match="Parcel"):
            Manager(self.backend, [ParcelWorkflow, again])

    # --- V2 values ---

    def test_V2_a_process_is_equal_whenever_and_by_whomever_it_is_read(self) -> None:
        process_id = self._eventful()
        one, other = self.backend.process_by_id(process_id), self.another().process_by_id(process_id)
        assert one == other
        assert one.history is not other.history
        assert list(self.backend.processes(status=None)).count(one) == 1
        assert one.history[0] == ProcessStartedEvent(datetime=datetime.now(UTC))

    def test_V2_what_was_read_is_the_callers_own(self) -> None:
        process_id = self.start(input={"items": []}, tags=["t"])
        self.decide(RecordMarker("m", {"items": []}))
        before = self.backend.process_by_id(process_id)
        self.backend.signal_process(process_id, "go")
        task = some(self.backend.poll_decision_task())
        for mine in (self.backend.process_by_id(process_id), next(self.backend.processes()), task.process):
            mine.input["items"].append(1)
            mine.tags.append("x")
            marker = mine.history[2]
            assert isinstance(marker, DecisionEvent)
            assert isinstance(marker.decision, RecordMarker)
            marker.decision.data["items"].append(1)
            if isinstance(mine.history, list):
                mine.history.clear()
        after = self.backend.process_by_id(process_id)
        assert (after.input, after.tags, after.history[:3]) == (before.input, before.tags, before.history)

    def test_V2_what_was_given_is_copied(self) -> None:
        given: dict[str, list[int]] = {"items": []}
        process_id = self.start(input=given)
        self.backend.signal_process(process_id, "go", given)
        self.decide(ScheduleActivity("Pay", input=given), RecordMarker("m", given))
        task = self.work(given)
        given["items"].append(1)
        process = self.backend.process_by_id(process_id)
        assert process.input == {"items": []}
        recorded = [event for event in process.history if "items" in repr(event)]
        assert len(recorded) == 5
        assert not [event for event in recorded if "[1]" in repr(event)]
        assert task.activity_execution.input == {"items": []}

    def test_V2_what_is_recorded_reads_as_the_call_that_makes_it(self) -> None:
        words = vars(pyworkflow.activity) | vars(pyworkflow.process) | vars(pyworkflow.decision)
        words |= vars(pyworkflow.event) | {"Signal": Signal, "datetime": datetimes}
        for recorded in self._log_of_much():
            assert eval(repr(recorded.event), dict(words)) == recorded.event

    def _eventful(self) -> str:
        """A process with many kinds of events and decisions, still open."""
        process_id = self.start("full", input={"a": [1]}, tags=["red"])
        child = StartChildProcess(Process("Order", input=2, tags=["blue"]), "TERMINATE")
        timers = (Timer(5, {"t": 1}, id="t"), Timer(9.5), CancelTimer(Timer(9.5)))
        lost_signal = SignalProcess("nobody", Signal("hello", [1]))
        self.decide(ScheduleActivity("Pay", id="1", input=(1, 2)), *timers, child, lost_signal, RecordMarker("m"))
        self.work({"paid": True})
        self.backend.request_cancel_process(process_id, "late")
        self.clock.advance(5)
        return process_id

    def _log_of_much(self) -> list[Any]:
        process_id = self._eventful()
        self.backend.fail_decision_task(some(self.backend.poll_decision_task()), "why", "where")
        self.backend.cancel_process(process_id, "enough")
        log = self.log()
        assert len({recorded.event.type for recorded in log}) >= 9
        return log

    # --- V4 times ---

    def test_V4_an_event_has_the_time_of_the_clock_to_the_microsecond(self) -> None:
        process_id = self.start()
        started = self.clock()
        step = self.backend.capabilities.clock_step  # a microsecond, unless it declares another
        self.clock.advance(step)
        self.backend.signal_process(process_id, "go")
        times = [event.datetime for event in self.history(process_id)]
        assert times == [started, started + timedelta(seconds=step)]
        (summary,) = self.backend.summaries(ALL)
        assert summary.started_at == started
        self.requires(clock_step=0.000_001)

    def test_V4_times_come_back_in_utc_whatever_the_zone_of_the_clock(self) -> None:
        there = timezone(timedelta(hours=5, minutes=30))
        backend = self.opened(self.construct_backend(lambda: self.clock().astimezone(there)))
        process_id = backend.start_process(Process("Order"))
        time = backend.process_by_id(process_id).history[0].datetime
        assert (time, time.utcoffset()) == (self.clock(), timedelta())

    def test_V4_times_never_decrease_along_a_history_though_the_clock_goes_back(self) -> None:
        process_id = self.scheduled()
        self.clock.advance(-3600)
        self.work()
        self.decide()
        self.clock.advance(-3600)
        self.backend.signal_process(process_id, "go")
        self.decide(CompleteProcess())
        times = [event.datetime for event in self.history(process_id)]
        assert times == sorted(times)
        (summary,) = self.backend.summaries(ALL)
        assert some(summary.closed_at) >= summary.started_at

    def test_V4_a_naive_time_is_refused(self) -> None:
        with pytest.raises(ValueError, match="aware"):
            SignalEvent(Signal("go"), datetime=datetime(2026, 1, 1))  # noqa: DTZ001

    # --- V5 endings ---

    @pytest.mark.parametrize("kind", ENDINGS)
    @pytest.mark.parametrize("how", ["returned", "raised"])
    def test_V5_an_ending_can_be_returned_or_raised_by_an_activity(self, how: str, kind: str) -> None:
        manager = Manager(self.backend, [ParcelWorkflow])
        process_id = manager.start_process(Process(ParcelWorkflow))
        self.decide(ScheduleActivity(WrapActivity, id="1", input=[how, kind]))
        worker = ActivityWorker(manager)
        assert worker.step()
        worker.close()
        expected: ActivityResult = ENDINGS[kind]
        assert self.last(process_id) == ActivityEvent(ActivityExecution("Wrap", "1", [how, kind]), expected)

    # --- V6 ids ---

    def test_V6_under_a_worker_the_same_question_gets_the_same_ids(self) -> None:
        manager = Manager(self.backend, [ParcelWorkflow])
        process_id = manager.start_process(Process(ParcelWorkflow))
        worker = DecisionWorker(manager)
        first = self._ids(worker)
        again = self._ids(worker)
        assert first == again
        assert len(set(first)) == 2
        self.backend.signal_process(process_id, "go")
        later = self._ids(worker)
        manager.start_process(Process(ParcelWorkflow, "other"))
        self.backend.cancel_process(process_id)
        assert len({*first, *later, *self._ids(worker)}) == 6

    def test_V6_under_a_worker_the_next_run_gets_other_ids(self) -> None:
        manager = Manager(self.backend, [ParcelWorkflow])
        manager.start_process(Process(ParcelWorkflow))
        worker = DecisionWorker(manager)
        first = self._ids(worker)
        self.decide(ContinueAsNew())
        assert not set(first) & set(self._ids(worker))

    def _ids(self, worker: DecisionWorker) -> list[str]:
        """The ids that a worker gives to what is decided now; the decision is due as before."""
        task = some(self.backend.poll_decision_task())
        decisions = worker.decide(task)
        self.backend.release(task)
        return [decision.id for decision in decisions if isinstance(decision, ScheduleActivity)]

    def test_V6_elsewhere_an_activity_gets_a_random_uuid_and_a_timer_none(self) -> None:
        ids = {ScheduleActivity("Pay").id for _ in range(3)}
        assert len({UUID(id) for id in ids if UUID(id).version == 4}) == 3
        assert Timer(1).id is None

    def test_V6_ids_are_text(self) -> None:
        process_id = self.backend.start_process(Process("Order", id=7))  # type: ignore[arg-type]
        self.decide(ScheduleActivity("Pay", id=1), Timer(1, None, 2))  # type: ignore[arg-type]
        assert process_id == "7"
        assert some(self.backend.poll_activity_task()).activity_execution.id == "1"
        assert self.backend.pending("7").timers[0].timer.id == "2"

    @pytest.mark.parametrize("canceled", [CancelTimer("a"), CancelTimer(Timer(5, 1, "a")), CancelTimer(Timer(6, 1))])
    def test_V6_a_timer_is_canceled_by_its_id_or_by_an_equal_timer(self, canceled: CancelTimer) -> None:
        process_id = self.start()
        self.decide(Timer(5, 1, "a"), Timer(6, 1), Timer(7, 1, "c"))
        self.backend.signal_process(process_id, "go")
        self.decide(canceled)
        left = [pending.timer for pending in self.backend.pending(process_id).timers]
        assert left == (
            [Timer(6, 1), Timer(7, 1, "c")] if canceled.timer == "a" else [Timer(5, 1, "a"), Timer(7, 1, "c")]
        )

    def test_V6_a_child_without_an_id_is_named_after_its_parent_and_its_decision_event(self) -> None:
        self.start("p")
        self.decide(RecordMarker("m"), StartChildProcess(Process("Order")), StartChildProcess(Process("Order", "mine")))
        assert self.open_ids() == ["p", "p-4", "mine"]

    def test_V6_the_decision_event_holds_the_decision_exactly_as_given(self) -> None:
        given = [
            StartChildProcess(Process("Order", input=1, tags=["t"])),
            Timer(1),
            CancelTimer("x"),
            RecordMarker("m"),
        ]
        process_id = self.start()
        self.decide(*given)
        assert self.history(process_id)[2:] == [DecisionEvent(decision) for decision in given]
