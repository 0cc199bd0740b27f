"""A process whose time passes at once, on the real engine, with fakes for its activities."""

# ruff: noqa: ARG001, ARG002, ARG005 - the hooks are given more than they need

from __future__ import annotations

import types
from datetime import UTC, datetime, timedelta
from math import inf
from time import perf_counter
from typing import Any

import pytest

from pyworkflow.activity import ActivityCanceled, ActivityFailed, ActivityTimedOut
from pyworkflow.decision import (
    CancelActivity,
    CompleteProcess,
    ContinueAsNew,
    FailProcess,
    ScheduleActivity,
    StartChildProcess,
    Timer,
)
from pyworkflow.event import ActivityEvent
from pyworkflow.exceptions import ConfigurationException, InvalidDecisionException, TimedOutException
from pyworkflow.managed import Activity, DefaultWorkflow, Workflow
from pyworkflow.process import Process, ProcessCanceled, ProcessCompleted, ProcessFailed, ProcessTimedOut
from pyworkflow.signal import Signal
from pyworkflow.testing import After, FastForward, InTurn
from pyworkflow.testing import forward as module

DAY = 24 * 3600


class Pay(Activity):
    execution_timeout = 600
    heartbeat_timeout = 60

    def execute(self) -> Any:
        return {"paid for real": self.input}


class OrderWorkflow(DefaultWorkflow):
    """Pays, or tries again each day, for thirty days."""

    activities = [Pay]

    def initiate(self, process: Process) -> Any:
        return Pay

    def respond_to_completed_activity(self, process: Process, activity_execution: Any, result: Any) -> Any:
        return CompleteProcess(result)

    def respond_to_interrupted_activity(self, process: Process, activity_execution: Any, details: Any) -> Any:
        days = sum(event.type == "timer" for event in process.history)
        return Timer(DAY) if days < 30 else FailProcess("not paid")

    def respond_to_timer(self, process: Process, timer: Timer) -> Any:
        return Pay


class WaiterWorkflow(DefaultWorkflow):
    """Waits for a signal."""

    def initiate(self, process: Process) -> Any:
        return None

    def respond_to_signal(self, process: Process, signal: Signal) -> Any:
        return CompleteProcess([signal.name, signal.data])


class OneWorkflow(DefaultWorkflow):
    """Pays once; how that ends is its result. Cancels the payment when it is asked to."""

    activities = [Pay]

    def initiate(self, process: Process) -> Any:
        return ScheduleActivity(Pay, id="pay", input=process.input)

    def respond_to_completed_activity(self, process: Process, activity_execution: Any, result: Any) -> Any:
        return CompleteProcess(result)

    def respond_to_interrupted_activity(self, process: Process, activity_execution: Any, details: Any) -> Any:
        return FailProcess(repr(details))

    def respond_to_cancel_requested(self, process: Process, details: Any) -> Any:
        return CancelActivity("pay")


def written(decide: Any, **attributes: Any) -> type[Workflow]:
    return type("WrittenWorkflow", (Workflow,), {"decide": lambda _, process: decide(process), **attributes})


def test_thirty_days_pass_in_milliseconds() -> None:
    began = perf_counter()
    order = FastForward(OrderWorkflow, 30, fakes={Pay: ConnectionError("no answer")})
    assert order.run() == ProcessFailed("not paid")
    assert order.elapsed == timedelta(days=30)
    assert perf_counter() - began < 1  # it takes about 10 ms
    assert len([event for event in order.process.history if event.type == "activity"]) == 31


def test_without_anything_that_comes_by_itself_it_ends_and_says_what_it_waits_for() -> None:
    waiter = FastForward(WaiterWorkflow)
    assert waiter.run() is None
    assert waiter.waits_for == "a signal"
    assert repr(waiter) == "FastForward(Waiter Waiter-1: waits for a signal)"
    assert waiter.elapsed == timedelta()
    waiter.signal("go", [1])
    assert waiter.run() == ProcessCompleted(["go", [1]])
    assert waiter.waits_for == "nothing"
    assert waiter.run() == ProcessCompleted(["go", [1]])


def test_signals_come_at_their_time() -> None:
    waiter = FastForward(WaiterWorkflow)
    waiter.signal("late", after=timedelta(days=3))
    waiter.signal("early", after=60)
    assert waiter.run() == ProcessCompleted(["early", None])
    assert waiter.elapsed == timedelta(minutes=1)


