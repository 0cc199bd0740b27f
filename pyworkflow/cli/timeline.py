"""A history as bars in time: its activities, timers and children, and where signals came."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from pyworkflow.cli.narrate import BAD, GOOD, style_of, timer_name
from pyworkflow.decision import CancelTimer, ScheduleActivity, StartChildProcess, Timer
from pyworkflow.event import (
    ActivityEvent,
    ActivityLostEvent,
    ActivityStartedEvent,
    ChildProcessEvent,
    DecisionEvent,
    SignalEvent,
    TimerEvent,
)
from pyworkflow.prefix import child_id
from pyworkflow.process import Process

WAITS, WORKS, MOMENT = "░", "█", "◆"
OPEN = "cyan"
MARKS = {GOOD: "✓", BAD: "✗", OPEN: "●"}
LEGEND = f"{WAITS} waits  {WORKS} works  {MOMENT} moment  ✓ completed  ✗ ended otherwise  ● open"


@dataclass
class Bar:
    """Something that took time: it waited from `began`, worked from `started`, if it did, and was over at `ended`."""

    label: str
    began: datetime
    started: datetime | None = None
    ended: datetime | None = None
    style: str = OPEN


def bars(process: Process, now: datetime) -> list[Bar]:
    """The process itself, then what it did in the order in which that began. What is still open goes on until `now`."""
    made = list(_bars(process))
    last = process.history[-1].datetime if process.result is not None or _continued(process) else now
    for bar in made:
        bar.ended = bar.ended or last
    return made


def _continued(process: Process) -> bool:
    last = process.history[-1]
    return isinstance(last, DecisionEvent) and last.decision.closes


def _bars(process: Process) -> Iterator[Bar]:
    first = process.history[0].datetime
    whole = Bar(f"{process.workflow} {process.id}", first, first)
    if process.result is not None:
        whole.style = style_of(process.result)
    yield whole
    open_ones: dict[object, list[Bar]] = {}

    def begin(key: object, bar: Bar) -> Bar:
        open_ones.setdefault(key, []).append(bar)
        return bar

    def end(key: object, at: datetime, style: str) -> None:
        if open_ones.get(key):
            bar = open_ones[key].pop(0)
            bar.ended, bar.style = at, style

    for number, event in enumerate(process.history, start=1):
        at = event.datetime
        match event:
            case DecisionEvent(decision=ScheduleActivity(activity=name, id=id)):
                yield begin(id, Bar(f"{name} #{number}", at))
            case DecisionEvent(decision=Timer() as timer):
                yield begin(_key(timer), Bar(f"timer {timer_name(timer)}", at))
            case DecisionEvent(decision=StartChildProcess(process=child)):
                id = child_id(process, child, number)
                yield begin(("child", id), Bar(f"{child.workflow} {id}", at, at))
            case DecisionEvent(decision=CancelTimer(timer=timer)):
                end(timer if isinstance(timer, str) else _key(timer), at, BAD)
            case ActivityStartedEvent(activity_execution=execution) if open_ones.get(execution.id):
                open_ones[execution.id][0].started = at
            case ActivityLostEvent(activity_execution=execution) if open_ones.get(execution.id):
                bar = open_ones[execution.id][0]
                end(execution.id, at, BAD)
                yield begin(execution.id, Bar(f"{bar.label.removesuffix(' again')} again", at))
            case ActivityEvent(activity_execution=execution, result=result):
                end(execution.id, at, style_of(result))
            case TimerEvent(timer=timer):
                end(_key(timer), at, GOOD)
            case ChildProcessEvent(process_id=id, result=result):
                end(("child", id), at, style_of(result))
            case SignalEvent(signal=signal):
                yield Bar(f"signal {signal.name}", at, None, at, GOOD)


def _key(timer: Timer) -> object:
    return timer.id if timer.id is not None else ("timer", timer.delay, repr(timer.data))


def seconds(bar: Bar) -> float:
    """How long it took."""
    return ((bar.ended or bar.began) - bar.began).total_seconds()


def drawn(bar: Bar, whole: Bar, width: int) -> str:
    """The bar as text of at most `width` characters, which stand for the time of the `whole`."""
    total = max(seconds(whole), 1e-6)

    def place(at: datetime | None) -> int:
        elapsed = 0.0 if at is None else (at - whole.began).total_seconds()
        return min(max(int(elapsed / total * width), 0), width - 1)

    left, right = place(bar.began), place(bar.ended)
    if bar.began == bar.ended:
        return " " * left + MOMENT
    middle = right + 1 if bar.started is None else place(bar.started)
    return " " * left + WAITS * (middle - left) + WORKS * (right + 1 - middle)
