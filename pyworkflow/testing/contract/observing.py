"""O1: who observes a backend hears what its calls recorded, once, after the commit."""

from __future__ import annotations

from datetime import timedelta

import pytest

from pyworkflow.backend import Observed
from pyworkflow.decision import CompleteProcess, ContinueAsNew, ScheduleActivity, StartChildProcess, Timer
from pyworkflow.event import Event, SignalEvent
from pyworkflow.exceptions import InvalidDecisionException, UnknownProcessException
from pyworkflow.process import Process
from pyworkflow.signal import Signal
from pyworkflow.testing.contract.base import Contract, some


class ObservingRules(Contract):
    """O1."""

    def _heard(self) -> list[Observed]:
        """What is observed from here on."""
        heard: list[Observed] = []
        self.backend.observer = heard.append
        return heard

    def test_O1_every_event_is_heard_once_with_its_place(self) -> None:
        heard = self._heard()
        self.start("p", input=1)
        self.backend.signal_process("p", "go", (1, 2))
        self.decide(ScheduleActivity("Pay"), StartChildProcess(Process("Order", "c")), Timer(1))
        self.clock.advance(1)
        self.work("paid")
        self.decide(CompleteProcess("child"))
        self.decide(ContinueAsNew(2))
        histories = {
            (id, run): self.backend.process_by_id(id, run=run).history for id, run in (("p", 1), ("p", 2), ("c", 1))
        }
        told: dict[tuple[str, int], list[int]] = {run: [] for run in histories}
        for one in heard:
            assert one.workflow == "Order"
            end = one.number + len(one.events)
            recorded = histories[one.process_id, one.run][one.number - 1 : end - 1]
            assert [(event, event.datetime) for event in one.events] == [(event, event.datetime) for event in recorded]
            told[one.process_id, one.run] += range(one.number, end)
        if not self.backend.capabilities.observes_all:
            told = {run: sorted(numbers) for run, numbers in told.items()}
            del told["p", 2]  # whose first decision nobody has taken
        assert told == {run: list(range(1, len(histories[run]) + 1)) for run in told}
        self.requires(observes_all=True)

    def test_O1_it_is_heard_after_the_commit_and_before_the_call_returns(self) -> None:
        seen: list[Event] = []
        self.start("p")
        other = self.another()
        self.backend.observer = lambda _: seen.append(other.process_by_id("p").history[-1])
        self.backend.signal_process("p", "go")
        assert seen == [SignalEvent(Signal("go"))]

    def test_O1_an_observer_may_call_the_backend(self) -> None:
        self.start("p")
        self.start("q")

        def pass_on(observed: Observed) -> None:
            if observed.process_id == "p":
                self.backend.signal_process("q", "passed on")

        self.backend.observer = pass_on
        self.backend.signal_process("p", "go")
        assert self.last("q") == SignalEvent(Signal("passed on"))

    def test_O1_what_it_raises_is_logged_and_the_call_is_done(self, caplog: pytest.LogCaptureFixture) -> None:
        def broken(_: Observed) -> None:
            raise ValueError("of no use")

        self.backend.observer = broken
        self.start("p")
        assert self.types("p") == ["process_started"]
        assert "of no use" in caplog.text

    def test_O1_what_was_not_recorded_is_not_heard(self) -> None:
        self.start("p")
        task = some(self.backend.poll_decision_task())
        heard = self._heard()
        with pytest.raises(InvalidDecisionException):
            self.backend.complete_decision_task(task, ScheduleActivity("Nobody"))
        with pytest.raises(UnknownProcessException):
            self.backend.signal_process("nobody", "go")
        self.backend.process_by_id("p")
        self.backend.poll_decision_task()
        assert heard == []

    def test_O1_what_another_object_records_is_heard_there(self) -> None:
        if not self.backend.capabilities.several_processes:
            pytest.skip("there is one object over a store")
        heard = self._heard()
        self.start("p")
        self.another().signal_process("p", "go")
        assert [event.type for one in heard for event in one.events] == ["process_started"]

    def test_O1_times_are_those_that_were_recorded(self) -> None:
        heard = self._heard()
        self.start("p")
        self.clock.advance(-60)
        self.backend.signal_process("p", "go")
        (started,), (signaled,) = (one.events for one in heard)
        assert started.datetime == signaled.datetime == self.clock() + timedelta(seconds=60)
