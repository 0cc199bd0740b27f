"""V3: values are JSON, come back as JSON would bring them, and are refused where they are not."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Any

import pytest

from pyworkflow.activity import ActivityCanceled, ActivityCompleted, ActivityFailed, ActivityResult, ActivityTimedOut
from pyworkflow.backend import Backend
from pyworkflow.decision import CompleteProcess, FailProcess, RecordMarker, ScheduleActivity, StartChildProcess, Timer
from pyworkflow.event import ActivityEvent, DecisionEvent, DecisionFailedEvent, ProcessClosedEvent, SignalEvent
from pyworkflow.exceptions import InvalidDecisionException, InvalidValueException, UnknownActivityException
from pyworkflow.process import Process, ProcessCanceled, ProcessCompleted, ProcessFailed
from pyworkflow.signal import Signal
from pyworkflow.testing.contract.base import Contract, some

GIVEN = {
    "text": 'é 漢字 😀 \u2028 \x00 " \\',
    "numbers": (0, -1, 1.5, 1e-300, 10**30),
    "flags": [True, False, None],
    "nested": {"": [[], {}, ((1,),)]},
}
BROUGHT_BACK = GIVEN | {"numbers": [0, -1, 1.5, 1e-300, 10**30], "nested": {"": [[], {}, [[1]]]}}
PLAIN: list[Any] = [None, 0, "", [], {}, False]
VALUES: list[tuple[Any, Any]] = [(GIVEN, BROUGHT_BACK), *((value, value) for value in PLAIN)]

REFUSED: dict[str, Any] = {
    "nan": float("nan"),
    "infinity": float("inf"),
    "a key that is not text": {1: "one"},
    "an object": object(),
    "a set": {1},
    "bytes": b"b",
    "half a character": "\ud800",
}
CALLS: dict[str, Callable[[Backend, Any], object]] = {
    "start": lambda backend, value: backend.start_process(Process("Order", input=value)),
    "signal": lambda backend, value: backend.signal_process("open", "go", value),
    "signal object": lambda backend, value: backend.signal_process("open", Signal("go", value)),
    "cancel": lambda backend, value: backend.cancel_process("open", value),
    "request cancel": lambda backend, value: backend.request_cancel_process("open", value),
}

# What is beyond a limit that the capabilities declare, where there is a running activity `task`.
BEYOND: dict[str, Callable[[Any, int], object]] = {
    "max_id": lambda contract, most: contract.start("a" * (most + 1)),
    "max_tags": lambda contract, most: contract.start(tags=map(str, range(most + 1))),
    "max_payload": lambda contract, most: contract.start(input="x" * most),
    "max_heartbeat": lambda contract, most: contract.backend.heartbeat_activity_task(contract.task, "x" * most),
    "max_timeout": lambda contract, most: contract.backend.register_workflow("Long", timeout=most + 1),
    "max_open": lambda contract, most: contract.decide(*(Timer(1) for _ in range(most + 1))),
}


class Colour(str, Enum):  # noqa: UP042 - one of a StrEnum says what JSON says
    RED = "red"
    PAY = "Pay"


class ValueRules(Contract):
    """V3."""

    def test_V3_an_enumeration_of_texts_is_the_text_that_json_makes_of_it(self) -> None:
        process_id = self.start(Colour.RED, input={Colour.RED: Colour.RED}, tags=[Colour.RED])
        self.backend.signal_process(process_id, Colour.RED, Colour.RED)
        self.decide(ScheduleActivity(Colour.PAY, id=Colour.RED), RecordMarker(Colour.RED), Timer(1, id=Colour.RED))
        task = self.work(Colour.RED)
        process = self.backend.process_by_id("red")
        assert (process.id, process.input, process.tags) == ("red", {"red": "red"}, ["red"])
        assert process.history[1] == SignalEvent(Signal("red", "red"))
        assert process.history[3] == DecisionEvent(ScheduleActivity("Pay", id="red"))
        assert process.history[4:6] == [DecisionEvent(RecordMarker("red")), DecisionEvent(Timer(1, id="red"))]
        assert process.history[-1] == ActivityEvent(task.activity_execution, ActivityCompleted("red"))
        assert [type(value) for value in (process.id, process.tags[0], task.activity_execution.id)] == [str] * 3

    @pytest.mark.parametrize(("given", "expected"), VALUES)
    def test_V3_what_is_given_comes_back_as_json_would_bring_it(self, given: Any, expected: Any) -> None:
        process_id = self.start(input=given)
        self.backend.signal_process(process_id, "go", given)
        decided = self.decide(ScheduleActivity("Pay", id="1", input=given), RecordMarker("m", given))
        activity = some(self.backend.poll_activity_task())
        self.backend.heartbeat_activity_task(activity, given)
        if self.backend.capabilities.reads_running:
            assert self.open_activity(process_id).details == expected
        self.backend.complete_activity_task(activity, given)
        self.decide(CompleteProcess(given))
        process = self.backend.process_by_id(process_id)
        assert (decided.process.input, process.input) == (expected, expected)
        assert activity.activity_execution.input == expected
        assert SignalEvent(Signal("go", expected)) in process.history
        assert DecisionEvent(RecordMarker("m", expected)) in process.history
        assert ActivityEvent(activity.activity_execution, ActivityCompleted(expected)) in process.history
        assert process.result == ProcessCompleted(expected)

    @pytest.mark.parametrize(("given", "expected"), VALUES[:2])
    def test_V3_timers_children_and_closings_bring_their_values_too(self, given: Any, expected: Any) -> None:
        process_id = self.start()
        self.decide(Timer(1, given), StartChildProcess(Process("Order", "child", input=given)))
        self.clock.advance(1)
        timer = next(event for event in self._after_next_decision(process_id) if event.type == "timer")
        assert timer.timer.data == expected
        assert self.backend.process_by_id("child").input == expected
        self.backend.cancel_process("child", given)
        assert self.backend.process_by_id("child").result == ProcessCanceled(expected)
        self.decide(FailProcess("broken", given))
        assert self.backend.process_by_id(process_id).result == ProcessFailed("broken", expected)
        self.backend.cancel_process(self.start("other"), given)
        assert self.last("other") == ProcessClosedEvent(ProcessCanceled(expected), "cancel")

    def _after_next_decision(self, process_id: str) -> list[Any]:
        task = some(self.backend.poll_decision_task())
        while task.process.id != process_id:
            self.backend.complete_decision_task(task, [])
            task = some(self.backend.poll_decision_task())
        self.backend.release(task)
        return list(task.process.history)

    @pytest.mark.parametrize("bad", REFUSED)
    @pytest.mark.parametrize("call", CALLS)
    def test_V3_what_json_would_refuse_or_change_is_refused_at_the_call_saying_where(self, call: str, bad: str) -> None:
        self.start("open")
        with self.nothing_recorded(), pytest.raises(InvalidValueException, match=r'\["items"\]\[1\]'):
            CALLS[call](self.backend, {"items": [0, REFUSED[bad]]})
        assert self.open_ids() == ["open"]

    @pytest.mark.parametrize("bad", REFUSED)
    def test_V3_refused_heartbeat_details_leave_the_activity_as_it_was(self, bad: str) -> None:
        task = self.running()
        self.backend.heartbeat_activity_task(task, "good")
        with self.nothing_recorded(), pytest.raises(InvalidValueException, match=r'\["items"\]\[1\]'):
            self.backend.heartbeat_activity_task(task, {"items": [0, REFUSED[bad]]})
        if self.backend.capabilities.reads_running:
            assert self.open_activity(some(task.process_id)).details == "good"

    @pytest.mark.parametrize("limit", BEYOND)
    def test_V3_what_is_beyond_a_declared_limit_is_refused_at_the_call(self, limit: str) -> None:
        most = getattr(self.backend.capabilities, limit)
        if most is None:
            pytest.skip("there is no such limit")
        self.task = self.running()
        self.backend.signal_process(some(self.task.process_id), "go")
        before = self.types(some(self.task.process_id))
        with pytest.raises((InvalidValueException, InvalidDecisionException), match=f"{most:,}"):
            BEYOND[limit](self, most)
        started = ["decision_started"] if limit == "max_open" else []
        assert self.types(some(self.task.process_id)) == before + started
        assert self.open_ids() == [self.task.process_id]

    def test_V3_a_result_that_is_too_long_ends_the_activity_as_failed(self) -> None:
        most = self.backend.capabilities.max_payload
        if most is None:
            pytest.skip("there is no such limit")
        process_id = self.scheduled()
        self.work("x" * most)
        ended: Any = self.last(process_id)
        assert isinstance(ended.result, ActivityFailed)
        assert f"{most:,}" in str(ended.result.reason)

    @pytest.mark.parametrize("bad", REFUSED)
    def test_V3_a_value_in_a_decision_is_refused_saying_where(self, bad: str) -> None:
        self.start()
        task = some(self.backend.poll_decision_task())
        decision = ScheduleActivity("Pay", input={"items": [0, REFUSED[bad]]})
        with self.nothing_recorded(), pytest.raises(InvalidDecisionException, match=r'input\["items"\]\[1\]'):
            self.backend.complete_decision_task(task, decision)

    @pytest.mark.parametrize("bad", REFUSED)
    @pytest.mark.parametrize("kind", [ActivityCompleted, ActivityCanceled, ActivityTimedOut, ActivityFailed, None])
    def test_V3_a_result_that_is_refused_ends_the_activity_as_failed(
        self, kind: Callable[[Any], ActivityResult] | None, bad: str
    ) -> None:
        task = self.running()
        value = {"items": [0, REFUSED[bad]]}
        self.backend.complete_activity_task(task, kind(value) if kind else value)
        ended = self.last(some(task.process_id))
        assert isinstance(ended, ActivityEvent)
        assert isinstance(ended.result, ActivityFailed)
        assert '["items"][1]' in ended.result.reason
        with pytest.raises(UnknownActivityException):
            self.backend.complete_activity_task(task, "good")
        assert self.is_due()

    def test_V3_failure_details_that_are_too_long_are_cut_with_a_note(self) -> None:
        long = "x" * 2_000_000
        task = self.running()
        self.backend.complete_activity_task(task, ActivityFailed("reason", long))
        ended: Any = self.last(some(task.process_id))
        self._is_cut(ended.result.details)
        assert ended.result.reason == "reason"
        self.backend.fail_decision_task(some(self.backend.poll_decision_task()), "reason", long)
        failed = self.last(some(task.process_id))
        assert isinstance(failed, DecisionFailedEvent)
        self._is_cut(some(failed.traceback))

    def _is_cut(self, details: str) -> None:
        assert len(details) < 1_000_000
        assert details.startswith("xxxx")
        assert details.strip("x")

    @pytest.mark.parametrize("reason", ["\ud800 half", "é\x00"])
    def test_V3_the_reason_of_a_failure_is_recorded_whatever_text_it_is(self, reason: str) -> None:
        task = self.running()
        self.backend.complete_activity_task(task, ActivityFailed(reason))
        ended: Any = self.last(some(task.process_id))
        assert ended.result.reason.endswith(reason[1:])
