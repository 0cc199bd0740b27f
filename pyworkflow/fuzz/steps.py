"""What can happen to a process, as data: a script, which can be played again, and played otherwise."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from pyworkflow.activity import ActivityResult
from pyworkflow.process import ProcessResult
from pyworkflow.signal import Signal

# How the events of a group reach the workflow.
ONE_BY_ONE = "one by one"  # each is decided upon before the next comes
TOGETHER = "together"  # all come before one decision
MEANWHILE = "meanwhile"  # the first is being decided upon when the others come
LOST = "lost"  # the same, and the worker that decides dies: its decision comes to nothing
BATCHED = (TOGETHER, MEANWHILE, LOST)


@dataclass(frozen=True)
class Start:
    """The process is started."""


@dataclass(frozen=True)
class Begin:
    """A worker takes an activity, given by its id."""

    activity: str


@dataclass(frozen=True)
class End:
    """An activity ends."""

    activity: str
    result: ActivityResult


@dataclass(frozen=True)
class TimeOut:
    """One of the time-outs of an activity is over."""

    activity: str
    which: str


@dataclass(frozen=True)
class Lose:
    """The worker that has the activity dies."""

    activity: str


@dataclass(frozen=True)
class EndChild:
    """A child ends."""

    child: str
    result: ProcessResult


@dataclass(frozen=True)
class Send:
    """A signal comes; `twice` if its sender was not sure and sent it again."""

    signal: Signal
    twice: bool = False


@dataclass(frozen=True)
class RequestCancel:
    """Somebody asks the process to cancel itself."""


@dataclass(frozen=True)
class Pass:
    """Time passes until the next timer, or time-out, is due."""


Step = Start | Begin | End | TimeOut | Lose | EndChild | Send | RequestCancel | Pass


@dataclass(frozen=True)
class Group:
    """Steps that need no decision between them, and how they reach the workflow."""

    steps: tuple[Step, ...]
    how: str = ONE_BY_ONE

    def singly(self) -> Group:
        """The same steps, each decided upon before the next."""
        return replace(self, how=ONE_BY_ONE)

    def once(self) -> Group:
        """The same steps, with no signal sent twice."""
        return replace(
            self, steps=tuple(replace(one, twice=False) if isinstance(one, Send) else one for one in self.steps)
        )


@dataclass(frozen=True)
class Script:
    """A whole play. Do the `others`, to whom the process sends signals and requests, exist? The first step is Start."""

    input: Any = None
    others: bool = True
    groups: tuple[Group, ...] = ()