def test_a_request_to_cancel_comes_at_its_time() -> None:
    order = FastForward(OrderWorkflow, fakes={Pay: ValueError()})
    order.request_cancel("enough", after=1.5 * DAY)
    assert order.run() == ProcessCanceled("enough")
    assert order.elapsed == timedelta(days=1.5)


def test_a_run_for_some_time_ends_there() -> None:
    order = FastForward(OrderWorkflow, fakes={Pay: ValueError()}, start=datetime(2030, 1, 1, tzinfo=UTC))
    assert order.run(2.5 * DAY) is None
    assert order.elapsed == timedelta(days=2.5)
    assert order.waits_for == "a timer due at 2030-01-04 00:00:00"
    assert order.run(timedelta(days=0.5)) is None
    assert order.waits_for == "a timer due at 2030-01-05 00:00:00"


# --- time-outs ---


def test_that_a_process_times_out_comes_in_a_run_for_that_time_or_before_something_else() -> None:
    waiter = FastForward(written(lambda process: None, timeout=60))
    assert waiter.run() is None
    assert waiter.run(59) is None
    assert waiter.run(1) == ProcessTimedOut()
    for decision in (Timer(DAY), ScheduleActivity(Pay)):
        order = FastForward(
            written(lambda process, made=decision: made, timeout=60, activities=[Pay]), fakes={Pay: After(inf)}
        )
        assert order.run() == ProcessTimedOut()
        assert order.elapsed == timedelta(seconds=60)


@pytest.mark.parametrize(
    ("seconds", "how"),
    [(599, ProcessCompleted("paid")), (600, ProcessFailed("ActivityTimedOut(details=None, timeout='execution')"))],
)
def test_an_activity_that_takes_too_long_times_out_and_heartbeats_keep_it_until_then(seconds: float, how: Any) -> None:
    order = FastForward(OneWorkflow, fakes={Pay: After(seconds, "paid")})
    assert order.run() == how
    assert order.elapsed == timedelta(seconds=seconds)


@pytest.mark.parametrize("seconds", [600, 700])
def test_what_an_activity_that_timed_out_brings_comes_too_late(seconds: float) -> None:
    order = FastForward(OrderWorkflow, fakes={Pay: InTurn(After(seconds, "too late"), "paid")})
    assert order.run() == ProcessCompleted("paid")
    assert order.elapsed == timedelta(days=1, seconds=600)


def test_an_activity_that_never_ends_times_out() -> None:
    order = FastForward(OneWorkflow, fakes={Pay: After(inf)})
    assert order.run(1) is None
    assert order.waits_for == "activity Pay pay"
    assert order.run() == ProcessFailed("ActivityTimedOut(details=None, timeout='execution')")


def test_an_activity_that_takes_its_time_ends_when_it_is_asked_to() -> None:
    order = FastForward(OneWorkflow, fakes={Pay: After(500, "paid")})
    order.request_cancel(after=100)
    assert order.run() == ProcessFailed("ActivityCanceled(details=None)")
    assert order.elapsed == timedelta(seconds=100)


# --- fakes ---


def paid(input: Any) -> Any:
    return {"paid": input}


@pytest.mark.parametrize(
    ("fake", "how"),
    [
        ("paid", ProcessCompleted("paid")),
        (["a", "list"], ProcessCompleted(["a", "list"])),
        (None, ProcessCompleted(None)),
        (paid, ProcessCompleted({"paid": 30})),
        (After(5, paid), ProcessCompleted({"paid": 30})),
        (lambda input: After(5, input), ProcessCompleted(30)),
        (InTurn(paid, 1), ProcessCompleted({"paid": 30})),
        (ActivityCanceled("no"), ProcessFailed("ActivityCanceled(details='no')")),
        (lambda input: ActivityFailed("no"), ProcessFailed("ActivityFailed(reason='no', details=None)")),
        (ActivityTimedOut(timeout="worker"), ProcessFailed("ActivityTimedOut(details=None, timeout='worker')")),
        ({1, 2}, ProcessFailed("ActivityFailed(reason='how it ended (completed) cannot be recorded")),
    ],
)
def test_a_fake_is_a_result_an_end_or_a_function_of_the_input(fake: Any, how: Any) -> None:
    for key in (Pay, "Pay"):
        found: Any = FastForward(OneWorkflow, 30, fakes={key: fake}).run()
        if isinstance(how, ProcessFailed):
            assert found.reason.startswith(how.reason)
        else:
            assert found == how


