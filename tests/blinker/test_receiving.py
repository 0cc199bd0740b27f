"""What receivers of the signals are told, when, where, and what becomes of their errors."""

from __future__ import annotations

import asyncio
import inspect
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial
from signal import SIGINT
from typing import Any

import pytest

from pyworkflow import Process
from pyworkflow.activity import ActivityResult, InterruptedActivityResult
from pyworkflow.backend import Backend, Observed, Raised
from pyworkflow.blinker import BlinkerBackend, signals
from pyworkflow.blinker.delegate import Delegate
from pyworkflow.blinker.signals import signal_for
from pyworkflow.decision import (
    CompleteProcess,
    ContinueAsNew,
    Decision,
    ScheduleActivity,
    StartChildProcess,
    Timer,
)
from pyworkflow.event import ActivityEvent, DecisionEvent, Event, ProcessClosedEvent, ProcessStartedEvent, SignalEvent
from pyworkflow.memory import MemoryBackend
from pyworkflow.process import InterruptedProcessResult, ProcessResult
from pyworkflow.signal import Signal
from pyworkflow.testing import Clock


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def backend(clock: Clock) -> Iterator[BlinkerBackend]:
    with BlinkerBackend(MemoryBackend(clock=clock)) as backend:
        ready(backend)
        yield backend


def ready(backend: Backend) -> None:
    backend.register_workflow("Order")
    backend.register_activity("Pay")


class Receiver:
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.told: list[dict[str, Any]] = []

    def __call__(self, sender: object, **told: Any) -> None:
        self.told.append({"sender": sender, **told})


def decide(backend: Backend, *decisions: Decision) -> None:
    task = backend.poll_decision_task()
    assert task is not None
    assert backend.complete_decision_task(task, decisions)


def concrete(base: type) -> set[type]:
    below = set(base.__subclasses__()) - {InterruptedActivityResult, InterruptedProcessResult}
    return below.union(*(concrete(one) for one in base.__subclasses__()))


def test_every_kind_of_event_has_a_signal_that_is_an_attribute_and_every_signal_an_event() -> None:
    def bare(kind: type) -> Any:
        return kind.__new__(kind)

    def event(kind: type, **values: Any) -> Event:
        made = bare(kind)
        made.__dict__.update(values)
        return made  # type: ignore[no-any-return]

    plain = concrete(Event) - {DecisionEvent, ActivityEvent, ProcessClosedEvent}
    told = [
        *(event(kind) for kind in plain),
        *(event(DecisionEvent, decision=bare(kind)) for kind in concrete(Decision)),
        *(event(ActivityEvent, result=bare(kind)) for kind in concrete(ActivityResult)),
        *(event(ProcessClosedEvent, result=bare(kind)) for kind in concrete(ProcessResult)),
    ]
    assert {signal_for(one).name for one in told} == set(signals)
    assert {f"on_{name}" for name in signals} == {name for name in vars(BlinkerBackend) if name.startswith("on_")}
    assert all(getattr(BlinkerBackend, f"on_{name}") is signal for name, signal in signals.items())


def test_a_receiver_is_told_the_event_its_place_and_the_process(backend: BlinkerBackend) -> None:
    started, signaled = Receiver(), Receiver()
    with (
        BlinkerBackend.on_process_started.connected_to(started),
        BlinkerBackend.on_process_signaled.connected_to(signaled),
    ):
        backend.start_process(Process("Order", "p", input=1, tags=["t"]))
        begun = backend.process_by_id("p")
        backend.signal_process("p", "go", 2)
    common = {"sender": backend, "process_id": "p", "workflow": "Order", "run": 1}
    assert started.told == [{**common, "event": ProcessStartedEvent(), "number": 1, "process": begun}]
    assert signaled.told == [
        {**common, "event": SignalEvent(Signal("go", 2)), "number": 2, "process": backend.process_by_id("p")}
    ]


def test_the_signals_of_a_process_come_in_the_order_of_its_history(backend: BlinkerBackend, clock: Clock) -> None:
    heard: list[tuple[str, str, int]] = []

    def hear(name: str) -> Any:
        return lambda _, process_id, run, **__: heard.append((name, process_id, run))

    for name, signal in signals.items():
        signal.connect(hear(name), sender=backend, weak=False)
    backend.start_process(Process("Order", "p"))
    decide(backend, ScheduleActivity("Pay"), StartChildProcess(Process("Order", "c")), Timer(1))
    clock.advance(1)
    activity = backend.poll_activity_task()
    assert activity is not None
    backend.complete_activity_task(activity)
    decide(backend, CompleteProcess())
    decide(backend, ContinueAsNew())
    backend.cancel_process("p")
    assert [name for name, id, run in heard if (id, run) == ("p", 1)] == [
        "process_started",
        "decision_started",
        "activity_scheduled",
        "child_process_scheduled",
        "timer_started",
        "timer_fired",
        "activity_started",
        "activity_completed",
        "child_process_ended",
        "decision_started",
        "process_continued",
    ]
    assert [name for name, id, _ in heard if id == "c"] == ["process_started", "decision_started", "process_completed"]
    assert [name for name, id, run in heard if (id, run) == ("p", 2)] == ["process_started", "process_canceled"]


