"""What `run` paints in a terminal: a process as a tree, at any moment."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from pyworkflow.activity import ActivityCompleted, ActivityExecution, ActivityFailed
from pyworkflow.cli.output import Node
from pyworkflow.cli.tree import Branch, fitting
from pyworkflow.decision import (
    CancelTimer,
    CompleteProcess,
    Decision,
    ScheduleActivity,
    StartChildProcess,
    Timer,
)
from pyworkflow.event import (
    ActivityEvent,
    ActivityLostEvent,
    ActivityStartedEvent,
    ChildProcessEvent,
    DecisionEvent,
    DecisionFailedEvent,
    Event,
    ProcessStartedEvent,
    SignalEvent,
    TimerEvent,
)
from pyworkflow.process import Process, ProcessCompleted
from pyworkflow.signal import Signal

BEGIN = datetime(2026, 1, 1, 12, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return BEGIN + timedelta(seconds=seconds)


def decided(decision: Decision, seconds: float = 0) -> Event:
    return DecisionEvent(decision, datetime=at(seconds))


def started(id: str, seconds: float, name: str = "Pay") -> Event:
    return ActivityStartedEvent(ActivityExecution(name, id), "ann", datetime=at(seconds))


def grown(*events: Event) -> Branch:
    branch = Branch(Process("Order", "p"))
    for event in (ProcessStartedEvent(datetime=BEGIN), *events):
        branch.apply(event)
    return branch


def lines(branch: Branch, seconds: float, room: int = 100) -> list[str]:
    """The picture at that moment, in a terminal of so many lines, a text a line, indented as it hangs."""

    def texts(node: Node, depth: int) -> list[str]:
        line = "  " * depth + " ".join(part.text for part in node.line if part.text)
        return [line, *(text for child in node.below for text in texts(child, depth + 1))]

    return texts(fitting(branch.picture(at(seconds)), room), 0)


def test_an_activity_waits_runs_and_ends() -> None:
    branch = grown(decided(ScheduleActivity("Pay", "1", input={"a": 1})))
    assert lines(branch, 5) == ["Order p open 5.0s", '  ○ Pay #2 5.0s {"a":1}']
    branch.apply(started("1", 6))
    assert lines(branch, 8)[1] == "  ● Pay #2 2.0s by ann"
    branch.apply(ActivityEvent(ActivityExecution("Pay", "1"), ActivityCompleted("paid"), datetime=at(9)))
    assert lines(branch, 20)[1] == '  ✓ Pay #2 3.0s "paid"'


def test_an_activity_that_failed_or_was_lost_says_so() -> None:
    branch = grown(decided(ScheduleActivity("Pay", "1")), started("1", 1))
    branch.apply(ActivityLostEvent(ActivityExecution("Pay", "1"), "ann", datetime=at(2)))
    assert lines(branch, 3)[1] == "  ○ Pay #2 1.0s lost with its worker by ann"
    branch.apply(started("1", 4))
    branch.apply(ActivityEvent(ActivityExecution("Pay", "1"), ActivityFailed("no money"), datetime=at(5)))
    assert lines(branch, 9)[1] == "  ✗ Pay #2 1.0s lost with its worker failed  no money"


def test_an_id_that_is_used_again_is_another_line() -> None:
    branch = grown(decided(ScheduleActivity("Pay", "1")))
    branch.apply(ActivityEvent(ActivityExecution("Pay", "1"), ActivityFailed("no"), datetime=at(1)))
    branch.apply(decided(ScheduleActivity("Pay", "1"), 2))
    branch.apply(started("1", 3))
    branch.apply(ActivityEvent(ActivityExecution("Pay", "1"), ActivityCompleted(), datetime=at(4)))
    assert lines(branch, 9)[1:] == ["  ✗ Pay #2 1.0s failed  no", "  ✓ Pay #4 1.0s"]


def test_timers_tell_when_they_are_due() -> None:
    branch = grown(decided(Timer(60, id="late")), decided(Timer(10)), decided(Timer(10)))
    assert lines(branch, 4)[1:] == ["  ○ timer late due in 56.0s", *["  ○ timer 10.0s due in 6.0s"] * 2]
    branch.apply(TimerEvent(Timer(10), datetime=at(10)))
    branch.apply(decided(CancelTimer("late"), 11))
    assert lines(branch, 12)[1:] == [
        "  ✗ timer late 11.0s canceled",
        "  ✓ timer 10.0s 10.0s fired",
        "  ○ timer 10.0s due in 0ms",
    ]


def test_a_child_shows_what_it_does_until_it_ends() -> None:
    branch = grown(decided(StartChildProcess(Process("Ship"))))
    child = grown(decided(ScheduleActivity("Pack", "1")))
    (item,) = branch.items
    item.child = child
    assert lines(branch, 3)[1:] == ["  ● child Ship p-2 3.0s", "    ○ Pack #2 3.0s"]
    branch.apply(ChildProcessEvent("p-2", ProcessCompleted("sent"), "Ship", datetime=at(4)))
    assert lines(branch, 9)[1:] == ['  ✓ child Ship p-2 4.0s "sent"']


def test_signals_and_failed_decisions_are_told() -> None:
    branch = grown(SignalEvent(Signal("go", 1), datetime=at(1)))
    branch.apply(DecisionFailedEvent("ValueError: no", 'File "a.py", line 7, in decide', datetime=at(2)))
    assert lines(branch, 3)[1:] == ["  ✓ signal go 0ms 1", "  ✗ decision failed: ValueError: no (a.py:7)"]
    branch.apply(decided(Timer(1), 4))
    assert "decision failed" not in " ".join(lines(branch, 5))


def test_when_it_closes_what_was_open_is_withdrawn_but_for_its_children() -> None:
    branch = grown(decided(Timer(60)), decided(StartChildProcess(Process("Ship", "s"))))
    branch.apply(decided(CompleteProcess({"ok": True}), 5))
    assert lines(branch, 9) == [
        'Order p completed 5.0s {"ok":true}',
        "  ✗ timer 1m 00s 5.0s withdrawn",
        "  ● child Ship s 9.0s",
    ]


def test_many_activities_of_one_name_are_one_line_with_those_that_run() -> None:
    branch = grown(*(decided(ScheduleActivity("Pay", str(number))) for number in range(1000)))
    branch.apply(started("3", 1))
    branch.apply(started("4", 1))
    branch.apply(ActivityEvent(ActivityExecution("Pay", "3"), ActivityCompleted(), datetime=at(2)))
    branch.apply(ActivityEvent(ActivityExecution("Pay", "5"), ActivityFailed("no"), datetime=at(2)))
    assert lines(branch, 3)[1:] == [
        "  ● Pay ×1000 1 done, 1 ended otherwise, 1 running, 997 waiting",
        "    ● Pay #6 2.0s by ann",
    ]


def test_a_picture_fits_the_terminal_and_what_is_over_gives_way_first() -> None:
    branch = grown(*(decided(ScheduleActivity(name, name)) for name in "abcd"))
    for name in "bd":
        branch.apply(ActivityEvent(ActivityExecution(name, name), ActivityCompleted(), datetime=BEGIN))
    branch.apply(decided(StartChildProcess(Process("Ship"))))
    branch.items[-1].child = grown(decided(ScheduleActivity("x", "x")), decided(ScheduleActivity("y", "y")))

    def shown(room: int) -> list[str]:
        return [line.strip().partition(" #")[0] for line in lines(branch, 0, room)[1:]]

    child = "● child Ship p-8 0ms"
    assert shown(8) == ["○ a", "✓ b", "○ c", "✓ d", child, "○ x", "○ y"]
    assert shown(7) == ["… 2 hidden", "○ a", "○ c", child, "○ x", "○ y"]
    assert shown(5) == ["… 4 hidden", "○ a", "○ c", child]
    assert shown(3) == ["… 6 hidden", "○ a"]
    assert shown(1) == ["… 7 hidden"]


def test_the_oldest_of_what_is_over_gives_way_first() -> None:
    names = [f"a{number}" for number in range(1000)]
    branch = grown(*(decided(ScheduleActivity(name, name)) for name in names))
    for name in names:
        branch.apply(ActivityEvent(ActivityExecution(name, name), ActivityCompleted(), datetime=at(1)))
    assert [line.split()[1] for line in lines(branch, 2, 5)[1:]] == ["997", "a997", "a998", "a999"]
