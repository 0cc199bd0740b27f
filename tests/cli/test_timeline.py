"""A history as bars in time, in the terminal and as a picture."""

from __future__ import annotations

import xml.etree.ElementTree as xml
from datetime import UTC, datetime, timedelta
from pathlib import Path

from terminal import EVIL, Command, decide

from pyworkflow.activity import ActivityCompleted, ActivityExecution, ActivityFailed
from pyworkflow.backend import Backend
from pyworkflow.cli.timeline import bars, drawn, seconds
from pyworkflow.decision import CancelTimer, CompleteProcess, ContinueAsNew, ScheduleActivity, StartChildProcess, Timer
from pyworkflow.event import (
    ActivityEvent,
    ActivityLostEvent,
    ActivityStartedEvent,
    ChildProcessEvent,
    DecisionEvent,
    Event,
    ProcessStartedEvent,
    SignalEvent,
    TimerEvent,
)
from pyworkflow.process import Process, ProcessFailed
from pyworkflow.signal import Signal

BEGIN = datetime(2026, 1, 1, 12, tzinfo=UTC)
PAY = ActivityExecution("Pay", "1")


def at(number: float) -> datetime:
    return BEGIN + timedelta(seconds=number)


def process(*events: Event) -> Process:
    return Process("Order", "p", history=[ProcessStartedEvent(datetime=BEGIN), *events])


def spans(process: Process, now: float) -> list[tuple[str, float, float | None, float]]:
    """Of each bar the label, and the seconds from the beginning at which it began, worked, and was over."""

    def since(moment: datetime | None) -> float | None:
        return None if moment is None else (moment - BEGIN).total_seconds()

    return [
        (bar.label, since(bar.began), since(bar.started), since(bar.ended))  # type: ignore[misc]
        for bar in bars(process, at(now))
    ]


def test_each_activity_timer_child_and_signal_is_a_bar() -> None:
    history = process(
        DecisionEvent(ScheduleActivity("Pay", "1"), datetime=at(1)),
        DecisionEvent(Timer(5, id="late"), datetime=at(1)),
        DecisionEvent(Timer(9), datetime=at(1)),
        DecisionEvent(StartChildProcess(Process("Ship")), datetime=at(1)),
        ActivityStartedEvent(PAY, datetime=at(2)),
        SignalEvent(Signal("go"), datetime=at(3)),
        ActivityEvent(PAY, ActivityCompleted(), datetime=at(4)),
        TimerEvent(Timer(5, id="late"), datetime=at(6)),
        ChildProcessEvent("p-5", ProcessFailed("no"), datetime=at(7)),
        DecisionEvent(CancelTimer(Timer(9)), datetime=at(8)),
        DecisionEvent(CompleteProcess(), datetime=at(10)),
    )
    assert spans(history, 99) == [
        ("Order p", 0, 0, 10),
        ("Pay #2", 1, 2, 4),
        ("timer late", 1, None, 6),
        ("timer 9.0s", 1, None, 8),
        ("Ship p-5", 1, 1, 7),
        ("signal go", 3, None, 3),
    ]
    assert [bar.style for bar in bars(history, at(99))] == ["green", "green", "green", "red", "red", "green"]


def test_what_is_open_goes_on_until_now() -> None:
    history = process(DecisionEvent(ScheduleActivity("Pay", "1"), datetime=at(1)))
    assert spans(history, 20) == [("Order p", 0, 0, 20), ("Pay #2", 1, None, 20)]


def test_a_run_that_went_on_ended_there() -> None:
    history = process(
        DecisionEvent(Timer(99), datetime=at(1)),
        DecisionEvent(ContinueAsNew(), datetime=at(5)),
    )
    assert spans(history, 20) == [("Order p", 0, 0, 5), ("timer 1m 39s", 1, None, 5)]


def test_each_attempt_of_a_lost_activity_is_a_bar() -> None:
    history = process(
        DecisionEvent(ScheduleActivity("Pay", "1"), datetime=at(1)),
        ActivityStartedEvent(PAY, datetime=at(2)),
        ActivityLostEvent(PAY, datetime=at(3)),
        ActivityStartedEvent(PAY, datetime=at(4)),
        ActivityEvent(PAY, ActivityFailed("no"), datetime=at(5)),
    )
    assert spans(history, 6)[1:] == [("Pay #2", 1, 2, 3), ("Pay #2 again", 3, 4, 5)]


def test_a_bar_is_drawn_where_its_time_is() -> None:
    history = process(
        DecisionEvent(ScheduleActivity("Pay", "1"), datetime=at(2)),
        ActivityStartedEvent(PAY, datetime=at(4)),
        SignalEvent(Signal("go"), datetime=at(5)),
        ActivityEvent(PAY, ActivityCompleted(), datetime=at(8)),
    )
    whole, pay, signal = bars(history, at(10))
    assert [drawn(bar, whole, 10) for bar in (whole, pay, signal)] == ["█" * 10, "  ░░█████", "     ◆"]
    assert [seconds(bar) for bar in (whole, pay, signal)] == [10, 6, 0]
    assert all(len(drawn(bar, whole, 3)) <= 3 for bar in (whole, pay, signal))


def test_a_process_that_took_no_time_is_drawn_too() -> None:
    (whole,) = bars(process(), BEGIN)
    assert drawn(whole, whole, 10) == "◆"


def test_the_timeline_is_printed_a_bar_a_line(pyworkflow: Command, foo: Backend) -> None:
    foo.start_process(Process("Foo", "x"))
    decide(foo, ScheduleActivity("Bar", "a"), Timer(60))
    foo.signal_process("x", "go")
    decide(foo, CancelTimer(Timer(60)))
    ended = pyworkflow("history", "x", "--timeline")
    assert (ended.code, [line.split()[:2] for line in ended.lines[:-1]]) == (
        0,
        [["Foo", "x"], ["Bar", "#3"], ["timer", "1m"], ["signal", "go"]],
    )
    assert max(map(len, ended.lines)) <= 160
    marks = [line.split()[-2] for line in ended.lines[:-1]]
    assert marks == ["●", "●", "✗", "✓"]
    assert ended.lines[-1].split("  ") == [
        "░ waits",
        "█ works",
        "◆ moment",
        "✓ completed",
        "✗ ended otherwise",
        "● open",
    ]


def test_the_picture_is_xml_and_obeys_nothing(pyworkflow: Command, foo: Backend, project: Path) -> None:
    foo.start_process(Process("Foo", f"x{EVIL}&<"))
    decide(foo, ScheduleActivity("Bar", "a"), Timer(60, id=EVIL))
    ended = pyworkflow("history", "x", "--svg", "x.svg")
    assert (ended.code, ended.out, ended.err) == (0, "", "timeline written to x.svg\n")
    text = (project / "x.svg").read_text()
    assert "\x1b" not in text
    words = " ".join(xml.fromstring(text).itertext()).replace("\xa0", " ")
    assert "░ waits  █ works" in words
    assert "Bar #3" in words
    assert "[red]" in words
