"""Every kind of event and of decision has its words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from pyworkflow import activity, decision, event, process
from pyworkflow.cli.narrate import Narrator
from pyworkflow.process import Process
from pyworkflow.signal import Signal

EXECUTION = activity.ActivityExecution("Bar", "a")
TIMER = decision.Timer(90)


@pytest.mark.parametrize(
    ("happened", "what", "detail"),
    [
        (event.ProcessStartedEvent(), "process started", '{"order":17}'),
        (
            event.ProcessClosedEvent(process.ProcessCanceled("why"), "cancel"),
            "process canceled by a cancel from outside",
            '"why"',
        ),
        (event.ProcessClosedEvent(process.ProcessTimedOut(), "timeout"), "process timed out by its time-out", ""),
        (event.ProcessClosedEvent(process.ProcessCanceled(), "parent"), "process canceled by its parent's end", ""),
        (event.DecisionStartedEvent("me"), "decision started", "by me"),
        (event.DecisionStartedEvent(), "decision started", ""),
        (event.DecisionFailedEvent("ValueError: no"), "decision failed", "ValueError: no"),
        (
            event.DecisionFailedEvent("E", 'File "a.py", line 1, in x\n  File "b.py", line 22, in y\n    z()'),
            "decision failed",
            "E (b.py:22)",
        ),
        (event.DecisionTimedOutEvent(), "decision timed out", ""),
        (event.ActivityStartedEvent(EXECUTION, "me"), "Bar started", "by me"),
        (event.ActivityLostEvent(EXECUTION, "me"), "Bar lost with its worker", "by me"),
        (event.ActivityEvent(EXECUTION, activity.ActivityCompleted([1])), "Bar completed", "[1]"),
        (event.ActivityEvent(EXECUTION, activity.ActivityCanceled("why")), "Bar canceled", '"why"'),
        (event.ActivityEvent(EXECUTION, activity.ActivityFailed("in words", "more")), "Bar failed", "in words"),
        (event.ActivityEvent(EXECUTION, activity.ActivityTimedOut(50, "heartbeat")), "Bar timed out (heartbeat)", "50"),
        (event.TimerEvent(decision.Timer(90, "late")), "timer 1m 30s fired", '"late"'),
        (event.TimerEvent(decision.Timer(90, id="reminder")), "timer reminder fired", ""),
        (event.SignalEvent(Signal("paid", 30)), "signal paid", "30"),
        (event.SignalFailedEvent("x", Signal("paid"), "closed"), "signal paid did not reach x", "closed"),
        (event.ChildProcessEvent("x-4", process.ProcessCompleted(1), "Foo"), "child Foo x-4 completed", "1"),
        (event.ChildProcessEvent("x-4", process.ProcessFailed("taken")), "child x-4 failed", "taken"),
        (event.CancelRequestedEvent("why"), "cancel requested", '"why"'),
        (event.CancelFailedEvent("x", "unknown"), "cancel request did not reach x", "unknown"),
        (event.DecisionEvent(decision.ScheduleActivity("Bar", "a", input=1)), "Bar scheduled", "1"),
        (event.DecisionEvent(decision.CancelActivity("a")), "cancel of activity a asked for", ""),
        (event.DecisionEvent(TIMER), "timer 1m 30s set", ""),
        (event.DecisionEvent(decision.CancelTimer(TIMER)), "timer 1m 30s canceled", ""),
        (event.DecisionEvent(decision.CancelTimer("reminder")), "timer reminder canceled", ""),
        (event.DecisionEvent(decision.StartChildProcess(Process("Foo", input=1))), "child Foo x-1 to start", "1"),
        (event.DecisionEvent(decision.StartChildProcess(Process("Foo", "kid"))), "child Foo kid to start", ""),
        (event.DecisionEvent(decision.SignalProcess("y", Signal("go", 1))), "signal go to y", "1"),
        (event.DecisionEvent(decision.RequestCancelProcess("y")), "cancel of y requested", ""),
        (event.DecisionEvent(decision.RecordMarker("here", 1)), "marker here", "1"),
        (event.DecisionEvent(decision.CompleteProcess("done")), "process completed", '"done"'),
        (event.DecisionEvent(decision.CancelProcess()), "process canceled", ""),
        (event.DecisionEvent(decision.FailProcess("in words")), "process failed", "in words"),
        (event.DecisionEvent(decision.ContinueAsNew(2)), "run ended, to continue as new", "2"),
    ],
)
def test_an_event_in_words(happened: event.Event, what: str, detail: str) -> None:
    told = Narrator(Process("Foo", "x", input={"order": 17})).tell(happened)
    assert (told.what, told.detail) == (what, detail)


def test_what_ends_something_tells_how_long_it_took_and_which_it_was() -> None:
    seconds = iter(range(100))

    def at() -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=next(seconds))

    narrator = Narrator(Process("Foo", "x"))
    told = [
        narrator.tell(happened)
        for happened in (
            event.ProcessStartedEvent(datetime=at()),
            event.DecisionEvent(decision.ScheduleActivity("Bar", "a"), datetime=at()),
            event.DecisionEvent(decision.ScheduleActivity("Bar", "b"), datetime=at()),
            event.DecisionEvent(decision.StartChildProcess(Process("Foo")), datetime=at()),
            event.ActivityStartedEvent(activity.ActivityExecution("Bar", "b"), datetime=at()),
            event.ActivityEvent(activity.ActivityExecution("Bar", "b"), activity.ActivityCompleted(), datetime=at()),
            event.ActivityEvent(EXECUTION, activity.ActivityTimedOut(timeout="scheduled"), datetime=at()),
            event.ChildProcessEvent("x-4", process.ProcessCompleted(), datetime=at()),
            event.DecisionEvent(decision.CancelActivity("a"), datetime=at()),
            event.DecisionEvent(decision.CompleteProcess(), datetime=at()),
        )
    ]
    assert [(one.number, one.what, one.took) for one in told[4:]] == [
        (5, "Bar #3 started", None),
        (6, "Bar #3 completed", 1),
        (7, "Bar #2 timed out (scheduled)", 5),
        (8, "child x-4 completed", 4),
        (9, "cancel of activity #2 asked for", None),
        (10, "process completed", 9),
    ]
