"""A process as a tree that grows while it runs: its activities, timers, children and signals, and their durations."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

from pyworkflow.backend import Backend
from pyworkflow.cli.follow import ending
from pyworkflow.cli.narrate import BAD, GOOD, QUIET, ended, outcome, place, style_of, timer_name
from pyworkflow.cli.output import Node, Part, Picture
from pyworkflow.cli.text import duration, json_text, shortened
from pyworkflow.decision import CancelTimer, ScheduleActivity, StartChildProcess, Timer
from pyworkflow.event import (
    ActivityEvent,
    ActivityLostEvent,
    ActivityStartedEvent,
    ChildProcessEvent,
    DecisionEvent,
    DecisionFailedEvent,
    DecisionTimedOutEvent,
    Event,
    SignalEvent,
    TimerEvent,
)
from pyworkflow.prefix import child_id
from pyworkflow.process import Process, ProcessResult

LOOK = 0.1  # seconds from one picture to the next
ALIKE = 6  # more activities of one name are told as one line, with those that run below it
MOST_CHILDREN = 8  # open children whose own activities are shown
WAITING, RUNNING = "waits", "runs"
MARKS = {WAITING: ("○", QUIET), RUNNING: ("●", "cyan"), GOOD: ("✓", GOOD), BAD: ("✗", BAD)}


@dataclass
class Item:
    """One line: `state` is WAITING, RUNNING, GOOD or BAD; `began` is when it came into it, or when it began to run."""

    name: str
    state: str
    began: datetime
    ended: datetime | None = None
    detail: str = ""
    lost: int = 0
    due: float | None = None  # of a timer: the seconds that it takes
    child_id: str | None = None
    child: Branch | None = None

    def close(self, at: datetime, state: str, detail: str) -> None:
        """It is over."""
        self.ended, self.state, self.detail = at, state, detail


@dataclass
class Branch:
    """What is known of one process. `apply` its events in their order."""

    process: Process
    items: list[Item] = field(default_factory=list)
    open: dict[object, list[Item]] = field(default_factory=dict)  # by an id, or what is as good
    began: datetime | None = None
    ended: datetime | None = None
    result: ProcessResult | None = None
    trouble: str = ""
    number: int = 0

    def apply(self, event: Event) -> None:
        """The next event."""
        self.number += 1
        self.began = self.began or event.datetime
        self.result = ending(event)
        self.ended = event.datetime if self.result is not None else None
        match event:
            case DecisionEvent(decision=decision):
                self.trouble = ""
                self._decided(decision, event.datetime)
            case ActivityStartedEvent(activity_execution=execution, identity=identity):
                self._move(execution.id, RUNNING, event.datetime, f"by {identity}" if identity else "")
            case ActivityLostEvent(activity_execution=execution, identity=identity):
                self._move(execution.id, WAITING, event.datetime, f"by {identity}" if identity else "").lost += 1
            case ActivityEvent(activity_execution=execution, result=result):
                self._close(execution.id, event.datetime, ended(result), outcome(result), style_of(result))
            case TimerEvent(timer=timer):
                self._close(_key(timer), event.datetime, "fired", "", GOOD)
            case ChildProcessEvent(process_id=id, result=result):
                self._close(("child", id), event.datetime, ended(result), outcome(result), style_of(result))
            case SignalEvent(signal=signal):
                data = json_text(signal.data)
                self.items.append(Item(f"signal {signal.name}", GOOD, event.datetime, event.datetime, data))
            case DecisionFailedEvent(reason=reason, traceback=traceback):
                self.trouble = f"decision failed: {reason}{place(traceback)}"
            case DecisionTimedOutEvent():
                self.trouble = "decision timed out"
        if self.result is not None:
            self._withdraw(event.datetime)

    def _decided(self, decision: object, at: datetime) -> None:
        match decision:
            case ScheduleActivity(activity=name, id=id, input=given):
                self._begin(id, Item(f"{name} #{self.number}", WAITING, at, detail=json_text(given)))
            case Timer(delay=delay):
                self._begin(_key(decision), Item(f"timer {timer_name(decision)}", WAITING, at, due=delay))
            case CancelTimer(timer=timer):
                self._close(timer if isinstance(timer, str) else _key(timer), at, "canceled", "", BAD)
            case StartChildProcess(process=child):
                id = child_id(self.process, child, self.number)
                self._begin(("child", id), Item(f"child {child.workflow} {id}", RUNNING, at, child_id=id))

    def _begin(self, key: object, item: Item) -> None:
        self.items.append(item)
        self.open.setdefault(key, []).append(item)

    def _move(self, key: object, state: str, at: datetime, detail: str) -> Item:
        item = self.open[key][0]
        item.state, item.began, item.detail = state, at, detail
        return item

    def _close(self, key: object, at: datetime, how: str, detail: str, style: str) -> None:
        if self.open.get(key):
            told = detail if how == "completed" else f"{how}  {detail}".rstrip()
            self.open[key].pop(0).close(at, GOOD if style == GOOD else BAD, told)

    def _withdraw(self, at: datetime) -> None:
        for item in self.items:
            if item.ended is None and item.child_id is None:
                item.close(at, BAD, "withdrawn")

    # --- as a picture ---

    def picture(self, now: datetime) -> Node:
        """It as it is now."""
        what = f"{self.process.workflow} {self.process.id}"
        took = "" if self.began is None else duration(((self.ended or now) - self.began).total_seconds())
        state = ended(self.result) if self.result is not None else "open"
        style = style_of(self.result) if self.result is not None else "cyan"
        below = list(self._lines(now))
        if self.trouble:
            below.append(Node((Part("✗", BAD), Part(self.trouble, BAD))))
        return Node(
            (
                Part(what, "bold"),
                Part(state, style),
                Part(took, "dim"),
                Part("" if self.result is None else outcome(self.result)),
            ),
            below,
        )

    def _lines(self, now: datetime) -> Iterator[Node]:
        many = {name for name, count in Counter(_kind(item) for item in self.items).items() if count > ALIKE}
        told: set[str] = set()
        for item in self.items:
            kind = _kind(item)
            if kind not in many:
                yield _line(item, now)
            elif kind not in told:
                told.add(kind)
                yield _group(kind, [one for one in self.items if _kind(one) == kind], now)


def fitting(tree: Node, room: int) -> Node:
    """The tree in so many lines: what is over gives way first, the oldest of it before the rest, and then the end.

    A line tells how many are hidden.
    """
    rows = list(_rows(tree))
    excess = 1 + len(rows) - room
    if excess <= 0:
        return tree
    over, others = ([row for row in rows if row.over is is_over] for is_over in (True, False))
    hidden = [*over, *reversed(others)][: excess + 1]  # one more, for the line that tells of it
    told = Node((Part(f"… {len(hidden)} hidden", "dim"),))
    left = _without({id(row) for row in hidden}, tree)
    return replace(left, below=[told, *left.below])


def _rows(node: Node) -> Iterator[Node]:
    """All that hangs below it, as it stands."""
    for row in node.below:
        yield row
        yield from _rows(row)


def _without(hidden: Collection[int], node: Node) -> Node:
    return replace(node, below=[_without(hidden, row) for row in node.below if id(row) not in hidden])


def _key(timer: Timer) -> object:
    return timer.id if timer.id is not None else ("timer", timer.delay, json_text(timer.data))


def _kind(item: Item) -> str:
    return item.name.partition(" ")[0]


def _line(item: Item, now: datetime) -> Node:
    mark, style = MARKS[item.state]
    seconds = ((item.ended or now) - item.began).total_seconds()
    took = duration(seconds)
    if item.due is not None and item.ended is None:
        took = f"due in {duration(max(item.due - seconds, 0))}"
    lost = f"lost {item.lost} times with its worker" if item.lost > 1 else "lost with its worker" if item.lost else ""
    parts = (Part(mark, style), Part(item.name), Part(took, "dim"), Part(lost, BAD), Part(shortened(item.detail, 200)))
    below = list(item.child.picture(now).below) if item.child is not None and item.ended is None else []
    return Node(tuple(part for part in parts if part.text), below, over=item.ended is not None)


def _group(kind: str, items: Sequence[Item], now: datetime) -> Node:
    """Many activities of one name: how many are in which state, and those that run."""
    states = Counter(item.state for item in items)
    words = {GOOD: "done", BAD: "ended otherwise", RUNNING: "running", WAITING: "waiting"}
    counts = ", ".join(f"{states[state]} {word}" for state, word in words.items() if states[state])
    state = RUNNING if states[RUNNING] else WAITING if states[WAITING] else BAD if states[BAD] else GOOD
    mark, style = MARKS[state]
    running = [item for item in items if item.state == RUNNING]
    below = [_line(item, now) for item in running[:ALIKE]]
    if len(running) > ALIKE:
        below.append(Node((Part(f"… {len(running) - ALIKE} more", "dim"),)))
    return Node(
        (Part(mark, style), Part(f"{kind} ×{len(items)}"), Part(counts, "dim")), below, over=state in (GOOD, BAD)
    )


class Tree:
    """Repaints the tree of a process on stderr while it runs: for terminals."""

    def __init__(self, backend: Backend, process_id: str) -> None:
        self._backend = backend
        self._root = _Grown(backend, process_id)
        self._picture = Picture(sys.stderr)

    def __enter__(self) -> Self:
        self._picture.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self._picture.__exit__(kind, error, where)

    def look(self) -> ProcessResult | None:
        """Paint what is new, after waiting a moment for it; how the process ended, once it has."""
        self._root.grow(LOOK)
        branch = self._root.branch
        self._picture.paint(fitting(branch.picture(datetime.now(UTC)), self._picture.room))
        return branch.result


class _Grown:
    """A branch that reads its events, and those of its children, from the backend."""

    def __init__(self, backend: Backend, process_id: str) -> None:
        self._backend = backend
        self._id = process_id
        self._after: int | None = None
        self._children: dict[str, _Grown] = {}
        self.branch = Branch(Process(id=process_id))

    def grow(self, wait: float = 0) -> None:
        """Read what is new."""
        for recorded in self._backend.events(self._id, after=self._after, wait=wait):
            self._after = recorded.seq
            if recorded.number == 1:
                self.branch = Branch(self._backend.process_by_id(self._id, run=recorded.run))
            self.branch.apply(recorded.event)
        children = [item for item in self.branch.items if item.child_id is not None and item.ended is None]
        for item in children[:MOST_CHILDREN]:
            id = str(item.child_id)
            grown = self._children.setdefault(id, _Grown(self._backend, id))
            grown.grow()
            item.child = grown.branch