@pytest.mark.parametrize("fake", [ValueError("no money"), ValueError, lambda input: int("no"), InTurn(ValueError)])
def test_an_error_fails_the_activity_as_a_worker_would_tell_it(fake: Any) -> None:
    order = FastForward(OneWorkflow, fakes={Pay: fake})
    assert isinstance(order.run(), ProcessFailed)
    (ended,) = (event for event in order.process.history if event.type == "activity")
    assert ended.result.reason.startswith("ValueError")  # type: ignore[attr-defined]
    assert "ValueError" in ended.result.details  # type: ignore[attr-defined]


def test_a_function_can_tell_how_long_it_takes() -> None:
    order = FastForward(OneWorkflow, 30, fakes={Pay: After(1, lambda input: After(input, "paid"))})
    assert order.run() == ProcessCompleted("paid")
    assert order.elapsed == timedelta(seconds=31)


def test_fakes_in_turn_and_the_last_from_then_on() -> None:
    order = FastForward(OrderWorkflow, fakes={Pay: InTurn(ValueError(), After(60, ValueError()), "paid")})
    assert order.run() == ProcessCompleted("paid")
    assert order.elapsed == timedelta(days=2, minutes=1)
    assert isinstance(FastForward(OrderWorkflow, fakes={Pay: InTurn(ValueError())}).run(), ProcessFailed)
    with pytest.raises(ValueError, match="at least one"):
        InTurn()


def test_what_a_fake_asserts_is_the_tests() -> None:
    def asks(input: Any) -> None:
        assert input == 31, "the amount"

    with pytest.raises(AssertionError, match="the amount"):
        FastForward(OneWorkflow, 30, fakes={Pay: asks}).run()


def test_an_activity_without_a_fake_is_refused_unless_it_is_to_be_executed() -> None:
    with pytest.raises(ConfigurationException, match="activity Pay has no fake"):
        FastForward(OneWorkflow, 30).run()
    assert FastForward(OneWorkflow, 30, real=True).run() == ProcessCompleted({"paid for real": 30})
    assert FastForward(OneWorkflow, 30, real=True, fakes={Pay: 1}).run() == ProcessCompleted(1)


def test_a_fake_for_no_activity_is_refused() -> None:
    with pytest.raises(ConfigurationException, match=r"no workflow here has an activity 'Pai' \(is it meant to be Pay"):
        FastForward(OneWorkflow, fakes={"Pai": 1})
    with pytest.raises(ConfigurationException, match=r"\(they have none\)"):
        FastForward(WaiterWorkflow, fakes={"Pay": 1})


def test_a_module_can_bring_the_fakes() -> None:
    fakes: Any = types.ModuleType("fakes")
    fakes.Other, fakes.Pay = 1, paid
    assert FastForward(OneWorkflow, 30, fakes=fakes).run() == ProcessCompleted({"paid": 30})
    fakes.Pay, fakes.Pays = Pay, paid  # the class itself, imported there, is no fake
    with pytest.raises(ConfigurationException, match=r"Pay has no fake \(is Pays meant to be it\?\)"):
        FastForward(OneWorkflow, 30, fakes=fakes).run()


def test_an_activity_can_be_scheduled_in_any_category() -> None:
    workflow = written(
        lambda process: ScheduleActivity(Pay, category="elsewhere") if process.is_new else CompleteProcess(),
        activities=[Pay],
    )
    assert FastForward(workflow, fakes={Pay: 1}).run() == ProcessCompleted()


# --- several processes, several runs ---


def test_children_run_too() -> None:
    class Parent(DefaultWorkflow):
        def initiate(self, process: Process) -> Any:
            return StartChildProcess(Process(OrderWorkflow, input=1))

        def respond_to_child_process(self, process: Process, child: str, workflow: Any, result: Any, tags: Any) -> Any:
            return CompleteProcess([child, result.reason])

    parent = FastForward(Parent, workflows=[OrderWorkflow, Parent], fakes={Pay: ValueError()}, id="p")
    assert parent.run(10) is None
    assert parent.waits_for == "child Order p-3"
    assert parent.run() == ProcessCompleted(["p-3", "not paid"])
    assert parent.elapsed == timedelta(days=30)


