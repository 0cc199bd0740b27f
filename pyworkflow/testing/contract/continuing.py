"""P9: a process that continues as new."""

from __future__ import annotations

import pytest

from pyworkflow.backend import Query
from pyworkflow.decision import CompleteProcess, ContinueAsNew, RecordMarker, ScheduleActivity, StartChildProcess, Timer
from pyworkflow.event import ChildProcessEvent, DecisionEvent, ProcessClosedEvent, ProcessStartedEvent, SignalEvent
from pyworkflow.exceptions import InvalidDecisionException, UnknownActivityException
from pyworkflow.process import Process, ProcessCanceled, ProcessCompleted, ProcessTimedOut
from pyworkflow.signal import Signal
from pyworkflow.testing.contract.base import Contract, some


class ContinuingRules(Contract):
    """P9."""

    def test_P9_the_next_run_has_the_same_id_workflow_and_tags_and_a_new_history(self) -> None:
        begun = self.clock()
        self.start("a", input=1, tags=["x", "y"])
        self.clock.advance(5)
        self.decide(RecordMarker("m"), ContinueAsNew({"n": (2,)}))
        newest = self.backend.process_by_id("a")
        assert newest == Process("Order", "a", {"n": [2]}, ["x", "y"], [ProcessStartedEvent()])
        assert newest.run == 2
        assert newest.history[0].datetime == self.clock()
        assert [summary.started_at for summary in self.backend.summaries()] == [self.clock(), begun]
        assert self.decide().process.run == 2

    def test_P9_earlier_runs_stay_readable(self) -> None:
        self.start("a", input=1)
        for number in (2, 3):
            self.decide(RecordMarker(f"m{number}"), ContinueAsNew(number))
        runs = [self.backend.process_by_id("a", run=run) for run in (1, 2, 3)]
        assert [(run.run, run.input, run.result) for run in runs] == [(1, 1, None), (2, 2, None), (3, 3, None)]
        assert runs[0].history[2:] == [DecisionEvent(RecordMarker("m2")), DecisionEvent(ContinueAsNew(2))]
        assert self.backend.process_by_id("a") == runs[2]

    def test_P9_listings_show_the_newest_run_as_open_and_the_others_as_continued(self) -> None:
        self.start("a")
        self.decide(ContinueAsNew())
        assert [(summary.run, summary.status) for summary in self.backend.summaries()] == [
            (2, "open"),
            (1, "continued"),
        ]
        assert [process.run for process in self.backend.processes()] == [2]
        assert [process.run for process in self.backend.processes(status="continued")] == [1]
        assert list(self.backend.summaries(Query(status="closed"))) == []

    def test_P9_the_events_of_all_runs_are_numbered_by_run(self) -> None:
        self.start("a")
        self.decide(ContinueAsNew())
        self.decide(CompleteProcess())
        places = [(recorded.run, recorded.number) for recorded in self.backend.events("a")]
        assert places == [(1, 1), (1, 2), (1, 3), (2, 1), (2, 2), (2, 3)]

    def test_P9_it_is_a_closing_decision(self) -> None:
        self.start("a")
        task = some(self.backend.poll_decision_task())
        with self.nothing_recorded(), pytest.raises(InvalidDecisionException):
            self.backend.complete_decision_task(task, [ContinueAsNew(), RecordMarker("m")])
        self.backend.signal_process("a", "go")
        assert self.backend.complete_decision_task(task, ContinueAsNew()) is False
        assert self.backend.process_by_id("a").run == 1

    def test_P9_the_open_work_is_withdrawn(self) -> None:
        self.start("a")
        self.decide(ScheduleActivity("Pay", id="1"), ScheduleActivity("Pay", id="2"), Timer(5))
        task = some(self.backend.poll_activity_task())
        self.backend.signal_process("a", "go")
        self.decide(ContinueAsNew())
        with pytest.raises(UnknownActivityException):
            self.backend.complete_activity_task(task)
        assert self.backend.poll_activity_task() is None
        self.clock.advance(5)
        self.decide(ScheduleActivity("Pay", id="1"))
        assert self.types("a") == ["process_started", "decision_started", "decision"]

    def test_P9_the_timeout_begins_anew(self) -> None:
        self.backend.register_workflow("Brief", timeout=10, category="brief", decision_timeout=1)
        self.start("a", workflow="Brief")
        self.clock.advance(9)
        self.decide(ContinueAsNew(), category="brief")
        self.clock.advance(9)
        self.decide(category="brief")
        assert self.backend.process_by_id("a").result is None
        self.clock.advance(1)
        self.backend.poll_decision_task()
        assert self.last("a") == ProcessClosedEvent(ProcessTimedOut(), "timeout")

    def test_P9_what_was_registered_at_the_start_holds_for_all_runs(self) -> None:
        self.backend.register_workflow("Brief", timeout=10, category="brief")
        self.start("a", workflow="Brief")
        self.backend.register_workflow("Brief", timeout=99, category="other")
        self.decide(ContinueAsNew(), category="brief")
        assert some(self.backend.poll_decision_task("brief")).process.run == 2
        self.clock.advance(10)
        self.backend.poll_decision_task()
        assert self.backend.process_by_id("a").result == ProcessTimedOut()

    def test_P9_signals_go_to_the_newest_run(self) -> None:
        self.start("a")
        self.decide(ContinueAsNew())
        self.backend.signal_process("a", "go")
        assert self.last("a") == SignalEvent(Signal("go"))
        assert self.backend.process_by_id("a", run=1).history[-1] == DecisionEvent(ContinueAsNew())

    @pytest.mark.parametrize("policy", ["ABANDON", "TERMINATE", "REQUEST_CANCEL"])
    def test_P9_children_stay_and_the_newest_run_hears_of_them(self, policy: str) -> None:
        self.requires(children_over_runs=True)
        self.start("a")
        self.decide(StartChildProcess(Process("Order", "c", tags=["t"]), policy))
        self.decide()
        self.backend.signal_process("a", "go")
        self.decide(ContinueAsNew())
        assert self.types("c") == ["process_started", "decision_started"]
        self.backend.cancel_process("c", "why")
        assert self.last("a") == ChildProcessEvent("c", ProcessCanceled("why"), "Order", ["t"])
        assert self.backend.process_by_id("a").run == 2

    def test_P9_a_childs_policy_takes_effect_at_the_last_close(self) -> None:
        self.requires(children_over_runs=True)
        self.start("a")
        self.decide(StartChildProcess(Process("Order", "c"), "TERMINATE"), ContinueAsNew())
        assert self.open_ids() == ["a", "c"]
        self.backend.cancel_process("a")
        assert self.open_ids() == []

    def test_P9_the_parent_hears_only_the_last_close(self) -> None:
        self.start("p")
        self.decide(StartChildProcess(Process("Order", "c", tags=["t"])))
        self.decide(ContinueAsNew())
        assert "child_process" not in self.types("p")
        assert self.backend.process_by_id("c").parent == "p"
        self.decide(CompleteProcess("last"))
        assert self.types("p").count("child_process") == 1
        assert self.last("p") == ChildProcessEvent("c", ProcessCompleted("last"), "Order", ["t"])

    def test_P9_children_without_an_id_are_told_apart_from_those_of_earlier_runs(self) -> None:
        self.backend.register_workflow("Young", category="young")
        self.start("a")
        for _ in range(3):
            self.decide(StartChildProcess(Process("Young")), ContinueAsNew())
        assert len({summary.id for summary in self.backend.summaries(Query(parent="a"))}) == 3
        assert "child_process" not in self.types("a")