def test_a_receiver_of_one_backend_hears_nothing_of_another(backend: BlinkerBackend) -> None:
    receiver = Receiver()
    BlinkerBackend.on_process_started.connect(receiver, sender=backend)
    with BlinkerBackend(MemoryBackend()) as other:
        ready(other)
        other.start_process(Process("Order", "elsewhere"))
        backend.start_process(Process("Order", "here"))
    assert [told["process_id"] for told in receiver.told] == ["here"]


def test_what_a_receiver_raises_is_logged_and_the_others_hear_and_the_call_is_done(
    backend: BlinkerBackend, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(_: object, **__: object) -> None:
        raise ValueError("of no use")

    async def broken_too(_: object, **__: object) -> None:
        raise ValueError("no better")

    before, after = Receiver(), Receiver()
    signal = BlinkerBackend.on_process_started
    with (
        signal.connected_to(before),
        signal.connected_to(broken),
        signal.connected_to(broken_too),
        signal.connected_to(after),
    ):
        assert backend.start_process(Process("Order", "p")) == "p"
    assert len(before.told) == len(after.told) == 1
    assert "of no use" in caplog.text
    assert "no better" in caplog.text
    assert {record.name for record in caplog.records} == {"pyworkflow.blinker"}


def test_a_receiver_that_is_cancelled_has_failed_and_the_call_that_it_hears_of_has_not(
    backend: BlinkerBackend, caplog: pytest.LogCaptureFixture
) -> None:
    async def cancelled(_: object, **__: object) -> None:
        raise asyncio.CancelledError

    before, after = Receiver(), Receiver()
    signal = BlinkerBackend.on_decision_started
    backend.start_process(Process("Order", "p"))
    with signal.connected_to(before), signal.connected_to(cancelled), signal.connected_to(after):
        assert backend.poll_decision_task() is not None
    assert len(before.told) == len(after.told) == 1
    assert "which receives decision_started, failed" in caplog.text


@pytest.mark.parametrize("interrupt", [KeyboardInterrupt, SystemExit])
def test_who_interrupts_in_a_receiver_does_so_when_the_others_have_heard(
    backend: BlinkerBackend, interrupt: type[BaseException]
) -> None:
    def interrupts(_: object, **__: object) -> None:
        raise interrupt

    before, after = Receiver(), Receiver()
    signal = BlinkerBackend.on_process_started
    with (
        signal.connected_to(before),
        signal.connected_to(interrupts),
        signal.connected_to(after),
        pytest.raises(interrupt),
    ):
        backend.start_process(Process("Order", "p"))
    assert len(before.told) == len(after.told) == 1


def test_a_receiver_is_called_in_the_thread_of_the_call_and_a_coroutine_runs_beside_it_to_its_end(
    backend: BlinkerBackend,
) -> None:
    where: dict[str, threading.Thread] = {}

    def plain(_: object, **__: object) -> None:
        where["plain"] = threading.current_thread()

    async def coroutine(_: object, **__: object) -> None:
        await asyncio.sleep(0)
        where["coroutine"] = threading.current_thread()

    signal = BlinkerBackend.on_process_started
    with signal.connected_to(plain), signal.connected_to(coroutine):
        backend.start_process(Process("Order"))
    assert where["plain"] is threading.current_thread()
    assert where["coroutine"] is not threading.current_thread()


def test_a_coroutine_is_run_though_the_caller_is_one_and_may_call_the_backend(backend: BlinkerBackend) -> None:
    signaled = Receiver()

    async def pass_on(sender: BlinkerBackend, *, process_id: str, **_: object) -> None:
        sender.signal_process(process_id, "seen")

    async def caller() -> str:
        return backend.start_process(Process("Order", "p"))

    with (
        BlinkerBackend.on_process_started.connected_to(pass_on),
        BlinkerBackend.on_process_signaled.connected_to(signaled),
    ):
        assert asyncio.run(caller()) == "p"
    assert [told["event"] for told in signaled.told] == [SignalEvent(Signal("seen"))]


@pytest.mark.parametrize("kind", ["plain", "coroutine"])
def test_what_a_receiver_records_is_told_when_all_have_heard_what_came_before(
    backend: BlinkerBackend, kind: str
) -> None:
    def go_on(sender: BlinkerBackend, *, process_id: str, **_: object) -> None:
        sender.signal_process(process_id, "go")

    async def go_on_too(sender: BlinkerBackend, *, process_id: str, **_: object) -> None:
        sender.signal_process(process_id, "go")

    others = [Receiver() for _ in range(20)]  # blinker calls receivers in no particular order
    BlinkerBackend.on_process_started.connect(go_on if kind == "plain" else go_on_too, sender=backend)
    for other in others:
        BlinkerBackend.on_process_started.connect(other, sender=backend)
        BlinkerBackend.on_process_signaled.connect(other, sender=backend)
    for number in range(10):
        backend.start_process(Process("Order", str(number)))
    for other in others:
        assert [told["number"] for told in other.told] == [1, 2] * 10


def test_anything_that_can_be_awaited_is(backend: BlinkerBackend) -> None:
    class Awaitable:
        where: threading.Thread | None = None

        def __await__(self) -> Iterator[Any]:
            self.where = threading.current_thread()
            yield from asyncio.sleep(0).__await__()

    awaitable = Awaitable()
    with BlinkerBackend.on_process_started.connected_to(lambda _, **__: awaitable):
        backend.start_process(Process("Order"))
    assert awaitable.where not in (None, threading.current_thread())


NEVER = """
import asyncio, signal
signal.signal(signal.SIGINT, signal.default_int_handler)  # whoever started the tests may ignore it

from pyworkflow import Process
from pyworkflow.blinker import BlinkerBackend
from pyworkflow.memory import MemoryBackend

async def never(sender, **_):
    print("begun", flush=True)
    await asyncio.Event().wait()

backend = BlinkerBackend(MemoryBackend())
backend.register_workflow("Order")
backend.on_process_started.connect(never)
backend.start_process(Process("Order"))
"""


def test_one_ctrl_c_ends_a_program_whose_coroutine_does_not() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", NEVER], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as program:
        assert program.stdout is not None
        assert program.stdout.readline() == "begun\n"
        program.send_signal(SIGINT)
        try:
            assert program.wait(30) != 0
        finally:
            program.kill()


def test_a_muted_signal_is_not_sent(backend: BlinkerBackend) -> None:
    receiver = Receiver()
    signal = BlinkerBackend.on_process_started
    with signal.connected_to(receiver), signal.muted():
        backend.start_process(Process("Order"))
    assert receiver.told == []


def test_who_observed_the_backend_before_goes_on_hearing_everything() -> None:
    heard: list[Observed] = []
    receiver = Receiver()
    with MemoryBackend() as wrapped:
        wrapped.observer = heard.append
        outer = BlinkerBackend(BlinkerBackend(wrapped))
        ready(outer)
        with BlinkerBackend.on_process_started.connected_to(receiver):
            wrapped.start_process(Process("Order", "p"))
    assert [one.process_id for one in heard] == ["p"]
    assert [told["sender"] for told in receiver.told] == [outer.backend, outer]


class Counting(MemoryBackend):
    """Counts how often a process is read."""

    reads = 0

    def process_by_id(self, process_id: str, *, run: int | None = None) -> Process:
        self.reads += 1
        return super().process_by_id(process_id, run=run)


def test_the_process_is_read_once_a_call_and_only_for_a_receiver() -> None:
    receiver = Receiver()
    with Counting() as wrapped:
        backend = BlinkerBackend(wrapped)
        ready(backend)
        backend.start_process(Process("Order", "p"))
        assert wrapped.reads == 0
        with BlinkerBackend.on_timer_started.connected_to(receiver):
            decide(backend, *(Timer(60, id=str(number)) for number in range(3)))
    assert wrapped.reads == 1
    assert len(receiver.told) == 3


def test_a_process_that_is_gone_by_then_is_told_of_without_it(
    backend: BlinkerBackend, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    def forget(sender: BlinkerBackend, **_: object) -> None:
        clock.advance(1)
        sender.prune(clock())

    receiver = Receiver()
    backend.start_process(Process("Order", "p"))
    outer = BlinkerBackend(backend)
    BlinkerBackend.on_process_canceled.connect(forget, sender=backend)  # which tells first
    BlinkerBackend.on_process_canceled.connect(receiver, sender=outer)
    outer.cancel_process("p")
    assert [(told["process_id"], told["process"]) for told in receiver.told] == [("p", None)]
    assert "process p cannot be read" in caplog.text


def test_what_calls_that_are_made_together_record_is_told_of_once(backend: BlinkerBackend) -> None:
    receiver = Receiver()
    with BlinkerBackend.on_process_started.connected_to(receiver):
        done = backend.together([partial(backend.start_process, Process("Order", id)) for id in ("p", "q", "p")])
    assert done[:2] == ["p", "q"]
    assert isinstance(done[2], Raised)
    assert [told["process_id"] for told in receiver.told] == ["p", "q"]


def test_every_call_of_a_backend_is_passed_on_as_it_is_promised() -> None:
    calls = {name: call for name, call in vars(Backend).items() if inspect.isfunction(call) and name[0] != "_"}
    for name, call in calls.items():
        assert name in vars(Delegate), f"{name} is not passed on"
        assert inspect.signature(vars(Delegate)[name]) == inspect.signature(call), name