def test_a_process_that_continues_as_new_goes_on() -> None:
    def decide(process: Process) -> Any:
        if process.input == 3:
            return CompleteProcess(process.run)
        return Timer(DAY) if process.is_new else ContinueAsNew(process.input + 1)

    order = FastForward(written(decide), 0)
    assert order.run() == ProcessCompleted(4)
    assert order.elapsed == timedelta(days=3)


# --- what goes wrong ---


def test_what_decide_raises_is_raised_at_once_with_the_place_where_it_was() -> None:
    def decide(process: Process) -> Any:
        raise LookupError("no such thing")

    order = FastForward(written(decide))
    with pytest.raises(LookupError) as raised:
        order.run()
    assert raised.traceback[-1].name == "decide"
    assert order.error is raised.value
    assert order.process.history[-1].type == "decision_failed"


def test_with_corrected_code_it_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    order = FastForward(OneWorkflow, fakes={Pay: "paid"})
    with monkeypatch.context() as broken:
        broken.setattr(OneWorkflow, "initiate", lambda *_: {}["no such thing"])
        with pytest.raises(LookupError):
            order.run()
    assert order.run() == ProcessCompleted("paid")
    assert order.elapsed == timedelta(seconds=1)  # the pause after a first failure


def test_decisions_that_are_refused_are_raised_too() -> None:
    with pytest.raises(InvalidDecisionException, match="not registered"):
        FastForward(written(lambda process: ScheduleActivity("Unknown"))).run()


def test_what_has_no_end_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST", 50)
    order = FastForward(written(lambda process: Timer(DAY)))
    with pytest.raises(TimedOutException, match="still at it after 50 decisions and activities, at 2026-01-2"):
        order.run()
    assert order.run(3 * DAY) is None


def test_a_fake_that_takes_a_month_needs_no_signs_of_life() -> None:
    class Build(Activity):
        execution_timeout = 40 * DAY
        heartbeat_timeout = 10

    class House(OneWorkflow):
        activities = [Build]

        def initiate(self, process: Process) -> Any:
            return Build

    forward = FastForward(House, fakes={Build: After(timedelta(days=30), "built")})
    steps = sum(1 for _ in forward.steps())
    assert forward.result == ProcessCompleted("built")
    assert forward.elapsed == timedelta(days=30)
    assert steps < 10


def test_an_error_that_many_tests_share_fails_each_time_alike() -> None:
    error = ConnectionError("no answer")

    def details() -> Any:
        forward = FastForward(OneWorkflow, 30, fakes={"Pay": error})
        forward.run()
        return [event.result.details for event in forward.process.history if isinstance(event, ActivityEvent)]

    assert details() == details() == ["ConnectionError: no answer\n"]


def test_a_fake_can_be_a_coroutine() -> None:
    async def pay(input: Any) -> Any:
        return {"paid": input}

    assert FastForward(OneWorkflow, 30, fakes={"Pay": pay}).run() == ProcessCompleted({"paid": 30})


@pytest.mark.parametrize("fakes", [[1], {"Pay": lambda: 1}])
def test_fakes_that_cannot_be_are_refused(fakes: Any) -> None:
    with pytest.raises(ConfigurationException, match=r"neither a mapping|gets the activity's input"):
        FastForward(OneWorkflow, 30, fakes=fakes)


def test_a_function_of_a_module_that_is_meant_as_a_fake_and_is_none_is_refused() -> None:
    fakes = types.ModuleType("fakes")

    def of_the_module(name: str) -> Any:
        function = lambda input: input  # noqa: E731
        function.__module__ = "fakes"
        setattr(fakes, name, function)

    of_the_module("Pya")
    of_the_module("helper")
    with pytest.raises(ConfigurationException, match=r"'Pya' \(is it meant to be Pay\?\)"):
        FastForward(OneWorkflow, 30, fakes=fakes, real=True)


def test_each_activity_has_its_own_turns() -> None:
    class Ship(Pay):
        pass

    class Both(DefaultWorkflow):
        activities = [Pay, Ship]

        def initiate(self, process: Process) -> Any:
            return [Pay, Ship]

        def respond_to_completed_activity(self, process: Process, activity_execution: Any, result: Any) -> Any:
            return CompleteProcess()

        def respond_to_interrupted_activity(self, process: Process, activity_execution: Any, details: Any) -> Any:
            return FailProcess() if activity_execution.activity == "Ship" else None

    turns = InTurn(ConnectionError("x"), "ok")
    assert FastForward(Both, fakes={"Pay": turns, "Ship": turns}).run() == ProcessFailed()
