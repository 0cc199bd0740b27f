"""What one operation does to one process, and what it has to tell others: plain data."""

from __future__ import annotations

from dataclasses import dataclass

from pyworkflow.engine.records import ActivityRow, ProcessHead, Start, TimerRow
from pyworkflow.event import Event
from pyworkflow.process import ProcessResult
from pyworkflow.signal import Signal


@dataclass(frozen=True, slots=True)
class StartChild:
    """Start this process for its parent."""

    head: ProcessHead
    start: Start


@dataclass(frozen=True, slots=True)
class SendSignal:
    """Signal a process; if that cannot be, the sender hears of it."""

    process_id: str
    signal: Signal
    sender: str


@dataclass(frozen=True, slots=True)
class SendCancel:
    """Ask a process to cancel itself; if that cannot be, the sender hears of it."""

    process_id: str
    details: object
    sender: str


@dataclass(frozen=True, slots=True)
class TellParent:
    """A child has ended, or could not be started."""

    parent: str
    child: str
    workflow: str
    tags: tuple[str, ...] | None  # None: those that the child was started with
    key: int
    result: ProcessResult


@dataclass(frozen=True, slots=True)
class TellChildren:
    """The parent is closed: each open child meets its policy."""

    parent: str


Message = StartChild | SendSignal | SendCancel | TellParent | TellChildren


@dataclass(frozen=True, slots=True)
class Changes:
    """`head` is as it is afterwards, but for its length and last time, which the events settle when they are recorded.

    `activities` are added (key 0) or saved; `ended` and `fired` are the keys of activities and timers that are over;
    `withdraw` drops all open work. `successor` is the run that takes over.
    """

    head: ProcessHead
    events: tuple[Event, ...] = ()
    activities: tuple[ActivityRow, ...] = ()
    ended: tuple[int, ...] = ()
    timers: tuple[TimerRow, ...] = ()
    fired: tuple[int, ...] = ()
    withdraw: bool = False
    messages: tuple[Message, ...] = ()
    successor: tuple[ProcessHead, Start] | None = None
