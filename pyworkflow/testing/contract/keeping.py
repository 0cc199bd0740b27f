"""P10 and P11: closed processes are forgotten, and brought in from elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from pyworkflow.backend import Query
from pyworkflow.decision import CompleteProcess, ContinueAsNew, RecordMarker, ScheduleActivity, StartChildProcess, Timer
from pyworkflow.event import CancelRequestedEvent, DecisionEvent, Event, ProcessStartedEvent
from pyworkflow.exceptions import (
    InvalidValueException,
    ProcessAlreadyStartedException,
    UnknownProcessException,
    UnsupportedException,
)
from pyworkflow.process import Process, ProcessCompleted
from pyworkflow.testing.contract.base import Contract, some


class KeepingRules(Contract):
    """P10 and P11."""

    @pytest.fixture
    def _keeping(self, _begin: None) -> None:
        if not self.backend.capabilities.forgets:
            with pytest.raises(UnsupportedException):
                self.backend.prune(self.clock())
            with pytest.raises(UnsupportedException):
                self.backend.import_process([Process("Order", "x")])
            pytest.skip("closed processes can neither be pruned nor imported, by its own account")

    def _closed(self, id: str, result: Any = None) -> str:
        """A process that was started and completed."""
        self.start(id, tags=["t"])
        self.decide(CompleteProcess(result))
        return id

    # --- P10 ---

    @pytest.mark.usefixtures("_keeping")
    def test_P10_what_closed_before_then_is_forgotten_and_nothing_else(self) -> None:
        self._closed("old")
        self.start("open")
        self.decide()
        self.clock.advance(10)
        self._closed("new")
        then = self.clock()
        self.clock.advance(1)
        self._closed("newer")
        assert self.backend.prune(then) == 1
        assert self.backend.prune(then) == 0
        for call in (self.backend.process_by_id, self.backend.pending, self.backend.events):
            with pytest.raises(UnknownProcessException):
                call("old")
        kept = {summary.id for summary in self.another().summaries()}
        assert kept == {"open", "new", "newer"}
        assert {recorded.process_id for recorded in self.log()} == kept

    @pytest.mark.usefixtures("_keeping")
    def test_P10_the_time_is_that_of_the_close_and_not_of_the_start(self) -> None:
        self.start("long")
        self.clock.advance(100)
        then = self.clock()
        self.clock.advance(1)
        self.decide(CompleteProcess())
        assert self.backend.prune(then) == 0
        assert self.backend.prune(then + timedelta(seconds=1.000_001)) == 1

    @pytest.mark.usefixtures("_keeping")
    def test_P10_all_runs_go_together_once_the_newest_has_closed(self) -> None:
        self.start("a")
        self.decide(ContinueAsNew(1))
        self.clock.advance(10)
        assert self.backend.prune(self.clock()) == 0
        assert self.backend.process_by_id("a", run=1).run == 1
        self.decide(CompleteProcess())
        self.clock.advance(1)
        assert self.backend.prune(self.clock()) == 1
        assert list(self.backend.processes(status=None)) == []

    @pytest.mark.usefixtures("_keeping")
    def test_P10_an_id_that_was_forgotten_is_free_again(self) -> None:
        self._closed("a", "first")
        self.clock.advance(1)
        self.backend.prune(self.clock())
        self._closed("a", "second")
        process = self.backend.process_by_id("a")
        assert (process.result, process.run) == (ProcessCompleted("second"), 1)
        assert [found.id for found in self.backend.processes(tag="t", status="closed")] == ["a"]

    @pytest.mark.usefixtures("_keeping")
    def test_P10_at_most_so_many_go_at_a_time(self) -> None:
        for number in range(5):
            self._closed(str(number))
        self.clock.advance(1)
        assert [self.backend.prune(self.clock(), limit=2) for _ in range(4)] == [2, 2, 1, 0]

    @pytest.mark.usefixtures("_keeping")
    def test_P10_later_events_come_after_those_that_were_forgotten(self) -> None:
        self.start("open")
        self.decide()
        self._closed("a")
        newest = self.log()[-1].seq
        self.clock.advance(1)
        for _ in range(2):
            self.backend.prune(self.clock())
            self.backend.request_cancel_process("open")
            assert [recorded.event for recorded in self.backend.events(after=newest)] == [CancelRequestedEvent()]
            self.decide()
            self._closed("b")
            newest = self.log()[-1].seq
            self.clock.advance(1)

    @pytest.mark.usefixtures("_keeping")
    def test_P10_a_parent_keeps_what_its_forgotten_child_told_it(self) -> None:
        self.start("p")
        self.decide(StartChildProcess(Process("Order", "c")))
        self.decide(CompleteProcess("told"))
        self.clock.advance(1)
        assert self.backend.prune(self.clock()) == 1
        assert some(self.backend.poll_decision_task()).process.unseen_events()[-1].result == ProcessCompleted("told")  # type: ignore[attr-defined]

    # --- P11 ---

    def _exported(self) -> list[Process]:
        """A process of two runs, with work of every kind, that closed and was forgotten here."""
        self.start("a", input={"n": 1}, tags=["x", "y"])
        self.decide(ScheduleActivity("Pay", id="1", input=[1]), Timer(1000), RecordMarker("m", {"k": None}))
        self.work("paid")
        self.clock.advance(1)
        self.decide(ContinueAsNew({"n": 2}))
        self.clock.advance(1)
        self.backend.signal_process("a", "go", "now")
        self.decide(CompleteProcess("done"))
        runs = [self.backend.process_by_id("a", run=number) for number in (1, 2)]
        self.clock.advance(1)
        assert self.backend.prune(self.clock()) == 1
        return runs

    @pytest.mark.usefixtures("_keeping")
    def test_P11_an_imported_process_reads_as_it_was(self) -> None:
        runs = self._exported()
        assert self.backend.import_process(runs) == "a"
        there = self.another()
        for run in runs:
            read = there.process_by_id("a", run=run.run)
            assert (read, read.run) == (run, run.run)
            assert [event.datetime for event in read.history] == [event.datetime for event in run.history]
        newest, first = there.summaries()
        assert (newest.status, first.status) == ("completed", "continued")
        assert newest.closed_at == runs[1].history[-1].datetime
        assert [len(run.history) for run in runs] == [first.events, newest.events]
        assert [found.id for found in there.processes(tag="y", status="closed")] == ["a"]
        events = [recorded.event for recorded in there.events("a")]
        assert events == [event for run in runs for event in run.history]

    @pytest.mark.usefixtures("_keeping")
    def test_P11_nothing_falls_due_by_an_import(self) -> None:
        runs = self._exported()
        self.backend.import_process(runs)
        self.clock.advance(100_000_000)
        assert not self.is_due()
        assert self.backend.poll_activity_task() is None
        assert len(self.log()) == sum(len(run.history) for run in runs)
        assert self.backend.prune(self.clock()) == 1

    @pytest.mark.usefixtures("_keeping")
    def test_P11_an_id_that_is_taken_is_refused_and_what_has_it_stays(self) -> None:
        runs = self._exported()
        self.start("a", input="mine")
        with self.nothing_recorded(), pytest.raises(ProcessAlreadyStartedException):
            self.backend.import_process(runs)
        assert self.backend.process_by_id("a").input == "mine"

    @pytest.mark.usefixtures("_keeping")
    @pytest.mark.parametrize(
        "spoil",
        [
            lambda runs: runs[:1],
            lambda runs: runs[1:],
            lambda _: [],
            lambda runs: [runs[1], runs[0]],
            lambda runs: [_changed(runs[0], id="b"), runs[1]],
            lambda runs: [_changed(runs[0], history=runs[1].history), runs[1]],
            lambda runs: [runs[0], _changed(runs[1], history=runs[1].history[:-1])],
            lambda runs: [runs[0], _changed(runs[1], history=runs[1].history[1:])],
            lambda runs: [runs[0], _changed(runs[1], history=[*runs[1].history[:-1], *runs[1].history])],
            lambda runs: [runs[0], _changed(runs[1], history=_backwards(runs[1].history))],
            lambda runs: [_changed(run, id="") for run in runs],
            lambda runs: [_changed(run, workflow=None) for run in runs],
            lambda runs: [_changed(run, input={1, 2}) for run in runs],
        ],
        ids=[
            "no last run",
            "no first run",
            "no runs",
            "wrong order",
            "two ids",
            "not continued",
            "open",
            "no beginning",
            "two beginnings",
            "decreasing times",
            "no id",
            "no workflow",
            "not JSON",
        ],
    )
    def test_P11_what_is_no_whole_closed_process_is_refused(
        self, spoil: Callable[[list[Process]], list[Process]]
    ) -> None:
        runs = self._exported()
        with self.nothing_recorded(), pytest.raises(InvalidValueException):
            self.backend.import_process(spoil(runs))
        self.backend.import_process(runs)

    @pytest.mark.usefixtures("_keeping")
    def test_P11_an_imported_child_is_found_by_its_parent(self) -> None:
        history = [ProcessStartedEvent(datetime=self.clock()), DecisionEvent(CompleteProcess(1), datetime=self.clock())]
        self.backend.import_process([Process("Unregistered", "c", history=history, parent="p")])
        assert [summary.id for summary in self.backend.summaries(Query(parent="p"))] == ["c"]


def _changed(run: Process, **parts: Any) -> Process:
    return run.copy_with_id(parts.pop("id", run.id), history=parts.pop("history", run.history), run=run.run, **parts)


def _backwards(history: list[Event]) -> list[Event]:
    """The same, with the first event an hour later."""
    return [ProcessStartedEvent(datetime=history[0].datetime + timedelta(hours=1)), *history[1:]]
