"""T1: timers, and the order in which what is due is applied."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from pyworkflow.decision import (
    CancelTimer,
    CompleteProcess,
    ContinueAsNew,
    RecordMarker,
    ScheduleActivity,
    StartChildProcess,
    Timer,
)
from pyworkflow.event import DecisionEvent, DecisionTimedOutEvent, TimerEvent
from pyworkflow.process import Process
from pyworkflow.testing.contract.base import Contract, some
from pyworkflow.testing.roles import PATIENCE


class TimerRules(Contract):
    """T1."""

    @pytest.mark.parametrize("delay", [0.001, 0.5, 1, 86_400, 365 * 86_400 - 1])
    def test_T1_a_timer_is_appended_when_due_and_never_before(self, delay: float) -> None:
        self.backend.register_workflow("Long", timeout=self.backend.capabilities.max_timeout or 10 * 31_536_000)
        process_id = self.start(workflow="Long")
        timer = Timer(delay, {"n": 1})
        self.decide(timer)
        (waiting,) = self.backend.pending(process_id).timers
        rounded = self.rounded(delay)
        assert (waiting.timer, waiting.due_at) == (timer, self.clock() + rounded)
        self.clock.advance(rounded.total_seconds() - 0.000_001)
        assert not self.is_due()
        self.clock.advance(0.000_001)
        task = some(self.backend.poll_decision_task())
        assert task.process.unseen_events() == [DecisionEvent(timer), TimerEvent(timer)]
        assert self.backend.pending(process_id).timers == ()
        if rounded != timedelta(seconds=delay):
            self.requires(time_step=0.000_001)

    def test_T1_a_timer_without_delay_is_due_at_once(self) -> None:
        self.start()
        self.decide(Timer(0))
        assert self.decide().process.unseen_events() == [DecisionEvent(Timer(0)), TimerEvent(Timer(0))]

    def test_T1_a_timer_fires_once(self) -> None:
        process_id = self.start()
        self.decide(Timer(1))
        for _ in range(3):
            self.clock.advance(1)
            self.backend.poll_decision_task()
        assert self.types(process_id).count("timer") == 1

    def test_T1_its_time_is_when_it_was_recorded(self) -> None:
        process_id = self.start()
        self.decide(Timer(1))
        due = self.clock() + timedelta(seconds=1)
        self.clock.advance(100)
        self.decide()
        timer = next(event for event in self.history(process_id) if isinstance(event, TimerEvent))
        assert timer.datetime == (due if self.backend.capabilities.keeps_time else self.clock())

    def test_T1_timers_are_appended_in_the_order_in_which_they_fall_due(self) -> None:
        process_id = self.start()
        self.decide(*(Timer(delay, delay) for delay in (5, 1, 3, 2, 4)))
        self.clock.advance(10)
        assert self.is_due()
        fired = [event.timer.data for event in self.history(process_id) if isinstance(event, TimerEvent)]
        assert fired == [1, 2, 3, 4, 5]
        assert not self.is_due()

    def test_T1_of_equal_timers_the_oldest_is_canceled(self) -> None:
        process_id = self.start()
        self.decide(Timer(10, "same"))
        self.clock.advance(1)
        self.backend.signal_process(process_id, "go")
        self.decide(Timer(10, "same"), CancelTimer(Timer(10, "same")))
        (left,) = self.backend.pending(process_id).timers
        assert left.due_at == self.clock() + timedelta(seconds=10)

    def test_T1_what_one_expiry_leads_to_comes_before_the_next(self) -> None:
        self.backend.register_workflow("Brief", timeout=4)
        self.start("parent")
        self.decide(StartChildProcess(Process("Brief", "child")), Timer(5))
        self.clock.advance(10)
        self.backend.poll_activity_task()
        assert self.types("parent")[-2:] == ["child_process", "timer"]

    def test_T1_timers_and_timeouts_of_all_processes_are_applied_in_due_order(self) -> None:
        self.requires(streams_all=True)
        self.backend.register_activity("Brief", scheduled_timeout=2)
        self.backend.register_workflow("Brief", timeout=4, decision_timeout=3)
        self.start("a")
        self.decide(Timer(5), ScheduleActivity("Brief", id="1"), Timer(1))
        self.start("b", workflow="Brief")
        some(self.backend.poll_decision_task())
        before = len(self.log())
        self.clock.advance(10)
        self.backend.poll_activity_task()
        applied = [(recorded.process_id, recorded.event.type) for recorded in self.log()[before:]]
        expected = [
            ("a", "timer"),
            ("a", "activity"),
            ("b", "decision_timed_out"),
            ("b", "process_closed"),
            ("a", "timer"),
        ]
        assert applied == expected

    def test_T1_what_is_due_first_can_keep_the_rest_from_happening(self) -> None:
        self.backend.register_workflow("Brief", timeout=5)
        process_id = self.start(workflow="Brief")
        self.decide(Timer(4, "before"), Timer(6, "after"))
        self.clock.advance(10)
        self.backend.poll_activity_task()
        assert self.types(process_id)[-2:] == ["timer", "process_closed"]

    def test_T1_much_that_is_due_is_all_applied(self) -> None:
        process_id = self.start()
        self.decide(*(Timer(number % 7) for number in range(250)))
        self.clock.advance(10)
        assert self.is_due()
        assert self.types(process_id).count("timer") == 250

    def test_T1_a_timer_that_falls_due_during_a_decision_is_seen_by_the_next(self) -> None:
        process_id = self.start()
        self.decide(Timer(5))
        self.backend.signal_process(process_id, "go")
        task = some(self.backend.poll_decision_task())
        self.clock.advance(5)
        assert self.backend.complete_decision_task(task, CompleteProcess()) is False
        assert TimerEvent(Timer(5)) in self.decide(CompleteProcess()).process.unseen_events()

    @pytest.mark.parametrize("how", ["id", "equal timer"])
    def test_T1_a_canceled_timer_does_not_fire(self, how: str) -> None:
        process_id = self.start()
        timer = Timer(5, [1], "t" if how == "id" else None)
        self.decide(timer, Timer(6))
        self.backend.signal_process(process_id, "go")
        self.decide(CancelTimer("t") if how == "id" else CancelTimer(Timer(5, (1,))))
        self.clock.advance(5)
        assert not self.is_due()
        self.clock.advance(1)
        assert self.is_due()
        assert self.types(process_id).count("timer") == 1

    def test_T1_of_equal_timers_canceling_takes_the_oldest_and_only_that(self) -> None:
        process_id = self.start()
        self.decide(Timer(5))
        self.clock.advance(1)
        self.backend.signal_process(process_id, "go")
        self.decide(Timer(5))
        self.backend.signal_process(process_id, "go")
        self.decide(CancelTimer(Timer(5)))
        (left,) = self.backend.pending(process_id).timers
        assert left.due_at == self.clock() + timedelta(seconds=5)

    @pytest.mark.parametrize("closing", [CompleteProcess(), ContinueAsNew()])
    def test_T1_a_timer_ends_with_the_run_that_set_it(self, closing: Any) -> None:
        process_id = self.start()
        self.decide(Timer(5), closing)
        self.clock.advance(5)
        self.backend.poll_activity_task()
        assert "timer" not in self.types(process_id)

    def test_T1_a_waiting_worker_gets_the_decision_when_the_timer_is_due(self) -> None:
        backend = self.in_real_time()
        process_id = backend.start_process(Process("Order"))
        self.decide(Timer(0.2), RecordMarker("m"))
        task = some(backend.poll_decision_task(wait=PATIENCE))
        assert (task.process.id, task.process.history[-2]) == (process_id, TimerEvent(Timer(0.2)))
        decided, fired = task.process.history[2], task.process.history[-2]
        assert timedelta(seconds=0.2) <= fired.datetime - decided.datetime < timedelta(seconds=PATIENCE / 2)

    def test_T1_a_decision_that_timed_out_still_sees_what_fell_due_before_and_after(self) -> None:
        process_id = self.start()
        self.decide(Timer(30, "before"), Timer(90, "after"))
        self.backend.signal_process(process_id, "go")
        some(self.backend.poll_decision_task())
        self.clock.advance(100)
        task = some(self.backend.poll_decision_task())
        assert DecisionTimedOutEvent() in task.process.history
        fired = [event.timer.data for event in task.process.unseen_events() if isinstance(event, TimerEvent)]
        assert fired == ["before", "after"]
