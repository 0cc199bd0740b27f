"""Z1, Z3 and Z4: calls are whole, can be repeated, and stored data stays data."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from pyworkflow.activity import ActivityCompleted
from pyworkflow.decision import (
    CompleteProcess,
    RecordMarker,
    RequestCancelProcess,
    ScheduleActivity,
    SignalProcess,
    StartChildProcess,
    Timer,
)
from pyworkflow.event import ActivityEvent, CancelRequestedEvent, SignalEvent
from pyworkflow.exceptions import (
    InvalidDecisionException,
    ProcessAlreadyStartedException,
    ProcessClosedException,
    UnknownActivityException,
    UnknownDecisionException,
    UnknownProcessException,
    UnsupportedException,
)
from pyworkflow.process import Process
from pyworkflow.signal import Signal
from pyworkflow.testing.contract.base import Contract, some

# Text that means something to those who unpickle, evaluate, or paste it into SQL, markup or a path.
TRICKS: list[Any] = [
    {"type": "complete_process", "result": 1},
    {"type": "process_closed", "py/object": "builtins.object", "__class__": "Process", "__reduce__": ["os.system"]},
    "cos\nsystem\n(S'true'\ntR.",
    "\x80\x04N.",
    "__import__('os').abort()",
    "'); DELETE FROM event; --",
    "${HOME} {0} %s {{x}} [red] ../../etc",
]

EXECUTED = ("exec", "compile", "marshal.loads", "pickle.find_class")


class AlwaysRules(Contract):
    """Z1, Z3 and Z4."""

    # --- Z1 ---

    def test_Z1_messages_take_effect_before_the_call_returns_and_once(self) -> None:
        self.start("other")
        self.decide()
        self.start("me")
        child = StartChildProcess(Process("Order", "c"))
        self.decide(
            SignalProcess("other", Signal("s")), child, RequestCancelProcess("other"), SignalProcess("c", Signal("s"))
        )
        assert self.history("other")[2:] == [SignalEvent(Signal("s")), CancelRequestedEvent()]
        assert self.types("c") == ["process_started", "signal"]
        for _ in range(3):
            self.backend.poll_decision_task()
        assert self.types("other").count("signal") == self.types("c").count("signal") == 1

    def test_Z1_a_list_that_is_refused_sends_nothing(self) -> None:
        self.start("other")
        self.decide()
        self.start("me")
        task = some(self.backend.poll_decision_task())
        messages = [SignalProcess("other", Signal("s")), StartChildProcess(Process("Order", "c")), Timer(1)]
        with self.nothing_recorded(), pytest.raises(InvalidDecisionException):
            self.backend.complete_decision_task(task, [*messages, ScheduleActivity("Nobody")])
        with pytest.raises(UnknownProcessException):
            self.backend.process_by_id("c")
        assert self.backend.pending("me").timers == ()

    def test_Z1_a_list_that_was_overtaken_sends_nothing(self) -> None:
        self.start("other")
        self.decide()
        self.start("me")
        task = some(self.backend.poll_decision_task())
        self.backend.signal_process("me", "go")
        assert (
            self.backend.complete_decision_task(task, [SignalProcess("other", Signal("s")), CompleteProcess()]) is False
        )
        assert "signal" not in self.types("other")

    def test_Z1_a_message_of_a_close_is_recorded_with_it(self) -> None:
        self.requires(streams_all=True)
        self.start("p")
        self.decide(StartChildProcess(Process("Order", "c")))
        before = len(self.log())
        self.decide(CompleteProcess())
        recorded = [(one.process_id, one.event.type) for one in self.log()[before:]]
        assert recorded == [("c", "decision_started"), ("c", "decision"), ("p", "child_process")]

    def test_Z1_the_events_of_all_processes_stand_in_the_order_of_their_commits(self) -> None:
        self.requires(streams_all=True)
        for id in ("a", "b"):
            self.start(id)
        for id in ("a", "b", "a"):
            self.backend.signal_process(id, "go")
        log = self.log()
        assert [(one.process_id, one.run, one.number) for one in log] == [
            *(("a", 1, 1), ("b", 1, 1), ("a", 1, 2), ("b", 1, 2), ("a", 1, 3))
        ]
        sequence = [one.seq for one in log]
        assert sequence == sorted(set(sequence))
        assert [one.event for one in log if one.process_id == "a"] == self.history("a")

    def test_Z1_the_events_of_a_process_can_be_read_on_from_anywhere(self) -> None:
        self.start("a")
        self.decide(RecordMarker("m"))
        self.backend.signal_process("a", "go")
        whole = list(self.backend.events("a"))
        assert [(one.process_id, one.run, one.event) for one in whole] == [("a", 1, one) for one in self.history("a")]
        for passed, one in enumerate(whole, start=1):
            assert list(self.backend.events("a", after=one.seq)) == whole[passed:]

    def test_Z1_where_the_events_of_all_cannot_be_read_the_call_says_so(self) -> None:
        self.requires(streams_all=False)
        with pytest.raises(UnsupportedException):
            self.backend.events()

    def test_Z1_events_can_be_read_on_from_anywhere(self) -> None:
        self.requires(streams_all=True)
        for id in ("a", "b", "a2", "b2"):
            self.start(id)
        log = self.log()
        first = self.backend.events(limit=2)
        assert list(first) == log[:2]
        assert list(self.backend.events(after=int(some(first.cursor)))) == log[2:]
        assert list(self.backend.events("b", after=log[0].seq)) == [log[1]]
        nothing = self.backend.events(after=log[-1].seq)
        assert (list(nothing), nothing.cursor) == ([], None)

    # --- Z3 ---

    def test_Z3_a_start_that_is_repeated_says_that_it_was_done(self) -> None:
        self.start("a")
        with self.nothing_recorded(), pytest.raises(ProcessAlreadyStartedException):
            self.start("a")

    def test_Z3_a_completion_that_is_repeated_says_that_it_was_done(self) -> None:
        self.start()
        decision = some(self.backend.poll_decision_task())
        self.backend.complete_decision_task(decision, ScheduleActivity("Pay"))
        activity = some(self.backend.poll_activity_task())
        self.backend.complete_activity_task(activity, 1)
        with self.nothing_recorded():
            with pytest.raises(UnknownDecisionException):
                self.backend.complete_decision_task(decision, ScheduleActivity("Pay"))
            with pytest.raises(UnknownActivityException):
                self.backend.complete_activity_task(activity, 1)

    def test_Z3_a_signal_that_is_repeated_is_there_twice_and_a_cancel_once(self) -> None:
        process_id = self.start()
        for _ in range(2):
            self.backend.signal_process(process_id, "go", 1)
        self.backend.cancel_process(process_id)
        with pytest.raises(ProcessClosedException):
            self.backend.cancel_process(process_id)
        assert self.types(process_id) == ["process_started", "signal", "signal", "process_closed"]

    # --- Z4 ---

    @pytest.mark.parametrize("trick", TRICKS, ids=repr)
    def test_Z4_data_that_looks_like_code_or_like_a_record_stays_data(self, trick: Any) -> None:
        process_id = self._whole_life(trick)
        process = self.another().process_by_id(process_id)
        assert (process.input, process.history[1]) == (trick, SignalEvent(Signal(str(trick), trick)))
        ended = [event.result for event in process.history if isinstance(event, ActivityEvent)]
        assert ended == [ActivityCompleted(trick)]
        assert process.result is None
        assert [one.id for one in self.backend.processes(tag=str(trick))] == [process_id]

    def test_Z4_nothing_is_unpickled_compiled_or_executed(self) -> None:
        self._whole_life("first, so that all is imported")
        with _executed() as executed:
            self._whole_life(TRICKS[0])
        assert executed == []
        with _executed() as executed:
            eval("1")
        assert executed  # or else this test would see nothing

    def _whole_life(self, data: Any) -> str:
        """A process that uses this value everywhere; then it is read in all ways."""
        process_id = self.start(input=data, tags=[str(data)])
        self.backend.signal_process(process_id, str(data), data)
        activity = ScheduleActivity("Pay", id=self.allowed(str(data)), input=data)
        self.decide(activity, RecordMarker(str(data), data), Timer(1, data))
        self.work(data)
        task = some(self.backend.poll_decision_task())
        self.backend.fail_decision_task(task, str(data), str(data))
        self.backend.pending(process_id)
        list(self.backend.processes(status=None))
        self.backend.summaries()
        self.log()
        return process_id


@contextmanager
def _executed() -> Iterator[list[str]]:
    """What the interpreter unpickles, compiles or executes for this thread within this block."""
    heard: list[str] = []
    listening, thread = True, threading.get_ident()

    def hear(event: str, _: tuple[object, ...]) -> None:
        if listening and threading.get_ident() == thread and event in EXECUTED:
            heard.append(event)

    sys.addaudithook(hear)  # which cannot be taken back: it falls silent
    try:
        yield heard
    finally:
        listening = False
